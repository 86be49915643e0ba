"""Product data kept in step by the daemon as shipped, between an OMS and its warehouses."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.e2e.conftest import CONFIG, CONNECTION, TwoWarehouses

from crossdock.control.client import Refusal
from crossdock.control.records.book import Warehouse
from crossdock.control.records.master import MasterField
from crossdock.spec.products import Product
from crossdock.testing.sandbox.faults import Fault, Match, Rule, Script

pytestmark = pytest.mark.behaviour("R4")
WRITE = "/v1/products/write"
MANUAL = MasterField(rule="manual")


def a_product(sku: str = "A", **values: object) -> Product:
    plain = {
        "sku": sku, "updated_at": datetime.now(UTC), "name": "Cup", "barcodes": ("11",), "weight_g": 200,
        "storage": "dry",
    }  # fmt: skip
    return Product(**{**plain, **values})


class Catalogue(TwoWarehouses):
    """Two warehouses, and products in all three systems."""

    def text(self) -> str:
        found = ""
        for name, kind, system in (
            ("shop", "oms", self.oms),
            ("depot", "wms", self.wms),
            ("annex", "wms", self.second),
        ):
            found += CONNECTION.format(name=name, kind=kind, url=system.url, more="", timeout=2)
        return CONFIG.format(folder=self.folder, interval=0, connections=found)

    async def begin(self, *codes: str, products=None, **settings: object) -> None:
        """Put the products everywhere, start, switch on, and make the first contact."""
        products = products or (a_product(),)
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

    async def until_agreed(self, **values: object) -> None:
        async def agreed() -> bool:
            base = (await self.client(lambda c: c.master_products("WH"))).items[0].base
            return all(base.get(name) == value for name, value in values.items())

        await self.until(agreed, f"{values} are agreed on")

    async def until_conflicts(self, count: int, code: str = "WH"):
        async def stand() -> bool:
            return (await self.status(code)).conflicts == count

        await self.until(stand, f"{code} has {count} conflicts")
        return (await self.client(lambda c: c.master_conflicts(code))).items

    async def quiet(self, rounds: int = 4) -> None:
        """Wait until every system was listed a few times more."""
        for system in (self.oms, self.wms):
            seen = system.calls["GET /v1/products"]

            async def listed(system=system, seen=seen) -> bool:
                return system.calls["GET /v1/products"] >= seen + rounds

            await self.until(listed, "it is listed again")

    async def quiet_hub(self, rounds: int = 4) -> None:
        """Wait until the OMS was listed a few times more."""
        seen = self.oms.calls["GET /v1/products"]

        async def listed() -> bool:
            return self.oms.calls["GET /v1/products"] >= seen + rounds

        await self.until(listed, "the OMS is listed again")

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
    await world.quiet()
    assert (world.writes(world.oms), world.writes(world.wms)) == (1, 1)


async def test_a_field_that_both_changed_is_kept_with_three_values_until_a_person_decides(world):
    await world.begin(fields={"name": MANUAL})
    world.oms.products.edit("A", name="Mug")
    world.wms.products.edit("A", name="Beaker", weight_g=250)
    await world.until_there(world.oms, weight_g=250)
    (conflict,) = await world.until_conflicts(1)
    assert (conflict.field, conflict.base, conflict.oms, conflict.wms) == ("name", "Cup", "Mug", "Beaker")
    await world.quiet()
    assert (world.oms.products.get("A").name, world.wms.products.get("A").name) == ("Mug", "Beaker")
    decided = await world.client(lambda c: c.resolve_conflict(conflict.id, "value", "Goblet", "as the box says"))
    assert (decided.open, decided.value, decided.base, decided.oms, decided.wms) == (
        False,
        "Goblet",
        "Cup",
        "Mug",
        "Beaker",
    )
    for system in (world.oms, world.wms):
        await world.until_there(system, name="Goblet")
    await world.until_conflicts(0)
    with pytest.raises(Refusal, match="decided already"):
        await world.client(lambda c: c.resolve_conflict(conflict.id, "oms"))


async def test_the_owner_of_a_field_wins_and_what_lost_is_kept(world):
    await world.begin()
    world.oms.products.edit("A", name="Mug", weight_g=1)
    world.wms.products.edit("A", name="Beaker", weight_g=2)
    for system in (world.oms, world.wms):
        await world.until_there(system, name="Mug", weight_g=2)
    kept = (await world.client(lambda c: c.master_conflicts("WH", decided=True))).items
    lost = {(each.field, each.taken, each.base, each.oms, each.wms) for each in kept}
    assert {("name", "owner", "Cup", "Mug", "Beaker"), ("weight", "owner", 200, 1, 2)} >= lost
    await world.quiet()
    assert world.writes(world.oms) + world.writes(world.wms) <= 4


@pytest.mark.behaviour("R5", "R7")
async def test_a_warehouse_that_is_switched_off_is_left_alone_and_the_other_is_not(world):
    await world.begin("WH", "WH2")
    for code in ("WH", "WH2"):
        await world.until_products(code, "bound")
    await world.change("WH", enabled=False)
    world.oms.products.edit("A", name="Mug")
    await world.until_there(world.second, name="Mug")
    await world.quiet_hub()
    assert world.wms.products.get("A").name == "Cup"
    await world.change("WH", enabled=True)
    await world.until_there(world.wms, name="Mug")


@pytest.mark.behaviour("R6")
async def test_only_the_fields_that_are_chosen_are_kept_in_step(world):
    await world.begin(fields={"name": MasterField(on=False), "storage": MasterField(direction="wms_to_oms")})
    world.oms.products.edit("A", name="Mug", storage="wet", unit="box", weight_g=300)
    await world.until_there(world.wms, weight_g=300)
    await world.quiet()
    product = world.wms.products.get("A")
    assert (product.name, product.storage) == ("Cup", "dry")
    world.wms.products.edit("A", name="Beaker", storage="cold")
    await world.until_there(world.oms, storage="cold")
    assert world.oms.products.get("A").name == "Mug"


async def test_a_change_in_one_warehouse_reaches_the_other_through_the_oms_only(world):
    await world.begin("WH", "WH2")
    world.wms.products.edit("A", weight_g=777)
    await world.until_there(world.second, weight_g=777)
    assert world.oms.products.get("A").weight_g == 777
    page = await world.client(lambda c: c.master_products("WH2"))
    assert page.items[0].origin == "WH"
    await world.quiet()
    assert (world.writes(world.oms), world.writes(world.wms), world.writes(world.second)) == (1, 0, 1)


@pytest.mark.behaviour("R5")
async def test_nothing_is_written_before_the_first_contact_is_planned_shown_and_applied(world):
    world.oms.products.put([a_product("A", unit=None), a_product("B", name="Pot")])
    world.wms.products.put([a_product("A", unit="box"), a_product("B", name="Pan")])
    await world.start()
    await world.switch_on("WH")
    await world.until_products("WH", "proposed", 2)
    plan = await world.client(lambda c: c.master_plan("WH"))
    assert (plan.products, plan.filled, plan.conflicted) == (2, 1, 1)
    page = await world.client(lambda c: c.master_plan_page(plan.id))
    assert page.items[0].fill["unit"].value == "box"
    assert (page.items[1].conflict["name"].oms, page.items[1].conflict["name"].wms) == ("Pot", "Pan")
    world.oms.products.edit("B", name="Kettle")

    async def refused() -> bool:
        try:
            await world.client(lambda c: c.apply_master_plan("WH", plan.id))
        except Refusal as refusal:
            return "changed after plan" in str(refusal)
        raise AssertionError("a plan was applied that did not say what was done")

    seen = world.oms.calls["GET /v1/products"]

    async def listed() -> bool:
        return world.oms.calls["GET /v1/products"] >= seen + 3

    await world.until(listed, "the change is seen")
    await world.until(refused, "the stale plan is refused")
    assert (world.writes(world.oms), world.writes(world.wms)) == (0, 0)
    fresh = await world.client(lambda c: c.master_plan("WH"))
    await world.client(lambda c: c.apply_master_plan("WH", fresh.id))
    await world.until_there(world.oms, unit="box")
    (conflict,) = await world.until_conflicts(1)
    assert (conflict.why, conflict.base, conflict.oms, conflict.wms) == ("first_contact", None, "Kettle", "Pan")
    await world.client(lambda c: c.resolve_conflict(conflict.id, "wms"))
    await world.until_there(world.oms, "B", name="Pan")


async def test_a_change_of_too_many_products_at_once_waits_for_a_person(world):
    await world.begin(products=[a_product(f"P{n}") for n in range(8)], brake_skus=3, brake_percent=20)
    await world.until_products("WH", "bound", 8)
    world.oms.products.put([a_product(f"P{n}", name="Mug") for n in range(5)])

    async def braked() -> bool:
        return (await world.status()).brake is not None

    await world.until(braked, "the brake is on")
    found = (await world.status()).brake
    assert (found.changes, found.bound) == (5, 8)
    await world.quiet()
    assert world.writes(world.wms) == 0
    await world.client(lambda c: c.release_master("WH"))
    for n in range(5):
        await world.until_there(world.wms, f"P{n}", name="Mug")


@pytest.mark.behaviour("P4", "P11")
@pytest.mark.parametrize(
    "point", ["products.before_write", "products.after_write", "operations.after_send", "master.after_merge"]
)
async def test_a_daemon_that_is_killed_in_the_middle_of_a_write_ends_with_both_sides_in_step(world, point):
    await world.begin()
    await world.until_products("WH", "bound")
    await world.stop()
    world.oms.products.edit("A", name="Mug")
    world.process = await world.spawn(CROSSDOCK_FAILPOINT=point)
    assert await world.process.wait() == -9
    await world.start()
    await world.until_there(world.wms, name="Mug")
    await world.until_agreed(name="Mug")
    await world.quiet()
    assert world.writes(world.wms) == 1


@pytest.mark.behaviour("P4")
async def test_a_write_whose_answer_was_lost_is_asked_about_and_not_made_twice(world):
    await world.begin()
    await world.until_products("WH", "bound")
    lost = Rule(fault=Fault.ACCEPTED_THEN_LOST, match=Match(method="POST", path=WRITE), times=1)
    world.wms.set_faults(Script(rules=(lost,)))
    world.oms.products.edit("A", name="Mug")
    await world.until_there(world.wms, name="Mug")
    await world.until_agreed(name="Mug")
    await world.quiet()
    assert world.writes(world.wms) == 1


async def test_a_system_that_keeps_another_value_than_was_written_is_not_written_to_for_ever(world):
    world.wms.products.limit = 5
    await world.begin()
    await world.until_products("WH", "bound")
    world.oms.products.edit("A", name="Coffee mug")
    (conflict,) = await world.until_conflicts(1)
    assert (conflict.why, conflict.oms, conflict.wms) == ("altered", "Coffee mug", "Coffe")
    await world.quiet()
    assert world.writes(world.wms) == 1
    await world.client(lambda c: c.resolve_conflict(conflict.id, "wms"))
    await world.until_there(world.oms, name="Coffe")


async def test_a_product_that_is_deleted_on_one_side_is_shown_as_such_and_deleted_nowhere(world):
    await world.begin()
    await world.until_products("WH", "bound")
    world.oms.products.delete("A")
    await world.until_products("WH", "retired")
    world.wms.products.edit("A", name="Mug")
    await world.quiet()
    assert not world.wms.products.get("A").deleted
    assert world.writes(world.oms) == 0
    world.oms.products.edit("A", deleted=False)
    await world.until_there(world.oms, name="Mug")


async def test_skus_that_differ_by_case_are_different_products(world):
    world.oms.products.put([a_product("Cup-1")])
    world.wms.products.put([a_product("CUP-1", name="Beaker")])
    await world.start()
    await world.switch_on("WH")
    await world.until_products("WH", "unbound", 2)
    plan = await world.client(lambda c: c.master_plan("WH"))
    assert plan.products == 0
    world.wms.products.put([a_product("Cup-1")])
    await world.until_products("WH", "proposed", 1)
