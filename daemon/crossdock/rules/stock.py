"""Stock: which of two observations is newer, and what a warehouse's SKU is called here."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from crossdock.rules.book import Book, Warehouse
    from crossdock.spec.stock import StockLevel

AHEAD = timedelta(minutes=10)
"""An observation may be so far ahead of our clock; one further ahead would hide what is observed until then."""


class Mark(Struct, frozen=True, order=True):
    """How new an observation is (DOMAIN 4.4). Marks are in one order, whatever comes in which order.

    Where the WMS counts, the higher sequence is newer and the time does not matter; an observation with a sequence is
    newer than one without, so that marks stay in one order where a WMS begins to count. `at` is microseconds UTC.
    """

    sequence: int
    at: int


UNCOUNTED = -1
"""Stands for the sequence of an observation that was not counted."""


def mark_of(level: StockLevel) -> Mark:
    """Return how new a level is."""
    if level.sequence is not None:
        return Mark(level.sequence, 0)
    return Mark(UNCOUNTED, _microseconds(level.observed_at))


def _microseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond


def supersedes(found: Mark, known: Mark | None) -> bool:
    """Tell whether an observation takes the place of the one known: strictly newer; an equal one is the same again."""
    return known is None or found > known


def from_the_future(level: StockLevel, now: datetime) -> bool:
    """Tell whether a level claims to be observed so late that it would hide newer ones. A counted one cannot."""
    return level.sequence is None and level.observed_at > now + AHEAD


class Unsent(StrEnum):
    """Why a level or movement cannot go to an OMS."""

    OFF = "off"
    NO_OMS = "no_oms"
    UNMAPPED = "unmapped"
    AMBIGUOUS = "ambiguous"


def warehouse_of(book: Book, connection: str, remote: str) -> Warehouse | None:
    """Return our warehouse of a WMS's warehouse; of several, the first by code."""
    mine = (w for w in book.warehouses.values() if w.connection == connection and w.remote == remote and w.enabled)
    return min(mine, key=lambda warehouse: warehouse.code, default=None)


def names_back(book: Book, warehouse: str) -> dict[str, list[str]]:
    """Return what each SKU of a warehouse is called here: the mappings read backwards."""
    found: dict[str, list[str]] = {}
    for (code, ours), theirs in book.skus.items():
        if code == warehouse and theirs is not None:
            found.setdefault(theirs, []).append(ours)
    return found


def ours_of(book: Book, warehouse: Warehouse, back: Mapping[str, list[str]], theirs: str) -> str | Unsent:
    """Return what a warehouse's SKU is called here, or why that cannot be said.

    A SKU that nobody mapped is called the same, where the warehouse binds by itself and the text means nothing else here.
    """
    names = back.get(theirs, [])
    if len(names) == 1:
        return names[0]
    if names:
        return Unsent.AMBIGUOUS
    if warehouse.auto_bind and (warehouse.code, theirs) not in book.skus:
        return theirs
    return Unsent.UNMAPPED


def oms_of(chosen: str, able: list[str]) -> str | Unsent:
    """Return the OMS that a warehouse's stock goes to: the chosen one, else the only one that takes stock."""
    if chosen:
        return chosen if chosen in able else Unsent.NO_OMS
    return able[0] if len(able) == 1 else Unsent.NO_OMS
