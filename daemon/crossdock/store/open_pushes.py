"""Walks through pushes that something may still become of, by state and in the order of their ids, a bounded piece at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.rules.push_states import AT_RISK, AT_WAREHOUSE, PushState
from crossdock.store.orders import marks
from crossdock.store.pushes import COLUMNS, to_push

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.store.pushes import Push
    from crossdock.store.store import Transaction

_FROM = "SELECT " + COLUMNS + " FROM pushes WHERE "
_PIECE = " AND state = ? AND id > ? ORDER BY id LIMIT ?"


def waiting(tx: Transaction, state: PushState, after: int, limit: int) -> list[Push]:
    """Return pushes in a state of those that are not settled."""
    return _pushes(tx, _FROM + "unsettled = 1" + _PIECE, (state, after, limit))


def under_way(tx: Transaction, state: PushState, after: int, limit: int) -> list[Push]:
    """Return pushes in a state of those that follow the push (PushState from UPDATE_PENDING on)."""
    return _pushes(tx, _FROM + "state >= 8" + _PIECE, (state, after, limit))


def changed(tx: Transaction, state: PushState, after: int, limit: int) -> list[Push]:
    """Return pushes in a state about which a person has to decide."""
    return _pushes(tx, _FROM + "changed = TRUE" + _PIECE, (state, after, limit))


def held_for(tx: Transaction, oms: str, warehouse: str, after: int, limit: int) -> list[Push]:
    """Return pushes of an OMS's orders that wait for a strategy of a warehouse."""
    sql = _FROM + "unsettled = 1 AND state IN (?, ?) AND warehouse = ? AND oms = ? AND id > ? ORDER BY id LIMIT ?"
    return _pushes(tx, sql, (PushState.NOT_PUSHED, PushState.HELD, warehouse, oms, after, limit))


_OPEN = tuple(sorted(AT_RISK | (AT_WAREHOUSE - {PushState.SHIPPED, PushState.CLOSED_SHORT, PushState.REJECTED})))


def at_warehouse(tx: Transaction, warehouse: str, limit: int) -> int:
    """Count the orders that a warehouse has, or may have, and that have not left it whole; at most `limit`."""
    sql = "SELECT COUNT(*) FROM (SELECT 1 FROM pushes WHERE latest = TRUE AND warehouse = ? AND state IN ("
    return int(tx.one(sql + marks(len(_OPEN)) + ") LIMIT ?)", (warehouse, *_OPEN, limit))[0])


def named(
    tx: Transaction, oms: str, states: Sequence[PushState], after: int, since: int, limit: int
) -> list[tuple[int, int, str]]:
    """Return (push id, order id, reference) of waiting pushes of orders created since (milliseconds)."""
    sql = (
        "SELECT p.id, p.order_id, o.ref FROM pushes p JOIN orders o ON o.id = p.order_id WHERE p.unsettled = 1 "
        "AND p.state = ? AND p.id > ? AND p.oms = ? AND o.created_at >= ? ORDER BY p.id LIMIT ?"
    )
    found = [(row[0], row[1], row[2]) for state in states for row in tx.rows(sql, (state, after, oms, since, limit))]
    return sorted(found)[:limit]


def _pushes(tx: Transaction, sql: str, values: Sequence[object]) -> list[Push]:
    return [to_push(row) for row in tx.rows(sql, values)]
