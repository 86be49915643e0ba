"""The five-minute limit: when a scope's action was last allowed. It holds across restarts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.store.store import Transaction


DAILY = "reconcile:daily"
"""The scope that is no limit: when the last daily reconciliation began (store.reconciled)."""


def allow(tx: Transaction, scope: str, interval_ms: int, now: int) -> int | None:
    """Take the scope's turn and return None, or return when it may run again (milliseconds).

    A clock that was set back does not lock a scope for longer than one interval.
    """
    row = tx.one("SELECT at FROM throttles WHERE scope = ?", (scope,))
    if row is not None and row[0] <= now < row[0] + interval_ms:
        return int(row[0]) + interval_ms
    tx.execute(
        "INSERT INTO throttles (scope, at) VALUES (?, ?) ON CONFLICT (scope) DO UPDATE SET at = excluded.at",
        (scope, now),
    )
    return None


def allow_all(tx: Transaction, scopes: Sequence[str], interval_ms: int, now: int) -> tuple[str, int] | None:
    """Take the turns of all scopes and return None, or take none and return one that may not run yet, with when it may.

    Of several the one is returned that waits longest.
    """
    waiting = [(again, scope) for scope in scopes if (again := again_at(tx, scope, interval_ms, now)) is not None]
    if waiting:
        again, scope = max(waiting)
        return scope, again
    for scope in scopes:
        allow(tx, scope, interval_ms, now)
    return None


def again_at(tx: Transaction, scope: str, interval_ms: int, now: int) -> int | None:
    """Return when the scope may run again, or None if it may run now; takes no turn."""
    row = tx.one("SELECT at FROM throttles WHERE scope = ?", (scope,))
    if row is not None and row[0] <= now < row[0] + interval_ms:
        return int(row[0]) + interval_ms
    return None


def forget(tx: Transaction, before: int, limit: int) -> int:
    """Remove turns that were taken before this moment (milliseconds), at most `limit`; return how many.

    When the last daily reconciliation began stays: without it the next start would be taken for the first one.
    """
    sql = "DELETE FROM throttles WHERE scope IN (SELECT scope FROM throttles WHERE at < ? AND scope <> ? ORDER BY at LIMIT ?)"
    return tx.execute(sql, (before, DAILY, limit))


def running(tx: Transaction, interval_ms: int, now: int, limit: int) -> list[tuple[str, int]]:
    """Return (scope, when it may run again in milliseconds) of scopes that may not run now, the soonest first."""
    sql = "SELECT scope, at FROM throttles WHERE at > ? AND at <= ? ORDER BY at, scope LIMIT ?"
    return [(scope, at + interval_ms) for scope, at in tx.rows(sql, (now - interval_ms, now, limit))]
