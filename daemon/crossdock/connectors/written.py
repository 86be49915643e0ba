"""What a hook that writes has sent so far: after a write took effect, or may have, nothing that fails later undoes it."""

from __future__ import annotations

from contextvars import ContextVar

from crossdock.spec.errors import ConnectorError, Rejected, UnknownOutcome


class Written:
    """The writes of one call of one hook that took effect, or may have."""

    __slots__ = ("first", "hook")

    def __init__(self, hook: str) -> None:
        self.hook = hook
        self.first: str | None = None

    def note(self, what: str) -> None:
        """A write has been sent, and was not refused for certain."""
        self.first = self.first or what

    def judged(self, error: ConnectorError, what: str, *, several: bool) -> ConnectorError:
        """Say what an error means that ended the call: after a write it speaks of a later request only.

        What was refused together (`several`) stays so: whoever sent it knows what a refused batch may have left behind.
        """
        if self.first is None or isinstance(error, UnknownOutcome) or (several and isinstance(error, Rejected)):
            return error
        failure = f"{type(error).__name__}: {error.message}"
        text = f"{what} had sent {self.first} when it failed ({failure}); nobody knows what took effect"
        return UnknownOutcome(text, detail=error.detail)


current: ContextVar[Written | None] = ContextVar("crossdock_written", default=None)
"""What the hook under way has sent; None outside of a hook that writes. A task that a hook makes has its hook's."""
