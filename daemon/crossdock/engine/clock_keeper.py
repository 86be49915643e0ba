"""Notices that the system's clock was set, and has what waits counted on the new one before anything is decided by it."""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from crossdock.store import clock
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crossdock.engine.connection_keeper import ConnectionKeeper
    from crossdock.env import Boot, Env
    from crossdock.store.store import Store, Transaction

log = logging.getLogger("crossdock.engine")

CLOCK_DRIFT_S = 2.0
"""The system's clock may part so far from ours before it counts as set; what is less is simply followed."""


class ClockKeeper:
    """Follows the system's clock. `quiet` names, by connection, how many milliseconds a doubt waits before it is asked about."""

    def __init__(self, env: Env, store: Store, keeper: ConnectionKeeper) -> None:
        self._env, self._store, self._keeper = env, store, keeper
        self._owed_ms = 0

    async def catch_up(self, quiet: Mapping[str, int]) -> None:
        """See whether the clock was set while no daemon ran, as far as the machine can tell. Raises StoreError."""
        by = await self._store.write(_since_last_time, self._env.boot(), to_ms(self._env.now()), quiet)
        if by:
            self._tell(timedelta(milliseconds=by))
            await self._keeper.save()

    async def follow(self, quiet: Mapping[str, int]) -> bool:
        """Follow the system's clock; True if it was set, and what is stored with it. Raises StoreError, and owes it then."""
        moved = timedelta(seconds=self._env.moved_s())
        self._env.follow()
        if abs(moved.total_seconds()) > CLOCK_DRIFT_S:
            self._tell(moved)
            self._owed_ms += moved // timedelta(milliseconds=1)
        if not self._owed_ms:
            return False
        # nothing was awaited since follow(): what was counted on the old clock is written before this, all else after it
        await self._store.write(_moved, self._env.boot(), self._owed_ms, to_ms(self._env.now()), quiet)
        self._owed_ms = 0
        return True

    def _tell(self, by: timedelta) -> None:
        log.warning("the clock was moved by %+.0f s; everything that is due is looked at again", by.total_seconds())
        self._keeper.moved(by)


def _since_last_time(tx: Transaction, boot: Boot | None, now: int, quiet: Mapping[str, int]) -> int:
    if boot is None:
        return 0
    name, offset = _reading(boot, now)
    by = clock.since_last_time(tx, name, offset)
    if abs(by) <= CLOCK_DRIFT_S * 1000:
        by = 0
    else:
        clock.moved(tx, by, now, quiet)
    clock.note(tx, name, offset)
    return by


def _moved(tx: Transaction, boot: Boot | None, by: int, now: int, quiet: Mapping[str, int]) -> None:
    clock.moved(tx, by, now, quiet)
    if boot is not None:
        clock.note(tx, *_reading(boot, now))


def _reading(boot: Boot, now: int) -> tuple[int, int]:
    """Say which start of the machine it is, in 60 bits, and by how much the wall clock is ahead of the time since."""
    return int(hashlib.sha256(boot.name.encode()).hexdigest()[:15], 16), now - round(boot.seconds * 1000)
