"""What a repeated step would overwrite in a column stands in the timeline; a straight path leaves nothing there."""

from __future__ import annotations

import pytest

from crossdock.rules.push_states import PushState
from crossdock.spec.errors import Retryable, UnknownOutcome
from crossdock.spec.outbound import PushStatus
from crossdock.store import outbox, timeline
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
    text = f"sent to WH under key {row.key} (attempt {{}})"
    assert await kept("sent") == [(0, text.format(1)), (3600, text.format(2))]
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


async def test_each_revision_before_the_last_is_kept_with_its_time(bench, kit, kept):
    await bench.absorb(kit.order("1", holds=("wait",)))
    for quantity in (2, 3):
        bench.later(seconds=60)
        await bench.absorb(kit.order("1", holds=("wait",), lines=(kit.line(quantity=quantity),)))
    assert await kept("fetched") == [
        (0, "revision 1 was fetched from oms (paid)"), (60, "revision 2 was fetched from oms (paid)")
    ]  # fmt: skip
    assert (await bench.stored("1")).revision == 3
