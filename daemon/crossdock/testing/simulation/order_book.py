"""The simulated OMS's own book: orders that appear, are paid, amended, mended and cancelled while time passes."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from crossdock.spec.orders import Address, LineKind, Order, OrderLine, OrderStatus, Recipient
from crossdock.testing.simulation.chaos import EPOCH

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossdock.testing.simulation.clock import VirtualLoop
    from crossdock.testing.simulation.profiles import Profile

BAD_SKU = "BAD"
"""A SKU that the simulated warehouses refuse, always."""

TICK_S = 2.0
PER_TICK = 3
_SKUS = ("A-1", "a-1", "B-2", "C-3", "D-4", "กข-5")
_encode = msgspec.json.Encoder().encode


@dataclass
class Entry:
    """An order in the OMS. `seq` is the number of its last change, `broken` that its record cannot be read."""

    order: Order
    seq: int = 0
    broken: bool = False
    visible: bool = False
    ever_wanted: bool = False
    raw: bytes = b""
    changed_at: float = 0


def wanted(entry: Entry) -> bool:
    """Tell whether a warehouse should get this order as it is now; written without the rules it checks."""
    order = entry.order
    return (
        not entry.broken
        and order.status in (OrderStatus.PAID, OrderStatus.READY_TO_SHIP)
        and any(line.kind is LineKind.GOODS for line in order.lines)
        and all(line.sku != BAD_SKU for line in order.lines)
        and order.created_at >= EPOCH - timedelta(days=29)
        and not order.holds
        and not order.gifts_pending
    )


class OrderBook:
    """What the OMS holds. Change stamps are whole seconds, so many orders share one."""

    def __init__(self, seed: str, loop: VirtualLoop, profile: Profile) -> None:
        self.entries: dict[str, Entry] = {}
        self._random = random.Random(f"{seed}:orders")
        self._loop, self._late = loop, profile.late_visible
        self._exchange = profile.exchange
        self._seq = 0

    def tick(self) -> None:
        """Let the next few seconds' events happen, each at its own moment."""
        for _ in range(self._random.randint(1, 2 * PER_TICK - 1)):
            self._soon(self._appear)
        for change, chance in (
            (self._amend, 0.6), (self._cancel, 0.35), (self._open_up, 0.9), (self._mend, 0.6), (self._cancel_newest, 0.2),
        ):  # fmt: skip
            if self._random.random() < chance:
                self._soon(change)
        if self._exchange:
            for _ in range(2):
                self._soon(self._touch)

    def settle_down(self) -> None:
        """Make most of what still waits for something ready, so that the end tests every path."""
        for ref in sorted(self.entries):
            entry = self.entries[ref]
            if not wanted(entry) and self._random.random() < 0.5:
                self._ready(entry)

    def _soon(self, happen: Callable[[], None]) -> None:
        self._loop.call_later(self._random.uniform(0, TICK_S), happen)

    def _stamp_s(self) -> int:
        return int(self._loop.time())

    def _appear(self) -> None:
        chance = self._random
        number = len(self.entries)
        ref = f"{chance.choice('QAZMK')}-{number:04d}"
        old = chance.random() < 0.03
        now = EPOCH + timedelta(seconds=self._stamp_s())
        order = Order(
            ref=ref,
            number=f"N{number}",
            status=OrderStatus.UNPAID if chance.random() < 0.1 else OrderStatus.PAID,
            created_at=now - timedelta(days=31) if old else now,
            updated_at=now,
            shop=chance.choice(("one", "two")),
            recipient=Recipient(name="ผู้รับ", address=Address(country=chance.choice(("TH", "DE", "FR")))),
            lines=self._lines(),
            holds=("fraud check",) if chance.random() < 0.05 else (),
            gifts_pending=chance.random() < 0.05,
            label_ready=self._exchange,
        )
        entry = self.entries[ref] = Entry(order, broken=chance.random() < 0.04)
        if self._late and chance.random() < 0.12:
            self._loop.call_later(chance.uniform(0.5, 6), self._show, entry)
        else:
            self._show(entry)

    def _lines(self) -> tuple[OrderLine, ...]:
        chance = self._random
        lines = [
            OrderLine(line_no=no, sku=chance.choice(_SKUS), quantity=Decimal(chance.randint(1, 9)))
            for no in range(1, chance.randint(2, 4))
        ]
        if chance.random() < 0.06:
            lines[0] = msgspec.structs.replace(lines[0], sku=BAD_SKU)
        if chance.random() < 0.2:
            lines.append(OrderLine(line_no=9, sku="POST", quantity=Decimal(1), kind=LineKind.SHIPPING))
        return (lines[-1],) if lines[-1].sku == "POST" and chance.random() < 0.15 else tuple(lines)

    def _show(self, entry: Entry) -> None:
        self._seq += 1
        entry.seq, entry.visible, entry.changed_at = self._seq, True, self._loop.time()
        entry.raw = b'{"broken": ' if entry.broken else _encode(entry.order)
        entry.ever_wanted = entry.ever_wanted or wanted(entry)

    def _change(self, entry: Entry, **fields: object) -> None:
        stamp = EPOCH + timedelta(seconds=self._stamp_s())
        entry.order = msgspec.structs.replace(entry.order, updated_at=stamp, **fields)
        self._show(entry)

    def _pick(self, newest: int, *, waiting: bool = False) -> Entry | None:
        known = [
            entry
            for entry in list(self.entries.values())[-newest:]
            if entry.visible and entry.order.status is not OrderStatus.CANCELLED and (not waiting or not wanted(entry))
        ]
        return self._random.choice(known) if known else None

    def _amend(self) -> None:
        if (entry := self._pick(12)) is None or entry.broken:
            return
        lines = list(entry.order.lines)
        if self._random.random() < 0.5:
            lines[0] = msgspec.structs.replace(lines[0], quantity=lines[0].quantity + 1)
        else:
            number = max(line.line_no for line in lines) + 1
            lines.append(OrderLine(line_no=number, sku=lines[0].sku, quantity=Decimal(2)))
        self._change(entry, lines=tuple(lines))

    def _touch(self) -> None:
        """Change what a warehouse may still be told after the push."""
        if (entry := self._pick(25)) is None or entry.broken:
            return
        number = self._seq
        match self._random.randint(0, 3):
            case 0:
                address = msgspec.structs.replace(entry.order.recipient.address, city=f"city {number}")
                recipient = msgspec.structs.replace(entry.order.recipient, address=address)
                self._change(entry, recipient=recipient)
            case 1:
                self._change(entry, buyer_note=f"note {number}")
            case 2:
                self._change(entry, logistics=self._random.choice(("post", "van", "")))
            case _:
                self._change(entry, tracking_number=f"TRACK{number}")

    def _cancel(self) -> None:
        if (entry := self._pick(12)) is not None and not entry.broken:
            self._change(entry, status=OrderStatus.CANCELLED)

    def _cancel_newest(self) -> None:
        if (entry := self._pick(3)) is not None and not entry.broken:
            self._change(entry, status=OrderStatus.CANCELLED)

    def _open_up(self) -> None:
        if (entry := self._pick(40, waiting=True)) is not None:
            self._change(entry, status=OrderStatus.PAID, holds=(), gifts_pending=False)

    def _mend(self) -> None:
        if (entry := self._pick(60, waiting=True)) is not None:
            self._ready(entry)

    def _ready(self, entry: Entry) -> None:
        entry.broken = False
        lines = tuple(
            msgspec.structs.replace(line, sku="A-1") if line.sku == BAD_SKU else line for line in entry.order.lines
        )
        status = entry.order.status
        if status is OrderStatus.CANCELLED and self._random.random() < 0.7:
            return  # few cancellations are taken back
        self._change(entry, lines=lines, status=OrderStatus.PAID, holds=(), gifts_pending=False)
