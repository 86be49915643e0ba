"""A lane whose run fails for a reason of our own goes on, and does not look well meanwhile."""

from __future__ import annotations

import asyncio

import pytest
from tests.control.world import FakeWms, World

from crossdock.config.model import Connection
from crossdock.engine.lanes import Gate, Lane, RunNumbers
from crossdock.ops.health import Snapshot, healthz


@pytest.mark.behaviour("P15")
async def test_a_lane_that_fails_says_why_until_it_runs_well_again(env):
    runs, failing = asyncio.Queue(), True

    async def run(number):
        await runs.put(number)
        if failing:
            raise AttributeError("'str' object has no attribute 'value'")

    lane = Lane("pull:shop", env, RunNumbers(0), run, Gate())
    serving = asyncio.create_task(lane.serve())
    await runs.get()
    await asyncio.sleep(0)
    assert lane.fault == "AttributeError"
    failing = False
    lane.wake()
    await runs.get()
    await asyncio.sleep(0)
    assert lane.fault == ""
    lane.stop()
    await serving


async def test_a_lane_that_is_cancelled_as_its_run_fails_ends(env):
    begun = asyncio.Event()

    async def run(number):
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as gone:  # as a failure beats it that gathered calls met in the same moment
            raise AttributeError("'str' object has no attribute 'value'") from gone

    lane = Lane("labels:shop", env, RunNumbers(0), run, Gate())
    serving = asyncio.create_task(lane.serve())
    await begun.wait()
    serving.cancel()
    ended, _ = await asyncio.wait([serving], timeout=5)
    assert ended == {serving}
    assert serving.cancelled()


def test_a_failing_lane_degrades_the_daemon():
    well = {"loop_lag_s": 0.0, "last_tick_age_s": 0.0, "last_db_age_s": 0.0}
    found = healthz(Snapshot(**well, lane_faults=(("pull:shop", "AttributeError"),)))
    assert found.status == "degraded"
    assert found.reasons == ("Lane pull:shop fails and is tried again (AttributeError); the log has more",)
    assert healthz(Snapshot(**well)).status == "ok"


@pytest.mark.parametrize("name", ["decide", "housekeeping", "reconcile", "master"])
async def test_a_connection_may_be_called_like_a_lane_of_the_engine(tmp_path, name):
    world = World(tmp_path)
    await world.start()
    try:
        engine = world.engine
        own = engine.lanes[name]
        other = FakeWms()
        other.name = name
        engine.config.connections[name] = Connection(type="fake-wms")
        await engine.add(other)
        own.running = True
        assert not engine._busy(name)
        own.running = False
        await engine.remove(name)
        assert engine.lanes[name] is own
        assert f"push:{name}" not in engine.lanes
    finally:
        await world.stop()
