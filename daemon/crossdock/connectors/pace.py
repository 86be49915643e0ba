"""Pacing: the calls of a connection start no faster than its connector declares (`Capabilities.rate`)."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from crossdock.spec.errors import RateLimited

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.env import Env
    from crossdock.spec.connector import Capabilities, Rate

PATIENCE_S = 10.0
"""A call waits so long for its turn. Where it would be longer, the whole connection waits, where everybody can see it."""


class Pace:
    """Gives turns, in the order of asking. Every window of `seconds`, wherever it begins, sees at most `calls` starts."""

    def __init__(self, connection: str, rates: Sequence[Rate], env: Env) -> None:
        self._connection, self._env = connection, env
        self._rates = [(rate, deque[float](maxlen=rate.calls)) for rate in rates]
        self._queue = asyncio.Lock()

    async def turn(self) -> None:
        """Wait until a call may start. Raises RateLimited, before anything is sent, if that takes too long."""
        async with self._queue:
            asked = self._env.monotonic()
            free = max(self._free_at(), asked)
            if free - asked > PATIENCE_S:
                raise self._too_long(free - asked)
            if free > asked:
                await self._env.sleep(free - asked)
            started = max(free, self._env.monotonic())
            for _, starts in self._rates:
                starts.append(started)

    def _free_at(self) -> float:
        """When the next call may start: as soon as the oldest of the last `calls` starts leaves every window."""
        full = (starts[0] + rate.seconds for rate, starts in self._rates if len(starts) == rate.calls)
        return max(full, default=float("-inf"))

    def _too_long(self, wait: float) -> RateLimited:
        declared = ", ".join(f"{rate.calls} calls in {rate.seconds:g} s" for rate, _ in self._rates)
        text = f"{self._connection} is called no faster than its connector declares ({declared}); nothing was sent"
        return RateLimited(text, after=timedelta(seconds=wait))


def paced(capabilities: Capabilities) -> Capabilities:
    """Lower the declared concurrency to what is worth having: more callers would only wait, with orders in their hands."""
    if not capabilities.rate:
        return capabilities
    worth = [max(1, int(rate.calls * PATIENCE_S / rate.seconds)) for rate in capabilities.rate]
    return msgspec.structs.replace(capabilities, concurrency=min([capabilities.concurrency, *worth]))
