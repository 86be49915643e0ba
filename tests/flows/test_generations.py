"""A new key only after a definite end of the old one: never while anything is in doubt."""

from __future__ import annotations

import pytest

from crossdock.flows.reconsider import Barrier, hold, push_by_hand, release
from crossdock.flows.settle_by_hand import redrive
from crossdock.rules.book import Warehouse
from crossdock.rules.push_states import PushState
from crossdock.spec.errors import Retryable, UnknownOutcome
from crossdock.spec.orders import OrderStatus
from crossdock.spec.outbound import PushStatus
from crossdock.store import book, pushes
from crossdock.store.book import KINDS
from crossdock.store.times import to_ms

pytestmark = pytest.mark.behaviour("P4")


async def test_a_refused_order_whose_input_did_not_change_is_not_sent_again(bench, kit):
    await bench.absorb(kit.order("1"))
    bench.wms.script.append(kit.answer(PushStatus.REJECTED, code="sku"))
    await bench.push()
    await bench.absorb(kit.order("1", updated_at=bench.env.now().replace(hour=13)))
    await bench.push()
    assert len(bench.wms.received) == 1
    assert (await bench.row("1")).state is PushState.PUSH_FAILED


async def test_a_refused_order_whose_input_changed_goes_under_a_new_key(bench, kit):
    await bench.absorb(kit.order("1", lines=(kit.line(sku="BAD"),)))
    bench.wms.script.append(kit.answer(PushStatus.REJECTED, code="sku"))
    await bench.push()
    await bench.absorb(kit.order("1"))
    await bench.push()
    first, second = bench.wms.received
    assert first.key != second.key
    row = await bench.row("1")
    assert (row.state, row.generation, row.attempts, row.error_kind) == (PushState.PUSHED, 2, 1, None)
    assert await bench.moments("1") == ["push_failed", "fetched", "sent", "new_generation", "queued"]


async def test_an_order_amended_in_doubt_keeps_its_key_and_its_bytes(bench, kit):
    await bench.absorb(kit.order("1"))
    bench.wms.script.append(UnknownOutcome("lost"))
    await bench.push()
    await bench.absorb(kit.order("1", lines=(kit.line(quantity=3),)))
    bench.later(minutes=1)
    await bench.push()
    assert bench.wms.received[0] == bench.wms.received[1]
    row = await bench.row("1")
    assert (row.generation, row.changed) == (1, True)


async def test_a_doubt_that_ends_in_a_refusal_may_change_its_key(bench, kit):
    await bench.absorb(kit.order("1", lines=(kit.line(sku="BAD"),)))
    bench.wms.script.extend([UnknownOutcome("lost"), kit.answer(PushStatus.REJECTED, code="sku")])
    await bench.push()
    bench.later(minutes=1)
    await bench.push()
    await bench.absorb(kit.order("1"))
    await bench.push()
    assert len({item.key for item in bench.wms.received}) == 2
    assert (await bench.row("1")).state is PushState.PUSHED


async def test_an_absent_order_that_fails_for_a_passing_reason_and_is_amended_keeps_its_bytes(bench, kit):
    bench.idempotency = "lookup"
    await bench.absorb(kit.order("1", lines=(kit.line(sku="BAD"),)))
    bench.wms.script.extend([UnknownOutcome("lost"), Retryable("refused"), kit.answer(PushStatus.REJECTED, code="sku")])
    await bench.push()
    bench.later(minutes=2)
    await bench.push()
    await bench.absorb(kit.order("1"))  # mended, while its last bytes failed for a passing reason
    bench.later(minutes=2)
    await bench.push()
    assert len({item.key for item in bench.wms.received}) == 1
    await bench.decide()
    await bench.push()
    assert (await bench.row("1")).state is PushState.PUSHED


async def test_a_cancellation_taken_back_after_a_doubt_gets_a_new_key(bench, kit):
    await bench.absorb(kit.order("1"))
    bench.wms.script.append(UnknownOutcome("lost"))
    await bench.push()
    await bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    bench.later(minutes=2)
    await bench.push()
    await bench.absorb(kit.order("1", lines=(kit.line(quantity=2),)))
    await bench.push()
    first, second = bench.wms.received
    assert first.key != second.key
    row = await bench.row("1")
    assert (row.state, row.generation, row.changed, row.cancel_wanted) == (PushState.PUSHED, 2, False, False)


async def test_a_failed_order_that_is_cancelled_is_cancelled(bench, kit):
    await bench.absorb(kit.order("1"))
    bench.wms.script.append(kit.answer(PushStatus.REJECTED, code="sku"))
    await bench.push()
    await bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    await bench.absorb(kit.order("1", status=OrderStatus.CANCELLED, number="N"))
    row = await bench.row("1")
    assert (row.state, row.report_at, row.unsettled) == (PushState.CANCELLED, None, None)


ONE = [("oms", "1")]


async def mend(bench, *, decided=True, **warehouse):
    """Save warehouse WH with other settings."""
    values = {"code": "WH", "connection": "wms", "remote": "1", "strategies": ("ahead",), "auto_push": True}
    kind = KINDS[Warehouse]
    await bench.store.write(lambda tx: tx.execute("DELETE FROM book WHERE name = 'WH' AND kind = ?", (kind,)))
    await bench.store.write(book.save, Warehouse(**{**values, **warehouse}))
    if decided:
        await bench.store.write(pushes.decide_again, to_ms(bench.env.now()))
        await bench.decide()


async def refused(bench, kit):
    await bench.absorb(kit.order("1"))
    bench.wms.script.append(kit.answer(PushStatus.REJECTED, code="warehouse"))
    await bench.push()
    assert (await bench.row("1")).state is PushState.PUSH_FAILED


async def test_a_refused_order_goes_to_the_code_its_warehouse_was_given_since(bench, kit):
    await refused(bench, kit)
    await mend(bench, remote="CNX")
    await bench.push()
    assert [item.warehouse for item in bench.wms.received] == ["1", "CNX"]
    assert len({item.key for item in bench.wms.received}) == 2


@pytest.mark.parametrize("by", ["push", "redrive"])
async def test_sending_it_by_hand_at_once_takes_the_new_code_too(bench, kit, by):
    await refused(bench, kit)
    await mend(bench, remote="CNX", decided=False)
    await bench.store.write(pushes.decide_again, to_ms(bench.env.now()))
    if by == "push":
        await bench.store.write(push_by_hand, ONE, "ann", bench.desk)
    else:
        row = await bench.row("1")
        await bench.store.write(redrive, [row.id], "ann", bench.env.now())
        await bench.decide()
    await bench.push()
    assert [item.warehouse for item in bench.wms.received] == ["1", "CNX"]


async def test_a_refused_order_goes_through_the_connection_its_warehouse_was_given_since(bench, kit):
    await refused(bench, kit)
    await mend(bench, connection="other")
    row = await bench.row("1")
    assert (row.state, row.connection, row.generation) == (PushState.QUEUED, "other", 2)


async def test_a_hold_in_between_does_not_hide_that_its_warehouse_changed(bench, kit):
    await refused(bench, kit)
    await bench.store.write(hold, ONE, "ann", "wait", bench.desk)
    await mend(bench, connection="other", remote="CNX")
    await bench.store.write(release, ONE, Barrier.HOLD, "ann", bench.desk)
    row = await bench.row("1")
    assert (row.state, row.connection, row.generation) == (PushState.QUEUED, "other", 2)


async def test_what_was_in_doubt_goes_again_where_it_went_whatever_its_warehouse_is_now(bench, kit):
    bench.idempotency = "lookup"
    await bench.absorb(kit.order("1"))
    bench.wms.script.extend([UnknownOutcome("lost"), Retryable("refused")])
    await bench.push()
    bench.later(minutes=2)
    await bench.push()
    assert (await bench.row("1")).error_kind == "Retryable"
    await mend(bench, connection="other", remote="CNX")
    bench.later(minutes=2)
    await bench.push()
    first, second, third = bench.wms.received
    assert first == second == third
    row = await bench.row("1")
    assert (row.state, row.connection, row.key) == (PushState.PUSHED, "wms", first.key)


async def test_a_refused_order_that_may_not_go_any_more_waits_like_any_other(bench, kit):
    await refused(bench, kit)
    await mend(bench, auto_push=False)
    assert (await bench.row("1")).state is PushState.NOT_PUSHED
    await mend(bench, remote="CNX")
    await bench.push()
    assert [item.warehouse for item in bench.wms.received] == ["1", "CNX"]
