"""Orders as the daemon knows them, whatever OMS they come from."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, Struct, field

Ref = Annotated[str, Meta(min_length=1, max_length=200)]
"""An identifier of a remote system: opaque, exact, case-sensitive."""
Text = Annotated[str, Meta(max_length=20_000)]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]


class OrderStatus(StrEnum):
    """Where an order stands in its OMS; crossdock mirrors it and never invents one."""

    UNPAID = "unpaid"
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"
    READY_TO_SHIP = "ready_to_ship"
    SHIPPING = "shipping"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    RETURNED = "returned"


class LineKind(StrEnum):
    """What a line stands for; only goods go to a warehouse."""

    GOODS = "goods"
    SHIPPING = "shipping"
    DISCOUNT = "discount"
    FEE = "fee"
    GIFT_CARD = "gift_card"
    OTHER = "other"


class LogisticsKind(StrEnum):
    """How a carrier works, as far as push strategies care."""

    STANDARD = "standard"
    INSTANT = "instant"
    SAME_DAY = "same_day"
    PICKUP = "pickup"


class Address(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A postal address; `country` is ISO 3166-1 alpha-2 where the OMS knows it."""

    lines: tuple[Text, ...] = ()
    district: Text | None = None
    city: Text | None = None
    region: Text | None = None
    postcode: Text | None = None
    country: Text | None = None


class Recipient(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Who receives the parcel. Personal data."""

    name: Text = ""
    phone: Text | None = None
    email: Text | None = None
    address: Address = Address()


class OrderLine(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One line of an order. Its identity is `line_no`, never its SKU: a SKU may stand in several lines."""

    line_no: Annotated[int, Meta(ge=0, le=2**31)]
    sku: Annotated[str, Meta(max_length=200)]
    quantity: Decimal
    name: Text = ""
    unit: str = "pcs"
    unit_price: Decimal | None = None
    kind: LineKind = LineKind.GOODS
    gift: bool = False


class Order(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An order as its OMS shows it now. Times are aware UTC; money is in `currency`, never a float.

    `ref` identifies the order inside its connection for ever. `warehouse` is the code of the warehouse that the OMS
    itself assigned, where it does. `label_ready` says that the shipping label can be had. `holds` are the OMS's own
    reasons why the order must wait. `gifts_pending` says that gift lines have still to be added. `extra` keeps what the
    record has no field for; it is handed to the WMS connector unchanged.
    """

    ref: Ref
    status: OrderStatus
    created_at: datetime
    updated_at: datetime
    lines: tuple[OrderLine, ...]
    number: str = ""
    shop: str = ""
    channel: str = ""
    logistics: str = ""
    logistics_kind: LogisticsKind = LogisticsKind.STANDARD
    warehouse: str | None = None
    recipient: Recipient = Recipient()
    currency: Currency | None = None
    total: Decimal | None = None
    cash_on_delivery: Decimal | None = None
    paid_at: datetime | None = None
    ship_by: datetime | None = None
    tracking_number: str | None = None
    label_ready: bool = False
    buyer_note: Text | None = None
    seller_note: Text | None = None
    holds: tuple[Text, ...] = ()
    gifts_pending: bool = False
    extra: dict[str, Any] = field(default_factory=dict)


class OrderSlice(Struct, frozen=True, gc=False):
    """An order of a page that was not decoded yet: its `ref` and its bytes as they were received.

    A connector that can return slices saves most of the work for orders that did not change: the daemon compares the
    hash of the bytes and asks `read_order` to decode only what is new. The bytes must hold the whole order and nothing
    that differs from one answer to the next (no counters, no time of the answer).
    """

    ref: str
    raw: bytes


class Unreadable(Struct, frozen=True, gc=False):
    """An order that the connector could not map; it goes to quarantine and blocks nothing else.

    It stands in a page, or under its ref in what `get_orders` returns. `raw` is what was received of it. Where that has no
    readable ref, `ref` is `unreadable-` and sixteen hexadecimal digits made of `raw`, so that it is kept once.
    """

    ref: str
    raw: bytes
    reason: str


class FetchMode(StrEnum):
    """How a connection is kept in step."""

    CHANGED = "changed"
    SWEEP = "sweep"


class Window(Struct, frozen=True, kw_only=True):
    """What to list: in mode CHANGED every order changed in [since, until], both ends included (more is allowed).

    In mode SWEEP everything that is open or younger than `created_since`. None means unbounded. All UTC.
    """

    mode: FetchMode = FetchMode.CHANGED
    since: datetime | None = None
    until: datetime | None = None
    created_since: datetime | None = None


class Page(Struct, frozen=True, kw_only=True):
    """One page of a listing: orders, or slices of orders, and those that could not be read.

    `next_cursor` is None on the last page; it is opaque, at most 4,096 characters, and a listing can be restarted from
    it. `watermark` is the newest change stamp that the page covers; the daemon starts the next window before it.
    """

    orders: tuple[Order, ...] = ()
    slices: tuple[OrderSlice, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    next_cursor: str | None = None
    watermark: datetime | None = None
