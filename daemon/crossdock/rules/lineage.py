"""Whether a database may be older than what was sent: it is compared with the mark that is kept beside it. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

SKEW = timedelta(minutes=10)
"""An OMS's clock may be ahead by so much: orders that it dates into the time after the start may have been sent before it."""


class Origin(StrEnum):
    """What a start found."""

    SAME = "same"
    FRESH = "fresh"
    RESTORED = "restored"


class Mark(Struct, frozen=True):
    """A database's name, made when it was new, and how far it had come: a number that grows while a daemon runs."""

    identity: str
    generation: int


class Caution(Struct, frozen=True, kw_only=True):
    """What the warehouses hold may be more than the database knows, since a start at `since` (UTC).

    It concerns the orders created before `before`. `number` tells one such start from the next.
    """

    number: int
    since: datetime
    before: datetime


def origin(stored: Mark | None, beside: Mark | None, *, used: bool) -> Origin:
    """Compare what the database says of itself with the mark beside it. `used`: a daemon ran on it before.

    A used database that says nothing, with no mark beside it, is one of a version that kept none.
    """
    if not used:
        return Origin.FRESH
    if stored is None:
        return Origin.SAME if beside is None else Origin.RESTORED
    if beside is None or beside.identity != stored.identity:
        return Origin.RESTORED
    return Origin.RESTORED if beside.generation > stored.generation else Origin.SAME


def caution(found: Origin, number: int, now: datetime) -> Caution | None:
    """Say which orders may have been sent without the database knowing; None: none."""
    match found:
        case Origin.SAME:
            return None
        case Origin.FRESH:
            return Caution(number=number, since=now, before=now)
        case Origin.RESTORED:
            return Caution(number=number, since=now, before=now + SKEW)
