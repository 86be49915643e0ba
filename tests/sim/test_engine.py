"""The engine as a whole, in virtual time and good weather."""

from __future__ import annotations

import asyncio
import functools
import sqlite3

import pytest

from crossdock.rules.connection_health import Status
from crossdock.spec.errors import Retryable
from crossdock.spec.outbound import CheckResult
from crossdock.testing.simulation.clock import VirtualLoop, run
from crossdock.testing.simulation.judge import judge, quiet
from crossdock.testing.simulation.profiles import PROFILES
from crossdock.testing.simulation.wms import WmsLink
from crossdock.testing.simulation.world import Process, World


def calm_world() -> World:
    world = World(5, PROFILES["default"], VirtualLoop())
    world.oms.calm = world.people.calm = True
    for wms in world.warehouses:
        wms.calm = True
    return world


def _comes_to_rest(world, life):
    """Let a life run to its end and judge what it leaves."""
    assert run(life, world.loop)
    judge(world)
    world.close()
    assert world.audit.violations == []


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

    _comes_to_rest(world, live())


@pytest.mark.behaviour("P8")
def test_a_connection_that_failed_and_has_nothing_to_do_is_well_again_by_itself_or_at_rest():
    world = calm_world()

    async def live() -> list[str]:
        process = Process(world)
        await process.start()
        keeper = process.engine.keeper
        for name in ("wms-a", "wms-b"):
            keeper.failed(name, Retryable("no answer"))
        await asyncio.sleep(10)
        found = [keeper.of(name).status for name in ("wms-a", "wms-b")]
        await process.stop()
        return found

    assert run(live(), world.loop) == [Status.OK, Status.IDLE]
    assert world.warehouses[0].checks == 1
    world.close()


@pytest.mark.behaviour("P8")
def test_a_connection_that_stays_broken_is_asked_at_the_pace_of_its_back_off():
    world = calm_world()

    async def broken(link: WmsLink) -> CheckResult:
        asked.append(world.loop.time())
        raise Retryable("no answer")

    asked: list[float] = []

    async def live() -> Status:
        process = Process(world)
        process.wms_links[0].check = functools.partial(broken, process.wms_links[0])
        await process.start()
        process.engine.keeper.failed("wms-a", Retryable("no answer"))
        await asyncio.sleep(600)
        await process.stop()
        return process.engine.keeper.of("wms-a").status

    assert run(live(), world.loop) in (Status.RETRYING, Status.OPEN)
    # on average every other cap of 4 s, and each a little later than that
    assert 60 < len(asked) < 300
    world.close()


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

    _comes_to_rest(world, live())
