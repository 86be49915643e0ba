"""What the answer to an operation means for it: done, refused, tried again, in doubt (RELIABILITY P4, P7, P8)."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.rules.backoff import delay
from crossdock.rules.connection_health import Limits
from crossdock.rules.operation_states import OperationState
from crossdock.spec import errors
from crossdock.spec.outbound import ItemResult, PushResult, PushStatus

if TYPE_CHECKING:
    from crossdock.rules.backoff import Random
    from crossdock.rules.outcome import Past


class Answer(StrEnum):
    """What a remote system said about one operation, or what asking it showed.

    ABSENT is an answer to asking only: it surely had no effect, and is sent again.
    """

    DONE = "done"
    REFUSED = "refused"
    RETRY = "retry"
    UNKNOWN = "unknown"
    REQUESTED = "requested"
    ABSENT = "absent"


class Outcome(Struct, frozen=True, kw_only=True, gc=False):
    """One answer. `shown` is what a handler wants to keep of it for its own rows."""

    answer: Answer
    remote_id: str | None = None
    code: str | None = None
    text: str | None = None
    shown: object = None


class OperationPolicy(Struct, frozen=True, kw_only=True):
    """How a connection's failures are handled; `settle` is how long an outcome must be unknown before it is asked about."""

    limits: Limits
    settle: timedelta
    park_after: int = 8
    park_span: timedelta = timedelta(days=1)


class OperationVerdict(Struct, frozen=True, kw_only=True, gc=False):
    """The next state of an operation. `next_at` is when something is due again (UTC)."""

    state: OperationState
    next_at: datetime | None = None
    faults: int = 0
    first_fault_at: datetime | None = None
    remote_id: str | None = None
    kind: str | None = None
    code: str | None = None
    text: str | None = None
    shown: object = None


ASK_AGAIN = timedelta(seconds=60)
"""What was passed on is asked about so often, at most."""
NO_HANDLER = "NoHandler"
FAULT = "fault"
NOT_DEFINITE = frozenset({"Unsupported", "Parked"})
"""Failures that say nothing about an earlier attempt with the same bytes."""


def of_outcome(
    outcome: Outcome | None, past: Past, policy: OperationPolicy, now: datetime, random: Random, *, asks: bool
) -> OperationVerdict:
    """Judge one answer; None is an operation that the answer did not mention. `asks`: a doubt is settled by asking."""
    if outcome is None:
        return _in_doubt("no_result", "the answer did not mention it", past, policy, now, random, asks=asks)
    code, text = outcome.code, outcome.text
    match outcome.answer:
        case Answer.DONE:
            return OperationVerdict(state=OperationState.DONE, remote_id=outcome.remote_id, shown=outcome.shown)
        case Answer.REFUSED:
            return _kept(
                OperationState.FAILED, past, kind="Rejected", code=code or "rejected",
                text=text or "it was refused without a reason", shown=outcome.shown,
            )  # fmt: skip
        case Answer.RETRY:
            return _not_now(outcome, past, policy, now, random)
        case Answer.ABSENT:
            return _kept(OperationState.QUEUED, past, next_at=now, kind="absent", text=text)
        case Answer.REQUESTED:
            text = text or "the remote system passed it on and has not decided yet"
            return _kept(
                OperationState.REQUESTED, past, next_at=now + _ask_wait(policy), kind="Requested", text=text,
                shown=outcome.shown,
            )  # fmt: skip
        case Answer.UNKNOWN:
            text = text or "the remote system could not say whether it took effect"
            return _in_doubt(code or "unknown", text, past, policy, now, random, asks=asks)


def of_failure(
    error: errors.ConnectorError, past: Past, policy: OperationPolicy, now: datetime, random: Random, *, asks: bool
) -> OperationVerdict:
    """Judge a call that failed as a whole. Only a definite answer, or one before anything was sent, is no doubt."""
    kind = type(error).__name__
    match error:
        case errors.RateLimited() | errors.AuthFailed() | errors.ConfigError():
            # a definite answer about the connection: nothing took effect, and the connection's own wait decides
            return _kept(OperationState.QUEUED, past, next_at=now, kind=kind, text=error.message)
        case errors.Unsupported():
            return _kept(OperationState.FAILED, past, kind=kind, code="unsupported", text=error.message)
        case errors.Retryable():
            wait = delay(max(1, past.attempts), policy.limits.base_s, policy.limits.cap_s, random)
            return _kept(OperationState.QUEUED, past, next_at=now + wait, kind=kind, text=error.message)
        case errors.Rejected():
            return _kept(OperationState.FAILED, past, kind=kind, code=error.code, text=error.message)
        case _:
            return _in_doubt(kind, error.message, past, policy, now, random, asks=asks)


def of_asking(
    outcome: Outcome | None, before: OperationState, past: Past, policy: OperationPolicy, now: datetime, random: Random
) -> OperationVerdict:
    """Judge what asking showed of an operation that was in doubt or REQUESTED.

    Only a definite answer ends that: what was passed on stays so while nobody can tell, and a doubt stays one.
    """
    verdict = of_outcome(outcome, past, policy, now, random, asks=True)
    if outcome is not None and outcome.answer not in {Answer.RETRY, Answer.UNKNOWN}:
        return verdict
    if before is OperationState.REQUESTED:
        return _kept(
            OperationState.REQUESTED, past, next_at=now + _ask_wait(policy), kind="Requested", code=verdict.code,
            text=verdict.text, shown=verdict.shown,
        )  # fmt: skip
    return still_in_doubt(verdict, policy, now)


def not_asked(
    error: errors.ConnectorError,
    before: OperationState,
    past: Past,
    policy: OperationPolicy,
    now: datetime,
    random: Random,
) -> OperationVerdict:
    """Asking failed: what is in doubt stays so, and what was passed on, too; it is asked about later."""
    wait = delay(max(1, past.attempts), policy.limits.base_s, policy.limits.cap_s, random)
    text = f"it could not be asked about: {error.message}"
    state = OperationState.REQUESTED if before is OperationState.REQUESTED else OperationState.IN_DOUBT
    return _kept(state, past, next_at=now + wait, kind=type(error).__name__, text=text)


def still_in_doubt(verdict: OperationVerdict, policy: OperationPolicy, now: datetime) -> OperationVerdict:
    """Judge one that was in doubt and sent again: "not now", or "not at all", is said of this attempt only.

    An earlier one may have had effect. Only a refusal of these very bytes under their key says that none had.
    """
    waits = verdict.state is OperationState.QUEUED
    if not waits and not (verdict.state is OperationState.FAILED and verdict.kind in NOT_DEFINITE):
        return verdict
    next_at = verdict.next_at or now + timedelta(seconds=policy.limits.cap_s)
    return OperationVerdict(
        state=OperationState.IN_DOUBT, next_at=next_at, faults=verdict.faults, first_fault_at=verdict.first_fault_at,
        kind=verdict.kind, code=verdict.code, text=verdict.text,
    )  # fmt: skip


def without_handler(
    before: OperationState, text: str, past: Past, policy: OperationPolicy, now: datetime
) -> OperationVerdict:
    """Judge one whose connector cannot do it any more: it stays what it was, and is looked at again now and then."""
    state = before if before in {OperationState.IN_DOUBT, OperationState.REQUESTED} else OperationState.QUEUED
    wait = timedelta(seconds=policy.limits.cap_s)
    return _kept(state, past, next_at=now + wait, kind=NO_HANDLER, code="unsupported", text=text)


def left_of_batch(past: Past, now: datetime) -> OperationVerdict:
    """Judge one of a batch that was refused together, before it could be sent alone."""
    text = "it was refused together with others and could not be sent alone yet"
    return _kept(OperationState.IN_DOUBT, past, next_at=now, kind="NotAlone", text=text)


def of_fault(name: str, past: Past, policy: OperationPolicy, now: datetime, random: Random) -> OperationVerdict:
    """Judge one whose call ended in a fault of our own, or of the connector: nobody knows whether it left."""
    wait = delay(max(1, past.attempts), policy.limits.base_s, policy.limits.cap_s, random)
    text = f"crossdock failed while it was carried out ({name}); it is settled and tried again by itself"
    return _kept(OperationState.IN_DOUBT, past, next_at=now + max(wait, policy.settle), kind=FAULT, text=text)


def from_push(result: PushResult) -> Outcome:
    """Read the answer of a warehouse."""
    answer = {
        PushStatus.ACCEPTED: Answer.DONE,
        PushStatus.DUPLICATE: Answer.DONE,
        PushStatus.REQUESTED: Answer.REQUESTED,
        PushStatus.REJECTED: Answer.REFUSED,
        PushStatus.RETRY: Answer.RETRY,
        PushStatus.UNKNOWN: Answer.UNKNOWN,
    }[result.status]
    return Outcome(answer=answer, remote_id=result.remote_id, code=result.code, text=result.message)


def from_refusal(error: errors.Rejected) -> Outcome:
    """Read what was raised of one operation alone: the same as a result that refuses it."""
    return Outcome(answer=Answer.REFUSED, code=error.code, text=error.message)


def from_item(result: ItemResult) -> Outcome:
    """Read the result of one item of a bulk call."""
    answer = Answer.DONE if result.ok else Answer.REFUSED
    return Outcome(answer=answer, code=result.code, text=result.message)


def _ask_wait(policy: OperationPolicy) -> timedelta:
    return min(ASK_AGAIN, max(policy.settle, timedelta(seconds=1)))


def _in_doubt(
    kind: str, text: str, past: Past, policy: OperationPolicy, now: datetime, random: Random, *, asks: bool
) -> OperationVerdict:
    wait = delay(max(1, past.attempts), policy.limits.base_s, policy.limits.cap_s, random)
    return _kept(OperationState.IN_DOUBT, past, next_at=now + (policy.settle if asks else wait), kind=kind, text=text)


def _not_now(outcome: Outcome, past: Past, policy: OperationPolicy, now: datetime, random: Random) -> OperationVerdict:
    faults, first = past.faults + 1, past.first_fault_at or now
    text = outcome.text or "the remote system asked to send it later"
    if faults >= policy.park_after and now - first >= policy.park_span:
        return OperationVerdict(
            state=OperationState.FAILED, faults=faults, first_fault_at=first, kind="Parked", code=outcome.code,
            text=f"{text} (parked after {faults} times)",
        )  # fmt: skip
    wait = delay(faults, policy.limits.base_s, policy.limits.cap_s, random)
    return OperationVerdict(
        state=OperationState.QUEUED, next_at=now + wait, faults=faults, first_fault_at=first, kind="NotNow",
        code=outcome.code, text=text,
    )  # fmt: skip


def _kept(
    state: OperationState,
    past: Past,
    *,
    next_at: datetime | None = None,
    kind: str,
    text: str | None,
    code: str | None = None,
    shown: object = None,
) -> OperationVerdict:
    return OperationVerdict(
        state=state, next_at=next_at, faults=past.faults, first_fault_at=past.first_fault_at, kind=kind, code=code,
        text=text, shown=shown,
    )  # fmt: skip
