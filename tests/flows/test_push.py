"""Sending: what is done once, what is asked for, what is tried again, and what nobody but a person may decide."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crossdock.rules.push_states import PushState
from crossdock.spec.errors import Conflict, PluginTimeout, RateLimited, Rejected, Retryable, UnknownOutcome, Unsupported
from crossdock.spec.outbound import PushStatus, RemoteOutbound, Stage
from crossdock.store import incidents, outbox

LOST = UnknownOutcome("the answer was lost")


@pytest.mark.behaviour("P4", "R36")
async def test_an_accepted_order_is_pushed_once_and_for_all(bench, kit):
    await bench.absorb(kit.order("1"))
    lane = await bench.push()
    await bench.push()
    row = await bench.row("1")
    assert (row.state, row.remote_id, len(bench.wms.received)) == (PushState.PUSHED, f"R-{row.key}", 1)
    assert lane.tally == {"pushed": 1}


@pytest.mark.behaviour("P4")
async def test_a_warehouse_that_knows_keys_gets_the_same_bytes_again_after_a_lost_answer(bench, kit):
    await bench.absorb(kit.order("1"))
    bench.wms.script.append(LOST)
    await bench.push()
    assert (await bench.row("1")).state is PushState.IN_DOUBT
    bench.later(seconds=10)
    bench.wms.script.append(kit.answer(PushStatus.DUPLICATE, remote_id="W7"))
    await bench.push()
    first, second = bench.wms.received
    assert first == second
    assert (await bench.row("1")).remote_id == "W7"


@pytest.mark.behaviour("P7", "P15")
async def test_an_answer_that_names_none_of_its_orders_counts_against_the_connection(bench, kit):
    """Each order is in doubt; a connector that never names one would send and ask for ever while all was shown well."""
    await bench.absorb(kit.order("1"), kit.order("2"))
    bench.wms.script.append(lambda _: [])
    lane = await bench.push(max_batch=2)
    assert [str(failure) for failure in lane.failures] == ["push_outbound of wms named none of its orders"]
    assert [(await bench.row(ref)).state for ref in "12"] == [PushState.IN_DOUBT, PushState.IN_DOUBT]


async def test_an_answer_that_names_some_of_its_orders_leaves_the_others_in_doubt(bench, kit):
    await bench.absorb(kit.order("1"), kit.order("2"))
    bench.wms.script.append(lambda items: kit.accept(items[:1]))
    lane = await bench.push(max_batch=2)
    assert lane.failures == []
    assert {(await bench.row(ref)).state for ref in "12"} == {PushState.IN_DOUBT, PushState.PUSHED}


@pytest.mark.behaviour("P4")
async def test_a_warehouse_that_can_only_be_asked_is_asked_after_the_quiet_time_and_not_before(bench, kit):
    bench.idempotency = "lookup"
    await bench.absorb(kit.order("1"))
    bench.wms.script.append(LOST)
    await bench.push()
    bench.later(seconds=59)
    await bench.push()
    assert bench.wms.asked == []
    bench.later(seconds=1)
    await bench.push()
    assert bench.wms.asked == [[(await bench.row("1")).key]]


@pytest.mark.behaviour("P4")
async def test_what_the_warehouse_has_is_pushed_without_being_sent_again(bench, kit):
    bench.idempotency = "lookup"
    await bench.absorb(kit.order("1"))
    bench.wms.script.append(LOST)
    await bench.push()
    bench.wms.holds[(await bench.row("1")).key] = "it"
    bench.later(minutes=2)
    await bench.push()
    assert (await bench.row("1")).state is PushState.PUSHED
    assert len(bench.wms.received) == 1


@pytest.mark.behaviour("P4")
async def test_what_the_warehouse_surely_has_not_is_sent_again_with_the_same_bytes(bench, kit):
    bench.idempotency = "lookup"
    await bench.absorb(kit.order("1"))
    bench.wms.script.append(LOST)
    await bench.push()
    await bench.absorb(kit.order("1", lines=(kit.line(quantity=9),)))
    bench.later(minutes=2)
    await bench.push()
    assert bench.wms.received[0] == bench.wms.received[1]
    row = await bench.row("1")
    assert (row.state, row.changed) == (PushState.PUSHED, True)


@pytest.mark.behaviour("P4")
async def test_a_warehouse_that_cannot_be_asked_leaves_the_doubt_to_a_person(bench, kit):
    bench.idempotency, bench.can_find = "none", False
    await bench.absorb(kit.order("1"))
    bench.wms.script.append(LOST)
    await bench.push()
    bench.later(days=3)
    await bench.push()
    row = await bench.row("1")
    assert (row.state, row.needs_person, len(bench.wms.received)) == (PushState.IN_DOUBT, True, 1)


@pytest.mark.behaviour("P4")
async def test_a_warehouse_that_says_it_cannot_be_asked_leaves_the_doubt_to_a_person_and_is_not_asked_again(bench, kit):
    bench.idempotency = "lookup"
    await bench.absorb(kit.order("1"), kit.order("2"))
    bench.wms.script.extend([LOST, LOST])
    await bench.push(max_batch=1, concurrency=1)
    bench.later(minutes=2)
    bench.wms.find_script.append(Unsupported("the WMS has no look-up"))
    lane = await bench.push()
    for ref in ("1", "2"):
        row = await bench.row(ref)
        assert (row.state, row.needs_person, row.next_at) == (PushState.IN_DOUBT, True, None)
        assert "a person has to look" in row.error_text
    assert (lane.failures, lane.tally) == ([], {"in_doubt": 2})
    bench.later(days=3)
    await bench.push()
    assert (len(bench.wms.asked), len(bench.wms.received)) == (1, 2)


@pytest.mark.behaviour("P8")
async def test_asking_that_fails_is_tried_again_and_decides_nothing(bench, kit):
    bench.idempotency = "lookup"
    await bench.absorb(kit.order("1"))
    bench.wms.script.append(LOST)
    await bench.push()
    bench.later(minutes=2)
    bench.wms.find_script.append(Retryable("503"))
    lane = await bench.push()
    assert (await bench.row("1")).state is PushState.IN_DOUBT
    assert len(lane.failures) == 1
    bench.later(minutes=1)
    await bench.push()
    assert (await bench.row("1")).state is PushState.PUSHED


@pytest.mark.behaviour("P4")
async def test_a_result_that_is_missing_in_the_answer_is_in_doubt(bench, kit):
    await bench.absorb(kit.order("1"), kit.order("2"))
    bench.wms.script.append(lambda items: kit.accept(items)[:1])
    await bench.push(max_batch=2)
    states = {(await bench.row(ref)).state for ref in ("1", "2")}
    assert states == {PushState.PUSHED, PushState.IN_DOUBT}


@pytest.mark.behaviour("P8")
async def test_an_order_that_was_surely_not_sent_is_sent_again_by_itself(bench, kit):
    await bench.absorb(kit.order("1"))
    bench.wms.script.append(Retryable("connection refused"))
    await bench.push()
    row = await bench.row("1")
    assert row.state is PushState.PUSH_FAILED
    assert row.next_at is not None
    bench.later(minutes=1)
    await bench.push()
    assert (await bench.row("1")).state is PushState.PUSHED


@pytest.mark.behaviour("P8")
async def test_an_order_that_the_warehouse_wants_later_waits_in_the_queue(bench, kit):
    await bench.absorb(kit.order("1"))
    bench.wms.script.append(RateLimited("429", after=timedelta(seconds=5)))
    await bench.push()
    assert (await bench.row("1")).state is PushState.QUEUED
    assert await bench.moments("1") == ["queued"]


@pytest.mark.behaviour("P4")
async def test_a_doubt_that_is_deferred_when_sent_again_stays_a_doubt(bench, kit):
    await bench.absorb(kit.order("1"))
    for failure in (LOST, RateLimited("429"), Retryable("connection refused"), kit.answer(PushStatus.RETRY)):
        bench.wms.script.append(failure)
        bench.later(minutes=20)
        await bench.push()
        row = await bench.row("1")
        assert row.state is PushState.IN_DOUBT
        assert row.next_at is not None


@pytest.mark.behaviour("P7")
async def test_a_refused_order_is_parked_and_blocks_no_other(bench, kit):
    await bench.absorb(kit.order("1"), kit.order("2"))
    bench.wms.script.append(kit.answer(PushStatus.REJECTED, code="sku", message="no such SKU"))
    await bench.push()
    row = await bench.row("1")
    assert (row.state, row.next_at, row.error_code, row.error_text) == (
        PushState.PUSH_FAILED,
        None,
        "sku",
        "no such SKU",
    )
    assert (await bench.row("2")).state is PushState.PUSHED


@pytest.mark.behaviour("P4", "P7")
async def test_a_batch_that_may_have_been_stored_in_part_is_asked_about_before_anything_goes_again(bench, kit):
    def stores_two_and_refuses(items):
        kept = [item for item in items if item.order_ref != "bad"][:2]
        bench.wms.holds.update({item.key: item for item in kept})
        raise Rejected("one of them is wrong")

    bench.idempotency = "lookup"
    await bench.absorb(*(kit.order(ref) for ref in ("1", "bad", "2", "3")))
    bench.wms.script.append(stores_two_and_refuses)
    await bench.push(max_batch=4)
    assert {(await bench.row(ref)).state for ref in ("1", "bad", "2", "3")} == {PushState.IN_DOUBT}
    bench.later(seconds=kit.SETTLE.total_seconds() + 1)
    bench.wms.script.extend([Rejected("this one", code="sku"), kit.accept])
    await bench.push(max_batch=4)
    assert [[item.order_ref for item in call] for call in bench.wms.calls[1:]] == [["bad"], ["3"]]
    assert (await bench.row("bad")).state is PushState.PUSH_FAILED
    assert {(await bench.row(ref)).state for ref in ("1", "2", "3")} == {PushState.PUSHED}


@pytest.mark.behaviour("P4")
async def test_a_batch_that_may_have_been_stored_in_part_waits_for_a_person_where_nobody_can_be_asked(bench, kit):
    bench.idempotency, bench.can_find = "none", False
    await bench.absorb(kit.order("1"), kit.order("2"))
    bench.wms.script.append(Rejected("one of them is wrong"))
    await bench.push(max_batch=2)
    row = await bench.row("1")
    assert (row.state, row.needs_person, len(bench.wms.calls)) == (PushState.IN_DOUBT, True, 1)
    assert "what of it was stored is not known: one of them is wrong" in row.error_text


@pytest.mark.behaviour("P7")
@pytest.mark.parametrize(("idempotency", "atomic"), [("key", False), ("lookup", True), ("none", True)])
async def test_a_batch_refused_as_a_whole_is_sent_one_by_one_where_that_doubles_nothing(
    bench, kit, idempotency, atomic
):
    bench.idempotency, bench.batch_atomic = idempotency, atomic
    await bench.absorb(*(kit.order(str(n)) for n in range(3)))
    bench.wms.script.extend([Rejected("one of them is wrong"), kit.accept, Rejected("this one", code="sku")])
    await bench.push(max_batch=3)
    assert [len(call) for call in bench.wms.calls] == [3, 1, 1, 1]
    states = [(await bench.row(str(n))).state for n in range(3)]
    assert sorted(states) == [PushState.PUSH_FAILED, PushState.PUSHED, PushState.PUSHED]


@pytest.mark.behaviour("P7")
async def test_an_order_that_fails_for_its_own_reasons_again_and_again_is_parked(bench, kit):
    await bench.absorb(kit.order("1"))
    for _ in range(4):
        bench.wms.script.append(kit.answer(PushStatus.RETRY, message="the bin is locked"))
        await bench.push()
        bench.later(hours=1)
    row = await bench.row("1")
    assert (row.state, row.next_at) == (PushState.PUSH_FAILED, None)
    assert "parked after 3 times" in row.error_text
    assert len(bench.wms.calls) == 3


@pytest.mark.parametrize("told", [True, False])
async def test_a_conflict_about_our_own_key_means_that_it_arrived(bench, kit, told):
    await bench.absorb(kit.order("1"))
    key = (await bench.row("1")).key
    bench.wms.holds[key] = "it"
    bench.wms.script.append(Conflict("exists", remote=RemoteOutbound(key=key, remote_id="W1") if told else None))
    await bench.push()
    assert (await bench.row("1")).state is PushState.PUSHED


async def test_a_conflict_about_something_that_is_not_ours_is_a_refusal(bench, kit):
    await bench.absorb(kit.order("1"), kit.order("2"))
    other = RemoteOutbound(key="XD-other", remote_id="W9")
    bench.wms.script.extend([Conflict("exists", remote=other), Conflict("exists")])
    bench.wms.find_script.append(Retryable("503"))
    await bench.push(max_batch=1, concurrency=1)
    assert {(await bench.row(ref)).state for ref in ("1", "2")} == {PushState.PUSH_FAILED}


async def test_a_conflict_at_a_warehouse_that_cannot_be_asked_is_a_refusal_and_no_failure_of_the_connection(bench, kit):
    await bench.absorb(kit.order("1"))
    bench.wms.script.append(Conflict("exists"))
    bench.wms.find_script.append(Unsupported("the WMS has no look-up"))
    lane = await bench.push()
    assert ((await bench.row("1")).state, lane.failures) == (PushState.PUSH_FAILED, [])


@pytest.mark.behaviour("P11")
async def test_what_was_being_sent_at_a_crash_is_in_doubt_with_a_moment_in_its_timeline(bench, kit):
    await bench.absorb(kit.order("1"))
    await bench.store.write(outbox.claim, 1, "wms", PushState.QUEUED, 10, 10**15)
    bench.runs = 5
    bench.wms.script.append(kit.answer(PushStatus.DUPLICATE, remote_id="W1"))
    await bench.push()
    assert await bench.moments("1") == ["in_doubt", "sent"]
    assert (await bench.row("1")).state is PushState.PUSHED


@pytest.mark.parametrize(
    ("idempotency", "said"),
    [
        ("key", "the same bytes are sent again under the same key"),
        ("lookup", "the warehouse is asked before anything is sent again"),
        ("none", "a person looks into the warehouse"),
    ],
)
async def test_what_was_being_sent_at_a_crash_says_how_the_doubt_is_settled(bench, kit, idempotency, said):
    bench.idempotency, bench.can_find = idempotency, idempotency == "lookup"
    await bench.absorb(kit.order("1"))
    await bench.store.write(outbox.claim, 1, "wms", PushState.QUEUED, 10, 10**15)
    bench.runs = 5
    await bench.push()
    (detail,) = bench.database.execute_sql("SELECT detail FROM timeline WHERE what = 'in_doubt'").fetchone()
    assert detail.startswith(f"crossdock stopped while this was being sent; {said}")


@pytest.mark.behaviour("P14")
async def test_an_older_run_takes_nothing_over_from_a_newer_one(bench, kit):
    await bench.absorb(kit.order("1"))
    await bench.store.write(outbox.claim, 7, "wms", PushState.QUEUED, 10, 10**15)
    taken = await bench.store.write(outbox.take_over, 3, "wms", 0, 0)
    assert taken == 0
    assert (await bench.row("1")).state is PushState.SENDING


@pytest.mark.behaviour("P14")
async def test_a_run_whose_pushes_were_taken_over_writes_nothing(bench, kit):
    await bench.absorb(kit.order("1"))

    def taken_over():
        bench.store._run("BEGIN IMMEDIATE", outbox.take_over, (99, "wms", 1, None), {})

    bench.wms.on_call = taken_over
    await bench.push()
    row = await bench.row("1")
    assert (row.state, row.needs_person) == (PushState.IN_DOUBT, True)


@pytest.mark.behaviour("P10")
async def test_a_run_that_has_to_end_gives_back_what_it_did_not_send(bench, kit):
    await bench.absorb(kit.order("1"), kit.order("2"))
    lane = kit.lane(0)

    def stop():
        lane.going = False

    bench.wms.on_call = stop
    await bench.push(lane, max_batch=1, concurrency=1)
    rows = [await bench.row(ref) for ref in ("1", "2")]
    assert sorted(row.state for row in rows) == [PushState.QUEUED, PushState.PUSHED]
    assert sorted(row.attempts for row in rows) == [0, 1]


@pytest.mark.behaviour("P4", "P10")
async def test_what_a_stop_left_in_doubt_waits_for_a_person_where_nobody_can_be_asked(bench, kit):
    bench.idempotency, bench.can_find = "none", False
    await bench.absorb(kit.order("1"))
    await bench.store.write(outbox.claim, 1, "wms", PushState.QUEUED, 10, 10**15)
    await bench.store.write(outbox.take_over, 2, "wms", 0, 0)  # as a stop does, which knows no warehouse
    bench.runs = 5
    await bench.push()
    row = await bench.row("1")
    assert (row.state, row.needs_person, row.next_at) == (PushState.IN_DOUBT, True, None)


@pytest.mark.behaviour("P7")
async def test_a_fault_of_our_own_in_one_call_loses_nothing_that_other_calls_brought(bench, kit):
    """What other calls had brought was thrown away and in doubt after one call that nobody had foreseen."""
    await bench.absorb(*(kit.order(str(number)) for number in range(1, 5)))

    def fault(_):
        raise TypeError("nobody foresaw this")

    bench.wms.script.extend([kit.accept, fault])
    with pytest.raises(TypeError, match="foresaw"):
        await bench.push(concurrency=3, max_batch=1)
    states = [(await bench.row(str(number))).state for number in range(1, 5)]
    assert sorted(states) == [PushState.QUEUED, PushState.QUEUED, PushState.SENDING, PushState.PUSHED]
    await bench.push()
    assert [(await bench.row(str(number))).state for number in range(1, 5)] == [PushState.PUSHED] * 4


async def test_an_order_that_a_warehouse_cannot_take_at_all_fails_at_once_and_nothing_pauses(bench, kit):
    await bench.absorb(kit.order("1"), kit.order("2"))
    bench.wms.script.extend([Unsupported("it takes no orders by this way")] * 2)
    lane = await bench.push()
    row = await bench.row("1")
    assert (row.state, row.next_at, row.error_text) == (PushState.PUSH_FAILED, None, "it takes no orders by this way")
    assert lane.failures == []
    bench.later(hours=1)
    await bench.push()
    assert len(bench.wms.received) == 2


@pytest.mark.behaviour("P4", "R15")
@pytest.mark.parametrize("told", ["asked", "raised"])
async def test_what_the_warehouse_cancelled_while_its_push_was_in_doubt_waits_for_a_person(bench, kit, told):
    """It counted as pushed and done, and the order never shipped."""
    await bench.absorb(kit.order("1"))
    bench.idempotency = "lookup"
    bench.wms.script.append(LOST)
    await bench.push()
    key = (await bench.row("1")).key
    gone = RemoteOutbound(key=key, remote_id="W9", state="voided", stage=Stage.CANCELLED)
    if told == "asked":

        async def find(keys):
            return {key: gone}

        bench.wms.find_outbound = find
    else:
        bench.idempotency = "key"
        bench.wms.script.append(Conflict("there is one", remote=gone))
    bench.later(seconds=120)
    await bench.push()
    row, stored = await bench.row("1"), await bench.stored("1")
    assert (row.state, row.remote_id) == (PushState.REJECTED, "W9")
    assert row.report_at is not None  # it is told that it arrived, so that it can be told what became of it
    held = await bench.store.read(incidents.of_subject, f"order:{stored.id}")
    assert [(each.operation, each.code) for each in held] == [("outbound_document", "rejected")]
    assert (await bench.moments("1"))[-1] == "rejected"


async def test_a_look_up_that_takes_too_long_is_made_with_fewer_keys(bench, kit):
    bench.idempotency = "lookup"
    await bench.absorb(*(kit.order(str(number)) for number in range(1, 6)))
    bench.wms.script.extend([LOST] * 5)
    await bench.push()
    bench.later(seconds=120)
    asked, whole = [], bench.wms.find_outbound

    async def find(keys):
        asked.append(len(keys))
        if len(keys) > 2:
            raise PluginTimeout("find_outbound of wms did not end within 30 s")
        return await whole(keys)

    bench.wms.find_outbound = find
    lane = await bench.push()
    assert asked == [5, 2, 2, 1]
    assert lane.failures == []
    assert {(await bench.row(str(number))).state for number in range(1, 6)} == {PushState.PUSHED}


async def test_a_look_up_that_takes_too_long_for_one_key_is_a_failure_of_the_connection(bench, kit):
    bench.idempotency = "lookup"
    await bench.absorb(kit.order("1"), kit.order("2"))
    bench.wms.script.extend([LOST] * 2)
    await bench.push()
    bench.later(seconds=120)
    bench.wms.find_script.extend([PluginTimeout("slow")] * 2)
    lane = await bench.push()
    assert [len(keys) for keys in bench.wms.asked] == [2, 1]
    assert len(lane.failures) == 1
    assert {(await bench.row(ref)).state for ref in "12"} == {PushState.IN_DOUBT}
