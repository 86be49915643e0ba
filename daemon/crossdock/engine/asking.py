"""What every request to the engine shares: the answer, the refusal, and tasks under the five-minute limit."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.store import tasks, throttles
from crossdock.store.times import from_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.store.store import Transaction
    from crossdock.store.tasks import TaskKind


class Refused(Exception):
    """A request that cannot be done; the message says why and what to do."""


class Asked(Struct, frozen=True, kw_only=True):
    """A task that was queued, or when it may be asked for again (the five-minute limit)."""

    task_id: int | None = None
    again_at: datetime | None = None
    text: str


class Turn(Struct, frozen=True):
    """A scope of the five-minute limit: its name, what was done in it (for the refusal), and what may be done instead."""

    scope: str
    done: str
    instead: str = ""


def queue_task(  # noqa: PLR0917 - one unit of work
    tx: Transaction,
    kind: TaskKind,
    oms: str,
    turn: Turn,
    actor: str,
    warehouse: str | None,
    refs: Sequence[str],
    interval: int,
    now: int,
) -> Asked:
    """Write a task down, if the turn's scope may run again."""
    again = throttles.allow(tx, turn.scope, interval, now)
    if again is not None:
        at = from_ms(again)
        instead = f"{turn.instead}; " if turn.instead else ""
        return Asked(
            again_at=at,
            text=f"{turn.done} less than {interval // 1000} s ago; {instead}it may run again at {at:%H:%M:%S} UTC",
        )
    task = tasks.create(tx, kind, oms, now, origin="user", actor=actor, warehouse=warehouse, scope="\n".join(refs))
    return Asked(task_id=task.id, text=f"queued as task {task.id}")
