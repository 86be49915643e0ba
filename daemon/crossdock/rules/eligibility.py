"""May this order be pushed at all? One small function a clause, each with its reason."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from crossdock.rules.push_states import AT_WAREHOUSE, SENDABLE, PushState
from crossdock.rules.reasons import Clause
from crossdock.spec.orders import LineKind, OrderStatus

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.rules.book import Book, Warehouse
    from crossdock.spec.orders import Order

OPEN = frozenset({OrderStatus.UNPAID, OrderStatus.PARTIALLY_PAID, OrderStatus.PAID, OrderStatus.READY_TO_SHIP})
"""Statuses of an order that was neither cancelled nor handed over."""

_STATE_OK = Clause("state", True)
_GOODS_OK = Clause("goods", True)
_GOODS_NOT = Clause("goods", False)
_QUANTITY_OK = Clause("quantity", True)
_SKUS_OK = Clause("skus", True)
_LOGISTICS_OK = Clause("logistics", True)
_NOT_AGAIN = {
    PushState.SENDING: "it is being sent right now",
    PushState.IN_DOUBT: "its push is in doubt",
    PushState.PUSHED: "it was pushed already",
    PushState.CANCELLED: "its push was cancelled",
    PushState.REJECTED: "its warehouse cancelled it by itself",
    **dict.fromkeys(AT_WAREHOUSE - {PushState.PUSHED, PushState.REJECTED}, "its warehouse has it already"),
}
_STATUS = {status: Clause("status", status in OPEN, (status.value,)) for status in OrderStatus}


def push_state(state: PushState) -> Clause:
    """Not pushed, or push failed (the article, line 19). HELD and QUEUED are not pushed yet, too."""
    if state in SENDABLE or state in (PushState.HELD, PushState.QUEUED):
        return _STATE_OK
    return Clause("state", False, (_NOT_AGAIN[state],))


def age(order: Order, days: int, now: datetime) -> Clause:
    """Created within the last `days`·24 hours by the OMS's own stamp (the article, line 19; rolling, in UTC)."""
    window, young = _window(days)
    if order.created_at >= now - window:
        return young
    return Clause("age", False, (order.created_at.date().isoformat(), str(days)))


def too_old_at(order: Order, days: int) -> datetime:
    """Return the first moment at which an order is too old."""
    return order.created_at + timedelta(days=days, milliseconds=1)


@cache
def _window(days: int) -> tuple[timedelta, Clause]:
    return timedelta(days=days), Clause("age", True, ("", str(days)))


def status(order: Order) -> Clause:
    """Neither cancelled nor handed over."""
    return _STATUS[order.status]


def goods(order: Order) -> Clause:
    """At least one line is goods; postage, discounts, fees and gift cards are not."""
    for line in order.lines:
        if line.kind is LineKind.GOODS:
            return _GOODS_OK
    return _GOODS_NOT


def quantities(order: Order) -> Clause:
    """Every goods line has a quantity above zero."""
    for line in order.lines:
        if line.kind is LineKind.GOODS and not line.quantity > 0:
            return Clause("quantity", False, (str(line.line_no), str(line.quantity)))
    return _QUANTITY_OK


def cancellation(order: Order) -> Clause | None:
    """A cancelled order that is no order: it only takes pieces back, so it is a cancellation that names no order.

    Which order it means is not guessed; a person has to say. None for every other order.
    """
    if order.status is not OrderStatus.CANCELLED or not order.lines:
        return None
    for line in order.lines:
        if line.quantity >= 0:
            return None
    return Clause("cancellation", False, (order.number or order.ref,))


def skus(order: Order, warehouse: Warehouse, book: Book) -> Clause:
    """Every goods line's SKU is bound in the warehouse: mapped, or by its exact text where auto_bind is on.

    An empty SKU binds to nothing: it would leave to the warehouse what to send.
    """
    for line in order.lines:
        if line.kind is LineKind.GOODS and (not line.sku or line.sku.isspace()):
            return Clause("sku_missing", False, (str(line.line_no),))
    if warehouse.auto_bind and not book.skus:
        return _SKUS_OK
    for line in order.lines:
        if line.kind is LineKind.GOODS:
            theirs = book.skus.get((warehouse.code, line.sku), line.sku if warehouse.auto_bind else None)
            if theirs is None:
                return Clause("skus", False, (line.sku, warehouse.code))
    return _SKUS_OK


def logistics(order: Order, warehouse: Warehouse, book: Book) -> Clause:
    """The carrier is mapped where the warehouse needs that, and not mapped to nothing."""
    default = None if warehouse.need_logistics_mapping else order.logistics
    if book.logistics.get((warehouse.code, order.logistics), default) is None:
        return Clause("logistics", False, (order.logistics, warehouse.code))
    return _LOGISTICS_OK


def age_limit(book: Book, warehouse: Warehouse | None) -> int:
    """Days after which an order is not pushed any more."""
    if warehouse is not None and warehouse.max_age_days is not None:
        return warehouse.max_age_days
    return book.window_days
