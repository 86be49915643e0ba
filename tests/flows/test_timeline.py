"""What a repeated step would overwrite in a column stands in the timeline; a straight path leaves nothing there."""

from __future__ import annotations

import msgspec
import pytest

from crossdock.flows.decide_by_hand import cancel_by_hand
from crossdock.flows.reconsider import Barrier, hold, obtain, push_by_hand, release
from crossdock.rules.book import AllocationRule, Warehouse
from crossdock.rules.push_states import PushState
from crossdock.spec.errors import Retryable, UnknownOutcome
from crossdock.spec.orders import OrderStatus
from crossdock.spec.outbound import PushStatus
from crossdock.store import book, outbox, pushes, timeline
from crossdock.store.book import KINDS
from crossdock.store.times import to_ms


@pytest.fixture
def kept(bench):
    """What the timeline of order 1 says of one kind of step: (seconds since the start, text)."""

    async def of(what):
        stored = await bench.stored("1")
        start = to_ms(bench.env.now()) - int(bench.env.monotonic() * 1000)
        moments = await bench.store.read(timeline.of_order, stored.id)
        return [((m.at - start) // 1000, m.detail) for m in moments if m.what == what]

    return of


async def test_an_order_that_takes_the_straight_path_leaves_nothing_in_the_timeline(bench, kit):
    await bench.absorb(kit.order("1"))
    await bench.push()
    assert (await bench.row("1")).state is PushState.PUSHED
    assert await bench.moments("1") == []


async def test_each_attempt_before_the_last_is_kept_with_its_time(bench, kit, kept):
    await bench.absorb(kit.order("1"))
    bench.wms.script.extend([UnknownOutcome("lost"), Retryable("503")])
    await bench.push()
    for _ in range(2):
        bench.later(hours=1)
        await bench.push()
    row = await bench.row("1")
    assert (row.state, row.attempts) == (PushState.PUSHED, 3)
    assert await kept("sent") == [
        (0, f"sent to WH under key {row.key} (attempt 1)"),
        (3600, f"tried to send it to WH under key {row.key} (attempt 2), which did not leave"),
    ]
    assert row.sent_at == to_ms(bench.env.now())


async def test_an_attempt_that_was_given_back_is_no_attempt(bench, kit, kept):
    await bench.absorb(kit.order("1"))
    never = await bench.store.write(outbox.claim, 1, "wms", PushState.QUEUED, 10, 10**15)
    await bench.store.write(outbox.give_back, 1, never, 0)
    row = await bench.row("1")
    assert (row.attempts, row.sent_at) == (0, None)
    bench.runs = 1
    bench.wms.script.append(kit.answer(PushStatus.RETRY))
    await bench.push()
    bench.later(hours=1)
    again = await bench.store.write(outbox.claim, 9, "wms", PushState.QUEUED, 10, to_ms(bench.env.now()))
    await bench.store.write(outbox.give_back, 9, again, 0)
    row = await bench.row("1")
    assert (len(again), row.attempts, row.sent_at) == (1, 1, to_ms(kit.NOW))
    bench.runs = 9
    await bench.push()
    assert await kept("sent") == [(0, f"sent to WH under key {row.key} (attempt 1)")]


async def test_the_attempt_under_an_old_key_is_kept_under_that_key(bench, kit, kept):
    await bench.absorb(kit.order("1", lines=(kit.line(sku="BAD"),)))
    bench.wms.script.append(kit.answer(PushStatus.REJECTED, code="sku"))
    await bench.push()
    old = (await bench.row("1")).key
    bench.later(seconds=60)
    await bench.absorb(kit.order("1"))
    await bench.push()
    assert await kept("sent") == [(0, f"sent to WH under key {old} (attempt 1)")]
    assert await kept("queued") == [(0, "queued for WH (automatic, strategy ahead)")]


async def allocate(bench, code, position=1):
    await bench.store.write(lambda tx: tx.execute("DELETE FROM book WHERE kind = ?", (KINDS[AllocationRule],)))
    await bench.store.write(book.save, AllocationRule(position=position, warehouse=code))
    await bench.store.write(pushes.decide_again, to_ms(bench.env.now()))
    await bench.decide()


async def two_warehouses(bench):
    for code in ("HKT", "CNX"):
        entry = Warehouse(code=code, connection="wms", remote=code, strategies=("ahead",), auto_push=True)
        await bench.store.write(book.save, entry)


@pytest.fixture
def told(bench, kit):
    """The whole history of order 1 as it is shown: (what, who, text), oldest first."""

    async def of(*whats):
        stored, push = await bench.stored("1"), await bench.row("1")
        moments = await bench.store.read(timeline.of_order, stored.id)
        return [(m.what, m.actor, m.detail) for m in timeline.whole(stored, push, moments) if m.what in whats]

    return of


async def test_where_it_was_queued_and_by_whom_stays_said_after_it_was_allocated_elsewhere(bench, kit, told):
    await two_warehouses(bench)
    await bench.absorb(kit.order("1", holds=("wait",)))
    await allocate(bench, "HKT")
    await bench.absorb(kit.order("1", status=OrderStatus.UNPAID))
    await bench.store.write(push_by_hand, [("oms", "1")], "root", bench.desk)
    first = ("queued", "root", "queued for HKT (manual, no strategy)")
    assert await told("queued") == [first]
    bench.later(minutes=1)
    await allocate(bench, "CNX")
    second = ("queued", "root", "queued for CNX (manual, no strategy)")
    assert await told("queued") == [first, second]
    bench.later(minutes=1)
    await bench.store.write(hold, [("oms", "1")], "ann", "wait", bench.desk)
    await allocate(bench, "WH")
    assert await told("queued") == [first, second]


async def test_where_an_attempt_went_stays_said_after_it_was_allocated_elsewhere(bench, kit, told):
    await two_warehouses(bench)
    await allocate(bench, "HKT")
    await bench.absorb(kit.order("1"))
    bench.wms.script.append(kit.answer(PushStatus.REJECTED, code="sku"))
    await bench.push()
    key = (await bench.row("1")).key
    sent = ("sent", "", f"sent to HKT under key {key} (attempt 1)")
    bench.later(minutes=1)
    await bench.store.write(hold, [("oms", "1")], "ann", "wait", bench.desk)
    await allocate(bench, "CNX")
    assert await told("sent") == [sent]
    await bench.store.write(release, [("oms", "1")], Barrier.HOLD, "ann", bench.desk)
    assert await told("sent") == [sent]
    assert [text for _, _, text in await told("queued")] == [
        "queued for HKT (automatic, strategy ahead)", "queued for CNX (automatic, strategy ahead)",
    ]  # fmt: skip


async def test_a_cancellation_of_a_person_that_was_released_is_not_said_of_the_oms(depot, bench, kit, told):
    await bench.store.write(
        lambda tx: tx.execute("DELETE FROM book WHERE name = 'WH' AND kind = ?", (KINDS[Warehouse],))
    )
    wh = Warehouse(code="WH", connection="wms", remote="1", strategies=("ahead",))
    await bench.store.write(book.save, wh)
    await bench.absorb(kit.order("1"))
    await bench.store.write(obtain, "oms", "WH", "root", bench.desk, 0)
    await bench.push()
    await bench.store.write(cancel_by_hand, [("oms", "1")], "fraud", "root", bench.desk)
    await depot.operate()
    assert await depot.state() is PushState.CANCELLED
    await bench.store.write(book.save, msgspec.structs.replace(wh, revision=1, auto_push=True))
    bench.later(minutes=1)
    await bench.store.write(release, [("oms", "1")], Barrier.HOLD, "root", bench.desk)
    ((_, _, said),) = await told("new_generation")
    assert said.endswith("was cancelled here by root, and the order lives on")
    assert await told("queued") == [
        ("queued", "root", "queued for WH (obtain, strategy ahead)"),
        ("queued", "", "queued for WH (automatic, strategy ahead)"),
    ]


async def test_each_revision_before_the_last_is_kept_with_its_time(bench, kit, kept):
    await bench.absorb(kit.order("1", holds=("wait",)))
    for quantity in (2, 3):
        bench.later(seconds=60)
        await bench.absorb(kit.order("1", holds=("wait",), lines=(kit.line(quantity=quantity),)))
    assert await kept("fetched") == [
        (0, "revision 1 was fetched from oms (paid)"), (60, "revision 2 was fetched from oms (paid)")
    ]  # fmt: skip
    assert (await bench.stored("1")).revision == 3
