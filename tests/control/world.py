"""A real engine on a real SQLite file with tiny fake links, and the control API on a real socket before it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from crossdock.config.model import Config, Connection, Control, Role
from crossdock.config.model import Engine as EngineConfig
from crossdock.control.client import Client
from crossdock.control.records.daemon import PluginItem, PluginSetting, PluginType, Reloaded
from crossdock.control.route import Providers
from crossdock.control.server import ControlApi
from crossdock.engine.engine import Engine
from crossdock.engine.requests import Requests
from crossdock.env import Env
from crossdock.ops.masks import Masks
from crossdock.ops.recent_log import RecentLog
from crossdock.ops.trends import Trends
from crossdock.rules.book import AllocationRule, PushStrategy, StrategyKind, Warehouse
from crossdock.spec.connector import Capabilities
from crossdock.spec.errors import Retryable
from crossdock.spec.orders import Address, Order, OrderLine, OrderStatus, Page, Recipient, Unreadable
from crossdock.spec.outbound import CheckResult, Choice, ItemResult, PushResult, PushStatus
from crossdock.store import cursors, migrate, sqlite
from crossdock.store.store import Store

ROLES = ("viewer", "operator", "warehouse", "buyer", "admin")


class Clock(Env):
    """The real world, with a wall clock that a test may move."""

    def __init__(self):
        super().__init__(seed=1)
        self.ahead = timedelta()

    def now(self):
        return datetime.now(UTC) + self.ahead


class Schedule:
    """Nothing happens by itself; lanes run when they are woken."""

    def every(self, name, seconds, call):
        pass

    def forget(self, name):
        pass

    def start(self):
        pass

    def stop(self):
        pass


class Uncounted:
    def fetched(self, connection, totals):
        pass

    def pushed(self, connection, result, count):
        pass


class FakeOms:
    lookup, stuck = 100, False
    name, type_name, kind = "oms", "fake-oms", "oms"
    capabilities = Capabilities(ordered_pages=True)
    hooks = frozenset({"fetch_orders", "get_orders", "report_push", "check", "list_shops", "list_logistics"})

    def __init__(self):
        self.orders, self.unreadable, self.reports = {}, [], []
        self.account_ok = True

    async def open(self):
        pass

    async def close(self):
        pass

    async def check(self):
        return CheckResult(ok=self.account_ok, account="shop 7", server_time=datetime.now(UTC))

    async def fetch_orders(self, window, cursor, limit):
        return Page(orders=tuple(self.orders.values()), unreadable=tuple(self.unreadable))

    async def get_orders(self, refs):
        return {ref: self.orders.get(ref) for ref in refs}

    async def report_push(self, reports):
        self.reports += reports
        return [ItemResult(ref=each.order_ref, ok=True) for each in reports]

    async def list_shops(self):
        return [Choice(code="s1", name="Shop one")]

    async def list_logistics(self):
        raise Retryable("the OMS is down for maintenance")


class FakeWms:
    lookup, stuck = 100, False
    name, type_name, kind = "wms", "fake-wms", "wms"
    hooks = frozenset({"push_outbound", "find_outbound", "list_warehouses"})

    def __init__(self, idempotency="key"):
        self.capabilities = Capabilities(idempotency=idempotency, max_batch=10)
        self.got, self.answer, self.refuse = {}, PushStatus.ACCEPTED, {}

    async def open(self):
        pass

    async def close(self):
        pass

    async def push_outbound(self, items):
        for item in items:
            self.got[item.order_ref] = self.got.get(item.order_ref, 0) + 1
        return [
            PushResult(key=i.key, status=self.answer, remote_id=f"R-{i.order_ref}", code="stock", message="no stock")
            for i in items
        ]

    async def find_outbound(self, keys):
        return dict.fromkeys(keys)

    async def list_warehouses(self):
        return [Choice(code="W1", name="Bangkok")]


class FakeDirectory:
    """Says that whoever connects has this name and these groups."""

    def __init__(self, user="admin", groups=()):
        self.user, self.groups = user, frozenset(groups)
        self.users, self.listed = {}, {}

    def look_up(self, uid, gid):
        return self.user, self.groups

    def find(self, user):
        return self.users.get(user)

    def members(self, group):
        return self.listed.get(group)


def order(ref, *, hours=1, **fields):
    at = datetime.now(UTC) - timedelta(hours=hours)
    base = {
        "ref": ref,
        "number": f"N-{ref}",
        "status": OrderStatus.READY_TO_SHIP,
        "created_at": at,
        "updated_at": at,
        "tracking_number": "T",
        "label_ready": True,
        "lines": (OrderLine(line_no=1, sku="A", quantity=Decimal(2)),),
        "recipient": Recipient(
            name="สมชาย ใจดี", phone="+66812345634", email="somchai@example.com",
            address=Address(lines=("99 Sukhumvit Rd",), city="Bangkok", postcode="10110", country="TH"),
        ),
        "buyer_note": "call my wife",
    }  # fmt: skip
    return Order(**{**base, **fields})


class World:
    """Everything that a test asks of a daemon, and what it may change about it."""

    def __init__(self, folder, *, idempotency="key", control=None, interval=300.0, **push):
        self.folder = folder
        self.env = Clock()
        self.directory = FakeDirectory()
        self.oms, self.wms = FakeOms(), FakeWms(idempotency)
        self.reloaded = Reloaded(taken=True, text="the configuration is taken over")
        self.against = []
        self.trends, self.recent_log = Trends(self.env), RecentLog(Masks())
        database = sqlite.connect(str(folder / "crossdock.db"))
        database.connect()
        migrate.migrate(database)
        self.store = Store(database, self.env)
        roles = {role: Role(users=(role,)) for role in ROLES}
        self.config = Config(
            state_dir=str(folder),
            connections={"oms": Connection(type="fake-oms"), "wms": Connection(type="fake-wms"), "off": Connection(type="x", enabled=False)},
            engine=EngineConfig(min_interval_s=interval, shutdown_s=1),
            control=control or Control(roles=roles),
        )  # fmt: skip
        self.engine = Engine(self.config, self.store, self.env, Schedule(), Uncounted(), lambda: 1 << 40)
        self.requests = Requests(self.engine)
        self.socket = folder / "control.sock"
        self.api = ControlApi(self.engine, self.requests, self.providers(), directory=self.directory)

    def providers(self):
        async def metrics():
            return b"crossdock_build_info 1\n", "text/plain; version=0.0.4"

        async def reload():
            return self.reloaded

        def plugins():
            setting = PluginSetting(key="url", takes="a text", required=True, text="Where it is")
            kind = PluginType(
                name="fake-oms", kind="oms", api="1.0", capabilities={"idempotency": "key", "max_page": 100},
                settings=(setting,),
            )  # fmt: skip
            return [PluginItem(name="crossdock-fake", version="1.0", loaded=True, types=(kind,))]

        return Providers(
            version="0.1.0",
            livez=lambda: self.against,
            readyz=lambda: self.against,
            healthz=lambda: (not self.against, {"status": "ok"}),
            metrics=metrics,
            free_bytes=lambda: 1 << 40,
            reload=reload,
            plugins=plugins,
            trends=self.trends,
            recent_log=self.recent_log,
        )

    async def start(self):
        await self.engine.start([self.oms, self.wms])
        async with asyncio.timeout(20):
            while (await self.store.read(cursors.load, "oms")).finished_at is None:
                await asyncio.sleep(0.001)  # the first fetch finds nothing; tests ask for the others
        await self.api.start(self.socket)

    async def stop(self):
        await self.api.stop()
        await self.engine.stop()
        self.store.close()

    def become(self, user, *groups):
        """Have every caller be this user from now on."""
        self.directory.user, self.directory.groups = user, frozenset(groups)
        self.api.use_roles(self.config.control.roles)

    def client(self):
        return Client(str(self.socket))

    def serve(self, *orders, unreadable=()):
        """Have the OMS show these orders, and no others."""
        self.oms.orders = {each.ref: each for each in orders}
        self.oms.unreadable = [Unreadable(ref=ref, raw=b'{"oops": 1}', reason="no status") for ref in unreadable]

    async def settings(self, *, auto_push=True, kind=StrategyKind.STANDARD):
        """Save a strategy, a warehouse and a rule that sends everything there."""
        await self.requests.save_entry(PushStrategy(name="std", kind=kind))
        await self.requests.save_entry(
            Warehouse(code="WH1", connection="wms", remote="W1", strategies=("std",), auto_push=auto_push)
        )
        await self.requests.save_entry(AllocationRule(position=1, warehouse="WH1"))

    async def fetch(self):
        """Have the OMS fetched now."""
        pull = self.engine.pulls["oms"]
        await pull._fetch("fetch", None)
        self.engine.wake_pushes(["wms"])

    async def until(self, ref, state):
        """Wait until an order stands at a state."""
        async with self.client() as client, asyncio.timeout(20):
            while True:
                found = await client.orders(text=ref, connection="oms")
                if found.items and found.items[0].state == state:
                    return found.items[0]
                await asyncio.sleep(0.005)
