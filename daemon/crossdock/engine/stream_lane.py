"""The lane that fetches one stream of one connection (documents, products, stock), on schedule and when people ask."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from crossdock.engine.calling_lane import CallingLane
from crossdock.engine.failures import note_failure
from crossdock.engine.pull_lane import finish, note_fetch, take_turn
from crossdock.engine.push_lane import limits
from crossdock.flows import not_offered
from crossdock.flows.listing import Guard, PullPolicy
from crossdock.flows.pull_stream import OnDemand, pull_stream
from crossdock.rules.backoff import delay
from crossdock.rules.connection_health import BAD_ANSWERS, of_one_list
from crossdock.spec.errors import ConnectorError, Unsupported
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


LOOK_AGAIN_S = 3600.0
"""A list that a remote system does not have is asked for again after so many seconds."""


class StreamLane(CallingLane):
    """One stream's fetching. `kind` is the kind of its tasks, by which people may ask for it, too."""

    def __init__(  # noqa: PLR0917 - the rooms it connects
        self,
        link: Link,
        config: Connection,
        engine: Engine,
        interval_s: Callable[[], float],
        house: House,
        keeper: ConnectionKeeper,
        going: Callable[[], bool],
        stream: Stream[Any],
        kind: TaskKind,
        wake: Callable[[frozenset[str]], None],
        fetched: Callable[[str, Totals], None],
    ) -> None:
        super().__init__(link, house, keeper, going, engine.run_budget_s, stream.name)
        self._limits = limits(config)
        self._stream, self._kind, self._wake, self._fetched = stream, kind, wake, fetched
        self._interval_s, self._every = interval_s, timedelta(seconds=config.fetch.every_s)
        self._failed_fetch = False
        self._hinted = False
        self._absent_until: float | None = None
        self._bad = 0
        self._told = True  # perhaps before the daemon was started
        self.may_fetch = True
        self.policy = PullPolicy(
            mode=config.fetch.mode,
            overlap=timedelta(seconds=config.fetch.overlap_s),
            page_size=min(config.fetch.page_size, link.capabilities.max_page),
            max_pages=config.fetch.max_pages,
            initial=timedelta(days=config.fetch.initial_days),
            ordered=link.capabilities.ordered_pages,
        )
        self._guard = Guard(self.policy.max_pages)

    @property
    def kind(self) -> TaskKind:
        """The kind of its tasks."""
        return self._kind

    def hint(self) -> None:
        """Something changed over there: the next run fetches whatever the schedule says. Whoever calls this bounds it."""
        self._hinted = True

    async def wanted(self) -> bool:
        """Tell whether the stream is to be fetched at all."""
        stream = self._stream
        return not isinstance(stream, OnDemand) or await self._house.store.read(stream.wanted)

    async def run_once(self, number: int) -> float | None:
        """Do what is asked and what is due; return the seconds until something is due again."""
        self._begin(number)
        wait = self._keeper.wait_s(self.connection)
        if wait is None or wait > 0:
            return wait
        try:
            await self._tasks()
            due = await self._fetch_if_due()
        except Unsupported as error:
            due = await self._absent(error)
        except ConnectorError as error:
            if of_one_list(error):
                due = await self._unreadable(error)
            else:
                await note_failure(self._link, self._keeper, error, self._asks)
                due = 0.0
        await self._keeper.save()
        wait = self._keeper.wait_s(self.connection)
        return None if wait is None else max(wait, due)

    async def _absent(self, error: Unsupported) -> float:
        """The remote system has no such list. That is an answer: the connection is well, and it is asked again later."""
        house = self._house
        self._failed_fetch, self._absent_until = False, house.env.monotonic() + LOOK_AGAIN_S
        self.succeeded(1)
        now = to_ms(house.env.now())
        await house.store.write(not_offered.report, self.connection, self._stream.name, str(error), now)
        self._told = True
        return LOOK_AGAIN_S

    async def _unreadable(self, error: ConnectorError) -> float:
        """The list cannot be read. Everything else of the connection goes on; this is asked for again, later each time."""
        house = self._house
        self._bad += 1
        wait = delay(self._bad, self._limits.base_s, self._limits.cap_s, house.env.random).total_seconds()
        self._absent_until = house.env.monotonic() + wait
        if self._bad >= BAD_ANSWERS:
            text, now = f"{type(error).__name__}: {error}", to_ms(house.env.now())
            await house.store.write(not_offered.report_unreadable, self.connection, self._stream.name, text, now)
            self._told = True
        return wait

    async def _not_absent(self) -> None:
        """It is there, or nobody wants it any more."""
        self._absent_until, self._bad = None, 0
        if self._told:
            now = to_ms(self._house.env.now())
            await self._house.store.write(not_offered.heal, self.connection, self._stream.name, now)
            self._told = False

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
        if not await self.wanted():
            await self._not_absent()
            return self._every.total_seconds()
        if self._absent_until is not None and (left := self._absent_until - self._house.env.monotonic()) > 0:
            return left
        hinted, self._hinted = self._hinted, False
        wait = 0.0 if hinted else self._seconds(await self._cursor(), self._house.env.now())
        if wait > 0:
            return wait
        if not hinted and not await self._turn(await self._cursor()):
            return self._interval_s()
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
        return await take_turn(self._house, scope, self._interval_s()) is None

    def _seconds(self, cursor: Cursor, now: datetime) -> float:
        if cursor.started_at is None or cursor.finished_at is None or self._failed_fetch:
            return 0
        if cursor.started_at > to_ms(now):
            return 0  # the clock was set back
        period = max(self._every, timedelta(seconds=self._interval_s()))
        return max(0.0, (cursor.started_at + period // timedelta(milliseconds=1) - to_ms(now)) / 1000)

    async def _fetch(self, task: Task | None) -> bool:
        house, now = self._house, self._house.env.now()
        self._failed_fetch = True
        try:
            pulled = await pull_stream(
                self.connection, self._stream, house, self.policy, self.keep_going,
                task_id=None if task is None else task.id, guard=self._guard,
            )  # fmt: skip
        except ConnectorError as error:
            if task is None:
                await house.store.write(
                    note_fetch, self.connection, self._kind, now, house.env.now(), Totals(), str(error)
                )
            raise
        self._failed_fetch = False
        await self._not_absent()
        self.succeeded(1)
        self._fetched(self.connection, pulled.totals)
        self._wake(pulled.wake)
        if task is None and (pulled.totals.changed or pulled.totals.failed):
            await house.store.write(note_fetch, self.connection, self._kind, now, house.env.now(), pulled.totals, None)
        return pulled.more
