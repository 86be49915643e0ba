"""Time, chance, sleep and fail points: everything that a simulation must be able to own."""

from __future__ import annotations

import asyncio
import os
import random as _random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Boot(NamedTuple):
    """A start of the machine, and the seconds since; they go on while it sleeps, and nobody can set them."""

    name: str
    seconds: float


class Random(Protocol):
    """The part of random.Random that the daemon uses."""

    def random(self) -> float:
        """A float in [0, 1)."""
        ...

    def uniform(self, a: float, b: float) -> float:
        """A float between a and b."""
        ...


class Env:
    """The outside world of the core. The real one is `Env()`; the simulation derives its own."""

    def __init__(self, seed: int | None = None, on_failpoint: Callable[[str], None] | None = None) -> None:
        self.random: Random = _random.Random(seed)  # noqa: S311 - jitter, not secrets
        self._on_failpoint = on_failpoint

    def now(self) -> datetime:
        """Wall clock, aware UTC: for what must survive a restart."""
        return self.wall()

    def wall(self) -> datetime:
        """The system's clock at this moment, aware UTC; people and programs may set it. What is decided rests on now()."""
        return datetime.now(UTC)

    def moved_s(self) -> float:
        """Seconds by which the system's clock stands away from now()."""
        return 0.0

    def follow(self) -> None:
        """Let now() be what the system's clock says."""

    def boot(self) -> Boot | None:
        """Which start of the machine this is, and the seconds since; None where that cannot be known."""
        return None

    def monotonic(self) -> float:
        """Seconds of a clock that never jumps: for waits inside the process."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds` seconds."""
        await asyncio.sleep(seconds)

    def new_id(self) -> str:
        """A random id of 128 bits, hexadecimal."""
        return os.urandom(16).hex()

    def failpoint(self, name: str) -> None:
        """A named place where a test may kill, raise or delay; does nothing in production."""
        if self._on_failpoint is not None:
            self._on_failpoint(name)


class SteadyEnv(Env):
    """The daemon's world: its now() never jumps by itself.

    A clock that is set by an hour would make a doubt look old enough to be asked about, and what is due look as if it
    had an hour to wait. So now() goes on at the pace of the monotonic clock until the engine says follow(), which it does
    in one step with what is stored.
    """

    def __init__(self, seed: int | None = None, on_failpoint: Callable[[str], None] | None = None) -> None:
        super().__init__(seed, on_failpoint)
        self._from = (self.wall(), self.monotonic())

    def now(self) -> datetime:
        """The wall clock as it was when it was followed last, and the time since."""
        wall, monotonic = self._from
        return wall + timedelta(seconds=self.monotonic() - monotonic)

    def moved_s(self) -> float:
        """Seconds by which the system's clock stands away from now()."""
        return (self.wall() - self.now()).total_seconds()

    def follow(self) -> None:
        """Let now() be what the system's clock says."""
        self._from = (self.wall(), self.monotonic())

    def boot(self) -> Boot | None:
        """Ask Linux; elsewhere a clock that was set while the daemon was down goes unnoticed."""
        try:
            name = _BOOT_ID.read_text(encoding="ascii").strip()
        except OSError:
            return None
        return Boot(name, time.clock_gettime(time.CLOCK_BOOTTIME))


REAL = Env()
"""The real world, for the few edges that need a clock before anything is set up (log records)."""
