"""The back office of the simulated OMS: documents, costs, stock and labels as they were entered there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from crossdock.spec.costs import CostChange, CostKind, ProductCost
from crossdock.spec.labels import Label
from crossdock.spec.orders import LineKind, OrderStatus
from crossdock.spec.outbound import ItemResult
from crossdock.testing.simulation.catalogue import Catalogue
from crossdock.testing.simulation.goods import SKUS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from decimal import Decimal

    from crossdock.spec.documents import InboundDoc, InboundPosting, OutboundDoc, OutboundPosting
    from crossdock.spec.orders import Order
    from crossdock.spec.stock import StockLevel
    from crossdock.testing.simulation.order_book import OrderBook
    from crossdock.testing.simulation.wire import Wire

_MAGIC = b"%PDF "
LABEL_LAG_S = 3.0
"""How long after a change the OMS still gives the label it had."""


def printed(order: Order) -> bytes:
    """Return the label of an order as it is now: what stands on it, in a form of its own."""
    goods = [(line.line_no, line.sku, str(line.quantity)) for line in order.lines if line.kind is LineKind.GOODS]
    told = (order.ref, order.recipient.name, order.recipient.address, order.logistics, goods, order.tracking_number)
    return _MAGIC + msgspec.json.encode(told)


class BackOffice:
    """The remote side. `confirmed` is what we were surely told of: the newest of each thing, and nothing older may follow."""

    def __init__(self, wire: Wire, orders: OrderBook, *, ordered: bool) -> None:
        self.wire, self._orders = wire, orders
        self.catalogue = Catalogue("oms", wire, ordered=ordered)
        self.documents: dict[str, OutboundDoc | InboundDoc] = {}
        self.entered: dict[str, list[int]] = {}
        self.planned: dict[str, tuple[int, Decimal]] = {}
        self.averages: dict[str, tuple[int, Decimal]] = {}
        self.levels: dict[tuple[str, str], StockLevel] = {}
        self.confirmed: dict[str, int] = {}
        self.violations: list[str] = []
        self.delivered: Callable[[bytes], bool] = lambda _: False
        self._labels: dict[str, bytes] = {}

    def leaves(self, name: str, newness: int) -> None:
        """Something is about to be sent here: never an older state than one that we confirmed."""
        if newness < self.confirmed.get(name, newness):
            self.violations.append(f"{name}: {newness} is sent after {self.confirmed[name]} was confirmed")

    def confirm(self, name: str, newness: int) -> None:
        """Note that the daemon was told that this is here."""
        self.confirmed[name] = max(newness, self.confirmed.get(name, newness))

    def enter(self, items: Sequence[OutboundPosting | InboundPosting]) -> list[ItemResult]:
        """Enter documents; one that is here at this revision or a newer one stays."""
        for item in items:
            document = item.document
            held = self.documents.get(document.ref)
            if held is None or document.revision > held.revision:
                self.documents[document.ref] = document
                self.entered.setdefault(document.ref, []).append(document.revision)
            elif document.revision == held.revision and document != held:
                self.violations.append(f"{document.ref} is sent in two versions of revision {held.revision}")
        return [ItemResult(ref=item.key, ok=True) for item in items]

    def take_levels(self, levels: Sequence[StockLevel]) -> list[ItemResult]:
        """Take levels over, none that is older than the one held."""
        for level in levels:
            name = (level.warehouse, level.sku)
            held = self.levels.get(name)
            if held is None or level.observed_at > held.observed_at:
                self.levels[name] = level
        return [ItemResult(ref=f"{level.warehouse}/{level.sku}", ok=True) for level in levels]

    def write_cost(self, change: CostChange) -> ItemResult:
        """Write one cost; an older version of the same thing changes nothing."""
        if change.kind is CostKind.PLANNED:
            book, name = self.planned, change.document_ref or ""
            if name not in self.documents:
                return ItemResult(ref=change.key, ok=False, code="unknown_document", message="no such document")
        else:
            book, name = self.averages, change.sku or ""
        held = book.get(name)
        if held is not None and held[0] == change.version and held[1] != change.new:
            self.violations.append(f"{name} is given two costs under version {change.version}")
        if held is None or change.version > held[0]:
            book[name] = (change.version, change.new)
        return ItemResult(ref=change.key, ok=True)

    def costs(self, skus: Sequence[str]) -> dict[str, ProductCost | None]:
        """Return averages."""
        found: dict[str, ProductCost | None] = {}
        for sku in skus:
            held = self.averages.get(sku)
            known = ProductCost(sku=sku, average=None if held is None else held[1], currency="THB")
            found[sku] = known if sku in SKUS else None
        return found

    def label(self, ref: str) -> Label | None:
        """Return the label that there is; one that was made before a change is given for a while."""
        entry = self._orders.entries.get(ref)
        if entry is None or not entry.visible or entry.order.status is OrderStatus.CANCELLED:
            return None
        data = printed(entry.order)
        held = self._labels.get(ref, data)
        late = self.wire.loop.time() - entry.changed_at < LABEL_LAG_S and not self.wire.calm
        if not (late and self.delivered(held)):
            held = data
        self._labels[ref] = held
        number = msgspec.json.decode(held.removeprefix(_MAGIC))[-1]
        return Label(content_type="application/pdf", data=held, tracking_number=number)
