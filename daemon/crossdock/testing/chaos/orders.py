"""The orders of a chaos run, what has to become of them, and the verdict over the warehouses' books."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from crossdock.spec.orders import LineKind, Order
from crossdock.testing.chaos.setting import ABROAD, HOME
from crossdock.testing.sandbox import demo_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

INELIGIBLE = (demo_day.cancelled, demo_day.no_goods, demo_day.unpaid)


class Expected(Struct, frozen=True):
    """What has to become of an order: the warehouse that gets it once (None: none does), and its pieces of goods."""

    warehouse: str | None
    pieces: int


class Verdict(Struct, frozen=True, kw_only=True):
    """What the books show. `wrong`: created although not eligible, in the wrong warehouse, or with other goods."""

    eligible: int
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    wrong: tuple[str, ...]


class Orders:
    """Makes orders up, half of them for each warehouse and one in ten not to be pushed, and remembers them."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self.expected: dict[str, Expected] = {}

    def make(self, count: int, now: datetime) -> list[Order]:
        """Make up `count` orders of this moment (aware UTC)."""
        return [self._one(now) for _ in range(count)]

    def _one(self, now: datetime) -> Order:
        order = demo_day.plain_order(self._chance, f"KILL-{len(self.expected) + 1:06d}", now)
        warehouse: str | None = HOME
        if self._chance.random() < 0.5:
            order, warehouse = demo_day.abroad(self._chance, order), ABROAD
        if self._chance.random() < 0.1:
            order, warehouse = self._chance.choice(INELIGIBLE)(self._chance, order), None
        pieces = sum(int(line.quantity) for line in order.lines if line.kind is LineKind.GOODS)
        self.expected[order.ref] = Expected(warehouse, pieces)
        return order


def judge(
    expected: Mapping[str, Expected],
    documents: Iterable[Mapping[str, Any]],
    may_be_absent: frozenset[str] = frozenset(),
) -> Verdict:
    """Compare what has to be with the documents that all warehouses created."""
    created: Counter[str] = Counter()
    wrong = []
    for document in documents:
        ref = str(document["order_ref"])
        created[ref] += 1
        if described(document) != expected.get(ref):
            wrong.append(f"{ref} in {document['warehouse']}")
    eligible = [ref for ref, what in expected.items() if what.warehouse is not None]
    return Verdict(
        eligible=len(eligible),
        lost=tuple(ref for ref in eligible if not created[ref] and ref not in may_be_absent),
        doubled=tuple(sorted(ref for ref, count in created.items() if count > 1)),
        wrong=tuple(wrong),
    )


def described(document: Mapping[str, Any]) -> Expected:
    """Say of a document what is expected of an order."""
    pieces = sum(int(float(quantity)) for _line, _sku, quantity in document["lines"])
    return Expected(str(document["warehouse"]), pieces)
