"""Fetch a stream of a remote system (documents, products, stock) page by page; data and cursor move in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

import msgspec
from msgspec import Struct

from crossdock.flows import listing, troubles
from crossdock.flows.listing import Guard
from crossdock.spec.errors import BadResponse, NotFound, Rejected, Unsupported
from crossdock.store import cursors, tasks
from crossdock.store.tasks import Item, Totals
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from crossdock.flows.house import House
    from crossdock.flows.listing import PullPolicy
    from crossdock.spec.listing import Listing
    from crossdock.spec.orders import Window
    from crossdock.store.cursors import Cursor
    from crossdock.store.store import Transaction

T = TypeVar("T")


class Taken(Struct, frozen=True):
    """What taking a page in did: totals, the connections that have operations to carry out now, items worth reading."""

    totals: Totals = Totals()
    wake: frozenset[str] = frozenset()
    items: tuple[Item, ...] = ()


class Stream(Protocol[T]):
    """One stream of one connection: how a page is fetched and taken in, and what names an item."""

    name: str

    async def fetch(self, window: Window, cursor: str | None, limit: int) -> Listing[T]:
        """Return one page. Raises ConnectorError."""
        ...

    def absorb(self, tx: Transaction, connection: str, items: Sequence[T], now: datetime) -> Taken:
        """Store what a page brought and what follows from it, in one transaction with the cursor.

        Each item may have been taken in before, in this state or a newer one.
        """
        ...

    def ref_of(self, item: T) -> str:
        """Name an item, for the quarantine."""
        ...


@runtime_checkable
class OnDemand(Protocol):
    """A stream that is fetched only while somebody wants it, so that a remote system without it is left in peace."""

    def wanted(self, tx: Transaction) -> bool:
        """Tell whether anybody wants what the stream brings."""
        ...


class Streamed(Struct, frozen=True):
    """What a run did; `more` if it stopped in the middle of a listing."""

    totals: Totals
    wake: frozenset[str]
    more: bool


async def pull_stream(
    connection: str,
    stream: Stream[T],
    house: House,
    policy: PullPolicy,
    keep_going: Callable[[], bool],
    task_id: int | None = None,
    guard: Guard | None = None,
) -> Streamed:
    """Go on with the listing under way, or start one, until its last page or until `keep_going` says no.

    A `guard` that is kept from run to run notices a circle that is longer than one run.

    Raises Unsupported if the remote system has no such list, another ConnectorError if it could not be read; what was stored
    until then stays, and the next run goes on from there.
    """
    cursor = await house.store.read(cursors.load, connection, stream.name)
    guard = guard or Guard(policy.max_pages)
    if cursor.started_at is None or cursor.finished_at is not None:
        cursor = listing.begin(cursor, policy, house.env.now())
        guard.restart()
    totals, wake = Totals(), frozenset[str]()
    while True:
        page = await _page(stream, house, policy, cursor)
        count = len(page.items) + len(page.unreadable)
        try:
            guard.check(connection, count, page.next_cursor, hash(msgspec.json.encode([page.items, page.unreadable])))
        except BadResponse:
            await listing.abandon(house, cursor)
            raise
        cursor = listing.advance(cursor, page, policy, house.env.now())
        house.env.failpoint("stream.before_store")
        taken = await house.store.write(_take, connection, stream, page, cursor, task_id, house.env.now())
        house.env.failpoint("stream.after_store")
        totals, wake = totals + taken.totals, wake | taken.wake
        if cursor.finished_at is not None or not keep_going():
            return Streamed(totals, wake, cursor.finished_at is None)


async def _page(stream: Stream[T], house: House, policy: PullPolicy, cursor: Cursor) -> Listing[T]:
    house.env.failpoint("stream.before_fetch")
    try:
        page = await stream.fetch(listing.window_of(cursor, policy), cursor.page, policy.page_size)
    except Rejected as error:
        if cursor.page is not None:
            await listing.abandon(house, cursor)  # the cursor is not accepted any more
        elif isinstance(error, NotFound):
            raise Unsupported(
                error.message, detail=error.detail
            ) from error  # its first page names nothing but the list
        raise
    return page


def _take(
    tx: Transaction,
    connection: str,
    stream: Stream[T],
    page: Listing[T],
    cursor: Cursor,
    task_id: int | None,
    now: datetime,
) -> Taken:
    taken = stream.absorb(tx, connection, page.items, now)
    _set_aside(tx, connection, stream, page, now)
    cursors.save(tx, cursor)
    broken = Totals(found=len(page.unreadable), failed=len(page.unreadable))
    if task_id is not None:
        unread = [Item(record.ref, "quarantined", record.reason) for record in page.unreadable]
        tasks.add(tx, task_id, taken.totals + broken, [*taken.items, *unread])
    return Taken(taken.totals + broken, taken.wake, taken.items)


def _set_aside(tx: Transaction, connection: str, stream: Stream[T], page: Listing[T], now: datetime) -> None:
    """Quarantine what could not be read, and forget what can be read by now."""
    unreadable = [(named(stream.name, record.ref), record) for record in page.unreadable]
    read = [named(stream.name, stream.ref_of(item)) for item in page.items]
    troubles.set_aside(tx, connection, unreadable, read, to_ms(now))


def named(stream: str, ref: str) -> str:
    """Name a record of a stream beside the orders of its connection."""
    return f"{stream}:{ref}"
