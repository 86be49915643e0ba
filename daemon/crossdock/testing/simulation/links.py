"""What both kinds of simulated link have in common: the engine's Link, with nothing in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.connectors.exchange import ExchangeCalls
from crossdock.spec.errors import Unsupported
from crossdock.spec.outbound import CheckResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crossdock.spec.connector import Capabilities
    from crossdock.spec.orders import Order, Page, Unreadable, Window
    from crossdock.spec.outbound import (
        Choice,
        ItemResult,
        OutboundRequest,
        PushReport,
        PushResult,
        RemoteOutbound,
    )


class BareLink(ExchangeCalls):
    """A link that can do nothing yet; `hooks` of a derived one names what it can."""

    type_name = "simulated"

    def __init__(self, name: str, kind: str, capabilities: Capabilities, hooks: frozenset[str]) -> None:
        self.name, self.kind, self.capabilities, self.hooks = name, kind, capabilities, hooks

    async def open(self) -> None:
        """Get ready."""

    async def close(self) -> None:
        """Let go."""

    @property
    def lookup(self) -> int:
        """As the connector declares."""
        return self.capabilities.max_lookup

    @property
    def stuck(self) -> bool:
        """Never."""
        return False

    async def check(self) -> CheckResult:
        """Say that all is well."""
        return CheckResult(ok=True)

    async def refresh_auth(self) -> None:
        """Renew nothing."""

    async def fetch_orders(self, window: Window, cursor: str | None, limit: int) -> Page:  # noqa: ARG002
        """Not offered."""
        raise Unsupported(f"{self.name} cannot list orders")

    def read_order(self, raw: bytes) -> Order:  # noqa: ARG002
        """Not offered."""
        raise Unsupported(f"{self.name} cannot read orders")

    async def get_orders(self, refs: list[str]) -> Mapping[str, Order | Unreadable | None]:  # noqa: ARG002
        """Not offered."""
        raise Unsupported(f"{self.name} cannot look orders up")

    async def report_push(self, reports: list[PushReport]) -> list[ItemResult]:  # noqa: ARG002
        """Not offered."""
        raise Unsupported(f"{self.name} takes no reports")

    async def list_shops(self) -> list[Choice]:
        """List none."""
        return []

    async def list_logistics(self) -> list[Choice]:
        """List none."""
        return []

    async def list_warehouses(self) -> list[Choice]:
        """List none."""
        return []

    async def push_outbound(self, items: list[OutboundRequest]) -> list[PushResult]:  # noqa: ARG002
        """Not offered."""
        raise Unsupported(f"{self.name} takes no orders")

    async def find_outbound(self, keys: list[str]) -> dict[str, RemoteOutbound | None]:  # noqa: ARG002
        """Not offered."""
        raise Unsupported(f"{self.name} cannot be asked")
