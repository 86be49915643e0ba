"""What goes to a warehouse, and what comes back: outbound requests, results, reports."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from crossdock.spec.orders import LogisticsKind, Recipient, Ref, Text

Key = Annotated[str, Meta(min_length=1, max_length=50)]
"""An idempotency key: stable over every attempt, printable ASCII, fit as a document number."""


class OutboundLine(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One line to ship. `line_no` is the order's line number; `sku` is the warehouse's own SKU."""

    line_no: int
    sku: str
    quantity: Decimal
    name: Text = ""
    unit: str = "pcs"
    unit_price: Decimal | None = None
    gift: bool = False


class OutboundRequest(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An order on its way to one warehouse. The same `key` is sent with every attempt.

    `warehouse` is the code by which the WMS knows the warehouse. `revision` counts what we knew of the order: 1, 2, ….
    """

    key: Key
    order_ref: Ref
    revision: int
    warehouse: str
    lines: tuple[OutboundLine, ...]
    ordered_at: datetime
    order_number: str = ""
    shop: str = ""
    channel: str = ""
    logistics: str = ""
    logistics_kind: LogisticsKind = LogisticsKind.STANDARD
    recipient: Recipient = Recipient()
    currency: str | None = None
    total: Decimal | None = None
    cash_on_delivery: Decimal | None = None
    ship_by: datetime | None = None
    tracking_number: str | None = None
    buyer_note: Text | None = None
    seller_note: Text | None = None
    strategy: str = ""
    extra: dict[str, Any] = field(default_factory=dict)


class Stage(StrEnum):
    """How far a warehouse is with an outbound document (DOMAIN 4.3 C); OUTBOUND: it has left."""

    PENDING = "pending"
    PICKING = "picking"
    PICKED = "picked"
    PACKED = "packed"
    OUTBOUND = "outbound"
    CANCELLED = "cancelled"


class PushStatus(StrEnum):
    """How a warehouse answered one request."""

    ACCEPTED = "accepted"
    REQUESTED = "requested"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    RETRY = "retry"
    UNKNOWN = "unknown"


class PushResult(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The answer for one request of a batch, named by the request's `key`.

    DUPLICATE: the warehouse had it already under this key. REJECTED: a definite no, with `code` and `message`; of an
    update, a cancellation or a hold the code "too_late" says that the document has gone too far for it.
    RETRY: a definite "not now", nothing was stored. UNKNOWN: it may or may not have been stored. REQUESTED (of an update,
    a cancellation or a hold only): it was passed on, and `find_outbound` will tell what became of it.
    """

    key: str
    status: PushStatus
    remote_id: str | None = None
    code: str | None = None
    message: str | None = None


class RemoteOutbound(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An outbound document as the WMS has it.

    `stage` says how far it is, where the WMS tells; `state` is its own word for that. `revision` is the newest one that it
    was given, `content` what it holds now, where the WMS tells.
    """

    key: str
    remote_id: str
    state: str = ""
    revision: int | None = None
    stage: Stage | None = None
    held: bool = False
    content: OutboundRequest | None = None


class PushReport(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of an order, for its OMS. (`order_ref`, `status`, `revision`) names the report: a repeat is no change.

    "cancelled": its warehouse confirmed that it does not ship it. "cancel_refused": it was too late, the order ships.

    `message` is a sentence for people.
    """

    order_ref: str
    status: Literal["pushed", "push_failed", "cancelled", "cancel_refused"]
    revision: int
    warehouse: str
    remote_id: str | None = None
    message: str | None = None
    at: datetime | None = None


class ItemResult(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The result for one item of a bulk call; `ok` False with a `code` and a `message` when it was refused."""

    ref: str
    ok: bool
    code: str | None = None
    message: str | None = None


class Choice(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something a person may choose from: a shop, a carrier, a warehouse."""

    code: str
    name: str
    kind: str | None = None


class CheckResult(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a connection's check found; `server_time` is the remote clock, aware UTC."""

    ok: bool
    account: str = ""
    server_time: datetime | None = None
    warnings: tuple[str, ...] = ()
