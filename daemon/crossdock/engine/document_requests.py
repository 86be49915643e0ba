"""What people may ask about documents: fetch them now, push them again."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.engine.document_exchange import targets
from crossdock.engine.exchange_costs import costing
from crossdock.flows.post_documents import Desk
from crossdock.flows.repush_documents import repush_matching, repush_named
from crossdock.store import tasks, throttles
from crossdock.store.tasks import TaskKind
from crossdock.store.times import from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crossdock.engine.engine import Engine
    from crossdock.flows.repush_documents import DocumentName, Repushed
    from crossdock.store.audit import By
    from crossdock.store.documents import Wanted
    from crossdock.store.store import Transaction

KINDS = {"outbound": TaskKind.FETCH_OUTBOUND, "inbound": TaskKind.FETCH_INBOUND}


class Fetching(Struct, frozen=True, kw_only=True):
    """A task that was queued, or when it may be asked for again (the five-minute limit)."""

    task_id: int | None = None
    again_at: datetime | None = None
    text: str


class DocumentRequests:
    """The engine's door for documents. `actor` names who asks."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def desk(self) -> Desk:
        """Return what a decision about documents rests on now."""
        engine = self._engine
        costs = costing(engine.config, engine.links)
        return Desk(engine.books, targets(engine.links, engine.config), engine.env.now(), costs)

    def can_fetch(self, connection: str, direction: str) -> bool:
        """Tell whether a connection lists documents of this direction."""
        return f"{direction}:{connection}" in self._engine.streams

    async def fetch(self, connection: str, direction: str, actor: str) -> Fetching:
        """Fetch the documents of one direction now, as a task; once in five minutes for each."""
        engine = self._engine
        interval = int(engine.config.engine.min_interval_s * 1000)
        asked = await engine.store.write(_queue, connection, direction, actor, interval, to_ms(engine.env.now()))
        engine.wake(f"{direction}:{connection}")
        return asked

    async def repush(self, names: Sequence[DocumentName], by: By) -> list[Repushed]:
        """Push chosen documents again."""
        return self._woken(await self._engine.store.write(repush_named, names, by, self.desk()))

    async def repush_all(self, wanted: Wanted, after: int, by: By) -> tuple[list[Repushed], int | None, int]:
        """Push a chunk of all that match again; also where to go on, and how many match from there."""
        answers, more, count = await self._engine.store.write(repush_matching, wanted, after, by, self.desk())
        return self._woken(answers), more, count

    def _woken(self, answers: list[Repushed]) -> list[Repushed]:
        self._engine.wake_operations(_wakes(answers))
        return answers


def _wakes(answers: Iterable[Repushed]) -> set[str]:
    return {answer.wake for answer in answers if answer.wake is not None}


def _queue(tx: Transaction, connection: str, direction: str, actor: str, interval: int, now: int) -> Fetching:
    again = throttles.allow(tx, f"documents:{connection}:{direction}", interval, now)
    if again is not None:
        at = from_ms(again)
        said = f"{direction} documents of {connection} were asked for less than {interval // 1000} s ago"
        return Fetching(again_at=at, text=f"{said}; they may be asked for again at {at:%H:%M:%S} UTC")
    task = tasks.create(tx, KINDS[direction], connection, now, origin="user", actor=actor)
    return Fetching(task_id=task.id, text=f"queued as task {task.id}")
