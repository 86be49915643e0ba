"""The commands about costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal as D

import pytest

from crossdock.engine.exchange_costs import kept
from crossdock.flows.cost_ledgers import Costing
from crossdock.flows.costs import take_receipts
from crossdock.rules.cost_edit import CostPolicy
from crossdock.spec.connector import Capabilities
from crossdock.spec.costs import CostKind
from crossdock.spec.documents import InboundDoc, InboundKind, InboundLine, InboundState, Receipt

T0 = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def stocked(daemon):
    line = InboundLine(line_no=1, sku="A\x1b[31m", planned=D(10), planned_unit_cost=D(2))
    receipt = Receipt(ref="R1", line_no=1, quantity=D(10), at=T0, unit_cost=D(2))
    document = InboundDoc(
        ref="IN-1", kind=InboundKind.RECEIPT, revision=1, warehouse="W1", currency="THB", lines=(line,), number="PO-1",
        state=InboundState.PENDING, updated_at=T0, receipts=(receipt,),
    )  # fmt: skip
    world = daemon.world
    world.oms.capabilities = Capabilities(costs=(CostKind.PLANNED, CostKind.ACTUAL), cost_actual="set_average")
    costing = Costing(CostPolicy(), lambda connection, warehouse: "oms", lambda oms: kept(world.oms))
    daemon.do(world.store.write(take_receipts, "wms", (document,), T0, costing))
    world.become("buyer")
    return daemon


CHANGE = ("wms", "IN-1", "1", "--currency", "THB")


@pytest.mark.behaviour("R39")
def test_a_plan_is_shown_changed_and_shown_again(stocked, run):
    shown = run("costs", "show", "PO-1")
    assert shown.code == 0
    assert "20.00" in shown.out
    assert "\x1b" not in shown.out
    made = run("costs", "set-plan", *CHANGE, "--unit-cost", "2.50", "--version", "1", "--reason", "offer")
    assert made.code == 0, made.err
    assert "20.00 -> 25.00" in made.out
    assert "25.00" in run("costs", "list").out
    again = run("costs", "set-plan", *CHANGE, "--unit-cost", "2.60", "--version", "1", "--reason", "offer")
    assert (again.code, "changed meanwhile" in again.err) == (1, True)


@pytest.mark.behaviour("R39")
def test_a_preview_warns_and_a_change_that_is_far_away_wants_to_be_confirmed(stocked, run):
    found = run("costs", "preview", *CHANGE, "--unit-cost", "9")
    assert "2.000000 -> 9.000000" in found.out
    assert "confirm:" in found.out
    words = ("costs", "set-actual", *CHANGE, "--unit-cost", "9", "--version", "0", "--reason", "invoice")
    refused = run(*words)
    assert (refused.code, "--confirm" in refused.err) == (1, True)
    assert run(*words, "--confirm").code == 0
    assert "9.000000" in run("costs", "sku", "oms", "A\x1b[31m").out


def test_every_list_can_be_json(stocked, run):
    assert run("costs", "show", "IN-1", "--connection", "wms", "--json").json["document"]["plan_amount"] == "20.00"
    assert run("costs", "list", "--json").json["items"][0]["ref"] == "IN-1"
    assert run("costs", "sku", "oms", "A\x1b[31m", "--json").json["average"] == "2.000000"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("costs", "set-plan", *CHANGE, "--unit-cost", "two", "--version", "1", "--reason", "x"), 2, "is no amount"),
        (("costs", "set-plan", *CHANGE, "--unit-cost", "NaN", "--version", "1", "--reason", "x"), 1, "must be a number"),
        (("costs", "show", "nothing"), 1, "name the document by --connection"),
        (("costs", "settle-drift", "oms", "A", "--reason", "x"), 2, "--take-theirs"),
        (("costs", "settle-drift", "oms", "Z", "--take-theirs", "--reason", "x"), 1, "nothing to settle"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(stocked, run, words, code, said):
    ended = run(*words)
    assert (ended.code, said in ended.all) == (code, True), ended.all


def arrived(daemon, *receipts, revision=2):
    """Have document IN-2 show these receipts of SKU B."""
    line = InboundLine(line_no=1, sku="B", planned=D(9), planned_unit_cost=D(2))
    document = InboundDoc(
        ref="IN-2", kind=InboundKind.RECEIPT, revision=revision, warehouse="W1", currency="THB", lines=(line,), number="PO-2",
        state=InboundState.PENDING, updated_at=T0, receipts=receipts,
    )  # fmt: skip
    costing = Costing(CostPolicy(), lambda connection, warehouse: "oms", lambda oms: kept(daemon.world.oms))
    daemon.do(daemon.world.store.write(take_receipts, "wms", (document,), daemon.world.env.now(), costing))


def rows_of(text, first):
    return [line for line in text.splitlines() if line.startswith(first)]


@pytest.mark.behaviour("R39")
def test_what_a_note_is_about_stands_in_its_own_row_and_averages_stand_apart(stocked, run):
    known = Receipt(ref="R1", line_no=1, quantity=D(4), at=T0, unit_cost=D(3))
    arrived(stocked, known, Receipt(ref="R2", line_no=1, quantity=D(5), at=T0 + timedelta(hours=1), unit_cost=None))
    shown = run("costs", "show", "PO-2").out
    planned, first, second = rows_of(shown, "1")
    assert ("cost not known" in second, "cost not known" in planned + first) == (True, False)
    (average,) = rows_of(shown, "B")
    assert "no new average is told" in average
    (average,) = rows_of(run("costs", "show", "PO-1").out, "A")
    assert "2.000000" in average


@pytest.mark.behaviour("R39")
def test_the_events_of_a_sku_stand_in_the_order_in_which_they_were_recorded_with_both_times(stocked, run):
    arrived(stocked, Receipt(ref="R1", line_no=1, quantity=D(4), at=T0, unit_cost=D(3)))
    words = ("wms", "IN-2", "1", "--currency", "THB", "--unit-cost", "4", "--version", "0", "--reason", "invoice")
    assert run("costs", "set-actual", *words).code == 0
    found = run("costs", "sku", "oms", "B", "--json").json["events"]
    assert [each["kind"] for each in found][:2] == ["cost_revision", "receipt"]
    assert found[0]["recorded_at"] >= found[1]["recorded_at"] > found[0]["at"] == found[1]["at"]
    shown = run("costs", "sku", "oms", "B").out
    assert "2026-03-01 00:00:00" in shown
    assert "T00:00:00" not in shown


@pytest.mark.behaviour("R39", "R42")
def test_who_may_change_a_planned_cost_but_not_see_it_changes_the_one_he_was_told(stocked, run):
    stocked.world.become("warehouse")
    words = ("costs", "set-plan", *CHANGE, "--unit-cost", "2.50", "--version", "1", "--reason", "offer")
    refused = run(*words)
    assert (refused.code, "say with --old" in refused.err) == (1, True)
    assert "changed meanwhile" in run(*words, "--old", "none").err
    made = run(*words, "--old", "2")
    assert (made.code, "2.00" in made.out) == (0, False)


@pytest.mark.behaviour("R41")
def test_an_average_that_nobody_asked_for_yet_is_said_to_be_so(stocked, run):
    arrived(stocked, Receipt(ref="R1", line_no=1, quantity=D(4), at=T0, unit_cost=None))
    refused = run("costs", "settle-drift", "oms", "B", "--take-theirs", "--reason", "x")
    assert (refused.code, "was not asked yet what average it holds of SKU B" in refused.err) == (1, True)
