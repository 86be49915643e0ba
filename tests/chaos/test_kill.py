"""The daemon as shipped, killed again and again while orders flow; the verdict is in the warehouses' own books."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import crossdock
from crossdock.testing.chaos.__main__ import last_line, told
from crossdock.testing.chaos.found import Found
from crossdock.testing.chaos.harness import run
from crossdock.testing.chaos.orders import Expected, judge
from crossdock.testing.chaos.plan import FAIL_POINTS, MIGRATION_POINTS, NOT_PASSED, Kind, Outcome, Plan


@pytest.mark.timeout(300)
@pytest.mark.behaviour("P1", "P2", "P3", "P4", "P10", "P11", "P12", "P13", "P14")
async def test_no_order_is_lost_or_doubled_by_killing_the_daemon_25_times():
    with tempfile.TemporaryDirectory(prefix="crossdock-chaos-") as folder:  # its path is short enough for a socket
        outcome = await run(Plan(cycles=25, seed=25, life_s=1.6, patience_s=2.0, quiet_within_s=90), Path(folder))
        log = (Path(folder) / "daemon.log").read_text(encoding="utf-8", errors="replace")[-4000:]
    assert outcome.ok, "\n".join([*told(outcome), log])
    assert outcome.cycles == outcome.kills.total() == 25
    assert outcome.kills[Kind.AT_RANDOM] < 25
    assert set(outcome.kinds) == set(Kind)
    assert outcome.left_out == []
    assert [each.what for each in outcome.found if not each.count] == []
    assert re.fullmatch(r"chaos: cycles=25 orders=\d+ lost=0 doubled=0", last_line(outcome))


def test_every_fail_point_of_the_daemon_is_one_that_it_is_killed_at():
    source = "\n".join(path.read_text(encoding="utf-8") for path in Path(crossdock.__path__[0]).rglob("*.py"))
    assert set(re.findall(r'failpoint\("([a-z_.]+)"\)', source)) == {*FAIL_POINTS, *MIGRATION_POINTS} | NOT_PASSED


def document(ref, warehouse="HOME", quantity="2"):
    return {"order_ref": ref, "warehouse": warehouse, "lines": [[1, "SKU", quantity]]}


ORDERS = {"A": Expected("HOME", 2), "B": Expected("ABROAD", 3), "C": Expected(None, 1)}


@pytest.mark.parametrize(
    ("documents", "lost", "doubled", "wrong"),
    [
        ([document("A"), document("B", "ABROAD", "3.0")], (), (), ()),
        ([document("A")], ("B",), (), ()),
        ([document("A"), document("A"), document("B", "ABROAD", "3")], (), ("A",), ()),
        ([document("A", "ABROAD"), document("B", "ABROAD", "3")], (), (), ("A in ABROAD",)),
        ([document("A", quantity="4"), document("B", "ABROAD", "3")], (), (), ("A in HOME",)),
        ([document("A"), document("B", "ABROAD", "3"), document("C", quantity="1")], (), (), ("C in HOME",)),
        ([document("A"), document("B", "ABROAD", "3"), document("D")], (), (), ("D in HOME",)),
    ],
)
def test_the_books_tell_what_was_lost_doubled_or_wrong(documents, lost, doubled, wrong):
    verdict = judge(ORDERS, documents)
    assert (verdict.eligible, verdict.lost, verdict.doubled, verdict.wrong) == (2, lost, doubled, wrong)
    assert Outcome(verdict=verdict).ok == (not lost + doubled + wrong)
    for ref in lost + doubled + wrong:
        assert any(ref in line for line in told(Outcome(verdict=verdict)))


def test_an_order_that_was_cancelled_may_be_absent():
    assert judge(ORDERS, [document("A")], frozenset({"B"})).lost == ()


@pytest.mark.parametrize("kind", ["lost", "doubled", "wrong"])
def test_what_is_lost_or_doubled_besides_orders_counts_and_is_told(kind):
    found = Found(what="documents", count=3, **{kind: ["IB-00001: it is not there"]})
    outcome = Outcome(verdict=judge(ORDERS, [document("A"), document("B", "ABROAD", "3")]), found=[found])
    assert not outcome.ok
    assert any("IB-00001" in line for line in told(outcome))
    counts = {"lost": "lost=1 doubled=0", "doubled": "lost=0 doubled=1", "wrong": "lost=0 doubled=0"}
    assert last_line(outcome).endswith(counts[kind])


def test_the_books_tell_of_each_document_cost_and_level_that_is_not_as_it_was_said():
    found = Found(what="stock levels")
    found.compare("HOME/A", 3, 3)
    found.compare("HOME/B", None, 4)
    assert (found.count, len(found.lost)) == (2, 1)


def test_a_run_without_an_eligible_order_proves_nothing():
    assert not Outcome(verdict=judge({}, [])).ok


def test_the_command_says_what_it_does():
    words = [sys.executable, "-m", "crossdock.testing.chaos", "--help"]
    shown = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True).stdout
    assert "--cycles" in shown
    assert "--seed" in shown
