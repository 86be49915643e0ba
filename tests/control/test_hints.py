"""Hints in a real engine: however many come, little is fetched, and never what they say but what the system says."""

from __future__ import annotations

import asyncio

import pytest
from tests.control.world import World, order

from crossdock.engine.hint_keeper import HintKeeper
from crossdock.spec.webhooks import Hint, Subject
from crossdock.store import tasks

pytestmark = pytest.mark.security("S11")


@pytest.fixture
async def world(tmp_path):
    made = World(tmp_path)
    await made.start()
    made.keeper = HintKeeper(made.engine, gap_s=3600)
    made.keeper.start()
    yield made
    await made.keeper.stop()
    await made.stop()


async def until(holds):
    async with asyncio.timeout(20):
        while not await holds():
            await asyncio.sleep(0.005)


async def until_there(world, ref):
    async def there():
        async with world.client() as client:
            return [item.ref for item in (await client.orders()).items] == [ref]

    await until(there)


async def all_tasks(world):
    return [task for task in await world.store.read(tasks.page, None, 100) if task.origin == "webhook"]


@pytest.mark.behaviour("P3", "P9")
async def test_a_flood_of_hints_is_one_task_that_fetches_each_order_once(world):
    world.serve(*(order(f"O-{n}") for n in range(3)))
    for n in range(10_000):
        world.keeper.add("oms", [Hint(Subject.ORDER, f"O-{n % 3}")])

    async def done():
        return [task.state for task in await all_tasks(world)] == ["succeeded"]

    await until(done)
    (task,) = await all_tasks(world)
    assert (task.kind, task.found, task.scope.splitlines()) == ("sync_order", 3, ["O-0", "O-1", "O-2"])


async def test_a_hint_about_orders_without_a_name_has_the_changes_listed_whatever_the_schedule_says(world):
    world.serve(order("O-1"))
    world.keeper.add("oms", [Hint(Subject.ORDER)])
    await until_there(world, "O-1")
    assert await all_tasks(world) == []


async def test_an_order_that_the_oms_does_not_have_changes_nothing(world):
    world.keeper.add("oms", [Hint(Subject.ORDER, "O-404")])

    async def done():
        return [task.state for task in await all_tasks(world)] == ["partial"]

    await until(done)
    async with world.client() as client:
        assert (await client.orders()).items == ()


@pytest.mark.parametrize("subject", list(Subject))
async def test_a_hint_of_a_connection_without_such_a_stream_is_nothing(world, subject):
    world.keeper.add("wms", [Hint(subject, "x")])
    world.keeper.add("gone", [Hint(subject, "x")])
    world.serve(order("O-1"))
    world.keeper.add("oms", [Hint(Subject.ORDER, "O-1")])
    await until_there(world, "O-1")
    async with world.client() as client:
        hinted = {item.name: item.last_hint is not None for item in (await client.connections()).items}
    assert hinted["oms"] is hinted["wms"] is True
