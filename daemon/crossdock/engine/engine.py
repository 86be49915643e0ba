"""The engine: opens lanes for connections, ticks, recovers at start, drains at stop."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from crossdock.engine import exchange
from crossdock.engine.clock_keeper import ClockKeeper
from crossdock.engine.connection_keeper import ConnectionKeeper
from crossdock.engine.document_exchange import targets
from crossdock.engine.exchange_costs import costing
from crossdock.engine.housekeeping import EVERY_S, Housekeeping
from crossdock.engine.label_lane import LabelLane
from crossdock.engine.lanes import Gate, Lane, RunNumbers
from crossdock.engine.probe_lane import ProbeLane
from crossdock.engine.pull_lane import PullLane
from crossdock.engine.push_lane import PushLane, limits, push_policy
from crossdock.engine.reconcile_lane import ReconcileLane, Surroundings
from crossdock.flows import unserved
from crossdock.flows.house import House
from crossdock.flows.master import keep_in_step
from crossdock.flows.post_documents import Desk as PostingDesk
from crossdock.flows.reconsider import Desk, reconsider_due
from crossdock.flows.repush_documents import reconsider
from crossdock.rules.mutability import abilities_of
from crossdock.store import counters, labels, lineage, operations, outbox, tasks
from crossdock.store.book import BookCache
from crossdock.store.store import StoreError
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from crossdock.config.model import Config
    from crossdock.engine.links import Link
    from crossdock.engine.schedule import Schedule
    from crossdock.engine.stream_lane import StreamLane
    from crossdock.env import Env
    from crossdock.store.store import Store, Transaction
    from crossdock.store.tasks import Totals

log = logging.getLogger("crossdock.engine")


class Watcher(Protocol):
    """Who counts what happens (the metrics); the engine itself counts nothing."""

    def fetched(self, connection: str, totals: Totals) -> None:
        """A listing, or a part of one, was stored."""
        ...

    def pushed(self, connection: str, result: str, count: int) -> None:
        """So many pushes ended like this."""
        ...


class Engine:
    """Owns the lanes of every connection. `free_bytes` tells the space left for the database."""

    def __init__(
        self,
        config: Config,
        store: Store,
        env: Env,
        schedule: Schedule,
        watcher: Watcher,
        free_bytes: Callable[[], int],
    ) -> None:
        self.config = config
        self.env, self.store = env, store
        self.books = BookCache(config.engine.window_days)
        self.house = House(store, env, self.books)
        self.keeper = ConnectionKeeper(env, store)
        self._clock = ClockKeeper(env, store, self.keeper)
        self._housekeeping = Housekeeping(self.house, lambda: self.config)
        self.links: dict[str, Link] = {}
        self.lanes: dict[str, Lane] = {}
        self.pulls: dict[str, PullLane] = {}
        self.streams: dict[str, StreamLane] = {}
        self.hints_at: dict[str, datetime] = {}
        self.disk_low = False
        self.gate = Gate()
        self.last_tick = env.monotonic()
        self._schedule, self.watcher, self._free_bytes = schedule, watcher, free_bytes
        self._numbers: RunNumbers | None = None
        self._serving: dict[str, asyncio.Task[None]] = {}
        self._stopping = False
        self._unserved: Mapping[str, str] | None = None

    async def start(self, links: Sequence[Link]) -> None:
        """Recover, then serve every connection. The remote systems need not be up."""
        self._numbers = await RunNumbers.reserve(self.store)
        await self.keeper.load()
        self.house.caution = await self.store.read(lineage.caution)
        await self.store.write(tasks.requeue_running)
        await self._clock.catch_up(self._quiet(links))
        self.env.failpoint("engine.recovered")
        self._serve("decide", self._decide_once)
        self._serve("housekeeping", self._housekeeping.run_once)
        self._serve("master", self._master_once)
        for link in links:
            await self.add(link)
        around = Surroundings(
            config=lambda: self.config, house=self.house, keeper=self.keeper, links=self.links, going=self.going,
            reports=self.wants_reports, unserved=self.unserved, wake=self.wake_pushes,
        )  # fmt: skip
        self._serve("reconcile", ReconcileLane(around).run_once)
        self._schedule.every("tick", self.config.engine.tick_s, self.tick)
        self._schedule.every("housekeeping", EVERY_S, self._waker("housekeeping"))
        self._schedule.start()

    async def add(self, link: Link) -> None:
        """Begin to serve a connection."""
        name, config = link.name, self.config.connections[link.name]
        self.links[name] = link
        self.keeper.add(name, limits(config))
        self.books.abilities[name] = abilities_of(link.capabilities, link.hooks)
        self._serve(f"probe:{name}", ProbeLane(link, self.keeper, self._busy, self.going).run_once, name)
        if "read_order" in link.hooks:
            self.house.readers[name] = link.read_order
        if "push_outbound" in link.hooks:
            push = PushLane(
                link, config, self.config.engine, self.house, self.keeper, self.going, self.wants_reports,
                self.watcher.pushed, self.wake_reports,
            )  # fmt: skip
            self._serve(f"push:{name}", push.run_once, name)
        if "fetch_orders" in link.hooks:
            pull = PullLane(
                link, config, self.config.engine, self.interval_s, self.house, self.keeper, self.going, self.wake_pushes,
                self.watcher.fetched,
            )  # fmt: skip
            self.pulls[name] = pull
            self._serve(f"pull:{name}", pull.run_once, name)
            if "report_push" in link.hooks:
                self._serve(f"report:{name}", pull.report_once, name)
            self._schedule.every(f"fetch:{name}", config.fetch.every_s, self._waker(f"pull:{name}"))
        self._serve_exchange(link)

    def _serve_exchange(self, link: Link) -> None:
        ground = exchange.Ground(
            config=self.config, interval_s=self.interval_s, house=self.house, keeper=self.keeper, links=self.links, going=self.going,
            settled=self.operations_settled, wake=self.wake_operations, fetched=_uncounted,
        )  # fmt: skip
        if "push_label" in link.hooks:
            self.house.label_takers.add(link.name)
        if "fetch_label" in link.hooks:
            self._serve_labels(link)
        if (operating := exchange.operation_lane(link, ground)) is not None:
            self._serve(f"operate:{link.name}", operating.run_once, link.name)
        for stream, made in exchange.stream_lanes(link, ground).items():
            lane = f"{stream}:{link.name}"
            self.streams[lane] = made
            self._serve(lane, made.run_once, link.name)
            every = self.config.connections[link.name].fetch.every_s
            self._schedule.every(f"fetch:{lane}", every, self._waker(lane))

    def _serve_labels(self, link: Link) -> None:
        config = self.config.connections[link.name]
        lane = LabelLane(
            link, config, self.config.engine, self.house, self.keeper, self.going, self.wake_operations
        )  # fmt: skip
        self.house.label_sources.add(link.name)
        self._serve(f"labels:{link.name}", lane.run_once, link.name)

    async def remove(self, name: str) -> None:
        """Stop serving a connection; its rows stay."""
        self._schedule.forget(f"fetch:{name}")
        mine = [lane.name for lane in self._lanes_of(name)]
        for lane in mine:
            if self.streams.pop(lane, None) is not None:
                self._schedule.forget(f"fetch:{lane}")
        await self._drain(mine)
        self.pulls.pop(name, None)
        self.house.readers.pop(name, None)
        self.house.label_sources.discard(name)
        self.house.label_takers.discard(name)
        self.keeper.remove(name)
        self.links.pop(name, None)

    def renew(self) -> None:
        """The configuration was read again: what crossdock paused by itself is tried again."""
        for name in self.links:
            self.keeper.renew(name)
        self._wake_all()

    def _serve(self, name: str, run: Callable[[int], Awaitable[float | None]], connection: str | None = None) -> None:
        assert self._numbers is not None  # start() reserved them
        lane = Lane(name, self.env, self._numbers, run, self.gate, connection)
        self.lanes[name] = lane
        self._serving[name] = asyncio.create_task(lane.serve(), name=name)

    def _waker(self, name: str) -> Callable[[], Awaitable[None]]:
        async def wake() -> None:
            self.wake(name)

        return wake

    def wake(self, name: str) -> None:
        """Have a lane run now, if there is such a lane."""
        if (lane := self.lanes.get(name)) is not None:
            lane.wake()

    def wake_connection(self, connection: str) -> None:
        """Have every lane of a connection run now."""
        for lane in self._lanes_of(connection):
            lane.wake()

    def _lanes_of(self, connection: str) -> list[Lane]:
        return [lane for lane in self.lanes.values() if lane.connection == connection]

    def faults(self) -> tuple[tuple[str, str], ...]:
        """Name the lanes whose last run failed for a reason of our own, with that reason."""
        return tuple((name, lane.fault) for name, lane in self.lanes.items() if lane.fault)

    def _wake_all(self) -> None:
        for lane in self.lanes.values():
            lane.wake()

    def wake_pushes(self, connections: Iterable[str]) -> None:
        """Have the push lanes of these connections run now, and those of their operations."""
        for name in sorted(connections):
            self.wake(f"push:{name}")
            self.wake(f"operate:{name}")

    def wake_operations(self, connections: Iterable[str]) -> None:
        """Have the operations of these connections carried out now."""
        for name in sorted(connections):
            self.wake(f"operate:{name}")

    def operations_settled(self) -> None:
        """Operations ended: what follows from them, on whichever connection, is looked at."""
        self.wake_reports()
        for name in self.lanes:
            if name.startswith("operate:"):
                self.wake(name)

    def wake_reports(self) -> None:
        """Have every report lane look for reports that are due; what was pushed may have a label to be had."""
        for name in self.pulls:
            self.wake(f"report:{name}")
        self.wake_labels()

    def wake_labels(self) -> None:
        """Have every OMS asked for the labels that are due."""
        for name in self.house.label_sources:
            self.wake(f"labels:{name}")

    def _busy(self, connection: str) -> bool:
        """Tell whether a lane of a connection runs that works for orders."""
        return any(lane.running for lane in self._lanes_of(connection) if lane.name != f"probe:{connection}")

    def interval_s(self) -> float:
        """Return the five-minute limit as it is now, for people and the schedule alike: a reload changes it for both."""
        return self.config.engine.min_interval_s

    def going(self) -> bool:
        """Tell whether lanes may start something."""
        return not self._stopping and not self.disk_low and self.gate.open

    def wants_reports(self, oms: str) -> bool:
        """Tell whether an OMS is to be told what became of its orders; the answer is the same while the engine stops."""
        link = self.links.get(oms)
        return link is not None and {"fetch_orders", "report_push"} <= link.hooks

    async def _decide_once(self, _number: int) -> float | None:
        """Decide again about orders whose time has come."""
        desk = Desk(self.books, self.house.read_order, self.env.now())
        count, wake = await self.store.write(reconsider_due, desk)
        self.wake_pushes(wake)
        costs = costing(self.config, self.links)
        posting = PostingDesk(self.books, targets(self.links, self.config), self.env.now(), costs)
        released, wake = await self.store.write(reconsider, posting)
        self.wake_operations(wake)
        return 0 if count or released else None

    async def _master_once(self, _number: int) -> float | None:
        """Keep products in step: merge what either side changed."""
        if not self.going():
            return None
        wake, more = await keep_in_step(self.house)
        self.wake_operations(wake)
        return 0 if more else None

    async def tick(self) -> None:
        """Look for what is due and nobody woke; watch the disk, the database and the clocks."""
        self.last_tick = self.env.monotonic()
        self._watch_disk()
        try:
            if await self._clock.follow(self._quiet(self.links.values())):
                self._wake_all()
            if not self.gate.open:
                await self._open_gate()
            now = to_ms(self.env.now())
            due = await self.store.read(outbox.due_connections, now)
            operating = await self.store.read(operations.due_connections, now)
            labelled = await self.store.read(labels.due_connections, now)
            idle = {*due, *(name for name in operating if name not in self.links)}
            await self._watch_unserved({name: why for name in sorted(idle) if (why := self.unserved(name))})
        except StoreError as error:
            self.gate.shut(error)
            return
        self.wake("decide")
        self.wake("master")
        self.wake_pushes(due)
        self.wake_operations(operating)
        for name in labelled:
            self.wake(f"labels:{name}")
        for name in filter(self.keeper.overdue, self.links):
            self.wake(f"probe:{name}")

    def unserved(self, connection: str) -> str:
        """Say why nothing that waits for a connection goes through it; "" where it does."""
        config, link = self.config.connections.get(connection), self.links.get(connection)
        if config is None:
            return "it is not configured"
        if not config.enabled:
            return "it is switched off (enabled = false)"
        if link is None:
            return "its plugin is not loaded"
        return "" if "push_outbound" in link.hooks else "its connector takes no orders"

    async def _watch_unserved(self, waiting: Mapping[str, str]) -> None:
        """Have an incident for each connection that something waits for and that is not in use, and for no other."""
        if waiting != self._unserved:
            await self.store.write(unserved.keep, waiting, self.env.now())
            self._unserved = waiting

    def _quiet(self, links: Iterable[Link]) -> dict[str, int]:
        """Milliseconds that a doubt of each connection waits until the warehouse may be asked."""
        found = {}
        for link in links:
            settle = push_policy(link, self.config.connections[link.name]).settle
            found[link.name] = settle // timedelta(milliseconds=1)
        return found

    def _watch_disk(self) -> None:
        low = self._free_bytes() < self.config.engine.min_free_bytes
        if low and not self.disk_low:
            log.error("the disk of the database is nearly full; nothing is fetched or sent until there is space again")
        if self.disk_low and not low:
            log.warning("there is space on the disk again; work goes on")
        self.disk_low = low
        for pull in self.pulls.values():
            pull.may_fetch = not low
        for stream in self.streams.values():
            stream.may_fetch = not low

    async def _open_gate(self) -> None:
        """Write something; if that can be done again, the lanes take up what they left. Raises StoreError."""
        await self.store.write(counters.take, "probes")
        log.warning("the database takes writes again; work goes on")
        self.gate.open = True
        self._wake_all()

    async def stop(self) -> None:
        """Stop: no new work at once, what is under way gets its time, what is left is put in doubt."""
        self._stopping = True
        self._schedule.stop()
        await self._drain(list(self.lanes))
        try:
            if self._numbers is not None:
                ways = {name: link.capabilities.idempotency for name, link in self.links.items()}
                quiet = self._quiet(self.links.values())
                await self.store.write(interrupted, ways, quiet, self._numbers.take(), to_ms(self.env.now()))
            await self.keeper.save()
        except StoreError as error:
            # the rows still say SENDING, as after a kill, and the next start finds them
            log.error("what was under way could not be written down, the next start settles it: %s", error)

    async def _drain(self, names: list[str]) -> None:
        for name in names:
            self.lanes.pop(name).stop()
        serving = [self._serving.pop(name) for name in names]
        if not serving:
            return
        _, late = await asyncio.wait(serving, timeout=max(0.01, self.config.engine.shutdown_s))
        for task in late:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


def _uncounted(connection: str, totals: Totals) -> None:
    """Streams are no orders: the metrics count their calls by hook instead."""


def interrupted(tx: Transaction, connections: Mapping[str, str], quiet: Mapping[str, int], run: int, now: int) -> None:
    """Put everything that is still marked as sending in doubt; the next start settles it as the `idempotency` allows."""
    for name, idempotency in connections.items():
        outbox.take_over(tx, run, name, now, now, idempotency)
        operations.take_over(tx, run, name, now, now + quiet.get(name, 0))
