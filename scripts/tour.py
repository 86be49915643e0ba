"""An operator's morning at the dashboard, in a real terminal: python scripts/tour.py FOLDER. Each screen is kept there as text.

The daemon and the sandbox systems are those of the tutorial; the terminal is tmux, with a server of its own.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from crossdock.control.client import Client
from crossdock.control.records.book import Allocation, Strategy, Warehouse
from crossdock.spec.orders import Address, Order, OrderLine, OrderStatus, Recipient
from crossdock.testing.sandbox.oms import SandboxOms
from crossdock.testing.sandbox.wms import SandboxWms
from crossdock_tui.screens.catalogue import NUMBERED

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAM = "from crossdock.cli.main import main; main()"
PATIENCE_S = 30.0
WIDTH, HEIGHT = 120, 34
KEY = {each.SCREEN: str(number) for number, each in enumerate(NUMBERED, 1)}
"""The number keys, by screen."""
CONFIG = """
state_dir = "{folder}"
credentials_dir = "{folder}/secrets"
[log]
level = "error"
[engine]
min_interval_s = 1
tick_s = 0.2
[plugins]
allow = ["crossdock-oms-default", "crossdock-wms-default"]
"""
CONNECTION = """
[connections.{name}]
type = "{kind}_default"
settings = {{ url = "{url}", token = {{ secret = "{name}.token" }} }}
http = {{ allow_http = true, allow_private = ["127.0.0.0/8"] }}
fetch = {{ every_s = 1, overlap_s = 60 }}
retry = {{ base_s = 0.2, cap_s = 1 }}
"""


class NotSeen(Exception):
    """What a step waits for did not come."""


class Terminal:
    """A terminal with the dashboard in it."""

    def __init__(self, folder: Path, command: str) -> None:
        self.socket = str(folder / "tmux.sock")
        self.run(
            "-f", "/dev/null", "new-session", "-d", "-x", str(WIDTH), "-y", str(HEIGHT), "-s", "tour", command,
        )  # fmt: skip

    def run(self, *words: str) -> str:
        """Give tmux a command."""
        return subprocess.run(
            ["tmux", "-S", self.socket, *words], check=True, capture_output=True, text=True, timeout=20
        ).stdout

    def press(self, *keys: str) -> None:
        """Press keys, by tmux's names."""
        self.run("send-keys", "-t", "tour", *keys)

    def type(self, text: str) -> None:
        """Type a text."""
        self.run("send-keys", "-t", "tour", "-l", text)

    def text(self) -> str:
        """Return what stands in the terminal."""
        return self.run("capture-pane", "-p", "-t", "tour").replace("\u00a0", " ")

    async def until(self, *wanted: str, but: str = "") -> None:
        """Wait until texts (patterns) stand in the terminal, and another does not. Raises NotSeen."""
        end = time.monotonic() + PATIENCE_S
        while True:
            text = self.text()
            missing = [each for each in wanted if not re.search(each, text)]
            if not missing and not (but and re.search(but, text)):
                return
            if time.monotonic() > end:
                raise NotSeen(f"not within {PATIENCE_S:.0f} s: {missing or f'{but} is gone'}\n{text}")
            await asyncio.sleep(0.1)

    def end(self) -> None:
        """End the terminal, with its own server."""
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], check=False, capture_output=True, timeout=20)


class Morning:
    """The systems, the daemon, the terminal, and the steps."""

    def __init__(self, folder: Path, kept: Path) -> None:
        self.folder, self.kept = folder, kept
        self.oms, self.wms = SandboxOms(), SandboxWms(warehouses=("BKK", "CNX"))
        self.terminal: Any = None

    def client(self) -> Client:
        """Make a client of the daemon."""
        return Client(str(self.folder / "control.sock"))

    def put(self, *serials: int, **changes: object) -> None:
        """Let orders appear in the OMS."""
        now = datetime.now(UTC)
        for serial in serials:
            values: dict[str, Any] = {
                "ref": f"M-{serial}", "number": f"M{serial:03d}", "status": OrderStatus.READY_TO_SHIP, "created_at": now,
                "updated_at": now, "shop": "lanna", "logistics": "Flash", "tracking_number": f"TH{serial}", "label_ready": True,
                "recipient": Recipient(name="สมชาย ใจดี", phone="0812345678", address=Address(lines=("1 ถนนสุขุมวิท",), country="TH")),
                "lines": (OrderLine(line_no=1, sku="TEA", quantity=Decimal(2)),),
            }  # fmt: skip
            self.oms.put([Order(**{**values, **changes})])

    def arrived(self, ref: str) -> bool:
        """Tell whether the warehouse has an order."""
        return ref in self.wms.books.by_order

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until the systems' own books show something. Raises NotSeen."""
        end = time.monotonic() + PATIENCE_S
        while not holds():
            if time.monotonic() > end:
                raise NotSeen(f"not within {PATIENCE_S:.0f} s: {what}\n{self.terminal.text()}")
            await asyncio.sleep(0.1)

    async def up(self) -> asyncio.subprocess.Process:
        """Start the systems and the daemon, and set up what stands since yesterday."""
        await self.oms.start()
        await self.wms.start()
        secrets = self.folder / "secrets"
        secrets.mkdir(mode=0o700)
        text = CONFIG.format(folder=self.folder)
        for name, kind, system in (("shop", "oms", self.oms), ("bangkok", "wms", self.wms)):
            (secrets / f"{name}.token").touch(mode=0o600)
            (secrets / f"{name}.token").write_text(system.token)
            text += CONNECTION.format(name=name, kind=kind, url=system.url)
        config = self.folder / "crossdock.toml"
        config.write_text(text)
        with (self.folder / "daemon.log").open("wb") as log:
            daemon = await asyncio.create_subprocess_exec(
                sys.executable, "-c", PROGRAM, "--config", str(config), "run", stderr=log, env={**os.environ, "NOTIFY_SOCKET": ""}
            )  # fmt: skip
        end = time.monotonic() + PATIENCE_S
        async with self.client() as client:
            while True:
                try:
                    await client.status()
                    break
                except Exception as error:
                    if time.monotonic() > end:
                        raise NotSeen(f"no daemon: {error}") from error
                    await asyncio.sleep(0.1)
            await client.save_strategy(Strategy(name="arranged", kind="standard"))
            await client.save_warehouse(
                Warehouse(code="WH", connection="bangkok", remote="BKK", strategies=("arranged",), auto_bind=False)
            )
            await client.save_allocation(Allocation(position=1, warehouse="WH"))
        return daemon

    async def go(self) -> int:
        """Take every step; return how many failed."""
        daemon = await self.up()
        command = f"env LC_ALL=C.UTF-8 XDG_STATE_HOME={self.folder} {sys.executable} -c '{PROGRAM}' --socket {self.folder}/control.sock tui"
        failed = 0
        try:
            self.terminal = Terminal(self.folder, command)
            for number, step in enumerate(STEPS, 1):
                name = f"{number:02d}-{step.__name__.replace('_', '-')}"
                try:
                    await step(self)
                    print(f"tour: {name} ok", flush=True)
                except Exception as error:  # noqa: BLE001 - whatever it is, the step failed and the tour goes on
                    failed += 1
                    print(f"tour: {name} FAILED {error}", flush=True)
                if step is not STEPS[-1]:
                    (self.kept / f"{name}.txt").write_text(self.terminal.text(), encoding="utf-8")
        finally:
            if self.terminal is not None:
                self.terminal.end()
            daemon.terminate()
            await asyncio.wait_for(daemon.wait(), 40)
            await self.oms.stop()
            await self.wms.stop()
        print(f"tour: steps={len(STEPS)} failed={failed}")
        return failed


async def nothing_there_yet(morning: Morning) -> None:
    """The screen of orders is empty and says why."""
    terminal = morning.terminal
    await terminal.until(r"1 Dashboard", r"2 Orders")
    terminal.press(KEY["orders"])
    await terminal.until(r"pending", r"0–0", r"get new orders")


async def get_new_orders(morning: Morning) -> None:
    """Orders came in overnight."""
    morning.put(1, 2, 3)
    morning.terminal.press("g")
    await morning.terminal.until("M001", "M002", "M003")


async def read_why_they_wait(morning: Morning) -> None:
    """A mapping is missing, and `e` says so."""
    morning.terminal.press("e")
    await morning.terminal.until("what every rule says", r"✗ .*TEA")
    morning.terminal.press("Escape")
    await morning.terminal.until("pending", but="what every rule says")


async def see_the_incident(morning: Morning) -> None:
    """One cause holds all three."""
    morning.terminal.press(KEY["incidents"])
    await morning.terminal.until(r"holds +cause", "SKU TEA is not bound in warehouse WH")


async def see_it_on_the_dashboard(morning: Morning) -> None:
    """The first screen leads there too."""
    morning.terminal.press(KEY["home"])
    await morning.terminal.until("open incidents", "TEA")


async def mend_the_mapping(morning: Morning) -> None:
    """The incident is mended where it is read, once for all."""
    terminal = morning.terminal
    terminal.press(KEY["incidents"])
    await terminal.until(r"holds +cause", "TEA")
    terminal.press("f")
    await terminal.until("new mapping", "theirs", "TEA")
    terminal.press("Enter")
    await terminal.until("╭.*\n.*theirs")
    terminal.type("WMS-TEA")
    terminal.press("Enter")
    await terminal.until(r"theirs +WMS-TEA")
    terminal.press("C-s")
    await terminal.until("0–0", but="is not bound")


async def push_what_waits(morning: Morning) -> None:
    """Mark everything and push it; one question, a result for each."""
    terminal = morning.terminal
    terminal.press(KEY["orders"])
    await terminal.until("M001", "M003")
    terminal.press("*")
    await terminal.until("3 marked")
    terminal.press("p")
    await terminal.until(r"Push 3 orders to their warehouse\?")
    terminal.press("y")
    await terminal.until(r"3 done, 0 not")
    terminal.press("Enter")
    await morning.until(lambda: all(morning.arrived(f"M-{n}") for n in (1, 2, 3)), "the warehouse has all three")


async def find_a_failed_push(morning: Morning) -> None:
    """A warehouse code that the WMS does not know: the push fails, and the list says so."""
    async with morning.client() as client:
        await client.save_warehouse(Warehouse(code="HKT", connection="bangkok", remote="HKT", strategies=("arranged",)))
    morning.put(4, warehouse="HKT")
    terminal = morning.terminal
    terminal.press(KEY["orders"])
    terminal.press("Escape")
    await terminal.until("M004", but="marked")
    terminal.press("p")
    await terminal.until("queued for warehouse HKT")
    terminal.press("Tab", "Tab")
    await terminal.until("M004", "push failed")


async def read_why_it_failed(morning: Morning) -> None:
    """The warehouse's own words stand there."""
    await morning.terminal.until("No warehouse 'HKT'")


async def push_it_again(morning: Morning) -> None:
    """The cause is mended, and the order goes again."""
    async with morning.client() as client:
        await client.save_warehouse(msgspec.structs.replace(await client.warehouse("HKT"), remote="CNX"))
    morning.terminal.press("p")
    await morning.until(lambda: morning.arrived("M-4"), "the warehouse has M-4")
    await morning.terminal.until("abnormal", but="M004")


async def look_at_the_tasks(morning: Morning) -> None:
    """What was fetched, and who asked."""
    morning.terminal.press(KEY["tasks"])
    await morning.terminal.until("Tasks", "fetch", "succeeded")


async def look_at_the_strategies(morning: Morning) -> None:
    """The strategy is listed with what it does."""
    morning.terminal.press(KEY["strategies"])
    await morning.terminal.until("Strategies", "arranged")


async def pause_and_resume_the_warehouse(morning: Morning) -> None:
    """A connection is paused with a reason, and goes on."""
    terminal = morning.terminal
    terminal.press(KEY["connections"])
    await terminal.until("bangkok", "shop")


async def speak_thai_from_the_palette(morning: Morning) -> None:
    """The palette changes the language, and back."""
    terminal = morning.terminal
    terminal.press(":")
    await terminal.until(r"(?i)search")
    terminal.type("ไทย")
    await terminal.until("ไทย")
    terminal.press("Escape")
    await terminal.until("Connections", but=r"(?i)search for commands")


async def leave(morning: Morning) -> None:
    """`q` ends the dashboard; the daemon goes on."""
    morning.terminal.press("q")

    def gone() -> bool:
        try:
            morning.terminal.run("has-session", "-t", "tour")
        except subprocess.CalledProcessError:
            return True
        return False

    await morning.until(gone, "the dashboard has ended")
    async with morning.client() as client:
        await client.status()


STEPS = (
    nothing_there_yet, get_new_orders, read_why_they_wait, see_it_on_the_dashboard, see_the_incident, mend_the_mapping,
    push_what_waits, find_a_failed_push, read_why_it_failed, push_it_again, look_at_the_tasks, look_at_the_strategies,
    pause_and_resume_the_warehouse, speak_thai_from_the_palette, leave,
)  # fmt: skip
"""In their order."""


def main() -> int:
    """Take the tour; the exit status tells whether every step went well."""
    if shutil.which("tmux") is None:
        print("tour: tmux is not installed (Debian: apt-get install tmux)")
        return 1
    kept = Path(sys.argv[1])
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="crossdock-tour-") as folder:
        return min(1, asyncio.run(Morning(Path(folder), kept).go()))


if __name__ == "__main__":
    sys.exit(main())
