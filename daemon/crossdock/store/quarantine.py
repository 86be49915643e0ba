"""Fetched records that could not be read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from crossdock.store import counters
from crossdock.store.orders import marks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.store.store import Transaction


class Quarantined(Struct, frozen=True, kw_only=True):
    """A record that could not be read, with the reason in words; `raw` is what was received."""

    connection: str
    ref: str
    raw: bytes
    reason: str
    first_at: int
    last_at: int


_MADE_UP = re.compile(r"unreadable-[0-9a-f]{16}")


def made_up(ref: str) -> bool:
    """Tell whether a record without a readable ref was named by its content (spec.orders.Unreadable)."""
    return _MADE_UP.fullmatch(ref) is not None


def put(tx: Transaction, records: Sequence[Quarantined]) -> None:
    """Keep records; one that is there already keeps its first time."""
    if not records:
        return
    first = counters.take(tx, "quarantine", len(records))
    tx.execute_many(
        "INSERT INTO quarantine (id, connection, ref, content, reason, first_at, last_at) VALUES (?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (connection, ref) DO UPDATE SET content = excluded.content, reason = excluded.reason, last_at = excluded.last_at",
        [(first + n, r.connection, r.ref, r.raw, r.reason, r.first_at, r.last_at) for n, r in enumerate(records)],
    )


def remove(tx: Transaction, connection: str, refs: Sequence[str]) -> None:
    """Forget records that can be read by now."""
    if tx.one("SELECT 1 FROM quarantine LIMIT 1") is not None:
        tx.execute_many("DELETE FROM quarantine WHERE connection = ? AND ref = ?", [(connection, ref) for ref in refs])


def among(tx: Transaction, connection: str, refs: Sequence[str]) -> frozenset[str]:
    """Return those of these refs under which a record is kept. At most 1,000 refs."""
    if not refs:
        return frozenset()
    sql = "SELECT ref FROM quarantine WHERE connection = ? AND ref IN (" + marks(len(refs)) + ")"
    return frozenset(row[0] for row in tx.rows(sql, (connection, *refs)))


def page(tx: Transaction, after: int, limit: int) -> list[tuple[int, Quarantined]]:
    """Return records with an id above `after`, oldest first."""
    sql = "SELECT id, " + _COLUMNS + " FROM quarantine WHERE id > ? ORDER BY id LIMIT ?"
    return [(row[0], _record(row[1:])) for row in tx.rows(sql, (after, limit))]


def get(tx: Transaction, number: int) -> Quarantined | None:
    """Return a record."""
    row = tx.one("SELECT " + _COLUMNS + " FROM quarantine WHERE id = ?", (number,))
    return None if row is None else _record(row)


_COLUMNS = "connection, ref, content, reason, first_at, last_at"


def _record(row: Sequence[Any]) -> Quarantined:
    connection, ref, content, reason, first, last = row
    return Quarantined(connection=connection, ref=ref, raw=bytes(content), reason=reason, first_at=first, last_at=last)


def count(tx: Transaction) -> int:
    """Count the records."""
    return int(tx.one("SELECT COUNT(*) FROM quarantine")[0])


def holds_any(tx: Transaction) -> bool:
    """Tell whether there is any record at all."""
    return tx.one("SELECT 1 FROM quarantine LIMIT 1") is not None
