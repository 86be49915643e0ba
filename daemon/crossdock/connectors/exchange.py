"""Typed, guarded calls of the hooks beyond orders and their pushes: changes, labels, documents, products, costs, stock."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

from crossdock.connectors import answered
from crossdock.spec.documents import InboundDoc, OutboundDoc
from crossdock.spec.errors import UnknownOutcome
from crossdock.spec.products import Product
from crossdock.spec.stock import StockLevel, StockMovement, level_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    from crossdock.config.model import Timeouts
    from crossdock.connectors.label_download import LabelDownload
    from crossdock.spec.costs import CostChange, ProductCost
    from crossdock.spec.documents import InboundPosting, OutboundPosting
    from crossdock.spec.labels import Label, LabelDelivery
    from crossdock.spec.listing import Listing
    from crossdock.spec.orders import Window
    from crossdock.spec.outbound import ItemResult, PushResult
    from crossdock.spec.outbound_changes import OutboundCancel, OutboundHold, OutboundUpdate
    from crossdock.spec.products import ProductWrite

    T = TypeVar("T")

_ref = attrgetter("ref")


def _movement(item: StockMovement) -> str:
    return f"movement {item.ref}"


class ExchangeCalls:
    """The part of an open connection that goes beyond orders; see spec.hooks for what each call does."""

    name: str
    _times: Timeouts
    _context: Any
    _labels: LabelDownload

    async def call(self, hook: str, timeout_s: float, **given: Any) -> Any:
        """Call a hook. Raises ConnectorError."""
        raise NotImplementedError  # a link that has no plugin behind it answers each call below itself

    async def update_outbound(self, items: list[OutboundUpdate]) -> list[PushResult]:
        """Change documents of the warehouse."""
        results = await self.call("update_outbound", self._times.push_s, items=items)
        return answered.sound_results(results, {item.key for item in items}, self._context.log, "update_outbound")

    async def cancel_outbound(self, item: OutboundCancel) -> PushResult:
        """Ask the warehouse not to ship a document."""
        return self._about(
            "cancel_outbound", item.key, await self.call("cancel_outbound", self._times.push_s, item=item)
        )

    async def hold_outbound(self, item: OutboundHold) -> PushResult:
        """Keep a document waiting, or let it go on."""
        return self._about("hold_outbound", item.key, await self.call("hold_outbound", self._times.push_s, item=item))

    async def fetch_label(self, ref: str, package_ref: str | None) -> Label | None:
        """Return the newest label with its bytes, wherever the OMS keeps them. Raises Rejected for what is no label."""
        label: Label | None = await self.call("fetch_label", self._times.fetch_s, ref=ref, package_ref=package_ref)
        if label is None:
            return None
        return await self._labels.whole(answered.sound_label(label, f"fetch_label of {self.name}"))

    async def push_label(self, item: LabelDelivery) -> PushResult:
        """Give a document its label."""
        return self._about("push_label", item.key, await self.call("push_label", self._times.push_s, item=item))

    def _about(self, hook: str, key: str, result: PushResult) -> PushResult:
        if result.key != key:
            raise UnknownOutcome(f"{self.name} was asked about {key} and answered about {result.key[:60]}")
        return answered.sound_result(result, self._context.log, hook)

    async def fetch_outbound(self, window: Window, cursor: str | None, limit: int) -> Listing[OutboundDoc]:
        """Return one page of outbound documents."""
        return await self._page("fetch_outbound", OutboundDoc, _ref, window, cursor, limit)

    async def fetch_inbound(self, window: Window, cursor: str | None, limit: int) -> Listing[InboundDoc]:
        """Return one page of inbound documents."""
        return await self._page("fetch_inbound", InboundDoc, _ref, window, cursor, limit)

    async def fetch_products(self, window: Window, cursor: str | None, limit: int) -> Listing[Product]:
        """Return one page of products."""
        return await self._page("fetch_products", Product, attrgetter("sku"), window, cursor, limit)

    async def fetch_stock(self, window: Window, cursor: str | None, limit: int) -> Listing[StockLevel]:
        """Return one page of stock levels."""
        return await self._page("fetch_stock", StockLevel, level_name, window, cursor, limit)

    async def fetch_movements(self, window: Window, cursor: str | None, limit: int) -> Listing[StockMovement]:
        """Return one page of stock movements."""
        return await self._page("fetch_movements", StockMovement, _movement, window, cursor, limit)

    async def _page(
        self, hook: str, kind: type[T], ref_of: Callable[[T], str], window: Window, cursor: str | None, limit: int
    ) -> Listing[T]:
        page = await self.call(hook, self._times.fetch_s, window=window, cursor=cursor, limit=limit)
        return answered.sound_listing(page, kind, ref_of, f"{hook} of {self.name}")

    async def apply_outbound(self, items: list[OutboundPosting]) -> list[ItemResult]:
        """Enter outbound documents in the OMS."""
        return await self._write("apply_outbound", [item.key for item in items], items=items)

    async def apply_inbound(self, items: list[InboundPosting]) -> list[ItemResult]:
        """Enter inbound documents in the OMS."""
        return await self._write("apply_inbound", [item.key for item in items], items=items)

    async def get_products(self, skus: list[str]) -> dict[str, Product | None]:
        """Return products as they are now."""
        found = await self.call("get_products", self._times.fetch_s, skus=skus)
        return answered.sound_answers(found, skus, f"get_products of {self.name}")

    async def write_products(self, items: list[ProductWrite]) -> list[ItemResult]:
        """Write values into products."""
        return await self._write("write_products", [item.key for item in items], items=items)

    async def update_cost(self, change: CostChange) -> ItemResult:
        """Write one cost."""
        result: ItemResult = await self.call("update_cost", self._times.push_s, change=change)
        if result.ref != change.key:
            raise UnknownOutcome(f"{self.name} was asked about {change.key} and answered about {result.ref[:60]}")
        return result

    async def get_costs(self, skus: list[str]) -> dict[str, ProductCost | None]:
        """Return average purchase prices."""
        found = await self.call("get_costs", self._times.fetch_s, skus=skus)
        return answered.sound_answers(found, skus, f"get_costs of {self.name}")

    async def apply_stock(self, levels: list[StockLevel]) -> list[ItemResult]:
        """Have the OMS take over stock levels."""
        return await self._write("apply_stock", [level_name(level) for level in levels], levels=levels)

    async def apply_movements(self, movements: list[StockMovement]) -> list[ItemResult]:
        """Have the OMS take over stock movements."""
        return await self._write("apply_movements", [movement.ref for movement in movements], movements=movements)

    async def _write(self, hook: str, names: Sequence[str], **given: Any) -> list[ItemResult]:
        results = await self.call(hook, self._times.push_s, **given)
        return answered.sound_items(results, set(names), self._context.log, hook)
