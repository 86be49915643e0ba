"""The dashboard before a real daemon: its process, its socket, the sandbox systems behind it, keys as a person presses them."""

from __future__ import annotations

import contextlib
import time

import pytest
from tests.e2e.conftest import World, an_order

from crossdock.control.client import Client
from crossdock.env import Env
from crossdock_tui.app import Dashboard
from crossdock_tui.base_screen import BaseScreen
from crossdock_tui.dialogs.dialog import Dialog
from crossdock_tui.screens.catalogue import NUMBERED

__all__ = ["an_order"]


def number_of(screen):
    """The key that leads to a screen."""
    return str([each.SCREEN for each in NUMBERED].index(screen) + 1)


class Desk:
    """A dashboard that is open, and the person before it."""

    def __init__(self, app, pilot):
        self.app, self.pilot = app, pilot
        self.said, notify = [], app.notify  # every sentence that was said for a moment, also those that are gone by now

        def noted(message, **options):
            self.said.append(message)
            notify(message, **options)

        app.notify = noted

    @property
    def screen(self):
        """The screen that is open, below any dialog."""
        return next(each for each in reversed(self.app.screen_stack) if isinstance(each, BaseScreen))

    @property
    def dialog(self):
        """The dialog that is open, or None."""
        return self.app.screen if isinstance(self.app.screen, Dialog) else None

    @property
    def text(self):
        """What stands on the terminal."""
        return "\n".join(strip.text.rstrip() for strip in self.app.screen._compositor.render_strips()).replace(
            "\u00a0", " "
        )

    @property
    def rows(self):
        """The keys of the rows of the list."""
        return [row.key for row in self.screen.table.shown]

    def cell(self, key, column):
        """What a cell says."""
        return next((row.cells[column].plain for row in self.screen.table.shown if row.key == key), None)

    async def press(self, *keys):
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text):
        for character in text:
            await self.pilot.press(
                {" ": "space", ":": "colon", "-": "minus", "_": "underscore", ".": "full_stop", "/": "slash"}.get(
                    character, character
                )
            )
        await self.pilot.pause()

    async def until(self, holds, what, seconds=20.0):
        """Wait until something holds; else tell what stands on the terminal."""
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, f"not within {seconds} s: {what}\n{self.text}\n{self.said}"
            await self.pilot.pause(0.02)

    async def until_text(self, *wanted):
        await self.until(lambda: all(each in self.text for each in wanted), f"the terminal shows {wanted}")

    async def go(self, number):
        """Go to a numbered screen and wait until it has read its list."""
        await self.press(str(number))
        await self.until(lambda: self.screen.loaded, f"screen {number} is read")

    async def on(self, key):
        """Put the cursor on a row."""
        await self.until(lambda: key in self.rows, f"row {key} is there")
        self.screen.table.move_cursor(row=self.rows.index(key))
        await self.pilot.pause()


@pytest.fixture
async def world(tmp_path):
    """A daemon with one OMS and one WMS, set up so that everything goes by itself."""
    made = World(tmp_path)
    await made.up()
    await made.start()
    await made.set_up()
    yield made
    await made.down()


@pytest.fixture
def dashboard(world):
    """Open dashboards on the daemon."""

    @contextlib.asynccontextmanager
    async def opened(size=(140, 40), *, tongue="en", first="", memory=None):
        app = Dashboard(Client(str(world.folder / "control.sock")), Env(), memory=memory, first=first, tongue=tongue)
        async with app.run_test(size=size) as pilot:
            desk = Desk(app, pilot)
            await desk.until(lambda: app.connected, "the daemon is there")
            await desk.until(lambda: desk.screen.loaded, "the first list is read")
            yield desk

    return opened
