"""Package outbound as people see it, and what they decide about packages."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from crossdock.control.records.base import MAX_ORDERS, ChoiceName, Code, ConnectionName, Id, Limit, Reason, StageName
from crossdock.control.records.orders import OrderItem, OrderRef, Refs


class PackageQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which packages are listed: those at a stage (None: all), of an OMS, of a warehouse. `after` is `next` of the page before.

    `updated`: only those with the mark "(Updated)".
    """

    stage: StageName | None = None
    updated: bool = False
    connection: ConnectionName | None = None
    warehouse: Code | None = None
    after: Id | None = None
    limit: Limit = 50


class PackagePage(Struct, frozen=True, kw_only=True):
    """A page of what warehouses have, newest first. `next` is None at the end; a page may be short although there is more."""

    items: tuple[OrderItem, ...]
    next: int | None = None


class DecidePackages(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Decide about orders that their warehouse has.

    force: send what changed whatever the stage; keep: the warehouse's version stands; ship: let it ship although it was
    cancelled; ask_again: ask the warehouse to cancel once more; cancelled: it was cancelled in the warehouse by hand; again:
    push again what the warehouse cancelled by itself.
    """

    orders: Refs
    choice: ChoiceName
    reason: Reason


class Acknowledge(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take the mark "(Updated)" off orders: those named, or `all_updated` of an OMS or warehouse, at most 1,000 a request.

    `after` is `next` of the answer before.
    """

    orders: Annotated[tuple[OrderRef, ...], Meta(max_length=MAX_ORDERS)] = ()
    all_updated: bool = False
    connection: ConnectionName | None = None
    warehouse: Code | None = None
    after: Id | None = None


class CancelOrders(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Have the warehouses of these orders asked not to ship them."""

    orders: Refs
    reason: Reason
