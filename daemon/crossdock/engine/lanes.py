"""Lanes: one run of a lane at a time, each with a run number that fences its writes."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from crossdock.store import counters
from crossdock.store.store import StoreError, StoreFull

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from crossdock.env import Env
    from crossdock.store.store import Store

log = logging.getLogger("crossdock.engine")

AFTER_FAULT_S = 5.0
"""A lane whose run failed for a reason of our own goes on after so long."""

SPAN = 1 << 32
"""Run numbers a start of the daemon may use; they grow over starts, so an older run never looks newer."""


class Gate:
    """Open while the database takes writes. Behind a closed one no run of a lane begins, and those under way end."""

    def __init__(self) -> None:
        self.open = True

    def failed(self, error: StoreError) -> None:
        """A run's unit of work failed: close if the disk takes no more; any other fault is that lane's own."""
        if isinstance(error, StoreFull):
            self.shut(error)

    def shut(self, error: StoreError) -> None:
        """Close; it is said once."""
        if self.open:
            log.error("%s; nothing is fetched or sent until the database takes writes again", error)
        self.open = False


class RunNumbers:
    """Gives each run a number higher than any earlier one, also over restarts."""

    def __init__(self, first: int) -> None:
        self._next = first

    @classmethod
    async def reserve(cls, store: Store) -> RunNumbers:
        """Take a fresh span of numbers from the store."""
        return cls(await store.write(counters.take, "starts") * SPAN)

    def take(self) -> int:
        """Return the next number."""
        self._next += 1
        return self._next


def _heed_cancellation() -> None:
    """Raise CancelledError if this task was cancelled: one that met a failure of a gathered call arrives as that failure only."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


class Lane:
    """Runs `run(number)` when woken or when its own time has come; never two at a time.

    `run` returns the seconds until it is due again: 0 for "there is more", None for "only when woken". `fault` says why
    its last run failed for a reason of our own; a run that ends well clears it. `connection` is whose lane it is; None: the
    engine's own.
    """

    def __init__(
        self, name: str, env: Env, numbers: RunNumbers, run: Callable[[int], Awaitable[float | None]], gate: Gate,
        connection: str | None = None,
    ) -> None:  # fmt: skip
        self.name, self.connection = name, connection
        self.running = False
        self.fault = ""
        self._env, self._numbers, self._run, self._gate = env, numbers, run, gate
        self._woken = asyncio.Event()
        self._woken.set()
        self._stopping = False

    def wake(self) -> None:
        """Have the lane run now, or once more when the present run has ended."""
        self._woken.set()

    def stop(self) -> None:
        """Let the present run end, and start no other."""
        self._stopping = True
        self._woken.set()

    async def serve(self) -> None:
        """Run until stopped. A fault of our own is logged; the lane goes on after a while."""
        wait: float | None = None
        while not self._stopping:
            _heed_cancellation()
            await self._due(wait)
            if self._stopping:
                return
            self._woken.clear()
            if not self._gate.open:
                wait = None  # whoever opens it wakes the lanes
                continue
            self.running = True
            try:
                wait = await self._run(self._numbers.take())
                self.fault = ""
            except StoreError as error:
                log.error("lane %s: %s", self.name, error)
                self._gate.failed(error)
                self.fault = "" if isinstance(error, StoreFull) else str(error)  # a full disk is told by the gate
                wait = AFTER_FAULT_S
            except Exception as error:
                log.exception("lane %s failed; it goes on in %s s", self.name, AFTER_FAULT_S)
                self.fault, wait = type(error).__name__, AFTER_FAULT_S
            finally:
                self.running = False

    async def _due(self, wait: float | None) -> None:
        if wait == 0:
            await self._env.sleep(0)
            return
        try:
            async with asyncio.timeout(wait):
                await self._woken.wait()
        except TimeoutError:
            return
