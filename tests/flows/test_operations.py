"""Operations carried out: one round after the other against a remote system that does as scripted."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import timedelta

import pytest

from crossdock.flows.operations import carry_out
from crossdock.rules.connection_health import Limits
from crossdock.rules.operation_outcome import Answer, OperationPolicy, Outcome
from crossdock.rules.operation_states import OperationState
from crossdock.spec import errors
from crossdock.store import incidents, operations
from crossdock.store.operations import NewOperation
from crossdock.store.times import to_ms

S = OperationState
SETTLE = timedelta(seconds=60)


class Killed(BaseException):
    """The process ends here."""


class Remote:
    """A handler of kind "note": answers each call with the next entry of its script, else that all is done."""

    kind = "note"

    def __init__(self, *, asks=False, batch=1):
        self.asks, self.batch = asks, batch
        self.script, self.ask_script = deque(), deque()
        self.sent, self.asked, self.ended = [], [], []
        self.on_send = lambda: None

    async def send(self, claimed):
        self.sent.append([(o.key, o.body) for o in claimed])
        self.on_send()
        return self._answer(self.script, claimed)

    async def ask(self, claimed):
        self.asked.append([o.key for o in claimed])
        return self._answer(self.ask_script, claimed)

    def _answer(self, script, claimed):
        entry = script.popleft() if script else Answer.DONE
        if isinstance(entry, BaseException):
            raise entry
        if isinstance(entry, dict):
            return {key: Outcome(answer=answer) for key, answer in entry.items()}
        return {o.key: Outcome(answer=entry, remote_id="R", text=f"it said {entry}") for o in claimed}

    def settled(self, tx, operation, verdict, now):
        self.ended.append((operation.key, verdict.state.name))


class Operations:
    """The flow with a remote system, one call each."""

    def __init__(self, bench, kit, **remote):
        self.bench, self.kit = bench, kit
        self.remote = Remote(**remote)
        self.handlers = {"note": self.remote}

    async def queue(self, *keys, subject=None, kind="note", connection="wms"):
        for key in keys:
            new = NewOperation(
                connection=connection, kind=kind, subject=subject or key, entity_id=1, revision=1, key=key,
                body=f"body of {key}".encode(),
            )  # fmt: skip
            await self.bench.store.write(operations.enqueue, new, to_ms(self.bench.env.now()))

    async def run(self, lane=None, concurrency=4):
        self.bench.runs += 1
        lane = lane or self.kit.lane(self.bench.runs)
        lane.run = self.bench.runs
        policy = OperationPolicy(
            limits=Limits(base_s=1, cap_s=30), settle=SETTLE, park_after=3, park_span=timedelta(hours=1)
        )
        self.more = await carry_out(self.handlers, self.bench.house, lane, policy, concurrency)
        return lane

    async def row(self, key):
        return await self.bench.store.read(operations.by_key, key)

    async def state(self, key):
        return (await self.row(key)).state


@pytest.fixture
def make(bench, kit):
    return lambda **remote: Operations(bench, kit, **remote)


async def test_what_is_queued_is_sent_once_and_its_rows_follow(make):
    world = make()
    await world.queue("a", "b")
    lane = await world.run()
    await world.run()
    assert world.remote.sent == [[("a", b"body of a")], [("b", b"body of b")]]
    assert world.remote.ended == [("a", "DONE"), ("b", "DONE")]
    assert (await world.row("a")).remote_id == "R"
    assert lane.tally == {"done": 2}
    assert world.more is False


async def test_a_refused_one_is_failed_with_the_reason_and_not_sent_again(make):
    world = make()
    await world.queue("a")
    world.remote.script.append(Answer.REFUSED)
    await world.run()
    world.bench.later(days=1)
    await world.run()
    row = await world.row("a")
    assert (row.state, row.error_text, len(world.remote.sent)) == (S.FAILED, "it said refused", 1)


async def test_not_now_is_tried_again_later_and_parked_in_the_end(make):
    world = make()
    await world.queue("a")
    world.remote.script.extend([Answer.RETRY] * 5)
    await world.run()
    assert await world.state("a") is S.QUEUED
    await world.run()
    assert len(world.remote.sent) == 1
    for _ in range(3):
        world.bench.later(hours=1)
        await world.run()
    row = await world.row("a")
    assert (row.state, row.error_kind, len(world.remote.sent)) == (S.FAILED, "Parked", 3)


@pytest.mark.behaviour("P4")
async def test_a_lost_answer_of_one_that_cannot_be_asked_about_sends_the_same_bytes_again(make):
    world = make()
    await world.queue("a")
    world.remote.script.append(errors.UnknownOutcome("the line broke"))
    await world.run()
    assert await world.state("a") is S.IN_DOUBT
    world.bench.later(minutes=10)
    await world.run()
    assert world.remote.sent == [[("a", b"body of a")]] * 2
    assert await world.state("a") is S.DONE


@pytest.mark.behaviour("P4")
async def test_a_lost_answer_of_one_that_can_be_asked_about_is_asked_about_after_its_quiet_time(make):
    world = make(asks=True)
    await world.queue("a")
    world.remote.script.append(errors.UnknownOutcome("the line broke"))
    await world.run()
    world.bench.later(seconds=59)
    await world.run()
    assert world.remote.asked == []
    world.bench.later(seconds=2)
    await world.run()
    assert (world.remote.asked, len(world.remote.sent)) == ([["a"]], 1)
    assert await world.state("a") is S.DONE


async def test_what_asking_shows_to_be_absent_is_sent_again(make):
    world = make(asks=True)
    await world.queue("a")
    world.remote.script.append(errors.UnknownOutcome("the line broke"))
    world.remote.ask_script.append(Answer.ABSENT)
    await world.run()
    world.bench.later(minutes=2)
    await world.run()
    assert len(world.remote.sent) == 2
    assert await world.state("a") is S.DONE


@pytest.mark.parametrize("said", [Answer.RETRY, Answer.UNKNOWN, {}, errors.Retryable("down"), errors.Unsupported("no")])
async def test_asking_without_a_definite_answer_leaves_a_doubt_a_doubt(make, said):
    world = make(asks=True)
    await world.queue("a")
    world.remote.script.append(errors.UnknownOutcome("the line broke"))
    world.remote.ask_script.append(said)
    await world.run()
    world.bench.later(minutes=2)
    await world.run()
    assert await world.state("a") is S.IN_DOUBT
    assert len(world.remote.sent) == 1


async def test_what_was_passed_on_is_asked_about_until_it_is_decided(make):
    world = make()
    await world.queue("a")
    world.remote.script.append(Answer.REQUESTED)
    world.remote.ask_script.extend([Answer.REQUESTED, Answer.REFUSED])
    await world.run()
    assert await world.state("a") is S.REQUESTED
    for _ in range(2):
        world.bench.later(minutes=2)
        await world.run()
    assert (len(world.remote.sent), len(world.remote.asked)) == (1, 2)
    assert await world.state("a") is S.FAILED


@pytest.mark.parametrize("said", [Answer.UNKNOWN, {}, errors.Retryable("down")])
async def test_what_was_passed_on_is_not_sent_again_because_nobody_could_be_asked(make, said):
    world = make()
    await world.queue("a")
    world.remote.script.append(Answer.REQUESTED)
    world.remote.ask_script.append(said)
    await world.run()
    for _ in range(2):
        world.bench.later(minutes=2)
        await world.run()
    assert (len(world.remote.sent), len(world.remote.asked)) == (1, 2)
    assert await world.state("a") is S.DONE


async def test_not_now_said_of_a_repeat_does_not_end_the_doubt_about_the_first_attempt(make):
    world = make()
    await world.queue("a")
    world.remote.script.extend([errors.UnknownOutcome("lost"), *[Answer.RETRY] * 4])
    await world.run()
    for _ in range(4):
        world.bench.later(hours=2)
        await world.run()
        assert await world.state("a") is S.IN_DOUBT
    world.bench.later(hours=2)
    await world.run()
    assert await world.state("a") is S.DONE


async def test_a_connector_that_lost_the_ability_does_not_end_a_doubt(make):
    world = make()
    await world.queue("a")
    world.remote.script.extend([errors.UnknownOutcome("lost"), errors.Unsupported("gone")])
    await world.run()
    world.bench.later(hours=2)
    await world.run()
    assert await world.state("a") is S.IN_DOUBT


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
