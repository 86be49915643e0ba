"""A simulated world: remote systems that live on, a database that lives on, and our process, which does not."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossdock.config.model import Breaker, Config, Connection, Fetch, Push, Retry
from crossdock.config.model import Engine as EngineConfig
from crossdock.engine.engine import Engine
from crossdock.env import Env
from crossdock.rules.book import AllocationRule, GiftGate, PushStrategy, StrategyKind, Warehouse
from crossdock.rules.master_policy import MasterPolicy
from crossdock.store import bindings, book, migrate, sqlite, stock
from crossdock.store.store import Store, StoreError
from crossdock.testing.simulation.audit import Audit
from crossdock.testing.simulation.chaos import Chaos, SimEnv, SimulatedCrash
from crossdock.testing.simulation.exchange import WAREHOUSES, Exchange
from crossdock.testing.simulation.exchange_people import ExchangePeople
from crossdock.testing.simulation.oms import NAME, OmsLink, SimOms
from crossdock.testing.simulation.order_book import OrderBook
from crossdock.testing.simulation.people import People
from crossdock.testing.simulation.schedule import VirtualSchedule
from crossdock.testing.simulation.wms import SimWms, WmsLink

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Coroutine, Sequence

    from peewee import SqliteDatabase

    from crossdock.spec.outbound import OutboundRequest
    from crossdock.store.store import Transaction
    from crossdock.store.tasks import Totals
    from crossdock.testing.simulation.clock import VirtualLoop
    from crossdock.testing.simulation.profiles import Profile

_process: contextvars.ContextVar[Process | None] = contextvars.ContextVar("process", default=None)


class Nobody:
    """An engine.engine.Watcher that counts nothing."""

    def fetched(self, connection: str, totals: Totals) -> None:
        """Ignore it."""

    def pushed(self, connection: str, result: str, count: int) -> None:
        """Ignore it."""


class World:
    """Everything that outlives a crash, and the process that runs now."""

    def __init__(self, seed: int, profile: Profile, loop: VirtualLoop) -> None:
        self.seed = name = str(seed)
        self.profile, self.loop = profile, loop
        self.chaos = Chaos(name, loop)
        self.audit = Audit()
        self.orders = OrderBook(name, loop, profile)
        self.oms = SimOms(name, loop, self.orders, profile.min_interval_s, lambda: self.chaos.paused_s)
        self.warehouses = [SimWms(name, "wms-a", loop, profile), SimWms(name, "wms-b", loop, profile)]
        self.people = People(name, self.orders, self.warehouses, profile.settle_s)
        self.chaos.on_fault = self.oms.forgive
        self.exchange: Exchange | None = None
        if profile.exchange:
            self.exchange = Exchange(name, loop, self.orders, ordered=self.oms.ordered)
            for wms in self.warehouses:
                wms.floor = self.exchange.floors[wms.name]
            self.oms.told_cancelled = self._cancelled_is_told
            self.people.more = ExchangePeople(name, self.exchange, self.orders)
        self.disk_full = False
        self.config = configuration(profile)
        self._folder = tempfile.TemporaryDirectory(prefix="crossdock-sim-") if profile.file else None
        self.database = self._open_database(first=True)
        self.incarnations = 0
        loop.set_task_factory(_tagged)
        loop.set_exception_handler(self._complain)

    @property
    def connection(self) -> sqlite3.Connection:
        """The database as the simulation looks at it, between two units of work."""
        connection: sqlite3.Connection = self.database.connection()
        return connection

    def _open_database(self, *, first: bool) -> SqliteDatabase:
        fresh = template(exchange=self.profile.exchange) if first else b""
        path = ":memory:" if self._folder is None else str(Path(self._folder.name) / "crossdock.db")
        if first and self._folder is not None:
            Path(path).write_bytes(fresh)
        database = sqlite.connect(path)
        database.connect()
        if self._folder is None:
            database.connection().deserialize(fresh)
        else:
            database.execute_sql("PRAGMA synchronous = off")  # a process dies here, never the machine
        self.audit.install(database.connection())
        return database

    def reopen(self) -> None:
        """Open the file again as a new process would; what lives in memory lives on."""
        if self._folder is not None:
            self.judge_moves()
            self.database.close()
            self.database = self._open_database(first=False)

    def judge_moves(self) -> None:
        """Judge what the triggers noted so far."""
        self.audit.moves(self.connection)
        self.audit.turns(self.connection, int(self.profile.min_interval_s * 1000))

    def _cancelled_is_told(self, ref: str) -> None:
        """The OMS is about to hear that an order is cancelled: by now no warehouse may ship it."""
        assert self.exchange is not None
        for floor in self.exchange.floors.values():
            for shipment in floor.of_order(ref):
                self.audit.say(f"{ref} is told cancelled while {floor.name} has it {shipment.stage}")

    def free_bytes(self) -> int:
        """Space on the simulated disk."""
        return 0 if self.disk_full else 1 << 40

    def watch(self, items: Sequence[OutboundRequest]) -> None:
        """See what is about to leave."""
        self.audit.watch(self.connection, items)

    def _complain(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not isinstance(error, (SimulatedCrash, asyncio.CancelledError)):
            self.audit.say(f"a task failed: {context.get('message')} {error!r}")

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()
        if self._folder is not None:
            self._folder.cleanup()


class Process:
    """One incarnation of the daemon: an engine with its links, its people and all its tasks."""

    def __init__(self, world: World) -> None:
        world.incarnations += 1
        self.tasks: set[asyncio.Task[Any]] = set()
        self.died = asyncio.Event()
        self.world = world
        self.env = SimEnv(world.loop, f"{world.seed}/{world.incarnations}", world.chaos, self.died.set)
        self.schedule = VirtualSchedule(self.env)
        self.store = Store(world.database, self.env, inline=True)
        self.engine = Engine(world.config, self.store, self.env, self.schedule, Nobody(), world.free_bytes)
        self.wms_links = [WmsLink(wms, self.env, world.watch, world.loop, world.exchange) for wms in world.warehouses]
        self._people: asyncio.Future[None] | None = None
        self._context = contextvars.copy_context()
        self._context.run(_process.set, self)

    async def start(self) -> bool:
        """Recover and serve; False if it died or could not start."""
        try:
            await self._inside(
                self.engine.start([OmsLink(self.world.oms, self.env, self.world.exchange), *self.wms_links])
            )
        except (SimulatedCrash, StoreError):
            await self.kill()
            return False
        self._people = self._context.run(asyncio.ensure_future, self.world.people.act(self.engine))
        return True

    async def kill(self) -> None:
        """Die: from now on nothing commits, nothing is sent, no task goes on."""
        self.env.dead = True
        while left := [task for task in self.tasks if not task.done()]:
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def stop(self) -> None:
        """Stop as SIGTERM asks; it may die on the way."""
        with contextlib.suppress(SimulatedCrash, StoreError):
            await self._inside(self.engine.stop())
        await self.kill()

    def suspend(self, seconds: float) -> asyncio.Task[None]:
        """Sleep as SIGSTOP makes it, with calls under way; return the task in which it wakes up and finishes."""
        for link in self.wms_links:
            link.suspended_until = self.world.loop.time() + seconds
        self.schedule.stop()
        self.engine._stopping = True  # noqa: SLF001 - it starts nothing any more
        for name, lane in self.engine.lanes.items():
            lane.stop()
            if not name.startswith("push:"):
                self.engine._serving[name].cancel()  # noqa: SLF001
        if self._people is not None:
            self._people.cancel()
        return asyncio.create_task(self._wake(seconds))

    async def _wake(self, seconds: float) -> None:
        await asyncio.sleep(seconds + 3)
        await self.kill()

    async def _inside(self, coroutine: Coroutine[Any, Any, None]) -> None:
        await self._context.run(asyncio.ensure_future, coroutine)


def _tagged(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
    """Make a task that belongs to the process in whose context it was made."""
    task: asyncio.Task[Any] = asyncio.Task(coroutine, loop=loop, **options)
    owner = _process.get()
    if owner is not None:
        owner.tasks.add(task)
        task.add_done_callback(owner.tasks.discard)
    return task


def configuration(profile: Profile) -> Config:
    """Make the configuration of a simulated daemon: everything small and quick."""
    retry = Retry(base_s=0.2, cap_s=4, retry_after_cap_s=5)
    breaker = Breaker(failures=4, window_s=10, open_s=2)
    fetch = Fetch(every_s=1.5, overlap_s=profile.overlap_s, page_size=5)
    push = Push(concurrency=3, max_batch=4, settle_s=profile.settle_s)
    documents = Fetch(every_s=2.5, overlap_s=profile.overlap_s, page_size=10)
    wms = Connection(type="simulated", push=push, retry=retry, breaker=breaker, fetch=documents)
    return Config(
        state_dir="/simulated",
        connections={
            NAME: Connection(type="simulated", fetch=fetch, retry=retry, breaker=breaker),
            "wms-a": wms,
            "wms-b": wms,
        },
        engine=EngineConfig(
            min_interval_s=profile.min_interval_s, tick_s=1.0, run_budget_s=4, claim=15, flush_ms=40, shutdown_s=1.5
        ),
    )


@lru_cache(maxsize=2)
def template(*, exchange: bool = False) -> bytes:
    """Return a fresh database: migrated, with its strategies, warehouses and allocation rules."""
    database = sqlite.connect(":memory:")
    database.connect()
    migrate.migrate(database)
    store = Store(database, Env(), inline=True)
    store._run(sqlite.BEGIN_WRITE, _fill, (), {})  # noqa: SLF001 - no loop runs yet
    if exchange:
        store._run(sqlite.BEGIN_WRITE, _fill_exchange, (), {})  # noqa: SLF001 - as above
    content: bytes = database.connection().serialize()
    database.close()
    return content


def _fill(tx: Transaction) -> None:
    book.save(tx, PushStrategy(name="ahead", kind=StrategyKind.ADVANCE, gift_gate=GiftGate.WAIT_FLAG))
    book.save(tx, Warehouse(code="WH-A", connection="wms-a", remote="a", strategies=("ahead",), auto_push=True))
    book.save(tx, Warehouse(code="WH-B", connection="wms-b", remote="b", strategies=("ahead",), auto_push=True))
    book.save(tx, AllocationRule(position=1, warehouse="WH-A", countries=("TH",)))
    book.save(tx, AllocationRule(position=2, warehouse="WH-B"))


def _fill_exchange(tx: Transaction) -> None:
    for connection, code, _ in WAREHOUSES:
        stock.set_switch(tx, code, on=True, oms="")
        book.save(tx, MasterPolicy(warehouse=code, oms=NAME, enabled=True, tolerance_s=1))
        bindings.enrol(tx, code, NAME, connection, 0)
