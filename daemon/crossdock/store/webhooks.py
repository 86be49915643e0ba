"""Ids of webhooks that were taken: another one with such an id is a replay."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.store.store import Transaction

_REMEMBER = (
    "INSERT INTO webhook_ids (connection, event, at) VALUES (?, ?, ?) ON CONFLICT (connection, event) DO NOTHING"
)
FORGOTTEN_AT_ONCE = 10_000


def remember(tx: Transaction, events: Sequence[tuple[str, str]], now: int) -> list[bool]:
    """Remember (connection, id) of webhooks; True for each that was not known before."""
    return [tx.execute(_REMEMBER, (connection, event, now)) == 1 for connection, event in events]


def forget(tx: Transaction, before: int) -> int:
    """Forget ids from before a time (ms), at most 10,000 at once."""
    sql = "DELETE FROM webhook_ids WHERE rowid IN (SELECT rowid FROM webhook_ids WHERE at < ? LIMIT ?)"
    return tx.execute(sql, (before, FORGOTTEN_AT_ONCE))
