"""Links: what the engine needs of an open connection, whoever provides it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crossdock.spec.connector import Capabilities
    from crossdock.spec.costs import CostChange, ProductCost
    from crossdock.spec.documents import InboundDoc, InboundPosting, OutboundDoc, OutboundPosting
    from crossdock.spec.labels import Label, LabelDelivery
    from crossdock.spec.listing import Listing
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
    from crossdock.spec.outbound_changes import OutboundCancel, OutboundHold, OutboundUpdate
    from crossdock.spec.products import Product, ProductWrite
    from crossdock.spec.stock import StockLevel, StockMovement


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

    @property
    def lookup(self) -> int:
        """How many keys find_outbound may be asked for in one call now."""
        ...

    @property
    def stuck(self) -> bool:
        """True when the connector did not stop although it was cancelled: only a restart helps."""
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

    async def update_outbound(self, items: list[OutboundUpdate]) -> list[PushResult]:
        """Change documents of the warehouse."""
        ...

    async def cancel_outbound(self, item: OutboundCancel) -> PushResult:
        """Ask the warehouse not to ship a document."""
        ...

    async def hold_outbound(self, item: OutboundHold) -> PushResult:
        """Keep a document waiting, or let it go on."""
        ...

    async def fetch_label(self, ref: str, package_ref: str | None) -> Label | None:
        """Return the newest label."""
        ...

    async def push_label(self, item: LabelDelivery) -> PushResult:
        """Give a document its label."""
        ...

    async def fetch_outbound(self, window: Window, cursor: str | None, limit: int) -> Listing[OutboundDoc]:
        """Return one page of outbound documents."""
        ...

    async def fetch_inbound(self, window: Window, cursor: str | None, limit: int) -> Listing[InboundDoc]:
        """Return one page of inbound documents."""
        ...

    async def apply_outbound(self, items: list[OutboundPosting]) -> list[ItemResult]:
        """Enter outbound documents in the OMS."""
        ...

    async def apply_inbound(self, items: list[InboundPosting]) -> list[ItemResult]:
        """Enter inbound documents in the OMS."""
        ...

    async def fetch_products(self, window: Window, cursor: str | None, limit: int) -> Listing[Product]:
        """Return one page of products."""
        ...

    async def get_products(self, skus: list[str]) -> dict[str, Product | None]:
        """Return products as they are now."""
        ...

    async def write_products(self, items: list[ProductWrite]) -> list[ItemResult]:
        """Write values into products."""
        ...

    async def update_cost(self, change: CostChange) -> ItemResult:
        """Write one cost."""
        ...

    async def get_costs(self, skus: list[str]) -> dict[str, ProductCost | None]:
        """Return average purchase prices."""
        ...

    async def fetch_stock(self, window: Window, cursor: str | None, limit: int) -> Listing[StockLevel]:
        """Return one page of stock levels."""
        ...

    async def fetch_movements(self, window: Window, cursor: str | None, limit: int) -> Listing[StockMovement]:
        """Return one page of stock movements."""
        ...

    async def apply_stock(self, levels: list[StockLevel]) -> list[ItemResult]:
        """Have the OMS take over stock levels."""
        ...

    async def apply_movements(self, movements: list[StockMovement]) -> list[ItemResult]:
        """Have the OMS take over stock movements."""
        ...
