"""What a push flow is connected to: the warehouse's connector on one side, the engine's lane on the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from crossdock.spec.errors import ConnectorError
    from crossdock.spec.outbound import OutboundRequest, PushResult, RemoteOutbound


class Wms(Protocol):
    """The part of a WMS connection that this flow calls."""

    @property
    def lookup(self) -> int:
        """How many keys may be asked for in one call now."""
        ...

    async def push_outbound(self, items: list[OutboundRequest]) -> list[PushResult]:
        """Create outbound documents."""
        ...

    async def find_outbound(self, keys: list[str]) -> dict[str, RemoteOutbound | None]:
        """Tell what the warehouse holds under each key."""
        ...


class CallingLane(Protocol):
    """What the engine knows and a flow that calls asks: may it go on, may it call, how did calls end."""

    run: int
    connection: str

    def keep_going(self) -> bool:
        """False when the run's time is over or the daemon stops."""
        ...

    def may_call(self) -> bool:
        """False while the connection is to be left alone."""
        ...

    def alone(self) -> bool:
        """True while only one call may be under way, because the last ones failed."""
        ...

    def succeeded(self, calls: int) -> None:
        """A call was answered."""
        ...

    def failed(self, error: ConnectorError) -> None:
        """A call failed for a reason of the connection's."""
        ...

    def counted(self, result: str, count: int) -> None:
        """So many of what the lane carries ended like this."""
        ...


class Lane(CallingLane, Protocol):
    """A lane that pushes orders."""

    def reports_to(self, oms: str) -> bool:
        """True if that OMS wants to be told."""
        ...
