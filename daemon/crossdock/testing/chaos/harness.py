"""Disturbs and kills the daemon again and again while orders come in, lets it come to rest, and reads the warehouses' own books."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import sys
import time
from contextlib import AsyncExitStack, closing
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from crossdock.control import database
from crossdock.testing.chaos import setting
from crossdock.testing.chaos.after_push import AfterPush
from crossdock.testing.chaos.disturbances import Cycle, left_out, run_cycle
from crossdock.testing.chaos.documents import Documents
from crossdock.testing.chaos.ground import Ground
from crossdock.testing.chaos.orders import Orders, judge
from crossdock.testing.chaos.plan import Kind, Outcome, Plan, drawn
from crossdock.testing.chaos.processes import Process, Unexpected

if TYPE_CHECKING:
    from pathlib import Path

    from crossdock.control.client import Client
    from crossdock.control.records.daemon import Status

QUIET_LOOKS = 3
LISTINGS = 4
"""So often a stream is listed again before it counts as known."""
STREAMS = (
    *((name, path) for name in setting.WAREHOUSES for path in setting.WMS_LISTINGS),
    ("oms", "/v1/products"),
)
OPEN_WORK = {
    "operations": "SELECT COUNT(*) FROM operations WHERE unsettled IS NOT NULL",
    "labels": "SELECT COUNT(*) FROM labels WHERE next_at IS NOT NULL",
    "reports": "SELECT COUNT(*) FROM pushes WHERE report_at IS NOT NULL",
}
"""A label that was made of a change before the change itself was listed looks like the old one for good: it ends with a
person, and the books show whether the warehouse has the right one."""
OPEN = ("queued", "sending", "in_doubt", "push_failed")


async def run(plan: Plan, folder: Path) -> Outcome:
    """Run `plan` in an empty folder; its path must be short, for a socket is in it. Leaves no process behind."""
    async with AsyncExitStack() as stack:
        chaos = Chaos(plan, await Ground.prepare(plan.seed, folder, stack))
        try:
            await chaos.cycles()
            await chaos.come_to_rest()
        except Unexpected as trouble:
            chaos.outcome.troubles.append(str(trouble))
        finally:
            await chaos.ground.end_daemon()
        await chaos.read_books()
        return chaos.outcome


class Chaos:
    """A run under way, and what was found so far."""

    def __init__(self, plan: Plan, ground: Ground) -> None:
        self.outcome = Outcome()
        self.ground = ground
        self._plan = plan
        self._chance = random.Random(plan.seed)
        self._orders = Orders(plan.seed)
        chances = (random.Random(f"{plan.seed}:{name}") for name in ("after push", "documents"))
        self._after_push = AfterPush(next(chances), ground.sandboxes)
        self._documents = Documents(next(chances), ground.sandboxes)

    async def cycles(self) -> None:
        """Disturb, kill and start the daemon as often as planned, while orders come in; at the end stop it under load."""
        feeding = asyncio.create_task(self._feed())
        missing = left_out()
        self.outcome.left_out += missing.values()
        kinds = islice(drawn(random.Random(f"{self._plan.seed}:kinds")), self._plan.cycles)
        try:
            for number, kind in enumerate(kinds, start=1):
                await self._cycle(number, Kind.AT_RANDOM if kind in missing else kind)
                if feeding.done():
                    feeding.result()
            await self._stop_at_work()
        finally:
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)

    async def _cycle(self, number: int, kind: Kind) -> None:
        await run_cycle(
            Cycle(
                number=number, kind=kind, ground=self.ground, plan=self._plan, chance=self._chance,
                outcome=self.outcome,
            )
        )  # fmt: skip
        self.outcome.cycles = number
        if number % self._plan.check_every == 0:
            await self._check_database()
            self._progress(number)

    async def _stop_at_work(self) -> None:
        """Stop a daemon that has its hands full, as an operator does."""
        daemon = await self.ground.start_daemon()
        async with self.ground.client() as client:
            await self.ground.answers(client)
        await asyncio.sleep(self._chance.uniform(0, self._plan.life_s))
        await self._stop(daemon)

    async def _stop(self, daemon: Process) -> None:
        status = await daemon.stop(self._plan.stop_within_s)
        if status != 0:
            self.outcome.troubles.append(f"the daemon ended with status {status} after SIGTERM, not 0")

    def _progress(self, number: int) -> None:
        sys.stderr.write(f"chaos: {number} of {self._plan.cycles} cycles, {len(self._orders.expected)} orders\n")
        sys.stderr.flush()

    async def _feed(self) -> None:
        """Put new orders into the OMS, and let everything else happen, until cancelled."""
        while True:
            orders = self._orders.make(self._plan.feed_at_once, datetime.now(UTC))
            await self.ground.sandboxes["oms"].tell("/orders", {"orders": orders})
            self._after_push.know(orders, self._orders.expected)
            await self._after_push.feed()
            await self._documents.feed()
            await self.ground.catalogue.feed()
            await asyncio.sleep(self._plan.feed_every_s)

    async def come_to_rest(self) -> None:
        """Let the daemon work undisturbed until nothing is left to do, then stop it as an operator does."""
        await asyncio.sleep(setting.LATE_VISIBLE_S)
        daemon = await self.ground.start_daemon()
        async with self.ground.client() as client:
            await self.ground.answers(client)
            await self._quiet(client)
        await self._stop(daemon)

    async def _quiet(self, client: Client) -> None:
        """Wait until all has been listed and nothing is on its way. "Lost" means nothing before that."""
        end = time.monotonic() + self._plan.quiet_within_s
        orders = await self._listings() + 3 * (1 + len(self._orders.expected) // 10)
        others = {pair: await self._listings(*pair) + LISTINGS for pair in STREAMS}
        seen, waiting = 0, left(await client.status())
        while seen < QUIET_LOOKS:
            if time.monotonic() > end:
                raise Unexpected(f"the outbox was not quiet after {self._plan.quiet_within_s:.0f} s; left: {waiting}")
            await asyncio.sleep(0.1)
            waiting = left(await client.status()) | await asyncio.to_thread(open_work, self.ground.database)
            listed = await self._listings() >= orders
            for pair, count in others.items():
                listed = listed and await self._listings(*pair) >= count
            seen = seen + 1 if listed and not waiting else 0

    async def _listings(self, name: str = "oms", path: str = "/v1/orders") -> int:
        counters = await self.ground.sandboxes[name].ask("/counters")
        return int(counters["calls"].get(f"GET {path}", 0))

    async def _check_database(self) -> None:
        """Look whether the file is sound; a daemon that was killed while migrating may have left its work to the next."""
        found = await asyncio.to_thread(database.check, self.ground.database)
        problems = [problem for problem in found.problems if "run `crossdock db migrate`" not in problem]
        self.outcome.troubles += [f"the database is damaged: {problem}" for problem in problems]

    async def read_books(self) -> None:
        """Compare what was fed with what the warehouses say they created; by now the schema must be whole, too."""
        found = await asyncio.to_thread(database.check, self.ground.database)
        self.outcome.troubles += [f"the database is damaged: {problem}" for problem in found.problems]
        documents = []
        for name in setting.WAREHOUSES:
            documents += await self.ground.sandboxes[name].books()
        for sandbox in self.ground.sandboxes.values():
            self.outcome.faults.update((await sandbox.ask("/counters"))["faults"])
        self.outcome.orders = len(self._orders.expected)
        self.outcome.verdict = judge(self._orders.expected, documents, self._after_push.may_be_absent)
        by_order: dict[str, list[dict[str, Any]]] = {}
        for document in documents:
            by_order.setdefault(str(document["order_ref"]), []).append(document)
        self.outcome.found += await self._after_push.judge(by_order)
        self.outcome.found += await self._documents.judge()
        self.outcome.found += await self.ground.catalogue.judge()


def open_work(file: Path) -> dict[str, int]:
    """Say what the database has that is still to be carried out, asked for or decided, besides pushes."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        found = {what: int(connection.execute(sql).fetchone()[0]) for what, sql in OPEN_WORK.items()}
    return {what: count for what, count in found.items() if count}


def left(status: Status) -> dict[str, int]:
    """Say what is still on its way; what waits for a person counts too, since nothing here should."""
    waiting = {count.state: count.count for count in status.outbox if count.state in OPEN and count.count}
    if status.quarantine:
        waiting["quarantine"] = status.quarantine
    return waiting
