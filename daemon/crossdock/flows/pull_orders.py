"""Fetch orders from an OMS, page by page; what was stored and the cursor move in one transaction."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import msgspec
from msgspec import Struct

from crossdock.flows.absorb import Absorbed, Arrival, Batch, absorb, content_hash
from crossdock.flows.house import House, encode
from crossdock.spec.errors import BadResponse, ContractError, NotFound, Rejected
from crossdock.spec.orders import FetchMode, Order, OrderSlice, Page, Unreadable, Window
from crossdock.store import cursors, orders, tasks
from crossdock.store.cursors import Cursor
from crossdock.store.tasks import Totals
from crossdock.store.times import from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

MAX_CURSOR = 4096
MAX_PAGE = 1000


class Oms(Protocol):
    """The part of an OMS connection that this flow calls."""

    async def fetch_orders(self, window: Window, cursor: str | None, limit: int) -> Page:
        """Return one page."""
        ...

    async def get_orders(self, refs: list[str]) -> Mapping[str, Order | Unreadable | None]:
        """Return the newest data of each order, None for one that is gone."""
        ...


class PullPolicy(Struct, frozen=True, kw_only=True):
    """How a connection is fetched; the configuration's [connections.X.fetch], and what its connector can do."""

    mode: FetchMode
    overlap: timedelta
    page_size: int
    max_pages: int
    initial: timedelta
    ordered: bool


class Pulled(Struct, frozen=True):
    """What a run did; `more` if it stopped in the middle of a listing."""

    totals: Totals
    wake: frozenset[str]
    more: bool


class Guard:
    """Ends a listing that goes in circles: a cursor or a page seen before."""

    def __init__(self, max_pages: int) -> None:
        self._max_pages = max_pages
        self._cursors: set[str] = set()
        self._pages: set[int] = set()

    def check(self, connection: str, page: Page) -> None:
        """Raise BadResponse if this page continues a circle, ContractError if it is out of bounds."""
        if len(page.orders) + len(page.slices) + len(page.unreadable) > MAX_PAGE:
            raise ContractError(f"a page of {connection} has more than {MAX_PAGE} orders; nothing of it was stored")
        if page.next_cursor is None:
            return
        if len(page.next_cursor) > MAX_CURSOR:
            raise ContractError(f"a cursor of {connection} is longer than {MAX_CURSOR} characters")
        if page.next_cursor in self._cursors:
            raise BadResponse(f"{connection} returned the same cursor twice in one listing; the listing was ended")
        self._cursors.add(page.next_cursor)
        self._same_again(connection, page)
        if len(self._cursors) >= self._max_pages:
            raise BadResponse(f"a listing of {connection} has more than {self._max_pages} pages; it was ended")

    def _same_again(self, connection: str, page: Page) -> None:
        slices = tuple(content_hash(item.raw) for item in page.slices)
        content = hash((slices, tuple((order.ref, order.updated_at) for order in page.orders)))
        if content in self._pages and (page.slices or page.orders):
            raise BadResponse(f"{connection} returned the same page twice in one listing; the listing was ended")
        self._pages.add(content)


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
        cursor = begin(cursor, policy, house.env.now())
    guard = Guard(policy.max_pages)
    totals, wake = Totals(), frozenset[str]()
    while True:
        page = await _page(oms, house, policy, cursor)
        await _refuse_circles(connection, house, guard, page, cursor)
        cursor = advance(cursor, page, policy, house.env.now())
        absorbed = await _take(connection, house, page, cursor, task_id)
        totals, wake = totals + absorbed.totals, wake | absorbed.wake
        if absorbed.wake:
            on_wake(absorbed.wake)
        if cursor.finished_at is not None or not keep_going():
            return Pulled(totals, wake, cursor.finished_at is None)


async def _refuse_circles(connection: str, house: House, guard: Guard, page: Page, cursor: Cursor) -> None:
    try:
        guard.check(connection, page)
    except BadResponse:
        await _abandon(house, cursor)
        raise


async def _abandon(house: House, cursor: Cursor) -> None:
    """End a listing that leads nowhere: the next one starts from the watermark, so nothing is skipped."""
    await house.store.write(cursors.save, msgspec.structs.replace(cursor, page=None, finished_at=cursor.started_at))


async def _page(oms: Oms, house: House, policy: PullPolicy, cursor: Cursor) -> Page:
    house.env.failpoint("pull.before_fetch")
    try:
        page = await oms.fetch_orders(_window(cursor, policy), cursor.page, policy.page_size)
    except (Rejected, NotFound):
        if cursor.page is None:
            raise
        await _abandon(house, cursor)  # the cursor is not accepted any more
        raise
    house.env.failpoint("pull.after_fetch")
    return page


def begin(cursor: Cursor, policy: PullPolicy, now: datetime) -> Cursor:
    """Start a listing: from `overlap` before the watermark, or `initial` before now the first time."""
    since: datetime | None = None
    if policy.mode is FetchMode.CHANGED:
        if cursor.watermark is None:
            since = now - policy.initial
        else:
            since = datetime.fromisoformat(cursor.watermark) - policy.overlap
    return Cursor(
        connection=cursor.connection,
        stream=cursor.stream,
        watermark=cursor.watermark,
        since=None if since is None else since.isoformat(),
        started_at=to_ms(now),
    )


def advance(cursor: Cursor, page: Page, policy: PullPolicy, now: datetime) -> Cursor:
    """Where the listing stands once this page is stored.

    The watermark moves with each page of an ordered listing, else only with the last one, and never beyond our own
    clock: a stamp from the future must not hide what changes until then. What changes, or shows up late, while a listing
    runs may stand on a page that was read already, and a stop may lie between two pages; so the watermark stays before
    the second in which the listing began.
    """
    last = page.next_cursor is None
    settled = last or policy.ordered
    bound = now if cursor.started_at is None else from_ms(cursor.started_at // 1000 * 1000)
    highest = _later(cursor.highest, page.watermark, bound)
    return msgspec.structs.replace(
        cursor,
        page=page.next_cursor,
        highest=highest,
        watermark=_later(cursor.watermark, _moment(highest), now) if settled else cursor.watermark,
        finished_at=to_ms(now) if last else None,
    )


def _later(known: str | None, found: datetime | None, now: datetime) -> str | None:
    if found is None:
        return known
    found = min(found, now)
    return found.isoformat() if known is None or found > datetime.fromisoformat(known) else known


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _window(cursor: Cursor, policy: PullPolicy) -> Window:
    since = _moment(cursor.since)
    if policy.mode is FetchMode.CHANGED:
        return Window(mode=policy.mode, since=since)
    return Window(mode=policy.mode)


async def _take(connection: str, house: House, page: Page, cursor: Cursor, task_id: int | None) -> Absorbed:
    arrivals, broken, same = await sift(connection, house, page)
    if not arrivals and not broken and cursor.page is not None and not _worth_saving(cursor):
        return Absorbed(Totals(found=same, unchanged=same))
    house.env.failpoint("pull.before_store")
    batch = Batch(connection=connection, arrivals=arrivals, unreadable=broken, cursor=cursor, task_id=task_id)
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
    if order.created_at.tzinfo is None or order.updated_at.tzinfo is None:
        return "a time has no time zone"
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
    batch = Batch(connection=connection, arrivals=arrivals, unreadable=broken, task_id=task_id)
    absorbed = await house.store.write(absorb, batch, house.books, house.read_order, house.env.now())
    gone = sum(found.get(ref) is None for ref in refs)
    rest = Totals(found=same, unchanged=same, skipped=gone)
    if task_id is not None:
        missing = [tasks.Item(ref, "gone", "the OMS does not know it") for ref in refs if found.get(ref) is None]
        await house.store.write(tasks.add, task_id, rest, missing)
    return Absorbed(absorbed.totals + rest, absorbed.wake)
