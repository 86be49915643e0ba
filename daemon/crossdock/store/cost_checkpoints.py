"""Where a cost ledger stood at some places on its way, so that a late event does not have all of it replayed."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crossdock.rules.cost_ledger import Balance, Flag
from crossdock.store.times import from_ms, to_ms

if TYPE_CHECKING:
    from crossdock.store.store import Transaction

Place = tuple[datetime, str]
"""A movement's place in its ledger: its time, and its name."""

_COLUMNS = "oms, sku, at, about, quantity, average, currency, blocked, blocked_by, flags"


def before(tx: Transaction, oms: str, sku: str, place: Place) -> Balance:
    """Return the balance at the last checkpoint before a place; the empty one if there is none."""
    sql = (
        "SELECT " + _COLUMNS + " FROM cost_checkpoints WHERE oms = ? AND sku = ? AND (at, about) < (?, ?) "
        "ORDER BY at DESC, about DESC LIMIT 1"
    )
    row = tx.one(sql, (oms, sku, to_ms(place[0]), place[1]))
    return Balance() if row is None else _balance(row)


def drop(tx: Transaction, oms: str, sku: str, place: Place) -> None:
    """Forget the checkpoints at and behind a place: they do not hold any more."""
    sql = "DELETE FROM cost_checkpoints WHERE oms = ? AND sku = ? AND (at, about) >= (?, ?)"
    tx.execute(sql, (oms, sku, to_ms(place[0]), place[1]))


def keep(tx: Transaction, oms: str, sku: str, balance: Balance) -> None:
    """Keep a balance as a checkpoint, at the place of its last movement."""
    if balance.last is None:
        return
    values = (
        oms, sku, to_ms(balance.last[0]), balance.last[1], str(balance.quantity),
        None if balance.average is None else str(balance.average), balance.currency,
        balance.blocked.value if balance.blocked else "", balance.by, " ".join(sorted(balance.flags)),
    )  # fmt: skip
    tx.execute(
        "INSERT OR REPLACE INTO cost_checkpoints (" + _COLUMNS + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values
    )


def _balance(row: tuple[Any, ...]) -> Balance:
    _, _, at, about, quantity, average, currency, blocked, by, flags = row
    return Balance(
        quantity=Decimal(quantity), average=None if average is None else Decimal(average), currency=currency,
        blocked=Flag(blocked) if blocked else None, by=by, flags=frozenset(map(Flag, flags.split())),
        last=(from_ms(int(at)), about),
    )  # fmt: skip
