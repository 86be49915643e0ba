"""The demo beneath the dashboard: orders keep coming until it is left, and what a person did there is told apart."""

from __future__ import annotations

import asyncio
import os
import sys
from importlib.util import find_spec
from random import Random  # noqa: TID251 - a seed gives the same orders, as in demo_day
from typing import TYPE_CHECKING

from msgspec.structs import replace

from crossdock.app import demo_goods
from crossdock.env import REAL
from crossdock.spec.orders import Address, OrderStatus
from crossdock.testing.sandbox.demo_day import VARIATIONS, WEIGHTS, Case, plain_order, unchanged
from crossdock.testing.sandbox.demo_words import STREETS_TH

if TYPE_CHECKING:
    from pathlib import Path

    from crossdock.control.client import Client
    from crossdock.spec.orders import Order
    from crossdock.testing.sandbox.oms import SandboxOms

EVERY_S = 1.5
"""Seconds between two orders that come in."""
CHANGE_EVERY = 5
"""So many orders come in for one that its buyer changes, pays or cancels."""
PROGRAM = "from crossdock.cli.main import main; main()"
_NOT_COUNTED = frozenset({"pii.reveal", "stock.switch", "master.policy", "make_plan", "master.apply"})
_DEMO_TOUCHES = ("DAY-", demo_goods.DELIVERY)


def can_show() -> bool:
    """Tell whether there is a terminal to show the dashboard in, and a dashboard."""
    terminal = sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    return terminal and find_spec("crossdock_tui") is not None


async def show_dashboard(folder: Path) -> None:
    """Show the dashboard in this terminal until it is left. It forgets with the demo how it was left."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("CROSSDOCK_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, "--socket", str(folder / "control.sock"), "tui",
        env={**kept, "XDG_STATE_HOME": str(folder / "person")},
    )  # fmt: skip
    await process.wait()


class Stream:
    """Orders that keep coming. `cases`: why each is there; those that a buyer changed meanwhile are in `moved` instead."""

    def __init__(self, oms: SandboxOms, seed: int) -> None:
        self._oms, self._chance = oms, Random(seed)  # noqa: S311 - made-up orders, the same for the same seed
        self.cases: dict[str, Case] = {}
        self.moved: set[str] = set()
        self._serial = 0

    async def run(self) -> None:
        """Let orders come until this is cancelled."""
        while True:
            await REAL.sleep(EVERY_S)
            self.step()

    def step(self) -> None:
        """Let one order come, and now and then a buyer change something."""
        self._serial += 1
        case = self._chance.choices(list(WEIGHTS), weights=list(WEIGHTS.values()))[0]
        order = plain_order(self._chance, f"LIVE-{self._serial:05d}", REAL.now())
        self._oms.put([VARIATIONS.get(case, unchanged)(self._chance, order)])
        self.cases[order.ref] = case
        if self._serial % CHANGE_EVERY == 0:
            self._change(self._chance.choice(list(self.cases)))

    def _change(self, ref: str) -> None:
        order = self._oms.books.order(ref)
        if order is None or order.status is OrderStatus.CANCELLED:
            return
        self.moved.add(ref)
        del self.cases[ref]
        if order.status is OrderStatus.UNPAID:
            self._oms.put([_paid(order)])
        elif self._chance.random() < 0.5:
            self._oms.cancel(ref)
        else:
            place = Address(
                lines=(f"{self._serial} {self._chance.choice(STREETS_TH)}",),
                city="เชียงใหม่",
                postcode="50000",
                country="TH",
            )
            self._oms.put([replace(order, recipient=replace(order.recipient, address=place))])


def _paid(order: Order) -> Order:
    return replace(
        order, status=OrderStatus.READY_TO_SHIP, paid_at=REAL.now(), tracking_number=f"TH{order.ref}", label_ready=True
    )


async def newest_row(client: Client) -> int:
    """Return the number of the newest row of the audit."""
    page = await client.audit(limit=1)
    return page.items[0].id if page.items else 0


async def done_by_hand(client: Client, since: int) -> tuple[str, ...]:
    """Name what a person did after a row of the audit, newest first; what the demo plays itself is left out."""
    found: list[str] = []
    after = None
    while True:
        page = await client.audit(limit=200, after=after)
        for row in page.items:
            if row.id <= since:
                return tuple(found)
            played = row.action in _NOT_COUNTED or any(each in row.object for each in _DEMO_TOUCHES)
            if not played and row.result in ("done", "partly"):
                found.append(f"{row.action} {row.object}")
        after = page.next
        if after is None:
            return tuple(found)
