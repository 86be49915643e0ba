"""The state machines of a warehouse's documents, and of their way back to the OMS (DOMAIN 4.3 C, D, E)."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, TypeVar

from crossdock.spec.documents import InboundState
from crossdock.spec.outbound import Stage

if TYPE_CHECKING:
    from decimal import Decimal

    from crossdock.spec.documents import OutboundDoc


class OutboundState(StrEnum):
    """Where an outbound document stands, as its list shows it.

    OUTBOUND: it has left, with as much as was planned as far as is told. PART_COMPLETE: a part of it has left.
    """

    PENDING = "pending"
    PICKING = "picking"
    PICKED = "picked"
    PACKED = "packed"
    CANCELLED = "cancelled"
    PART_COMPLETE = "part_complete"
    OUTBOUND = "outbound"
    SHORT_CLOSED = "short_closed"
    COMPLETE = "complete"


class PushBack(IntEnum):
    """The push status of a document. The numbers are stored; new states get new numbers.

    STALE: the OMS has an older revision, and the newer one cannot be sent yet. IN_DOUBT: it may or may not have arrived;
    the same bytes are sent again under the same key.
    """

    NOT_PUSHED = 0
    PUSHING = 1
    PUSHED = 2
    FAILED = 3
    IN_DOUBT = 4
    STALE = 5


_O, _I, _P = OutboundState, InboundState, PushBack
S = TypeVar("S", OutboundState, InboundState)
_BEFORE_LEAVING = (_O.PENDING, _O.PICKING, _O.PICKED, _O.PACKED)
_LEFT = frozenset({_O.PART_COMPLETE, _O.OUTBOUND, _O.SHORT_CLOSED, _O.COMPLETE})

OUTBOUND_ALLOWED: dict[OutboundState, frozenset[OutboundState]] = {
    _O.PENDING: frozenset({_O.PICKING, _O.PICKED, _O.PACKED, _O.CANCELLED}) | _LEFT,
    _O.PICKING: frozenset({_O.PICKED, _O.PACKED, _O.CANCELLED}) | _LEFT,
    _O.PICKED: frozenset({_O.PACKED, _O.CANCELLED}) | _LEFT,
    _O.PACKED: frozenset({_O.CANCELLED}) | _LEFT,
    _O.PART_COMPLETE: frozenset({_O.OUTBOUND, _O.SHORT_CLOSED, _O.COMPLETE}),
    _O.OUTBOUND: frozenset({_O.SHORT_CLOSED, _O.COMPLETE}),
    _O.SHORT_CLOSED: frozenset({_O.COMPLETE}),
    _O.COMPLETE: frozenset(),
    _O.CANCELLED: frozenset(),
}
"""A warehouse is asked now and then, so that a document may be seen to skip what lies between.

SHORT_CLOSED to COMPLETE: the warehouse took the early end back, and the rest has left after all.
"""

INBOUND_ALLOWED: dict[InboundState, frozenset[InboundState]] = {
    _I.CREATED: frozenset({_I.PENDING, _I.PART_COMPLETE, _I.INVALID, _I.PART_INVALID, _I.COMPLETE}),
    _I.PENDING: frozenset({_I.PART_COMPLETE, _I.INVALID, _I.PART_INVALID, _I.COMPLETE}),
    _I.PART_COMPLETE: frozenset({_I.INVALID, _I.PART_INVALID, _I.COMPLETE}),
    _I.INVALID: frozenset(),
    _I.PART_INVALID: frozenset(),
    _I.COMPLETE: frozenset(),
}

PUSH_ALLOWED: dict[PushBack, frozenset[PushBack]] = {
    _P.NOT_PUSHED: frozenset({_P.PUSHING}),
    _P.PUSHING: frozenset({_P.PUSHED, _P.FAILED, _P.IN_DOUBT}),
    _P.PUSHED: frozenset({_P.STALE, _P.PUSHING}),
    _P.FAILED: frozenset({_P.PUSHING}),
    _P.IN_DOUBT: frozenset({_P.PUSHED, _P.FAILED}),
    _P.STALE: frozenset({_P.PUSHING}),
}
"""PUSHED to PUSHING is a person's wish only: the same revision once more, for an OMS that lost it."""

_OUTBOUND_RANK = {state: rank for rank, state in enumerate(OutboundState)}
_INBOUND_RANK = {
    state: rank
    for rank, state in enumerate((
        _I.CREATED, _I.PENDING, _I.PART_COMPLETE, _I.INVALID, _I.PART_INVALID, _I.COMPLETE,
    ))
}  # fmt: skip
STAGE_RANK = {
    stage: rank
    for rank, stage in enumerate((
        Stage.PENDING, Stage.PICKING, Stage.PICKED, Stage.PACKED, Stage.CANCELLED, Stage.OUTBOUND,
    ))
}  # fmt: skip
"""What has left cannot be cancelled any more, so a document that is said to be both has left."""


class UnlistedPushStep(ValueError):
    """A change of a push status that the state machine does not know; nothing was changed."""

    def __init__(self, before: PushBack, after: PushBack) -> None:
        super().__init__(f"a document's push cannot go from {before.name} to {after.name}; nothing was changed")
        self.before, self.after = before, after


def step(before: PushBack, *after: PushBack) -> PushBack:
    """Go from one push status over others to the last of them. Raises UnlistedPushStep; staying is always allowed."""
    for each in after:
        if each is not before and each not in PUSH_ALLOWED[before]:
            raise UnlistedPushStep(before, each)
        before = each
    return before


def outbound_state(document: OutboundDoc) -> OutboundState:
    """Say where an outbound document stands by what it says of itself.

    How much has left is the sum of what its lines say (`actual`), where all of them say it, else of what is in its
    parcels; where neither tells, all of it is taken to have left.
    """
    if document.stage is not Stage.OUTBOUND:
        return OutboundState(document.stage.value)
    if document.short_closed:
        return OutboundState.SHORT_CLOSED
    left = _left(document)
    if left is None:
        return OutboundState.OUTBOUND
    short = any(left.get(line.line_no, 0) < line.planned for line in document.lines)
    return OutboundState.PART_COMPLETE if short else OutboundState.COMPLETE


def _left(document: OutboundDoc) -> dict[int, Decimal] | None:
    """How much of each line has left; None where nothing tells."""
    if document.lines and all(line.actual is not None for line in document.lines):
        return {line.line_no: line.actual for line in document.lines if line.actual is not None}
    packed: dict[int, Decimal] = {}
    for parcel in document.parcels:
        for line in parcel.lines:
            packed[line.line_no] = packed[line.line_no] + line.quantity if line.line_no in packed else line.quantity
    return packed or None


def further(known: S, arriving: S) -> S:
    """Return the one of two states that is further on: a document never goes back."""
    if isinstance(known, OutboundState) and isinstance(arriving, OutboundState):
        return max(known, arriving, key=_OUTBOUND_RANK.__getitem__)
    return max(known, arriving, key=_INBOUND_RANK.__getitem__)


def contradict(known: OutboundState | InboundState, arriving: OutboundState | InboundState) -> bool:
    """Tell whether two states of one document cannot both be true, such as cancelled and left."""
    if isinstance(known, OutboundState):
        return (known is _O.CANCELLED and arriving in _LEFT) or (arriving is _O.CANCELLED and known in _LEFT)
    closed = (_I.INVALID, _I.PART_INVALID, _I.COMPLETE)
    return known in closed and arriving in closed and known is not arriving
