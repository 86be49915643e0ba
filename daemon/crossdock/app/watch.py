"""What is measured while the daemon runs: the engine's counters, and the answers of the health routes."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from crossdock.ops import health, memory
from crossdock.ops.health import ConnectionState, LoopBlock, Snapshot
from crossdock.ops.metrics import Rows
from crossdock.ops.trends import Trends
from crossdock.rules.connection_health import Status
from crossdock.rules.push_states import PushState
from crossdock.store import cursors, incidents, operations_list, quarantine, views
from crossdock.store.store import StoreError
from crossdock.store.times import from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crossdock.config.model import Config
    from crossdock.engine.engine import Engine
    from crossdock.env import Env
    from crossdock.ops.metrics import Metrics
    from crossdock.spec.errors import ConnectorError
    from crossdock.store.cursors import Cursor
    from crossdock.store.store import Store, Transaction
    from crossdock.store.tasks import Totals

log = logging.getLogger("crossdock")

BLOCK_SHOWN = timedelta(minutes=15)
"""A connection that blocked the event loop shows in health for so long."""
_TREND = {"pushed": "pushed", "push_failed": "failed", "in_doubt": "failed"}
_BREAKER = {Status.OPEN: "open", Status.RETRYING: "half_open", Status.RATE_LIMITED: "half_open"}


class Watch:
    """Counts for the metrics and says how the daemon is (engine.Watcher, connectors.Observer)."""

    def __init__(
        self,
        config: Config,
        env: Env,
        store: Store,
        metrics: Metrics,
        resident: Callable[[], int] = memory.resident_bytes,
    ) -> None:
        self.engine: Engine | None = None
        self.loop_lag_s = 0.0
        self.trends = Trends(env)
        self._config, self._env, self._store, self._metrics = config, env, store, metrics
        self._reload_ok = True
        self._database_ok = True
        self._known_until: dict[str, datetime] = {}
        self._resident, self._memory_high = resident, ""
        self._blocks: dict[str, LoopBlock] = {}

    def fetched(self, connection: str, totals: Totals) -> None:
        """A listing, or a part of one, was stored."""
        self._metrics.fetched(connection, totals.found)
        self.trends.count("orders", totals.changed)
        self._metrics.succeeded(connection, "fetch_orders", self._env.now())

    def pushed(self, connection: str, result: str, count: int) -> None:
        """So many pushes ended like this."""
        self._metrics.pushed(connection, result, count)
        if result in _TREND:
            self.trends.count(_TREND[result], count)
        if result == "pushed":
            self._metrics.succeeded(connection, "push_outbound", self._env.now())

    def succeeded(self, connection: str, hook: str, seconds: float) -> None:
        """A hook returned what the contract says."""
        if hook == "push_outbound":
            self._metrics.push_took(connection, seconds)
        elif hook.startswith("fetch_") and hook != "fetch_orders":
            self._metrics.succeeded(connection, hook, self._env.now())

    def failed(self, connection: str, hook: str, seconds: float, error: ConnectorError) -> None:
        """A hook raised, or broke the contract."""
        if hook == "push_outbound":
            self._metrics.push_took(connection, seconds)
        self._metrics.plugin_failed(connection, type(error).__name__)

    def webhook(self, connection: str, result: str) -> None:
        """A webhook came; `result` is what became of it."""
        self._metrics.webhook(connection, result)

    def refused(self, reason: str) -> None:
        """Somebody was not let in to the control API over the network."""
        self._metrics.refused(reason)

    def reloaded(self, taken: bool) -> None:
        """The configuration was read again."""
        self._reload_ok = taken
        self._metrics.reloaded(taken)

    def forget(self, connection: str) -> None:
        """A connection is gone from the configuration."""
        self._metrics.forget(connection)
        self._known_until.pop(connection, None)
        self._blocks.pop(connection, None)

    def loop_blocked(self, block: LoopBlock) -> None:
        """The event loop stood still."""
        self._blocks[block.connection] = block
        self._metrics.loop_blocked(block.connection)

    async def _watch_memory(self) -> None:
        config = self._config if self.engine is None else self.engine.config
        limit = config.engine.memory_alarm_bytes
        used, before = self._resident(), bool(self._memory_high)
        high = memory.too_much(used, limit, before=before)
        in_use = f"{memory.mebibytes(used)} of memory are in use"
        self._memory_high = f"{in_use}, more than engine.memory_alarm_bytes ({memory.mebibytes(limit)})" if high else ""
        self._metrics.memory_is_high(high)
        if high and not before:
            held = await asyncio.to_thread(memory.biggest) or [
                "start with PYTHONTRACEMALLOC=1 to see which code holds it"
            ]
            log.error("%s: %s", self._memory_high, "; ".join(held))
        elif before and not high:
            log.warning("%s, which is well again", in_use)

    async def refresh(self) -> None:
        """Bring the gauges up to date."""
        self._metrics.loop_is_late(self.loop_lag_s)
        await self._watch_memory()
        try:
            counted, listings = await self._store.read(state, to_ms(self._env.now()))
            self._metrics.rows(counted)
            self._note_lag(listings)
            self._database_ok = True
        except StoreError:
            self._database_ok = False
        for each in self._connections():
            breaker = _BREAKER.get(Status(each.state), "closed")
            self._metrics.connection(each.name, breaker=breaker, until=each.next_try, insecure=each.insecure_tls)

    def _note_lag(self, listings: Sequence[Cursor]) -> None:
        """Every order that changed before the last complete listing began is known; while one runs, the last counts."""
        configured = self.engine.links if self.engine is not None else {}
        for cursor in listings:
            if cursor.connection not in configured:
                continue
            if cursor.finished_at is not None and cursor.started_at is not None:
                self._known_until[cursor.connection] = from_ms(cursor.started_at)
            elif cursor.watermark is not None:
                self._known_until.setdefault(cursor.connection, datetime.fromisoformat(cursor.watermark))
        for name, until in self._known_until.items():
            self._metrics.lags(name, max(0.0, (self._env.now() - until).total_seconds()))

    async def metrics(self) -> tuple[bytes, str]:
        """Return the exposition for Prometheus."""
        await self.refresh()
        return self._metrics.render()

    def _connections(self) -> tuple[ConnectionState, ...]:
        if self.engine is None:
            return ()
        keeper, config = self.engine.keeper, self.engine.config
        return tuple(
            ConnectionState(
                name=name,
                state=(known := keeper.of(name)).status.value,
                since=known.since,
                last_error=known.error_text,
                next_try=known.until,
                insecure_tls=name in config.connections and config.connections[name].tls.insecure,
            )
            for name in keeper.names()
        )

    def snapshot(self) -> Snapshot:
        """Say how the daemon is at this moment."""
        now, engine = self._env.monotonic(), self.engine
        return Snapshot(
            loop_lag_s=self.loop_lag_s,
            last_tick_age_s=0.0 if engine is None else now - engine.last_tick,
            last_db_age_s=now - self._store.last_done,
            tick_s=self._config.engine.tick_s,
            database_ok=self._database_ok,
            config_reload_ok=self._reload_ok,
            disk_low=engine is not None and engine.disk_low,
            memory_high=self._memory_high,
            loop_blocks=tuple(each for each in self._blocks.values() if self._env.now() - each.at < BLOCK_SHOWN),
            lane_faults=() if engine is None else engine.faults(),
            writable=engine is None or engine.gate.open,
            connections=self._connections(),
        )

    def strained(self) -> Sequence[str]:
        """What is wrong with the process itself although it works."""
        return health.strained(self.snapshot())

    def may_ping(self) -> bool:
        """Tell whether the watchdog may be fed."""
        at = self.snapshot()
        return health.may_ping(at.loop_lag_s, at.last_tick_age_s, at.last_db_age_s, at.tick_s)

    def livez(self) -> Sequence[str]:
        """Reasons against being alive."""
        return health.livez(self.snapshot()).reasons

    def readyz(self) -> Sequence[str]:
        """Reasons against being ready."""
        return health.readyz(self.snapshot()).reasons

    def healthz(self) -> tuple[bool, object]:
        """Whether the daemon is ready, and how it and each connection is."""
        found = health.healthz(self.snapshot())
        return found.status != "not_ready", found


def state(tx: Transaction, now: int) -> tuple[Rows, list[Cursor]]:
    """Read what the gauges show: how many rows wait, and how far every listing has come."""
    return rows(tx, now), cursors.load_all(tx)


def rows(tx: Transaction, now: int) -> Rows:
    """Count what waits, by state; of the settled pushes only those whose order changed since."""
    unsettled = views.unsettled(tx)
    queued = [at for state, (_, at) in unsettled.items() if at is not None and state is not PushState.NOT_PUSHED]
    counts = {state: count for state, (count, _) in unsettled.items()} | views.after_push(tx)
    return Rows(
        outbox={
            **{state.name.lower(): count for state, count in counts.items()},
            "pushed_changed": views.pushed_and_changed(tx),
        },
        outbox_oldest_s=max(0, now - min(queued, default=now)) / 1000,
        quarantine=quarantine.count(tx),
        unknown=counts.get(PushState.IN_DOUBT, 0),
        incidents=incidents.tally(tx, now).open,
        operations=operations_list.counts(tx),
    )
