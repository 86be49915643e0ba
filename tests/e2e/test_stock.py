"""Stock through the real daemon: from a sandbox WMS to a sandbox OMS, through lost answers and a kill."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from crossdock.control.client import Refusal
from crossdock.control.records.book import Warehouse
from crossdock.spec.stock import StockLevel, StockMovement
from crossdock.testing.sandbox.faults import Fault, Match, Rule, Script


def a_level(sku, on_hand, seconds=0):
    return StockLevel(
        sku=sku, warehouse="W1", on_hand=Decimal(on_hand), observed_at=datetime.now(UTC) - timedelta(seconds=seconds)
    )


async def ready(world):
    await world.start()
    values = {"code": "WH", "connection": "depot", "remote": "W1", "oms_code": "BKK"}
    await world.client(lambda c: c.save_warehouse(Warehouse(**values)))


async def until_held(world, **quantities):
    async def held():
        return {name.split("/")[1]: level.on_hand for name, level in world.oms.stock.levels.items.items()} == quantities

    await world.until(held, f"the OMS holds {quantities}")


async def test_a_wms_whose_stock_nobody_wants_is_not_asked_for_it(world):
    world.wms.stock.put([a_level("A", 5)])
    await ready(world)
    with pytest.raises(Refusal, match="switch one on"):
        await world.client(lambda c: c.fetch_stock("depot"))
    assert world.wms.calls["GET /v1/stock"] == 0


@pytest.mark.behaviour("P4", "P6")
async def test_levels_reach_the_oms_through_lost_answers_and_a_kill_and_never_go_back(world):
    world.oms.set_faults(
        Script(rules=(Rule(fault=Fault.ACCEPTED_THEN_LOST, match=Match(method="POST", path="/v1/stock"), times=2),))
    )
    world.wms.stock.put([a_level("A", 5, 60), a_level("B", 7, 50)])
    await ready(world)
    await world.client(lambda c: c.switch_stock("WH", on=True))
    await until_held(world, A=5, B=7)
    world.wms.stock.put([a_level("A", 4, 30)])
    await until_held(world, A=4, B=7)
    await world.kill()
    world.wms.stock.put([a_level("A", 3, 10), a_level("B", 0)])
    await world.start()
    await until_held(world, A=3, B=0)
    for name in ("BKK/A", "BKK/B"):
        stamps = [level.observed_at for level in world.oms.stock.history if level.sku == name[-1]]
        assert stamps == sorted(set(stamps))

    async def confirmed():
        page = await world.client(lambda c: c.stock(warehouse="WH"))
        return [(i.sku, i.state) for i in page.items] == [("A", "confirmed"), ("B", "confirmed")]

    await world.until(confirmed, "both levels are confirmed")


async def test_fetching_now_is_a_task(world):
    await ready(world)
    await world.client(lambda c: c.switch_stock("WH", on=True))
    world.wms.stock.put([a_level("A", 5)])
    asked = await world.client(lambda c: c.fetch_stock("depot"))

    async def done():
        return (await world.client(lambda c: c.task(asked.task_id))).state == "succeeded"

    await world.until(done, "the task is done")
    await until_held(world, A=5)


async def test_movements_are_there_to_be_listed(world):
    moved = StockMovement(ref="m1", sku="A", warehouse="W1", change=Decimal(-1), at=datetime.now(UTC))
    world.wms.stock.move([moved])
    await ready(world)
    await world.client(lambda c: c.switch_stock("WH", on=True))
    world.wms.stock.put([a_level("A", 5)])
    await until_held(world, A=5)
    assert world.oms.stock.quantities == {}  # a WMS with levels: what moved is in them already
