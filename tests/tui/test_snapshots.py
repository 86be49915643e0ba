"""What stands on the terminal on every screen, at two sizes, in both languages: what an operator reads, cell for cell.

`pytest tests/tui/test_snapshots.py --snapshot-update` writes the pictures again; read them before they are committed.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
import time_machine
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from tests.tui.conftest import Desk
from tests.tui.furnished import BEGIN, SEEN, Furnished
from textual.command import CommandPalette

from crossdock.control.client import Client
from crossdock.env import Env
from crossdock_tui import language
from crossdock_tui.app import Dashboard
from crossdock_tui.base_screen import BaseScreen
from crossdock_tui.filter_bar import FilterBar
from crossdock_tui.form_screen import FormScreen
from crossdock_tui.screens.home import Home

pytestmark = pytest.mark.asyncio(loop_scope="module")
HERE = ZoneInfo("Asia/Bangkok")
SIZES = {"80x24": (80, 24), "140x40": (140, 40)}
VARIES = (
    (re.compile(rb"(T03):\d\d:\d\d(\.\d+)?"), rb"\1:00:00"),
    (re.compile(rb"\b03:\d\d(:\d\d)?(?= UTC)"), b"03:00"),
    (re.compile(rb"\b[0-9a-f]{12,}\b"), lambda found: b"0" * len(found.group())),
    (re.compile(rb"(127\.0\.0\.1:)\d+"), rb"\g<1>50000"),
    (re.compile(rb"/[\w/-]*crossdock-\w{8}"), b"/tmp/crossdock-12345678"),
    (re.compile(rb'("disk_free_bytes":)\d+'), rb"\g<1>68719476736"),
)
"""What is another one each time in the daemon's answers, and what stands in its place."""
NUMBERS = re.compile(r"((?:number|เลขที่) +)\d\d\b|\b\d\d(?=  (?:outbound cancel|post outbound))")
"""The numbers of writes: how many there were before depends on how often one was tried."""
READING = {"load", "detail", "prepare", "preview", CommandPalette._GATHER_COMMANDS_GROUP}
"""The groups of workers that have something to show yet."""


class Terminal(SingleFileSnapshotExtension):
    """A file of text for each picture."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"


@pytest.fixture
def snapshot(snapshot):
    return snapshot.use_extension(Terminal)


class Steady(Client):
    """Hears what varies as if it did not: a picture may be cut off anywhere, so that afterwards it is too late for that."""

    async def exchange(self, *asked):
        raw, status = await super().exchange(*asked)
        for varying, instead in VARIES:
            raw = varying.sub(instead, raw)
        return raw, status


class Standing(Env):
    """The clock stands still, and nobody rests on a row before its detail is read."""

    def now(self):
        return SEEN

    async def sleep(self, seconds):
        await super().sleep(0 if seconds < 1 else seconds)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world():
    with (
        tempfile.TemporaryDirectory(prefix="crossdock-") as folder,
        time_machine.travel(BEGIN.astimezone(HERE)),
        pytest.MonkeyPatch.context() as patched,
    ):
        made = Furnished(Path(folder))
        for screen in (BaseScreen, Home):
            patched.setattr(screen, "GAP_S", 0.001)
        await made.up()
        try:
            await made.furnish()
            yield made
        finally:
            await made.down()


class Viewer(Desk):
    """One who presses a key as soon as what the last one did is there."""

    async def press(self, *keys):
        for key in keys:
            self.app.simulate_key(key)
            await self.pilot.pause(0)


@contextlib.asynccontextmanager
async def opened(world, size, tongue):
    app = Dashboard(Steady(str(world.folder / "control.sock")), Standing(), tongue=tongue)
    try:
        async with app.run_test(size=size) as pilot:
            desk = Viewer(app, pilot)
            await desk.until(lambda: app.connected and app.status is not None, "the daemon is there")
            yield desk
    finally:
        language.use("en")


def reads(app):
    """Whether something is being read, or will be in a moment."""
    for screen in app.screen_stack:
        if isinstance(screen, BaseScreen) and (screen._waiting or screen._stale or not screen.loaded):
            return True
        if isinstance(screen, FormScreen) and (screen._timer is not None or (screen.PREVIEWS and not screen.previewed)):
            return True
    return any(worker.group in READING and not worker.is_finished for worker in app.workers)


async def picture(desk):
    """What stands on the terminal once nothing is read any more and it stays the same."""
    seen = []

    def rests():
        if reads(desk.app):
            seen.clear()
        else:
            seen.append(desk.text)
        return len(seen) > 2 and seen[-3] == seen[-2] == seen[-1]

    await desk.until(rests, "nothing is read any more")
    text = NUMBERS.sub(lambda found: f"{found[1] or ''}··", desk.text)
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


async def go(desk, name, tab=None):
    desk.app.action_go(name)
    await desk.until(lambda: name == desk.screen.SCREEN and desk.screen.loaded, f"{name} is read")
    if tab is not None and tab != desk.screen.tab:
        desk.screen.go_to_tab(tab)
        await desk.until(lambda: desk.screen.loaded, f"{tab} is read")


async def asked(desk, *keys):
    """Press keys that open a dialog, a form, the palette."""
    before = len(desk.app.screen_stack)
    await desk.press(*keys)
    await desk.until(lambda: len(desk.app.screen_stack) > before, f"{keys} opens something")


async def left(desk):
    """Leave what is open over the screen."""
    await desk.press("escape")
    await desk.until(lambda: isinstance(desk.app.screen, BaseScreen), "it is left")


async def tabs(desk, name, *wanted):
    """Go to tabs of a screen, one by one."""
    for tab in wanted:
        await go(desk, name, tab)
        yield f"{name}-{tab or 'all'}"


async def opening(desk, name, key=None):
    """Open everything about a row."""
    if key is not None:
        await desk.on(key)
    await desk.press("enter")
    await desk.until(lambda: desk.screen.opened, "it is open")
    yield f"{name}-detail"
    await desk.press("escape")


async def dialogs(desk, name, **keys):
    """Open what keys open, one by one."""
    for called, key in keys.items():
        await asked(desk, *key)
        yield f"{name}-{called}"
        await left(desk)


async def home(desk):
    await go(desk, "home")
    yield "home"
    async for each in dialogs(desk, "home", help=("question_mark",)):
        yield each
    await asked(desk, "ctrl+p")
    palette = desk.app.screen
    assert isinstance(palette, CommandPalette)
    yield "palette"
    await left(desk)


async def orders(desk):
    async for each in tabs(desk, "orders", "pending", "in_progress", "abnormal", ""):
        yield each
    await desk.on("shop/O-4")
    async for each in dialogs(desk, "orders", explain=("e",), hold=("h",), cancel=("x",), help=("question_mark",)):
        yield each
    await desk.press("slash")
    await desk.until(lambda: desk.screen.query_one(FilterBar).display, "a filter is asked for")
    yield "orders-filter"
    await desk.press("escape")
    async for each in opening(desk, "orders", "shop/O-8"):
        yield each


async def push_status(desk):
    async for each in tabs(desk, "push_status", "failed", "parked"):
        yield each
    await go(desk, "push_status", "in_doubt")
    yield "push_status-in_doubt"
    async for each in dialogs(desk, "push_status", settle=("t",)):
        yield each
    await go(desk, "push_status", "decide")
    yield "push_status-decide"
    async for each in dialogs(desk, "push_status", choices=("d",)):
        yield each
    async for each in tabs(desk, "push_status", "package-outbound", "transfer-inbound", "receiving-inbound"):
        yield each
    await go(desk, "push_status", "manual-outbound")
    yield "push_status-manual-outbound"
    async for each in opening(desk, "push_status"):
        yield each


async def tasks(desk):
    async for each in tabs(desk, "tasks", ""):
        yield each
    async for each in opening(desk, "tasks", "1"):
        yield each


async def strategies(desk):
    await go(desk, "strategies", "strategies")
    yield "strategies-strategies"
    await desk.on("evening")
    async for each in dialogs(desk, "strategies", strategy=("e",)):
        yield each
    await go(desk, "strategies", "warehouses")
    yield "strategies-warehouses"
    async for each in dialogs(desk, "strategies", warehouse=("e",), auto_push=("a",)):
        yield each
    await go(desk, "strategies", "allocation")
    yield "strategies-allocation"
    async for each in dialogs(desk, "strategies", allocation_rule=("e",), remove=("x",)):
        yield each
    await go(desk, "strategies", "mappings")
    yield "strategies-mappings"
    async for each in dialogs(desk, "strategies", mapping=("e",)):
        yield each
    async for each in tabs(desk, "strategies", "setup"):
        yield each


async def products(desk):
    await go(desk, "products")
    await asked(desk, "w")
    yield "products-warehouse"
    await desk.press("down", "down", "enter")
    await desk.until(lambda: len(desk.rows) == 2, "the conflicts of WH are listed")
    yield "products-conflicts"
    async for each in dialogs(desk, "products", decide=("d",)):
        yield each
    for tab in [each.name for each in desk.screen.TABS][1:]:
        await go(desk, "products", tab)
        yield f"products-{tab}"
        if "edit" in {each.name for each in desk.screen.actions} and desk.rows:
            async for each in dialogs(desk, f"products-{tab}", form=("e",)):
                yield each


async def costs(desk):
    await go(desk, "costs", "documents")
    yield "costs-documents"
    await desk.on("depot/IN-1")
    await desk.press("enter")
    await desk.until(lambda: desk.screen.tab == "lines" and len(desk.rows) == 2, "its lines are listed")
    yield "costs-lines"
    async for each in dialogs(desk, "costs", plan=("p",), actual=("c",)):
        yield each
    async for each in opening(desk, "costs-lines"):
        yield each
    async for each in tabs(desk, "costs", "skus", "settle"):
        yield each


async def connections(desk):
    async for each in tabs(desk, "connections", ""):
        yield each
    await desk.on("depot")
    async for each in dialogs(desk, "connections", pause=("p",)):
        yield each
    async for each in opening(desk, "connections", "depot"):
        yield each
    async for each in tabs(desk, "connections", "plugins", "quarantine"):
        yield each


async def incidents(desk):
    async for each in tabs(desk, "incidents", "open"):
        yield each
    async for each in opening(desk, "incidents"):
        yield each
    async for each in dialogs(desk, "incidents", mute=("m",), release=("a",)):
        yield each
    await desk.press("o")
    await desk.until(lambda: desk.screen.SCREEN == "held", "what it holds is listed")
    yield "incidents-held"
    await desk.press("escape")
    async for each in tabs(desk, "incidents", "healed"):
        yield each


async def beside(desk):
    """The screens that the palette reaches."""
    async for each in tabs(desk, "packages", "", "packed"):
        yield each
    async for each in tabs(desk, "labels", "ready", ""):
        yield each
    async for each in tabs(desk, "stock", "levels", "held", "switches"):
        yield each
    async for each in tabs(desk, "operations", "failed"):
        yield each
    async for each in opening(desk, "operations"):
        yield each


async def people(desk):
    async for each in tabs(desk, "approvals", "proposed", "done"):
        yield each
    await go(desk, "approvals", "proposed")
    async for each in opening(desk, "approvals", "1"):
        yield each
    async for each in dialogs(desk, "approvals", approve=("a",), decline=("d",)):
        yield each
    async for each in tabs(desk, "users", "people", "roles"):
        yield each
    async for each in opening(desk, "users"):
        yield each
    async for each in tabs(desk, "tokens", "good"):
        yield each
    async for each in dialogs(desk, "tokens", form=("n",), revoke=("x",)):
        yield each
    async for each in opening(desk, "tokens"):
        yield each
    desk.app.jump("audit", filter="object:WH")  # what is shown of people leaves rows, too, so the whole list grows
    await go(desk, "audit")
    yield "audit"
    async for each in opening(desk, "audit"):
        yield each


PARTS = (home, orders, push_status, tasks, strategies, products, costs, connections, incidents, beside, people)


@pytest.mark.parametrize(
    ("size", "tongue"),
    [
        ("80x24", "en"),
        *(
            pytest.param(*each, marks=pytest.mark.walk)
            for each in (("80x24", "th"), ("140x40", "en"), ("140x40", "th"))
        ),
    ],
)
async def test_every_screen(world, snapshot, size, tongue):
    async with opened(world, SIZES[size], tongue) as desk:
        for part in PARTS:
            async for name in part(desk):
                assert await picture(desk) == snapshot(name=name)
