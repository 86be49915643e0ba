"""What a chaos run does and what it found: kinds of cycles, drawn by the seed, and where the daemon kills itself."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct, field

from crossdock.testing.chaos.found import Found
from crossdock.testing.chaos.orders import Verdict

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

FAIL_POINTS = {
    "engine.recovered": 1,
    "store.begin": 60,
    "store.before_commit": 40,
    "store.after_commit": 60,
    "pull.before_fetch": 10,
    "pull.after_fetch": 10,
    "pull.before_store": 10,
    "pull.after_store": 10,
    "push.claimed": 4,
    "push.before_send": 8,
    "push.after_send": 6,
    "ask.claimed": 1,
    "ask.answered": 1,
    "report.before_call": 3,
    "report.answered": 3,
    "operations.claimed": 6,
    "operations.before_send": 10,
    "operations.after_send": 8,
    "operations.saved": 6,
    "stream.before_fetch": 12,
    "stream.before_store": 4,
    "stream.after_store": 4,
    "labels.fetched": 3,
    "labels.stored": 3,
    "master.before_merge": 1,
    "master.after_merge": 1,
    "products.before_write": 1,
    "products.after_write": 1,
}
"""The fail points of a daemon at work, and up to which passing of it the daemon is killed there."""

MIGRATION_POINTS = ("migrate.begin", "migrate.before_commit", "migrate.after_commit")
"""Fail points of a start that brings the schema up to date."""

NOT_PASSED = frozenset({"sync.before_call", "sync.answered", "master.apply_page"})
"""Fail points of what only people ask for; the simulation crashes there."""


class Kind(StrEnum):
    """What happens to the daemon in a cycle, before it is killed or by way of killing it."""

    AT_RANDOM = "at random"
    AT_FAIL_POINT = "at a fail point"
    STOPPED = "stopped for a while"
    SECOND = "a second daemon"
    CLOCK = "clock set"
    FULL = "disk full"
    MIGRATING = "while migrating"


DECK = {
    Kind.AT_RANDOM: 7,
    Kind.AT_FAIL_POINT: 7,
    Kind.STOPPED: 2,
    Kind.SECOND: 1,
    Kind.CLOCK: 1,
    Kind.FULL: 1,
    Kind.MIGRATING: 1,
}
"""So many of each kind are in every twenty cycles, in an order that the seed decides."""


class Plan(Struct, frozen=True, kw_only=True):
    """How a run goes; times in seconds. A daemon lives up to `life_s`, a fail point is waited for up to `patience_s`."""

    cycles: int = 500
    seed: int = 1
    life_s: float = 2.0
    patience_s: float = 2.5
    feed_every_s: float = 0.1
    feed_at_once: int = 2
    quiet_within_s: float = 300.0
    stop_within_s: float = 30.0
    check_every: int = 50


class Outcome(Struct, kw_only=True):
    """What a run found. `kills` counts by where, `troubles` are sentences about what no kill explains.

    `left_out` says which kinds of cycles this machine cannot do; these were kills at random.
    """

    cycles: int = 0
    orders: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    unreached: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    left_out: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    verdict: Verdict = Verdict(eligible=0, lost=(), doubled=(), wrong=())
    found: list[Found] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every eligible order was created exactly once, and nothing else was lost, doubled or went wrong."""
        return bool(self.verdict.eligible) and not (
            self.verdict.lost or self.verdict.doubled or self.verdict.wrong or self.troubles
            or any(found.lost or found.doubled or found.wrong for found in self.found)
        )  # fmt: skip


def drawn(chance: random.Random) -> Iterator[Kind]:
    """Draw the kinds of cycles, without end."""
    while True:
        deck = [kind for kind, count in DECK.items() for _ in range(count)]
        chance.shuffle(deck)
        yield from deck
