"""Sync tasks: what was asked, how far it is, how it ended, what it did about each order."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.store import counters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.store.store import Transaction


class TaskKind(StrEnum):
    """What a task does."""

    FETCH = "fetch"
    OBTAIN_NEW = "obtain_new"
    SYNC_ORDER = "sync_order"
    FETCH_OUTBOUND = "fetch_outbound"
    FETCH_INBOUND = "fetch_inbound"
    FETCH_PRODUCTS = "fetch_products"
    FETCH_STOCK = "fetch_stock"
    PULL_LABEL = "pull_label"
    PUSH_DOCUMENT = "push_document"
    RECONCILE = "reconcile"
    CHECK_COSTS = "check_costs"


OF_ORDERS = (TaskKind.FETCH, TaskKind.OBTAIN_NEW, TaskKind.SYNC_ORDER)
"""The tasks that the lane does which fetches orders."""


class TaskState(StrEnum):
    """Where a task stands (DOMAIN 4.3 G); `outcome` says how it ended for the business."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Totals(Struct, frozen=True):
    """How many orders a task found, and what became of them."""

    found: int = 0
    changed: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0

    def __add__(self, other: Totals) -> Totals:
        """Add up two counts."""
        return Totals(*(a + b for a, b in zip(_values(self), _values(other), strict=True)))


def _values(totals: Totals) -> tuple[int, ...]:
    return (totals.found, totals.changed, totals.unchanged, totals.skipped, totals.failed)


class Task(Struct, frozen=True, kw_only=True):
    """A task's row. Times are milliseconds since 1970 UTC. `scope` is what it was asked for: refs, one a line."""

    id: int
    kind: str
    connection: str
    origin: str
    state: str
    asked_at: int
    warehouse: str | None = None
    scope: str = ""
    actor: str = ""
    outcome: str | None = None
    error: str | None = None
    found: int = 0
    changed: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0
    started_at: int | None = None
    finished_at: int | None = None


class Item(Struct, frozen=True):
    """What a task did about one order. `diff` is JSON: in what it differed (flows.task_items), without personal data."""

    ref: str
    result: str
    detail: str = ""
    diff: str = ""


FIELDS = Task.__struct_fields__
COLUMNS = ", ".join(FIELDS)
_INSERT = "INSERT INTO tasks (" + COLUMNS + ") VALUES (" + ",".join("?" * len(FIELDS)) + ")"
_START = "UPDATE tasks SET state = ?, started_at = ? WHERE id = ? AND state IN (?, ?)"
_ADD = (
    "UPDATE tasks SET found = found + ?, changed = changed + ?, unchanged = unchanged + ?, skipped = skipped + ?, "
    "failed = failed + ? WHERE id = ?"
)
_FINISH = "UPDATE tasks SET state = ?, outcome = ?, error = ?, finished_at = ? WHERE id = ?"
_ITEM = "INSERT INTO task_items (id, task_id, ref, result, detail, diff) VALUES (?, ?, ?, ?, ?, ?)"
_ENDED = "UPDATE task_items SET result = ?, detail = ? WHERE task_id = ? AND ref = ? AND detail <> ''"


def create(
    tx: Transaction,
    kind: TaskKind,
    connection: str,
    now: int,
    *,
    origin: str,
    actor: str = "",
    warehouse: str | None = None,
    scope: str = "",
) -> Task:
    """Write a task down as queued."""
    task = Task(
        id=counters.take(tx, "tasks"), kind=kind, connection=connection, origin=origin, state=TaskState.QUEUED,
        asked_at=now, warehouse=warehouse, scope=scope, actor=actor,
    )  # fmt: skip
    tx.execute(_INSERT, tuple(getattr(task, name) for name in FIELDS))
    return task


def start(tx: Transaction, task_id: int, now: int) -> bool:
    """Mark a queued task as running, or one whose run broke off; False if it is over."""
    return tx.execute(_START, (TaskState.RUNNING, now, task_id, TaskState.QUEUED, TaskState.RUNNING)) == 1


def add(tx: Transaction, task_id: int, totals: Totals, items: Sequence[Item] = ()) -> None:
    """Count what a task did, and keep items worth reading."""
    tx.execute(_ADD, (*_values(totals), task_id))
    if items:
        first = counters.take(tx, "task_items", len(items))
        tx.execute_many(_ITEM, [(first + n, task_id, *_item_values(item)) for n, item in enumerate(items)])


def _item_values(item: Item) -> tuple[str, ...]:
    return (item.ref, item.result, item.detail, item.diff)


def end_as(tx: Transaction, task_id: int, items: Sequence[Item]) -> None:
    """Say how the task ended for orders of which it may have said something before: one item an order. Details are not empty."""
    fresh = [i for i in items if not tx.execute(_ENDED, (i.result, i.detail, task_id, i.ref))]
    add(tx, task_id, Totals(), fresh)


def finish(
    tx: Transaction, task_id: int, state: TaskState, now: int, outcome: str = "", error: str | None = None
) -> None:
    """Write down how a task ended."""
    tx.execute(_FINISH, (state, outcome, error, now, task_id))


def cancel(tx: Transaction, task_id: int, now: int) -> bool:
    """Cancel a task that has not started."""
    sql = "UPDATE tasks SET state = ?, finished_at = ? WHERE id = ? AND state = ?"
    return tx.execute(sql, (TaskState.CANCELLED, now, task_id, TaskState.QUEUED)) == 1


def requeue_running(tx: Transaction) -> int:
    """Queue again what was running when the daemon stopped."""
    return tx.execute("UPDATE tasks SET state = ? WHERE state = ?", (TaskState.QUEUED, TaskState.RUNNING))


def queued(tx: Transaction, connection: str, limit: int = 100, kinds: Sequence[TaskKind] = OF_ORDERS) -> list[Task]:
    """Return the tasks of a connection that are to be done, oldest first; call it while none of them is being done.

    One that is marked as running then was broken off by a fault of the database, and is done again.
    """
    sql = (
        "SELECT "
        + COLUMNS
        + " FROM tasks WHERE state IN (?, ?) AND connection = ? AND kind IN ("
        + ",".join("?" * len(kinds))
        + ") ORDER BY id LIMIT ?"
    )
    return [_task(row) for row in tx.rows(sql, (TaskState.QUEUED, TaskState.RUNNING, connection, *kinds, limit))]


def page(tx: Transaction, before: int | None, limit: int, state: str | None = None) -> list[Task]:
    """Return tasks with an id below `before`, newest first."""
    sql = "SELECT " + COLUMNS + " FROM tasks WHERE id < ? AND (state = ? OR ? IS NULL) ORDER BY id DESC LIMIT ?"
    return [_task(row) for row in tx.rows(sql, (before or 2**62, state, state, limit))]


def get(tx: Transaction, task_id: int) -> Task | None:
    """Return a task."""
    row = tx.one("SELECT " + COLUMNS + " FROM tasks WHERE id = ?", (task_id,))
    return None if row is None else _task(row)


def items(tx: Transaction, task_id: int, after: int, limit: int) -> list[tuple[int, Item]]:
    """Return a task's items with an id above `after`."""
    sql = "SELECT id, ref, result, detail, diff FROM task_items WHERE task_id = ? AND id > ? ORDER BY id LIMIT ?"
    return [(row[0], Item(*row[1:])) for row in tx.rows(sql, (task_id, after, limit))]


def tally(tx: Transaction, task_id: int, result: str) -> dict[str, int]:
    """Count a task's items that ended with `result`, by their detail."""
    sql = "SELECT detail, COUNT(*) FROM task_items WHERE task_id = ? AND result = ? GROUP BY detail ORDER BY detail"
    return dict(tx.rows(sql, (task_id, result)))


def _task(row: tuple[object, ...]) -> Task:
    return Task(**dict(zip(FIELDS, row, strict=True)))  # type: ignore[arg-type]  # columns in the order of the fields
