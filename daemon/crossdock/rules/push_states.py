"""The push state machine of an order on its way to one warehouse, and which states stand in which tab."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class PushState(IntEnum):
    """Where an order's push stands. The numbers are stored; new states get new numbers."""

    NOT_PUSHED = 0
    HELD = 1
    QUEUED = 2
    SENDING = 3
    IN_DOUBT = 4
    PUSH_FAILED = 5
    PUSHED = 6
    CANCELLED = 7


class Tab(StrEnum):
    """The lists in which operators look for orders."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    ABNORMAL = "abnormal"
    DONE = "done"


class UnlistedTransition(ValueError):
    """A change of state that the state machine does not know; nothing was changed."""

    def __init__(self, before: PushState, after: PushState) -> None:
        super().__init__(f"a push cannot go from {before.name} to {after.name}; nothing was changed")
        self.before, self.after = before, after


_S = PushState
ALLOWED: dict[PushState, frozenset[PushState]] = {
    _S.NOT_PUSHED: frozenset({_S.HELD, _S.QUEUED, _S.CANCELLED}),
    _S.HELD: frozenset({_S.NOT_PUSHED, _S.QUEUED, _S.CANCELLED}),
    _S.QUEUED: frozenset({_S.SENDING, _S.HELD, _S.NOT_PUSHED, _S.CANCELLED}),
    _S.SENDING: frozenset({_S.PUSHED, _S.PUSH_FAILED, _S.IN_DOUBT, _S.QUEUED}),
    _S.IN_DOUBT: frozenset({_S.PUSHED, _S.QUEUED, _S.SENDING, _S.PUSH_FAILED, _S.CANCELLED}),
    _S.PUSH_FAILED: frozenset({_S.QUEUED, _S.HELD, _S.CANCELLED, _S.PUSHED}),
    _S.PUSHED: frozenset({_S.IN_DOUBT}),
    _S.CANCELLED: frozenset({_S.NOT_PUSHED, _S.QUEUED, _S.HELD}),
}
"""DOMAIN 4.3 B, up to PUSHED. IN_DOUBT to SENDING is the probe of a warehouse that knows idempotency keys (the same bytes
with the same key); IN_DOUBT to PUSH_FAILED and PUSH_FAILED to PUSHED are a definite refusal found by that probe and a
person's settlement. CANCELLED leaves only towards a new generation (the OMS took the cancellation back). PUSHED to IN_DOUBT is a
reconciliation that finds nothing at the warehouse any more: a person settles it, it is never sent again by itself."""

SENDABLE = frozenset({_S.NOT_PUSHED, _S.PUSH_FAILED})
"""The outbound statuses from which an order may be pushed (the article, line 19)."""

WAITING = frozenset({_S.NOT_PUSHED, _S.HELD, _S.QUEUED})
"""Surely not at the warehouse, so the decision may still be taken again."""

AT_RISK = frozenset({_S.SENDING, _S.IN_DOUBT})
"""May or may not be at the warehouse."""


def check_transition(before: PushState, after: PushState) -> None:
    """Raise UnlistedTransition unless a push may go from `before` to `after`. Staying is always allowed."""
    if before is not after and after not in ALLOWED[before]:
        raise UnlistedTransition(before, after)


def tab_of(state: PushState, *, changed: bool = False) -> Tab:
    """Say in which list an order in this state is found.

    `changed`: it is not any more what its warehouse was sent. Once the warehouse has it, that is an open problem.
    """
    match state:
        case _S.NOT_PUSHED | _S.HELD | _S.QUEUED | _S.SENDING:
            return Tab.PENDING
        case _S.PUSHED:
            return Tab.ABNORMAL if changed else Tab.IN_PROGRESS
        case _S.IN_DOUBT | _S.PUSH_FAILED:
            return Tab.ABNORMAL
        case _S.CANCELLED:
            return Tab.DONE
