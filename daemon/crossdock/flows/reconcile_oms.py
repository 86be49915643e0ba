"""The OMS side of a reconciliation: what it has and we never took, or took in another form; what we hold and it has not."""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from crossdock.flows.listing import Guard
from crossdock.flows.pull_orders import sift, sync_orders
from crossdock.flows.reconcile_plan import Found, finding, keep
from crossdock.flows.troubles import order_subject
from crossdock.rules.push_states import PushState
from crossdock.rules.reconcile import Finding, OfOms, of_oms
from crossdock.spec.orders import FetchMode, Window
from crossdock.store import cursors, open_pushes, orders, quarantine
from crossdock.store.tasks import Item
from crossdock.store.times import from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.flows.absorb import Arrival
    from crossdock.flows.house import House
    from crossdock.flows.pull_orders import Oms as PullOms
    from crossdock.flows.reconcile_plan import Plan, Scope, Watch
    from crossdock.spec.orders import Page
    from crossdock.store.store import Transaction

Oms: TypeAlias = "PullOms"
Comparing: TypeAlias = Coroutine[Any, Any, None]

MAX_PAGES = 10_000
ASK = 50
"""Orders asked for in one call of get_orders."""
WAITING = (PushState.NOT_PUSHED, PushState.HELD, PushState.QUEUED, PushState.PUSH_FAILED)
"""States of orders that wait here."""
OVERLAP = timedelta(minutes=10)
"""What changed so shortly before the listings' mark is read again by the next one anyway (RELIABILITY P3)."""


async def compare(name: str, oms: Oms, house: House, scope: Scope, plan: Plan, going: Watch, limit: int) -> None:
    """List the OMS's orders of the span by pages of `limit`, and ask it for the open ones of ours. Raises ConnectorError."""
    since = house.env.now() - timedelta(days=scope.days)
    covered = await house.store.read(_covered, name)
    guard, page_cursor = Guard(MAX_PAGES), None
    while going() and not plan.cut:
        page = await oms.fetch_orders(Window(mode=FetchMode.SWEEP, created_since=since), page_cursor, limit)
        guard.check(name, len(page.orders) + len(page.slices), page.next_cursor, _content(page))
        arrivals, _, same = await sift(name, house, page)
        plan.compared += same + len(arrivals)
        found = await house.store.read(_not_as_held, name, arrivals, house, covered)
        await plan.add(house, scope, found)
        page_cursor = page.next_cursor
        if page_cursor is None:
            break
    await _gone(name, oms, house, scope, plan, going)


def _content(page: Page) -> int:
    return hash((tuple((o.ref, o.updated_at) for o in page.orders), tuple((s.ref, s.raw) for s in page.slices)))


def _covered(tx: Transaction, name: str) -> datetime | None:
    """Until when the listings claim to have shown every change; None while none has ended."""
    cursor = cursors.load(tx, name)
    if cursor.watermark is not None:
        return datetime.fromisoformat(cursor.watermark) - OVERLAP
    if cursor.finished_at is None or cursor.started_at is None:
        return None
    return from_ms(cursor.started_at) - OVERLAP


def _not_as_held(
    tx: Transaction, name: str, arrivals: Sequence[Arrival], house: House, covered: datetime | None
) -> list[Found]:
    stored = orders.load(tx, name, [arrival.order.ref for arrival in arrivals])
    found = []
    for arrival in arrivals:
        order = arrival.order
        known = stored.get(order.ref)
        if known is not None and house.read_order(name, known.payload, bool(known.sliced)) == order:
            continue  # its bytes differ and say the same
        kind = of_oms(OfOms(updated_at=order.updated_at, known=known is not None, covered=covered))
        if kind is not None:
            subject = f"oms:{name}:{order.ref}" if known is None else order_subject(known.id)
            when = order.created_at if known is None else order.updated_at
            found.append(finding(kind, name, order.ref, subject, f"{when:%Y-%m-%d %H:%M} UTC"))
    return found


async def _gone(name: str, oms: Oms, house: House, scope: Scope, plan: Plan, going: Watch) -> None:
    """Ask for orders that wait here: one that the OMS does not have any more is not pushed for nobody."""
    after = 0
    while going() and not plan.cut:
        since = to_ms(house.env.now() - timedelta(days=scope.days))
        waiting = await house.store.read(open_pushes.named, name, WAITING, after, since, ASK)
        if not waiting:
            return
        asked = {ref: order_id for _, order_id, ref in waiting}
        known = await oms.get_orders(list(asked))
        gone = [ref for ref in asked if known.get(ref) is None]
        await plan.add(house, scope, [finding(Finding.GONE, name, ref, order_subject(asked[ref]), "") for ref in gone])
        after = waiting[-1][0]


async def mend(name: str, oms: Oms, house: House, found: Sequence[Found], task_id: int) -> frozenset[str]:
    """Fetch orders that no listing showed, and take them in as a listing would. Raises ConnectorError."""
    wake: set[str] = set()
    for start in range(0, len(found), ASK):
        part = found[start : start + ASK]
        absorbed = await sync_orders(name, oms, house, [each.ref for each in part], None)
        wake |= absorbed.wake
        await house.store.write(_mended, name, part, task_id)
    return frozenset(wake)


def _mended(tx: Transaction, name: str, part: Sequence[Found], task_id: int) -> None:
    refs = [each.ref for each in part]
    taken, unread = orders.load(tx, name, refs), quarantine.among(tx, name, refs)
    items = []
    for ref in refs:
        if ref in unread:
            items.append(Item(ref, "quarantined", "it cannot be read; `crossdock quarantine list` says why"))
        elif ref in taken:
            items.append(Item(ref, "mended", "it was fetched and decided about"))
        else:
            items.append(Item(ref, "gone", f"{name} does not know it any more"))
    keep(tx, task_id, items)
