"""The states of something that a second person has to approve."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from msgspec import Struct

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


class Person(Struct, frozen=True):
    """Who proposes or approves: the user's name, and its uid unless a token was shown."""

    user: str
    uid: int | None

    def is_also(self, other: Person) -> bool:
        """Tell whether the two are one: the same user of the machine, or of the same name by socket or by any token.

        Names are compared whatever their case: "Ann" of a token is not a second person beside "ann".
        """
        same_uid = self.uid is not None and self.uid == other.uid
        return same_uid or self.user.casefold() == other.user.casefold()


def may_approve(
    state: ApprovalState, proposed_by: Person, approves: Person, expires_at: datetime, now: datetime
) -> str | None:
    """Say why somebody may not approve a proposal at `now` (UTC); None if nothing is against it."""
    if (why := may_decide(state, expires_at, now)) is not None:
        return why
    if proposed_by.is_also(approves):
        return "you proposed it yourself; another person with the same right has to approve it"
    return None


def may_decide(state: ApprovalState, expires_at: datetime, now: datetime) -> str | None:
    """Say why a proposal cannot be decided any more; None if it is open."""
    if state is not ApprovalState.PROPOSED:
        return f"it is {state.name.lower()} already"
    if now >= expires_at:
        return f"it expired at {expires_at:%Y-%m-%d %H:%M} UTC; propose it again"
    return None
