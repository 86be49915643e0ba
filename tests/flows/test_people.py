"""What people ask for: push, hold, release, obtain, settle, send again; and how often they may."""

from __future__ import annotations

import pytest

from crossdock.flows.decide_by_hand import cancel_by_hand
from crossdock.flows.reconsider import Barrier, hold, obtain, push_by_hand, release
from crossdock.flows.settle_by_hand import Settlement, redrive, settle_by_hand
from crossdock.rules.book import GiftGate, PushStrategy, StrategyKind
from crossdock.rules.push_states import PushState
from crossdock.spec.errors import UnknownOutcome
from crossdock.spec.orders import OrderStatus
from crossdock.spec.outbound import PushStatus
from crossdock.store import book, pushes, tasks, throttles, timeline
from crossdock.store.book import KINDS
from crossdock.store.tasks import TaskKind, TaskState

ONE = [("oms", "1")]


async def change_book(bench, entry):
    await bench.store.write(
        lambda tx: tx.execute("DELETE FROM book WHERE name = ? AND kind = ?", (entry.name, KINDS[type(entry)]))
    )
    await bench.store.write(book.save, entry)


async def in_doubt(bench, kit, **changes):
    bench.idempotency, bench.can_find = "none", False
    await bench.absorb(kit.order("1", **changes))
    bench.wms.script.append(UnknownOutcome("lost"))
    await bench.push()


def settled(bench, settlement, **fields):
    values = {"remote_id": None, "reason": "looked", "actor": "ann", "now": bench.env.now()}
    return bench.store.write(settle_by_hand, "oms", "1", settlement, **{**values, **fields})


@pytest.mark.behaviour("R38")
async def test_a_person_pushes_an_order_that_no_strategy_pushes(bench, kit):
    await change_book(bench, PushStrategy(name="ahead", kind=StrategyKind.MANUAL_ONLY))
    await bench.absorb(kit.order("1"))
    assert (await bench.row("1")).state is PushState.NOT_PUSHED
    (answer,) = await bench.store.write(push_by_hand, ONE, "ann", bench.desk)
    assert (answer.done, answer.wake) == (True, "wms")
    assert (
        answer.text == "queued for warehouse WH, whatever strategy and gift gate say (ahead: it never pushes by itself)"
    )
    assert await bench.moments("1") == ["overridden", "push_asked"]


@pytest.mark.behaviour("R37", "R38")
async def test_the_answer_to_a_push_by_hand_names_every_rule_it_overrode(bench, kit):
    await change_book(bench, PushStrategy(name="ahead", kind=StrategyKind.ADVANCE, gift_gate=GiftGate.WAIT_FLAG))
    await bench.absorb(kit.order("1", status=OrderStatus.UNPAID, gifts_pending=True))
    (answer,) = await bench.store.write(push_by_hand, ONE, "ann", bench.desk)
    for said in ("it is not paid (unpaid)", "gifts: until the OMS says that they are complete"):
        assert said in answer.text


async def told(bench, ref):
    """Who asked for a push of an order last, and what the timeline says of it."""
    stored = await bench.stored(ref)
    moments = await bench.store.read(timeline.of_order, stored.id)
    return [(m.actor, m.detail) for m in moments if m.what == "push_asked"][-1]


async def test_asking_for_a_push_tells_who_wanted_it_where_and_against_what(bench, kit):
    await bench.absorb(kit.order("held", holds=("fraud",)))
    await bench.store.write(push_by_hand, [("oms", "held")], "ann", bench.desk)
    assert await told(bench, "held") == ("ann", "asked to push it, but it is on hold: fraud")
    await bench.absorb(kit.order("failed"))
    bench.wms.script.append(kit.answer(PushStatus.REJECTED, code="sku"))
    await bench.push()
    await bench.store.write(push_by_hand, [("oms", "failed")], "bo", bench.desk)
    assert await told(bench, "failed") == ("bo", "asked to push it to warehouse WH")
    await change_book(bench, PushStrategy(name="ahead", kind=StrategyKind.MANUAL_ONLY))
    await bench.absorb(kit.order("1"))
    await bench.store.write(push_by_hand, ONE, "ann", bench.desk)
    assert await told(bench, "1") == (
        "ann",
        "asked to push it to warehouse WH, whatever strategy and gift gate say (ahead: it never pushes by itself)",
    )


@pytest.mark.behaviour("R38")
async def test_a_push_by_hand_says_why_it_cannot_be(bench, kit):
    await bench.absorb(kit.order("1", holds=("fraud",)), kit.order("2", status=OrderStatus.CANCELLED), kit.order("3"))
    held, cancelled, queued, unknown = await bench.store.write(
        push_by_hand, [("oms", "1"), ("oms", "2"), ("oms", "3"), ("oms", "4")], "ann", bench.desk
    )
    assert (held.done, held.text) == (False, "it is on hold: fraud")
    assert not cancelled.done
    assert queued.text == "it is queued already"
    assert unknown.text == "there is no order 4 of oms"


async def test_a_person_may_try_a_refused_order_again_although_nothing_changed(bench, kit):
    await bench.absorb(kit.order("1"))
    bench.wms.script.append(kit.answer(PushStatus.REJECTED, code="sku"))
    await bench.push()
    await bench.store.write(push_by_hand, ONE, "ann", bench.desk)
    await bench.push()
    assert bench.wms.received[0] == bench.wms.received[1]
    assert (await bench.row("1")).state is PushState.PUSHED


async def test_an_order_that_cannot_be_read_now_cannot_be_pushed_by_hand(bench, kit):
    from crossdock.spec.orders import OrderSlice, Page

    bench.house.readers["oms"] = lambda raw: kit.order("1", holds=("wait",))
    await bench.pull(Page(slices=(OrderSlice("1", b"1"),)))
    bench.house.readers.clear()
    (answer,) = await bench.store.write(push_by_hand, ONE, "ann", bench.desk)
    assert not answer.done


@pytest.mark.behaviour("R14", "R36")
async def test_obtaining_queues_what_a_strategy_matches_although_auto_push_is_off(bench, kit):
    await bench.store.write(lambda tx: tx.execute("DELETE FROM book WHERE kind = 'warehouse'"))
    from crossdock.rules.book import Warehouse

    await bench.store.write(book.save, Warehouse(code="WH", connection="wms", remote="1", strategies=("ahead",)))
    await bench.absorb(kit.order("1"), kit.order("2", status=OrderStatus.UNPAID))
    assert (await bench.row("1")).state is PushState.NOT_PUSHED
    answers, after = await bench.store.write(obtain, "oms", "WH", "ann", bench.desk, 0)
    assert ([a.order for a in answers], after) == (["1"], None)
    assert (await bench.row("2")).state is PushState.NOT_PUSHED


@pytest.mark.behaviour("R37")
async def test_a_held_order_leaves_the_queue_and_comes_back_when_released(bench, kit):
    await bench.absorb(kit.order("1"))
    await bench.store.write(hold, ONE, "ann", "call the customer", bench.desk)
    await bench.push()
    assert (await bench.row("1")).state is PushState.HELD
    (answer,) = await bench.store.write(release, ONE, Barrier.HOLD, "ann", bench.desk)
    assert (answer.text, answer.wake) == ("the hold set here is ended; it is queued for warehouse WH", "wms")
    await bench.push()
    assert await bench.moments("1") == ["held", "queued", "released"]
    assert len(bench.wms.received) == 1


async def test_a_failed_order_can_be_held_and_what_has_left_cannot(bench, kit):
    await bench.absorb(kit.order("1"), kit.order("2"))
    bench.wms.script.append(kit.answer(PushStatus.REJECTED, code="sku"))
    await bench.push(concurrency=1)
    failed, pushed, unknown = await bench.store.write(
        hold, [*ONE, ("oms", "2"), ("oms", "3")], "ann", "wait", bench.desk
    )
    assert (failed.done, pushed.done, unknown.done) == (True, False, False)
    assert (await bench.row("1")).state is PushState.HELD


@pytest.mark.behaviour("R37")
async def test_releasing_opens_the_gift_gate_of_an_order(bench, kit):
    await change_book(bench, PushStrategy(name="ahead", kind=StrategyKind.ADVANCE, gift_gate=GiftGate.WAIT_FLAG))
    await bench.absorb(kit.order("1", gifts_pending=True))
    assert (await bench.row("1")).state is PushState.HELD
    released, unknown = await bench.store.write(release, [*ONE, ("oms", "2")], Barrier.GIFT_GATE, "ann", bench.desk)
    assert (released.wake, unknown.done) == ("wms", False)
    assert released.text == "its gift gate is opened; it is queued for warehouse WH"


@pytest.mark.behaviour("R37")
async def test_a_release_takes_away_what_it_names_however_often_it_is_repeated(bench, kit):
    await change_book(bench, PushStrategy(name="ahead", kind=StrategyKind.ADVANCE, gift_gate=GiftGate.WAIT_FLAG))
    await bench.absorb(kit.order("1", gifts_pending=True))
    await bench.store.write(hold, ONE, "ann", "vip", bench.desk)
    (ended,) = await bench.store.write(release, ONE, Barrier.HOLD, "ann", bench.desk)
    assert (ended.done, ended.wake, (await bench.row("1")).state) == (True, None, PushState.HELD)
    assert ended.text == (
        "the hold set here is ended; it waits for gifts to be added (until the OMS says that they are complete); its gift "
        "gate is opened with `crossdock release --gifts`"
    )
    (again,) = await bench.store.write(release, ONE, Barrier.HOLD, "ann", bench.desk)
    assert (again.done, (await bench.row("1")).state) == (False, PushState.HELD)
    assert again.text == (
        "no hold was set here; it waits for gifts to be added (until the OMS says that they are complete); its gift gate is "
        "opened with `crossdock release --gifts`"
    )
    (opened,) = await bench.store.write(release, ONE, Barrier.GIFT_GATE, "ann", bench.desk)
    assert (opened.done, (await bench.row("1")).state) == (True, PushState.QUEUED)


async def test_opening_the_gift_gate_does_not_end_a_hold(bench, kit):
    await change_book(bench, PushStrategy(name="ahead", kind=StrategyKind.ADVANCE, gift_gate=GiftGate.WAIT_FLAG))
    await bench.absorb(kit.order("1", gifts_pending=True))
    await bench.store.write(hold, ONE, "ann", "vip", bench.desk)
    (opened,) = await bench.store.write(release, ONE, Barrier.GIFT_GATE, "ann", bench.desk)
    assert (await bench.row("1")).state is PushState.HELD
    assert (await bench.stored("1")).hold == "vip"
    assert "its hold is ended with `crossdock release`" in opened.text


async def test_releasing_what_nothing_here_holds_is_not_done_and_says_why(bench, kit):
    await bench.absorb(kit.order("1", holds=("fraud",), gifts_pending=True), kit.order("2"))
    held, queued = await bench.store.write(release, [*ONE, ("oms", "2")], Barrier.HOLD, "ann", bench.desk)
    assert (held.done, held.text) == (False, "no hold was set here; it is on hold: fraud")
    assert (queued.done, queued.text) == (False, "no hold was set here; it is queued")
    (no_gate,) = await bench.store.write(release, [("oms", "2")], Barrier.GIFT_GATE, "ann", bench.desk)
    assert (no_gate.done, no_gate.text) == (False, "it does not wait at a gift gate; it is queued")
    assert await bench.moments("1") == []
    assert not (await bench.stored("1")).gift_released


async def test_an_order_whose_hold_ended_while_it_was_being_cancelled_is_released_afterwards(depot, bench, kit):
    await depot.push(kit.order("1"))
    await bench.store.write(cancel_by_hand, ONE, "fraud", "ann", bench.desk)
    (early,) = await bench.store.write(release, ONE, Barrier.HOLD, "ann", bench.desk)
    assert early.text == "the hold set here is ended; it is cancel requested"
    await depot.operate()
    assert await depot.state() is PushState.CANCELLED
    (late,) = await bench.store.write(release, ONE, Barrier.HOLD, "ann", bench.desk)
    assert (late.done, await depot.state()) == (True, PushState.QUEUED)


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize("report", [True, False])
async def test_a_person_settles_a_doubt_as_arrived(bench, kit, report):
    await in_doubt(bench, kit)
    answer = await settled(bench, Settlement.ARRIVED, remote_id="W5", report=report)
    row = await bench.row("1")
    assert answer.done
    assert (row.state, row.remote_id, row.needs_person, row.report_at is not None) == (
        PushState.PUSHED,
        "W5",
        False,
        report,
    )
    assert await bench.moments("1") == ["in_doubt", "settled_by_hand"]


@pytest.mark.behaviour("P4")
async def test_a_person_settles_a_doubt_as_absent_and_the_same_bytes_go_again(bench, kit):
    await in_doubt(bench, kit)
    await settled(bench, Settlement.ABSENT)
    await bench.push()
    assert bench.wms.received[0] == bench.wms.received[1]
    assert (await bench.row("1")).state is PushState.PUSHED


async def test_an_absent_order_that_was_cancelled_meanwhile_is_cancelled(bench, kit):
    await in_doubt(bench, kit)
    await bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    await settled(bench, Settlement.ABSENT)
    assert (await bench.row("1")).state is PushState.CANCELLED


async def test_an_absent_order_cancelled_before_it_is_sent_again_is_cancelled(bench, kit):
    await in_doubt(bench, kit)
    await settled(bench, Settlement.ABSENT)
    await bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    await bench.push()
    assert (await bench.row("1")).state is PushState.CANCELLED
    assert len(bench.wms.received) == 1


async def test_an_absent_order_that_the_oms_lets_go_at_last_is_queued(bench, kit):
    await in_doubt(bench, kit)
    await settled(bench, Settlement.ABSENT)
    await bench.store.write(hold, ONE, "ann", "wait", bench.desk)
    await bench.absorb(kit.order("1", holds=("fraud",)))
    await bench.store.write(release, ONE, Barrier.HOLD, "ann", bench.desk)
    assert (await bench.row("1")).state is PushState.HELD
    await bench.absorb(kit.order("1"))
    assert (await bench.row("1")).state is PushState.QUEUED


async def test_only_a_push_in_doubt_is_settled_by_hand(bench, kit):
    assert not (await settled(bench, Settlement.ARRIVED)).done
    await bench.absorb(kit.order("1"))
    assert not (await settled(bench, Settlement.ARRIVED)).done


async def test_a_failed_push_is_sent_again_when_asked_and_no_other(bench, kit):
    await bench.absorb(kit.order("1"), kit.order("2"))
    bench.wms.script.append(kit.answer(PushStatus.REJECTED, code="sku"))
    await bench.push(concurrency=1)
    ids = [(await bench.row(ref)).id for ref in ("1", "2")]
    again, pushed = await bench.store.write(redrive, ids, "ann", bench.env.now())
    assert (again.done, pushed.done) == (True, False)
    await bench.push()
    assert (await bench.row("1")).state is PushState.PUSHED
    assert await bench.store.write(redrive, [], "ann", bench.env.now()) == []


@pytest.mark.behaviour("R33", "R35")
async def test_changing_the_book_decides_every_waiting_order_again(bench, kit):
    await bench.absorb(kit.order("1", status=OrderStatus.UNPAID))
    await change_book(bench, PushStrategy(name="ahead", kind=StrategyKind.ADVANCE, minimum_status=OrderStatus.UNPAID))
    await bench.store.write(pushes.decide_again, 0)
    count, wake = await bench.decide()
    assert (count, wake) == (1, {"wms"})
    assert await bench.decide() == (0, frozenset())


async def test_an_order_that_grows_too_old_leaves_the_queue_by_itself(bench, kit):
    await bench.absorb(kit.order("1", holds=("wait",)))
    bench.later(days=29, seconds=1)
    await bench.decide()
    row = await bench.row("1")
    assert (row.state, row.again_at) == (PushState.NOT_PUSHED, None)


async def test_a_push_under_way_is_left_alone_when_everything_is_decided_again(bench, kit):
    await in_doubt(bench, kit)
    bench.database.execute_sql("UPDATE pushes SET again_at = 0")
    await bench.decide()
    row = await bench.row("1")
    assert (row.state, row.again_at) == (PushState.IN_DOUBT, None)


@pytest.mark.behaviour("R10", "P12")
async def test_an_action_runs_once_in_its_interval_and_a_refusal_says_when_again(bench):
    now = 1_000_000
    assert await bench.store.write(throttles.allow, "sync", 300_000, now) is None
    assert await bench.store.write(throttles.allow, "sync", 300_000, now + 299_999) == now + 300_000
    assert await bench.store.read(throttles.again_at, "sync", 300_000, now + 1) == now + 300_000
    assert await bench.store.write(throttles.allow, "other", 300_000, now) is None
    assert await bench.store.write(throttles.allow, "sync", 300_000, now + 300_000) is None


@pytest.mark.behaviour("R10", "P12")
async def test_the_limit_survives_a_restart_on_the_same_database(bench):
    from crossdock.store.store import Store

    await bench.store.write(throttles.allow, "sync", 300_000, 1000)
    reborn = Store(bench.database, bench.env, inline=True)
    assert await reborn.write(throttles.allow, "sync", 300_000, 2000) == 301_000


@pytest.mark.behaviour("P12")
async def test_a_clock_that_was_set_back_locks_nobody_out(bench):
    await bench.store.write(throttles.allow, "sync", 300_000, 10**9)
    assert await bench.store.write(throttles.allow, "sync", 300_000, 10**9 - 3_600_000) is None
    assert await bench.store.read(throttles.again_at, "none", 300_000, 0) is None


@pytest.mark.behaviour("R11", "P13")
async def test_a_task_that_a_fault_of_the_database_broke_off_is_done_again(bench):
    task = await bench.store.write(tasks.create, TaskKind.SYNC_ORDER, "oms", 0, origin="user", scope="1")
    assert await bench.store.write(tasks.start, task.id, 1)
    (again,) = await bench.store.read(tasks.queued, "oms")
    assert again.id == task.id
    assert await bench.store.write(tasks.start, task.id, 2)
    await bench.store.write(tasks.finish, task.id, TaskState.SUCCEEDED, 3)
    assert not await bench.store.write(tasks.start, task.id, 4)
    assert await bench.store.read(tasks.queued, "oms") == []


@pytest.mark.behaviour("R11")
async def test_a_task_is_cancelled_only_before_it_starts(bench):
    task = await bench.store.write(tasks.create, TaskKind.SYNC_ORDER, "oms", 0, origin="user", scope="1")
    other = await bench.store.write(tasks.create, TaskKind.SYNC_ORDER, "oms", 0, origin="user", scope="2")
    await bench.store.write(tasks.start, other.id, 1)
    assert await bench.store.write(tasks.cancel, task.id, 1)
    assert not await bench.store.write(tasks.cancel, other.id, 1)
    assert await bench.store.write(tasks.requeue_running) == 1
