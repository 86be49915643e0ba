"""What people look at: lists, counts and look-ups. Read only; every list is paged by id, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from crossdock.rules.push_states import AT_WAREHOUSE, PushState, Tab, tab_of
from crossdock.store import counters, incidents
from crossdock.store.book import KINDS
from crossdock.store.orders import COLUMNS as ORDER_COLUMNS
from crossdock.store.orders import StoredOrder, marks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.store.book import E
    from crossdock.store.store import Transaction

SETTLED = AT_WAREHOUSE | {PushState.CANCELLED}
"""States whose rows the index of open pushes does not hold."""
WINDOW = 10_000
"""Push ids looked through in one step where only the primary key orders the rows."""
WINDOWS = 10
"""Steps of one page, at most; a page that ends there says where to go on."""
OLDEST = 20_000
"""Rows of a state that are looked at to find its oldest."""


class Listed(Struct, frozen=True, kw_only=True):
    """A row of a list of orders. Times are milliseconds since 1970 UTC.

    `way` is the connection that it was pushed through. `asked` are the operations of its open incidents, once a warehouse
    has, or had, it.
    """

    id: int
    order_id: int
    connection: str
    ref: str
    number: str
    status: str
    shop: str
    logistics: str
    created_at: int
    hold: str | None
    warehouse: str | None
    state: PushState
    strategy: str
    why: str
    again_at: int | None
    next_at: int | None
    attempts: int
    needs_person: bool
    cancel_wanted: bool
    changed: bool
    queued_at: int | None
    sent_at: int | None
    settled_at: int | None
    remote_id: str | None
    error_text: str | None
    stage: int | None
    shipped: int
    updated_revision: int | None
    updated_at: int | None
    acknowledged_at: int | None
    way: str | None
    asked: tuple[str, ...] = ()


_FIELDS = tuple(name for name in Listed.__struct_fields__ if name != "asked")
_OF_ORDER = frozenset({"connection", "ref", "number", "status", "shop", "logistics", "created_at", "hold"})
_NAMED = {"way": "p.connection"}
_SELECT = (
    "SELECT "
    + ", ".join(_NAMED.get(name, ("o." if name in _OF_ORDER else "p.") + name) for name in _FIELDS)
    + " FROM pushes p JOIN orders o ON o.id = p.order_id WHERE "
)
_OPEN = "p.unsettled = 1 AND p.state = ? AND p.id < ?"
_PARKED_ONLY = " AND p.next_at IS NULL"
_CANCELLED = "p.state = 7 AND p.id < ?"  # the number itself: a partial index is not used for a bound value
_FOLLOWED = "p.state >= 8 AND p.state = ? AND p.id < ?"
_CHANGED = "p.changed = TRUE AND p.id < ?"
_AGED = "instr(p.why, '[\"age\",false') > 0 AND p.id < ?"  # as its index says: the clause, as it is kept
_FLAG = {None: "", True: " AND p.changed = TRUE", False: " AND p.changed = FALSE"}
UPDATED = "p.updated_at IS NOT NULL AND p.acknowledged_at IS NULL AND (p.stage IS NULL OR p.stage < 2) AND p.id < ?"
"""What carries the mark "(Updated)" (store.pushes.marked), as the index of it is written."""
_SPAN = "p.id < ? AND p.id >= ?"


class Wanted(Struct, frozen=True, kw_only=True):
    """Which orders a list shows; None is any. `oms` is the connection an order came from.

    `changed`: only those that are not any more what their warehouse was sent; `updated`: only those with the mark "(Updated)";
    `aged`: only those that are too old to be pushed; `parked`: only failed ones that are not tried again by themselves.
    """

    states: tuple[PushState, ...] | None = None
    tab: Tab | None = None
    changed: bool = False
    updated: bool = False
    aged: bool = False
    parked: bool = False
    oms: str | None = None
    warehouse: str | None = None


class Part(Struct, frozen=True):
    """Orders of a list that stand at one state; `changed` None: whether they changed does not matter."""

    state: PushState
    changed: bool | None


def parts(wanted: Wanted) -> list[Part]:
    """Say what of each state a list shows."""
    found = []
    for state in PushState:
        fits = [
            changed
            for changed in (False, True)
            if (wanted.tab is None or tab_of(state, changed=changed) is wanted.tab) and (changed or not wanted.changed)
        ]
        if wanted.parked and state is not PushState.PUSH_FAILED:
            continue
        if fits and (wanted.states is None or state in wanted.states):
            found.append(Part(state, None if len(fits) == 2 else fits[0]))
    return found


def order_page(tx: Transaction, wanted: Wanted, before: int | None, limit: int) -> tuple[list[Listed], int | None]:
    """Return up to `limit` orders with a push id below `before`, newest first, and the id to go on from, or None.

    A page may be shorter than `limit`, even empty, although there is more: what was looked through is bounded.
    """
    start = counters.current(tx, "pushes") + 1 if before is None else before
    shown = parts(wanted)
    if wanted.updated and shown:
        only, values = _any_of(shown)
        flag = _FLAG[True] if wanted.changed else ""
        return cut(indexed(tx, UPDATED + flag + only, (start, *values), wanted, limit), limit)
    if wanted.aged:
        only, values = _any_of(shown)
        return cut(indexed(tx, _AGED + only, (start, *values), wanted, limit) if shown else [], limit)
    if all(part.changed for part in shown):
        only, values = _any_of(shown)
        return cut(indexed(tx, _CHANGED + only, (start, *values), wanted, limit) if shown else [], limit)
    if all(part.state is not PushState.PUSHED or part.changed for part in shown):
        return cut(_one_by_one(tx, shown, wanted, start, limit), limit)
    return _spans(tx, shown, wanted, start, limit)


def _one_by_one(tx: Transaction, shown: Sequence[Part], wanted: Wanted, start: int, limit: int) -> list[Listed]:
    """Ask for each state by itself: its index gives the rows in order, several at once would have to be sorted."""
    found: list[Listed] = []
    for part in shown:
        match part.state:
            case _ if part.changed and part.state >= PushState.PUSHED:
                found += indexed(tx, _CHANGED + " AND p.state = ?", (start, part.state), wanted, limit)
            case PushState.CANCELLED:
                found += indexed(tx, _CANCELLED, (start,), wanted, limit)
            case _ if part.state >= PushState.ACCEPTED:
                found += indexed(tx, _FOLLOWED + _FLAG[part.changed], (part.state, start), wanted, limit)
            case _:
                parked = _PARKED_ONLY if wanted.parked else ""
                found += indexed(tx, _OPEN + parked, (part.state, start), wanted, limit)
    return sorted(found, key=lambda row: row.id, reverse=True)


def indexed(tx: Transaction, where: str, values: Sequence[object], wanted: Wanted, limit: int) -> list[Listed]:
    """Return rows that fit, newest first, one more than `limit` if there are more."""
    sql, more = _narrowed(wanted)
    text = _SELECT + where + sql + " ORDER BY p.id DESC LIMIT ?"
    return _listed(tx, tx.rows(text, (*values, *more, limit + 1)))


def _any_of(shown: Sequence[Part]) -> tuple[str, tuple[PushState, ...]]:
    """Ask for any of several parts, on top of what an index gives; of all states nothing needs to be asked."""
    if len(shown) == len(PushState) and all(part.changed is shown[0].changed for part in shown):
        return "", ()
    said = {None: "p.state = ?", True: "p.state = ? AND p.changed = TRUE", False: "p.state = ? AND p.changed = FALSE"}
    return " AND (" + " OR ".join(said[part.changed] for part in shown) + ")", tuple(part.state for part in shown)


def _spans(
    tx: Transaction, shown: Sequence[Part], wanted: Wanted, start: int, limit: int
) -> tuple[list[Listed], int | None]:
    only, states = _any_of(shown)
    return spans(tx, _SPAN + only, states, wanted, start, limit)


def spans(
    tx: Transaction, where: str, values: Sequence[object], wanted: Wanted, start: int, limit: int
) -> tuple[list[Listed], int | None]:
    """Go down the primary key, a span of ids a step; `where` begins with the span's bounds."""
    found: list[Listed] = []
    upper = start
    for _ in range(WINDOWS):
        lower = max(0, upper - WINDOW)
        found += indexed(tx, where, (upper, lower, *values), wanted, limit - len(found))
        if len(found) > limit or lower == 0:
            return cut(found, limit)
        upper = lower
    return found, upper


def _narrowed(wanted: Wanted) -> tuple[str, tuple[str, ...]]:
    sql, values = " AND p.latest = TRUE", []
    for column, value in (("p.oms", wanted.oms), ("p.warehouse", wanted.warehouse)):
        if value is not None:
            sql += " AND " + column + " = ?"
            values.append(value)
    return sql, tuple(values)


def cut(found: list[Listed], limit: int) -> tuple[list[Listed], int | None]:
    """Return a page of rows, and the id to go on from."""
    return found[:limit], found[limit - 1].id if len(found) > limit else None


def _listed(tx: Transaction, rows: list[tuple[object, ...]]) -> list[Listed]:
    found = [msgspec.convert(dict(zip(_FIELDS, row, strict=True)), Listed, strict=False) for row in rows]
    there = [f"order:{each.order_id}" for each in found if each.changed or each.state in SETTLED]
    if not there:
        return found
    asked = {name: tuple(i.operation for i in held) for name, held in incidents.of_subjects(tx, there).items()}
    return [msgspec.structs.replace(each, asked=asked.get(f"order:{each.order_id}", ())) for each in found]


def of_order_ids(tx: Transaction, order_ids: Sequence[int]) -> list[Listed]:
    """Return the rows of these orders, newest first. At most 1,000 ids."""
    if not order_ids:
        return []
    sql = _SELECT + "p.order_id IN (" + marks(len(order_ids)) + ") AND p.latest = TRUE ORDER BY p.id DESC"
    return _listed(tx, tx.rows(sql, tuple(order_ids)))


_BY_REF = "SELECT " + ORDER_COLUMNS + " FROM orders WHERE connection = ? AND ref = ?"
_BY_NUMBER = "SELECT " + ORDER_COLUMNS + " FROM orders WHERE number = ? ORDER BY id DESC LIMIT ?"


def find_orders(tx: Transaction, text: str, connection: str | None, limit: int = 20) -> list[StoredOrder]:
    """Find orders whose ref is exactly `text`; if there is none, those whose number is."""
    sources = (
        [connection]
        if connection is not None
        else [row[0] for row in tx.rows("SELECT connection FROM cursors WHERE stream = 'orders'")]
    )
    rows = [row for source in sources for row in tx.rows(_BY_REF, (source, text))]
    if not rows:
        rows = tx.rows(_BY_NUMBER, (text, limit))
    found = [StoredOrder(**dict(zip(StoredOrder.__struct_fields__, row, strict=True))) for row in rows[:limit]]
    return [order for order in found if connection is None or order.connection == connection]


class Counts(Struct, frozen=True, kw_only=True):
    """How many pushes stand at each state; how old the open ones are; what waits for a person.

    `oldest` is when the oldest push of a state was queued (milliseconds). `parked` failed and have no next try.
    `changed` were pushed and are not any more what their warehouse was sent; `updated` carry the mark "(Updated)"; `aged` are
    too old to be pushed.
    """

    states: dict[PushState, int]
    oldest: dict[PushState, int]
    needs_person: int
    parked: int
    changed: int
    updated: int
    aged: int
    quarantine: int
    tasks_running: int
    tasks_queued: int


_COUNT_OPEN = "SELECT state, COUNT(*) FROM pushes WHERE unsettled = 1 GROUP BY state"
_COUNT_CANCELLED = "SELECT COUNT(*) FROM pushes WHERE state = 7"
_OLDEST = (
    "SELECT MIN(queued_at) FROM (SELECT queued_at FROM pushes WHERE unsettled = 1 AND state = ? LIMIT ?) AS some_pushes"
)
_NEED_PERSON = "SELECT COUNT(*) FROM pushes WHERE unsettled = 1 AND state = ? AND needs_person = TRUE"
_PARKED = "SELECT COUNT(*) FROM pushes WHERE unsettled = 1 AND state = ? AND next_at IS NULL"
_COUNT_FOLLOWED = "SELECT state, COUNT(*) FROM pushes WHERE state >= 8 GROUP BY state"
_COUNT_CHANGED = "SELECT COUNT(*) FROM pushes WHERE changed = TRUE AND state >= ? AND state <> ?"
_COUNT_UPDATED = (
    "SELECT COUNT(*) FROM pushes WHERE updated_at IS NOT NULL AND acknowledged_at IS NULL AND (stage IS NULL OR stage < 2) "
    "AND latest = TRUE"
)
_COUNT_TASKS = "SELECT state, COUNT(*) FROM tasks WHERE state IN ('queued', 'running') GROUP BY state"


def pushed_and_changed(tx: Transaction) -> int:
    """Count orders that their warehouse has, and that changed or were cancelled since."""
    return int(tx.one(_COUNT_CHANGED, (PushState.PUSHED, PushState.CANCELLED))[0])


def counts(tx: Transaction) -> Counts:
    """Count everything that a status shows, without looking at the pushes that went well.

    A push is never deleted and every one takes a number, so those that were pushed are all minus the others: exact.
    """
    followed = tx.rows(_COUNT_FOLLOWED)
    states = {PushState(state): int(count) for state, count in (*tx.rows(_COUNT_OPEN), *followed)}
    states[PushState.CANCELLED] = int(tx.one(_COUNT_CANCELLED)[0])
    pushed = counters.current(tx, "pushes") - sum(states.values())
    counted = {state: states.get(state, 0) for state in PushState} | {PushState.PUSHED: pushed}
    oldest = {}
    for state in (PushState.QUEUED, PushState.SENDING, PushState.IN_DOUBT, PushState.PUSH_FAILED):
        if counted[state] and (row := tx.one(_OLDEST, (state, OLDEST))) is not None and row[0] is not None:
            oldest[state] = int(row[0])
    tasks = dict(tx.rows(_COUNT_TASKS))
    return Counts(
        states=counted,
        oldest=oldest,
        needs_person=int(tx.one(_NEED_PERSON, (PushState.IN_DOUBT,))[0]),
        parked=int(tx.one(_PARKED, (PushState.PUSH_FAILED,))[0]),
        changed=pushed_and_changed(tx),
        updated=int(tx.one(_COUNT_UPDATED)[0]),
        aged=int(tx.one("SELECT COUNT(*) FROM pushes p WHERE " + _AGED, (1 << 62,))[0]),
        quarantine=int(tx.one("SELECT COUNT(*) FROM quarantine")[0]),
        tasks_running=int(tasks.get("running", 0)),
        tasks_queued=int(tasks.get("queued", 0)),
    )


_FAILED = " FROM pushes p WHERE p.unsettled = 1 AND p.state = ? AND p.id > ?"


def failed_pushes(tx: Transaction, wanted: Wanted, after: int, limit: int) -> list[tuple[int, int]]:
    """Return (push id, order id) of failed pushes with an id above `after`, oldest first."""
    narrowed, values = _of_failed(wanted)
    sql = "SELECT p.id, p.order_id" + _FAILED + narrowed + " ORDER BY p.id LIMIT ?"
    return [(int(push), int(order)) for push, order in tx.rows(sql, (PushState.PUSH_FAILED, after, *values, limit))]


def count_failed(tx: Transaction, wanted: Wanted, most: int = 100_000) -> int:
    """Count failed pushes, up to `most`."""
    narrowed, values = _of_failed(wanted)
    sql = "SELECT COUNT(*) FROM (SELECT 1" + _FAILED + narrowed + " LIMIT ?) AS counted"
    return int(tx.one(sql, (PushState.PUSH_FAILED, 0, *values, most))[0])


def _of_failed(wanted: Wanted) -> tuple[str, tuple[str, ...]]:
    narrowed, values = _narrowed(wanted)
    return narrowed + (_PARKED_ONLY if wanted.parked else ""), values


def entry(tx: Transaction, kind: type[E], name: str) -> E | None:
    """Return one strategy, warehouse, allocation rule or mapping by name."""
    row = tx.one("SELECT body, revision FROM book WHERE kind = ? AND name = ?", (KINDS[kind], name))
    if row is None:
        return None
    return msgspec.structs.replace(msgspec.json.decode(row[0], type=kind), revision=int(row[1]))


def quarantined_refs(tx: Transaction, connection: str, limit: int) -> list[str]:
    """Return the refs of the oldest records of a connection that could not be read."""
    sql = "SELECT ref FROM quarantine WHERE connection = ? ORDER BY id LIMIT ?"
    return [row[0] for row in tx.rows(sql, (connection, limit))]


def applied_migrations(tx: Transaction) -> list[str]:
    """List the migrations that the database has had."""
    return [row[0] for row in tx.rows("SELECT name FROM migration_checksums ORDER BY name LIMIT 1000")]


def after_push(tx: Transaction) -> dict[PushState, int]:
    """Count the orders of which a warehouse is told something, or has shown how far it is, by state; not what is done."""
    sql = "SELECT state, COUNT(*) FROM pushes WHERE state >= 8 AND state < 14 GROUP BY state"
    return {PushState(row[0]): row[1] for row in tx.rows(sql)}


def unsettled(tx: Transaction) -> dict[PushState, tuple[int, int | None]]:
    """Count the pushes that are not settled, by state, each with when the first of them was queued (milliseconds)."""
    sql = "SELECT state, COUNT(*), MIN(queued_at) FROM pushes WHERE unsettled = 1 GROUP BY state"
    return {PushState(row[0]): (row[1], row[2]) for row in tx.rows(sql)}


def has_warehouse(tx: Transaction, code: str) -> bool:
    """Tell whether anything stored names a warehouse, set up or not."""
    sql = (
        "SELECT EXISTS (SELECT 1 FROM pushes WHERE warehouse = ?) OR EXISTS (SELECT 1 FROM documents WHERE warehouse = ?) "
        "OR EXISTS (SELECT 1 FROM stock_levels WHERE code = ? OR warehouse = ?)"
    )
    return bool(tx.one(sql, (code, code, code, code))[0])


def has_connection(tx: Transaction, name: str) -> bool:
    """Tell whether anything stored names a connection, configured or not."""
    sql = (
        "SELECT EXISTS (SELECT 1 FROM orders WHERE connection = ?) OR EXISTS (SELECT 1 FROM pushes WHERE connection = ?) "
        "OR EXISTS (SELECT 1 FROM documents WHERE connection = ?) OR EXISTS (SELECT 1 FROM operations WHERE connection = ?)"
    )
    return bool(tx.one(sql, (name, name, name, name))[0])


def has_kind(tx: Transaction, kind: str) -> bool:
    """Tell whether an operation of a kind is stored."""
    return bool(tx.one("SELECT EXISTS (SELECT 1 FROM operations WHERE kind = ?)", (kind,))[0])
