"""Simulations: what would be pushed now, under the settings as they are or under a draft. Nothing is sent or kept.

The dashboard's preview of a strategy shows the same records: `today` is what the saved settings do, `would` what the draft
does, and `differing` counts the orders for which that is not the same.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from crossdock.control.records.base import Code, Limit
from crossdock.control.records.book import Strategy, Warehouse
from crossdock.control.records.orders import OrderRef

WouldName = Literal["push", "keep", "by_hand", "update", "hold", "cancel", "refuse"]


class Try(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to simulate. Without a draft: the settings as they are.

    `strategy` stands for the saved one of its name, `settings` for the saved warehouse of its code; both need not be saved.
    `use` (a strategy's name) and `auto_push` are tried in `warehouse`, which also narrows the page to its orders.
    `through`: the counts go on behind the rows that are shown, as far as one answer may look.
    """

    warehouse: Code | None = None
    strategy: Strategy | None = None
    settings: Warehouse | None = None
    use: Code | None = None
    auto_push: bool | None = None
    orders: Annotated[tuple[OrderRef, ...], Meta(max_length=200)] = ()
    only: Literal["all", "going", "differing"] = "all"
    after: Annotated[int, Meta(ge=0, le=2**62)] = 0
    limit: Limit = 200
    through: bool = False


class Outlook(Struct, frozen=True, kw_only=True):
    """What would be done about an order. `rules` are the codes of the reasons, `reasons` their sentences.

    `hold`: its warehouse, which has it, is asked to keep it waiting while a person decides.
    """

    would: WouldName
    warehouse: str
    strategy: str
    rules: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


class SimulatedOrder(Struct, frozen=True, kw_only=True):
    """One order; `today` is None where no draft is tried."""

    connection: str
    ref: str
    number: str
    state: str
    shop: str
    logistics: str
    would: Outlook
    today: Outlook | None = None
    differs: bool = False


class ReasonCount(Struct, frozen=True, kw_only=True):
    """How many orders of the page a rule keeps; `example` is the sentence about the first of them."""

    rule: str
    count: int
    example: str = ""


class Simulation(Struct, frozen=True, kw_only=True):
    """A page. The counts are of the orders shown, or of all that fit with `through`; `looked_at` counts those that were judged.

    `next` goes on; None: every waiting order was looked at.
    """

    items: tuple[SimulatedOrder, ...]
    looked_at: int
    would: dict[str, int]
    kept_by: tuple[ReasonCount, ...]
    differing: int
    next: int | None = None
