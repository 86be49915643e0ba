"""What is varied between simulations, besides the seed."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Profile(Struct, frozen=True, kw_only=True):
    """A kind of world. Seconds are simulated ones; `storm_s` is how long things go wrong before the world heals.

    `exchange`: documents, changes after the push, labels, products, costs and stock go back and forth, too.
    """

    name: str
    idempotency: Literal["key", "lookup", "none"] = "key"
    overlap_s: float = 10
    late_visible: bool = True
    file: bool = False
    zombies: bool = True
    storm_s: float = 50
    crash_every_s: float = 2.5
    settle_s: float = 10
    min_interval_s: float = 2
    heal_s: float = 400
    exchange: bool = False


PROFILES = {
    profile.name: profile
    for profile in (
        Profile(name="default"),
        Profile(name="overlap0", overlap_s=0, late_visible=False),
        Profile(name="lookup", idempotency="lookup"),
        Profile(name="none", idempotency="none"),
        Profile(name="file", idempotency="lookup", file=True),
        Profile(name="exchange", exchange=True, storm_s=40),
        Profile(name="exchange-lookup", exchange=True, idempotency="lookup", storm_s=40),
    )
}
_MIX = (
    "default",
    "exchange",
    "lookup",
    "exchange-lookup",
    "overlap0",
    "exchange",
    "default",
    "exchange-lookup",
    "none",
    "file",
)


def profile_of(seed: int) -> Profile:
    """Return the profile in which a seed runs unless another one is asked for."""
    return PROFILES[_MIX[seed % len(_MIX)]]
