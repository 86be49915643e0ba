"""What becomes of an order that is cancelled after its push: a handshake, doubts settled by asking, people's choices."""

from __future__ import annotations

import pytest
from tests.flows.depot import Depot

from crossdock.flows.decide_by_hand import Verdict, cancel_by_hand
from crossdock.flows.reconsider import Barrier, release
from crossdock.rules.mutability import Abilities
from crossdock.rules.push_states import ALLOWED, PushState
from crossdock.spec.errors import Conflict, NotFound, Rejected, Retryable, UnknownOutcome
from crossdock.spec.orders import OrderStatus
from crossdock.spec.outbound import Stage
from crossdock.store import operations, orders


async def test_the_oms_is_told_cancelled_only_after_the_warehouse_confirmed(depot, kit):
    await depot.push(kit.order("1"))
    assert await depot.reports() == [("1", "pushed")]
    await depot.bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    assert await depot.state() is PushState.CANCEL_REQUESTED
    assert await depot.reports() == [("1", "pushed")]
    await depot.operate()
    row = await depot.bench.row("1")
    assert (row.state, depot.wms.changes.state(row.key).stage) == (PushState.CANCELLED, Stage.CANCELLED)
    assert await depot.reports() == [("1", "pushed"), ("1", "cancelled")]


async def test_a_cancellation_that_comes_too_late_waits_for_a_person_who_lets_it_ship(depot, kit):
    await depot.push(kit.order("1"))
    await depot.reports()
    await depot.move(Stage.PACKED)
    await depot.bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    await depot.operate()
    row = await depot.bench.row("1")
    assert (row.state, row.at_stage) == (PushState.CANCEL_REJECTED, Stage.PACKED)
    assert await depot.incidents() == [("outbound_cancel", "too_late")]
    assert (await depot.choose(Verdict.SHIP)).done
    assert (await depot.state(), await depot.incidents()) == (PushState.ACCEPTED, [])
    assert await depot.reports() == [("1", "pushed"), ("1", "cancel_refused")]
    await depot.bench.absorb(kit.order("1", status=OrderStatus.CANCELLED, buyer_note="n"))
    assert await depot.state() is PushState.ACCEPTED


async def test_a_person_asks_again_and_the_warehouse_cancels(depot, kit):
    await depot.push(kit.order("1"))
    await depot.move(Stage.PACKED)
    await depot.bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    await depot.operate()
    await depot.move(Stage.PICKED)  # the parcel was opened again
    assert (await depot.choose(Verdict.ASK_AGAIN)).done
    await depot.operate()
    assert await depot.state() is PushState.CANCELLED


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize("arrived", [True, False])
async def test_a_cancellation_in_doubt_is_settled_by_asking(depot, kit, arrived):
    await depot.push(kit.order("1"))
    await depot.bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    failures = depot.wms.lost if arrived else depot.wms.unsent
    failures["/v1/outbounds/cancel"] = UnknownOutcome("lost")
    await depot.operate()
    assert await depot.state() is PushState.IN_DOUBT_CANCEL
    depot.bench.later(minutes=2)
    await depot.operate()
    assert await depot.state() is PushState.CANCELLED
    assert depot.wms.calls.count("/v1/outbounds/cancel") == (1 if arrived else 2)


async def test_a_cancellation_that_is_passed_on_is_awaited(bench, kit):
    depot = Depot(bench, kit, asks_from=Stage.PENDING)
    await depot.push(kit.order("1"))
    await depot.bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    await depot.operate()
    depot.bench.later(minutes=2)
    await depot.operate()
    assert await depot.state() is PushState.CANCEL_REQUESTED
    await depot.move(Stage.CANCELLED)
    depot.bench.later(minutes=2)
    await depot.operate()
    assert await depot.state() is PushState.CANCELLED
    assert depot.wms.calls.count("/v1/outbounds/cancel") == 1


async def test_a_cancellation_taken_back_before_it_was_sent_is_not_sent(depot, kit):
    await depot.push(kit.order("1"))
    await depot.bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    depot.wms.unsent["/v1/outbounds/cancel"] = Retryable("refused")
    await depot.operate()
    await depot.bench.absorb(kit.order("1", buyer_note="n"))
    await depot.operate()
    assert await depot.state() is PushState.PUSHED
    assert depot.wms.calls.count("/v1/outbounds/cancel") == 1  # the one that was refused before anything happened
    assert (await depot.content()).buyer_note == "n"


async def test_a_cancellation_taken_back_too_late_goes_to_the_warehouse_again_under_another_key(depot, kit):
    await depot.push(kit.order("1"))
    first = (await depot.bench.row("1")).key
    await depot.bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    depot.wms.lost["/v1/outbounds/cancel"] = UnknownOutcome("lost")
    await depot.operate()
    await depot.bench.absorb(kit.order("1"))
    assert await depot.state() is PushState.IN_DOUBT_CANCEL
    depot.bench.later(minutes=2)
    await depot.operate()
    await depot.bench.push()
    row = await depot.bench.row("1")
    assert (row.state, row.generation, row.key != first) == (PushState.PUSHED, 2, True)
    assert ("1", "cancelled") not in await depot.reports()


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize("arrived", [True, False])
async def test_an_order_cancelled_while_its_push_is_in_doubt_is_settled_first_and_cancelled_then(depot, kit, arrived):
    failures = depot.wms.lost if arrived else depot.wms.unsent
    failures["/v1/outbounds"] = UnknownOutcome("lost")
    await depot.push(kit.order("1"))
    await depot.bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    depot.bench.later(minutes=2)
    await depot.bench.push()
    await depot.bench.decide()
    await depot.operate()
    row = await depot.bench.row("1")
    assert row.state is PushState.CANCELLED
    assert (row.key in depot.wms.books.by_key) is arrived
    assert not arrived or depot.wms.changes.state(row.key).stage is Stage.CANCELLED


async def test_a_person_cancels_and_the_order_does_not_go_again_by_itself(depot, kit):
    await depot.push(kit.order("1"))
    await depot.reports()
    (answer,) = await depot.bench.store.write(cancel_by_hand, [("oms", "1")], "fraud", "ann", depot.bench.desk)
    assert answer.done
    await depot.operate()
    await depot.bench.decide()
    assert await depot.state() is PushState.CANCELLED
    assert ("1", "cancelled") in await depot.reports()
    await depot.bench.absorb(kit.order("1", buyer_note="n"))
    assert await depot.state() is PushState.HELD
    await depot.bench.store.write(release, [("oms", "1")], Barrier.HOLD, "ann", depot.bench.desk)
    await depot.bench.push()
    assert (await depot.bench.row("1")).generation == 2


async def test_a_person_cancels_while_the_push_is_in_doubt(depot, kit):
    depot.wms.lost["/v1/outbounds"] = UnknownOutcome("lost")
    await depot.push(kit.order("1"))
    (answer,) = await depot.bench.store.write(cancel_by_hand, [("oms", "1")], "fraud", "ann", depot.bench.desk)
    assert answer.done
    depot.bench.later(minutes=2)
    await depot.bench.push()
    await depot.bench.decide()
    await depot.operate()
    assert await depot.state() is PushState.CANCELLED


async def test_what_left_the_warehouse_is_not_cancelled_and_the_oms_is_told_when_a_person_says_so(depot, kit):
    await depot.push(kit.order("1"))
    await depot.reports()
    await depot.move(Stage.OUTBOUND)
    await depot.bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    await depot.operate()
    assert await depot.state() is PushState.CANCEL_REJECTED
    assert not (await depot.choose(Verdict.KEEP)).done
    assert (await depot.choose(Verdict.SHIP)).done
    assert ("1", "cancel_refused") in await depot.reports()


async def test_a_warehouse_that_cannot_cancel_leaves_it_to_a_person(depot, kit):
    depot.bench.house.books.abilities["wms"] = Abilities(can_find=True)
    await depot.push(kit.order("1"))
    await depot.reports()
    await depot.bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    assert (await depot.state(), await depot.incidents()) == (
        PushState.CANCEL_REJECTED,
        [("outbound_cancel", "no_cancel")],
    )
    assert not (await depot.choose(Verdict.ASK_AGAIN)).done
    assert (await depot.choose(Verdict.CANCELLED)).done
    assert await depot.state() is PushState.CANCELLED
    assert ("1", "cancelled") in await depot.reports()


async def test_an_update_that_waits_gives_way_to_a_cancellation(depot, kit):
    await depot.push(kit.order("1"))
    await depot.bench.absorb(kit.order("1", buyer_note="n"))
    await depot.bench.absorb(kit.order("1", buyer_note="n", status=OrderStatus.CANCELLED))
    await depot.operate()
    assert await depot.state() is PushState.CANCELLED
    assert "/v1/outbounds/update" not in depot.wms.calls
    row = await depot.bench.row("1")
    assert await depot.bench.store.read(operations.open_of, "wms", f"order:{row.order_id}") == []


async def test_an_order_without_goods_any_more_offers_to_be_cancelled(depot, kit):
    from crossdock.spec.orders import LineKind

    await depot.push(kit.order("1"))
    await depot.bench.absorb(kit.order("1", lines=(kit.line(kind=LineKind.SHIPPING),)))
    await depot.operate()
    assert await depot.incidents() == [("outbound_update", "ask")]
    (answer,) = await depot.bench.store.write(cancel_by_hand, [("oms", "1")], "nothing left", "ann", depot.bench.desk)
    await depot.operate()
    assert (answer.done, await depot.state(), await depot.incidents()) == (True, PushState.CANCELLED, [])
    assert (await depot.bench.store.read(orders.load, "oms", ["1"]))["1"].hold is not None


@pytest.mark.parametrize("stage", [Stage.PENDING, Stage.PACKED])
async def test_a_cancellation_that_is_taken_back_together_with_a_change_skips_no_state(depot, kit, stage):
    """The row goes from state to state as the state machine says, also where several steps are one unit of work."""
    depot.bench.database.connection().executescript(
        "CREATE TEMP TABLE steps (before INTEGER, after INTEGER); CREATE TEMP TRIGGER stepped AFTER UPDATE OF state ON main.pushes "
        "WHEN OLD.state <> NEW.state BEGIN INSERT INTO steps VALUES (OLD.state, NEW.state); END;"
    )
    await depot.push(kit.order("1"))
    await depot.move(stage)
    await depot.bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    if stage is Stage.PACKED:
        await depot.operate()
        assert await depot.state() is PushState.CANCEL_REJECTED
    await depot.bench.absorb(kit.order("1", buyer_note="leave it at the door"))
    assert await depot.state() is PushState.UPDATE_PENDING
    steps = depot.bench.database.execute_sql("SELECT before, after FROM steps").fetchall()
    assert [step for step in steps if PushState(step[1]) not in ALLOWED[PushState(step[0])]] == []


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize(
    "refusal", [Conflict("cancelled already"), NotFound("no such document"), Rejected("no", code="x")]
)
@pytest.mark.parametrize("doubted", [False, True])
async def test_a_refusal_that_is_raised_is_confirmed_like_one_that_is_returned(depot, kit, refusal, doubted):
    """A system that says "cancelled already" with 409 had a person decide about every such order."""
    depot.abilities = Abilities(can_update=True, can_cancel=True, can_hold=True, can_find=True)
    await depot.push(kit.order("1"))
    await depot.bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    if doubted:
        depot.wms.lost["/v1/outbounds/cancel"] = UnknownOutcome("lost")
        await depot.operate()
        assert await depot.state() is PushState.IN_DOUBT_CANCEL
        depot.bench.later(seconds=300)
    else:
        await depot.move(Stage.CANCELLED)
    depot.wms.unsent["/v1/outbounds/cancel"] = refusal
    await depot.operate()
    assert (await depot.state(), await depot.incidents()) == (PushState.CANCELLED, [])


async def test_a_refusal_that_is_raised_of_what_goes_on_there_is_one(depot, kit):
    await depot.push(kit.order("1"))
    await depot.bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    depot.wms.unsent["/v1/outbounds/cancel"] = Rejected("the wave is closed", code="too_late")
    await depot.operate()
    assert await depot.state() is PushState.CANCEL_REJECTED
    assert await depot.incidents() == [("outbound_cancel", "too_late")]


async def test_a_change_of_what_a_person_cancelled_does_not_swallow_that_its_oms_is_told(depot, kit):
    await depot.push(kit.order("1"))
    assert await depot.reports() == [("1", "pushed")]
    await depot.bench.store.write(cancel_by_hand, [("oms", "1")], "fraud", "ann", depot.bench.desk)
    await depot.operate()
    assert await depot.state() is PushState.CANCELLED
    await depot.bench.absorb(kit.order("1", buyer_note="n"))  # before the OMS was told
    assert await depot.state() is PushState.HELD
    assert await depot.reports() == [("1", "pushed"), ("1", "cancelled")]
    await depot.bench.store.write(release, [("oms", "1")], Barrier.HOLD, "ann", depot.bench.desk)
    await depot.bench.push()
    assert (await depot.reports())[-1] == ("1", "pushed")
