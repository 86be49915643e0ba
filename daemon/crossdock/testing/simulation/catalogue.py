"""The products of one simulated system, OMS or WMS, which its own people edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from crossdock.spec.outbound import ItemResult
from crossdock.spec.products import Product
from crossdock.testing.simulation.goods import SKUS
from crossdock.testing.simulation.wire import Ledger

if TYPE_CHECKING:
    from crossdock.spec.products import ProductWrite
    from crossdock.testing.simulation.wire import Wire

FIELDS = ("name", "weight_g", "storage", "barcodes")


class Catalogue:
    """One system's products. `by_people` holds what its people entered last, `ever` all they ever did, by (SKU, field)."""

    def __init__(self, name: str, wire: Wire, *, ordered: bool = False) -> None:
        self.name, self.wire = name, wire
        self.products: Ledger[Product] = Ledger(wire, lambda product: product.updated_at, ordered=ordered)
        self.by_people: dict[tuple[str, str], Any] = {}
        self.ever: dict[tuple[str, str], list[Any]] = {}
        self._done: dict[str, ItemResult] = {}
        for sku in SKUS:
            values = {"name": f"Ware {sku}", "weight_g": 500, "storage": None, "barcodes": (f"4{sku}",)}
            if wire.random.random() < 0.3:
                values["weight_g"] = wire.random.randint(100, 900)
            self._enter(Product(sku=sku, updated_at=wire.stamp(), version="0"), values)

    def tick(self) -> None:
        """Let somebody edit something."""
        if self.wire.random.random() < 0.5:
            self.wire.loop.call_later(self.wire.random.uniform(0, 2), self._edit)

    def _edit(self) -> None:
        chance = self.wire.random
        product = self.products.now[chance.choice(SKUS)]
        name = chance.choice(FIELDS)
        number = chance.randint(1, 10**6)
        value: Any = {"name": f"{self.name} {number}", "weight_g": number, "storage": f"{self.name} {number}"}.get(name)
        if name == "barcodes":
            held = product.barcodes if product.barcodes is not UNSET else ()
            value = tuple(sorted({*held[-3:], f"{self.name}{number}"}))
        self._enter(product, {name: value})

    def _enter(self, product: Product, values: dict[str, Any]) -> None:
        for name, value in values.items():
            self.by_people[product.sku, name] = value
            self.ever.setdefault((product.sku, name), []).append(value)
        self._keep(product, values)

    def _keep(self, product: Product, values: dict[str, Any]) -> None:
        version = str(int(product.version or 0) + 1)
        after = msgspec.structs.replace(product, updated_at=self.wire.stamp(), version=version, **values)
        self.products.put(product.sku, after)

    def write(self, items: list[ProductWrite]) -> list[ItemResult]:
        """Take values from outside, at the version they rest on; a repeat changes nothing."""
        return [self._write(item) for item in items]

    def _write(self, item: ProductWrite) -> ItemResult:
        if item.key in self._done:
            return self._done[item.key]
        product = self.products.now.get(item.product.sku)
        if product is None:
            return ItemResult(ref=item.key, ok=False, code="missing", message="no such product")
        if item.base_version != product.version:
            return ItemResult(ref=item.key, ok=False, code="version", message="changed meanwhile")
        values = {name: value for name in FIELDS if (value := getattr(item.product, name)) is not UNSET}
        self._keep(product, values)
        self._done[item.key] = ItemResult(ref=item.key, ok=True)
        return self._done[item.key]
