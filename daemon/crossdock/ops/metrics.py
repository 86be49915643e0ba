"""What Prometheus may ask: counters and gauges, labelled by connection at most, never by order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import prometheus_client as prometheus
from msgspec import Struct
from prometheus_client.exposition import CONTENT_TYPE_LATEST

if TYPE_CHECKING:
    from datetime import datetime

_PUSH_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_DATABASE_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5)
_BREAKER = {"closed": 0, "half_open": 1, "open": 2}


class Rows(Struct, frozen=True, kw_only=True):
    """How many rows wait in the store: `outbox` by push state; `outbox_oldest_s` is the age of the oldest open one.

    `incidents` are the open ones, by cause; `operations` those not done, by kind and state.
    """

    outbox: dict[str, int]
    outbox_oldest_s: float = 0
    quarantine: int = 0
    unknown: int = 0
    incidents: dict[str, int] = {}
    operations: dict[tuple[str, str], int] = {}


class Metrics:
    """Everything that is measured, in a registry of its own. Call from any thread."""

    def __init__(self, version: str) -> None:
        prometheus.disable_created_metrics()  # type: ignore[no-untyped-call]  # prometheus-client left it without types
        self._registry = prometheus.CollectorRegistry()
        prometheus.ProcessCollector(registry=self._registry)
        self._connection_metrics: list[prometheus.Counter | prometheus.Gauge | prometheus.Histogram] = []
        self._define_flow()
        self._define_state()
        info = self._gauge("build_info", "Which version runs; always 1", ("version",))
        info.labels(version).set(1)
        self._children: dict[tuple[str, ...], prometheus.Counter] = {}

    def _define_flow(self) -> None:
        self._fetched = self._counter("orders_fetched", "Orders read from an OMS", ("connection",))
        self._pushed = self._counter("push", "Outbound requests that ended, by result", ("connection", "result"))
        self._push_seconds = self._histogram("push_seconds", "A call that sends requests", ("connection",))
        self._plugin_errors = self._counter(
            "plugin_errors", "Errors that connectors raised, by class", ("connection", "class")
        )
        self._last_success = self._gauge(
            "sync_last_success_timestamp_seconds", "When a hook last ended well", ("connection", "hook")
        )
        self._lag = self._gauge(
            "sync_lag_seconds", "How long ago the last complete listing began: what changed since may be unknown",
            ("connection",),
        )  # fmt: skip
        database = prometheus.Histogram(
            "crossdock_db_seconds", "A unit of work", ("work",), registry=self._registry, buckets=_DATABASE_BUCKETS
        )
        self._database = {work: database.labels(work) for work in ("read", "write")}

    def _define_state(self) -> None:
        self._outbox = self._gauge("outbox_rows", "Pushes in the store, by state", ("state",))
        self._oldest = self._gauge("outbox_oldest_seconds", "Age of the oldest push that is not settled")
        self._quarantine = self._gauge("quarantine_rows", "Records that could not be read")
        self._incidents = self._gauge("incidents_open", "Incidents that are not healed, by cause", ("cause",))
        self._operations = self._gauge(
            "operation_rows", "Writes to remote systems that are not done, by kind and state", ("kind", "state")
        )
        self._unknown = self._gauge("unknown_rows", "Pushes whose outcome is not known")
        self._breaker = self._gauge("breaker_state", "0 closed, 1 half open, 2 open", ("connection",))
        self._retry_after = self._gauge(
            "retry_after_until", "When the connection may be called again, or 0", ("connection",)
        )
        self._insecure = self._gauge("tls_insecure", "1 if certificates are not verified", ("connection",))
        self._loop_lag = self._gauge("loop_lag_seconds", "How late the event loop is")
        self._blocked = self._counter(
            "loop_blocked", "Times the event loop stood still; no connection: the daemon itself", ("connection",)
        )
        self._memory_alarm = self._gauge("memory_alarm", "1 while more memory is used than engine.memory_alarm_bytes")
        self._reload = self._gauge("config_reload_success", "1 if the last reload was taken, 0 if it was refused")
        self._reload.set(1)
        self._webhooks = self._counter(
            "webhooks", "Webhooks by what became of them; no connection: it named none", ("connection", "result")
        )

        self._refused = prometheus.Counter(
            "crossdock_control_refused", "Requests over the network that were not let in, by reason", ("reason",),
            registry=self._registry,
        )  # fmt: skip

    def _counter(self, name: str, text: str, labels: tuple[str, ...]) -> prometheus.Counter:
        made = prometheus.Counter(f"crossdock_{name}", text, labels, registry=self._registry)
        self._connection_metrics.append(made)
        return made

    def _gauge(self, name: str, text: str, labels: tuple[str, ...] = ()) -> prometheus.Gauge:
        made = prometheus.Gauge(f"crossdock_{name}", text, labels, registry=self._registry)
        if "connection" in labels:
            self._connection_metrics.append(made)
        return made

    def _histogram(self, name: str, text: str, labels: tuple[str, ...]) -> prometheus.Histogram:
        made = prometheus.Histogram(f"crossdock_{name}", text, labels, registry=self._registry, buckets=_PUSH_BUCKETS)
        self._connection_metrics.append(made)
        return made

    def fetched(self, connection: str, orders: int) -> None:
        """Count orders read from a connection; once a page, not once an order."""
        self._child(self._fetched, "fetched", connection).inc(orders)

    def pushed(self, connection: str, result: str, requests: int = 1) -> None:
        """Count requests that ended with `result`; once a call, not once a request."""
        self._child(self._pushed, "pushed", connection, result).inc(requests)

    def plugin_failed(self, connection: str, error_class: str) -> None:
        """Count an error that a connector raised, by the name of its class."""
        self._child(self._plugin_errors, "failed", connection, error_class).inc()

    def _child(self, counter: prometheus.Counter, *key: str) -> prometheus.Counter:
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = counter.labels(*key[1:])
        return child

    def push_took(self, connection: str, seconds: float) -> None:
        """Note how long a call that sends requests took."""
        self._push_seconds.labels(connection).observe(seconds)

    def database_took(self, work: str, seconds: float) -> None:
        """Note how long a unit of work took; `work` is read or write."""
        self._database[work].observe(seconds)

    def succeeded(self, connection: str, hook: str, now: datetime) -> None:
        """Note that a hook ended well."""
        self._last_success.labels(connection, hook).set(now.timestamp())

    def lags(self, connection: str, seconds: float) -> None:
        """Note how far what is known of a connection's orders is behind the clock."""
        self._lag.labels(connection).set(seconds)

    def connection(
        self, connection: str, *, breaker: str = "closed", until: datetime | None = None, insecure: bool = False
    ) -> None:
        """Note how a connection is: `breaker` closed, half_open or open; `until` ends a wait."""
        self._breaker.labels(connection).set(_BREAKER[breaker])
        self._retry_after.labels(connection).set(until.timestamp() if until else 0)
        self._insecure.labels(connection).set(insecure)

    def rows(self, rows: Rows) -> None:
        """Note how many rows wait in the store; states that are not named have none."""
        self._outbox.clear()
        for state, count in rows.outbox.items():
            self._outbox.labels(state).set(count)
        self._oldest.set(rows.outbox_oldest_s)
        self._quarantine.set(rows.quarantine)
        self._unknown.set(rows.unknown)
        self._incidents.clear()
        for cause, count in rows.incidents.items():
            self._incidents.labels(cause).set(count)
        self._operations.clear()
        for key, count in rows.operations.items():
            self._operations.labels(*key).set(count)

    def loop_is_late(self, seconds: float) -> None:
        """Note how late the event loop is."""
        self._loop_lag.set(seconds)

    def loop_blocked(self, connection: str) -> None:
        """Count a time in which a connection, or the daemon itself (empty), held up the event loop."""
        self._child(self._blocked, "blocked", connection).inc()

    def webhook(self, connection: str, result: str) -> None:
        """Count a webhook by what became of it."""
        self._child(self._webhooks, "webhook", connection, result).inc()

    def refused(self, reason: str) -> None:
        """Count somebody who was not let in to the control API over the network."""
        self._refused.labels(reason).inc()

    def memory_is_high(self, high: bool) -> None:
        """Note whether too much memory is used."""
        self._memory_alarm.set(high)

    def reloaded(self, taken: bool) -> None:
        """Note whether the last reload of the configuration was taken."""
        self._reload.set(taken)

    def forget(self, connection: str) -> None:
        """Drop everything of a connection that is gone from the configuration."""
        for metric in self._connection_metrics:
            metric.remove_by_labels({"connection": connection})
        self._children = {key: child for key, child in self._children.items() if key[1] != connection}

    def render(self) -> tuple[bytes, str]:
        """Return the exposition text and its content type."""
        return prometheus.generate_latest(self._registry), CONTENT_TYPE_LATEST
