"""An operator's morning at the dashboard, in a real terminal: python scripts/tour.py FOLDER. Each screen is kept there as text.

The daemon and the sandbox systems are those of the tutorial; the terminal is tmux, with a server of its own.
"""

from __future__ import annotations

import asyncio
import os
import pwd
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
from crossdock.control.records.master import MasterField
from crossdock.spec.documents import InboundDoc, InboundKind, InboundLine, InboundState, Receipt
from crossdock.spec.orders import Address, Order, OrderLine, OrderStatus, Recipient
from crossdock.spec.products import Product
from crossdock.testing.sandbox.oms import SandboxOms
from crossdock.testing.sandbox.wms import SandboxWms
from crossdock_tui.screens.catalogue import NUMBERED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

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
[control.roles.buyer]
users = ["{user}"]
[control.roles.admin]
users = ["{user}"]
"""
CONNECTION = """
[connections.{name}]
type = "{kind}_default"
settings = {{ url = "{url}", token = {{ secret = "{name}.token" }}{more} }}
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
        self.oms, self.wms = SandboxOms(cost_actual="set_average"), SandboxWms(warehouses=("BKK", "CNX"))
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

    def receive(self, cost: str) -> None:
        """Let the warehouse receive ten pieces at a cost."""
        now = datetime.now(UTC)
        line = InboundLine(line_no=1, sku="WMS-TEA", planned=Decimal(10), planned_unit_cost=Decimal(cost))
        receipt = Receipt(ref="R-1", line_no=1, quantity=Decimal(10), at=now, unit_cost=Decimal(cost), cost_revision=0)
        self.wms.documents.put_inbound(
            InboundDoc(
                ref="IN-1", number="IN001", kind=InboundKind.RECEIPT, revision=1, warehouse="BKK", currency="THB",
                state=InboundState.COMPLETE, lines=(line,), receipts=(receipt,), updated_at=now,
            )
        )  # fmt: skip

    def average(self) -> Decimal | None:
        """The average purchase price of the tea in the OMS."""
        priced = self.oms.costs.priced.get("TEA")
        return None if priced is None else priced.average

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
        text = CONFIG.format(folder=self.folder, user=pwd.getpwuid(os.getuid()).pw_name)
        costs = ', cost_actual = "set_average"'
        for name, kind, system, more in (("shop", "oms", self.oms, costs), ("bangkok", "wms", self.wms, "")):
            (secrets / f"{name}.token").touch(mode=0o600)
            (secrets / f"{name}.token").write_text(system.token)
            text += CONNECTION.format(name=name, kind=kind, url=system.url, more=more)
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


async def see_what_a_strategy_would_do(morning: Morning) -> None:
    """The form says what each kind means, and which of the orders that wait would go, before anything is saved."""
    morning.put(5, gifts_pending=True, warehouse="HKT")
    terminal = morning.terminal
    terminal.press(KEY["orders"])
    terminal.press("BTab", "BTab")
    await terminal.until("M005", "auto push is off")
    terminal.press(KEY["strategies"])
    await terminal.until("Strategies", "arranged")
    terminal.press("e")
    await terminal.until("gift gate", "1 go now", "M005")
    terminal.press(*["Down"] * 4, "Right")
    await terminal.until(
        "an order waits until its OMS says that its gifts are added", "1 stay", "1 order differs from what is saved"
    )


async def change_a_strategy(morning: Morning) -> None:
    """It is saved, and the list shows it."""
    morning.terminal.press("C-s")
    await morning.terminal.until("arranged", but="an order waits until its OMS says")
    async with morning.client() as client:
        saved = await client.strategy("arranged")
    if saved.gift_gate != "wait_flag":
        raise NotSeen(f"the strategy was saved as {saved}")


async def see_a_receipt_go_to_the_oms(morning: Morning) -> None:
    """The warehouse received goods; push status shows the document and that the OMS has it."""
    morning.receive("2.00")
    terminal = morning.terminal
    terminal.press(KEY["push_status"])
    await terminal.until("Push", "no push failed|last error")
    terminal.press(*["Tab"] * 7)
    await terminal.until("IN001", "pushed")
    await morning.until(lambda: morning.average() == Decimal(2), "the OMS has the average of 2.00")


async def see_what_a_cost_would_do(morning: Morning) -> None:
    """What the average purchase price would be is shown before the cost is saved."""
    terminal = morning.terminal
    terminal.press(KEY["costs"])
    await terminal.until("IN001", "THB")
    terminal.press("Enter")
    await terminal.until("R-1", "received 10")
    terminal.press("c")
    await terminal.until("actual unit cost")
    terminal.press("End", *["BSpace"] * 12)
    await terminal.until(r"unit cost +│")  # what is typed may overtake keys that delete, when both come at once
    terminal.type("2.50")
    await terminal.until(r"average purchase price of TEA: 2\.00 THB → 2\.50 THB")


async def correct_a_cost(morning: Morning) -> None:
    """It is saved with a reason, and the OMS has the new average."""
    terminal = morning.terminal
    terminal.press("Down")
    terminal.type("the invoice says so")
    terminal.press("C-s")
    await morning.until(lambda: morning.average() == Decimal("2.5"), "the OMS has the average of 2.50")
    await terminal.until(r"R-1.*2\.50", but="actual unit cost of")


async def decide_about_a_product(morning: Morning) -> None:
    """Both sides changed a name: the three values stand side by side, and one is taken with a reason."""
    for system in (morning.oms, morning.wms):
        system.products.put([Product(sku="CUP", name="Cup", updated_at=datetime.now(UTC))])
    async with morning.client() as client:
        settings = await client.master_settings("HKT")
        fields = {**settings.fields, "name": MasterField(rule="manual")}
        await client.save_master_settings(msgspec.structs.replace(settings, enabled=True, fields=fields))
        await _holds(lambda: _has(client, "proposed"), "the product waits for its first contact")
        plan = await client.master_plan("HKT")
        await client.apply_master_plan("HKT", plan.id)
        await _holds(lambda: _has(client, "bound"), "the product is kept in step")
    morning.oms.products.edit("CUP", name="Mug")
    morning.wms.products.edit("CUP", name="Beaker")
    terminal = morning.terminal
    terminal.press(KEY["products"])
    await terminal.until("CUP", "Mug", "Beaker")
    terminal.press("d")
    await terminal.until("What is taken for")
    terminal.type("oms")
    terminal.press("Enter", "Enter")
    await terminal.until("Why")
    terminal.type("as printed on the box")
    terminal.press("Enter")
    await terminal.until("nothing is to be decided")
    await morning.until(lambda: morning.wms.products.get("CUP").name == "Mug", "the warehouse has the name of the OMS")


async def _has(client: Client, state: str) -> bool:
    return (await client.master_status("HKT")).products.get(state, 0) == 1


async def _holds(look: Callable[[], Awaitable[bool]], what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not await look():
        if time.monotonic() > end:
            raise NotSeen(f"not within {PATIENCE_S:.0f} s: {what}")
        await asyncio.sleep(0.1)


async def pause_the_warehouse(morning: Morning) -> None:
    """A connection is left alone, with a reason that everybody sees."""
    terminal = morning.terminal
    terminal.press(KEY["connections"])
    await terminal.until("bangkok", "shop")
    if re.search(r"^.*bangkok", terminal.text(), re.MULTILINE):
        async with morning.client() as client:
            names = [each.name for each in (await client.connections()).items]
        terminal.press(*["Down"] * names.index("bangkok"))
    terminal.press("p")
    await terminal.until(r"Why is it left alone\?")
    terminal.type("they move house")
    terminal.press("Enter")
    await terminal.until("bangkok.*paused", "they move house")


async def resume_the_warehouse(morning: Morning) -> None:
    """It goes on."""
    morning.terminal.press("u")
    await morning.terminal.until("bangkok.*ok", but="paused")


async def speak_thai(morning: Morning) -> None:
    """The palette changes the language."""
    await _speak(morning, "ไทย")
    await morning.terminal.until("การเชื่อมต่อ", but=r"Connections|(?i:search)")


async def speak_english_again(morning: Morning) -> None:
    """And back."""
    await _speak(morning, "English")
    await morning.terminal.until("Connections")


async def _speak(morning: Morning, language: str) -> None:
    terminal = morning.terminal
    terminal.press(":")
    await asyncio.sleep(0.5)
    terminal.type(language)
    await terminal.until(language)
    await asyncio.sleep(0.5)
    terminal.press("Enter")


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
    push_what_waits, find_a_failed_push, read_why_it_failed, push_it_again, look_at_the_tasks,
    see_what_a_strategy_would_do, change_a_strategy, see_a_receipt_go_to_the_oms, see_what_a_cost_would_do, correct_a_cost,
    decide_about_a_product, pause_the_warehouse, resume_the_warehouse, speak_thai, speak_english_again, leave,
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
