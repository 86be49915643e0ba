"""Master data through the control API: settings with a revision, rights, refusals that say what to do, the audit."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from tests.control.test_actions import ended
from tests.control.world import FakeOms, FakeWms, World

from crossdock.control.client import Refusal
from crossdock.control.records.master import MasterField, MasterSettings
from crossdock.control.routes import TABLE
from crossdock.spec.listing import Listing
from crossdock.store import audit, bindings, conflicts

pytestmark = pytest.mark.behaviour("R7")


@pytest.mark.behaviour("R5")
async def test_settings_that_nobody_saved_are_off_and_complete(client):
    found = await client.master_settings("WH1")
    assert (found.enabled, found.revision, len(found.fields)) == (False, 0, 13)
    assert found.fields["weight"].owner == "wms"


async def test_settings_are_kept_per_warehouse_and_only_at_the_revision_that_was_read(world, client):
    capable(world)
    found = await client.master_settings("WH1")
    fields = {**found.fields, "name": MasterField(on=False)}
    saved = await client.save_master_settings(msgspec.structs.replace(found, enabled=True, fields=fields))
    assert (saved.revision, saved.fields["name"].on) == (1, False)
    with pytest.raises(Refusal) as refused:
        await client.save_master_settings(found)
    assert refused.value.code == "changed_meanwhile"
    rows = await world.engine.store.read(audit.newest, audit.Sought(action="master.policy"), None, 9)
    assert [(row.object, row.result) for row in rows] == [("WH1", "refused"), ("WH1", "done")]
    assert (rows[0].after, '"revision":1' in rows[1].after) == ("", True)
    status = await client.master_status("WH1")
    assert (status.enabled, status.conflicts, status.brake) == (True, 0, None)


async def test_the_status_before_any_settings_shows_that_it_is_off(client):
    status = await client.master_status("WH1")
    assert (status.enabled, status.products, status.conflicts, status.brake) == (False, {}, 0, None)
    with pytest.raises(Refusal, match="no warehouse 'NO'"):
        await client.master_status("NO")


async def test_products_that_nobody_wants_or_lists_are_not_fetched(client):
    with pytest.raises(Refusal, match=r"no connection 'oms' lists its products \(those that do: none\)"):
        await client.fetch_products("oms")


class Lists:
    """What a system that lists its products has more."""

    asked = 0

    async def fetch_products(self, window, cursor, limit):
        self.asked += 1
        return Listing()


class ListingOms(Lists, FakeOms):
    hooks = FakeOms.hooks | {"fetch_products", "get_products", "write_products"}


class ListingWms(Lists, FakeWms):
    hooks = FakeWms.hooks | {"fetch_products", "get_products", "write_products"}


@pytest.fixture
async def in_step(tmp_path):
    """A world whose WH1 keeps its products in step."""
    made = World(tmp_path)
    made.oms, made.wms = ListingOms(), ListingWms()
    await made.start()
    await made.settings()
    yield made
    await made.stop()


@pytest.mark.behaviour("R4", "R10")
async def test_products_are_fetched_when_a_person_asks_once_in_five_minutes(in_step):
    async with in_step.client() as client:
        with pytest.raises(Refusal, match="master policy enable"):
            await client.fetch_products("wms")
        await client.save_master_settings(msgspec.structs.replace(await client.master_settings("WH1"), enabled=True))
        async with asyncio.timeout(20):
            while not in_step.wms.asked:
                await asyncio.sleep(0.005)
        task = await ended(client, (await client.fetch_products("wms")).task_id)
        assert (task.kind, task.state, in_step.wms.asked) == ("fetch_products", "succeeded", 2)
        with pytest.raises(Refusal, match="products of wms were fetched less than 300 s ago"):
            await client.fetch_products("wms")
        await client.fetch_products("oms")


async def test_a_connector_that_cannot_is_refused_with_what_it_lacks(client):
    with pytest.raises(Refusal, match="it lacks fetch_products, get_products, write_products"):
        await client.save_master_settings(await client.master_settings("WH1"))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"fields": {"colour": MasterField()}}, "there is no field 'colour'"),
        ({"fields": {"name": MasterField(rule="max")}}, "is no number"),
        ({"oms": "nowhere"}, "there is no OMS connection 'nowhere'"),
    ],
)
async def test_settings_that_make_no_sense_are_refused_with_a_reason(world, client, change, text):
    capable(world)
    found = await client.master_settings("WH1")
    with pytest.raises(Refusal, match=text):
        await client.save_master_settings(msgspec.structs.replace(found, **change))


async def test_what_is_not_there_is_said_in_a_sentence(world, client):
    capable(world)
    for ask, text in (
        (client.master_settings("NO"), "there is no warehouse 'NO'"),
        (client.master_plan("WH1"), "master policy enable WH1"),
        (client.master_plan_page(9), "there is no plan 9"),
        (client.master_conflict(9), "there is no conflict 9"),
        (client.resolve_conflict(9, "oms"), "there is no conflict 9"),
        (client.resolve_conflict(9, "value"), "a value goes with take 'value'"),
        (client.release_master("WH1"), "nothing of warehouse 'WH1' is held back"),
    ):
        with pytest.raises(Refusal, match=text):
            await ask


async def test_a_plan_is_applied_once_and_only_for_its_warehouse(world, client):
    capable(world)
    found = await client.master_settings("WH1")
    await client.save_master_settings(msgspec.structs.replace(found, enabled=True))
    assert (await client.master_status("WH1")).plan is None
    plan = await client.master_plan("WH1")
    assert (plan.state, plan.products) == ("open", 0)
    assert (await client.master_status("WH1")).plan == plan
    assert (await client.apply_master_plan("WH1", plan.id)).state == "applied"
    with pytest.raises(Refusal, match="is applied"):
        await client.apply_master_plan("WH1", plan.id)
    second = await client.master_plan("WH1")
    saved = await client.master_settings("WH1")
    await client.save_master_settings(msgspec.structs.replace(saved, tolerance_s=9))
    with pytest.raises(Refusal, match="settings of warehouse WH1 were changed"):
        await client.apply_master_plan("WH1", second.id)


async def test_conflicts_are_found_by_field_and_sku_and_products_by_what_their_sku_begins_with(world, client):
    capable(world)

    def seed(tx):
        for number, (sku, field) in enumerate((("A-1", "name"), ("A-2", "weight"), ("B-1", "name"))):
            three = conflicts.Three(base="b", oms="o", wms="w")
            conflicts.keep_open(tx, "WH1", sku, field, three, 0, "both_changed", number)
            bindings.touch(tx, ["WH1"], sku, number)

    await world.store.write(seed)

    async def found(**query):
        return [(each.sku, each.field) for each in (await client.master_conflicts("WH1", **query)).items]

    assert await found(field="name") == [("A-1", "name"), ("B-1", "name")]
    assert await found(sku="A-2") == [("A-2", "weight")]
    assert await found(sku="A-2", field="name", decided=True) == []
    page = await client.master_conflicts("WH1", field="name", limit=1)
    assert [each.sku for each in (await client.master_conflicts("WH1", field="name", after=page.next)).items] == ["B-1"]
    assert [each.sku for each in (await client.master_products("WH1", sku="A")).items] == ["A-1", "A-2"]
    assert [each.sku for each in (await client.master_products("WH1", "unbound", sku="B-")).items] == ["B-1"]


def test_who_may_do_what():
    rights = {(route.method, route.path): str(route.permission) for route in TABLE if "/master-" in route.path}
    assert {path for (method, path), right in rights.items() if right == "master.resolve"} == {
        "/v1/master-conflicts/{id}/resolve"
    }
    assert {right for (method, _), right in rights.items() if method == "GET"} == {"view"}
    assert rights.pop(("POST", "/v1/master-products/fetch")) == "order.pull"
    writes = {right for (method, path), right in rights.items() if method != "GET" and "conflicts" not in path}
    assert writes == {"master.policy"}


def test_the_records_of_the_client_fit_those_of_the_daemon():
    from crossdock.rules.master_policy import FieldPolicy, MasterPolicy

    assert MasterSettings.__struct_fields__ == MasterPolicy.__struct_fields__
    assert MasterField.__struct_fields__ == FieldPolicy.__struct_fields__


def capable(world):
    """Give the world's connections the hooks of products."""
    for link in world.engine.links.values():
        link.hooks = link.hooks | {"fetch_products", "get_products", "write_products"}
