"""The engine as a whole, in virtual time and good weather."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest

from crossdock.testing.simulation.clock import VirtualLoop, run
from crossdock.testing.simulation.judge import judge, quiet
from crossdock.testing.simulation.profiles import PROFILES
from crossdock.testing.simulation.world import Process, World


def calm_world() -> World:
    world = World(5, PROFILES["default"], VirtualLoop())
    world.oms.calm = world.people.calm = True
    for wms in world.warehouses:
        wms.calm = True
    return world


@pytest.mark.behaviour("P10", "R29")
def test_a_push_that_ends_while_the_daemon_stops_is_reported_after_the_next_start():
    world = calm_world()

    async def live() -> list[tuple[str | None]]:
        world.orders.tick()
        process = Process(world)
        await process.start()
        while not any(link.in_flight for link in process.wms_links):
            await asyncio.sleep(0.005)
        await process.stop()
        return world.connection.execute("SELECT 1 FROM pushes WHERE state = 6 AND report_at IS NOT NULL").fetchall()

    assert run(live(), world.loop)
    world.close()


@pytest.mark.behaviour("P10")
def test_a_clean_stop_leaves_nothing_as_sending():
    world = calm_world()

    async def live() -> list[tuple[int]]:
        for _ in range(20):
            world.orders.tick()
        process = Process(world)
        await process.start()
        await asyncio.sleep(2.5)
        await process.stop()
        return world.connection.execute("SELECT id FROM pushes WHERE state = 3 OR run_id IS NOT NULL").fetchall()

    assert run(live(), world.loop) == []
    world.close()


@pytest.mark.behaviour("P13")
def test_nothing_is_fetched_or_sent_while_the_disk_is_full_and_all_goes_on_by_itself_afterwards():
    world = calm_world()
    world.disk_full = True

    async def live() -> tuple[int, int]:
        process = Process(world)
        await process.start()
        await asyncio.sleep(5)
        shown = len(world.oms.showed)
        world.orders.tick()
        await asyncio.sleep(20)
        before = len(world.oms.showed) - shown
        world.disk_full = False
        await asyncio.sleep(20)
        await process.stop()
        return before, len(world.oms.showed)

    before, after = run(live(), world.loop)
    world.close()
    assert before == 0
    assert after > 0


@pytest.mark.behaviour("P1", "P4", "P13")
def test_a_disk_that_fills_suddenly_stops_fetching_and_sending_and_all_goes_on_by_itself():
    """What is free does not show it: a quota, or somebody who writes faster than a tick."""
    world = calm_world()
    full = False

    def passed(name: str, _crash: object) -> None:
        if full and name == "store.before_commit":
            raise sqlite3.OperationalError("database or disk is full")

    world.chaos.at = passed

    async def live() -> bool:
        nonlocal full
        process = Process(world)
        await process.start()
        world.orders.tick()
        await asyncio.sleep(5)
        full = True
        world.orders.tick()
        await asyncio.sleep(10)
        assert not process.engine.gate.open
        calls = (world.oms.listings, [wms.received.total() for wms in world.warehouses])
        await asyncio.sleep(60)
        assert (world.oms.listings, [wms.received.total() for wms in world.warehouses]) == calls
        full = False
        world.orders.settle_down()
        await asyncio.sleep(60)
        rest = quiet(world)
        await process.stop()
        return rest

    assert run(live(), world.loop)
    judge(world)
    world.close()
    assert world.audit.violations == []


@pytest.mark.behaviour("P1", "P4", "R8", "R36")
def test_in_good_weather_everything_arrives_and_the_books_agree():
    world = calm_world()

    async def live() -> bool:
        for _ in range(5):
            world.orders.tick()
            await asyncio.sleep(2)
        world.orders.settle_down()
        process = Process(world)
        await process.start()
        await asyncio.sleep(30)
        rest = quiet(world)
        await process.stop()
        return rest

    assert run(live(), world.loop)
    judge(world)
    world.close()
    assert world.audit.violations == []
