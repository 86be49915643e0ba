"""Pictures of every screen of the dashboard for the documentation, of a living demo: python scripts/screenshots.py FOLDER."""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
import time
from pathlib import Path

from crossdock.app import demo, demo_live
from crossdock.control.client import Client
from crossdock.env import Env
from crossdock_tui.app import Dashboard
from crossdock_tui.screens.catalogue import MORE, NUMBERED

SEED, ORDERS, SIZE = 7, 200, (120, 34)
DAY_S = 25
"""Seconds that the demo's day goes on before the first picture."""
KEYS = {"orders": (("explain", ("e",)),)}
"""What else is shown of a screen: the name of the picture, and the keys that lead to it."""
FONT = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)


class Taken(Exception):
    """Every picture is taken."""


async def settled(app: Dashboard, pilot: object) -> str:
    """Return the picture of what stands on the terminal once it stays the same; where it never does, as it is."""
    await pilot.pause(0.6)
    end, before = time.monotonic() + 10, ""
    while time.monotonic() < end:
        picture = app.export_screenshot(title="crossdock")
        if picture == before:
            break
        before = picture
        await pilot.pause(0.7)
    return before


def write(folder: Path, name: str, picture: str) -> None:
    """Write a picture that asks nobody for its font."""
    (folder / f"{name}.svg").write_text(FONT.sub("", picture), encoding="utf-8")
    print(f"{folder / name}.svg", flush=True)


async def take(socket: Path, folder: Path) -> None:
    """Go through every screen and take its picture."""
    app = Dashboard(Client(str(socket)), Env(), tongue="en")
    async with app.run_test(size=SIZE) as pilot:
        while not app.connected:
            await pilot.pause(0.1)
        for each in (*NUMBERED, *MORE):
            app.action_go(each.SCREEN)
            write(folder, each.SCREEN, await settled(app, pilot))
            for name, keys in KEYS.get(each.SCREEN, ()):
                await pilot.press(*keys)
                write(folder, f"{each.SCREEN}-{name}", await settled(app, pilot))
                await pilot.press("escape")


async def main(folder: Path) -> None:
    """Let the demo's day begin, take the pictures, end it."""
    folder.mkdir(parents=True, exist_ok=True)

    async def show(state: Path) -> None:
        await asyncio.sleep(DAY_S)
        await take(state / "control.sock", folder)
        raise Taken

    demo_live.show_dashboard = show
    with tempfile.TemporaryDirectory(prefix="crossdock-demo-") as state:
        try:
            await demo.Demo(Path(state), ORDERS, SEED, quiet=True, dashboard=True).run()
        except Taken:
            return


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
