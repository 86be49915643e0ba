"""One simulation from its seed: a storm of faults and crashes, then calm, quiet, and the verdict."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.testing.simulation.clock import Stalled, VirtualLoop, run
from crossdock.testing.simulation.exchange_judge import STRUCTURE
from crossdock.testing.simulation.judge import judge, quiet
from crossdock.testing.simulation.order_book import TICK_S
from crossdock.testing.simulation.world import Process, World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crossdock.testing.simulation.profiles import Profile

LATEST_S = 7.0
"""After so long every order is visible and every late request has arrived."""

LISTINGS = 3
"""Complete listings in calm weather after which everything must have been seen."""


class Report(Struct, frozen=True):
    """How a simulation ended; `digest` is equal for equal runs."""

    seed: int
    profile: str
    crashes: int
    orders: int
    created: int
    violations: tuple[str, ...]
    digest: str

    @property
    def replay(self) -> str:
        """The command that runs this simulation again."""
        return f"python -m crossdock.testing.simulation --seed {self.seed} --profile {self.profile}"


class _Complaints(logging.Handler):
    """A traceback in the log is a fault of our own."""

    def __init__(self, world: World) -> None:
        super().__init__(logging.ERROR)
        self._world = world

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            self._world.audit.say(f"{record.getMessage()}: {record.exc_info[1]!r}")


@contextlib.contextmanager
def _listening(world: World) -> Iterator[None]:
    log = logging.getLogger("crossdock")
    before = (log.level, log.propagate)
    handler = _Complaints(world)
    log.addHandler(handler)
    log.setLevel(logging.ERROR)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(before[0])
        log.propagate = before[1]


def simulate(seed: int, profile: Profile) -> Report:
    """Run the simulation of `seed` and return its report."""
    loop = VirtualLoop()
    world = World(seed, profile, loop)
    with _listening(world):
        try:
            run(_whole(world), loop)
        except Stalled as error:
            world.audit.say(f"stalled: {error}")
        report = _report(seed, world)
    world.close()
    return report


def fail_points_of(seed: int, profile: Profile) -> set[str]:
    """Name the fail points that the processes of a simulation came by."""
    loop = VirtualLoop()
    world = World(seed, profile, loop)
    with _listening(world):
        run(_whole(world), loop)
    world.close()
    return set(world.chaos.hits)


def _report(seed: int, world: World) -> Report:
    documents = [document for wms in world.warehouses for document in wms.documents]
    return Report(
        seed=seed, profile=world.profile.name, crashes=world.incarnations - 1, orders=len(world.orders.entries),
        created=len(documents), violations=tuple(world.audit.violations),
        digest=f"{world.loop.time():.6f}/{sum(world.chaos.hits.values())}/{sum(d.at for d in documents):.6f}",
    )  # fmt: skip


async def _whole(world: World) -> None:
    appearing = asyncio.create_task(_appear(world))
    sleepers = await _storm(world)
    await appearing
    await _heal(world)
    await asyncio.gather(*sleepers)
    world.judge_moves()
    judge(world)


async def _appear(world: World) -> None:
    """Let orders come for as long as the storm lasts."""
    while world.loop.time() < world.profile.storm_s:
        world.orders.tick()
        if world.exchange is not None:
            world.exchange.tick()
        await asyncio.sleep(TICK_S)


async def _storm(world: World) -> list[asyncio.Task[None]]:
    """Start, kill and start again while everything goes wrong."""
    chance, sleepers = world.chaos.random, list[asyncio.Task[None]]()
    world.chaos.armed = True
    while world.loop.time() < world.profile.storm_s:
        world.chaos.aim()
        process = Process(world)
        if await process.start():
            sleeper = await _live(world, process)
            sleepers += [] if sleeper is None else [sleeper]
        _structure(world)
        if all(sleeper.done() for sleeper in sleepers):
            world.reopen()
        await asyncio.sleep(chance.uniform(0.02, 0.6) if chance.random() < 0.9 else chance.uniform(2, 8))
    world.chaos.armed = False
    return sleepers


async def _live(world: World, process: Process) -> asyncio.Task[None] | None:
    """Let a process live until it dies, is killed, is stopped or is put to sleep (then return who wakes it)."""
    chance = world.chaos.random
    span = chance.expovariate(1 / world.profile.crash_every_s) + 0.05
    world.disk_full = chance.random() < 0.04
    try:
        async with asyncio.timeout(span):
            await process.died.wait()
    except TimeoutError:
        pass
    world.disk_full = False
    end = chance.random()
    if not process.env.dead and end < 0.15:
        await process.stop()
    elif not process.env.dead and world.profile.zombies and end < 0.5 and any(w.in_flight for w in process.wms_links):
        return process.suspend(chance.uniform(2, 4) + world.profile.settle_s)
    else:
        await process.kill()
    return None


async def _heal(world: World) -> None:
    """Good weather: everything must come to rest by itself, or with what people are asked for."""
    world.oms.calm = world.people.calm = True
    for wms in world.warehouses:
        wms.calm = True
    world.orders.settle_down()
    if world.exchange is not None:
        world.exchange.settle_down()
    process = Process(world)
    await process.start()
    await asyncio.sleep(LATEST_S)
    began, listed = world.loop.time(), listings(world)
    while not (quiet(world) and listings(world) >= listed + LISTINGS):
        await asyncio.sleep(2)
        if world.loop.time() > began + world.profile.heal_s:
            world.audit.say(f"after {world.profile.heal_s:.0f} calm seconds there is still work under way")
            break
    await process.stop()
    _structure(world)


def listings(world: World) -> int:
    """Count the complete listings of what was listed least."""
    return world.oms.listings if world.exchange is None else min(world.oms.listings, world.exchange.listings())


def _structure(world: World) -> None:
    world.audit.structure(world.connection)
    if world.exchange is not None:
        world.audit.structure(world.connection, STRUCTURE)
