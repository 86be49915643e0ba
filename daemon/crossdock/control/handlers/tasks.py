"""Sync tasks: listed, shown, their results, cancelled before they start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from crossdock.control.problems import conflict, not_found
from crossdock.control.records.base import Id, Limit, TaskStateName
from crossdock.control.records.tasks import TaskItem, TaskPage, TaskResult, TaskResultPage
from crossdock.control.shown import difference
from crossdock.flows.task_items import differences
from crossdock.store import tasks
from crossdock.store.times import from_ms, to_ms

if TYPE_CHECKING:
    from crossdock.control.route import Call


class TaskQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which tasks are listed. `after` is `next` of the page before."""

    state: TaskStateName | None = None
    after: Id | None = None
    limit: Limit = 50


class ResultQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`after` is `next` of the page before."""

    after: Annotated[int, Meta(ge=0, le=2**62)] = 0
    limit: Limit = 100


async def list_tasks(call: Call[None, TaskQuery]) -> TaskPage:
    """List sync tasks, newest first."""
    query = call.query
    rows = await call.engine.store.read(tasks.page, query.after, query.limit + 1, query.state)
    more = rows[query.limit - 1].id if len(rows) > query.limit else None
    return TaskPage(items=tuple(task_item(row) for row in rows[: query.limit]), next=more)


async def show_task(call: Call[None, object]) -> TaskItem:
    """Show one sync task."""
    return await _task(call)


async def _task(call: Call[None, object]) -> TaskItem:
    found = await call.engine.store.read(tasks.get, call.path["id"])
    if found is None:
        raise not_found(f"there is no task {call.path['id']}")
    return task_item(found)


async def list_results(call: Call[None, ResultQuery]) -> TaskResultPage:
    """List what a task did about each order, oldest first."""
    task = await _task(call)
    query = call.query
    rows = await call.engine.store.read(tasks.items, task.id, query.after, query.limit + 1)
    more = rows[query.limit - 1][0] if len(rows) > query.limit else None
    items = (_result(item) for _, item in rows[: query.limit])
    return TaskResultPage(items=tuple(items), next=more)


def _result(item: tasks.Item) -> TaskResult:
    diff = tuple(difference(change, personal=True) for change in differences(item.diff))  # it holds no personal data
    return TaskResult(ref=item.ref, result=item.result, detail=item.detail, diff=diff)


async def cancel_task(call: Call[None, object]) -> TaskItem:
    """Cancel a sync task that has not started."""
    task = await _task(call)
    if not await call.engine.store.write(tasks.cancel, task.id, to_ms(call.engine.env.now())):
        raise conflict(
            "too_late", f"task {task.id} is {(await _task(call)).state}; only a queued task can be cancelled"
        )
    return await _task(call)


def task_item(task: tasks.Task) -> TaskItem:
    """Show a task's row."""
    return TaskItem(
        id=task.id,
        kind=task.kind,
        connection=task.connection,
        state=task.state,
        origin=task.origin,
        actor=task.actor,
        asked_at=from_ms(task.asked_at),
        warehouse=task.warehouse,
        orders=0 if task.kind == tasks.TaskKind.RECONCILE else len(task.scope.splitlines()),
        outcome=task.outcome,
        error=task.error,
        found=task.found,
        changed=task.changed,
        unchanged=task.unchanged,
        skipped=task.skipped,
        failed=task.failed,
        started_at=from_ms(task.started_at),
        finished_at=from_ms(task.finished_at),
    )
