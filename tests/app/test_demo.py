"""The demo's verdict: what it calls well, what not, and that it says so."""

from __future__ import annotations

import re

import msgspec
import pytest

from crossdock.app.demo import NEVER, Outcome, compare, tell
from crossdock.testing.sandbox.demo_day import Case

CASES = {"P1": Case.PLAIN, "P2": Case.GIFT, "R": Case.REFUSED, "H": Case.HOLD}
WELL = {"P1": 1, "P2": 1}


def wrong(arrived, refused):
    found = compare(CASES, arrived, refused)
    return {name: refs for name in ("lost", "doubled", "unexpected", "misjudged") if (refs := getattr(found, name))}


def test_each_eligible_order_once_and_the_refused_one_refused_is_well():
    assert compare(CASES, WELL, {"R"}).eligible == 2
    assert wrong(WELL, {"R"}) == {}


@pytest.mark.parametrize(
    ("arrived", "refused", "said"),
    [
        ({"P1": 1}, {"R"}, {"lost": ("P2",)}),
        ({"P1": 1}, {"R", "P2"}, {"lost": ("P2",), "misjudged": ("P2",)}),
        ({**WELL, "P1": 2}, {"R"}, {"doubled": ("P1",)}),
        ({**WELL, "H": 1}, {"R"}, {"unexpected": ("H",)}),
        ({**WELL, "R": 1}, {"R"}, {"unexpected": ("R",)}),
        (WELL, set(), {"misjudged": ("R",)}),
        (WELL, {"R", "P1"}, {"misjudged": ("P1",)}),
    ],
)
def test_what_is_not_well_is_named(arrived, refused, said):
    assert wrong(arrived, refused) == said


def test_a_refused_order_is_no_order_that_is_never_pushed():
    assert Case.REFUSED not in NEVER


def test_the_summary_says_of_failed_orders_how_many_and_why_and_that_there_are_none(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    outcome = Outcome(
        ok=True, orders=2, eligible=1, pushed=1, lost=(), doubled=(), unexpected=(), misjudged=(), cancelled=0, waiting={},
        failed={}, settled_doubts=0, still_in_doubt=0, faults={}, reported=1, seconds=1.0,
    )  # fmt: skip
    tell(outcome)
    assert re.search(r" 0 [│|] failed", capsys.readouterr().out)
    tell(msgspec.structs.replace(outcome, failed={"No warehouse 'HKT'": 1}, ok=False, misjudged=("R",)))
    shown = capsys.readouterr().out
    assert re.search(r" 1 [│|] failed: No warehouse 'HKT'", shown)
    assert "refused, or not, against what the warehouse says: R" in shown
    assert (
        "every eligible order arrived exactly once; NOT exactly what a warehouse refused is known as refused" in shown
    )
    tell(msgspec.structs.replace(outcome, ok=False, lost=("P1",)))
    assert "NOT every eligible order arrived exactly once" in capsys.readouterr().out
