"""Reconciliation: asked for; the task that does it is listed and shown like every other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.control.permissions import Right
from crossdock.control.problems import conflict, not_valid
from crossdock.control.records.asks import Queued
from crossdock.flows.reconcile import Ordered

if TYPE_CHECKING:
    from crossdock.control.records.reconcile import Reconcile
    from crossdock.control.route import Call


async def reconcile(call: Call[Reconcile, object]) -> Queued:
    """Compare OMS, warehouses and what crossdock holds, and mend what is safe, or only plan it (a task)."""
    body = call.body
    if body.force:
        call.need(Right.CONNECTION_ADMIN, "mending more than the brake allows")
    if body.force and body.dry_run:
        raise not_valid("a dry run mends nothing, so there is nothing to force")
    if body.warehouse is not None:
        book = await call.engine.store.read(call.engine.books.current)
        if body.warehouse not in book.warehouses:
            known = ", ".join(sorted(book.warehouses)) or "none"
            raise not_valid(f"there is no warehouse '{body.warehouse}' (known: {known})")
    ordered = Ordered(days=body.days, warehouse=body.warehouse, dry_run=body.dry_run, force=body.force)
    task = await call.requests.reconciliation.reconcile(ordered, call.actor)
    if task is None:
        raise conflict("under_way", "a reconciliation is queued or running; `crossdock tasks list` shows it")
    return Queued(task_id=task, text=f"queued as task {task}")
