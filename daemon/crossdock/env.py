"""Time, chance, sleep and fail points: everything that a simulation must be able to own."""

from __future__ import annotations

import asyncio
import os
import random as _random
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


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
        return datetime.now(UTC)

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


REAL = Env()
"""The real world, for the few edges that need a clock before anything is set up (log records)."""
