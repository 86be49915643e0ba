"""Where and how the simulated process fails: crashes, database faults and pauses at named fail points, by seed."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from crossdock.env import Env

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossdock.testing.simulation.clock import VirtualLoop

EPOCH = datetime(2026, 3, 1, tzinfo=UTC)
"""When every simulation begins."""


class SimulatedCrash(BaseException):
    """The process is gone: nothing of it may be caught, saved or cleaned up."""


class Chaos:
    """Chooses what goes wrong inside the process. `armed` False: nothing does."""

    def __init__(self, seed: str, loop: VirtualLoop) -> None:
        self.random = random.Random(f"{seed}:chaos")
        self.hits: Counter[str] = Counter()
        self.crashes: Counter[str] = Counter()
        self.armed = False
        self.paused_s = 0.0
        self.on_fault: Callable[[], None] = lambda: None
        self._loop = loop
        self._target: str | None = None
        self._countdown = 0

    def aim(self) -> None:
        """Choose the fail point at which the process dies next."""
        names = sorted(self.hits)
        self._target = self.random.choice(names) if names else None
        self._countdown = self.random.randint(1, 6)

    def at(self, name: str, crash: Callable[[], None]) -> None:
        """A process comes by the fail point `name`."""
        self.hits[name] += 1
        if not self.armed:
            return
        if name == self._target:
            self._countdown -= 1
            if self._countdown == 0:
                self.crashes[name] += 1
                crash()
        roll = self.random.random()
        if roll < 0.001 and name in ("store.begin", "store.before_commit"):
            self.on_fault()
            raise sqlite3.OperationalError(
                "database is locked" if name == "store.begin" else "database or disk is full"
            )
        if roll > 0.998:
            pause = self.random.uniform(0.05, 2.5)
            self.paused_s += pause
            self._loop.advance(pause)


class SimEnv(Env):
    """The world of one simulated process: virtual time, seeded chance, fail points that obey `chaos`."""

    def __init__(self, loop: VirtualLoop, seed: str, chaos: Chaos, on_crash: Callable[[], None]) -> None:
        super().__init__()
        self._source = random.Random(f"{seed}:env")
        self.random = self._source
        self.dead = False
        self._loop, self._chaos, self._on_crash = loop, chaos, on_crash

    def now(self) -> datetime:
        """Virtual wall clock, aware UTC."""
        return EPOCH + timedelta(seconds=self._loop.time())

    def monotonic(self) -> float:
        """Virtual seconds."""
        return self._loop.time()

    def new_id(self) -> str:
        """An id that the seed decides."""
        return f"{self._source.getrandbits(128):032x}"

    def alive(self) -> None:
        """Raise SimulatedCrash if the process is gone."""
        if self.dead:
            raise SimulatedCrash

    def crash(self) -> None:
        """Die here and now. Always raises SimulatedCrash."""
        self.dead = True
        self._on_crash()
        raise SimulatedCrash

    def failpoint(self, name: str) -> None:
        """Die, fail or pause, if the seed says so; a dead process passes no fail point, so it commits nothing either."""
        self.alive()
        self._chaos.at(name, self.crash)
