"""Who is told how every call of a hook ended: the metrics. Once a call, never once an order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from crossdock.spec.errors import ConnectorError


class Observer(Protocol):
    """Is told of every call, the seconds it took without its wait for a turn, and the error it ended with."""

    def succeeded(self, connection: str, hook: str, seconds: float) -> None:
        """A hook returned what the contract says."""
        ...

    def failed(self, connection: str, hook: str, seconds: float, error: ConnectorError) -> None:
        """A hook raised, or broke the contract."""
        ...


class Unobserved:
    """An Observer that does nothing."""

    def succeeded(self, connection: str, hook: str, seconds: float) -> None:
        """Ignore it."""

    def failed(self, connection: str, hook: str, seconds: float, error: ConnectorError) -> None:
        """Ignore it."""
