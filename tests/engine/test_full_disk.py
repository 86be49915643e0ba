"""A disk that becomes full while the engine runs, part by part."""

from __future__ import annotations

import asyncio

import pytest

from crossdock.engine.connection_keeper import ConnectionKeeper
from crossdock.engine.lanes import Gate, Lane, RunNumbers
from crossdock.rules.connection_health import Status
from crossdock.store.store import StoreBusy, StoreError, StoreFull


@pytest.mark.behaviour("P13")
async def test_what_is_known_of_a_connection_is_written_down_once_there_is_room(env, store, connections):
    connections.pause("shop", "me", "stocktaking", env.now())
    env.full = True
    with pytest.raises(StoreFull):
        await connections.save()
    env.full = False
    await connections.save()
    later = ConnectionKeeper(env, store)
    await later.load()
    assert later.of("shop").status is Status.PAUSED


@pytest.mark.behaviour("P13")
@pytest.mark.parametrize(
    ("error", "stays_open"), [(StoreFull("full"), False), (StoreError("broken"), True), (StoreBusy("locked"), True)]
)
async def test_no_run_begins_until_the_database_takes_writes_again(env, error, stays_open):
    gate, runs, failing = Gate(), asyncio.Queue(), True

    async def run(number):
        await runs.put(number)
        if failing:
            raise error

    lane = Lane("push:depot", env, RunNumbers(0), run, gate)
    serving = asyncio.create_task(lane.serve())
    await runs.get()
    await asyncio.sleep(0)
    assert gate.open is stays_open
    failing = False
    lane.wake()
    if not stays_open:
        for _ in range(20):
            await asyncio.sleep(0)
        assert runs.empty()
        gate.open = True
        lane.wake()
    await asyncio.wait_for(runs.get(), 30)
    lane.stop()
    await serving
