"""What is varied between simulations, besides the seed."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Profile(Struct, frozen=True, kw_only=True):
    """A kind of world. Seconds are simulated ones; `storm_s` is how long things go wrong before the world heals."""

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


PROFILES = {
    profile.name: profile
    for profile in (
        Profile(name="default"),
        Profile(name="overlap0", overlap_s=0, late_visible=False),
        Profile(name="lookup", idempotency="lookup"),
        Profile(name="none", idempotency="none"),
        Profile(name="file", idempotency="lookup", file=True),
    )
}
_MIX = ("default", "overlap0", "lookup", "default", "lookup", "overlap0", "default", "lookup", "none", "file")


def profile_of(seed: int) -> Profile:
    """Return the profile in which a seed runs unless another one is asked for."""
    return PROFILES[_MIX[seed % len(_MIX)]]
