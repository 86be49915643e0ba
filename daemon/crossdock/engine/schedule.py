"""Periods: a thin layer over APScheduler that drops no run, doubles none, and survives a clock that jumps."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from crossdock.env import Env

log = logging.getLogger("crossdock.engine")


class Schedule(Protocol):
    """Calls things again and again."""

    def every(self, name: str, seconds: float, call: Callable[[], Awaitable[None]]) -> None:
        """Call `call` every `seconds`; a second one of the same name replaces the first."""
        ...

    def forget(self, name: str) -> None:
        """Stop calling what has this name."""
        ...

    def start(self) -> None:
        """Begin."""
        ...

    def stop(self) -> None:
        """Start nothing any more."""
        ...


LOOK_S = 1.0
"""How often the schedule compares the clocks, and by how much they may part between two looks."""


class RealSchedule:
    """APScheduler in this event loop. It only says "now"; what is due is decided by rows.

    `misfire_grace_time=None` and `coalesce=True`: a run that is late runs once, however late; the defaults drop a job
    that is one second late. APScheduler plans on the wall clock: one set back by an hour would stop it for an hour, so
    whatever it has planned is due at once when the clock was set.
    """

    def __init__(self, env: Env) -> None:
        self._env = env
        self._stopped = False
        self._watch: asyncio.Task[None] | None = None
        self._scheduler = AsyncIOScheduler(
            timezone="UTC",
            executors={"default": AsyncIOExecutor()},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def every(self, name: str, seconds: float, call: Callable[[], Awaitable[None]]) -> None:
        """Call `call` every `seconds`."""

        async def run() -> None:
            try:
                await call()
            except asyncio.CancelledError:
                if not self._stopped:  # else APScheduler would log the stop as an error of the job, with its traceback
                    raise

        self._scheduler.add_job(run, IntervalTrigger(seconds=seconds), id=name, name=name, replace_existing=True)

    def forget(self, name: str) -> None:
        """Stop calling what has this name."""
        if self._scheduler.get_job(name) is not None:
            self._scheduler.remove_job(name)

    def start(self) -> None:
        """Begin."""
        self._scheduler.start()
        self._watch = asyncio.create_task(self._watch_clock(), name="schedule")

    async def _watch_clock(self) -> None:
        wall, monotonic = self._env.wall(), self._env.monotonic()
        while True:
            await self._env.sleep(LOOK_S)
            before = (wall, monotonic)
            wall, monotonic = self._env.wall(), self._env.monotonic()
            if abs((wall - before[0]).total_seconds() - (monotonic - before[1])) > LOOK_S:
                for job in self._scheduler.get_jobs():
                    job.modify(next_run_time=wall)

    def stop(self) -> None:
        """Start nothing any more; the lanes are drained by the engine itself."""
        self._stopped = True
        if self._watch is not None:
            self._watch.cancel()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
