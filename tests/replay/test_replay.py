"""The replay itself: a few made-up events, and a judge that must not be blind."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from crossdock.rules.push_states import PushState
from crossdock.spec.outbound import OutboundLine, OutboundRequest, PushReport, Stage
from crossdock.testing.replay.__main__ import main
from crossdock.testing.replay.ledger import Ledger
from crossdock.testing.replay.replay import Options, replay, told
from crossdock.testing.replay.verdict import Known, Verdict, judge
from crossdock.testing.replay.world import YearLoop
from crossdock.testing.sandbox.oms_books import OmsBooks, stored_order
from crossdock.testing.sandbox.stream import Event, StreamFeed
from crossdock.testing.sandbox.wms_books import WmsBooks
from crossdock.testing.sandbox.wms_changes import Changes
from crossdock.testing.simulation.clock import run

PUSHED_AT = datetime(2011, 3, 1, 10, tzinfo=UTC)
PUSHED = ("PLAIN", "GROWN", "SHRUNK", "LATER")
NO_GOODS = '[["goods",false,[]]]'


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("faults", ["none", "flaky"])
def test_a_small_stream_reaches_the_warehouses_as_it_must(stream: Path, faults: str, seed: int) -> None:
    outcome = replay(Options(stream=stream, faults=faults, seed=seed))
    assert outcome.good, "\n".join(told(outcome))
    assert outcome.verdict.line == (
        "replay: orders=6 pushed=4 ineligible=2 changed_after_push=1 lost=0 doubled=0 wrong=0"
    )
    assert outcome.verdict.ineligible == {"goods": 1, "status: cancelled before its push": 1}
    assert outcome.verdict.amended_or_reduced_before_push == 2
    assert outcome.verdict.unnamed_cancels == outcome.feed["cancel_unnamed"] == 1


def test_the_same_seed_gives_the_same_replay(stream: Path) -> None:
    first, second = (replay(Options(stream=stream, seed=7)) for _ in range(2))
    assert (first.met, first.ended, first.until) == (second.met, second.ended, second.until)


def test_the_ledger_takes_pieces_from_the_last_line_of_the_newest_order_first(events: list[dict[str, Any]]) -> None:
    ledger = told_to(events)
    assert ledger.orders["SHRUNK"].last.goods == ((1, "d", Decimal(3)),)
    assert ledger.orders["GROWN"].last.goods == ((1, "c", Decimal(1)), (3, "c", Decimal(4)))
    assert ledger.orders["GONE"].last.cancelled
    assert ledger.orders["LATER"].last.goods == ((2, "f", Decimal(1)),)
    assert ledger.orders["PLAIN"].last.goods == ledger.orders["PLAIN"].versions[0].goods


def test_the_judge_accepts_books_that_are_right(events: list[dict[str, Any]]) -> None:
    assert judged(events).good


def test_the_judge_finds_an_order_that_no_warehouse_has(events: list[dict[str, Any]]) -> None:
    assert [text[:5] for text in judged(events, leave_out="PLAIN").lost] == ["PLAIN"]


def test_the_judge_finds_an_order_that_the_daemon_dropped(events: list[dict[str, Any]]) -> None:
    assert judged(events, unknown="POSTAGE").lost == ["POSTAGE: the daemon does not know it"]


def test_the_judge_finds_a_second_document(events: list[dict[str, Any]]) -> None:
    assert [text[:5] for text in judged(events, twice="GROWN").doubled] == ["GROWN"]


def test_the_judge_finds_a_wrong_quantity(events: list[dict[str, Any]]) -> None:
    assert any("PLAIN" in text and "never showed" in text for text in judged(events, one_more="PLAIN").wrong)


@pytest.mark.parametrize("ref", ["LATER", "PLAIN"])
def test_the_judge_finds_a_flag_that_is_missing_or_false(events: list[dict[str, Any]], ref: str) -> None:
    assert any(ref in text and "asked" in text for text in judged(events, other_flag=ref).wrong)


def test_the_judge_finds_a_reason_that_is_not_the_true_one(events: list[dict[str, Any]]) -> None:
    assert any("POSTAGE" in text for text in judged(events, reasonless="POSTAGE").wrong)


def test_the_judge_finds_a_cancellation_without_an_order_that_no_incident_holds(events: list[dict[str, Any]]) -> None:
    assert any("C3" in text and "names no order" in text for text in judged(events, forgotten="C3").wrong)


def test_a_missing_stream_is_named() -> None:
    result = CliRunner().invoke(main, ["--orders-py", "nowhere/orders.py"])
    assert result.exit_code == 1
    assert "nowhere/orders.py does not exist" in result.output


def test_a_span_without_events_is_said(stream: Path) -> None:
    result = CliRunner().invoke(main, ["--stream", str(stream), "--from", "2012-01-01"])
    assert result.exit_code == 1
    assert "holds no event in the span" in result.output


def test_the_last_line_of_the_command_is_the_figures(stream: Path) -> None:
    result = CliRunner().invoke(main, ["--stream", str(stream)])
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1].startswith("replay: orders=6 pushed=4 ")
    assert "allocation by the recipient's country: rule 10: TH, VN, ID -> BKK-1" in result.output


def told_to(events: list[dict[str, Any]]) -> Ledger:
    ledger = Ledger()
    for item in events:
        ledger.apply(item)
    return ledger


def judged(events: list[dict[str, Any]], **spoilt: str) -> Verdict:
    """Judge books that are right, but for what is spoilt."""
    ledger, feed, oms = told_to(events), StreamFeed(), OmsBooks()
    for item in events:
        oms.put(map(stored_order, feed.apply(msgspec.convert(item, Event))))
    books = {"BKK-1": WmsBooks(("BKK-1",)), "LON-1": WmsBooks(("LON-1",))}
    known = dict(knowledge(spoilt))
    for ref in PUSHED:
        if ref == spoilt.get("leave_out"):
            continue
        for key in [ref, f"{ref}-2"] if ref == spoilt.get("twice") else [ref]:
            request = document(ledger, ref, key, more=ref == spoilt.get("one_more"))
            books[request.warehouse].create([request], PUSHED_AT)
        oms.report((PushReport(order_ref=ref, status="pushed", revision=1, warehouse="w"),))
    known.pop(spoilt.get("unknown", ""), None)
    changes = {name: Changes(held) for name, held in books.items()}
    for held in changes.values():
        for made in held._books.documents:
            held.move(made.key, Stage.PICKED)
    return judge(ledger, oms, books, known, changes, feed.unnamed)


def knowledge(spoilt: dict[str, str]) -> Iterator[tuple[str, Known]]:
    """What the daemon knows when all went well, but for what is spoilt."""
    for ref in PUSHED:
        changed = (ref == "LATER") is not (ref == spoilt.get("other_flag"))
        yield (
            ref,
            Known(
                PushState.PUSHED, changed, place(ref), "", frozenset({"lines[1]"} if ref == "LATER" else ()), changed
            ),
        )
    yield "GONE", Known(PushState.CANCELLED, False, None, "", frozenset())
    yield "C3", Known(PushState.CANCELLED, False, None, "", frozenset(), "forgotten" not in spoilt)
    why = "" if spoilt.get("reasonless") else NO_GOODS
    yield "POSTAGE", Known(PushState.NOT_PUSHED, False, None, why, frozenset())


def place(ref: str) -> str:
    """PLAIN goes to GB, and SHRUNK, whose address names no country, by the event's own: GB, too."""
    return "LON-1" if ref in ("PLAIN", "SHRUNK") else "BKK-1"


def document(ledger: Ledger, ref: str, key: str, *, more: bool) -> OutboundRequest:
    """The document of the order as it was an hour after the first event."""
    entry = ledger.orders[ref]
    version = [v for v in entry.versions if v.at <= PUSHED_AT - timedelta(minutes=1)][-1]
    lines = tuple(OutboundLine(line_no=n, sku=sku, quantity=pieces + more) for n, sku, pieces in version.goods)
    return OutboundRequest(
        key=key, order_ref=ref, revision=1, warehouse=place(ref), lines=lines, ordered_at=entry.created_at
    )


def test_the_clock_can_run_for_years() -> None:
    loop = YearLoop()

    async def tick() -> None:
        for _ in range(3):
            loop.advance(86_400 * 200 + 0.1)
            await asyncio.sleep(1e-9)
            loop.call_at(loop.time(), lambda: None)
            await asyncio.sleep(60)

    run(tick(), loop)
    assert loop.time() > 86_400 * 600
