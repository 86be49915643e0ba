"""The lane that fetches one stream of one connection (documents, products, stock), on schedule and when people ask."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from crossdock.engine.calling_lane import CallingLane
from crossdock.engine.failures import note_failure
from crossdock.engine.pull_lane import finish, note_fetch, take_turn
from crossdock.flows.listing import PullPolicy
from crossdock.flows.pull_stream import OnDemand, pull_stream
from crossdock.spec.errors import ConnectorError
from crossdock.store import cursors, tasks
from crossdock.store.tasks import TaskState, Totals
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from crossdock.config.model import Connection, Engine
    from crossdock.engine.connection_keeper import ConnectionKeeper
    from crossdock.engine.links import Link
    from crossdock.flows.house import House
    from crossdock.flows.pull_stream import Stream
    from crossdock.store.cursors import Cursor
    from crossdock.store.tasks import Task, TaskKind


class StreamLane(CallingLane):
    """One stream's fetching. `kind` is the kind of its tasks, by which people may ask for it, too."""

    def __init__(  # noqa: PLR0917 - the rooms it connects
        self,
        link: Link,
        config: Connection,
        engine: Engine,
        house: House,
        keeper: ConnectionKeeper,
        going: Callable[[], bool],
        stream: Stream[Any],
        kind: TaskKind,
        wake: Callable[[frozenset[str]], None],
        fetched: Callable[[str, Totals], None],
    ) -> None:
        super().__init__(link, house, keeper, going, engine.run_budget_s)
        self._stream, self._kind, self._wake, self._fetched = stream, kind, wake, fetched
        self._engine, self._every = engine, timedelta(seconds=config.fetch.every_s)
        self._failed_fetch = False
        self.may_fetch = True
        self.policy = PullPolicy(
            mode=config.fetch.mode,
            overlap=timedelta(seconds=config.fetch.overlap_s),
            page_size=min(config.fetch.page_size, link.capabilities.max_page),
            max_pages=config.fetch.max_pages,
            initial=timedelta(days=config.fetch.initial_days),
            ordered=link.capabilities.ordered_pages,
        )

    async def run_once(self, number: int) -> float | None:
        """Do what is asked and what is due; return the seconds until something is due again."""
        self._begin(number)
        if isinstance(self._stream, OnDemand) and not await self._stream.wanted():
            return self._every.total_seconds()
        wait = self._keeper.wait_s(self.connection)
        if wait is None or wait > 0:
            return wait
        try:
            await self._tasks()
            due = await self._fetch_if_due()
        except ConnectorError as error:
            await note_failure(self._link, self._keeper, error)
            due = 0.0
        await self._keeper.save()
        wait = self._keeper.wait_s(self.connection)
        return None if wait is None else max(wait, due)

    async def _tasks(self) -> None:
        store, env = self._house.store, self._house.env
        for task in await store.read(tasks.queued, self.connection, 100, (self._kind,)):
            if not self._going() or not await store.write(tasks.start, task.id, to_ms(env.now())):
                return
            try:
                while await self._fetch(task) and self._going():
                    self._until = env.monotonic() + self._budget
            except ConnectorError as error:
                text = f"{error}; it is tried again when asked again"
                await store.write(tasks.finish, task.id, TaskState.FAILED, to_ms(env.now()), "", text)
                raise
            await store.write(finish, task.id, to_ms(env.now()))

    async def _fetch_if_due(self) -> float:
        if not self.may_fetch:
            return self._every.total_seconds()
        wait = self._seconds(await self._cursor(), self._house.env.now())
        if wait > 0:
            return wait
        if not await self._turn(await self._cursor()):
            return self._engine.min_interval_s
        if await self._fetch(None):
            return 0
        return self._seconds(await self._cursor(), self._house.env.now())

    async def _cursor(self) -> Cursor:
        return await self._house.store.read(cursors.load, self.connection, self._stream.name)

    async def _turn(self, cursor: Cursor) -> bool:
        """Take the fetch's turn. Going on with a listing, or trying a failed one again, needs none."""
        if self._failed_fetch or (cursor.started_at is not None and cursor.finished_at is None):
            return True
        scope = f"fetch:{self.connection}:{self._stream.name}"
        return await take_turn(self._house, scope, self._engine.min_interval_s) is None

    def _seconds(self, cursor: Cursor, now: datetime) -> float:
        if cursor.started_at is None or cursor.finished_at is None or self._failed_fetch:
            return 0
        if cursor.started_at > to_ms(now):
            return 0  # the clock was set back
        period = max(self._every, timedelta(seconds=self._engine.min_interval_s))
        return max(0.0, (cursor.started_at + period // timedelta(milliseconds=1) - to_ms(now)) / 1000)

    async def _fetch(self, task: Task | None) -> bool:
        house, now = self._house, self._house.env.now()
        self._failed_fetch = True
        try:
            pulled = await pull_stream(
                self.connection, self._stream, house, self.policy, self.keep_going,
                task_id=None if task is None else task.id,
            )  # fmt: skip
        except ConnectorError as error:
            if task is None:
                await house.store.write(
                    note_fetch, self.connection, self._kind, now, house.env.now(), Totals(), str(error)
                )
            raise
        self._failed_fetch = False
        self.succeeded(1)
        self._fetched(self.connection, pulled.totals)
        self._wake(pulled.wake)
        if task is None and (pulled.totals.changed or pulled.totals.failed):
            await house.store.write(note_fetch, self.connection, self._kind, now, house.env.now(), pulled.totals, None)
        return pulled.more
