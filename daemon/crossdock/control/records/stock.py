"""Stock: levels as a WMS showed them, how far an OMS was told, and the switches."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

from crossdock.control.records.base import Code, ConnectionName


class StockItem(Struct, frozen=True, kw_only=True):
    """The newest level of one SKU. `sku` is the warehouse's word, `ours` ours.

    `state`: confirmed (the OMS holds it), waiting (it is on its way), held (`why` says what a person must do), off.
    """

    id: int
    connection: str
    remote: str
    warehouse: str
    sku: str
    ours: str
    oms: str
    on_hand: Decimal
    observed_at: datetime
    state: Literal["confirmed", "waiting", "held", "off"]
    why: str = ""
    available: Decimal | None = None
    reserved: Decimal | None = None
    damaged: Decimal | None = None
    in_transit: Decimal | None = None
    sequence: int | None = None
    confirmed_at: datetime | None = None


class StockPage(Struct, frozen=True, kw_only=True):
    """Levels, oldest known first."""

    items: tuple[StockItem, ...]
    next: int | None = None


class FetchStock(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fetch the stock of a WMS now."""

    connection: ConnectionName


class StockSwitch(Struct, frozen=True, kw_only=True):
    """Whether a warehouse's stock goes to an OMS; `oms` empty: to the only one that takes stock."""

    warehouse: str
    on: bool
    oms: str = ""
    revision: int = 0


class StockSwitches(Struct, frozen=True, kw_only=True):
    """The switch of every warehouse, by its code."""

    items: tuple[StockSwitch, ...]


class SwitchStock(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Switch a warehouse's stock. `revision` is the one that was read; left out: whatever it is."""

    warehouse: Code
    on: bool
    oms: Annotated[str, Meta(max_length=60)] = ""
    revision: Annotated[int, Meta(ge=0, le=2**31)] | None = None
