"""Stock: absolute levels that never go backwards in time, or movements by id."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from crossdock.spec.orders import Ref, Text


class StockLevel(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """How much of a SKU a warehouse holds, as observed at a moment (aware UTC).

    Of two observations that with the higher `sequence` is newer, where the WMS counts; else the later `observed_at`.
    """

    sku: Ref
    warehouse: Ref
    on_hand: Decimal
    observed_at: datetime
    available: Decimal | None = None
    reserved: Decimal | None = None
    damaged: Decimal | None = None
    in_transit: Decimal | None = None
    sequence: int | None = None


class StockMovement(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A change of stock. `ref` is the WMS's own id of it: the same movement is never applied twice."""

    ref: Ref
    sku: Ref
    warehouse: Ref
    change: Decimal
    at: datetime
    reason: Text = ""
    document_ref: Ref | None = None


def level_name(level: StockLevel) -> str:
    """Name a stock level: "WAREHOUSE/SKU"."""
    return f"{level.warehouse}/{level.sku}"
