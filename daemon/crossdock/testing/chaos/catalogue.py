"""Products and stock in a chaos run: names are edited in the OMS, weights in a warehouse, quantities change everywhere."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec.structs import replace

from crossdock.spec.products import Product
from crossdock.spec.stock import StockLevel, level_name
from crossdock.testing.chaos.found import Found
from crossdock.testing.chaos.processes import START_S, Unexpected
from crossdock.testing.chaos.setting import WAREHOUSES

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from crossdock.control.client import Client
    from crossdock.testing.chaos.processes import SandboxProcess

SKUS = tuple(f"PRODUCT-{number}" for number in range(1, 7))
WEIGHED = "wms-key"
"""Where products are weighed; the other warehouse hears of it through the OMS."""
EDITS, COUNTS = 0.15, 0.4


class Catalogue:
    """Edits products and changes stock, and knows what every system has to say in the end."""

    def __init__(self, chance: random.Random, sandboxes: Mapping[str, SandboxProcess]) -> None:
        self._chance, self._sandboxes = chance, sandboxes
        self._products = {
            sku: Product(sku=sku, updated_at=datetime.now(UTC), name=f"{sku} 0", weight_g=100) for sku in SKUS
        }
        self._levels: dict[str, StockLevel] = {}
        self._edits = 0

    async def begin(self) -> None:
        """Put the same products into every system."""
        for sandbox in self._sandboxes.values():
            await sandbox.tell("/products", {"products": [*self._products.values()]})

    async def feed(self) -> None:
        """Let something happen, or nothing."""
        sku = self._chance.choice(SKUS)
        if self._chance.random() < EDITS:
            self._edits += 1
            self._products[sku] = replace(self._products[sku], name=f"{sku} {self._edits}")
            await self._sandboxes["oms"].tell("/products/edit", {"sku": sku, "name": self._products[sku].name})
        if self._chance.random() < EDITS:
            self._edits += 1
            self._products[sku] = replace(self._products[sku], weight_g=100 + self._edits)
            await self._sandboxes[WEIGHED].tell("/products/edit", {"sku": sku, "weight_g": 100 + self._edits})
        if self._chance.random() < COUNTS:
            name = self._chance.choice([*WAREHOUSES])
            level = StockLevel(
                sku=sku, warehouse=WAREHOUSES[name], on_hand=Decimal(self._chance.randint(0, 500)),
                observed_at=datetime.now(UTC),
            )  # fmt: skip
            self._levels[level_name(level)] = level
            await self._sandboxes[name].tell("/stock", {"levels": [level]})

    async def judge(self) -> list[Found]:
        """Compare every system's products and the stock of the OMS with what was said last."""
        master, stock = Found(what="products"), Found(what="stock levels")
        for name, sandbox in self._sandboxes.items():
            books = await sandbox.ask("/products")
            held = {product["sku"]: product for product in books["products"]}
            for sku, product in self._products.items():
                shown = held.get(sku, {})
                master.compare(
                    f"{sku} in {name}", (shown.get("name"), shown.get("weight_g")), (product.name, product.weight_g)
                )
        levels = (await self._sandboxes["oms"].ask("/stock"))["levels"]
        for name, level in self._levels.items():
            shown_level = levels.get(name)
            quantity = None if shown_level is None else Decimal(str(shown_level["on_hand"]))
            stock.compare(name, quantity, level.on_hand)
        return [master, stock]


async def switch_on(client: Client) -> None:
    """Keep products of both warehouses in step with the OMS, first contact included, and send their stock to it."""
    for code in WAREHOUSES.values():
        await client.switch_stock(code, on=True)
        found = await client.master_settings(code)
        settings = replace(found, oms="oms", enabled=True, brake_percent=100, brake_skus=1000)
        await client.save_master_settings(settings)
        end = time.monotonic() + START_S
        while (await client.master_status(code)).products.get("proposed", 0) < len(SKUS):
            if time.monotonic() > end:
                raise Unexpected(f"the products of {code} were not found")
            await asyncio.sleep(0.1)
        plan = await client.master_plan(code)
        await client.apply_master_plan(code, plan.id)
