"""The daemon as shipped, as a process of its own, between sandbox systems in this one."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from crossdock.control.client import Client
from crossdock.control.records.book import Allocation, Strategy, Warehouse
from crossdock.spec.orders import Address, Order, OrderLine, OrderStatus, Recipient
from crossdock.testing.sandbox.oms import SandboxOms
from crossdock.testing.sandbox.wms import SandboxWms

CONFIG = """
state_dir = "{folder}"
credentials_dir = "{folder}/secrets"
[log]
format = "json"
[engine]
min_interval_s = {interval}
tick_s = 0.1
[plugins]
allow = ["crossdock-oms-default", "crossdock-wms-default"]
{connections}
"""
CONNECTION = """
[connections.{name}]
type = "{kind}_default"
settings = {{ url = "{url}", token = {{ secret = "{name}.token" }}{more} }}
http = {{ allow_http = true, allow_private = ["127.0.0.0/8"], timeout_s = {timeout} }}
fetch = {{ every_s = 0.2, overlap_s = 60 }}
push = {{ settle_s = 1.5, max_batch = 5 }}
retry = {{ base_s = 0.05, cap_s = 0.4, retry_after_cap_s = 1 }}
breaker = {{ failures = 50, open_s = 0.2 }}
"""
RUN = "from crossdock.cli.main import main; main()"
RUN_WITH_CLOCK = "from crossdock.testing.chaos.clock import main; main()"


def an_order(serial: int, /, **changes: object) -> Order:
    now = datetime.now(UTC)
    values = {
        "ref": f"O-{serial}", "number": f"N{serial}", "status": OrderStatus.READY_TO_SHIP, "created_at": now,
        "updated_at": now, "shop": "web", "logistics": "Flash", "tracking_number": f"T{serial}", "label_ready": True,
        "recipient": Recipient(name="สมชาย ใจดี", phone="0812345678", address=Address(lines=("1 ถนนสุขุมวิท",), country="TH")),
        "lines": (OrderLine(line_no=1, sku="A", quantity=Decimal(2)), OrderLine(line_no=2, sku="A", quantity=Decimal(1))),
    }  # fmt: skip
    return Order(**{**values, **changes})


class World:
    """One OMS, one WMS, one daemon."""

    def __init__(self, folder, idempotency: str = "key", interval: float = 0) -> None:
        self.folder, self.idempotency, self.interval = folder, idempotency, interval
        self.oms, self.wms = SandboxOms(), SandboxWms(warehouses=("W1",), idempotency=idempotency)
        self.config = folder / "crossdock.toml"
        self.process: asyncio.subprocess.Process | None = None
        self.output, self.clock = folder / "daemon.log", folder / "clock"

    async def up(self) -> None:
        await self.oms.start()
        await self.wms.start()
        secrets = self.folder / "secrets"
        secrets.mkdir(mode=0o700)
        for name, system in (("shop", self.oms), ("depot", self.wms)):
            (secrets / f"{name}.token").touch(mode=0o600)
            (secrets / f"{name}.token").write_text(system.token)
        self.config.write_text(self.text())

    def text(self) -> str:
        more = f', idempotency = "{self.idempotency}"'
        connections = CONNECTION.format(name="shop", kind="oms", url=self.oms.url, more="", timeout=2)
        connections += CONNECTION.format(name="depot", kind="wms", url=self.wms.url, more=more, timeout=0.5)
        return CONFIG.format(folder=self.folder, interval=self.interval, connections=connections)

    async def down(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
        await self.oms.stop()
        await self.wms.stop()

    async def spawn(self, *words: str, run=(RUN,), preexec_fn=None, **environ: str) -> asyncio.subprocess.Process:
        with self.output.open("ab") as output:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-c", *run, "--config", str(self.config), *(words or ("run",)),
                stdout=output, stderr=output, env={**os.environ, **environ}, preexec_fn=preexec_fn,
            )  # fmt: skip

    async def start(self, run=(RUN,), **environ: str) -> None:
        self.process = await self.spawn(run=run, **environ)
        await self.until(self.answers, "the daemon answers")

    async def start_with_clock(self) -> None:
        """Start a daemon that obeys `set_clock`."""
        await self.start(run=(RUN_WITH_CLOCK, str(self.clock)))

    async def answers(self) -> bool:
        try:
            await self.client(lambda client: client.status())
        except Exception:
            return False
        return True

    async def client(self, ask):
        async with Client(str(self.folder / "control.sock")) as client:
            return await ask(client)

    async def set_up(self, **warehouse: object) -> None:
        await self.client(lambda c: c.save_strategy(Strategy(name="arranged", kind="standard")))
        values = {"code": "WH", "connection": "depot", "remote": "W1", "strategies": ("arranged",), "auto_push": True}
        await self.client(lambda c: c.save_warehouse(Warehouse(**{**values, **warehouse})))
        await self.client(lambda c: c.save_allocation(Allocation(position=1, warehouse="WH")))

    async def until(self, holds, what: str, seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while not await holds():
            if self.process is not None and self.process.returncode is not None:
                raise AssertionError(
                    f"the daemon ended with {self.process.returncode}: {self.output.read_text()[-2000:]}"
                )
            assert time.monotonic() < end, f"not within {seconds} s: {what}\n{self.output.read_text()[-3000:]}"
            await asyncio.sleep(0.05)

    async def until_arrived(self, *refs: str) -> None:
        async def arrived() -> bool:
            return set(refs) <= set(self.wms.books.by_order)

        await self.until(arrived, f"{refs} arrive")

    async def until_state(self, ref: str, *states: str) -> None:
        """Wait until an order stands in one of these; one that is pushed is accepted once its warehouse lists it."""
        wanted = {*states, "accepted"} if "pushed" in states else {*states}

        async def stands() -> bool:
            page = await self.client(lambda c: c.orders(text=ref))
            return len(page.items) == 1 and page.items[0].state in wanted

        await self.until(stands, f"{ref} is {states}")

    def created(self) -> dict[str, int]:
        return {ref: len(documents) for ref, documents in self.wms.books.by_order.items()}

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), 30)


class TwoWarehouses(World):
    """A world with a second warehouse, `annex`."""

    def __init__(self, folder) -> None:
        super().__init__(folder)
        self.second = SandboxWms(warehouses=("W2",))

    async def up(self) -> None:
        await self.second.start()
        await super().up()
        (self.folder / "secrets" / "annex.token").touch(mode=0o600)
        (self.folder / "secrets" / "annex.token").write_text(self.second.token)

    async def down(self) -> None:
        await super().down()
        await self.second.stop()


@pytest.fixture
async def world(tmp_path, request):
    made = World(tmp_path, *getattr(request, "param", ()))
    await made.up()
    yield made
    await made.down()
