"""The mark beside the database: a small file that tells a later start whether the database was put back meanwhile."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING

import msgspec

from crossdock.rules.lineage import Mark, Origin
from crossdock.store import lineage
from crossdock.store.store import StoreError

if TYPE_CHECKING:
    from pathlib import Path

    from crossdock.env import Env
    from crossdock.store.store import Store

log = logging.getLogger("crossdock")

EVERY_S = 60.0
"""A copy of the database that is put back is known for one if it is older than this, or was made before a stop."""

_read = msgspec.json.Decoder(Mark).decode


class MarkFile:
    """Keeps the mark. The database is written first: a mark that lags behind looks like no restore, one ahead would."""

    def __init__(self, database: Path, store: Store, env: Env) -> None:
        self._path = database.with_name(database.name + ".mark")
        self._database, self._store, self._env = database, store, env
        self._failed = False

    async def begin(self) -> None:
        """Compare at a start, say what was found, and count on. Raises StoreError, OSError."""
        beside = await asyncio.to_thread(self._load)
        found, mark = await self._store.write(lineage.begin, beside, self._env.new_id(), self._env.now())
        if found is not Origin.SAME:
            log.warning(_TOLD[found], self._database)
        if found is Origin.FRESH and beside is not None:
            log.error(_LOST, self._path, self._database)
        await asyncio.to_thread(self._keep, mark)

    async def advance(self) -> None:
        """Count on; where that is not possible it is said once, and done later."""
        try:
            mark = await self._store.write(lineage.advance)
            if mark is not None:
                await asyncio.to_thread(self._keep, mark)
            self._failed = False
        except (StoreError, OSError) as error:
            if not self._failed:
                log.warning("%s could not be kept: %s", self._path, error)
            self._failed = True

    def _load(self) -> Mark | None:
        """Read the file; one that is missing or says nothing is no mark."""
        try:
            return _read(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except msgspec.MsgspecError:
            log.warning("%s cannot be read; the database is taken for one that was put back", self._path)
            return None

    def _keep(self, mark: Mark) -> None:
        """Write the file whole or not at all, so that a power cut leaves the one before."""
        beside = self._path.with_name(self._path.name + ".new")
        with beside.open("wb") as file:
            file.write(msgspec.json.encode(mark))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)


_CAREFUL = (
    "orders created before this start are sent only after their warehouse was asked whether it has them; where it can "
    "neither be asked nor knows keys, they wait for a person"
)
_TOLD = {
    Origin.FRESH: f"the database %s is new, and knows of nothing that was sent before: {_CAREFUL}",
    Origin.RESTORED: f"the database %s was put back, and may be older than what was sent: {_CAREFUL}",
}
_LOST = (
    "%s tells of a database that was here before: if %s was lost, stop the daemon and put its newest backup in place"
)
