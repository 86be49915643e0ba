"""Stock over the control API: listed, fetched, switched, audited."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from tests.control.world import FakeOms, FakeWms, World

from crossdock.control.client import Refusal
from crossdock.control.records.book import Warehouse
from crossdock.spec.listing import Listing
from crossdock.spec.outbound import ItemResult
from crossdock.spec.stock import StockLevel, level_name
from crossdock.store import audit


class StockOms(FakeOms):
    hooks = FakeOms.hooks | {"apply_stock"}

    def __init__(self):
        super().__init__()
        self.levels = {}

    async def apply_stock(self, levels):
        self.levels |= {level_name(level): level.on_hand for level in levels}
        return [ItemResult(ref=level_name(level), ok=True) for level in levels]


class StockWms(FakeWms):
    hooks = FakeWms.hooks | {"fetch_stock"}

    def __init__(self):
        super().__init__()
        self.shown, self.asked = {}, 0

    async def fetch_stock(self, window, cursor, limit):
        self.asked += 1
        return Listing(items=tuple(self.shown.values()))

    def show(self, sku, on_hand, hours=1):
        at = datetime.now(UTC) - timedelta(hours=hours)
        self.shown[sku] = StockLevel(sku=sku, warehouse="W1", on_hand=Decimal(on_hand), observed_at=at)


@pytest.fixture
async def world(tmp_path):
    made = World(tmp_path)
    made.oms, made.wms = StockOms(), StockWms()
    await made.start()
    await made.settings()
    yield made
    await made.stop()


@pytest.fixture
async def client(world):
    async with world.client() as made:
        yield made


async def until(holds):
    async with asyncio.timeout(20):
        while not await holds():
            await asyncio.sleep(0.005)


async def until_states(client, **states):
    async def stand():
        return {item.sku: item.state for item in (await client.stock()).items} == states

    await until(stand)


async def test_a_level_is_shown_with_what_the_oms_was_told(world, client):
    world.wms.show("A", 5)
    assert (await client.switch_stock("WH1", on=True)).on is True
    await until_states(client, A="confirmed")
    (item,) = (await client.stock(warehouse="WH1", sku="A")).items
    assert (item.on_hand, item.ours, item.oms, item.remote) == (5, "A", "oms", "W1")
    assert item.confirmed_at is not None
    assert world.oms.levels == {"WH1/A": 5}
    assert (await client.stock(sku="B")).items == ()


async def test_the_list_is_read_page_by_page(world, client):
    for n in range(5):
        world.wms.show(f"S{n}", n)
    await client.switch_stock("WH1", on=True)
    await until_states(client, **{f"S{n}": "confirmed" for n in range(5)})
    first = await client.stock(limit=3)
    rest = await client.stock(limit=3, after=first.next)
    assert [item.sku for item in (*first.items, *rest.items)] == [f"S{n}" for n in range(5)]
    assert rest.next is None


async def test_levels_that_wait_for_a_person_are_found_until_nobody_wants_them(world, client):
    await client.save_warehouse(msgspec.structs.replace(await client.warehouse("WH1"), auto_bind=False))
    world.wms.show("A", 5)
    await client.switch_stock("WH1", on=True, oms="oms")
    await until_states(client, A="held")
    (held,) = (await client.stock(held="true")).items
    assert (held.sku, held.why) == ("A", "map the warehouse's SKU (crossdock mappings)")
    assert [each.sku for each in (await client.stock(held="true", warehouse="WH1")).items] == ["A"]
    await client.switch_stock("WH1", on=False)
    assert (await client.stock(held="true")).items == ()


async def test_a_switch_is_audited_and_saved_at_the_revision_that_was_read(world, client):
    made = await client.switch_stock("WH1", on=True, oms="oms")
    with pytest.raises(Refusal, match="revision 1"):
        await client.switch_stock("WH1", on=False, revision=7)
    await client.switch_stock("WH1", on=False, revision=made.revision)
    rows = [row for row in await world.store.read(audit.page, 0, 30) if row.action == "stock.switch"]
    said = [(row.actor, row.object, row.result, row.before, row.after) for row in rows]
    assert said == [
        ("admin", "WH1", "done", "off", "on oms"),
        ("admin", "WH1", "refused", "", ""),
        ("admin", "WH1", "done", "on oms", "off"),
    ]
    assert [(s.warehouse, s.on) for s in (await client.stock_switches()).items] == [("WH1", False)]


async def test_what_is_switched_off_says_so_and_is_sent_when_it_is_on_again(world, client):
    world.wms.show("A", 5)
    await client.switch_stock("WH1", on=True)
    await until_states(client, A="confirmed")
    await client.switch_stock("WH1", on=False)
    world.wms.show("A", 4, hours=0)
    asked = world.wms.asked
    world.engine.wake("stock:wms")
    await world.engine.tick()
    assert (world.wms.asked, world.oms.levels) == (asked, {"WH1/A": 5})


@pytest.mark.behaviour("R10")
async def test_fetching_now_keeps_the_five_minute_limit(world, client):
    await client.switch_stock("WH1", on=True)
    assert (await client.fetch_stock("wms")).task_id
    with pytest.raises(Refusal, match="less than 300 s ago"):
        await client.fetch_stock("wms")


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda c: c.fetch_stock("oms"), "no connection 'oms' tells its stock"),
        (lambda c: c.fetch_stock("wms"), "switch one on first"),
        (lambda c: c.switch_stock("WH9", on=True), "there is no warehouse 'WH9'"),
        (lambda c: c.switch_stock("WH1", on=True, oms="wms"), "no connection 'wms' takes stock"),
    ],
)
async def test_what_cannot_be_done_is_refused_with_what_can(client, ask, said):
    with pytest.raises(Refusal, match=said):
        await ask(client)


async def test_two_warehouses_have_switches_of_their_own(world, client):
    await client.save_warehouse(Warehouse(code="WH2", connection="wms", remote="W2"))
    await client.switch_stock("WH2", on=True)
    assert [(s.warehouse, s.on) for s in (await client.stock_switches()).items] == [("WH1", False), ("WH2", True)]
