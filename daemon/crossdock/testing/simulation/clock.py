"""Virtual time: an event loop whose waits cost nothing, because its selector moves the clock instead of waiting."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")

SPINS = 200_000
"""Turns of the loop in which no time passes, after which it surely goes in circles."""


class Stalled(Exception):
    """Everything waits and nothing will ever happen, or everything turns and no time passes."""


class VirtualSelector(selectors.DefaultSelector):
    """Never waits for files; it lets the time pass for which the loop would have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.spins = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Move the clock by `timeout` seconds. Raises Stalled."""
        if timeout is None:
            raise Stalled("every task waits for something that nothing will bring about")
        if timeout > 0:
            self.now += timeout
            self.spins = 0
            return []
        self.spins += 1
        if self.spins > SPINS:
            raise Stalled(f"the loop turned {SPINS} times at {self.now:.3f} s without any time passing")
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop with a clock of its own that starts at 0."""

    def __init__(self) -> None:
        self.clock = VirtualSelector()
        super().__init__(self.clock)

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self.clock.now

    def advance(self, seconds: float) -> None:
        """Let time pass at once, as a process sees it that was not scheduled for a while."""
        self.clock.now += seconds


def run(main: Coroutine[object, object, T], loop: VirtualLoop) -> T:
    """Run `main` to its end in virtual time and close the loop."""
    try:
        asyncio.set_event_loop(loop)
        return loop.run_until_complete(main)
    finally:
        asyncio.set_event_loop(None)
        loop.close()
