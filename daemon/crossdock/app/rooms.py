"""The daemon's rooms, opened in order and closed in reverse: store, plugins, engine, control API."""

from __future__ import annotations

import asyncio
import logging
import os
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import IO, TYPE_CHECKING

from crossdock.app import mark
from crossdock.app.loop_watch import LoopWatch
from crossdock.app.mark import MarkFile
from crossdock.app.plugin_items import plugin_item
from crossdock.app.watch import Watch
from crossdock.app.webhooks import WebhookRoom, open_webhooks
from crossdock.config.changes import changes
from crossdock.config.paths import database_path, socket_path
from crossdock.config.problems import BadConfig
from crossdock.connectors.discovery import Plugins
from crossdock.connectors.host import PluginHost
from crossdock.control.records.daemon import PluginItem, Reloaded
from crossdock.control.route import Providers
from crossdock.control.server import ControlApi
from crossdock.engine.engine import Engine
from crossdock.engine.requests import Requests
from crossdock.engine.schedule import RealSchedule
from crossdock.ops import disk, recent_log
from crossdock.ops.logging import configure
from crossdock.ops.metrics import Metrics
from crossdock.ops.process import make_folder
from crossdock.ops.secrets import SecretStore, SecretUnavailable
from crossdock.spec.errors import ConfigError
from crossdock.store import connections, migrate, sqlite
from crossdock.store.store import Store, explained

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from crossdock.config.model import Config
    from crossdock.connectors.open_connection import OpenConnection
    from crossdock.env import Env
    from crossdock.ops.masks import Masks
    from crossdock.ops.recent_log import RecentLog
    from crossdock.ops.sd_notify import Notifier

log = logging.getLogger("crossdock")
VERSION = version("crossdock")
PULSE_S = 5.0


@dataclass
class Rooms:
    """Everything that runs. `reload_now` is what the control API's reload does."""

    config: Config
    env: Env
    lock: IO[bytes]
    store: Store
    plugins: Plugins
    host: PluginHost
    engine: Engine
    watch: Watch
    masks: Masks
    environ: Mapping[str, str]
    recent_log: RecentLog
    mark: MarkFile
    links: dict[str, OpenConnection] = field(default_factory=dict)
    control: ControlApi | None = None
    webhooks: WebhookRoom | None = None
    loop_watch: LoopWatch | None = None
    reload_now: Callable[[], Awaitable[Reloaded]] | None = None
    started: Config = field(init=False)

    def __post_init__(self) -> None:
        """Remember what the daemon was started with."""
        self.started = self.config

    def status_line(self) -> str:
        """Say in one line what runs."""
        return f"version {VERSION}, {len(self.links)} connections, socket {socket_path(self.config)}"

    def plugin_items(self) -> list[PluginItem]:
        """List the loaded plugins for the control API."""
        return [plugin_item(self.plugins, plugin) for plugin in self.plugins.loaded]

    async def pulse(self, notifier: Notifier) -> None:
        """Every few seconds: measure how late the loop is, feed the watchdog, refresh the gauges."""
        while True:
            before = self.env.monotonic()
            await self.env.sleep(PULSE_S)
            self.watch.loop_lag_s = max(0.0, self.env.monotonic() - before - PULSE_S)
            await self.watch.refresh()
            if notifier.watchdog_interval_s is not None and self.watch.may_ping():
                notifier.watchdog()

    async def reload(self, read: Callable[[], Config]) -> Reloaded:
        """Read the configuration again and take it up whole, or keep the old one whole."""
        try:
            new = read()
            secrets = SecretStore(new, self.environ, masks=self.masks)
            changed = changes(self.config, new, self.started)
            wanted = [each for each in (*changed.added, *changed.changed) if new.connections[each].enabled]
            fresh = {name: self._connect(name, new, secrets) for name in wanted}
        except (BadConfig, ConfigError) as problem:
            self.watch.reloaded(False)
            log.error("the new configuration was refused, the old one stays in force: %s", problem)
            return Reloaded(taken=False, text=f"refused, the old configuration stays in force: {problem}")
        for name in (*changed.removed, *changed.changed):
            await self._disconnect(name)
        for link in self.links.values():
            link.forget_secrets()
        self.config = self.engine.config = new
        self.engine.books.window_days = new.engine.window_days
        for name, link in fresh.items():
            self.links[name] = link
            await self.engine.add(link)
        self.engine.renew()
        if self.control is not None:
            self.control.use_roles(new.control.roles)
        configure(new.log, self.masks)
        self.watch.reloaded(True)
        text = f"taken: {len(changed.added)} connections added, {len(changed.changed)} changed, {len(changed.removed)} removed"
        log.info("the configuration was %s", text)
        return Reloaded(taken=True, text=text, need_restart=changed.restart)

    async def _disconnect(self, name: str) -> None:
        await self.engine.remove(name)
        if (link := self.links.pop(name, None)) is not None:
            await link.close()
        self.watch.forget(name)

    def _connect(self, name: str, config: Config, secrets: SecretStore) -> OpenConnection:
        suffix = f"{name}#{self.env.new_id()[:8]}" if name in self.links else name
        return connect(self.host, name, config, secrets, registered_as=suffix)

    async def close(self) -> None:
        """Stop in order: no requests, no runs, no sockets, no database."""
        if self.control is not None:
            await self.control.stop()
        if self.webhooks is not None:
            await self.webhooks.stop()
        await self.engine.stop()
        await asyncio.gather(*(link.close() for link in self.links.values()), return_exceptions=True)
        await self.mark.advance()
        await asyncio.to_thread(self.store.close)
        if self.loop_watch is not None:
            self.loop_watch.stop()
        recent_log.let_go(self.recent_log)
        self.lock.close()


def connect(
    host: PluginHost, name: str, config: Config, secrets: SecretStore, *, registered_as: str | None = None
) -> OpenConnection:
    """Make a connection; it reads its secrets when it needs them."""

    def secret(reference: str) -> str:
        try:
            return secrets.get(reference).reveal()
        except SecretUnavailable as problem:
            raise ConfigError(f"connection {name}: {problem}") from None

    return host.connect(name, config.connections[name], secret, registered_as=registered_as)


async def open_rooms(config: Config, env: Env, masks: Masks, environ: Mapping[str, str], notifier: Notifier) -> Rooms:
    """Open every room. Raises FileInUse, SchemaProblem, StoreError, ConfigError, SocketRefused, OSError."""
    state, file, lock = _claim_state(config)
    kept = recent_log.keep(masks)
    metrics = Metrics(VERSION)
    store = await _open_store(config, env, file, notifier, metrics)
    kept_mark = MarkFile(file, store, env)
    await kept_mark.begin()
    plugins = Plugins()
    known = await store.read(connections.plugin_digests)
    plugins.load_allowed(config.plugins.allow, config.plugins.strict, known)
    await store.write(connections.save_plugins, {p.name: (p.version, p.digest) for p in plugins.loaded})
    watch = Watch(config, env, store, metrics)
    host = PluginHost(plugins, env, watch)

    def free() -> int:
        return disk.free_bytes(state)

    schedule = RealSchedule(env)
    engine = Engine(config, store, env, schedule, watch, free)
    watch.engine = engine
    secrets = SecretStore(config, environ, masks=masks)
    rooms = Rooms(config, env, lock, store, plugins, host, engine, watch, masks, environ, kept, kept_mark)
    schedule.every("mark", mark.EVERY_S, kept_mark.advance)
    for name, connection in config.connections.items():
        if connection.enabled:
            rooms.links[name] = connect(host, name, config, secrets)
    rooms.loop_watch = LoopWatch(env, watch.loop_blocked)
    rooms.loop_watch.start()
    await engine.start(list(rooms.links.values()))
    rooms.control = ControlApi(engine, Requests(engine), _providers(rooms, free))
    kept.told = partial(rooms.control.events.note, ("log",))
    await rooms.control.start(socket_path(config))
    rooms.webhooks = await open_webhooks(config, engine, rooms.links, secrets, watch)
    return rooms


def _claim_state(config: Config) -> tuple[Path, Path, IO[bytes]]:
    state, file = Path(config.state_dir), database_path(config)
    make_folder(state)
    return state, file, sqlite.lock_file(file)


async def _open_store(config: Config, env: Env, file: Path, notifier: Notifier, metrics: Metrics) -> Store:
    database = sqlite.connect(str(file))
    store = Store(database, env, readers=config.engine.readers, took=metrics.database_took)

    def bring_up() -> None:
        try:
            database.connect(reuse_if_open=True)
            applied = migrate.migrate(database, before=lambda: notifier.extend_timeout(600), failpoint=env.failpoint)
            database.close()
        except sqlite.FAILURES as error:
            raise explained(error, file) from error
        if applied:
            log.info("the database was migrated: %s", ", ".join(applied))
        os.chmod(file, 0o600)  # noqa: PTH101 - beside the file's other calls

    await asyncio.to_thread(bring_up)
    return store


def _providers(rooms: Rooms, free: Callable[[], int]) -> Providers:
    async def reload() -> Reloaded:
        if rooms.reload_now is None:
            return Reloaded(taken=False, text="the daemon is still starting")
        return await rooms.reload_now()

    return Providers(
        version=VERSION,
        livez=rooms.watch.livez,
        readyz=rooms.watch.readyz,
        healthz=rooms.watch.healthz,
        strained=rooms.watch.strained,
        refused=rooms.watch.refused,
        metrics=rooms.watch.metrics,
        free_bytes=free,
        reload=reload,
        plugins=rooms.plugin_items,
        trends=rooms.watch.trends,
        recent_log=rooms.recent_log,
    )
