"""Operations carried out together: order, batches, faults, crashes, overtaken runs."""

from __future__ import annotations

import asyncio

import pytest
from tests.flows.operations_bench import Killed, Operations, S

from crossdock.rules.operation_outcome import Answer
from crossdock.spec import errors
from crossdock.store import incidents, operations
from crossdock.store.times import to_ms


@pytest.fixture
def make(bench, kit):
    return lambda **remote: Operations(bench, kit, **remote)


async def test_one_on_a_subject_at_a_time_and_in_order(make):
    world = make()
    await world.queue("a", "b", "c", subject="thing")
    world.remote.script.extend([Answer.DONE, errors.UnknownOutcome("lost")])
    await world.run()
    assert [key for call in world.remote.sent for key, _ in call] == ["a", "b"]
    world.bench.later(minutes=5)
    await world.run()
    assert [key for call in world.remote.sent for key, _ in call] == ["a", "b", "b", "c"]


async def test_a_failed_one_lets_later_ones_go_and_is_not_sent_again_behind_them(make):
    world = make()
    await world.queue("a", "b", subject="thing")
    world.remote.script.extend([Answer.REFUSED, errors.UnknownOutcome("lost")])
    await world.run()
    failed = await world.row("a")
    now = to_ms(world.bench.env.now())
    assert await world.bench.store.write(operations.requeue, [failed.id], now) == 0
    assert await world.state("a") is S.FAILED
    world.bench.later(minutes=5)
    await world.run()
    assert await world.bench.store.write(operations.requeue, [failed.id], now) == 1


async def test_a_newer_one_takes_the_place_of_those_that_surely_had_no_effect(make):
    world = make()
    await world.queue("sent", subject="thing")
    world.remote.script.append(errors.UnknownOutcome("lost"))
    await world.run()
    await world.queue("waiting", subject="thing")
    now = to_ms(world.bench.env.now())
    assert await world.bench.store.write(operations.supersede, "wms", "thing", "note", now) == 1
    await world.queue("new", subject="thing")
    world.bench.later(minutes=5)
    await world.run()
    assert [key for call in world.remote.sent for key, _ in call] == ["sent", "sent", "new"]
    assert await world.state("waiting") is S.SUPERSEDED


async def test_batches_are_filled_however_few_calls_may_be_in_flight(make):
    world = make(batch=10)
    await world.queue(*(f"k{n:02}" for n in range(25)))
    await world.run(concurrency=2)
    assert [len(call) for call in world.remote.sent] == [10, 10, 5]


async def test_never_more_calls_in_flight_than_allowed(make):
    world = make()
    await world.queue(*(f"k{n:02}" for n in range(9)))
    inside, most = 0, 0
    answer = world.remote.send

    async def send(claimed):
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0)
        inside -= 1
        return await answer(claimed)

    world.remote.send = send
    await world.run(concurrency=3)
    assert most == 3
    assert len(world.remote.sent) == 9


async def test_a_batch_that_is_refused_together_goes_one_by_one(make):
    world = make(batch=3)
    await world.queue("a", "b", "c")
    world.remote.script.extend([errors.Rejected("bad"), Answer.DONE, errors.Rejected("bad one"), Answer.DONE])
    await world.run()
    assert [len(call) for call in world.remote.sent] == [3, 1, 1, 1]
    assert [await world.state(key) for key in "abc"] == [S.DONE, S.FAILED, S.DONE]


async def test_going_one_by_one_ends_when_the_connection_is_to_be_left_alone(make):
    world = make(batch=3)
    await world.queue("a", "b", "c")
    lane = world.kit.lane(0)
    lane.failed = lambda error: setattr(lane, "callable", False)
    world.remote.script.extend([errors.Rejected("bad"), errors.RateLimited("slow down")])
    await world.run(lane)
    assert [len(call) for call in world.remote.sent] == [3, 1]
    assert [await world.state(key) for key in "abc"] == [S.QUEUED, S.IN_DOUBT, S.IN_DOUBT]


async def test_while_it_is_tried_out_one_goes_alone(make):
    world = make(batch=10)
    await world.queue("a", "b", "c")
    lane = world.kit.lane(0)
    lane.alone = lambda: True
    await world.run(lane)
    assert [len(call) for call in world.remote.sent] == [1, 1, 1]


async def test_an_answer_that_does_not_mention_one_leaves_it_in_doubt(make):
    world = make(batch=2)
    await world.queue("a", "b")
    world.remote.script.append({"a": Answer.DONE})
    await world.run()
    assert [await world.state(key) for key in "ab"] == [S.DONE, S.IN_DOUBT]


@pytest.mark.parametrize("before", [None, errors.UnknownOutcome("lost"), Answer.REQUESTED])
async def test_without_a_handler_one_waits_as_it_is_and_a_person_sees_it(make, before):
    world = make()
    await world.queue("a")
    if before is not None:
        world.remote.script.append(before)
        await world.run()
        world.bench.later(minutes=5)
    stood = await world.state("a")
    world.handlers.clear()
    await world.run()
    row = await world.row("a")
    assert (row.state, "it waits until it can" in row.error_text) == (stood, True)
    assert [i.cause for i in await world.bench.store.read(incidents.page, 0, 10)] == ["validation"]
    world.handlers["note"] = world.remote
    world.bench.later(minutes=5)
    await world.run()
    assert await world.state("a") is S.DONE
    assert await world.bench.store.read(incidents.page, 0, 10) == []


async def test_a_fault_of_our_own_loses_no_other_answer_and_holds_nobody_up(make):
    world = make()
    await world.queue("a", "b", "c")
    world.remote.script.extend([ValueError("a bug"), Answer.DONE, Answer.DONE])
    with pytest.raises(ValueError, match="a bug"):
        await world.run()
    assert [await world.state(key) for key in "abc"] == [S.IN_DOUBT, S.DONE, S.DONE]
    await world.queue("d")
    await world.run()
    assert [key for call in world.remote.sent for key, _ in call] == ["a", "b", "c", "d"]


async def test_rows_that_cannot_follow_hold_up_nobody_else(make):
    world = make()
    await world.queue("a", "b")
    broken = {"a"}
    follow = world.remote.settled

    def settled(tx, operation, verdict, now):
        if operation.key in broken:
            raise ValueError("its rows are gone")
        follow(tx, operation, verdict, now)

    world.remote.settled = settled
    with pytest.raises(ValueError, match="rows are gone"):
        await world.run()
    assert [await world.state(key) for key in "ab"] == [S.IN_DOUBT, S.DONE]
    assert world.remote.ended == [("b", "DONE")]
    broken.clear()
    world.bench.later(minutes=5)
    await world.run()
    assert await world.state("a") is S.DONE


@pytest.mark.behaviour("P6")
async def test_what_a_killed_run_left_as_sending_is_taken_over_by_the_next(make):
    world = make()
    await world.queue("a")
    world.remote.script.append(Killed())
    with pytest.raises(Killed):
        await world.run()
    assert await world.state("a") is S.SENDING
    await world.run()
    assert await world.state("a") is S.IN_DOUBT
    assert len(world.remote.sent) == 1
    world.bench.later(seconds=61)
    await world.run()
    assert await world.state("a") is S.DONE


async def test_a_run_that_was_overtaken_saves_nothing(make):
    world = make()
    await world.queue("a")

    answer = world.remote.send

    async def send(claimed):
        await world.bench.store.write(operations.take_over, world.bench.runs + 1, "wms", 0, 10**15)
        return await answer(claimed)

    world.remote.send = send
    await world.run()
    assert (await world.state("a"), world.remote.ended) == (S.IN_DOUBT, [])


async def test_a_cancelled_run_leaves_its_rows_for_the_next(make):
    world = make()
    await world.queue("a", "b")
    waiting = asyncio.Event()

    async def send(_claimed):
        waiting.set()
        await asyncio.Event().wait()

    world.remote.send = send
    run = asyncio.create_task(world.run())
    await waiting.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert [await world.state(key) for key in "ab"] == [S.SENDING, S.SENDING]


@pytest.mark.parametrize("error", [errors.RateLimited("wait"), errors.AuthFailed("no"), errors.ConfigError("no")])
async def test_a_definite_answer_about_the_connection_leaves_no_doubt(make, error):
    world = make()
    await world.queue("a")
    lane = world.kit.lane(0)
    lane.failed = lambda _: setattr(lane, "callable", False)
    world.remote.script.append(error)
    await world.run(lane)
    assert (await world.state("a"), world.more) == (S.QUEUED, True)


async def test_another_connections_operations_are_left_alone(make):
    world = make()
    await world.queue("a", connection="other")
    await world.run()
    assert world.remote.sent == []
