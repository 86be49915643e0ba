"""When something that failed is tried again."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol


class Random(Protocol):
    """The source of jitter."""

    def random(self) -> float:
        """A float in [0, 1)."""
        ...


def delay(attempt: int, base_s: float, cap_s: float, random: Random) -> timedelta:
    """Wait between 0 and base·2^(attempt-1) seconds, capped, before the next attempt ("full jitter").

    Full jitter spreads the retries of many clients best: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture
    Blog, 2015. `attempt` counts the failures so far, from 1. A tenth of the span is always waited, so that a broken
    server never sees a burst.
    """
    span = min(cap_s, base_s * 2.0 ** min(attempt - 1, 60))
    return timedelta(seconds=span * (0.1 + 0.9 * random.random()))


def honoured(after: timedelta | None, cap_s: float) -> timedelta | None:
    """Bound a wait that the remote system asked for; None stays None (it named none that is usable)."""
    if after is None:
        return None
    return min(max(after, timedelta()), timedelta(seconds=cap_s))
