"""A failed write that a person has it carried out again: never against what was decided or agreed on since."""

from __future__ import annotations

import pytest

from crossdock.flows.decide_by_hand import Verdict
from crossdock.flows.retry_failed import retry_failed
from crossdock.rules.push_states import PushState
from crossdock.spec.orders import OrderStatus
from crossdock.spec.outbound import Stage
from crossdock.store import operations


async def failed(depot):
    """The kinds of what failed and was not decided otherwise since, with why."""
    found = await depot.bench.store.read(operations.failed, 0, 10)
    return [(each.kind, each.error_code) for each in found]


async def retry(depot, *ids):
    numbers = ids or [each.id for each in await depot.bench.store.read(operations.failed, 0, 10)]
    return await depot.bench.store.write(retry_failed, numbers, depot.bench.env.now())


async def refused_to_cancel(depot, kit):
    """An order that its OMS cancelled when it was packed."""
    await depot.push(kit.order("1"))
    await depot.move(Stage.PACKED)
    await depot.bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    await depot.operate()
    assert await depot.state() is PushState.CANCEL_REJECTED
    assert await failed(depot) == [("outbound_cancel", "too_late")]


async def test_a_cancellation_that_a_person_gave_up_is_not_asked_for_again(depot, kit):
    await refused_to_cancel(depot, kit)
    (number,) = [each.id for each in await depot.bench.store.read(operations.failed, 0, 10)]
    assert (await depot.choose(Verdict.SHIP)).done
    assert await failed(depot) == []
    await depot.move(Stage.PENDING)
    answer = await retry(depot, number)
    assert (answer.queued, [each.number for each in answer.kept]) == ((), [number])
    await depot.operate()
    assert await depot.state() is PushState.ACCEPTED


async def test_a_cancellation_that_waits_for_a_decision_is_asked_for_again_by_that_decision_only(depot, kit):
    await refused_to_cancel(depot, kit)
    await depot.move(Stage.PENDING)
    answer = await retry(depot)
    assert answer.queued == ()
    assert "crossdock packages decide" in answer.kept[0].text
    assert await failed(depot) == [("outbound_cancel", "too_late")]


@pytest.mark.parametrize("verdict", [Verdict.ASK_AGAIN, Verdict.CANCELLED])
async def test_every_decision_about_a_cancellation_takes_the_place_of_the_failed_one(depot, kit, verdict):
    await refused_to_cancel(depot, kit)
    assert (await depot.choose(verdict)).done
    assert await failed(depot) == []


async def test_a_cancellation_that_its_oms_took_back_is_not_asked_for_again(depot, kit):
    await refused_to_cancel(depot, kit)
    await depot.bench.absorb(kit.order("1"))
    assert (await depot.state(), await failed(depot)) == (PushState.ACCEPTED, [])


@pytest.mark.parametrize("verdict", [Verdict.KEEP, Verdict.FORCE])
async def test_a_wait_that_the_warehouse_refused_is_not_asked_for_after_the_decision(depot, kit, verdict):
    await depot.push(kit.order("1"))
    await depot.move(Stage.PICKING)
    depot.wms.refuse_holds = True
    await depot.bench.absorb(kit.order("1", buyer_note="x"))
    await depot.operate()
    await depot.bench.absorb(kit.order("1", buyer_note="x", lines=(kit.line(quantity=5),)))
    await depot.operate()
    assert await failed(depot) == [("outbound_hold", "busy")]
    assert (await depot.choose(verdict)).done
    assert await failed(depot) == []


async def test_a_wait_that_is_asked_for_again_ends_with_the_decision(depot, kit):
    await depot.push(kit.order("1"))
    await depot.move(Stage.PICKING)
    await depot.bench.absorb(kit.order("1", buyer_note="x"))
    await depot.operate()
    depot.wms.refuse_holds = True
    await depot.bench.absorb(kit.order("1", buyer_note="x", lines=(kit.line(quantity=5),)))
    await depot.operate()
    depot.wms.refuse_holds = False
    assert len((await retry(depot)).queued) == 1
    await depot.operate()
    assert (await depot.choose(Verdict.KEEP)).done
    await depot.operate()
    assert (await depot.bench.moments("1"))[-1] == "warehouse_goes_on"


async def test_what_is_under_way_or_unknown_is_left_alone(depot, kit):
    await refused_to_cancel(depot, kit)
    assert [each.text for each in (await retry(depot, 99)).kept] == ["there is no such operation"]
    await depot.bench.store.write(lambda tx: tx.execute("UPDATE operations SET state = 5 WHERE state = 4"))
    assert [each.text for each in (await retry(depot, 1)).kept] == ["it has not failed"]
