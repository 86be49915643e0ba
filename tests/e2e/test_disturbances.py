"""The daemon as shipped under what is no kill: a full disk, a stop and go, a second daemon, a clock that jumps."""

from __future__ import annotations

import asyncio
import resource

import pytest
from tests.e2e.conftest import an_order

from crossdock.testing.chaos.processes import set_clock
from crossdock.testing.sandbox.faults import Fault, Match, Rule, Script


def room(process, size=resource.RLIM_INFINITY):
    """Let the process write files up to so many bytes: what a full disk or a quota does, without root."""
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


async def reasons(world):
    return " ".join((await world.client(lambda c: c.status())).reasons)


async def is_full(world):
    return "takes no writes" in await reasons(world)


@pytest.mark.parametrize("world", [("key",), ("lookup",)], indirect=True)
@pytest.mark.behaviour("P1", "P4", "P13")
async def test_with_a_full_disk_nothing_is_sent_and_all_goes_on_once_there_is_room(world):
    await world.start()
    await world.set_up()
    world.oms.put([an_order(n) for n in range(5)])
    await world.until_arrived(*(f"O-{n}" for n in range(5)))
    room(world.process, 0)
    world.oms.put([an_order(n) for n in range(5, 15)])

    async def full() -> bool:
        return await is_full(world)

    await world.until(full, "the full disk shows in the status")
    assert (await world.client(lambda c: c.call("GET", "/healthz", dict)))["status"] == "degraded"
    await asyncio.sleep(0.6)  # what was under way when it became full has ended
    calls = dict(world.oms.calls), dict(world.wms.calls)
    await asyncio.sleep(1)
    assert (dict(world.oms.calls), dict(world.wms.calls)) == calls
    room(world.process)
    await world.until_arrived(*(f"O-{n}" for n in range(15)))
    await world.until_state("O-14", "pushed")
    assert await reasons(world) == ""
    assert world.created() == {f"O-{n}": 1 for n in range(15)}
    assert await world.stop() == 0


@pytest.mark.behaviour("P10", "P13")
async def test_a_daemon_with_a_full_disk_stops_cleanly_when_told_to(world):
    await world.start()
    await world.set_up()
    world.oms.put([an_order(n) for n in range(40)])
    await world.until_arrived(*(f"O-{n}" for n in range(40)))
    log, wal = world.output, world.folder / "crossdock.db-wal"
    limit = 2 * log.stat().st_size + 4096  # the log, too, is written into a file
    assert wal.stat().st_size > limit
    room(world.process, limit)
    world.oms.put([an_order(40)])

    async def full() -> bool:
        return await is_full(world)

    await world.until(full, "the full disk shows in the status")
    assert await world.stop() == 0
    await world.start()
    await world.until_arrived("O-40")
    assert world.created() == {f"O-{n}": 1 for n in range(41)}


@pytest.mark.behaviour("P13")
async def test_a_start_on_a_full_disk_says_so_and_the_next_one_with_room_works(world):
    process = await world.spawn(
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    )
    assert await asyncio.wait_for(process.wait(), 30) == 69
    said = world.output.read_text()
    assert "takes no more" in said
    assert "Traceback" not in said
    await world.start()
    await world.set_up()
    world.oms.put([an_order(1)])
    await world.until_arrived("O-1")


HOUR = 3600


def takes_effect_after(seconds):
    """Let the warehouse's next creation take effect so long after it was asked for; nobody waits that long for the answer."""
    args = {"seconds": seconds, "hold_s": 5}
    match = Match(method="POST", path="/v1/outbounds")
    return Script(rules=(Rule(fault=Fault.ACCEPTED_LATE, match=match, args=args, times=1),))


@pytest.mark.behaviour("P12")
async def test_what_is_due_does_not_wait_for_an_hour_where_the_clock_is_set_back_by_one(world):
    await world.start_with_clock()
    await world.set_up()
    await world.wms.close_door()
    world.oms.put([an_order(1)])

    async def failed() -> bool:
        page = await world.client(lambda c: c.orders(limit=50))
        return any(item.state == "push_failed" and item.next_at is not None for item in page.items)

    await world.until(failed, "the push fails and has its next try")
    set_clock(world.clock, -HOUR)
    await world.until(lambda: moved(world), "the daemon sees that the clock was set")
    await world.until(lambda: moved(world), "the daemon sees that the clock was set")
    await world.wms.open_door()
    world.oms.put([an_order(2)])
    await world.until_arrived("O-1", "O-2")

    async def reported() -> bool:
        return len(world.oms.books.reported) == 2

    await world.until(reported, "2 reports")
    assert await world.stop() == 0


async def moved(world):
    return "the clock was moved by" in world.output.read_text()


@pytest.mark.parametrize("world", [("lookup",)], indirect=True)
@pytest.mark.behaviour("P4", "P12")
async def test_a_clock_set_ahead_does_not_make_a_doubt_old_enough_to_be_asked_about(world):
    world.wms.set_faults(takes_effect_after(1.2))
    await world.start_with_clock()
    await world.set_up()
    world.oms.put([an_order(1)])
    await world.until_state("O-1", "in_doubt")
    set_clock(world.clock, HOUR)
    await world.until(lambda: moved(world), "the daemon sees that the clock was set")
    await world.until_state("O-1", "pushed")
    await world.wms.quiet()
    assert world.created() == {"O-1": 1}


@pytest.mark.parametrize("world", [("lookup",)], indirect=True)
@pytest.mark.behaviour("P4", "P11", "P12")
async def test_a_clock_set_while_the_daemon_was_down_does_not_either(world):
    world.wms.set_faults(takes_effect_after(1.8))
    await world.start_with_clock()
    await world.set_up()
    world.oms.put([an_order(1)])
    await world.until_state("O-1", "in_doubt")
    await world.kill()
    set_clock(world.clock, HOUR)
    await world.start_with_clock()
    assert await moved(world)
    await world.until_state("O-1", "pushed")
    await world.wms.quiet()
    assert world.created() == {"O-1": 1}
