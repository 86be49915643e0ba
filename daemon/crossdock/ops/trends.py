"""How much happened a minute in the last hour, counted since the daemon started."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crossdock.env import Env

MINUTES = 60


class Trends:
    """Counts by name and minute."""

    def __init__(self, env: Env) -> None:
        self.since = env.now()
        self._env = env
        self._counts: dict[str, dict[int, int]] = defaultdict(dict)

    def count(self, name: str, number: int) -> None:
        """Count so many now."""
        if not number:
            return
        minute, counts = self._minute(self._env.now()), self._counts[name]
        counts[minute] = counts.get(minute, 0) + number
        for old in [each for each in counts if each <= minute - MINUTES]:
            del counts[old]

    def last_hour(self, names: Iterable[str]) -> dict[str, tuple[int, ...]]:
        """Return MINUTES numbers of each name, the minute that runs last."""
        now = self._minute(self._env.now())
        return {
            name: tuple(self._counts.get(name, {}).get(minute, 0) for minute in range(now - MINUTES + 1, now + 1))
            for name in names
        }

    @staticmethod
    def _minute(at: datetime) -> int:
        return int(at.timestamp() // timedelta(minutes=1).total_seconds())
