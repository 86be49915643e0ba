"""Does a push strategy let this order go now?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.rules.book import MINIMUM_STATUSES, GiftGate, PushStrategy, StrategyKind
from crossdock.rules.reasons import Clause

if TYPE_CHECKING:
    from crossdock.rules.book import Book, Warehouse
    from crossdock.spec.orders import Order

_RANK = {status: rank for rank, status in enumerate(MINIMUM_STATUSES)}
_GIFT_OK = Clause("gift", True)


class Match(Struct, frozen=True, gc=False):
    """A strategy's answer: None in `refusal` if it matches; `later` is when time alone may change the answer (UTC)."""

    refusal: str | None = None
    later: datetime | None = None


_MATCHED = Match()


def match(strategy: PushStrategy, order: Order, now: datetime) -> Match:
    """Say whether `strategy` matches `order` at `now`: ticked conditions AND, their values OR, then status and time."""
    if not strategy.enabled:
        return Match("it is switched off")
    if strategy.kind is StrategyKind.MANUAL_ONLY:
        return Match("it never pushes by itself")
    if strategy.shops is not None and order.shop not in strategy.shops:
        return Match(f"store '{order.shop}' is not designated")
    if strategy.logistics is not None and order.logistics not in strategy.logistics:
        return Match(f"logistics '{order.logistics}' is not designated")
    if _RANK.get(order.status, -1) < _RANK[strategy.minimum_status]:
        return Match(f"the order is {order.status.value}, it waits for {strategy.minimum_status.value}")
    if strategy.kind is StrategyKind.STANDARD and not (order.tracking_number and order.label_ready):
        missing = "tracking number" if not order.tracking_number else "shipping label"
        return Match(f"the shipment is not arranged yet: no {missing}")
    return in_time(strategy, order, now)


def in_time(strategy: PushStrategy, order: Order, now: datetime) -> Match:
    """Say whether the delay is over and the time of day is right."""
    if strategy.delay_minutes:
        due = order.created_at + timedelta(minutes=strategy.delay_minutes)
        if now < due:
            return Match(f"it waits until {due:%Y-%m-%d %H:%M} UTC", due)
    if strategy.not_before is not None and strategy.not_after is not None:
        opening = next_opening(strategy.not_before, strategy.not_after, now)
        if opening > now:
            return Match(f"it pushes between {strategy.not_before} and {strategy.not_after} UTC", opening)
    return _MATCHED


def next_opening(not_before: str, not_after: str, now: datetime) -> datetime:
    """Return `now` inside the daily window [not_before, not_after) in UTC, else when it opens next.

    A window whose end is not after its start runs over midnight.
    """
    start, end = _on(now, not_before), _on(now, not_after)
    inside = start <= now < end if start < end else now >= start or now < end
    if inside:
        return now
    return start if now < start else start + timedelta(days=1)


def _on(day: datetime, clock: str) -> datetime:
    return day.replace(hour=int(clock[:2]), minute=int(clock[3:]), second=0, microsecond=0)


def choose(
    order: Order, warehouse: Warehouse, book: Book, now: datetime
) -> tuple[PushStrategy | None, Clause, datetime | None]:
    """Return the first strategy of the warehouse that matches, the clause that says so, and when to look again."""
    refusals = []
    later: datetime | None = None
    for name in warehouse.strategies:
        strategy = book.strategies.get(name)
        if strategy is None:
            refusals.append(f"{name}: there is no such strategy")
            continue
        found = match(strategy, order, now)
        if found.refusal is None:
            return strategy, Clause("strategy", True, (name,)), None
        refusals.append(f"{name}: {found.refusal}")
        if found.later is not None and (later is None or found.later < later):
            later = found.later
    why = "; ".join(refusals) or "it has none"
    return None, Clause("strategy", False, (warehouse.code, why)), later


def of_warehouse(warehouse: Warehouse, book: Book) -> list[PushStrategy]:
    """Return the strategies of a warehouse that there are, in their order."""
    return [found for name in warehouse.strategies if (found := book.strategies.get(name)) is not None]


def gift_gate(strategy: PushStrategy, order: Order, now: datetime) -> tuple[Clause, datetime | None]:
    """Say whether gifts are still waited for, and until when (the article, line 63)."""
    match strategy.gift_gate:
        case GiftGate.OFF:
            return _GIFT_OK, None
        case GiftGate.WAIT_FLAG:
            if order.gifts_pending:
                return Clause("gift", False, ("until the OMS says that they are complete",)), None
            return _GIFT_OK, None
        case GiftGate.WAIT_MINUTES:
            due = order.created_at + timedelta(minutes=strategy.gift_minutes)
            if now < due:
                return Clause("gift", False, (f"until {due:%Y-%m-%d %H:%M} UTC",)), due
            return _GIFT_OK, None
