"""Periods in virtual time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from crossdock.env import Env


class VirtualSchedule:
    """An engine.schedule.Schedule that is a task a name; no run is dropped, none overlaps itself."""

    def __init__(self, env: Env) -> None:
        self._env = env
        self._calls: dict[str, tuple[float, Callable[[], Awaitable[None]]]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._started = False

    def every(self, name: str, seconds: float, call: Callable[[], Awaitable[None]]) -> None:
        """Call `call` every `seconds`."""
        self.forget(name)
        self._calls[name] = (seconds, call)
        if self._started:
            self._tasks[name] = asyncio.create_task(self._repeat(name))

    def forget(self, name: str) -> None:
        """Stop calling what has this name."""
        self._calls.pop(name, None)
        if (task := self._tasks.pop(name, None)) is not None:
            task.cancel()

    def start(self) -> None:
        """Begin."""
        self._started = True
        for name in self._calls:
            self._tasks[name] = asyncio.create_task(self._repeat(name))

    def stop(self) -> None:
        """Start nothing any more."""
        for name in list(self._tasks):
            self.forget(name)

    async def _repeat(self, name: str) -> None:
        seconds, call = self._calls[name]
        while True:
            await self._env.sleep(seconds)
            await call()
