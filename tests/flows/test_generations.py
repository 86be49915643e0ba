"""A new key only after a definite end of the old one: never while anything is in doubt."""

from __future__ import annotations

import pytest

from crossdock.rules.push_states import PushState
from crossdock.spec.errors import UnknownOutcome
from crossdock.spec.orders import OrderStatus
from crossdock.spec.outbound import PushStatus

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
    from crossdock.spec.errors import Retryable

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
