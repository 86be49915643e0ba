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
    ACCEPTED = 8
    UPDATE_PENDING = 9
    CANCEL_REQUESTED = 10
    CANCEL_REJECTED = 11
    IN_DOUBT_CANCEL = 12
    REJECTED = 13
    PARTIALLY_SHIPPED = 14
    SHIPPED = 15
    CLOSED_SHORT = 16


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
_SENT_ON = frozenset({_S.PARTIALLY_SHIPPED, _S.SHIPPED, _S.CLOSED_SHORT})
_HOME = frozenset({_S.PUSHED, _S.ACCEPTED}) | _SENT_ON
_GOES_ON = frozenset({_S.UPDATE_PENDING, _S.CANCEL_REQUESTED, _S.CANCEL_REJECTED, _S.REJECTED}) | _SENT_ON
ALLOWED: dict[PushState, frozenset[PushState]] = {
    _S.NOT_PUSHED: frozenset({_S.HELD, _S.QUEUED, _S.CANCELLED}),
    _S.HELD: frozenset({_S.NOT_PUSHED, _S.QUEUED, _S.CANCELLED}),
    _S.QUEUED: frozenset({_S.SENDING, _S.HELD, _S.NOT_PUSHED, _S.CANCELLED}),
    _S.SENDING: frozenset({_S.PUSHED, _S.PUSH_FAILED, _S.IN_DOUBT, _S.QUEUED}),
    _S.IN_DOUBT: frozenset({_S.PUSHED, _S.QUEUED, _S.SENDING, _S.PUSH_FAILED, _S.CANCELLED}),
    _S.PUSH_FAILED: frozenset({_S.QUEUED, _S.HELD, _S.CANCELLED, _S.PUSHED}),
    _S.PUSHED: _GOES_ON | {_S.ACCEPTED, _S.IN_DOUBT},
    _S.CANCELLED: frozenset({_S.NOT_PUSHED, _S.QUEUED, _S.HELD}),
    _S.ACCEPTED: _GOES_ON,
    _S.UPDATE_PENDING: (_GOES_ON | _HOME) - {_S.UPDATE_PENDING},
    _S.CANCEL_REQUESTED: _HOME | {_S.CANCELLED, _S.CANCEL_REJECTED, _S.IN_DOUBT_CANCEL},
    _S.CANCEL_REJECTED: _HOME | {_S.CANCELLED, _S.CANCEL_REQUESTED},
    _S.IN_DOUBT_CANCEL: _HOME | {_S.CANCELLED, _S.CANCEL_REJECTED, _S.CANCEL_REQUESTED},
    _S.REJECTED: frozenset({_S.CANCELLED, _S.NOT_PUSHED, _S.QUEUED, _S.HELD}),
    _S.PARTIALLY_SHIPPED: frozenset({_S.SHIPPED, _S.CLOSED_SHORT}),
    _S.SHIPPED: frozenset(),
    _S.CLOSED_SHORT: frozenset(),
}
"""DOMAIN 4.3 B. IN_DOUBT to SENDING is the probe of a warehouse that knows idempotency keys (the same bytes
with the same key); IN_DOUBT to PUSH_FAILED and PUSH_FAILED to PUSHED are a definite refusal found by that probe and a
person's settlement. CANCELLED leaves only towards a new generation (the OMS took the cancellation back). PUSHED to IN_DOUBT is a
reconciliation that finds nothing at the warehouse any more: a person settles it, it is never sent again by itself."""

SENDABLE = frozenset({_S.NOT_PUSHED, _S.PUSH_FAILED})
"""The outbound statuses from which an order may be pushed (the article, line 19)."""

WAITING = frozenset({_S.NOT_PUSHED, _S.HELD, _S.QUEUED})
"""Surely not at the warehouse, so the decision may still be taken again."""

AT_RISK = frozenset({_S.SENDING, _S.IN_DOUBT})
"""May or may not be at the warehouse."""

AT_WAREHOUSE = _HOME | {_S.UPDATE_PENDING, _S.CANCEL_REQUESTED, _S.CANCEL_REJECTED, _S.IN_DOUBT_CANCEL, _S.REJECTED}
"""The warehouse has it, or had it: what changes from now on is asked of the warehouse."""

CANCELLING = frozenset({_S.CANCEL_REQUESTED, _S.IN_DOUBT_CANCEL})
"""The warehouse was asked to cancel and has not answered for good."""

GONE = _SENT_ON
"""Goods of it have left the warehouse, or never will."""


IN_HAND = AT_WAREHOUSE - GONE - {_S.REJECTED}
"""The warehouse has it and works on it: it may still be given a label."""


class Shipped(IntEnum):
    """How much of a document has left its warehouse. The numbers are stored; they only grow."""

    NOTHING = 0
    PART = 1
    ALL = 2
    SHORT = 3


def home_of(shipped: Shipped, *, shown: bool) -> PushState:
    """Say where a push stands while nothing is asked of its warehouse; `shown`: the warehouse has told of the document."""
    match shipped:
        case Shipped.PART:
            return _S.PARTIALLY_SHIPPED
        case Shipped.ALL:
            return _S.SHIPPED
        case Shipped.SHORT:
            return _S.CLOSED_SHORT
        case Shipped.NOTHING:
            return _S.ACCEPTED if shown else _S.PUSHED


def check_transition(before: PushState, after: PushState) -> None:
    """Raise UnlistedTransition unless a push may go from `before` to `after`. Staying is always allowed."""
    if before is not after and after not in ALLOWED[before]:
        raise UnlistedTransition(before, after)


def tab_of(state: PushState, *, changed: bool = False) -> Tab:
    """Say in which list an order in this state is found.

    `changed`: it is not any more what its warehouse was sent. Once the warehouse has it, that is an open problem.
    """
    if state in _PENDING:
        return Tab.PENDING
    if state in _ABNORMAL or (changed and state in AT_WAREHOUSE):
        return Tab.ABNORMAL
    return Tab.DONE if state in _DONE else Tab.IN_PROGRESS


_PENDING = frozenset({_S.NOT_PUSHED, _S.HELD, _S.QUEUED, _S.SENDING})
_ABNORMAL = frozenset({_S.IN_DOUBT, _S.PUSH_FAILED, _S.CANCEL_REJECTED, _S.IN_DOUBT_CANCEL, _S.REJECTED})
_DONE = frozenset({_S.CANCELLED, _S.SHIPPED, _S.CLOSED_SHORT})
