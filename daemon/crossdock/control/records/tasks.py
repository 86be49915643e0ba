"""Sync tasks."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from crossdock.control.records.orders import Difference


class TaskItem(Struct, frozen=True, kw_only=True):
    """A sync task. `state` is the machine's word, `outcome` the business's."""

    id: int
    kind: str
    connection: str
    state: str
    origin: str
    actor: str
    asked_at: datetime
    warehouse: str | None = None
    orders: int = 0
    outcome: str | None = None
    error: str | None = None
    found: int = 0
    changed: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None


class TaskPage(Struct, frozen=True, kw_only=True):
    """Tasks, newest first."""

    items: tuple[TaskItem, ...]
    next: int | None = None


class TaskResult(Struct, frozen=True, kw_only=True):
    """What a task did about one order.

    `result` is what became of it: queued, new, changed, unchanged, gone, quarantined (and other words in tasks that are not
    about orders of an OMS); `detail` says it in a sentence, or why it failed. `diff`: in what it differed from what was known,
    of personal data the paths only.
    """

    ref: str
    result: str
    detail: str = ""
    diff: tuple[Difference, ...] = ()


class TaskResultPage(Struct, frozen=True, kw_only=True):
    """What a task did, oldest first."""

    items: tuple[TaskResult, ...]
    next: int | None = None
