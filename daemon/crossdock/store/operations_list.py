"""Operations as people look at them: those that are not done, by connection, kind and state; and how many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.rules.operation_states import OperationState
from crossdock.store.operations import COLUMNS, Operation, read_row

if TYPE_CHECKING:
    from crossdock.store.store import Transaction


COUNTED = 1_000_000
"""More than so many are counted as so many."""


class Sought(Struct, frozen=True, kw_only=True):
    """Which operations a list shows. `state` None: all that are under way; done ones are in no list."""

    state: OperationState | None = None
    connection: str | None = None
    kind: str | None = None


def page(tx: Transaction, sought: Sought, after: int, limit: int) -> list[Operation]:
    """Return operations with an id above `after`, oldest first."""
    where = "state = 4" if sought.state is OperationState.FAILED else "unsettled IS NOT NULL"
    values: list[object] = [after]
    if sought.state not in (None, OperationState.FAILED):
        where += " AND state = ?"
        values = [sought.state, after]
    sql = "SELECT " + COLUMNS + " FROM operations WHERE " + where + " AND id > ?"
    for column, value in (("connection", sought.connection), ("kind", sought.kind)):
        if value is not None:
            sql += " AND COALESCE(" + column + ", '') = ?"  # so that the short index of what is not done is taken
            values.append(value)
    return [read_row(row) for row in tx.rows(sql + " ORDER BY id LIMIT ?", (*values, limit))]


def count_failed(tx: Transaction, connection: str | None, kind: str | None, most: int = 100_000) -> int:
    """Count failed operations, up to `most`."""
    sql, values = "SELECT 1 FROM operations WHERE state = 4 AND id > 0", list[object]()
    for column, value in (("connection", connection), ("kind", kind)):
        if value is not None:
            sql += " AND COALESCE(" + column + ", '') = ?"  # as above
            values.append(value)
    row = tx.one("SELECT COUNT(*) FROM (" + sql + " LIMIT ?) AS counted", (*values, most))
    return int(row[0])


def get(tx: Transaction, number: int) -> Operation | None:
    """Return an operation."""
    row = tx.one("SELECT " + COLUMNS + " FROM operations WHERE id = ?", (number,))
    return None if row is None else read_row(row)


def counts(tx: Transaction) -> dict[tuple[str, str], int]:
    """Count what is under way or failed, by kind and state; of either at most COUNTED."""
    found: dict[tuple[str, str], int] = {}
    for where in ("unsettled IS NOT NULL", "state = 4"):
        some = "SELECT kind, state FROM operations WHERE " + where + " AND id > 0 ORDER BY id LIMIT ?"
        sql = "SELECT kind, state, COUNT(*) FROM (" + some + ") AS some_operations GROUP BY kind, state"
        for kind, state, count in tx.rows(sql, (COUNTED,)):
            found[kind, OperationState(state).name.lower()] = int(count)
    return found
