"""What the stream itself says about each order at each moment: read from its plain JSON, apart from the sandbox's code."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

Goods = tuple[tuple[int, str, Decimal], ...]
"""Lines that are goods: line number, SKU, pieces."""


@dataclass(frozen=True)
class Version:
    """An order's goods from `at` on, and whether it is cancelled."""

    at: datetime
    goods: Goods
    cancelled: bool

    @property
    def shippable(self) -> bool:
        """Not cancelled, with goods, every quantity above zero."""
        return not self.cancelled and bool(self.goods) and all(line[2] > 0 for line in self.goods)

    @property
    def reason(self) -> str:
        """Why it cannot be shipped, as the clauses of the rules are named."""
        if self.cancelled:
            return "status"
        return "goods" if not self.goods else "quantity"


@dataclass
class Entry:
    """An order: when and whereto it was made, and every version of it, oldest first."""

    created_at: datetime
    country: str
    rank: int
    versions: list[Version] = field(default_factory=list)

    @property
    def last(self) -> Version:
        """The order as it is now."""
        return self.versions[-1]


class Ledger:
    """Every order of the stream. An amend appends its lines. A cancel takes its pieces per SKU from the orders it names,
    newest order and last line first, from each no more than it says, and cancels an order that is left without goods.
    """

    def __init__(self) -> None:
        self.orders: dict[str, Entry] = {}
        self.kinds: Counter[str] = Counter()

    def apply(self, event: dict[str, Any]) -> None:
        """Take in one event of the stream."""
        at = datetime.fromisoformat(event["created_at"])
        self.kinds[event["kind"]] += 1
        if event["kind"] in ("order", "amend"):
            self._write(event, at)
        elif event["kind"] == "cancel":
            self._take(event, at)

    def _write(self, event: dict[str, Any], at: datetime) -> None:
        ref = event["order_ref"]
        lines = [line for line in event["lines"] if is_goods(line)]
        goods: Goods = tuple((line["line_no"], line["sku"], Decimal(line["qty"])) for line in lines)
        if (entry := self.orders.get(ref)) is None:
            address = (event.get("recipient") or {}).get("address") or {}
            country = address.get("country") or event.get("country") or ""
            entry = self.orders[ref] = Entry(at, country.upper(), len(self.orders))
        else:
            goods = (*entry.last.goods, *goods)
        entry.versions.append(Version(at, goods, cancelled=False))

    def _take(self, event: dict[str, Any], at: datetime) -> None:
        named = {c["order_ref"]: Decimal(c["qty"]) for c in event["cancels"] if c["order_ref"] in self.orders}
        newest_first = sorted(named, key=lambda ref: self.orders[ref].rank, reverse=True)
        goods = {ref: list(self.orders[ref].last.goods) for ref in named}
        for line in event["lines"]:
            need = Decimal(-line["qty"] if is_goods(line) else 0)
            for ref in newest_first:
                need, named[ref] = take_from(goods[ref], line["sku"], need, named[ref])
        for ref, left in goods.items():
            if tuple(left) != self.orders[ref].last.goods:
                self.orders[ref].versions.append(Version(at, tuple(left), cancelled=not left))


def is_goods(line: dict[str, Any]) -> bool:
    """Say whether a line of an event stands for goods."""
    return bool(line["type"] == "product")


def take_from(
    goods: list[tuple[int, str, Decimal]], sku: str, need: Decimal, allowed: Decimal
) -> tuple[Decimal, Decimal]:
    """Take up to `need` pieces of a SKU, no more than `allowed`, last line first; return what is left of both."""
    for place in range(len(goods) - 1, -1, -1):
        number, code, pieces = goods[place]
        taken = min(need, allowed, pieces) if code == sku else Decimal(0)
        if taken <= 0:
            continue
        need, allowed = need - taken, allowed - taken
        if pieces == taken:
            del goods[place]
        else:
            goods[place] = (number, code, pieces - taken)
    return need, allowed
