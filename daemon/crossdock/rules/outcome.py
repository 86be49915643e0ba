"""What the answer to a push means for it (DOMAIN 4.3 B, RELIABILITY P4, P7)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from crossdock.rules.backoff import delay
from crossdock.rules.connection_health import Limits
from crossdock.rules.lineage import Caution
from crossdock.rules.push_states import PushState
from crossdock.spec import errors
from crossdock.spec.outbound import PushResult, PushStatus, RemoteOutbound, Stage

if TYPE_CHECKING:
    from crossdock.rules.backoff import Random


class PushPolicy(Struct, frozen=True, kw_only=True):
    """How a connection's unknown and repeated failures are handled.

    `idempotency` and `can_find` come from the connector, the rest from the configuration. `settle`: how long an outcome
    must have been unknown before the warehouse's "I have nothing" is believed. `caution`: what may have been sent without
    our knowing.
    """

    idempotency: str
    can_find: bool
    settle: timedelta
    limits: Limits
    batch_atomic: bool = False
    park_after: int = 8
    park_span: timedelta = timedelta(days=1)
    caution: Caution | None = None


class Verdict(Struct, frozen=True, kw_only=True, gc=False):
    """The next state of a push. `next_at` is when something is due again (UTC), `needs_person` that nothing is.

    `cancelled_there`: the warehouse has it and shows it as cancelled, with its own word for that, if any.
    """

    state: PushState
    next_at: datetime | None = None
    faults: int = 0
    first_fault_at: datetime | None = None
    needs_person: bool = False
    remote_id: str | None = None
    kind: str | None = None
    code: str | None = None
    text: str | None = None
    cancelled_there: str | None = None


class Past(Struct, frozen=True, kw_only=True, gc=False):
    """What happened to a push before: failures for reasons of its own, since when; how often it was sent."""

    faults: int = 0
    first_fault_at: datetime | None = None
    attempts: int = 1


def of_result(result: PushResult | None, past: Past, policy: PushPolicy, now: datetime, random: Random) -> Verdict:
    """Judge one result of a batch; None is a request that the answer did not mention."""
    if result is None:
        return in_doubt("no_result", "the warehouse's answer did not mention this order", past, policy, now, random)
    match result.status:
        case PushStatus.ACCEPTED | PushStatus.DUPLICATE:
            return Verdict(state=PushState.PUSHED, remote_id=result.remote_id)
        case PushStatus.REJECTED:
            return refused(
                result.code or "rejected", result.message or "the warehouse refused it without a reason", past
            )
        case PushStatus.RETRY:
            return _not_now(result, past, policy, now, random)
        case PushStatus.UNKNOWN | PushStatus.REQUESTED:  # a create is taken or not: it cannot be "passed on"
            text = result.message or "the warehouse could not say whether it took the order"
            return in_doubt(result.code or "unknown", text, past, policy, now, random)


def of_error(error: errors.ConnectorError, past: Past, policy: PushPolicy, now: datetime, random: Random) -> Verdict:
    """Judge a call that failed as a whole. Only a definite answer, or one before anything was sent, is no doubt."""
    kind = type(error).__name__
    match error:
        case errors.Unsupported():
            return refused("unsupported", error.message, past, kind)  # it would be said of every attempt
        case errors.RateLimited() | errors.AuthFailed() | errors.ConfigError():
            # a definite answer about the connection: nothing was stored, and the connection's own wait decides
            return _kept(PushState.QUEUED, past, next_at=now, kind=kind, text=error.message)
        case errors.Retryable():
            wait = delay(max(1, past.attempts), policy.limits.base_s, policy.limits.cap_s, random)
            return _kept(PushState.PUSH_FAILED, past, next_at=now + wait, kind=kind, text=error.message)
        case errors.Rejected():
            return refused(error.code, error.message, past, kind)
        case _:
            return in_doubt(kind, error.message, past, policy, now, random)


def of_found(found: RemoteOutbound) -> Verdict:
    """Judge a push whose document the warehouse holds under its key: it arrived, whatever became of it there since."""
    cancelled = (found.state or "") if found.stage is Stage.CANCELLED else None
    return Verdict(state=PushState.PUSHED, remote_id=found.remote_id or None, cancelled_there=cancelled)


def refused(code: str, text: str, past: Past, kind: str = "Rejected") -> Verdict:
    """A definite no to this order: parked until its input changes or a person acts."""
    return _kept(PushState.PUSH_FAILED, past, kind=kind, code=code, text=text)


def in_doubt(kind: str, text: str, past: Past, policy: PushPolicy, now: datetime, random: Random) -> Verdict:
    """Nobody knows whether it arrived: ask after `settle`, send the same bytes again, or wait for a person."""
    match policy.idempotency:
        case "key":
            wait = delay(max(1, past.attempts), policy.limits.base_s, policy.limits.cap_s, random)
        case "lookup" if policy.can_find:
            wait = policy.settle
        case _:
            return _kept(PushState.IN_DOUBT, past, needs_person=True, kind=kind, text=text)
    return _kept(PushState.IN_DOUBT, past, next_at=now + wait, kind=kind, text=text)


def may_split(policy: PushPolicy) -> bool:
    """Tell whether the requests of a batch that was refused as a whole may be sent one by one at once.

    Either nothing of it was stored, or what was stored is not stored again under its key. Else the batch is in doubt.
    """
    return policy.batch_atomic or policy.idempotency == "key"


def before_first_send(policy: PushPolicy, caution: Caution) -> Verdict:
    """Judge a push that may have been sent by a daemon of which the database knows nothing: it is in doubt before it is sent.

    The warehouse's "nothing" is believed `settle` after the start: that daemon may have sent until then.
    """
    ask = policy.idempotency == "lookup" and policy.can_find
    return Verdict(
        state=PushState.IN_DOUBT, next_at=caution.since + policy.settle if ask else None, needs_person=not ask,
        kind="restored", text=_MAY_HAVE_IT + (_IT_IS_ASKED if ask else _LOOK),
    )  # fmt: skip


_MAY_HAVE_IT = "the database is new or was put back, so that this may have been sent before without its knowing; "
_IT_IS_ASKED = "the warehouse is asked before it is sent"
_LOOK = "the warehouse cannot be asked, so a person looks there before it is sent"


def still_in_doubt(verdict: Verdict) -> Verdict:
    """Judge a push that was in doubt and sent again: "not now" is said of this attempt, an earlier one may have arrived."""
    if verdict.state is PushState.QUEUED or (verdict.state is PushState.PUSH_FAILED and verdict.next_at is not None):
        return msgspec.structs.replace(verdict, state=PushState.IN_DOUBT)
    if verdict.kind in ("Parked", "Unsupported"):
        return msgspec.structs.replace(verdict, state=PushState.IN_DOUBT, needs_person=True)
    return verdict


def _not_now(result: PushResult, past: Past, policy: PushPolicy, now: datetime, random: Random) -> Verdict:
    faults = past.faults + 1
    first = past.first_fault_at or now
    text = result.message or "the warehouse asked to send it later"
    if faults >= policy.park_after and now - first >= policy.park_span:
        text = f"{text} (parked after {faults} times)"
        return Verdict(
            state=PushState.PUSH_FAILED, faults=faults, first_fault_at=first, kind="Parked", code=result.code, text=text
        )
    wait = delay(faults, policy.limits.base_s, policy.limits.cap_s, random)
    return Verdict(
        state=PushState.QUEUED, next_at=now + wait, faults=faults, first_fault_at=first, kind="NotNow", code=result.code,
        text=text,
    )  # fmt: skip


def _kept(
    state: PushState,
    past: Past,
    *,
    next_at: datetime | None = None,
    needs_person: bool = False,
    kind: str,
    text: str,
    code: str | None = None,
) -> Verdict:
    return Verdict(
        state=state, next_at=next_at, faults=past.faults, first_fault_at=past.first_fault_at, needs_person=needs_person,
        kind=kind, code=code, text=text,
    )  # fmt: skip
