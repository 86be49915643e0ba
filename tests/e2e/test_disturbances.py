"""The daemon as shipped under what is no kill: a full disk, a stop and go, a second daemon, a clock that jumps."""

from __future__ import annotations

import asyncio
import resource
import signal

import pytest
from tests.e2e.conftest import an_order

from crossdock.control import database
from crossdock.control.records.orders import OrderRef
from crossdock.testing.chaos.disturbances import first_schema
from crossdock.testing.chaos.plan import MIGRATION_POINTS
from crossdock.testing.chaos.processes import set_clock
from crossdock.testing.sandbox.faults import Fault, Match, Rule, Script


def room(process, size=None):
    """Let the process write files up to so many bytes (None: any): what a full disk or a quota does, without root."""
    hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (hard if size is None else size, hard))


def no_room():
    """Start a process that may write no file beyond a page."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


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
    process = await world.spawn(preexec_fn=no_room)
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


@pytest.mark.parametrize("world", [("key",), ("lookup",)], indirect=True)
@pytest.mark.behaviour("P1", "P4", "P12")
@pytest.mark.parametrize("then", [signal.SIGCONT, signal.SIGKILL])
async def test_a_daemon_stopped_for_longer_than_it_waits_for_answers_doubles_nothing(world, then):
    """It is stopped while the warehouse takes its time, so the answer lies there when the timeout has long passed."""
    world.wms.set_faults(takes_effect_after(0.3))
    await world.start()
    await world.set_up()
    world.oms.put([an_order(n) for n in range(12)])

    async def sent() -> bool:
        return world.wms.calls["POST /v1/outbounds"] > 0

    await world.until(sent, "a push is under way")
    world.process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(1)  # the daemon waits half a second
    world.process.send_signal(then)
    if then == signal.SIGKILL:
        await world.process.wait()
        await world.start()
    for n in range(12):
        await world.until_state(f"O-{n}", "pushed")
    await world.wms.quiet()
    assert world.created() == {f"O-{n}": 1 for n in range(12)}


async def ended(process):
    return await asyncio.wait_for(process.wait(), 30)


@pytest.mark.behaviour("P14")
@pytest.mark.parametrize("stopped", [False, True])
async def test_a_second_daemon_refuses_and_harms_nothing(world, stopped):
    await world.start()
    await world.set_up()
    if stopped:  # the one that holds the file need not be able to answer
        world.process.send_signal(signal.SIGSTOP)
    assert await ended(await world.spawn()) == 75
    assert "another crossdock daemon uses" in world.output.read_text()
    world.process.send_signal(signal.SIGCONT)
    world.oms.put([an_order(n) for n in range(8)])
    await world.until_arrived(*(f"O-{n}" for n in range(8)))
    await world.until_state("O-7", "pushed")
    assert world.created() == {f"O-{n}": 1 for n in range(8)}
    assert await world.stop() == 0


@pytest.mark.parametrize("world", [("key",), ("lookup",)], indirect=True)
@pytest.mark.behaviour("P4", "P11", "P14")
async def test_of_two_daemons_started_when_another_is_killed_one_goes_on_where_that_one_was(world):
    await world.start()
    await world.set_up()
    world.wms.set_faults(takes_effect_after(1.2))
    world.oms.put([an_order(n) for n in range(8)])

    async def sent() -> bool:
        return world.wms.calls["POST /v1/outbounds"] > 0

    await world.until(sent, "a push is under way")
    await world.kill()
    heirs = [await world.spawn(), await world.spawn()]
    refused, _ = await asyncio.wait([asyncio.create_task(ended(heir)) for heir in heirs], return_when="FIRST_COMPLETED")
    assert [task.result() for task in refused] == [75]
    world.process = next(heir for heir in heirs if heir.returncode is None)
    await world.until(world.answers, "the one that goes on answers")
    for n in range(8):
        await world.until_state(f"O-{n}", "pushed")
    await world.wms.quiet()
    assert world.created() == {f"O-{n}": 1 for n in range(8)}
    assert await world.stop() == 0


@pytest.mark.behaviour("P1", "P4", "P11")
@pytest.mark.parametrize("point", MIGRATION_POINTS)
async def test_killed_while_an_old_database_is_brought_up_to_date_it_is_whole_after_the_next_start(world, point):
    await world.start()
    await world.set_up(auto_push=False)
    world.oms.put([an_order(n) for n in range(6)])
    await world.until_state("O-5", "not_pushed")
    await world.kill()
    file = world.folder / "crossdock.db"
    first_schema(file)
    first, *others = (step.applied for step in database.status(file).migrations)
    assert (first, any(others)) == (True, False)
    assert await ended(await world.spawn(CROSSDOCK_FAILPOINT=point)) == -signal.SIGKILL
    first, second, *others = (step.applied for step in database.status(file).migrations)
    assert (first, second, any(others)) == (True, point == "migrate.after_commit", False)
    await world.start()
    await world.client(lambda c: c.push([OrderRef(connection="shop", ref=f"O-{n}") for n in range(6)]))
    for n in range(6):
        await world.until_state(f"O-{n}", "pushed")
    assert world.created() == {f"O-{n}": 1 for n in range(6)}
    assert database.check(file).problems == ()
    assert await world.stop() == 0
