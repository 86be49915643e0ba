"""Stock: which of two observations is newer, and what a warehouse's SKU is called here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crossdock.rules.book import Book, Warehouse
    from crossdock.spec.stock import StockLevel

AHEAD = timedelta(minutes=10)
"""An observation may be so far ahead of our clock; one further ahead would hide what is observed until then."""


LARGEST = 10**15


class Mark(Struct, frozen=True, order=True):
    """How new an observation is (DOMAIN 4.4). Marks are in one order, whatever comes in which order.

    Where the WMS counts, the higher sequence is newer and the time does not matter; an observation with a sequence is
    newer than one without, so that marks stay in one order where a WMS begins to count. `at` is microseconds UTC.
    """

    sequence: int
    at: int


ZERO = Decimal(0)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST_SEQUENCE = 2**63 - 1
UNCOUNTED = -1
"""Stands for the sequence of an observation that was not counted."""


def mark_of(level: StockLevel) -> Mark:
    """Return how new a level is."""
    if level.sequence is not None:
        return Mark(level.sequence, 0)
    return Mark(UNCOUNTED, _microseconds(level.observed_at))


def _microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def supersedes(found: Mark, known: Mark | None) -> bool:
    """Tell whether an observation takes the place of the one known: strictly newer; an equal one is the same again."""
    return known is None or found > known


def contradictions(levels: Mapping[int, StockLevel]) -> dict[int, StockLevel]:
    """Return those of one page, by their places in it, that say another thing than one of the same moment does.

    Of such two the one that promises less counts: too little is corrected by the next one, too much has been sold by then.
    """
    best: dict[tuple[str, str, Mark], int] = {}
    odd: dict[int, StockLevel] = {}
    for number, level in levels.items():
        name = (level.warehouse, level.sku, mark_of(level))
        first = best.setdefault(name, number)
        if first == number or _amounts(levels[first]) == _amounts(level):
            continue
        worse, best[name] = (number, first) if _amounts(levels[first]) <= _amounts(level) else (first, number)
        odd[worse] = levels[worse]
    return odd


def _amounts(level: StockLevel) -> tuple[Decimal, ...]:
    """What a level says, in an order in which the smaller one promises less."""
    free = level.on_hand if level.available is None else level.available
    held = (level.reserved, level.damaged, level.in_transit)
    return (free, level.on_hand, *(ZERO if amount is None else amount for amount in held))


class Unsound(StrEnum):
    """Why a level or movement cannot be taken, whatever else is known."""

    FUTURE = "future"
    NO_NUMBER = "no_number"
    NO_ZONE = "no_zone"
    SEQUENCE = "sequence"


def unsound(level: StockLevel, now: datetime) -> Unsound | None:
    """Say why a level cannot be taken, None if it can.

    A counted one may claim any moment: its sequence says how new it is, so that it cannot hide newer ones.
    """
    quantities = (level.on_hand, level.available, level.reserved, level.damaged, level.in_transit)
    if not all(finite(quantity) for quantity in quantities if quantity is not None):
        return Unsound.NO_NUMBER
    if level.observed_at.tzinfo is None:
        return Unsound.NO_ZONE
    if level.sequence is not None:
        return None if 0 <= level.sequence <= MOST_SEQUENCE else Unsound.SEQUENCE
    return None if level.observed_at <= now + AHEAD else Unsound.FUTURE


def refused(level: StockLevel, why: Unsound) -> str:
    """Say of a level why it is not taken, and what happens next."""
    said = {
        Unsound.FUTURE: f"it says that it was observed at {level.observed_at:%Y-%m-%d %H:%M:%S %Z}, which is in the future",
        Unsound.NO_NUMBER: "a quantity of it is no number",
        Unsound.NO_ZONE: "its time has no zone",
        Unsound.SEQUENCE: "its sequence is out of bounds",
    }[why]
    return f"it is not taken: {said}; the next level of this SKU that can be taken counts"


def finite(quantity: Decimal) -> bool:
    """Tell whether a quantity can be worked with: no NaN, no infinity, and not beyond what any warehouse holds."""
    return quantity.is_finite() and -LARGEST < quantity < LARGEST


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
