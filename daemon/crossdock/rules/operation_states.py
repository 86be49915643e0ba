"""The states of an operation: anything that is written to a remote system beside the creation of an outbound document."""

from __future__ import annotations

from enum import IntEnum


class OperationState(IntEnum):
    """Where an operation stands. The numbers are stored; new states get new numbers.

    QUEUED: it surely has no effect yet. IN_DOUBT: it may or may not have. REQUESTED: the remote system passed it on and
    will decide. FAILED: refused or parked, nothing happens before a person or a change of its input. SUPERSEDED: a newer
    one took its place before it had an effect.
    """

    QUEUED = 0
    SENDING = 1
    IN_DOUBT = 2
    REQUESTED = 3
    FAILED = 4
    DONE = 5
    SUPERSEDED = 6


_S = OperationState
ALLOWED: dict[OperationState, frozenset[OperationState]] = {
    _S.QUEUED: frozenset({_S.SENDING, _S.SUPERSEDED}),
    _S.SENDING: frozenset({_S.QUEUED, _S.IN_DOUBT, _S.REQUESTED, _S.FAILED, _S.DONE}),
    _S.IN_DOUBT: frozenset({_S.SENDING}),
    _S.REQUESTED: frozenset({_S.SENDING}),
    _S.FAILED: frozenset({_S.QUEUED, _S.SUPERSEDED}),
    _S.DONE: frozenset(),
    _S.SUPERSEDED: frozenset(),
}
"""What is in doubt or was passed on is SENDING again while the remote system is asked about it, or sent the same bytes."""

UNSETTLED = frozenset({_S.QUEUED, _S.SENDING, _S.IN_DOUBT, _S.REQUESTED})
"""Blocks later operations on the same subject: at most one is under way, and they take effect in order (RELIABILITY P5)."""


class UnlistedStep(ValueError):
    """A change of state that the state machine of operations does not know; nothing was changed."""

    def __init__(self, before: OperationState, after: OperationState) -> None:
        super().__init__(f"an operation cannot go from {before.name} to {after.name}; nothing was changed")
        self.before, self.after = before, after


def check_step(before: OperationState, after: OperationState) -> None:
    """Raise UnlistedStep unless an operation may go from `before` to `after`. Staying is always allowed."""
    if before is not after and after not in ALLOWED[before]:
        raise UnlistedStep(before, after)
