"""Inbound costs: what was planned, what it really was, and what the OMS makes of it."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from crossdock.spec.orders import Currency, Ref, Text
from crossdock.spec.outbound import Key


class CostKind(StrEnum):
    """PLANNED: the planned amount of an inbound document. ACTUAL: what goods really cost, hence the average purchase price."""

    PLANNED = "planned"
    ACTUAL = "actual"


class CostChange(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A cost that is to be written. Money is in `currency`; the same `key` with every attempt, never a new one.

    To a WMS it is the unit cost of one line of an inbound document (of one receipt where `receipt_ref` is given). To an OMS,
    PLANNED is the planned amount of the whole document, as an absolute value; ACTUAL is the new average purchase price of
    `sku` where the OMS declares cost_actual "set_average", else the corrected unit cost of the receipt. `old` is what the
    decision rested on: a system that can compare refuses with code "version" if it holds another value. `version` grows
    with every change of the same thing, and an older one must not undo a newer one.
    """

    key: Key
    kind: CostKind
    new: Decimal
    currency: Currency
    version: int
    old: Decimal | None = None
    document_ref: Ref | None = None
    line_no: int | None = None
    receipt_ref: Ref | None = None
    sku: Ref | None = None
    warehouse: Ref | None = None
    reason: Text = ""
    actor: Text = ""


class ProductCost(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an OMS knows of a SKU's cost: its average purchase price (None: not known, which is not zero)."""

    sku: Ref
    average: Decimal | None
    currency: Currency | None = None
    quantity: Decimal | None = None
