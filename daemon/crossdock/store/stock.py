"""Stock as a WMS shows it: the newest level of each SKU with how far an OMS was told, movements by id, the switches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from crossdock.rules.stock import Mark, mark_of, supersedes
from crossdock.spec.stock import StockLevel, StockMovement
from crossdock.store import counters

if TYPE_CHECKING:
    from crossdock.store.store import Transaction


class Switch(Struct, frozen=True, kw_only=True):
    """Whether a warehouse's stock goes to an OMS; `oms` empty: the only one there is. `revision` 0: never switched."""

    warehouse: str
    on: bool = False
    oms: str = ""
    revision: int = 0


class Known(Struct, frozen=True, kw_only=True):
    """A level's row. `code`, `ours`, `oms`: under which names it goes to which OMS. `held`: why it does not. Times are ms."""

    id: int
    connection: str
    level: StockLevel
    mark: Mark
    confirmed: Mark | None
    confirmed_at: int | None
    code: str
    ours: str
    oms: str
    held: str | None
    seen_at: int


_COLUMNS = (
    "id, connection, body, sequence, observed, confirmed_sequence, confirmed_observed, confirmed_at, code, ours, oms, "
    "held, seen_at"
)
_PUT = (
    "INSERT INTO stock_levels (id, connection, warehouse, sku, body, sequence, observed, seen_at, code, ours, oms) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', '', '') ON CONFLICT (connection, warehouse, sku) DO UPDATE SET body = excluded.body, "
    "sequence = excluded.sequence, observed = excluded.observed, seen_at = excluded.seen_at"
)
_CONFIRM = (
    "UPDATE stock_levels SET confirmed_sequence = ?, confirmed_observed = ?, confirmed_at = ? WHERE id = ? AND "
    "(confirmed_sequence IS NULL OR confirmed_sequence < ? OR (confirmed_sequence = ? AND confirmed_observed < ?))"
)


def see(tx: Transaction, connection: str, level: StockLevel, now: int) -> int | None:
    """Keep a level that is newer than the one known and return its row; None if it is the same again, or older."""
    sql = "SELECT id, sequence, observed FROM stock_levels WHERE connection = ? AND warehouse = ? AND sku = ?"
    row = tx.one(sql, (connection, level.warehouse, level.sku))
    mark = mark_of(level)
    if row is not None and not supersedes(mark, Mark(row[1], row[2])):
        return None
    number = counters.take(tx, "stock_levels") if row is None else int(row[0])
    body = msgspec.json.encode(level).decode()
    tx.execute(_PUT, (number, connection, level.warehouse, level.sku, body, mark.sequence, mark.at, now))
    return number


def route(tx: Transaction, number: int, *, code: str, ours: str, oms: str, held: str | None) -> None:
    """Note under which names a level goes to which OMS, or why it is held."""
    tx.execute(
        "UPDATE stock_levels SET code = ?, ours = ?, oms = ?, held = ? WHERE id = ?", (code, ours, oms, held, number)
    )


def confirm(tx: Transaction, number: int, mark: Mark, now: int) -> None:
    """An OMS took over a level: the mark of what it was told moves, never back."""
    tx.execute(_CONFIRM, (mark.sequence, mark.at, now, number, mark.sequence, mark.sequence, mark.at))


def get(tx: Transaction, number: int) -> Known | None:
    """Return a level."""
    row = tx.one("SELECT " + _COLUMNS + " FROM stock_levels WHERE id = ?", (number,))
    return None if row is None else _known(row)


def held_for(tx: Transaction, number: int) -> str | None:
    """Return why a level is held, None if it is not."""
    row = tx.one("SELECT held FROM stock_levels WHERE id = ?", (number,))
    return None if row is None else row[0]


def held(tx: Transaction, connection: str, after: int, limit: int) -> list[Known]:
    """Return levels that could not go to an OMS, with an id above `after`."""
    sql = (
        "SELECT "
        + _COLUMNS
        + " FROM stock_levels WHERE connection = ? AND held IS NOT NULL AND id > ? ORDER BY id LIMIT ?"
    )
    return [_known(row) for row in tx.rows(sql, (connection, after, limit))]


def of_warehouse(tx: Transaction, connection: str, warehouse: str, after: str, limit: int) -> list[Known]:
    """Return levels of a WMS's warehouse in the order of their SKUs behind `after`."""
    sql = (
        "SELECT "
        + _COLUMNS
        + " FROM stock_levels WHERE connection = ? AND warehouse = ? AND sku > ? ORDER BY sku LIMIT ?"
    )
    return [_known(row) for row in tx.rows(sql, (connection, warehouse, after, limit))]


def page(
    tx: Transaction, after: int, limit: int, code: str | None = None, sku: str | None = None, *, held: bool = False
) -> list[Known]:
    """Return levels with an id above `after`, of a warehouse of ours and of a SKU as the warehouse calls it, if named.

    `held`: only those that could not go to an OMS.
    """
    where = "id > ?"
    values: list[str | int | None] = [after]
    if sku is not None:
        where, values = "sku = ? AND (code = ? OR ? IS NULL) AND id > ?", [sku, code, code, after]
    elif code is not None:
        where, values = "code = ? AND id > ?", [code, after]
    if held:
        where += " AND held IS NOT NULL"
    sql = "SELECT " + _COLUMNS + " FROM stock_levels WHERE " + where + " ORDER BY id LIMIT ?"
    return [_known(row) for row in tx.rows(sql, (*values, limit))]


def _known(row: tuple[Any, ...]) -> Known:
    number, connection, body, sequence, observed, told, told_at, confirmed_at, code, ours, oms, held_for, seen = row
    return Known(
        id=number, connection=connection, level=msgspec.json.decode(body, type=StockLevel), mark=Mark(sequence, observed),
        confirmed=None if told is None else Mark(told, told_at), confirmed_at=confirmed_at, code=code, ours=ours, oms=oms,
        held=held_for, seen_at=seen,
    )  # fmt: skip


def see_movement(tx: Transaction, connection: str, movement: StockMovement, now: int) -> int | None:
    """Keep a movement and return its row; None if it was seen before."""
    number = counters.take(tx, "stock_movements")
    sql = (
        "INSERT INTO stock_movements (id, connection, ref, body, seen_at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (connection, ref) DO NOTHING"
    )
    body = msgspec.json.encode(movement).decode()
    return number if tx.execute(sql, (number, connection, movement.ref, body, now)) == 1 else None


def hold_movement(tx: Transaction, number: int, why: str | None) -> None:
    """Note why a movement cannot go to an OMS yet; None: it is on its way."""
    tx.execute("UPDATE stock_movements SET held = ? WHERE id = ?", (why, number))


def confirm_movement(tx: Transaction, number: int, now: int) -> None:
    """An OMS took over a movement."""
    tx.execute("UPDATE stock_movements SET confirmed_at = ? WHERE id = ? AND confirmed_at IS NULL", (now, number))


def movement_held_for(tx: Transaction, number: int) -> str | None:
    """Return why a movement is held, None if it is not."""
    row = tx.one("SELECT held FROM stock_movements WHERE id = ?", (number,))
    return None if row is None else row[0]


def held_movements(tx: Transaction, connection: str, after: int, limit: int) -> list[tuple[int, StockMovement]]:
    """Return movements that could not go to an OMS yet, with an id above `after`."""
    sql = (
        "SELECT id, body FROM stock_movements WHERE connection = ? AND held IS NOT NULL AND id > ? ORDER BY id LIMIT ?"
    )
    rows = tx.rows(sql, (connection, after, limit))
    return [(int(row[0]), msgspec.json.decode(row[1], type=StockMovement)) for row in rows]


def switch(tx: Transaction, warehouse: str) -> Switch:
    """Return how a warehouse's stock is switched; off if nobody ever did."""
    row = tx.one('SELECT "on", oms, revision FROM stock_switches WHERE warehouse = ?', (warehouse,))
    if row is None:
        return Switch(warehouse=warehouse)
    return Switch(warehouse=warehouse, on=bool(row[0]), oms=row[1], revision=row[2])


def switches(tx: Transaction) -> dict[str, Switch]:
    """Return every warehouse that was ever switched, at most 10,000."""
    rows = tx.rows('SELECT warehouse, "on", oms, revision FROM stock_switches LIMIT 10000')
    return {row[0]: Switch(warehouse=row[0], on=bool(row[1]), oms=row[2], revision=row[3]) for row in rows}


def set_switch(tx: Transaction, warehouse: str, *, on: bool, oms: str) -> Switch:
    """Switch a warehouse's stock."""
    tx.execute(
        'INSERT INTO stock_switches (warehouse, "on", oms, revision) VALUES (?, ?, ?, 1) ON CONFLICT (warehouse) '
        'DO UPDATE SET "on" = excluded."on", oms = excluded.oms, revision = stock_switches.revision + 1',
        (warehouse, int(on), oms),
    )
    return switch(tx, warehouse)
