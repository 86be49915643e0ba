"""The documents of a warehouse, as they go back to the OMS: what left it, what arrived in it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, Struct, field

from crossdock.spec.orders import Currency, Ref, Text
from crossdock.spec.outbound import Key, Stage

Revision = Annotated[int, Meta(ge=0)]
"""Counts the changes of a document in its WMS; of two states of a document the one with the higher number is newer."""


class OutboundKind(StrEnum):
    """Why goods leave a warehouse; each kind is a list of its own."""

    PARCEL = "parcel"
    MANUAL = "manual"
    TRANSFER = "transfer"


class InboundKind(StrEnum):
    """Why goods arrive in a warehouse; each kind is a list of its own."""

    RECEIPT = "receipt"
    MANUAL = "manual"
    TRANSFER = "transfer"


class InboundState(StrEnum):
    """Where an inbound document stands (DOMAIN 4.3 D); INVALID: its remainder, or all of it, was cancelled."""

    CREATED = "created"
    PENDING = "pending"
    PART_COMPLETE = "part_complete"
    COMPLETE = "complete"
    PART_INVALID = "part_invalid"
    INVALID = "invalid"


class ParcelLine(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """How much of a line is in a parcel."""

    line_no: int
    quantity: Decimal


class Parcel(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One parcel of an outbound document. `parcel_no` names it inside its document."""

    parcel_no: Ref
    lines: tuple[ParcelLine, ...] = ()
    tracking_number: str | None = None
    logistics: str = ""
    weight_g: int | None = None
    shipped_at: datetime | None = None


class OutboundDocLine(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One line: what was to leave, and what did (None: not known yet); `reason` says why they differ."""

    line_no: int
    sku: Ref
    planned: Decimal
    actual: Decimal | None = None
    reason: Text = ""


class OutboundDoc(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An outbound document as its WMS shows it now. Times are aware UTC.

    `ref` identifies it inside the connection for ever. `revision` grows with every change (a WMS without such a number
    gives its change stamp in milliseconds). `outbound_key` is the key under which crossdock created it, where it did.
    """

    ref: Ref
    kind: OutboundKind
    revision: Revision
    warehouse: Ref
    stage: Stage
    lines: tuple[OutboundDocLine, ...]
    updated_at: datetime
    number: str = ""
    parcels: tuple[Parcel, ...] = ()
    order_ref: Ref | None = None
    outbound_key: Key | None = None
    destination: str | None = None
    short_closed: bool = False
    problem: Text = ""
    created_at: datetime | None = None
    picking_at: datetime | None = None
    picked_at: datetime | None = None
    packed_at: datetime | None = None
    shipped_at: datetime | None = None
    note: Text = ""
    extra: dict[str, Any] = field(default_factory=dict)


class InboundLine(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One line: what is expected at which unit cost. A unit cost that is not known is None, which is not zero."""

    line_no: int
    sku: Ref
    planned: Decimal
    planned_unit_cost: Decimal | None = None
    name: Text = ""


class Receipt(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Goods of one line that arrived together. `ref` names the event inside its document and stays the same.

    `quantity` was taken into stock; `rejected` and `damaged` were delivered too and are no stock. `unit_cost` is the real
    cost of a unit (None: not known yet); `cost_revision` grows when it is corrected.
    """

    ref: Ref
    line_no: int
    quantity: Decimal
    at: datetime
    rejected: Decimal = Decimal(0)
    damaged: Decimal = Decimal(0)
    unit_cost: Decimal | None = None
    cost_revision: Revision = 0
    batch: str | None = None
    expires_at: datetime | None = None


class InboundDoc(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An inbound document as its WMS shows it now, with every receipt so far. Costs are in `currency`; times aware UTC."""

    ref: Ref
    kind: InboundKind
    revision: Revision
    warehouse: Ref
    state: InboundState
    lines: tuple[InboundLine, ...]
    updated_at: datetime
    number: str = ""
    receipts: tuple[Receipt, ...] = ()
    currency: Currency | None = None
    purchase_order: str | None = None
    supplier: str = ""
    source: str | None = None
    returned: bool = False
    expected_at: datetime | None = None
    created_at: datetime | None = None
    note: Text = ""
    extra: dict[str, Any] = field(default_factory=dict)


class OutboundPosting(Struct, frozen=True, kw_only=True):
    """An outbound document on its way to the OMS; the same `key` (document and revision) with every attempt."""

    key: Key
    document: OutboundDoc


class InboundPosting(Struct, frozen=True, kw_only=True):
    """An inbound document on its way to the OMS; the same `key` (document and revision) with every attempt."""

    key: Key
    document: InboundDoc
