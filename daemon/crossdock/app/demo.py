"""`crossdock demo`: a day of orders through sandbox systems with faults, told as it happens, and checked at the end."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.table import Table
from rich.text import Text

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
    from collections.abc import Mapping

    from crossdock.control.records.orders import OrderItem

FEED_S = 6.0
"""Seconds in which the day's orders appear in the OMS."""
PATIENCE_S = 180.0
"""The demo gives up after so long."""
NEVER = frozenset({Case.UNPAID, Case.CANCELLED, Case.OLD, Case.NO_GOODS, Case.HOLD, Case.GIFTS_PENDING})
BUSY = frozenset({"queued", "sending"})
CONFIG = """
state_dir = "{folder}"
credentials_dir = "{folder}/secrets"
[log]
level = "error"
[engine]
min_interval_s = 1
tick_s = 0.5
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


class Outcome(Struct, frozen=True, kw_only=True):
    """What the demo found.

    `ok`: the warehouses' own books show every eligible order exactly once, and what a warehouse definitely refused, and
    nothing else, is known as refused (`misjudged` are orders of which that is not so).
    """

    ok: bool
    orders: int
    eligible: int
    pushed: int
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    unexpected: tuple[str, ...]
    misjudged: tuple[str, ...]
    cancelled: int
    waiting: dict[str, int]
    failed: dict[str, int]
    settled_doubts: int
    still_in_doubt: int
    faults: dict[str, int]
    reported: int
    seconds: float


def demo(*, orders: int = 400, seed: int = 1, as_json: bool = False) -> int:
    """Run the demo and return the exit status: 0 only if every eligible order arrived exactly once."""
    with tempfile.TemporaryDirectory(prefix="crossdock-demo-") as folder:
        outcome = asyncio.run(Demo(Path(folder), orders, seed, quiet=as_json).run())
    if as_json:
        sys.stdout.write(json.dumps(msgspec.to_builtins(outcome)) + "\n")
    else:
        tell(outcome)
    return process.OK if outcome.ok else process.UNEXPECTED


class Demo:
    """The sandbox systems, the daemon as a process of its own between them, and a person's view through its API."""

    def __init__(self, folder: Path, orders: int, seed: int, *, quiet: bool) -> None:
        self._folder, self._quiet = folder, quiet
        self._console = Console(stderr=False, quiet=quiet)
        self._day: DemoDay = demo_day(seed, now=REAL.now(), count=orders, refused=True)
        script = flaky(seed)
        self._oms = SandboxOms(script=script)
        self._wms = {
            "bangkok": SandboxWms(warehouses=("BKK",), script=script),
            "chiangmai": SandboxWms(warehouses=("CNX",), script=script, idempotency="lookup"),
        }
        self._started = REAL.monotonic()

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
                feeding = asyncio.create_task(self._feed())
                await self._watch(client, feeding)
                return await self._outcome(client)
        finally:
            daemon.terminate()
            await asyncio.wait_for(daemon.wait(), 40)
            for system in systems:
                await system.stop()

    async def _start_daemon(self) -> asyncio.subprocess.Process:
        secrets = self._folder / "secrets"
        secrets.mkdir(mode=0o700)
        text = CONFIG.format(folder=self._folder)
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
        return await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, "--config", str(config), "run", env={**os.environ, "NOTIFY_SOCKET": ""}
        )

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

    def _give_up_late(self, what: str) -> None:
        if REAL.monotonic() - self._started > PATIENCE_S:
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
        shops = sorted({order.shop for order in self._day.orders})
        await client.save_allocation(Allocation(position=10, warehouse="CNX", shops=tuple(shops[:1])))
        await client.save_allocation(Allocation(position=20, warehouse="BKK"))

    def _instant(self) -> tuple[str, ...]:
        names = {o.logistics for o in self._day.orders if o.logistics_kind.value in ("instant", "same_day")}
        return tuple(sorted(names)) or ("none",)

    async def _feed(self) -> None:
        parts = 12
        size = -(-len(self._day.orders) // parts)
        for start in range(0, len(self._day.orders), size):
            self._oms.put(self._day.orders[start : start + size])
            await REAL.sleep(FEED_S / parts)

    async def _watch(self, client: Client, feeding: asyncio.Task[None]) -> None:
        """Show progress until the day is in the store and nothing is under way."""
        live = self._console.is_terminal and not self._quiet
        while True:
            status = await client.status()
            counts = {each.state: each.count for each in status.outbox}
            shown = ", ".join(f"{state.replace('_', ' ')} {count}" for state, count in counts.items() if count)
            line = f"{REAL.monotonic() - self._started:5.1f} s  orders {sum(counts.values())}: {shown}"
            if live:
                self._console.print(Text(line.ljust(self._console.width - 1)), end="\r", overflow="crop", no_wrap=True)
            else:
                self._say(line)
            quiet = feeding.done() and sum(counts.values()) >= len(self._day.orders)
            if quiet and not any(counts.get(state) for state in BUSY) and await self._nothing_due(client):
                if live:
                    self._console.print()
                return
            self._give_up_late("the orders did not all settle")
            await REAL.sleep(0.5)

    async def _nothing_due(self, client: Client) -> bool:
        return not any(item.next_at is not None for item in await _all(client, tab="abnormal"))

    async def _outcome(self, client: Client) -> Outcome:
        await self._wait_for_reports(client)
        waiting = await _all(client, tab="pending")
        abnormal = await _all(client, tab="abnormal")
        doubts = 0
        for item in await _all(client, tab="in_progress"):
            if item.attempts > 1:
                detail = await client.order(item.connection, item.ref)
                doubts += any(moment.what == "in_doubt" for moment in detail.timeline)
        arrived = Counter(document.order_ref for wms in self._wms.values() for document in wms.books.documents)
        books = compare(self._day.cases, arrived, await _refused(client, abnormal))
        faults = Counter(self._oms.faults.met)
        for wms in self._wms.values():
            faults.update(wms.faults.met)
        return Outcome(
            ok=not (books.lost or books.doubled or books.unexpected or books.misjudged),
            orders=len(self._day.orders),
            eligible=books.eligible,
            pushed=len(arrived),
            lost=books.lost,
            doubled=books.doubled,
            unexpected=books.unexpected,
            misjudged=books.misjudged,
            cancelled=len(await _all(client, tab="done")),
            waiting=dict(Counter(_why(item) for item in waiting)),
            failed=dict(Counter(item.error or "without a reason" for item in abnormal)),
            settled_doubts=doubts,
            still_in_doubt=sum(item.state == "in_doubt" for item in abnormal),
            faults={str(name): count for name, count in sorted(faults.items())},
            reported=len(self._oms.books.reported),
            seconds=round(REAL.monotonic() - self._started, 1),
        )

    async def _wait_for_reports(self, client: Client) -> None:
        pushed = len(await _all(client, tab="in_progress"))
        for _ in range(40):
            if len(self._oms.books.reported) >= pushed:
                return
            await REAL.sleep(0.25)

    def _say(self, text: str) -> None:
        self._console.print(Text(clean(text)), soft_wrap=True)


class Compared(Struct, frozen=True, kw_only=True):
    """The warehouses' own books beside the day's orders."""

    eligible: int
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    unexpected: tuple[str, ...]
    misjudged: tuple[str, ...]


def compare(cases: Mapping[str, Case], arrived: Mapping[str, int], refused: set[str]) -> Compared:
    """Hold what arrived, and what is known as refused, against what should have: what a warehouse refuses is not lost."""
    expected = {ref for ref, case in cases.items() if case is Case.REFUSED}
    eligible = {ref for ref, case in cases.items() if case not in NEVER} - expected
    return Compared(
        eligible=len(eligible),
        lost=tuple(sorted(eligible - set(arrived))),
        doubled=tuple(sorted(ref for ref, count in arrived.items() if count > 1)),
        unexpected=tuple(sorted(set(arrived) - eligible)),
        misjudged=tuple(sorted(expected ^ refused)),
    )


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


def tell(outcome: Outcome) -> None:
    """Say what happened, for a person."""
    console = Console()
    table = Table(title="What happened to the day's orders", show_header=False, title_justify="left")
    table.add_column(justify="right")
    table.add_column()
    rows: list[tuple[int, str]] = [
        (outcome.orders, "orders fetched from the OMS"),
        (outcome.pushed, "pushed: in the warehouses' own books, each exactly once"),
        (outcome.cancelled, "not pushed: cancelled in the OMS"),
        *((count, f"not pushed: {why}") for why, count in sorted(outcome.waiting.items())),
        *([(count, f"failed: {why}") for why, count in sorted(outcome.failed.items())] or [(0, "failed")]),
        (outcome.settled_doubts, "were in doubt (the answer was lost) and settled by asking or the same key again"),
        (outcome.still_in_doubt, "are still in doubt"),
        (outcome.reported, "reported back to the OMS"),
    ]
    for count, text in rows:
        table.add_row(str(count), Text(clean(text)))
    console.print(table)
    met = ", ".join(f"{name} {count}" for name, count in outcome.faults.items())
    console.print(Text(f"faults the sandbox systems played meanwhile: {met or 'none'}"))
    for name, refs in (
        ("lost", outcome.lost), ("doubled", outcome.doubled), ("unexpected", outcome.unexpected),
        ("refused, or not, against what the warehouse says", outcome.misjudged),
    ):  # fmt: skip
        if refs:
            console.print(Text(f"{name}: {', '.join(refs[:20])}"))
    once = not (outcome.lost or outcome.doubled or outcome.unexpected)
    verdict = f"{'every' if once else 'NOT every'} eligible order arrived exactly once"
    verdict += "; NOT exactly what a warehouse refused is known as refused" if outcome.misjudged else ""
    console.print(Text(f"{verdict} ({outcome.eligible} eligible, {outcome.seconds} s)"))
