"""Links: what the engine needs of an open connection, whoever provides it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crossdock.spec.connector import Capabilities
    from crossdock.spec.orders import Order, Page, Unreadable, Window
    from crossdock.spec.outbound import (
        CheckResult,
        Choice,
        ItemResult,
        OutboundRequest,
        PushReport,
        PushResult,
        RemoteOutbound,
    )


class Link(Protocol):
    """An open connection. Calls raise ConnectorError; `hooks` names what the connector implements."""

    @property
    def name(self) -> str:
        """The connection's name."""
        ...

    @property
    def kind(self) -> str:
        """oms, wms or both."""
        ...

    @property
    def type_name(self) -> str:
        """The connector type."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What the remote system can do."""
        ...

    @property
    def hooks(self) -> frozenset[str]:
        """The hooks the connector implements."""
        ...

    async def open(self) -> None:
        """Get ready."""
        ...

    async def close(self) -> None:
        """Let go."""
        ...

    async def check(self) -> CheckResult:
        """Ask whether the remote system accepts us."""
        ...

    async def refresh_auth(self) -> None:
        """Renew credentials, once at a time."""
        ...

    async def fetch_orders(self, window: Window, cursor: str | None, limit: int) -> Page:
        """Return one page."""
        ...

    def read_order(self, raw: bytes) -> Order:
        """Decode a slice."""
        ...

    async def get_orders(self, refs: list[str]) -> Mapping[str, Order | Unreadable | None]:
        """Return the newest data of orders."""
        ...

    async def report_push(self, reports: list[PushReport]) -> list[ItemResult]:
        """Report what became of orders."""
        ...

    async def list_shops(self) -> list[Choice]:
        """List shops."""
        ...

    async def list_logistics(self) -> list[Choice]:
        """List carriers."""
        ...

    async def list_warehouses(self) -> list[Choice]:
        """List warehouses."""
        ...

    async def push_outbound(self, items: list[OutboundRequest]) -> list[PushResult]:
        """Create outbound documents."""
        ...

    async def find_outbound(self, keys: list[str]) -> dict[str, RemoteOutbound | None]:
        """Tell what the warehouse holds."""
        ...
