"""A clock that is set while the daemon runs, as each part of the engine meets it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from crossdock.engine.clock_keeper import ClockKeeper
from crossdock.engine.schedule import RealSchedule
from crossdock.store.store import StoreFull
from crossdock.store.times import to_ms

HOUR = timedelta(hours=1)


def wait_s(connections):
    """The rest of the shop's back-off; half a second may have passed unseen."""
    return connections.wait_s("shop")


@pytest.mark.behaviour("P12")
@pytest.mark.parametrize("by", [HOUR, -HOUR])
async def test_the_time_that_decisions_rest_on_follows_only_when_told(clock, env, by):
    before = env.now()
    clock.shift(by)
    assert abs(env.now() - before) < HOUR / 2
    assert abs(env.moved_s() - by.total_seconds()) < 60
    env.follow()
    assert abs(env.now() - before - by) < HOUR / 2
    assert abs(env.moved_s()) < 1


@pytest.mark.behaviour("P12")
@pytest.mark.parametrize("by", [HOUR, -HOUR])
async def test_the_schedule_goes_on_although_the_clock_was_set(clock, env, by):
    ran, runs = asyncio.Event(), []

    async def run():
        runs.append(env.wall())
        ran.set()

    schedule = RealSchedule(env)
    schedule.every("tick", 0.05, run)
    schedule.start()
    await asyncio.wait_for(ran.wait(), 30)
    clock.shift(by)
    before = len(runs)
    for _ in range(3):
        ran.clear()
        await asyncio.wait_for(ran.wait(), 30)
    schedule.stop()
    assert len(runs) >= before + 3
    assert abs(runs[-1] - runs[0]) > HOUR / 2, "the last runs are on the new clock"


@pytest.mark.behaviour("P8", "P12")
@pytest.mark.parametrize("by", [HOUR, -HOUR])
async def test_a_connection_that_is_left_alone_is_left_alone_as_long_as_it_was_to_be(
    clock, env, store, connections, by
):
    keeper = ClockKeeper(env, store, connections)
    await keeper.catch_up({})
    wait = wait_s(connections)
    clock.shift(by)
    assert await keeper.follow({})
    assert 0 <= connections.wait_s("shop") <= wait
    assert not await keeper.follow({})


@pytest.mark.behaviour("P12", "P13")
async def test_what_a_clock_that_was_set_owes_is_made_good_once_there_is_room(clock, env, store, connections):
    keeper = ClockKeeper(env, store, connections)
    await keeper.catch_up({})
    await store.write(lambda tx: tx.execute("INSERT INTO throttles (scope, at) VALUES ('x', ?)", (to_ms(env.now()),)))
    clock.shift(HOUR)
    env.full = True
    with pytest.raises(StoreFull):
        await keeper.follow({})
    env.full = False
    assert await keeper.follow({})
    at = (await store.read(lambda tx: tx.one("SELECT at FROM throttles")))[0]
    assert abs(at - to_ms(env.now())) < 60_000


@pytest.mark.behaviour("P11", "P12")
@pytest.mark.parametrize(("machine", "noticed"), [("first", True), ("second", False)])
async def test_a_clock_set_between_two_starts_is_noticed_while_the_machine_is_the_same(
    clock, env, store, connections, machine, noticed
):
    await ClockKeeper(env, store, connections).catch_up({})
    clock.shift(-HOUR)
    env.follow()
    env.machine = machine
    await ClockKeeper(env, store, connections).catch_up({})
    assert (connections.wait_s("shop") < 60) == noticed
