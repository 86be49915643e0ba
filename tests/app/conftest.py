"""The daemon's rooms in this process, between sandbox systems, with everything that the real ones have but signals."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from crossdock.app.rooms import open_rooms
from crossdock.config.load import load
from crossdock.control.client import Client
from crossdock.control.records.book import Allocation, Strategy, Warehouse
from crossdock.env import Env
from crossdock.ops.masks import Masks
from crossdock.ops.sd_notify import Notifier
from crossdock.testing.sandbox.oms import SandboxOms
from crossdock.testing.sandbox.wms import SandboxWms

CONFIG = """
state_dir = "state"
credentials_dir = "secrets"
[engine]
min_interval_s = 0
tick_s = 0.05
{engine}
[plugins]
allow = ["crossdock-oms-default", "crossdock-wms-default"]
"""
CONNECTION = """
[connections.{name}]
type = "{kind}_default"
settings = {{ url = "{url}", token = {{ secret = "{name}.token" }} }}
http = {{ allow_http = true, allow_private = ["127.0.0.0/8"] }}
fetch = {{ every_s = 0.1 }}
retry = {{ base_s = 0.01, cap_s = 0.05 }}
"""


class Clock(Env):
    """The real world, with a wall clock that a test may put forward."""

    def __init__(self) -> None:
        super().__init__(seed=1)
        self.ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


class Running:
    """Rooms that are open, their sandbox systems, and what a person or Prometheus would ask them."""

    def __init__(self, folder) -> None:
        self.folder, self.path = folder, folder / "crossdock.toml"
        self.oms, self.wms = SandboxOms(), SandboxWms(warehouses=("W1",))
        self.env, self.masks = Clock(), Masks()
        self.rooms, self.engine = None, ""
        self.before_opening = lambda: None

    def write(self, **tokens: str) -> None:
        """Write the configuration and the secrets."""
        (self.folder / "secrets").mkdir(mode=0o700, exist_ok=True)
        text = CONFIG.format(engine=self.engine)
        for name, kind, system in (("shop", "oms", self.oms), ("depot", "wms", self.wms)):
            text += CONNECTION.format(name=name, kind=kind, url=system.url)
            secret = self.folder / "secrets" / f"{name}.token"
            secret.touch(mode=0o600)
            secret.write_text(tokens.get(name, system.token))
        self.path.write_text(text)

    def read(self):
        return load(self.path, {})

    async def open(self) -> None:
        await self.oms.start()
        await self.wms.start()
        self.write()
        self.before_opening()
        await self.start()

    async def start(self) -> None:
        """Open the rooms, the first time or again."""
        self.rooms = await open_rooms(self.read(), self.env, self.masks, {}, Notifier({}, self.env))

    async def close(self) -> None:
        if self.rooms is not None:
            await self.rooms.close()
        await self.oms.stop()
        await self.wms.stop()

    @property
    def socket(self) -> str:
        return str(self.folder / "state" / "control.sock")

    async def ask(self, question):
        async with Client(self.socket) as client:
            return await question(client)

    async def set_up(self) -> None:
        """Send every order to the one warehouse."""
        await self.ask(lambda c: c.save_strategy(Strategy(name="arranged", kind="standard")))
        warehouse = Warehouse(code="WH", connection="depot", remote="W1", strategies=("arranged",), auto_push=True)
        await self.ask(lambda c: c.save_warehouse(warehouse))
        await self.ask(lambda c: c.save_allocation(Allocation(position=1, warehouse="WH")))

    async def get(self, path: str) -> bytes:
        async with (
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(self.socket)) as session,
            session.get(f"http://x{path}") as answer,
        ):
            return await answer.read()

    async def scrape(self) -> dict:
        """What Prometheus gets, by name and labels."""
        text = (await self.get("/metrics")).decode()
        return {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    async def until(self, holds):
        """Wait until something holds, and return it."""
        async with asyncio.timeout(30):
            while not (found := await holds()):
                await asyncio.sleep(0.01)
        return found


@pytest.fixture
async def running(tmp_path):
    made = Running(tmp_path)
    yield made
    await made.close()
