"""A stream of shop events, as JSON lines, turned into orders of an OMS: what they append, reduce and cancel."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from crossdock.spec.orders import Address, LineKind, LogisticsKind, Order, OrderLine, OrderStatus, Recipient
from crossdock.testing.sandbox.oms_books import Progress

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crossdock.testing.sandbox.oms import SandboxOms

KINDS = {
    "product": LineKind.GOODS,
    "shipping": LineKind.SHIPPING,
    "discount": LineKind.DISCOUNT,
    "fee": LineKind.FEE,
    "voucher": LineKind.GIFT_CARD,
}


class EventLine(Struct, frozen=True):
    """A line of an event; negative quantities take back."""

    line_no: int
    sku: str
    name: str
    qty: int
    unit_price: Decimal
    type: str


class EventAddress(Struct, frozen=True):
    """An address as the stream has it."""

    lines: tuple[str, ...] = ()
    district: str | None = None
    city: str | None = None
    region: str | None = None
    postcode: str | None = None
    country: str | None = None


class EventRecipient(Struct, frozen=True):
    """A recipient as the stream has it; any text may be hostile."""

    name: str = ""
    phone: str | None = None
    email: str | None = None
    address: EventAddress = EventAddress()


class EventLogistics(Struct, frozen=True):
    """The carrier of an order; `kind` is STANDARD, INSTANT, SAME_DAY or PICKUP."""

    name: str
    kind: str


class Cancelled(Struct, frozen=True):
    """An order that a cancel takes goods from, and how many pieces in all."""

    order_ref: str
    qty: int


class Event(Struct, frozen=True):
    """One line of the stream."""

    kind: Literal["order", "amend", "cancel", "adjustment", "finance"]
    order_ref: str
    store: str
    created_at: datetime
    source_country: str
    lines: tuple[EventLine, ...]
    currency: str | None = None
    country: str | None = None
    recipient: EventRecipient | None = None
    logistics: EventLogistics | None = None
    buyer_note: str | None = None
    cancels: tuple[Cancelled, ...] = ()
    unmatched_qty: bool = False


class StreamFeed:
    """The orders that a stream of events leads to. `orders` holds each as it is now, in the order of first appearance.

    `unnamed` are the cancels that name no order: each is shown as a cancelled order of its own that only takes back, and
    is not among `orders`. `counts` counts events by kind, and what became of them: cancel_unnamed, of these
    cancel_unnamed_goods (the others take back postage, fees and discounts only), cancel_partly_named, cancel_unknown_order,
    cancel_unplaced_qty (pieces that no named order had), cancelled_orders, reduced_orders, amend_unknown_order,
    lines_not_positive.
    """

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.unnamed: list[str] = []
        self.counts: Counter[str] = Counter()
        self._rank: dict[str, int] = {}

    def apply(self, event: Event) -> list[Order]:
        """Apply one event and return the orders it changed, stamped as changed at the event's time."""
        self.counts[event.kind] += 1
        match event.kind:
            case "order" | "amend":
                return self._written(event)
            case "cancel":
                return self._cancel(event)
            case "adjustment" | "finance":
                return []

    def _written(self, event: Event) -> list[Order]:
        self.counts["lines_not_positive"] += sum(line.qty <= 0 for line in event.lines)
        before = self.orders.get(event.order_ref)
        if before is None and event.kind == "amend":
            self.counts["amend_unknown_order"] += 1
        if before is None:
            return [self._keep(to_order(event))]
        added = tuple(map(to_line, event.lines))
        return [
            self._keep(
                replace(
                    before,
                    lines=(*before.lines, *added),
                    status=OrderStatus.READY_TO_SHIP,
                    updated_at=event.created_at,
                )
            )
        ]

    def _cancel(self, event: Event) -> list[Order]:
        if not event.cancels:
            self.counts["cancel_unnamed"] += 1
            self.counts["cancel_unnamed_goods"] += any(line.type == "product" for line in event.lines)
            self.unnamed.append(event.order_ref)
            return [replace(to_order(event), status=OrderStatus.CANCELLED, label_ready=False)]
        if event.unmatched_qty:
            self.counts["cancel_partly_named"] += 1
        budget = self._budget(event)
        changed: dict[str, None] = {}
        for line in event.lines:
            if line.type == "product" and line.qty < 0:
                changed.update(dict.fromkeys(self._take_back(line.sku, -line.qty, budget)))
        self.counts["cancel_unplaced_qty"] += sum(budget.values())
        return [self._settle(ref, event.created_at) for ref in changed]

    def _budget(self, event: Event) -> dict[str, int]:
        """Map each named order that is known, newest first, to the pieces the cancel takes from it."""
        known = {named.order_ref: named.qty for named in event.cancels if named.order_ref in self.orders}
        self.counts["cancel_unknown_order"] += len(event.cancels) - len(known)
        return dict(sorted(known.items(), key=lambda item: -self._rank[item[0]]))

    def _take_back(self, sku: str, need: int, budget: dict[str, int]) -> Iterator[str]:
        """Take `need` pieces of a SKU from the named orders, newest first, last lines first; yield what changed."""
        for ref, allowed in budget.items():
            order = self.orders[ref]
            lines, taken = reduced(order.lines, sku, min(need, allowed))
            if taken:
                self.orders[ref] = replace(order, lines=lines)
                budget[ref] -= taken
                need -= taken
                yield ref
            if not need:
                return

    def _settle(self, ref: str, at: datetime) -> Order:
        order = self.orders[ref]
        goods_left = any(line.kind is LineKind.GOODS for line in order.lines)
        self.counts["reduced_orders" if goods_left else "cancelled_orders"] += 1
        status = order.status if goods_left else OrderStatus.CANCELLED
        return self._keep(replace(order, status=status, updated_at=at))

    def _keep(self, order: Order) -> Order:
        self.orders[order.ref] = order
        self._rank.setdefault(order.ref, len(self._rank))
        return order


def reduced(lines: tuple[OrderLine, ...], sku: str, most: int) -> tuple[tuple[OrderLine, ...], int]:
    """Take up to `most` pieces of a SKU from goods lines, last first; lines that reach 0 go. Returns what was taken."""
    kept: list[OrderLine] = []
    left = most
    for line in reversed(lines):
        take = min(left, int(line.quantity)) if line.sku == sku and line.kind is LineKind.GOODS else 0
        if take <= 0:
            kept.append(line)
            continue
        left -= take
        if line.quantity > take:
            kept.append(replace(line, quantity=line.quantity - take))
    return tuple(reversed(kept)), most - left


def to_line(line: EventLine) -> OrderLine:
    """Map a line of an event."""
    return OrderLine(
        line_no=line.line_no,
        sku=line.sku,
        name=line.name,
        quantity=Decimal(line.qty),
        unit_price=line.unit_price,
        kind=KINDS.get(line.type, LineKind.OTHER),
    )


def to_order(event: Event) -> Order:
    """Map an order event to an order that is paid and ready to ship."""
    logistics = event.logistics or EventLogistics(name="", kind="STANDARD")
    return Order(
        ref=event.order_ref,
        number=event.order_ref,
        status=OrderStatus.READY_TO_SHIP,
        created_at=event.created_at,
        updated_at=event.created_at,
        paid_at=event.created_at,
        lines=tuple(map(to_line, event.lines)),
        shop=event.store,
        logistics=logistics.name,
        logistics_kind=LogisticsKind(logistics.kind.lower()),
        recipient=to_recipient(event),
        currency=event.currency,
        tracking_number=f"TRK{event.order_ref}",
        label_ready=True,
        buyer_note=event.buyer_note,
        extra={"source_country": event.source_country, "country": event.country},
    )


def to_recipient(event: Event) -> Recipient:
    """Map the recipient; a country that the address does not name is the event's."""
    person = event.recipient or EventRecipient()
    address = person.address
    return Recipient(
        name=person.name,
        phone=person.phone,
        email=person.email,
        address=Address(
            lines=address.lines,
            district=address.district,
            city=address.city,
            region=address.region,
            postcode=address.postcode,
            country=address.country or event.country,
        ),
    )


def read_events(path: str | Path) -> Iterator[Event]:
    """Read a stream's file line by line. Raises msgspec.MsgspecError for a line that is no event."""
    decoder = msgspec.json.Decoder(Event)
    with Path(path).open("rb") as file:
        for line in file:
            if line.strip():
                yield decoder.decode(line)


async def feed_sandbox(
    oms: SandboxOms, events: Iterable[Event], *, speed: float = 0, rebase: bool = False
) -> StreamFeed:
    """Feed events to a sandbox OMS, `speed` times as fast as they happened (0: as fast as possible); return the feed.

    `rebase` moves the first event to the sandbox's present, and all others with it. A sandbox that kept its data in a
    file goes on behind the last event it was fed.
    """
    feed = StreamFeed()
    kept = oms.books.progress or Progress()
    pace: Pace | None = None
    for number, event in enumerate(events, 1):
        if number == 1 and rebase and not kept.fed:
            kept = Progress(shift_s=(oms.now() - event.created_at).total_seconds())
        moved = replace(event, created_at=event.created_at + timedelta(seconds=kept.shift_s))
        if number <= kept.fed:
            feed.apply(moved)
            continue
        pace = pace or Pace(event.created_at, speed)
        await pace.wait(event.created_at)
        oms.put(feed.apply(moved), progress=Progress(number, kept.shift_s))
    return feed


class Pace:
    """Waits between events as long as they were apart, `speed` times faster; speed 0 only yields to others."""

    def __init__(self, first: datetime, speed: float) -> None:
        self._first = first
        self._speed = speed
        self._started = asyncio.get_running_loop().time()

    async def wait(self, moment: datetime) -> None:
        """Wait until it is time for what happened at `moment`."""
        gone = asyncio.get_running_loop().time() - self._started
        due = (moment - self._first).total_seconds() / self._speed if self._speed else 0
        await asyncio.sleep(max(0, due - gone))
