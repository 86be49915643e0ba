"""Fetch orders from an OMS, page by page; what was stored and the cursor move in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from crossdock.flows import label_changes, listing
from crossdock.flows.absorb import MOST_ITEMS, Absorbed, Arrival, Batch, absorb, content_hash
from crossdock.flows.house import House, encode
from crossdock.flows.listing import Guard
from crossdock.spec.errors import BadResponse, NotFound, Rejected
from crossdock.spec.orders import FetchMode, Order, OrderSlice, Page, Unreadable, Window
from crossdock.store import cursors, orders, tasks
from crossdock.store.tasks import Item, Totals

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from crossdock.flows.listing import PullPolicy
    from crossdock.store.cursors import Cursor


class Oms(Protocol):
    """The part of an OMS connection that this flow calls."""

    async def fetch_orders(self, window: Window, cursor: str | None, limit: int) -> Page:
        """Return one page."""
        ...

    async def get_orders(self, refs: list[str]) -> Mapping[str, Order | Unreadable | None]:
        """Return the newest data of each order, None for one that is gone."""
        ...


class Pulled(Struct, frozen=True):
    """What a run did; `more` if it stopped in the middle of a listing. `items`: see Absorbed."""

    totals: Totals
    wake: frozenset[str]
    more: bool
    items: tuple[Item, ...] = ()


async def pull_orders(
    connection: str,
    oms: Oms,
    house: House,
    policy: PullPolicy,
    keep_going: Callable[[], bool],
    task_id: int | None = None,
    on_wake: Callable[[frozenset[str]], None] = lambda _: None,
) -> Pulled:
    """Go on with the listing under way, or start one, until its last page or until `keep_going` says no.

    Raises ConnectorError; what was stored until then stays, and the next run goes on from there.
    """
    cursor = await house.store.read(cursors.load, connection)
    if cursor.started_at is None or cursor.finished_at is not None:
        cursor = listing.begin(cursor, policy, house.env.now())
    guard = Guard(policy.max_pages)
    totals, wake = Totals(), frozenset[str]()
    items: tuple[Item, ...] = ()
    while True:
        page = await _page(oms, house, policy, cursor)
        await _refuse_circles(connection, house, guard, page, cursor)
        cursor = listing.advance(cursor, page, policy, house.env.now())
        absorbed = await _take(connection, house, page, cursor, task_id, by_stamp=policy.mode is FetchMode.CHANGED)
        totals, wake = totals + absorbed.totals, wake | absorbed.wake
        items = (*items, *absorbed.items)[:MOST_ITEMS]
        if absorbed.wake:
            on_wake(absorbed.wake)
        if cursor.finished_at is not None or not keep_going():
            return Pulled(totals, wake, cursor.finished_at is None, items)


async def _refuse_circles(connection: str, house: House, guard: Guard, page: Page, cursor: Cursor) -> None:
    try:
        count = len(page.orders) + len(page.slices) + len(page.unreadable)
        guard.check(connection, count, page.next_cursor, _content(page))
    except BadResponse:
        await listing.abandon(house, cursor)
        raise


def _content(page: Page) -> int:
    slices = tuple(content_hash(item.raw) for item in page.slices)
    return hash((slices, tuple((order.ref, order.updated_at) for order in page.orders)))


async def _page(oms: Oms, house: House, policy: PullPolicy, cursor: Cursor) -> Page:
    house.env.failpoint("pull.before_fetch")
    try:
        page = await oms.fetch_orders(listing.window_of(cursor, policy), cursor.page, policy.page_size)
    except (Rejected, NotFound):
        if cursor.page is None:
            raise
        await listing.abandon(house, cursor)  # the cursor is not accepted any more
        raise
    house.env.failpoint("pull.after_fetch")
    return page


async def _take(
    connection: str, house: House, page: Page, cursor: Cursor, task_id: int | None, *, by_stamp: bool
) -> Absorbed:
    arrivals, broken, same = await sift(connection, house, page)
    if not arrivals and not broken and cursor.page is not None and not _worth_saving(cursor):
        return Absorbed(Totals(found=same, unchanged=same))
    house.env.failpoint("pull.before_store")
    batch = Batch(
        connection=connection,
        arrivals=arrivals,
        unreadable=broken,
        cursor=cursor,
        task_id=task_id,
        labels=connection in house.label_sources,
        by_stamp=by_stamp,
    )
    absorbed = await house.store.write(absorb, batch, house.books, house.read_order, house.env.now())
    house.env.failpoint("pull.after_store")
    seen = Totals(found=same, unchanged=same)
    if task_id is not None and same:
        await house.store.write(tasks.add, task_id, seen)
    return Absorbed(absorbed.totals + seen, absorbed.wake, absorbed.items)


def _worth_saving(cursor: Cursor) -> bool:
    """A listing of everything, unchanged so far, can be started again for less than it costs to note each page."""
    return cursor.since is not None


async def sift(connection: str, house: House, page: Page) -> tuple[list[Arrival], list[Unreadable], int]:
    """Split a page into orders that are new or changed (decoded), records that cannot be read, and the number unchanged."""
    hashed: list[tuple[str, int, OrderSlice | Order, bytes]] = [
        (item.ref, content_hash(item.raw), item, item.raw) for item in page.slices
    ]
    for order in page.orders:
        raw = encode(order)
        hashed.append((order.ref, content_hash(raw), order, raw))
    if not hashed:
        return [], list(page.unreadable), 0
    known = await house.store.read(orders.known_hashes, connection, [entry[0] for entry in hashed])
    arrivals: list[Arrival] = []
    broken = list(page.unreadable)
    same = 0
    for ref, digest, item, raw in hashed:
        if known.get(ref) == digest:
            same += 1
        elif isinstance(item, Order):
            _admit(arrivals, broken, item, digest, raw, sliced=False)
        else:
            _decode(arrivals, broken, connection, house, ref, digest, raw)
    return arrivals, broken, same


def _decode(
    arrivals: list[Arrival],
    broken: list[Unreadable],
    connection: str,
    house: House,
    ref: str,
    digest: int,
    raw: bytes,
) -> None:
    try:
        order = house.read_order(connection, raw, True)
    except (ValueError, RecursionError) as error:
        broken.append(Unreadable(ref, raw, str(error)))
        return
    if order.ref != ref:
        broken.append(Unreadable(ref, raw, f"the record names itself '{order.ref}'"))
        return
    _admit(arrivals, broken, order, digest, raw, sliced=True)


def _admit(
    arrivals: list[Arrival], broken: list[Unreadable], order: Order, digest: int, raw: bytes, *, sliced: bool
) -> None:
    if (problem := unusable(order)) is not None:
        broken.append(Unreadable(order.ref, raw, problem))
    else:
        arrivals.append(Arrival(order, digest, raw, sliced))


def unusable(order: Order) -> str | None:
    """Say what makes a decoded order unusable: two lines of one number, numbers that are not finite, naive times."""
    times = (order.created_at, order.updated_at, order.paid_at, order.ship_by)
    if any(moment is not None and moment.tzinfo is None for moment in times):
        return "a time has no time zone"
    if any(amount is not None and not amount.is_finite() for amount in (order.total, order.cash_on_delivery)):
        return "an amount of it is no number"
    numbers = {line.line_no for line in order.lines}
    if len(numbers) != len(order.lines):
        return "two lines have the same line number"
    for line in order.lines:
        if not line.quantity.is_finite() or abs(line.quantity.adjusted()) > 18:
            return f"line {line.line_no} has the quantity {str(line.quantity)[:40]}"
        if line.unit_price is not None and not line.unit_price.is_finite():
            return f"line {line.line_no} has the price {line.unit_price}"
    return None


async def sync_orders(connection: str, oms: Oms, house: House, refs: Sequence[str], task_id: int | None) -> Absorbed:
    """Fetch chosen orders again (at most 200 at a time) and take in what changed. Raises ConnectorError."""
    house.env.failpoint("sync.before_call")
    found = await oms.get_orders(list(refs))
    house.env.failpoint("sync.answered")
    page = Page(
        orders=tuple(order for order in found.values() if isinstance(order, Order)),
        unreadable=tuple(order for order in found.values() if isinstance(order, Unreadable)),
    )
    arrivals, broken, same = await sift(connection, house, page)
    gone = tuple(ref for ref in refs if found.get(ref) is None)
    told = {*(arrival.order.ref for arrival in arrivals), *(record.ref for record in broken)}
    batch = Batch(
        connection=connection,
        arrivals=arrivals,
        unreadable=broken,
        gone=gone,
        same=tuple(order.ref for order in page.orders if order.ref not in told),
        asked=True,
        task_id=task_id,
        labels=connection in house.label_sources,
    )
    absorbed = await house.store.write(absorb, batch, house.books, house.read_order, house.env.now())
    if connection in house.label_sources:
        await house.store.write(label_changes.look_again, connection, refs, house.env.now())
    rest = Totals(found=same, unchanged=same)
    if task_id is not None and same:
        await house.store.write(tasks.add, task_id, rest)
    return Absorbed(absorbed.totals + rest, absorbed.wake)
