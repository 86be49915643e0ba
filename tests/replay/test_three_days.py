"""Three real days of orders, amends and cancels through the real core, with faults on."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crossdock.testing.replay.replay import Options, Outcome, replay, told

ORDERS = Path(__file__).parents[3] / "shared" / "data" / "orders.py"
SINCE, UNTIL = datetime(2011, 4, 17, tzinfo=UTC), datetime(2011, 4, 20, tzinfo=UTC)

pytestmark = pytest.mark.skipif(not ORDERS.exists(), reason="the folder of real orders is not beside the project")


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    stream = tmp_path_factory.mktemp("replay") / "stream.jsonl"
    span = ["--from", SINCE.date().isoformat(), "--to", UNTIL.date().isoformat()]
    with stream.open("wb") as file:
        subprocess.run([sys.executable, str(ORDERS), "stream", *span], stdout=file, check=True, timeout=100)
    return replay(Options(stream=stream, seed=1))


@pytest.mark.behaviour("R8", "R15", "R28", "R36", "R37", "P1", "P2", "P4")
def test_three_real_days_reach_the_warehouses_exactly_once_as_the_oms_showed_them(outcome: Outcome) -> None:
    verdict = outcome.verdict
    assert outcome.good, "\n".join(told(outcome))
    assert (verdict.orders, verdict.lost, verdict.doubled, verdict.wrong) == (170, [], [], [])


@pytest.mark.behaviour("P1")
def test_every_order_that_was_not_pushed_has_its_reason(outcome: Outcome) -> None:
    verdict = outcome.verdict
    assert verdict.pushed + verdict.ineligible.total() == verdict.orders
    assert verdict.ineligible["goods"] == 1


@pytest.mark.behaviour("P7")
def test_every_cancel_that_names_no_order_is_held_by_an_incident(outcome: Outcome) -> None:
    assert outcome.verdict.unnamed_cancels == outcome.feed["cancel_unnamed"] > 0


def test_orders_that_change_after_their_push_are_shown_as_such(outcome: Outcome) -> None:
    assert outcome.verdict.changed_after_push > 0
    assert not outcome.verdict.wrong


def test_the_three_days_met_every_kind_of_fault(outcome: Outcome) -> None:
    met = {fault for faults in outcome.met.values() for fault in faults}
    assert {"500", "429", "accepted_then_lost", "accepted_late", "partial_batch", "truncated", "html_200"} <= met
    assert outcome.ended["in_doubt"] > 0
