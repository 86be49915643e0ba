"""Operations carried out: what each answer means, and how doubts are settled."""

from __future__ import annotations

import pytest
from tests.flows.operations_bench import Operations, S

from crossdock.rules.operation_outcome import Answer
from crossdock.spec import errors


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


async def test_rounds_grow_while_the_system_is_quick_so_that_claims_and_saves_are_shared(make):
    world = make()
    await world.queue(*(f"{n:03d}" for n in range(100)))
    commits = []
    write = world.bench.store.write

    async def counted(unit, *args):
        commits.append(unit)
        return await write(unit, *args)

    world.bench.store.write = counted
    await world.run(concurrency=4)
    assert sorted(call[0][0] for call in world.remote.sent) == [f"{n:03d}" for n in range(100)]
    assert len(commits) < 20


async def test_what_a_round_has_no_time_for_is_given_back_untouched_and_sent_in_the_next(make):
    world = make()
    await world.queue(*(f"{n:03d}" for n in range(30)))
    world.remote.on_send = lambda: world.bench.later(seconds=0.2)
    await world.run(concurrency=2)
    assert sorted(call[0][0] for call in world.remote.sent) == [f"{n:03d}" for n in range(30)]
    assert {(await world.row(f"{n:03d}")).attempts for n in range(30)} == {1}


async def test_a_round_begins_no_further_call_once_the_connection_must_be_left_alone(make, kit):
    world = make()
    await world.queue(*(f"{n:03d}" for n in range(30)))
    lane = kit.lane(1)
    world.remote.on_send = lambda: len(world.remote.sent) == 9 and setattr(lane, "callable", False)
    await world.run(lane, concurrency=1)
    assert len(world.remote.sent) == 9
    assert {await world.state(f"{n:03d}") for n in range(9, 30)} == {S.QUEUED}


async def test_what_a_system_cannot_do_at_all_fails_at_once_and_says_nothing_about_the_connection(make):
    world = make()
    await world.queue("a", "b", "c")
    world.remote.script.extend([errors.Unsupported("it takes no notes")] * 3)
    lane = await world.run()
    rows = [await world.row(key) for key in "abc"]
    assert {(row.state, row.error_code, row.error_text) for row in rows} == {
        (S.FAILED, "unsupported", "it takes no notes")
    }
    assert lane.failures == []
