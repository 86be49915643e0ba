"""When the last daily reconciliation began, and whether one is asked for or under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.store import tasks
from crossdock.store.tasks import Task, TaskKind, TaskState
from crossdock.store.throttles import DAILY

if TYPE_CHECKING:
    from crossdock.store.store import Transaction

NOWHERE = ""
"""The connection of a task that is about all of them."""
_SCOPE = DAILY


def last(tx: Transaction) -> int | None:
    """Return when the last daily one began (milliseconds), None on a new installation."""
    row = tx.one("SELECT at FROM throttles WHERE scope = ?", (_SCOPE,))
    return None if row is None else int(row[0])


def begin(tx: Transaction, now: int) -> None:
    """Note that the daily one begins; a new installation notes its first start."""
    sql = "INSERT INTO throttles (scope, at) VALUES (?, ?) ON CONFLICT (scope) DO UPDATE SET at = excluded.at"
    tx.execute(sql, (_SCOPE, now))


def waiting(tx: Transaction) -> list[Task]:
    """Return reconciliations that are to be done, oldest first."""
    return tasks.queued(tx, NOWHERE, 10, (TaskKind.RECONCILE,))


def ask(
    tx: Transaction, scope: str, now: int, *, origin: str, actor: str = "", warehouse: str | None = None
) -> int | None:
    """Queue a reconciliation; None if one is queued or running, for two at a time would mend the same twice over."""
    states = (TaskState.QUEUED, TaskState.RUNNING)
    sql = "SELECT 1 FROM tasks WHERE state IN (?, ?) AND kind = ? LIMIT 1"
    if tx.one(sql, (*states, TaskKind.RECONCILE)) is not None:
        return None
    task = tasks.create(
        tx, TaskKind.RECONCILE, NOWHERE, now, origin=origin, actor=actor, warehouse=warehouse, scope=scope
    )
    return task.id
