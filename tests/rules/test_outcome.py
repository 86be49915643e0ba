"""What the answer to a push means: done, refused, not now, or nobody knows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.rules import outcome
from crossdock.rules.backoff import delay, honoured
from crossdock.rules.connection_health import Limits
from crossdock.rules.outcome import Past, PushPolicy, Verdict
from crossdock.rules.push_states import PushState
from crossdock.spec import errors
from crossdock.spec.outbound import PushResult, PushStatus, RemoteOutbound, Stage

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LOOKUP = PushPolicy(idempotency="lookup", can_find=True, settle=timedelta(seconds=60), limits=Limits())
KEY = PushPolicy(idempotency="key", can_find=True, settle=timedelta(seconds=60), limits=Limits())
NONE = PushPolicy(idempotency="none", can_find=False, settle=timedelta(seconds=60), limits=Limits())


class Half:
    """Chance that always says one half."""

    def random(self):
        return 0.5


def result(status, policy=KEY, past=None, **fields):
    found = PushResult(key="K", status=status, **fields)
    return outcome.of_result(found, past or Past(), policy, NOW, Half())


def error(failure, policy=KEY, past=None):
    return outcome.of_error(failure, past or Past(), policy, NOW, Half())


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize("status", [PushStatus.ACCEPTED, PushStatus.DUPLICATE])
def test_what_the_warehouse_has_is_pushed(status):
    verdict = result(status, remote_id="W1")
    assert (verdict.state, verdict.remote_id, verdict.next_at) == (PushState.PUSHED, "W1", None)


@pytest.mark.behaviour("P7")
def test_a_refusal_is_parked_with_its_reason_or_says_that_there_was_none():
    told, silent = result(PushStatus.REJECTED, code="sku", message="no such SKU"), result(PushStatus.REJECTED)
    assert (told.state, told.next_at, told.code, told.text) == (PushState.PUSH_FAILED, None, "sku", "no such SKU")
    assert silent.text == "the warehouse refused it without a reason"


@pytest.mark.behaviour("P7")
def test_not_now_waits_in_the_queue_and_is_parked_only_after_often_enough_and_long_enough():
    first = result(PushStatus.RETRY)
    assert (first.state, first.faults, first.first_fault_at) == (PushState.QUEUED, 1, NOW)
    assert first.next_at > NOW
    often = result(PushStatus.RETRY, past=Past(faults=20, first_fault_at=NOW - timedelta(hours=23)))
    assert often.state is PushState.QUEUED
    parked = result(PushStatus.RETRY, past=Past(faults=7, first_fault_at=NOW - timedelta(days=1)))
    assert (parked.state, parked.kind, parked.next_at) == (PushState.PUSH_FAILED, "Parked", None)


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize(
    ("policy", "wait_s", "needs_person"),
    [(KEY, 1.1, False), (LOOKUP, 60, False), (NONE, None, True)],
)
def test_an_unknown_outcome_is_asked_for_as_the_warehouse_allows(policy, wait_s, needs_person):
    for verdict in (
        error(errors.UnknownOutcome("lost"), policy),
        error(errors.PluginTimeout("slow"), policy),
        error(errors.ContractError("odd"), policy),
        error(errors.BadResponse("HTML"), policy),
        result(PushStatus.UNKNOWN, policy),
        outcome.of_result(None, Past(), policy, NOW, Half()),
    ):
        waits = None if verdict.next_at is None else (verdict.next_at - NOW).total_seconds()
        assert (verdict.state, waits, verdict.needs_person) == (PushState.IN_DOUBT, wait_s, needs_person)


def test_a_warehouse_that_should_be_asked_and_cannot_be_leaves_it_to_a_person():
    deaf = PushPolicy(idempotency="lookup", can_find=False, settle=timedelta(), limits=Limits())
    assert error(errors.UnknownOutcome("lost"), deaf).needs_person


@pytest.mark.parametrize("failure", [errors.RateLimited("429"), errors.AuthFailed("401"), errors.ConfigError("no")])
def test_a_definite_answer_about_the_connection_keeps_the_order_in_the_queue(failure):
    verdict = error(failure)
    assert (verdict.state, verdict.next_at, verdict.faults) == (PushState.QUEUED, NOW, 0)


def test_what_a_warehouse_cannot_do_at_all_fails_at_once_and_settles_no_earlier_doubt():
    verdict = error(errors.Unsupported("it takes no orders by this way"))
    assert (verdict.state, verdict.next_at, verdict.code) == (PushState.PUSH_FAILED, None, "unsupported")
    assert verdict.text == "it takes no orders by this way"
    doubted = outcome.still_in_doubt(verdict)
    assert (doubted.state, doubted.needs_person) == (PushState.IN_DOUBT, True)


def test_a_document_that_was_found_cancelled_is_told_from_one_that_is_under_way():
    remote = RemoteOutbound(key="K", remote_id="", state="void", stage=Stage.CANCELLED)
    found = outcome.of_found(remote)
    assert (found.state, found.remote_id, found.cancelled_there) == (PushState.PUSHED, None, "void")
    assert outcome.of_found(RemoteOutbound(key="K", remote_id="R", stage=Stage.PACKED)).cancelled_there is None


@pytest.mark.behaviour("P8")
def test_what_was_surely_not_sent_failed_for_now_and_is_tried_again():
    verdict = error(errors.Retryable("refused"), past=Past(attempts=3))
    assert (verdict.state, verdict.next_at > NOW) == (PushState.PUSH_FAILED, True)


@pytest.mark.behaviour("P7")
@pytest.mark.parametrize(
    "failure", [errors.Rejected("bad", code="x"), errors.Conflict("exists"), errors.NotFound("gone")]
)
def test_a_refused_call_is_parked_under_the_name_of_its_error(failure):
    verdict = error(failure)
    assert (verdict.state, verdict.next_at, verdict.kind) == (PushState.PUSH_FAILED, None, type(failure).__name__)


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize(
    ("verdict", "state", "needs_person"),
    [
        (Verdict(state=PushState.QUEUED, next_at=NOW), PushState.IN_DOUBT, False),
        (Verdict(state=PushState.PUSH_FAILED, next_at=NOW, kind="Retryable"), PushState.IN_DOUBT, False),
        (Verdict(state=PushState.PUSH_FAILED, kind="Parked"), PushState.IN_DOUBT, True),
        (Verdict(state=PushState.PUSH_FAILED, kind="Rejected"), PushState.PUSH_FAILED, False),
        (Verdict(state=PushState.PUSHED), PushState.PUSHED, False),
        (Verdict(state=PushState.IN_DOUBT, next_at=NOW), PushState.IN_DOUBT, False),
    ],
)
def test_not_now_said_of_a_doubt_leaves_it_a_doubt(verdict, state, needs_person):
    judged = outcome.still_in_doubt(verdict)
    assert (judged.state, judged.needs_person, judged.next_at) == (state, needs_person, verdict.next_at)


@pytest.mark.behaviour("P4")
@given(st.sampled_from(sorted(PushStatus)), st.sampled_from([KEY, LOOKUP, NONE]), st.integers(0, 50))
def test_whatever_a_warehouse_says_something_is_due_or_somebody_is_asked_or_it_is_over(status, policy, faults):
    verdict = result(status, policy, Past(faults=faults, first_fault_at=NOW - timedelta(days=2)))
    waiting = verdict.state in (PushState.QUEUED, PushState.IN_DOUBT)
    assert waiting == (verdict.next_at is not None or verdict.needs_person)


@pytest.mark.behaviour("P8")
@given(st.integers(1, 10**6), st.floats(0.001, 3600), st.floats(0.001, 86_400), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_never_longer_than_its_cap_nor_shorter_than_a_tenth_of_its_span(attempt, base, cap, chance):
    class Chance:
        def random(self):
            return chance

    waits = delay(attempt, base, cap, Chance()).total_seconds()
    span = min(cap, base * 2.0 ** min(attempt - 1, 60))
    assert span * 0.1 - 1e-6 <= waits <= span + 1e-6


def test_a_wait_asked_for_is_never_negative_nor_absurd():
    assert honoured(None, 60) is None
    assert honoured(timedelta(seconds=-3), 60) == timedelta()
    assert honoured(timedelta(days=10), 60) == timedelta(minutes=1)
