"""The replay's world: the core as shipped on a file, on a clock that follows the stream, before sandboxes in memory."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from msgspec.structs import replace

from crossdock.config.model import Config, Connection, Fetch
from crossdock.config.model import Engine as EngineConfig
from crossdock.connectors.discovery import Plugins
from crossdock.connectors.host import PluginHost
from crossdock.engine.engine import Engine
from crossdock.engine.requests import Requests
from crossdock.env import Env
from crossdock.rules.book import AllocationRule, GiftGate, PushStrategy, StrategyKind, Warehouse
from crossdock.store import migrate, sqlite
from crossdock.store.store import Store
from crossdock.testing.replay.floor import Floor
from crossdock.testing.replay.memory_wire import MemorySession
from crossdock.testing.sandbox.documents_wms import DocumentRooms
from crossdock.testing.sandbox.fault_scripts import load_script
from crossdock.testing.sandbox.faults import PUT_ORDER, Fault, Faults, Match, Rule, Script
from crossdock.testing.sandbox.oms import OmsCore
from crossdock.testing.sandbox.oms_books import OmsBooks, stored_order
from crossdock.testing.sandbox.wms import WmsCore
from crossdock.testing.sandbox.wms_books import WmsBooks
from crossdock.testing.sandbox.wms_changes import Changes
from crossdock.testing.simulation.clock import VirtualLoop
from crossdock.testing.simulation.schedule import VirtualSchedule

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import aiohttp

    from crossdock.connectors.open_connection import OpenConnection
    from crossdock.spec.orders import Order
    from crossdock.store.store import Transaction
    from crossdock.store.tasks import Totals
    from crossdock.testing.sandbox.call import Core
    from crossdock.testing.sandbox.wms_books import Idempotency

TOKEN = "replay"  # noqa: S105 - nobody but this process can be reached with it
OMS = "shop"
GIFT_MINUTES = 15
PLUGINS = ("crossdock-oms-default", "crossdock-wms-default")
WAREHOUSES: dict[str, tuple[str, Idempotency]] = {"BKK-1": ("wms-bkk", "key"), "LON-1": ("wms-lon", "lookup")}
"""Warehouse → its connection, and how its WMS treats a key that comes again."""
RULES: tuple[tuple[int, tuple[str, ...] | None, str], ...] = (
    (10, ("TH", "VN", "ID"), "BKK-1"),
    (20, ("GB", "IE"), "LON-1"),
    (99, None, "BKK-1"),
)
"""Position, countries of the recipient (None: all), warehouse."""


DOCUMENTS_S = 21_600
"""The stream has no documents of warehouses: these are listed now and then only."""


class YearLoop(VirtualLoop):
    """A virtual loop that can run for years."""

    def __init__(self) -> None:
        super().__init__()
        # asyncio runs a timer that is due within this. It would be a nanosecond; from 2²⁴ s on (194 days) that is less
        # than a float can add, and a timer that is due this very moment would never run.
        self._clock_resolution = 1e-6


class ReplayEnv(Env):
    """A world whose wall and monotonic clocks are the loop's; the loop's 0 is `start`."""

    def __init__(self, loop: VirtualLoop, start: datetime, seed: int) -> None:
        super().__init__(seed=seed)
        self._loop, self._start = loop, start
        self._ids = 0

    def now(self) -> datetime:
        """The stream's time."""
        return self._start + timedelta(seconds=self._loop.time())

    def monotonic(self) -> float:
        """Seconds since the replay's beginning."""
        return self._loop.time()

    def new_id(self) -> str:
        """A number that is new, so that a seed always gives the same run."""
        self._ids += 1
        return f"{self._ids:032x}"


class Counting:
    """An engine.engine.Watcher that counts how sending ended."""

    def __init__(self) -> None:
        self.ended: Counter[str] = Counter()

    def fetched(self, connection: str, totals: Totals) -> None:
        """Ignore it."""

    def pushed(self, connection: str, result: str, count: int) -> None:  # noqa: ARG002 - the protocol's
        """Count it."""
        self.ended[result] += count


class OwnFaults(logging.Handler):
    """Collects what the daemon logs as errors of its own: a replay must have none."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one error, with the exception behind it."""
        cause = "" if record.exc_info is None else f" ({record.exc_info[1]!r})"
        self.seen.append(record.getMessage() + cause)


class World:
    """Sandbox OMS, two sandbox warehouses and the engine between them. `start` first, `stop` last."""

    def __init__(self, loop: VirtualLoop, start: datetime, file: Path, faults: str, seed: int) -> None:
        self.loop = loop
        self.env = ReplayEnv(loop, start, seed)
        self.oms_books = OmsBooks()
        self.books = {name: WmsBooks((name,), idempotency=kind) for name, (_, kind) in WAREHOUSES.items()}
        self.changes = {name: Changes(books) for name, books in self.books.items()}
        self.floors = [Floor(self.books[name], self.changes[name]) for name in self.books]
        self.counting = Counting()
        self.config = configuration()
        self.faults = {name: Faults(script(faults, seed, name)) for name in self.config.connections}
        database = sqlite.connect(str(file))
        database.connect()
        database.execute_sql("PRAGMA synchronous = OFF")  # a year of commits; nobody cuts the power of a replay
        migrate.migrate(database)
        self.store = Store(database, self.env, inline=True)
        schedule = VirtualSchedule(self.env)
        self.engine = Engine(self.config, self.store, self.env, schedule, self.counting, lambda: 2**40)
        self._seed = seed
        self._links: list[OpenConnection] = []

    async def start(self) -> None:
        """Start the engine with what people decided: one strategy, two warehouses, three allocation rules."""
        plugins = Plugins()
        plugins.load_allowed(PLUGINS, strict=False, known={})
        host = PluginHost(plugins, self.env)
        cores: dict[str, Core] = {OMS: OmsCore(self.oms_books, self.env.now)}
        cores |= {
            WAREHOUSES[name][0]: WmsCore(books, self.env.now, (self.changes[name], DocumentRooms(now=self.env.now)))
            for name, books in self.books.items()
        }
        self._links = [self._connect(host, name, core) for name, core in cores.items()]
        await self.engine.start(self._links)
        requests = Requests(self.engine)
        gate = GiftGate.WAIT_MINUTES
        strategy = PushStrategy(name="ahead", kind=StrategyKind.ADVANCE, gift_gate=gate, gift_minutes=GIFT_MINUTES)
        await requests.save_entry(strategy)
        for code, (connection, _) in WAREHOUSES.items():
            entry = Warehouse(code=code, connection=connection, remote=code, strategies=("ahead",), auto_push=True)
            await requests.save_entry(entry)
        for position, countries, code in RULES:
            await requests.save_entry(AllocationRule(position=position, warehouse=code, countries=countries))

    def _connect(self, host: PluginHost, name: str, core: Core) -> OpenConnection:
        """Connect as the daemon does, then put the sandbox where aiohttp's session would be opened."""
        link = host.connect(name, self.config.connections[name], lambda _: TOKEN)
        session = MemorySession(core, self.faults[name], self.env, TOKEN, f"{self._seed} {name}")
        assert link._http is not None  # noqa: SLF001 - the setting url makes one
        link._http._session = cast("aiohttp.ClientSession", session)  # noqa: SLF001 - the one seam of the replay
        return link

    def put(self, orders: Iterable[Order]) -> None:
        """Have the OMS show orders from now on; a few become visible only later, as the faults say."""
        self.oms_books.put(stored_order(order, self._visible_at(order.ref)) for order in orders)

    def work(self) -> None:
        """Have the people of the warehouses do what is due by now."""
        for floor in self.floors:
            floor.work(self.env.now())

    def _visible_at(self, ref: str) -> datetime | None:
        hit = self.faults[OMS].meet(PUT_ORDER, f"/orders/{ref}", (f"{PUT_ORDER} {ref}",))
        return None if hit is None else self.env.now() + timedelta(seconds=hit.number("seconds", 5))

    async def settle(self, days: float = 3) -> bool:
        """Let time pass until nothing is due any more; False if that is not so after `days`."""
        since, deadline = self.env.now(), self.env.now() + timedelta(days=days)
        quiet_after = since + timedelta(hours=1)
        while self.env.now() < deadline:
            await self.env.sleep(600)
            self.work()
            if self.env.now() > quiet_after and not await self.store.read(due):
                return True
        return False

    async def stop(self) -> None:
        """Stop the engine as the daemon does."""
        await self.engine.stop()
        for link in self._links:
            await link.close()
        self.store.close()


def configuration() -> Config:
    """Return the configuration: a fetch every 300 s, the five-minute limit as shipped, a window of 30 days."""
    secret = {"secret": "replay.token"}
    fetch = Fetch(every_s=300, page_size=200)
    connections = {
        OMS: Connection(type="oms_default", settings={"url": "https://oms.example", "token": secret}, fetch=fetch)
    }
    for connection, kind in WAREHOUSES.values():
        settings = {"url": f"https://{connection}.example", "token": secret, "idempotency": kind}
        connections[connection] = Connection(type="wms_default", settings=settings, fetch=Fetch(every_s=DOCUMENTS_S))
    engine = EngineConfig(min_interval_s=300, window_days=30, tick_s=60)
    return Config(state_dir="replay", connections=connections, engine=engine)


def script(faults: str, seed: int, name: str) -> Script:
    """Return a sandbox's fault script. With faults on, the OMS also shows one order in fifty four minutes late."""
    chosen = load_script(faults, seed=sum(name.encode()) * 1000 + seed)
    if not chosen.rules or name != OMS:
        return chosen
    late = Rule(fault=Fault.LATE_VISIBLE, match=Match(probability=0.02), args={"seconds": 240})
    return replace(chosen, rules=(*chosen.rules, late))


def due(tx: Transaction) -> bool:
    """Tell whether a push is still to be sent, asked about, decided again or reported, or an operation to be carried out."""
    sql = (
        "SELECT 1 FROM pushes WHERE next_at IS NOT NULL OR run_id IS NOT NULL OR report_at IS NOT NULL "
        "OR again_at IS NOT NULL LIMIT 1"
    )
    open_operations = "SELECT 1 FROM operations WHERE unsettled IS NOT NULL LIMIT 1"
    return tx.one(sql) is not None or tx.one(open_operations) is not None
