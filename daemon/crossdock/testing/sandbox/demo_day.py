"""A made-up day of an online seller: some hundred orders, Thai and English, with the cases that matter among them."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from crossdock.spec.orders import Address, LineKind, LogisticsKind, Order, OrderLine, OrderStatus, Recipient
from crossdock.spec.outbound import Choice
from crossdock.testing.sandbox import demo_words as words

if TYPE_CHECKING:
    from collections.abc import Callable


class Case(StrEnum):
    """Why an order of the demo day is in it.

    Orders from UNPAID to GIFTS_PENDING are not to be pushed as they are; a REFUSED one is pushed, and the warehouse says no.
    """

    PLAIN = "plain"
    INSTANT = "instant"
    GIFT = "gift"
    CASH_ON_DELIVERY = "cash_on_delivery"
    ABROAD = "abroad"
    TWICE = "same_sku_twice"
    UNPAID = "unpaid"
    CANCELLED = "cancelled"
    OLD = "older_than_30_days"
    NO_GOODS = "no_goods"
    HOLD = "hold"
    GIFTS_PENDING = "gifts_pending"
    REFUSED = "refused"


WEIGHTS = {
    Case.PLAIN: 56,
    Case.INSTANT: 10,
    Case.GIFT: 6,
    Case.CASH_ON_DELIVERY: 6,
    Case.ABROAD: 4,
    Case.TWICE: 3,
    Case.UNPAID: 4,
    Case.CANCELLED: 3,
    Case.OLD: 2,
    Case.NO_GOODS: 2,
    Case.HOLD: 2,
    Case.GIFTS_PENDING: 2,
}
UNKNOWN_WAREHOUSE = "HKT"
"""Where the OMS sends a REFUSED order; the WMS has no such warehouse."""
INSTANT_KINDS = {LogisticsKind.INSTANT.value, LogisticsKind.SAME_DAY.value}


class DemoDay(Struct, frozen=True, kw_only=True):
    """The orders in the order of their change, why each is there (by ref), and what the OMS offers to choose from."""

    orders: tuple[Order, ...]
    cases: dict[str, Case]
    shops: tuple[Choice, ...] = words.SHOPS
    logistics: tuple[Choice, ...] = words.LOGISTICS


def demo_day(seed: int, *, now: datetime, count: int = 300, refused: bool = False) -> DemoDay:
    """Make up `count` orders of the 24 hours before `now` (aware UTC); the same seed gives the same day.

    Each case that is drawn occurs at least once from 12 orders on. `refused`: one of several plain orders is REFUSED.
    """
    chance = random.Random(seed)
    cases = [*WEIGHTS][:count]
    cases += chance.choices(list(WEIGHTS), weights=list(WEIGHTS.values()), k=count - len(cases))
    chance.shuffle(cases)
    moments = sorted(now - timedelta(seconds=chance.randrange(60, 86_400)) for _ in cases)
    orders = []
    for number, (case, moment) in enumerate(zip(cases, moments, strict=True), 1):
        order = plain_order(chance, f"DD-{seed % 1000:03d}-{number:05d}", moment)
        orders.append(VARIATIONS.get(case, unchanged)(chance, order))
    by_ref = {order.ref: case for order, case in zip(orders, cases, strict=True)}
    plain = [number for number, case in enumerate(cases) if case is Case.PLAIN]
    if refused and len(plain) > 1:
        orders[plain[0]] = replace(orders[plain[0]], warehouse=UNKNOWN_WAREHOUSE)
        by_ref[orders[plain[0]].ref] = Case.REFUSED
    return DemoDay(orders=tuple(sorted(orders, key=lambda order: order.updated_at)), cases=by_ref)


def plain_order(chance: random.Random, ref: str, moment: datetime) -> Order:
    """Make up an order that is paid and ready to ship, with a standard carrier."""
    shop = chance.choices(words.SHOPS, weights=(40, 35, 15, 10))[0]
    carrier = chance.choice([choice for choice in words.LOGISTICS if choice.kind not in INSTANT_KINDS])
    lines = goods(chance, shop.code)
    return totalled(
        Order(
            ref=ref,
            number=f"{shop.code[:2].upper()}{ref[-5:]}",
            status=OrderStatus.READY_TO_SHIP,
            created_at=moment,
            updated_at=moment,
            paid_at=moment,
            ship_by=moment + timedelta(days=2),
            lines=(*lines, service(len(lines) + 1, *words.SERVICES[0], chance.choice(("0.00", "35.00", "50.00")))),
            shop=shop.code,
            channel=chance.choice(("marketplace", "marketplace", "web", "chat")),
            logistics=carrier.code,
            logistics_kind=kind_of(carrier),
            recipient=recipient(chance),
            currency="THB",
            tracking_number=f"TH{chance.randrange(10**9):09d}",
            label_ready=True,
            buyer_note=chance.choice(words.NOTES) if chance.random() < 0.3 else None,
            seller_note=chance.choice(words.SELLER_NOTES) if chance.random() < 0.1 else None,
        )
    )


def kind_of(carrier: Choice) -> LogisticsKind:
    """Return how a carrier works."""
    return LogisticsKind(carrier.kind or LogisticsKind.STANDARD)


def goods(chance: random.Random, shop: str) -> tuple[OrderLine, ...]:
    """Make up one to four lines of a shop's goods."""
    chosen = chance.sample(
        words.GOODS[shop], k=min(len(words.GOODS[shop]), chance.choices((1, 2, 3, 4), (50, 28, 15, 7))[0])
    )
    return tuple(
        OrderLine(
            line_no=number,
            sku=sku,
            name=name,
            quantity=Decimal(chance.choices((1, 2, 3, 12), (70, 18, 9, 3))[0]),
            unit_price=Decimal(price),
        )
        for number, (sku, name, price) in enumerate(chosen, 1)
    )


def service(line_no: int, sku: str, name: str, price: str, kind: LineKind = LineKind.SHIPPING) -> OrderLine:
    """Make a line that is no goods."""
    return OrderLine(line_no=line_no, sku=sku, name=name, quantity=Decimal(1), unit_price=Decimal(price), kind=kind)


def recipient(chance: random.Random) -> Recipient:
    """Make up who receives the parcel: two of three write Thai."""
    district, city, region, postcode = chance.choice(words.PLACES)
    thai = chance.random() < 0.67
    if thai:
        name = f"{chance.choice(words.THAI_TITLES)}{chance.choice(words.THAI_FIRST)} {chance.choice(words.THAI_LAST)}"
    else:
        name = f"{chance.choice(words.LATIN_FIRST)} {chance.choice(words.LATIN_LAST)}"
    street = chance.choice(words.STREETS_TH if thai else words.STREETS_EN)
    return Recipient(
        name=name,
        phone=f"0{chance.choice('689')}0-000-{chance.randrange(10_000):04d}",
        email=f"buyer{chance.randrange(10_000)}@example.com",
        address=Address(
            lines=(f"{chance.randrange(1, 400)}/{chance.randrange(1, 99)} {street}",),
            district=district,
            city=city,
            region=region,
            postcode=postcode,
            country="TH",
        ),
    )


def totalled(order: Order) -> Order:
    """Set the total to what the lines come to."""
    return replace(order, total=sum((line.quantity * (line.unit_price or 0) for line in order.lines), Decimal(0)))


def unchanged(_chance: random.Random, order: Order) -> Order:
    """Leave the order as it is."""
    return order


def instant(chance: random.Random, order: Order) -> Order:
    """Send it by a courier that comes at once, or the same day."""
    carrier = chance.choice([choice for choice in words.LOGISTICS if choice.kind in INSTANT_KINDS])
    soon = order.created_at + timedelta(hours=2)
    return replace(order, logistics=carrier.code, logistics_kind=kind_of(carrier), ship_by=soon)


def with_gift(_chance: random.Random, order: Order) -> Order:
    """Add a free gift."""
    sku, name = words.FREE_GIFT
    line = OrderLine(
        line_no=len(order.lines) + 1, sku=sku, name=name, quantity=Decimal(1), unit_price=Decimal(0), gift=True
    )
    return replace(order, lines=(*order.lines, line))


def cash_on_delivery(_chance: random.Random, order: Order) -> Order:
    """Let the buyer pay at the door."""
    return replace(order, cash_on_delivery=order.total, paid_at=None)


def abroad(chance: random.Random, order: Order) -> Order:
    """Send it to another country."""
    street, city, postcode, country = chance.choice(words.ABROAD)
    address = Address(lines=(street,), city=city, postcode=postcode, country=country)
    name = f"{chance.choice(words.LATIN_FIRST)} {chance.choice(words.LATIN_LAST)}"
    return replace(order, recipient=replace(order.recipient, name=name, address=address))


def same_sku_twice(_chance: random.Random, order: Order) -> Order:
    """Let the first goods come again in a line of their own."""
    again = replace(order.lines[0], line_no=len(order.lines) + 1, quantity=Decimal(1))
    return totalled(replace(order, lines=(*order.lines, again)))


def unpaid(_chance: random.Random, order: Order) -> Order:
    """Nobody paid yet."""
    return replace(order, status=OrderStatus.UNPAID, paid_at=None, tracking_number=None, label_ready=False)


def cancelled(_chance: random.Random, order: Order) -> Order:
    """The buyer changed their mind within minutes."""
    return replace(order, status=OrderStatus.CANCELLED, updated_at=order.updated_at + timedelta(seconds=50))


def old(_chance: random.Random, order: Order) -> Order:
    """It was made long ago and only changed today."""
    long_ago = order.created_at - timedelta(days=45)
    return replace(order, created_at=long_ago, paid_at=long_ago)


def no_goods(_chance: random.Random, order: Order) -> Order:
    """Somebody bought a gift card, nothing else."""
    return totalled(replace(order, lines=(service(1, *words.SERVICES[1], "500.00", LineKind.GIFT_CARD),)))


def held(chance: random.Random, order: Order) -> Order:
    """The OMS holds it."""
    return replace(order, holds=(chance.choice(words.HOLDS),))


def gifts_pending(_chance: random.Random, order: Order) -> Order:
    """Gift lines have still to be added."""
    return replace(order, gifts_pending=True)


VARIATIONS: dict[Case, Callable[[random.Random, Order], Order]] = {
    Case.INSTANT: instant,
    Case.GIFT: with_gift,
    Case.CASH_ON_DELIVERY: cash_on_delivery,
    Case.ABROAD: abroad,
    Case.TWICE: same_sku_twice,
    Case.UNPAID: unpaid,
    Case.CANCELLED: cancelled,
    Case.OLD: old,
    Case.NO_GOODS: no_goods,
    Case.HOLD: held,
    Case.GIFTS_PENDING: gifts_pending,
}
