"""The schedule that says "now" in the real world."""

from __future__ import annotations

import asyncio

from crossdock.engine.schedule import RealSchedule
from crossdock.env import REAL


async def test_a_stop_in_the_middle_of_a_run_is_no_error_of_that_run(caplog):
    begun, ended = asyncio.Event(), asyncio.Event()

    async def never() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    schedule = RealSchedule(REAL)
    schedule.every("tick", 0.01, never)
    schedule.start()
    await asyncio.wait_for(begun.wait(), 10)
    schedule.stop()
    await asyncio.wait_for(ended.wait(), 10)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
