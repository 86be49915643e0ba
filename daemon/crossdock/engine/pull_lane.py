"""The lane that fetches the orders of one OMS connection, on schedule and when people ask."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from crossdock.engine.failures import note_failure
from crossdock.flows.listing import PullPolicy
from crossdock.flows.pull_orders import pull_orders, sync_orders
from crossdock.flows.reconsider import Desk, obtain
from crossdock.flows.report_push import report_pushes
from crossdock.spec.errors import ConnectorError
from crossdock.store import cursors, push_reports, tasks, throttles
from crossdock.store.tasks import Item, TaskKind, TaskState, Totals
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crossdock.config.model import Connection, Engine
    from crossdock.engine.connection_keeper import ConnectionKeeper
    from crossdock.engine.links import Link
    from crossdock.flows.house import House
    from crossdock.store.cursors import Cursor
    from crossdock.store.store import Transaction
    from crossdock.store.tasks import Task

log = logging.getLogger("crossdock.engine")

SYNC_CHUNK = 50
"""Orders asked for in one call of get_orders."""

REPORT_IDLE_S = 60.0
"""The report lane looks for reports after so long although nobody woke it."""


class PullLane:
    """One OMS connection's fetching, its tasks, and its reports."""

    def __init__(  # noqa: PLR0917 - the rooms it connects
        self,
        link: Link,
        config: Connection,
        engine: Engine,
        interval_s: Callable[[], float],
        house: House,
        keeper: ConnectionKeeper,
        going: Callable[[], bool],
        wake: Callable[[frozenset[str]], None],
        fetched: Callable[[str, Totals], None],
    ) -> None:
        self.connection = link.name
        self._link, self._house, self._keeper = link, house, keeper
        self._going, self._wake, self._fetched = going, wake, fetched
        self._engine, self._every = engine, timedelta(seconds=config.fetch.every_s)
        self._interval_s = interval_s
        self._until = 0.0
        self._failed_fetch = False
        self._hinted = False
        self.may_fetch = True
        self.policy = PullPolicy(
            mode=config.fetch.mode,
            overlap=timedelta(seconds=config.fetch.overlap_s),
            page_size=min(config.fetch.page_size, link.capabilities.max_page),
            max_pages=config.fetch.max_pages,
            initial=timedelta(days=config.fetch.initial_days),
            ordered=link.capabilities.ordered_pages,
        )

    async def run_once(self, _number: int) -> float | None:
        """Do what is asked and what is due; return the seconds until something is due again."""
        self._until = self._house.env.monotonic() + self._engine.run_budget_s
        wait = self._keeper.wait_s(self.connection)
        if wait is None or wait > 0:
            return wait
        try:
            await self._tasks()
            due = await self._fetch_if_due()
        except ConnectorError as error:
            await note_failure(self._link, self._keeper, error, "pull")
            due = 0.0
        await self._keeper.save()
        wait = self._keeper.wait_s(self.connection)
        return None if wait is None else max(wait, due)

    def hint(self) -> None:
        """Something changed over there: the next run fetches whatever the schedule says. Whoever calls this bounds it."""
        self._hinted = True

    def keep_going(self) -> bool:
        """Tell whether the run may go on."""
        return self._going() and self._house.env.monotonic() < self._until

    async def _fetch_if_due(self) -> float:
        """Fetch if it is time, and return the seconds until the next time."""
        if not self.may_fetch:
            return self._every.total_seconds()
        cursor = await self._house.store.read(cursors.load, self.connection)
        hinted, self._hinted = self._hinted, False
        wait = 0.0 if hinted else self.seconds_to_fetch(cursor, self._house.env.now())
        if wait > 0:
            return wait
        if not hinted and not await self._turn(cursor):
            return self._interval_s()
        more = await self._fetch(TaskKind.FETCH, None)
        if more:
            return 0
        cursor = await self._house.store.read(cursors.load, self.connection)
        return self.seconds_to_fetch(cursor, self._house.env.now())

    async def _turn(self, cursor: Cursor) -> bool:
        """Take the fetch's turn. Going on with a listing, or trying a failed one again, needs none."""
        if self._failed_fetch or (cursor.started_at is not None and cursor.finished_at is None):
            return True
        return await take_turn(self._house, f"fetch:{self.connection}", self._interval_s()) is None

    def seconds_to_fetch(self, cursor: Cursor, now: datetime) -> float:
        """Seconds until the next listing starts; 0 for one that is under way or failed."""
        if cursor.started_at is None or cursor.finished_at is None or self._failed_fetch:
            return 0
        if cursor.started_at > to_ms(now):
            return 0  # the clock was set back
        period = max(self._every, timedelta(seconds=self._interval_s()))
        due = cursor.started_at + period // timedelta(milliseconds=1)
        return max(0.0, (due - to_ms(now)) / 1000)

    async def _fetch(self, kind: TaskKind, task: Task | None) -> bool:
        house, now = self._house, self._house.env.now()
        self._failed_fetch = True
        try:
            pulled = await pull_orders(
                self.connection, self._link, house, self.policy, self.keep_going,
                task_id=None if task is None else task.id, on_wake=self._wake,
            )  # fmt: skip
        except ConnectorError as error:
            if task is None:
                await house.store.write(note_fetch, self.connection, kind, now, house.env.now(), Totals(), str(error))
            raise
        self._failed_fetch = False
        self._keeper.succeeded(self.connection, "pull")
        self._fetched(self.connection, pulled.totals)
        if task is None and (pulled.totals.changed or pulled.totals.failed):
            await house.store.write(
                note_fetch,
                self.connection,
                kind,
                now,
                house.env.now(),
                pulled.totals,
                None,
                items=pulled.items,
            )
        return pulled.more

    async def _tasks(self) -> None:
        """Do what people asked for, oldest first."""
        for task in await self._house.store.read(tasks.queued, self.connection):
            if not self._going():
                return
            await self._do(task)

    async def _do(self, task: Task) -> None:
        store, env = self._house.store, self._house.env
        if not await store.write(tasks.start, task.id, to_ms(env.now())):
            return
        try:
            if task.kind == TaskKind.SYNC_ORDER:
                await self._sync(task)
            else:
                await self._obtain(task)
        except ConnectorError as error:
            text = f"{error}; it is tried again when asked again"
            await store.write(tasks.finish, task.id, TaskState.FAILED, to_ms(env.now()), "", text)
            raise
        await store.write(finish, task.id, to_ms(env.now()))

    async def _sync(self, task: Task) -> None:
        refs = task.scope.splitlines()
        for start in range(0, len(refs), SYNC_CHUNK):
            chunk = refs[start : start + SYNC_CHUNK]
            absorbed = await sync_orders(self.connection, self._link, self._house, chunk, task.id)
            self._keeper.succeeded(self.connection, "pull")
            self._wake(absorbed.wake)

    async def _obtain(self, task: Task) -> None:
        """Fetch, unless that was done less than the limit ago, then queue what a strategy matches."""
        house = self._house
        if self.may_fetch and await take_turn(house, f"fetch:{self.connection}", self._interval_s()) is None:
            while await self._fetch(TaskKind.OBTAIN_NEW, task) and self._going():
                self._until = house.env.monotonic() + self._engine.run_budget_s
        after: int | None = 0
        while after is not None:
            desk = Desk(house.books, house.read_order, house.env.now())
            answers, after = await house.store.write(
                obtain, self.connection, task.warehouse or "", task.actor, desk, after
            )
            items = [Item(answer.order, "queued", f"for warehouse {task.warehouse}") for answer in answers]
            await house.store.write(tasks.end_as, task.id, items)
            self._wake(frozenset(answer.wake for answer in answers if answer.wake is not None))

    async def report_once(self, _number: int) -> float | None:
        """Report pushes to the OMS; return the seconds until more is due."""
        wait = self._keeper.wait_s(self.connection)
        if wait is None or wait > 0:
            return wait
        try:
            more = await report_pushes(self.connection, self._link, self._house)
        except ConnectorError as error:
            self._keeper.failed(self.connection, error, "report")
            await self._keeper.save()
            return self._keeper.wait_s(self.connection)
        if more:
            return 0
        due = await self._house.store.read(push_reports.next_due, self.connection)
        if due is None:
            return REPORT_IDLE_S
        return min(REPORT_IDLE_S, max(0.0, (due - to_ms(self._house.env.now())) / 1000))


async def take_turn(house: House, scope: str, interval_s: float) -> int | None:
    """Take a scope's turn under the five-minute limit; None if it was free, else when it is (milliseconds)."""
    now = to_ms(house.env.now())
    return await house.store.write(throttles.allow, scope, int(interval_s * 1000), now)


def note_fetch(
    tx: Transaction,
    connection: str,
    kind: TaskKind,
    started: datetime,
    ended: datetime,
    totals: Totals,
    error: str | None,
    *,
    items: Sequence[Item] = (),
) -> None:
    """Write down a scheduled fetch that found something, or failed."""
    task = tasks.create(tx, kind, connection, to_ms(started), origin="schedule")
    tasks.start(tx, task.id, to_ms(started))
    tasks.add(tx, task.id, totals, items)
    state = TaskState.FAILED if error is not None else TaskState.PARTIAL if totals.failed else TaskState.SUCCEEDED
    tasks.finish(tx, task.id, state, to_ms(ended), "", error)


def finish(tx: Transaction, task_id: int, now: int) -> None:
    """End a task by what it counted."""
    task = tasks.get(tx, task_id)
    if task is not None:
        state = TaskState.PARTIAL if task.failed or task.skipped else TaskState.SUCCEEDED
        unknown = f"; {task.skipped} not known to {task.connection}" if task.skipped else ""
        outcome = f"{task.found} found, {task.changed} changed, {task.unchanged} unchanged{unknown}{_queued(tx, task)}"
        tasks.finish(tx, task_id, state, now, outcome)


def _queued(tx: Transaction, task: Task) -> str:
    """Say what a task queued, where that is what it was for or it did so."""
    counted = tasks.tally(tx, task.id, "queued")
    if not counted:
        return "; none queued" if task.kind == TaskKind.OBTAIN_NEW else ""
    return "; queued: " + ", ".join(f"{count} {warehouse}" for warehouse, count in counted.items())
