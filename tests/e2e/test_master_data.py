"""Product data kept in step by the daemon as shipped, between an OMS and its warehouses."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from tests.e2e.conftest import CONFIG, CONNECTION, World

from crossdock.control.client import Refusal
from crossdock.control.records.book import Warehouse
from crossdock.control.records.master import MasterField
from crossdock.spec.products import Product
from crossdock.testing.sandbox.wms import SandboxWms

pytestmark = pytest.mark.behaviour("R4")


def a_product(sku: str = "A", **values: object) -> Product:
    plain = {
        "sku": sku, "updated_at": datetime.now(UTC), "name": "Cup", "barcodes": ("11",), "weight_g": 200,
        "storage": "dry",
    }  # fmt: skip
    return Product(**{**plain, **values})


class Catalogue(World):
    """Two warehouses, and products in all three systems."""

    def __init__(self, folder) -> None:
        super().__init__(folder)
        self.second = SandboxWms(warehouses=("W2",))

    async def up(self) -> None:
        await self.second.start()
        await super().up()
        (self.folder / "secrets" / "annex.token").touch(mode=0o600)
        (self.folder / "secrets" / "annex.token").write_text(self.second.token)

    async def down(self) -> None:
        await super().down()
        await self.second.stop()

    def text(self) -> str:
        found = ""
        for name, kind, system in (("shop", "oms", self.oms), ("depot", "wms", self.wms), ("annex", "wms", self.second)):
            found += CONNECTION.format(name=name, kind=kind, url=system.url, more="", timeout=2)
        return CONFIG.format(folder=self.folder, interval=0, connections=found)

    async def begin(self, *codes: str, products=(a_product(),), **settings: object) -> None:
        """Put the products everywhere, start, switch on, and make the first contact."""
        for system in (self.oms, self.wms, self.second):
            system.products.put(products)
        await self.start()
        for code in codes or ("WH",):
            await self.switch_on(code, **settings)
            await self.until_products(code, "proposed", len(products))
            plan = await self.client(lambda c, code=code: c.master_plan(code))
            await self.client(lambda c, code=code, plan=plan: c.apply_master_plan(code, plan.id))

    async def switch_on(self, code: str, **settings: object) -> None:
        connection, remote = ("depot", "W1") if code == "WH" else ("annex", "W2")
        await self.client(lambda c: c.save_warehouse(Warehouse(code=code, connection=connection, remote=remote)))
        await self.change(code, enabled=True, **settings)

    async def change(self, code: str, fields=None, **values: object) -> None:
        found = await self.client(lambda c: c.master_settings(code))
        plain = {name: getattr(found, name) for name in found.__struct_fields__}
        plain |= {"fields": {**found.fields, **(fields or {})}, **values}
        await self.client(lambda c: c.save_master_settings(type(found)(**plain)))

    async def until_products(self, code: str, state: str, count: int = 1) -> None:
        async def stand() -> bool:
            return (await self.status(code)).products.get(state, 0) == count

        await self.until(stand, f"{count} products of {code} are {state}")

    async def status(self, code: str = "WH"):
        return await self.client(lambda c: c.master_status(code))

    async def until_there(self, system, sku: str = "A", **values: object) -> None:
        async def there() -> bool:
            product = system.products.get(sku)
            return all(getattr(product, name) == value for name, value in values.items())

        await self.until(there, f"{sku} has {values}")

    async def until_conflicts(self, count: int, code: str = "WH"):
        async def stand() -> bool:
            return (await self.status(code)).conflicts == count

        await self.until(stand, f"{code} has {count} conflicts")
        return (await self.client(lambda c: c.master_conflicts(code))).items

    async def quiet(self, rounds: int = 4) -> None:
        """Wait until every system was listed a few times more."""
        for system in (self.oms, self.wms):
            seen = system.requests("/v1/products")

            async def listed(system=system, seen=seen) -> bool:
                return system.requests("/v1/products") >= seen + rounds

            await self.until(listed, "it is listed again")

    def writes(self, system) -> int:
        return len(system.products.writes)


@pytest.fixture
async def world(tmp_path):
    made = Catalogue(tmp_path)
    await made.up()
    yield made
    await made.down()


async def test_different_fields_changed_on_both_sides_reach_both_sides_and_nothing_goes_back_and_forth(world):
    await world.begin()
    await world.until_products("WH", "bound")
    world.oms.products.edit("A", name="Mug")
    world.wms.products.edit("A", weight_g=250)
    await world.until_there(world.wms, name="Mug", weight_g=250)
    await world.until_there(world.oms, name="Mug", weight_g=250)
    await asyncio.sleep(0)
    await world.quiet()
    assert (world.writes(world.oms), world.writes(world.wms)) == (1, 1)
