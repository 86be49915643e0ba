"""`crossdock demo`: a working day through sandbox systems with faults, told as it happens, and checked at the end."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.text import Text

from crossdock.app import demo_goods, demo_live, demo_orders
from crossdock.app.demo_books import Outcome, compare, tell
from crossdock.app.demo_desk import Desk, Told, played
from crossdock.control.client import Client
from crossdock.control.records.book import Allocation, Strategy, Warehouse
from crossdock.env import REAL
from crossdock.ops import process
from crossdock.spec.text import clean
from crossdock.testing.sandbox.demo_day import UNKNOWN_WAREHOUSE, Case, DemoDay, demo_day
from crossdock.testing.sandbox.fault_scripts import flaky
from crossdock.testing.sandbox.oms import SandboxOms
from crossdock.testing.sandbox.wms import SandboxWms

if TYPE_CHECKING:
    from crossdock.control.records.orders import OrderItem

FEED_S = 6.0
"""Seconds in which the day's orders appear in the OMS."""
PATIENCE_S = 180.0
"""The demo gives up after so long."""
BY_HAND_S = 20.0
"""Where a person did something in the dashboard, what is under way is awaited for so long: it may wait for that person."""
BUSY = frozenset({"queued", "sending"})
CONFIG = """
state_dir = "{folder}"
credentials_dir = "{folder}/secrets"
[log]
level = "error"
[engine]
min_interval_s = 1
tick_s = 0.5
[control.roles.buyer]
users = ["{person}"]
[control.roles.admin]
users = ["{person}"]
[plugins]
allow = ["crossdock-oms-default", "crossdock-wms-default"]
"""
CONNECTION = """
[connections.{name}]
type = "{kind}_default"
[connections.{name}.settings]
url = "{url}"
token = {{ secret = "{name}.token" }}
[connections.{name}.http]
allow_http = true
allow_private = ["127.0.0.0/8"]
timeout_s = 5
[connections.{name}.fetch]
every_s = 1
overlap_s = 60
[connections.{name}.push]
settle_s = 2
max_batch = 3
[connections.{name}.retry]
base_s = 0.2
cap_s = 2
retry_after_cap_s = 2
[connections.{name}.breaker]
failures = 20
open_s = 1
"""


def demo(*, orders: int = 400, seed: int = 1, as_json: bool = False, plain: bool = False) -> int:
    """Run the demo and return the exit status: 0 only if every eligible order arrived exactly once and the day went well.

    In a terminal the dashboard is shown meanwhile, unless `plain`; leaving it ends the demo.
    """
    shown = not (as_json or plain) and demo_live.can_show()
    with tempfile.TemporaryDirectory(prefix="crossdock-demo-") as folder:
        outcome = asyncio.run(Demo(Path(folder), orders, seed, quiet=as_json, dashboard=shown).run())
    if as_json:
        sys.stdout.write(json.dumps(msgspec.to_builtins(outcome)) + "\n")
    else:
        tell(outcome)
    return process.OK if outcome.ok else process.UNEXPECTED


class Demo:
    """The sandbox systems, the daemon as a process of its own between them, and a person's view through its API."""

    def __init__(self, folder: Path, orders: int, seed: int, *, quiet: bool, dashboard: bool = False) -> None:
        self._folder, self._quiet, self._dashboard = folder, quiet, dashboard
        self._console = Console(stderr=False, quiet=quiet)
        now = REAL.now()
        day: DemoDay = demo_day(seed, now=now, count=orders, refused=True)
        self._shops = sorted(choice.code for choice in day.shops)
        self._story = demo_orders.story_orders(seed, now=now, shop=self._shops[-1])
        cases = {**day.cases, **{order.ref: Case.PLAIN for order in self._story}}
        self._day = msgspec.structs.replace(day, orders=(*self._story, *day.orders), cases=cases)
        script = flaky(seed)
        self._oms = SandboxOms(script=script)
        self._wms = {
            "bangkok": SandboxWms(warehouses=("BKK",), script=script),
            "chiangmai": SandboxWms(warehouses=("CNX",), script=script, idempotency="lookup"),
        }
        self._stream = demo_live.Stream(self._oms, seed)
        self._by_hand: tuple[str, ...] = ()
        self._started = self._patient_since = REAL.monotonic()

    async def run(self) -> Outcome:
        """Start everything, watch until it is quiet, stop everything."""
        systems = [self._oms, *self._wms.values()]
        for system in systems:
            await system.start()
        self._say(f"sandbox OMS and {len(self._wms)} warehouses are up; they lose answers, fail and ask to wait")
        daemon = await self._start_daemon()
        try:
            async with Client(str(self._folder / "control.sock")) as client:
                await self._wait_for(client)
                await self._set_up(client)
                since = await demo_live.newest_row(client)
                playing, feeding = asyncio.create_task(self._play(client)), asyncio.create_task(self._feed())
                if self._dashboard:
                    await self._show(client, since)
                await self._watch(client, feeding, playing)
                return await self._outcome(client, await playing)
        finally:
            daemon.terminate()
            await asyncio.wait_for(daemon.wait(), 40)
            for system in systems:
                await system.stop()

    async def _show(self, client: Client, since: int) -> None:
        """Show the dashboard while orders keep coming; when it is left nothing new comes, and what is under way is awaited."""
        self._quiet, self._console.quiet = True, True  # the terminal is the dashboard's
        streaming = asyncio.create_task(self._stream.run())
        try:
            await demo_live.show_dashboard(self._folder)
        finally:
            streaming.cancel()
        self._quiet, self._console.quiet = False, False
        self._day = msgspec.structs.replace(
            self._day,
            orders=self._day.orders + tuple(self._oms.books.orders[ref] for ref in (*self._stream.cases, *self._stream.moved)),
            cases=self._day.cases | self._stream.cases,
        )  # fmt: skip
        self._by_hand = await demo_live.done_by_hand(client, since)
        self._patient_since = REAL.monotonic()
        self._say("the dashboard was left; the demo ends when nothing is under way (Ctrl-C: at once)")

    async def _start_daemon(self) -> asyncio.subprocess.Process:
        secrets = self._folder / "secrets"
        secrets.mkdir(mode=0o700)
        text = CONFIG.format(folder=self._folder, person=pwd.getpwuid(os.getuid()).pw_name)
        for name, kind, system in (
            ("shop", "oms", self._oms),
            *((name, "wms", wms) for name, wms in self._wms.items()),
        ):
            text += CONNECTION.format(name=name, kind=kind, url=system.url)
            if name == "chiangmai":
                text = text.replace(f'"{name}.token" }}', f'"{name}.token" }}\nidempotency = "lookup"')
            file = secrets / f"{name}.token"
            file.touch(mode=0o600)
            file.write_text(system.token)
        config = self._folder / "crossdock.toml"
        config.write_text(text)
        program = "from crossdock.cli.main import main; main()"
        with (self._folder / "daemon.log").open("wb") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-c", program, "--config", str(config), "run", env={**os.environ, "NOTIFY_SOCKET": ""},
                stderr=log if self._dashboard else None,
            )  # fmt: skip

    async def _wait_for(self, client: Client) -> None:
        while True:
            try:
                await client.status()
            except Exception:  # noqa: BLE001 - whatever it is, the daemon is not there yet
                self._give_up_late("the daemon does not start")
                await REAL.sleep(0.1)
            else:
                self._say("the daemon is up, on SQLite")
                return

    def _waited(self) -> float:
        return REAL.monotonic() - self._patient_since

    def _give_up_late(self, what: str) -> None:
        if self._waited() > PATIENCE_S:
            raise TimeoutError(f"{what} within {PATIENCE_S:.0f} s")

    async def _set_up(self, client: Client) -> None:
        """What a person sets up once: two strategies, two warehouses, which orders go where."""
        for strategy in (
            Strategy(name="instant", kind="custom_advance", logistics=self._instant()),
            Strategy(name="arranged", kind="standard", gift_gate="wait_flag"),
        ):
            await client.save_strategy(strategy)
        await client.save_warehouse(
            Warehouse(
                code="BKK", connection="bangkok", remote="BKK", name="Bangkok", auto_push=True,
                strategies=("instant", "arranged"),
            )
        )  # fmt: skip
        await client.save_warehouse(
            Warehouse(
                code="CNX", connection="chiangmai", remote="CNX", name="Chiang Mai", auto_push=True,
                strategies=("arranged",),
            )
        )  # fmt: skip
        await client.save_warehouse(
            Warehouse(
                code=UNKNOWN_WAREHOUSE, connection="bangkok", remote=UNKNOWN_WAREHOUSE, name="Phuket, which the WMS does not know",
                auto_push=True, strategies=("arranged",),
            )
        )  # fmt: skip
        await client.save_allocation(Allocation(position=10, warehouse="CNX", shops=tuple(self._shops[:1])))
        await client.save_allocation(Allocation(position=20, warehouse="BKK"))

    def _instant(self) -> tuple[str, ...]:
        names = {o.logistics for o in self._day.orders if o.logistics_kind.value in ("instant", "same_day")}
        return tuple(sorted(names)) or ("none",)

    async def _play(self, client: Client) -> tuple[Told, ...]:
        """Play the parts of the day, all at once, in Bangkok; there both sides know the same products."""
        wms = self._wms["bangkok"]
        for side in (self._oms, wms):
            side.products.put(demo_goods.products(REAL.now()))
        desk = Desk(client=client, oms=self._oms, wms=wms, connection="bangkok", warehouse="BKK", say=self._say_when)
        parts = (*demo_orders.PARTS, *demo_goods.PARTS)
        return tuple(await asyncio.gather(*(played(part, desk) for part in parts)))

    async def _feed(self) -> None:
        parts = 12
        size = -(-len(self._day.orders) // parts)
        for start in range(0, len(self._day.orders), size):
            self._oms.put(self._day.orders[start : start + size])
            await REAL.sleep(FEED_S / parts)

    async def _watch(
        self, client: Client, feeding: asyncio.Task[None], playing: asyncio.Task[tuple[Told, ...]]
    ) -> None:
        """Show progress until the day is in the store, was played to its end, and nothing is under way."""
        live = self._console.is_terminal and not self._quiet
        while True:
            status = await client.status()
            counts = {each.state: each.count for each in status.outbox}
            shown = ", ".join(f"{state.replace('_', ' ')} {count}" for state, count in counts.items() if count)
            line = f"{REAL.monotonic() - self._started:5.1f} s  orders {sum(counts.values())}: {shown or 'none yet'}"
            if live:
                self._console.print(Text(line.ljust(self._console.width - 1)), end="\r", overflow="crop", no_wrap=True)
            else:
                self._say(line)
            quiet = feeding.done() and playing.done() and sum(counts.values()) >= len(self._day.orders)
            if quiet and not any(counts.get(state) for state in BUSY) and await self._nothing_due(client):
                if live:
                    self._console.print()
                return
            if self._by_hand and feeding.done() and playing.done() and self._waited() > BY_HAND_S:
                return
            self._give_up_late("the orders did not all settle")
            await REAL.sleep(0.5)

    async def _nothing_due(self, client: Client) -> bool:
        return not any(item.next_at is not None for item in await _all(client, tab="abnormal"))

    async def _outcome(self, client: Client, day: tuple[Told, ...]) -> Outcome:
        await self._wait_for_reports(client)
        waiting = await _all(client, tab="pending")
        abnormal = await _all(client, tab="abnormal")
        doubts = 0
        for item in await _all(client, tab="in_progress"):
            if item.attempts > 1:
                detail = await client.order(item.connection, item.ref)
                doubts += any(moment.what == "in_doubt" for moment in detail.timeline)
        arrived = Counter(document.order_ref for wms in self._wms.values() for document in wms.books.documents)
        judged = {ref: times for ref, times in arrived.items() if ref not in self._stream.moved or times > 1}
        books = compare(self._day.cases, judged, await _refused(client, abnormal))
        well = not (books.lost or books.unexpected or books.misjudged) and all(part.ok for part in day)
        faults = Counter(self._oms.faults.met)
        for wms in self._wms.values():
            faults.update(wms.faults.met)
        return Outcome(
            ok=not books.doubled and (well or bool(self._by_hand)),
            orders=len(self._day.orders),
            eligible=books.eligible,
            pushed=len(arrived),
            lost=books.lost,
            doubled=books.doubled,
            unexpected=books.unexpected,
            misjudged=books.misjudged,
            cancelled=sum(item.ref not in arrived for item in await _all(client, tab="done")),
            waiting=dict(Counter(_why(item) for item in waiting)),
            failed=dict(Counter(item.error or "without a reason" for item in abnormal)),
            settled_doubts=doubts,
            still_in_doubt=sum(item.state == "in_doubt" for item in abnormal),
            faults={str(name): count for name, count in sorted(faults.items())},
            reported=len(self._oms.books.reported),
            seconds=round(REAL.monotonic() - self._started, 1),
            day=day,
            by_hand=self._by_hand,
        )

    async def _wait_for_reports(self, client: Client) -> None:
        pushed = len(await _all(client, tab="in_progress"))
        for _ in range(40):
            if len(self._oms.books.reported) >= pushed:
                return
            await REAL.sleep(0.25)

    def _say_when(self, text: str) -> None:
        line = f"{REAL.monotonic() - self._started:5.1f} s  {text}"
        self._say(line.ljust(self._console.width - 1) if self._console.is_terminal else line)

    def _say(self, text: str) -> None:
        self._console.print(Text(clean(text)), soft_wrap=True)


async def _refused(client: Client, abnormal: list[OrderItem]) -> set[str]:
    """Return the orders that a warehouse definitely refused, as the daemon says."""
    found = set()
    for item in abnormal:
        if item.state == "push_failed":
            pushes = (await client.order(item.connection, item.ref)).pushes
            found |= {item.ref} if pushes[-1].error_kind == "Rejected" else set()
    return found


def _why(item: OrderItem) -> str:
    """Say why an order waits, without what differs from order to order."""
    text = item.why[0] if item.why else item.state
    if text.startswith("no strategy"):
        return "no strategy matches: " + text.rsplit(": ", 1)[-1]
    return re.sub(r"created \d{4}-\d\d-\d\d, more", "created more", text)


async def _all(client: Client, *, tab: str) -> list[OrderItem]:
    """Return every order of a tab, page by page."""
    found: list[OrderItem] = []
    after: int | None = None
    while True:
        page = await client.orders(tab=tab, limit=200, after=after)
        found += page.items
        after = page.next
        if after is None:
            return found
