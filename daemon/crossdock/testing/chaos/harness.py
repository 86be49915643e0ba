"""Kills the daemon again and again while orders come in, lets it come to rest, and reads the warehouses' own books."""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections import Counter
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import aiohttp
import msgspec
from msgspec import Struct, field

from crossdock.control import database
from crossdock.control.client import Client, Refusal, Unreachable
from crossdock.testing.chaos import setting
from crossdock.testing.chaos.orders import Orders, Verdict, judge
from crossdock.testing.chaos.processes import START_S, Process, SandboxProcess, Unexpected, daemon_environ

if TYPE_CHECKING:
    from pathlib import Path

    from crossdock.control.records.daemon import Status

KILLED = -9
FAIL_POINTS = {
    "engine.recovered": 1,
    "store.begin": 60,
    "store.before_commit": 40,
    "store.after_commit": 60,
    "pull.before_fetch": 10,
    "pull.after_fetch": 10,
    "pull.before_store": 10,
    "pull.after_store": 10,
    "push.claimed": 4,
    "push.before_send": 8,
    "push.after_send": 6,
    "ask.claimed": 1,
    "ask.answered": 1,
    "report.before_call": 3,
    "report.answered": 3,
}
"""The fail points of the daemon, and up to which passing of it the daemon is killed there."""

NOT_PASSED = frozenset({"sync.before_call", "sync.answered"})
"""Fail points of what only people ask for; the simulation crashes there."""

AT_RANDOM = "at random"
QUIET_LOOKS = 3
OPEN = ("queued", "sending", "in_doubt", "push_failed")


class Plan(Struct, frozen=True, kw_only=True):
    """How a run goes; times in seconds. A daemon lives up to `life_s`, a fail point is waited for up to `patience_s`."""

    cycles: int = 500
    seed: int = 1
    life_s: float = 2.0
    patience_s: float = 2.5
    feed_every_s: float = 0.1
    feed_at_once: int = 2
    quiet_within_s: float = 300.0
    stop_within_s: float = 30.0
    check_every: int = 50


class Outcome(Struct, kw_only=True):
    """What a run found. `kills` counts by where, `troubles` are sentences about what no kill explains."""

    cycles: int = 0
    orders: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    unreached: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)
    verdict: Verdict = Verdict(eligible=0, lost=(), doubled=(), wrong=())

    @property
    def ok(self) -> bool:
        """Whether every eligible order was created exactly once and nothing else went wrong."""
        return bool(self.verdict.eligible) and not (
            self.verdict.lost or self.verdict.doubled or self.verdict.wrong or self.troubles
        )


async def run(plan: Plan, folder: Path) -> Outcome:
    """Run `plan` in an empty folder; its path must be short, for a socket is in it. Leaves no process behind."""
    async with AsyncExitStack() as stack:
        chaos = await Chaos.start(plan, folder, stack)
        try:
            await chaos.cycles()
            await chaos.come_to_rest()
        except Unexpected as trouble:
            chaos.outcome.troubles.append(str(trouble))
        finally:
            await chaos.end_daemon()
        await chaos.read_books()
        return chaos.outcome


class Chaos:
    """A run under way: the sandboxes, the daemon between them where one lives, and what was found so far."""

    def __init__(self, plan: Plan, folder: Path, sandboxes: dict[str, SandboxProcess]) -> None:
        self.outcome = Outcome()
        self._plan, self._folder, self._sandboxes = plan, folder, sandboxes
        self._chance = random.Random(plan.seed)
        self._orders = Orders(plan.seed)
        self._daemon: Process | None = None
        self._config = folder / "crossdock.toml"

    @classmethod
    async def start(cls, plan: Plan, folder: Path, stack: AsyncExitStack) -> Chaos:
        """Start the sandboxes, write the configuration, and let a first daemon fill its book."""
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)))
        sandboxes = {}
        for name, words in sandbox_words(plan.seed, folder).items():
            sandbox = await SandboxProcess.start(name, words, folder, session)
            stack.push_async_callback(sandbox.process.kill)
            sandboxes[name] = sandbox
        chaos = cls(plan, folder, sandboxes)
        urls = {name: sandbox.url for name, sandbox in sandboxes.items()}
        chaos._config.write_text(setting.configuration(folder, urls), encoding="utf-8")
        stack.push_async_callback(chaos.end_daemon)
        await chaos.start_daemon(None)
        async with chaos.client() as client:
            await chaos.answers(client)
            await setting.fill_book(client)
        await chaos.end_daemon()
        return chaos

    def client(self) -> Client:
        """Return a client of the daemon."""
        return Client(str(self._folder / "control.sock"))

    async def answers(self, client: Client) -> Status:
        """Wait until the daemon answers, and return its status. Raises Unexpected."""
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            try:
                return await client.status()
            except (Unreachable, Refusal):
                await asyncio.sleep(0.05)
        raise Unexpected("the daemon did not answer on its socket")

    async def start_daemon(self, fail_point: str | None) -> Process:
        """Start the daemon on what the last one left."""
        tokens = {name: sandbox.token for name, sandbox in self._sandboxes.items()}
        words = ("--config", str(self._config), "run", "--log-format", "plain")
        environ = daemon_environ(tokens, fail_point)
        self._daemon = await Process.start("the daemon", words, self._folder / "daemon.log", environ)
        return self._daemon

    async def end_daemon(self) -> None:
        """Kill the daemon if one lives."""
        if self._daemon is not None:
            await self._daemon.kill()
            self._daemon = None

    async def cycles(self) -> None:
        """Kill and start the daemon as often as planned, while orders come in; at the end stop it under load."""
        feeding = asyncio.create_task(self._feed())
        try:
            for number in range(1, self._plan.cycles + 1):
                await self._cycle(number)
                self.outcome.cycles = number
                if number % self._plan.check_every == 0:
                    await self._check_database()
                    self._progress(number)
                if feeding.done():
                    feeding.result()
            await self._stop_at_work()
        finally:
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)

    async def _cycle(self, number: int) -> None:
        point = self._chance.choice(list(FAIL_POINTS)) if self._chance.random() < 0.5 else None
        passing = self._chance.randint(1, FAIL_POINTS[point]) if point else 0
        life = self._chance.uniform(0, self._plan.life_s)
        daemon = await self.start_daemon(f"{point}:{passing}" if point else None)
        status = await daemon.ended_within(self._plan.patience_s if point else life)
        if status is None:
            self.outcome.unreached += point is not None
            self.outcome.kills[AT_RANDOM] += 1
        elif status == KILLED and point:
            self.outcome.kills[point] += 1
        else:
            self.outcome.troubles.append(f"cycle {number}: the daemon ended by itself with status {status}")
        await self.end_daemon()

    async def _stop_at_work(self) -> None:
        """Stop a daemon that has its hands full, as an operator does."""
        daemon = await self.start_daemon(None)
        async with self.client() as client:
            await self.answers(client)
        await asyncio.sleep(self._chance.uniform(0, self._plan.life_s))
        await self._stop(daemon)

    async def _stop(self, daemon: Process) -> None:
        status = await daemon.stop(self._plan.stop_within_s)
        if status != 0:
            self.outcome.troubles.append(f"the daemon ended with status {status} after SIGTERM, not 0")

    def _progress(self, number: int) -> None:
        sys.stderr.write(f"chaos: {number} of {self._plan.cycles} kills, {len(self._orders.expected)} orders\n")
        sys.stderr.flush()

    async def _feed(self) -> None:
        """Put new orders into the OMS until cancelled."""
        while True:
            orders = self._orders.make(self._plan.feed_at_once, datetime.now(UTC))
            await self._sandboxes["oms"].tell("/orders", {"orders": orders})
            await asyncio.sleep(self._plan.feed_every_s)

    async def come_to_rest(self) -> None:
        """Let the daemon work undisturbed until nothing is left to do, then stop it as an operator does."""
        await asyncio.sleep(setting.LATE_VISIBLE_S)
        daemon = await self.start_daemon(None)
        async with self.client() as client:
            await self.answers(client)
            await self._quiet(client)
        await self._stop(daemon)

    async def _quiet(self, client: Client) -> None:
        """Wait until all has been listed and nothing is on its way. "Lost" means nothing before that."""
        end = time.monotonic() + self._plan.quiet_within_s
        listed = await self._listings() + 3 * (1 + len(self._orders.expected) // 10)
        seen, waiting = 0, left(await client.status())
        while seen < QUIET_LOOKS:
            if time.monotonic() > end:
                raise Unexpected(f"the outbox was not quiet after {self._plan.quiet_within_s:.0f} s; left: {waiting}")
            await asyncio.sleep(0.1)
            waiting = left(await client.status())
            seen = seen + 1 if not waiting and await self._listings() >= listed else 0

    async def _listings(self) -> int:
        counters = await self._sandboxes["oms"].ask("/counters")
        return int(counters["calls"].get("GET /v1/orders", 0))

    async def _check_database(self) -> None:
        found = await asyncio.to_thread(database.check, self._folder / "crossdock.db")
        self.outcome.troubles += [f"the database is damaged: {problem}" for problem in found.problems]

    async def read_books(self) -> None:
        """Compare what was fed with what the warehouses say they created."""
        await self._check_database()
        documents = []
        for name in setting.WAREHOUSES:
            documents += await self._sandboxes[name].books()
        for sandbox in self._sandboxes.values():
            self.outcome.faults.update((await sandbox.ask("/counters"))["faults"])
        self.outcome.orders = len(self._orders.expected)
        self.outcome.verdict = judge(self._orders.expected, documents)


def left(status: Status) -> dict[str, int]:
    """Say what is still on its way; what waits for a person counts too, since nothing here should."""
    waiting = {count.state: count.count for count in status.outbox if count.state in OPEN and count.count}
    if status.quarantine:
        waiting["quarantine"] = status.quarantine
    return waiting


def sandbox_words(seed: int, folder: Path) -> dict[str, tuple[str, ...]]:
    """Return the command of each sandbox; their fault scripts are written into `folder`."""
    scripts = {"oms": setting.oms_faults(seed)}
    scripts |= {name: setting.wms_faults(seed + number) for number, name in enumerate(setting.WAREHOUSES, 1)}
    words = {}
    for name, script in scripts.items():
        path = folder / f"{name}-faults.json"
        path.write_bytes(msgspec.json.encode(script))
        kind = ("wms", "--warehouse", setting.WAREHOUSES[name]) if name in setting.WAREHOUSES else ("oms",)
        idempotency = ("--idempotency", setting.IDEMPOTENCY[name]) if name in setting.IDEMPOTENCY else ()
        words[name] = (*kind, *idempotency, "--faults", str(path))
    return words
