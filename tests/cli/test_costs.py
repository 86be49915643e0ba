"""The commands about costs."""

from __future__ import annotations

from datetime import UTC, datetime
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
