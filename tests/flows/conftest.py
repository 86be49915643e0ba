"""A bench for flows: the real store in memory, a clock that stands still, an OMS and a warehouse that do as scripted."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from crossdock.env import Env
from crossdock.flows.absorb import Batch, absorb
from crossdock.flows.house import House
from crossdock.flows.listing import PullPolicy
from crossdock.flows.pull_orders import pull_orders, sift
from crossdock.flows.push_outbound import Sending, push_outbound
from crossdock.flows.reconsider import Desk, reconsider_due
from crossdock.rules.book import AllocationRule, PushStrategy, StrategyKind, Warehouse
from crossdock.rules.connection_health import Limits
from crossdock.rules.outcome import PushPolicy
from crossdock.spec.orders import FetchMode, Order, OrderLine, OrderStatus, Page
from crossdock.spec.outbound import ItemResult, PushResult, PushStatus, RemoteOutbound
from crossdock.store import book, migrate, orders, pushes, quarantine, sqlite, timeline
from crossdock.store.book import BookCache
from crossdock.store.store import Store

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SETTLE = timedelta(seconds=60)


class StillEnv(Env):
    """Time moves only when a test says so."""

    def __init__(self) -> None:
        super().__init__(seed=1)
        self.time = NOW

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return (self.time - NOW).total_seconds()


class ScriptedWms:
    """Answers each call with the next entry of `script` (an exception, or a function of the requests), else takes all."""

    lookup = 100

    def __init__(self) -> None:
        self.script: deque = deque()
        self.find_script: deque = deque()
        self.calls: list[list] = []
        self.asked: list[list[str]] = []
        self.holds: dict[str, object] = {}
        self.on_call = self.on_ask = lambda: None

    @property
    def received(self):
        """Every request that left, in order."""
        return [item for call in self.calls for item in call]

    async def push_outbound(self, items):
        self.calls.append(list(items))
        self.on_call()
        answer = self.script.popleft() if self.script else accept
        if isinstance(answer, Exception):
            raise answer
        results = answer(items)
        for item, result in zip(items, results, strict=False):
            if result.status is PushStatus.ACCEPTED:
                self.holds[item.key] = item
        return results

    async def find_outbound(self, keys):
        self.asked.append(list(keys))
        self.on_ask()
        answer = self.find_script.popleft() if self.find_script else None
        if answer is not None:
            raise answer
        return {key: RemoteOutbound(key=key, remote_id=f"R-{key}") if key in self.holds else None for key in keys}


def accept(items):
    return [PushResult(key=item.key, status=PushStatus.ACCEPTED, remote_id=f"R-{item.key}") for item in items]


def answer(status, **fields):
    return lambda items: [PushResult(key=item.key, status=status, **fields) for item in items]


class ScriptedOms:
    """Returns the scripted pages one after the other; an exception among them is raised."""

    def __init__(self) -> None:
        self.pages: deque = deque()
        self.windows: list = []
        self.cursors: list = []
        self.orders: dict = {}
        self.reports: list = []
        self.refuses: set[str] = set()
        self.silent: set[str] = set()
        self.on_report = lambda: None

    async def fetch_orders(self, window, cursor, limit):
        self.windows.append(window)
        self.cursors.append(cursor)
        page = self.pages.popleft() if self.pages else Page()
        if isinstance(page, Exception):
            raise page
        return page

    async def get_orders(self, refs):
        return {ref: self.orders.get(ref) for ref in refs}

    async def report_push(self, reports):
        self.reports += reports
        self.on_report()
        return [
            ItemResult(ref=r.order_ref, ok=r.order_ref not in self.refuses)
            for r in reports
            if r.order_ref not in self.silent
        ]


class StillLane:
    """A flows.lane.Lane that always may."""

    connection = "wms"

    def __init__(self, run: int) -> None:
        self.run = run
        self.going = True
        self.callable = True
        self.failures: list = []
        self.tally: dict[str, int] = {}

    def keep_going(self):
        return self.going

    def may_call(self):
        return self.callable

    def alone(self):
        return False

    def succeeded(self, calls):
        pass

    def failed(self, error):
        self.failures.append(error)

    def reports_to(self, oms):
        return True

    def counted(self, result, count):
        self.tally[result] = self.tally.get(result, 0) + count


class Bench:
    """The flows with everything they need, one call each."""

    def __init__(self) -> None:
        self.database = sqlite.connect(":memory:")
        self.database.connect()
        migrate.migrate(self.database)
        self.env = StillEnv()
        self.store = Store(self.database, self.env, inline=True)
        self.house = House(self.store, self.env, BookCache(30))
        self.wms, self.oms = ScriptedWms(), ScriptedOms()
        self.runs = 0
        self.idempotency, self.can_find, self.batch_atomic = "key", True, False

    async def fill(self, strategy=None, **warehouse):
        """Make one warehouse whose strategy matches paid orders."""
        strategy = strategy or PushStrategy(name="ahead", kind=StrategyKind.ADVANCE)
        values = {"code": "WH", "connection": "wms", "remote": "1", "strategies": (strategy.name,), "auto_push": True}
        for entry in (
            strategy, Warehouse(**{**values, **warehouse}), AllocationRule(position=1, warehouse="WH"),
        ):  # fmt: skip
            await self.store.write(book.save, entry)

    @property
    def desk(self):
        return Desk(self.house.books, self.house.read_order, self.env.now())

    def later(self, **span):
        self.env.time += timedelta(**span)

    async def absorb(self, *arriving, unreadable=()):
        """Take orders in as a page would bring them."""
        page = Page(orders=tuple(arriving), unreadable=tuple(unreadable))
        arrivals, broken, _ = await sift("oms", self.house, page)
        batch = Batch(connection="oms", arrivals=arrivals, unreadable=broken)
        return await self.store.write(absorb, batch, self.house.books, self.house.read_order, self.env.now())

    def policy(self):
        return PushPolicy(
            idempotency=self.idempotency, can_find=self.can_find, settle=SETTLE, limits=Limits(), park_after=3,
            park_span=timedelta(hours=1), batch_atomic=self.batch_atomic,
        )  # fmt: skip

    async def push(self, lane=None, **sending):
        """Run the lane once; each run has a higher number."""
        self.runs += 1
        lane = lane or StillLane(self.runs)
        lane.run = self.runs
        await push_outbound(self.wms, self.house, lane, self.policy(), Sending(flush_s=0.001, **sending))
        return lane

    async def decide(self):
        return await self.store.write(reconsider_due, self.desk)

    async def pull(self, *pages, going=lambda: True, ordered=False, mode=FetchMode.CHANGED, max_pages=100):
        self.oms.pages.extend(pages)
        policy = PullPolicy(
            mode=mode, overlap=timedelta(minutes=10), page_size=2, max_pages=max_pages, initial=timedelta(days=30),
            ordered=ordered,
        )  # fmt: skip
        return await pull_orders("oms", self.oms, self.house, policy, going)

    async def row(self, ref):
        """The newest push of an order."""
        return await self.store.read(_row, ref)

    async def stored(self, ref):
        return (await self.store.read(orders.load, "oms", [ref])).get(ref)

    async def moments(self, ref):
        """What the order's timeline says, in order."""
        stored = await self.stored(ref)
        return [m.what for m in await self.store.read(timeline.of_order, stored.id)]

    async def set_aside(self):
        return [record.ref for _, record in await self.store.read(quarantine.page, 0, 100)]


def _row(tx, ref):
    stored = orders.load(tx, "oms", [ref])[ref]
    return pushes.of_orders(tx, [stored.id])[stored.id]


def an_order(ref="1", **changes) -> Order:
    values = {
        "ref": ref, "status": OrderStatus.PAID, "created_at": NOW - timedelta(days=1), "updated_at": NOW,
        "lines": (a_line(),),
    }  # fmt: skip
    return Order(**{**values, **changes})


def a_line(no=1, sku="A", quantity=1, **fields) -> OrderLine:
    return OrderLine(line_no=no, sku=sku, quantity=Decimal(quantity), **fields)


class Kit:
    """The makers of this bench, for tests that cannot import from a conftest."""

    NOW, SETTLE = NOW, SETTLE
    order, line, answer, accept, lane = (
        staticmethod(an_order),
        staticmethod(a_line),
        staticmethod(answer),
        staticmethod(accept),
        StillLane,
    )


@pytest.fixture
def kit():
    return Kit


@pytest.fixture
async def bench():
    made = Bench()
    await made.fill()
    yield made
    made.database.close()


@pytest.fixture
def depot(bench, kit):
    from tests.flows.depot import Depot

    return Depot(bench, kit)
