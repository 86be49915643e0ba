"""Numbers that only grow."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crossdock.store.store import Transaction


def take(tx: Transaction, name: str, count: int = 1) -> int:
    """Reserve `count` numbers and return the first of them; numbers start at 1."""
    tx.execute(
        "INSERT INTO counters (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = counters.value + excluded.value",
        (name, count),
    )
    return int(current(tx, name)) - count + 1


def current(tx: Transaction, name: str) -> int:
    """Return the last number taken, 0 if none was."""
    row = tx.one("SELECT value FROM counters WHERE name = ?", (name,))
    return 0 if row is None else int(row[0])
