"""What the simulated links do beyond orders: each call goes over the system's wire, and is watched before it leaves."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from crossdock.spec.connector import Capabilities
from crossdock.spec.costs import CostKind
from crossdock.spec.outbound import Stage
from crossdock.spec.outbound_changes import FieldGroup
from crossdock.testing.simulation.links import BareLink

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.spec.costs import CostChange, ProductCost
    from crossdock.spec.documents import InboundDoc, InboundPosting, OutboundDoc, OutboundPosting
    from crossdock.spec.labels import Label, LabelDelivery
    from crossdock.spec.listing import Listing
    from crossdock.spec.orders import Window
    from crossdock.spec.outbound import ItemResult, PushResult
    from crossdock.spec.outbound_changes import OutboundCancel, OutboundHold, OutboundUpdate
    from crossdock.spec.products import Product, ProductWrite
    from crossdock.spec.stock import StockLevel
    from crossdock.testing.simulation.back_office import BackOffice
    from crossdock.testing.simulation.catalogue import Catalogue
    from crossdock.testing.simulation.chaos import SimEnv
    from crossdock.testing.simulation.floor import Floor
    from crossdock.testing.simulation.goods import Goods

PRODUCTS = frozenset({"fetch_products", "get_products", "write_products"})
WMS_HOOKS = PRODUCTS | {
    "update_outbound", "cancel_outbound", "hold_outbound", "push_label", "fetch_outbound", "fetch_inbound", "fetch_stock",
}  # fmt: skip
OMS_HOOKS = PRODUCTS | {"fetch_label", "apply_outbound", "apply_inbound", "update_cost", "get_costs", "apply_stock"}
WMS_DECLARES = {
    "wms-a": Capabilities(
        updates={FieldGroup.LINES: Stage.PENDING, FieldGroup.RECIPIENT: Stage.PICKED, FieldGroup.NOTES: Stage.PACKED},
        cancel_until=Stage.PICKED, tells_stage=True,
    ),
    "wms-b": Capabilities(),
}  # fmt: skip
"""One says what it takes and how far documents are, of the other little is assumed."""
OMS_DECLARES = Capabilities(costs=(CostKind.PLANNED, CostKind.ACTUAL), cost_actual="set_average")


class ProductLink(BareLink):
    """The products of either side."""

    env: SimEnv
    catalogue: Catalogue

    async def fetch_products(self, window: Window, cursor: str | None, limit: int) -> Listing[Product]:
        """Return one page."""
        return await self.catalogue.wire.read(self.env, partial(self.catalogue.products.page, window, cursor, limit))

    async def get_products(self, skus: list[str]) -> dict[str, Product | None]:
        """Return products as they are."""
        now = self.catalogue.products.now
        return await self.catalogue.wire.read(self.env, lambda: {sku: now.get(sku) for sku in skus})

    async def write_products(self, items: list[ProductWrite]) -> list[ItemResult]:
        """Write values."""
        return await self.catalogue.wire.write(self.env, partial(self.catalogue.write, items))


class FloorLink(ProductLink):
    """A warehouse beyond the creation of documents."""

    floor: Floor
    goods: Goods

    async def update_outbound(self, items: list[OutboundUpdate]) -> list[PushResult]:
        """Change documents."""
        return await self.floor.wire.write(self.env, lambda: [self.floor.update(item) for item in items])

    async def cancel_outbound(self, item: OutboundCancel) -> PushResult:
        """Ask not to ship a document."""
        return await self.floor.wire.write(self.env, partial(self.floor.cancel, item))

    async def hold_outbound(self, item: OutboundHold) -> PushResult:
        """Keep a document waiting, or let it go on."""
        return await self.floor.wire.write(self.env, partial(self.floor.hold, item))

    async def push_label(self, item: LabelDelivery) -> PushResult:
        """Give a document its label."""
        return await self.floor.wire.write(self.env, partial(self.floor.stick, item))

    async def fetch_outbound(self, window: Window, cursor: str | None, limit: int) -> Listing[OutboundDoc]:
        """Return one page."""
        return await self.floor.wire.read(self.env, partial(self.floor.outbound.page, window, cursor, limit))

    async def fetch_inbound(self, window: Window, cursor: str | None, limit: int) -> Listing[InboundDoc]:
        """Return one page."""
        return await self.goods.wire.read(self.env, partial(self.goods.inbound.page, window, cursor, limit))

    async def fetch_stock(self, window: Window, cursor: str | None, limit: int) -> Listing[StockLevel]:
        """Return one page."""
        return await self.goods.wire.read(self.env, partial(self.goods.stock.page, window, cursor, limit))


class OfficeLink(ProductLink):
    """The OMS beyond orders."""

    office: BackOffice

    async def fetch_label(self, ref: str, package_ref: str | None) -> Label | None:  # noqa: ARG002 - one label an order
        """Return the newest label."""
        return await self.office.wire.read(self.env, partial(self.office.label, ref))

    async def apply_outbound(self, items: list[OutboundPosting]) -> list[ItemResult]:
        """Enter outbound documents."""
        return await self._enter(items)

    async def apply_inbound(self, items: list[InboundPosting]) -> list[ItemResult]:
        """Enter inbound documents."""
        return await self._enter(items)

    async def _enter(self, items: Sequence[OutboundPosting | InboundPosting]) -> list[ItemResult]:
        marks = [(f"document {item.document.ref}", item.document.revision) for item in items]
        for name, revision in marks:
            self.office.leaves(name, revision)
        results = await self.office.wire.write(self.env, partial(self.office.enter, items))
        for name, revision in marks:
            self.office.confirm(name, revision)
        return results

    async def update_cost(self, change: CostChange) -> ItemResult:
        """Write one cost."""
        name = f"cost {change.kind} {change.document_ref or change.sku}"
        self.office.leaves(name, change.version)
        result = await self.office.wire.write(self.env, partial(self.office.write_cost, change))
        if result.ok:
            self.office.confirm(name, change.version)
        return result

    async def get_costs(self, skus: list[str]) -> dict[str, ProductCost | None]:
        """Return averages."""
        return await self.office.wire.read(self.env, partial(self.office.costs, skus))

    async def apply_stock(self, levels: list[StockLevel]) -> list[ItemResult]:
        """Take levels over."""
        marks = [(f"stock {each.warehouse}/{each.sku}", int(each.observed_at.timestamp() * 1000)) for each in levels]
        for name, at in marks:
            self.office.leaves(name, at)
        results = await self.office.wire.write(self.env, partial(self.office.take_levels, levels))
        for name, at in marks:
            self.office.confirm(name, at)
        return results
