"""The health of every connection: judged by the rules, kept in the store, logged once at down and once at up."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from crossdock.rules import connection_health
from crossdock.rules.connection_health import ConnectionHealth, Limits, Status
from crossdock.rules.troubles import CONNECTION, Held
from crossdock.store import audit, connections, incidents
from crossdock.store.audit import DAEMON, Entry
from crossdock.store.store import StoreError
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.env import Env
    from crossdock.spec.errors import ConnectorError
    from crossdock.store.store import Store, Transaction

log = logging.getLogger("crossdock.connections")

OVERDUE = timedelta(seconds=1)
"""A lane that has something to do for a connection has called it by then."""


class ConnectionKeeper:
    """Knows whether a connection may be called now, and learns from every call."""

    def __init__(self, env: Env, store: Store) -> None:
        self._env, self._store = env, store
        self._health: dict[str, ConnectionHealth] = {}
        self._limits: dict[str, Limits] = {}
        self._unsaved: set[str] = set()
        self._paused: list[Entry] = []

    async def load(self) -> None:
        """Remember what was known before the restart; a stuck plugin gets a new chance."""
        for name, health in (await self._store.read(connections.load_health)).items():
            self._health[name] = ConnectionHealth() if health.status is Status.STUCK else health

    def add(self, name: str, limits: Limits) -> None:
        """Keep a connection's health from now on; one that crossdock paused by itself gets a new chance."""
        self._limits[name] = limits
        self._health.setdefault(name, ConnectionHealth())
        self.renew(name)

    def renew(self, name: str) -> None:
        """Somebody may have mended what crossdock paused the connection for. A person's pause stays."""
        before = self.of(name)
        after = connection_health.renewed(before, self._env.now())
        if after is not before:
            log.info("connection %s was paused (%s) and is tried again", name, before.error_text)
            self._put(name, after)

    def remove(self, name: str) -> None:
        """Forget a connection that is not configured any more, or not like this; only a person's pause outlives that."""
        self._limits.pop(name, None)
        health = self.of(name)
        if health.status is not Status.PAUSED or connection_health.paused_by_itself(health):
            self._health.pop(name, None)
            if health.status is not Status.OK:
                self._unsaved.add(name)  # its incident closes

    def of(self, name: str) -> ConnectionHealth:
        """Return what is known of a connection."""
        return self._health.get(name, ConnectionHealth())

    def names(self) -> list[str]:
        """List the configured connections."""
        return sorted(self._limits)

    def may_call(self, name: str) -> bool:
        """Tell whether the connection may be called now."""
        health = self.of(name)
        return health.status is Status.OK or connection_health.may_call(health, self._env.now())

    def alone(self, name: str) -> bool:
        """Tell whether one call has to prove that the connection is well again."""
        return connection_health.probing(self.of(name))

    def wait_s(self, name: str) -> float | None:
        """Seconds until the connection may be called; None while only a person can change that."""
        health = self.of(name)
        if health.status in (Status.PAUSED, Status.STUCK):
            return None
        if health.until is None:
            return 0
        return max(0.0, (health.until - self._env.now()).total_seconds())

    def succeeded(self, name: str, asked: str = "") -> None:
        """A call was answered; `asked` names what was asked for, as that of a failed one."""
        before = self.of(name)
        after = connection_health.after_success(before, self._env.now(), asked)
        if before.status is Status.OK:
            self._health[name] = after
            return
        if after.status is Status.OK:
            log.info("connection %s is well again", name)
        self._put(name, after)

    def failed(self, name: str, error: ConnectorError, asked: str = "") -> None:
        """A call failed for a reason of the connection's. Bad answers are counted by what was `asked` for."""
        before, limits = self.of(name), self._limits.get(name, Limits())
        after = connection_health.after_failure(before, error, limits, self._env.now(), self._env.random, asked)
        if before.status is not after.status:
            log.warning("connection %s: %s; %s", name, error.message, said(after))
            if after.status is Status.PAUSED:
                kind = type(error).__name__
                self._paused.append(Entry(actor=DAEMON, action="pause_connection", object=name, reason=kind))
        self._put(name, after)

    def overdue(self, name: str) -> bool:
        """Tell whether a connection that failed might have been called again by now, and was not."""
        wait = self.of(name).until
        return wait is not None and self._env.now() >= wait + OVERDUE

    def answered(self, name: str) -> None:
        """The connection was asked for nothing but how it is, and is well."""
        after = connection_health.after_probe(self.of(name), self._env.now())
        if after.status is Status.OK:
            log.info("connection %s is well again", name)
        self._put(name, after)

    def rest(self, name: str) -> None:
        """Nothing is due for the connection, and it cannot be asked how it is."""
        self._put(name, connection_health.at_rest(self.of(name)))

    def pause(self, name: str, actor: str, reason: str, now: datetime) -> None:
        """A person pauses a connection."""
        self._put(name, connection_health.pause(self.of(name), actor, reason, now))

    def resume(self, name: str, now: datetime) -> None:
        """A person lets a connection go on."""
        self._put(name, connection_health.resume(self.of(name), now))

    def moved(self, by: timedelta) -> None:
        """The clock was set: waits last as long as they were to last."""
        for name, health in list(self._health.items()):
            self._put(name, connection_health.moved(health, by))

    def _put(self, name: str, health: ConnectionHealth) -> None:
        self._health[name] = health
        self._unsaved.add(name)

    async def save(self) -> None:
        """Write down what changed."""
        if self._unsaved:
            names, self._unsaved = self._unsaved, set()
            paused, self._paused = self._paused, []
            try:
                healths = {name: self.of(name) for name in names}
                await self._store.write(_save, healths, paused, self._env.now())
            except StoreError:
                self._unsaved |= names
                self._paused = [*paused, *self._paused]
                raise


def _save(tx: Transaction, healths: dict[str, ConnectionHealth], paused: list[Entry], now: datetime) -> None:
    for entry in paused:
        audit.write(tx, entry, to_ms(now))
    for name, health in healths.items():
        connections.save_health(tx, name, health)
        trouble = connection_health.trouble_of(name, health, now)
        held = () if trouble is None else (Held(trouble, health.error_text),)
        incidents.keep(tx, f"connection:{name}", CONNECTION, held, to_ms(now))


def said(health: ConnectionHealth) -> str:
    """Say what happens next with a connection."""
    match health.status:
        case Status.OK:
            return "it is well"
        case Status.IDLE:
            return "it failed last; nothing is due for it now, and its next call shows whether it is well"
        case Status.PAUSED if connection_health.paused_by_itself(health):
            return "it is paused until `crossdock connections resume`, a reload or a start of the daemon"
        case Status.PAUSED:
            return "it is paused until `crossdock connections resume`"
        case Status.STUCK:
            return "its plugin does not react any more; restart the daemon"
        case _:
            until = "" if health.until is None else f" at {health.until:%H:%M:%S} UTC"
            return f"it is tried again{until}"
