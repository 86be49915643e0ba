"""What an answer means for an operation: by tables, and by properties over everything that can be answered."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.rules import operation_outcome
from crossdock.rules.connection_health import Limits
from crossdock.rules.operation_outcome import Answer, OperationPolicy, Outcome
from crossdock.rules.operation_states import ALLOWED, OperationState, UnlistedStep, check_step
from crossdock.rules.outcome import Past
from crossdock.spec import errors
from crossdock.spec.outbound import ItemResult, PushResult, PushStatus

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
POLICY = OperationPolicy(limits=Limits(base_s=2, cap_s=900), settle=timedelta(seconds=60), park_after=3)
S = OperationState
ERRORS = (
    errors.RateLimited("x"), errors.AuthFailed("x"), errors.ConfigError("x"), errors.Unsupported("x"),
    errors.Retryable("x"), errors.Rejected("x"), errors.NotFound("x"), errors.Conflict("x"), errors.BadResponse("x"),
    errors.UnknownOutcome("x"), errors.ContractError("x"), errors.PluginTimeout("x"), errors.PluginStuck("x"),
    errors.ConnectorError("x"),
)  # fmt: skip
SURELY_NOTHING = (errors.Retryable, errors.AuthFailed, errors.ConfigError, errors.Unsupported, errors.Rejected)
answers = st.one_of(st.none(), st.sampled_from(Answer).map(lambda answer: Outcome(answer=answer)))
pasts = st.builds(
    Past, faults=st.integers(0, 9), attempts=st.integers(1, 40), first_fault_at=st.just(NOW - timedelta(days=2))
)


HIGH = random.Random(1)


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Answer.DONE, S.DONE),
        (Answer.REFUSED, S.FAILED),
        (Answer.RETRY, S.QUEUED),
        (Answer.ABSENT, S.QUEUED),
        (Answer.REQUESTED, S.REQUESTED),
        (Answer.UNKNOWN, S.IN_DOUBT),
    ],
)
def test_each_answer_has_its_state(answer, state):
    assert operation_outcome.of_outcome(Outcome(answer=answer), Past(), POLICY, NOW, HIGH, asks=True).state is state


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.behaviour("P4")
def test_only_what_surely_had_no_effect_is_no_doubt(error):
    verdict = operation_outcome.of_failure(error, Past(), POLICY, NOW, HIGH, asks=True)
    assert (verdict.state is S.IN_DOUBT) is not isinstance(error, SURELY_NOTHING)


@given(answers, pasts, st.booleans())
def test_what_is_not_settled_has_a_time_at_which_it_goes_on(outcome, past, asks):
    verdict = operation_outcome.of_outcome(outcome, past, POLICY, NOW, HIGH, asks=asks)
    check_step(S.SENDING, verdict.state)
    assert (verdict.next_at is not None) is (verdict.state in {S.QUEUED, S.IN_DOUBT, S.REQUESTED})
    assert verdict.next_at is None or NOW <= verdict.next_at <= NOW + timedelta(seconds=900)


@given(answers, st.sampled_from([S.IN_DOUBT, S.REQUESTED]), pasts)
@pytest.mark.behaviour("P4")
def test_asking_ends_a_doubt_by_a_definite_answer_only(outcome, before, past):
    verdict = operation_outcome.of_asking(outcome, before, past, POLICY, NOW, HIGH)
    definite = outcome is not None and outcome.answer not in {Answer.UNKNOWN, Answer.RETRY}
    assert definite or verdict.state is before
    assert (verdict.state is S.QUEUED) is (outcome is not None and outcome.answer is Answer.ABSENT)


@pytest.mark.parametrize("before", [S.IN_DOUBT, S.REQUESTED])
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_asking_that_failed_changes_nothing(error, before):
    verdict = operation_outcome.not_asked(error, before, Past(), POLICY, NOW, HIGH)
    assert (verdict.state, verdict.next_at is not None) == (before, True)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_repeat_that_failed_ends_a_doubt_only_by_a_refusal_of_the_very_bytes(error):
    verdict = operation_outcome.of_failure(error, Past(), POLICY, NOW, HIGH, asks=False)
    still = operation_outcome.still_in_doubt(verdict, POLICY, NOW)
    assert still.state is (S.FAILED if isinstance(error, errors.Rejected) else S.IN_DOUBT)
    assert (still.next_at is not None) is (still.state is S.IN_DOUBT)


def test_every_answer_of_a_warehouse_and_of_a_bulk_call_is_read():
    read = {s: operation_outcome.from_push(PushResult(key="k", status=s)).answer for s in PushStatus}
    assert read[PushStatus.DUPLICATE] is read[PushStatus.ACCEPTED] is Answer.DONE
    assert (read[PushStatus.REJECTED], read[PushStatus.UNKNOWN]) == (Answer.REFUSED, Answer.UNKNOWN)
    assert operation_outcome.from_item(ItemResult(ref="r", ok=False, code="c")).answer is Answer.REFUSED


@given(st.sampled_from(S), st.sampled_from(S))
def test_a_step_that_is_not_listed_is_refused(before, after):
    if before is after or after in ALLOWED[before]:
        check_step(before, after)
    else:
        with pytest.raises(UnlistedStep, match=before.name):
            check_step(before, after)
