"""The states of something that a second person has to approve."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class ApprovalState(IntEnum):
    """Where a proposal stands. The numbers are stored; new states get new numbers.

    DONE: approved, and carried out in the same transaction. REFUSED: approved, but by then it could not be done any
    more. REJECTED: a person said no. EXPIRED: nobody decided in time.
    """

    PROPOSED = 0
    DONE = 1
    REFUSED = 2
    REJECTED = 3
    EXPIRED = 4


_S = ApprovalState
ALLOWED: dict[ApprovalState, frozenset[ApprovalState]] = {
    _S.PROPOSED: frozenset({_S.DONE, _S.REFUSED, _S.REJECTED, _S.EXPIRED}),
    _S.DONE: frozenset(),
    _S.REFUSED: frozenset(),
    _S.REJECTED: frozenset(),
    _S.EXPIRED: frozenset(),
}
"""A proposal is decided once; what was refused or expired is proposed anew."""


def may_approve(state: ApprovalState, proposed_uid: int, uid: int, expires_at: datetime, now: datetime) -> str | None:
    """Say why somebody may not approve a proposal at `now` (UTC); None if nothing is against it.

    The two persons are told apart by the user of the machine that each connects as.
    """
    if (why := may_decide(state, expires_at, now)) is not None:
        return why
    if proposed_uid == uid:
        return "you proposed it yourself; another person with the same right has to approve it"
    return None


def may_decide(state: ApprovalState, expires_at: datetime, now: datetime) -> str | None:
    """Say why a proposal cannot be decided any more; None if it is open."""
    if state is not ApprovalState.PROPOSED:
        return f"it is {state.name.lower()} already"
    if now >= expires_at:
        return f"it expired at {expires_at:%Y-%m-%d %H:%M} UTC; propose it again"
    return None
