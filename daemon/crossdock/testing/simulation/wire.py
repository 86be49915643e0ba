"""What both simulated systems have in common beyond orders: calls that fail in every way, and listings out of order."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

from crossdock.spec.errors import BadResponse, RateLimited, Retryable, UnknownOutcome
from crossdock.spec.listing import Listing
from crossdock.spec.orders import Unreadable
from crossdock.testing.simulation.chaos import EPOCH

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from crossdock.spec.orders import Window
    from crossdock.testing.simulation.chaos import SimEnv
    from crossdock.testing.simulation.clock import VirtualLoop

T = TypeVar("T")
TIMEOUT_S = 1.0
"""How long our side waits for an answer."""
LATEST_S = 4.0
"""How long after our timeout a request may still take effect."""
STALE_S = 4.0
"""How old a record may be that a listing still shows; less than the overlap of listings."""
_FATES = (("refused", 0.05), ("limited", 0.03), ("error", 0.04), ("late", 0.06), ("lost", 0.07))


class Wire:
    """The line to one system; it outlives every crash of ours. `calm`: nothing fails any more."""

    def __init__(self, seed: str, loop: VirtualLoop) -> None:
        self.random = random.Random(seed)
        self.calm = False
        self.loop = loop
        self._last_ms = 0

    def stamp(self) -> datetime:
        """A change stamp in whole seconds, so that many changes share one."""
        return EPOCH + timedelta(seconds=int(self.loop.time()))

    def moment(self) -> datetime:
        """A time that no other event of this system has."""
        self._last_ms = max(self._last_ms + 1, int(self.loop.time() * 1000))
        return EPOCH + timedelta(milliseconds=self._last_ms)

    async def write(self, env: SimEnv, effect: Callable[[], T]) -> T:
        """Have something take effect there: at once, late, or never, whether or not anybody lives to see it."""
        env.alive()
        await env.sleep(self.random.uniform(0.005, 0.03))
        fate = self._fate()
        if fate == "refused":
            raise Retryable("connection refused")
        if fate == "limited":
            raise RateLimited("429", after=self.random.choice((None, timedelta(seconds=1))))
        if fate == "error":
            raise UnknownOutcome("500; nothing took effect, but who knows")
        env.alive()
        if fate == "late":
            self.loop.call_later(TIMEOUT_S + self.random.uniform(0, LATEST_S), effect)
            await env.sleep(TIMEOUT_S)
            raise UnknownOutcome("no answer in time")
        answer: asyncio.Future[T] = self.loop.create_future()
        self.loop.call_later(self.random.uniform(0.01, 0.1), _answered, answer, effect)
        result = await answer
        if fate == "lost":
            await env.sleep(TIMEOUT_S)
            raise UnknownOutcome("the answer was lost")
        return result

    async def read(self, env: SimEnv, look: Callable[[], T]) -> T:
        """Look at something there."""
        env.alive()
        await env.sleep(self.random.uniform(0.005, 0.05))
        roll = self.random.random() * (100 if self.calm else 1)
        if roll < 0.05:
            raise Retryable("503")
        if roll < 0.07:
            raise BadResponse("HTML instead of data")
        found = look()
        await env.sleep(self.random.uniform(0.005, 0.05))
        return found

    def _fate(self) -> str:
        roll = self.random.random()
        if not self.calm:
            for name, chance in _FATES:
                if roll < chance:
                    return name
                roll -= chance
        return "well"


def _answered(answer: asyncio.Future[T], effect: Callable[[], T]) -> None:
    result = effect()
    if not answer.done():
        answer.set_result(result)


class Ledger(Generic[T]):
    """Records by name, listed in the order of their names or of change; now and then as they were a moment ago."""

    def __init__(self, wire: Wire, stamp_of: Callable[[T], datetime], *, ordered: bool = False) -> None:
        self.now: dict[str, T] = {}
        self.broken: set[str] = set()
        self.shown: set[str] = set()
        self.listings = 0
        self._before: dict[str, tuple[float, T]] = {}
        self._seq: dict[str, int] = {}
        self._next = 0
        self._wire, self._stamp_of, self._ordered = wire, stamp_of, ordered

    def put(self, name: str, item: T) -> None:
        """Show a record as it is from now on."""
        if name in self.now:
            self._before[name] = (self._wire.loop.time(), self.now[name])
        self.now[name] = item
        self._next += 1
        self._seq[name] = self._next

    def page(self, window: Window, cursor: str | None, limit: int) -> Listing[T]:
        """List what changed since."""
        since = window.since
        names = [name for name, item in self.now.items() if since is None or self._stamp_of(item) >= since]
        key = (lambda name: f"{self._seq[name]:09d}") if self._ordered else (lambda name: name)
        found = sorted((name for name in names if cursor is None or key(name) > cursor), key=key)
        shown, rest = found[:limit], found[limit:]
        last = key(shown[-1]) if rest else None
        items = [self._seen(name) for name in shown if name not in self.broken]
        self._wire.random.shuffle(items)
        broken = tuple(Unreadable(name, b"{", "the record is cut off") for name in shown if name in self.broken)
        self.shown.update(shown)
        self.listings += last is None
        watermark = max((self._stamp_of(self.now[name]) for name in shown), default=None)
        return Listing(items=tuple(items), unreadable=broken, next_cursor=last, watermark=watermark)

    def _seen(self, name: str) -> T:
        changed, before = self._before.get(name, (-STALE_S, self.now[name]))
        young = self._wire.loop.time() - changed < STALE_S
        return before if young and not self._wire.calm and self._wire.random.random() < 0.3 else self.now[name]
