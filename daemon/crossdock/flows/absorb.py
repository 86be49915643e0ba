"""Take orders into the store: new ones, changed ones, unreadable ones, in one transaction with the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import xxhash
from msgspec import Struct

from crossdock.flows import decide, label_changes, task_items, troubles
from crossdock.flows.sight import Sight
from crossdock.rules.personal import differs
from crossdock.spec.orders import Order, Unreadable
from crossdock.store import cursors, orders, pushes, quarantine, tasks, timeline
from crossdock.store.cursors import Cursor
from crossdock.store.orders import StoredOrder
from crossdock.store.tasks import Item, Totals
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from crossdock.rules.book import Book
    from crossdock.store.book import BookCache
    from crossdock.store.store import Transaction

_SIGNED = 1 << 63
MOST_ITEMS = 200
"""Orders that a scheduled fetch tells about, at most; new ones it only counts."""


class Arrival(Struct, frozen=True, gc=False):
    """An order that differs from what is stored, decoded, with the bytes that are kept."""

    order: Order
    content_hash: int
    payload: bytes
    sliced: bool


class Absorbed(Struct, frozen=True):
    """What a page did: totals, the WMS connections that have something to send now, and what it did about each order.

    Where no task counts it, `items` are those that changed or cannot be read, at most `MOST_ITEMS`.
    """

    totals: Totals = Totals()
    wake: frozenset[str] = frozenset()
    items: tuple[Item, ...] = ()


def content_hash(raw: bytes) -> int:
    """Hash an order's bytes into a signed 64-bit number. It finds changes; it is no protection against forgery."""
    return xxhash.xxh3_64_intdigest(raw) - _SIGNED


class Batch(Struct, frozen=True, kw_only=True):
    """What a page brought: orders that look new or changed, records that cannot be read, and the cursor behind it.

    `gone` are refs that were asked for and that the OMS does not have. `labels`: the OMS can be asked for shipping labels.
    `by_stamp`: it was listed by change stamps, so a page that comes late says no more about an order that has a later one.
    `asked`: these orders were named, so each is told about; `same` are those whose bytes are the stored ones.
    """

    connection: str
    arrivals: Sequence[Arrival] = ()
    unreadable: Sequence[Unreadable] = ()
    gone: Sequence[str] = ()
    cursor: Cursor | None = None
    task_id: int | None = None
    labels: bool = False
    by_stamp: bool = False
    same: Sequence[str] = ()
    asked: bool = False


class Changed(Struct, frozen=True, gc=False):
    """An order that says something else than what is stored; `before` is that, decoded."""

    arrival: Arrival
    known: StoredOrder
    before: Order


def absorb(
    tx: Transaction, batch: Batch, books: BookCache, read: Callable[[str, bytes, bool], Order], now: datetime
) -> Absorbed:
    """Store a page: decide about each order that is new or changed, quarantine the rest, move the cursor.

    `read` decodes stored bytes: an order whose bytes differ but which says the same is no change.
    """
    book = books.current(tx)
    connection, unreadable = batch.connection, batch.unreadable
    arrivals = _last_of_each(batch.arrivals)
    stored = orders.load(tx, connection, [arrival.order.ref for arrival in arrivals])
    fresh = [arrival for arrival in arrivals if arrival.order.ref not in stored]
    changed = [
        Changed(arrival, known, before)
        for arrival in arrivals
        if (known := stored.get(arrival.order.ref)) is not None
        and known.content_hash != arrival.content_hash
        and _is_news(batch, arrival, known, before := read(connection, known.payload, known.sliced))
    ]
    touched = [*_insert(tx, connection, fresh, book, now), *_update(tx, changed, book, now)]
    if batch.labels:
        came = [*fresh, *(each.arrival for each in changed)]
        label_changes.note(tx, connection, [(a.order, p) for a, p in zip(came, touched, strict=True)], now)
    closed = quarantine.among(tx, connection, batch.gone)
    _set_aside(tx, connection, unreadable, [*(arrival.order.ref for arrival in arrivals), *closed], now)
    if batch.cursor is not None:
        cursors.save(tx, batch.cursor)
    totals = Totals(
        found=len(arrivals) + len(unreadable), changed=len(fresh) + len(changed),
        unchanged=len(arrivals) - len(fresh) - len(changed), skipped=len(batch.gone), failed=len(unreadable),
    )  # fmt: skip
    items = _items(batch, fresh, changed, touched, to_ms(now))
    if batch.task_id is not None:
        news = {arrival.order.ref for arrival in (*fresh, *(each.arrival for each in changed))}
        same = [*batch.same, *(arrival.order.ref for arrival in arrivals if arrival.order.ref not in news)]
        told = [task_items.unchanged(ref) for ref in same] if batch.asked else []
        tasks.add(tx, batch.task_id, totals, [*items, *told, *(_gone(ref, closed) for ref in batch.gone)])
    wake = frozenset(p.connection for p in touched if p.state in decide.SENDS and p.connection is not None)
    return Absorbed(totals, wake, () if batch.task_id is not None else tuple(items))


def _is_news(batch: Batch, arrival: Arrival, known: StoredOrder, before: Order) -> bool:
    """Tell whether an order says something else than before, and says it later: pages may come again, in any order."""
    if batch.by_stamp and arrival.order.updated_at < before.updated_at:
        return False
    return differs(arrival.order, before, erased=known.personal == 0)


def _items(
    batch: Batch, fresh: Sequence[Arrival], changed: Sequence[Changed], touched: Sequence[pushes.Push], at: int
) -> list[Item]:
    """Say what was done about each order: all of them for a task, else some of those that changed or cannot be read.

    Comparing field by field costs time that a listing of new orders must not spend, so those are only counted.
    """
    whole = batch.task_id is not None
    most = None if whole else MOST_ITEMS
    ways = touched[len(fresh) :]
    items = [
        task_items.changed(each.before, each.arrival.order, push, at, erased=each.known.personal == 0)
        for each, push in zip(changed[:most], ways[:most], strict=True)
    ]
    if whole:
        items += [task_items.new(a.order.ref, push, at) for a, push in zip(fresh, touched[: len(fresh)], strict=True)]
    return [*items, *(Item(record.ref, "quarantined", record.reason) for record in batch.unreadable)][:most]


def _gone(ref: str, closed: frozenset[str]) -> Item:
    """An order that the OMS does not have. What was kept of it because it could not be read is of no use any more."""
    unread = "; its record, which could not be read, was taken out of quarantine" if ref in closed else ""
    return Item(ref, "gone", f"the OMS does not know it{unread}")


def _last_of_each(arrivals: Sequence[Arrival]) -> Sequence[Arrival]:
    """A page may show an order twice while it is being changed: the later one counts."""
    by_ref = {arrival.order.ref: arrival for arrival in arrivals}
    return arrivals if len(by_ref) == len(arrivals) else list(by_ref.values())


def _insert(tx: Transaction, connection: str, fresh: Sequence[Arrival], book: Book, now: datetime) -> list[pushes.Push]:
    if not fresh:
        return []
    order_id, push_id = orders.reserve(tx, len(fresh)), pushes.reserve(tx, len(fresh))
    at = to_ms(now)
    rows = [_row(connection, arrival, order_id + n, 1, at) for n, arrival in enumerate(fresh)]
    made = [
        decide.first_sight(Sight(row, arrival.order), push_id + n, book, now)
        for n, (row, arrival) in enumerate(zip(rows, fresh, strict=True))
    ]
    orders.insert(tx, rows)
    pushes.insert_first(tx, [push for push, _ in made])
    troubles.note_first(tx, (push for push, _ in made), at)
    pushes.save_bodies(tx, [(push.id, body) for push, body in made if body is not None])
    return [push for push, _ in made]


def _update(tx: Transaction, changed: Sequence[Changed], book: Book, now: datetime) -> list[pushes.Push]:
    if not changed:
        return []
    known = [each.known for each in changed]
    current = pushes.of_orders(tx, [stored.id for stored in known])
    at = to_ms(now)
    rows = [_row(c.known.connection, c.arrival, c.known.id, c.known.revision + 1, at, c.known) for c in changed]
    timeline.add(tx, [timeline.fetched(stored) for stored in known])
    orders.update(tx, rows)
    return [
        decide.after_change(tx, Sight(row, each.arrival.order), current[row.id], book, now)
        for row, each in zip(rows, changed, strict=True)
    ]


def _row(
    connection: str, arrival: Arrival, order_id: int, revision: int, at: int, known: StoredOrder | None = None
) -> StoredOrder:
    order = arrival.order
    return StoredOrder(
        id=order_id, connection=connection, ref=order.ref, number=order.number, content_hash=arrival.content_hash,
        payload=arrival.payload, sliced=arrival.sliced, status=order.status.value, shop=order.shop,
        logistics=order.logistics, created_at=to_ms(order.created_at), revision=revision, fetched_at=at,
        hold=known.hold if known else None, gift_released=known.gift_released if known else False,
    )  # fmt: skip


def _set_aside(
    tx: Transaction, connection: str, unreadable: Iterable[Unreadable], read: Sequence[str], now: datetime
) -> None:
    """Quarantine what could not be read, and forget what can be read by now or is gone."""
    troubles.set_aside(tx, connection, [(record.ref, record) for record in unreadable], read, to_ms(now))
