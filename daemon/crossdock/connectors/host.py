"""The plugin host: turns a configured connection into an open one whose hooks can be called."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import msgspec

from crossdock.connectors.calls import Hook
from crossdock.connectors.http import BoundedHttp
from crossdock.connectors.open_connection import OpenConnection
from crossdock.spec.connector import SecretRef
from crossdock.spec.errors import ConfigError, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from crossdock.config.model import Connection
    from crossdock.connectors.discovery import Plugins
    from crossdock.env import Env
    from crossdock.spec.connector import ConnectorType
    from crossdock.spec.context import Http


class ConnectorContext:
    """What a connector is handed (spec.context.Context): its own settings and secrets, and nothing else."""

    __slots__ = ("_env", "_http", "_secret", "connection", "log", "settings")

    def __init__(
        self, connection: str, settings: Any, http: BoundedHttp | None, secret: Callable[[str], str], env: Env
    ) -> None:
        self.connection, self.settings = connection, settings
        self.log = logging.LoggerAdapter(
            logging.getLogger(f"crossdock.plugin.{connection}"), {"connection": connection}
        )
        self._http, self._secret, self._env = http, secret, env

    @property
    def http(self) -> Http:
        """HTTP to the base address that the setting `url` names."""
        if self._http is None:
            raise Unsupported(f"{self.connection} has no setting url, so there is nothing to call")
        return self._http

    def secret(self, name: str) -> str:
        """Return the secret that the setting `name` refers to."""
        reference = getattr(self.settings, name, None)
        if not isinstance(reference, SecretRef):
            raise ConfigError(f"{self.connection}: the setting {name} refers to no secret")
        return self._secret(reference.secret)

    def now(self) -> datetime:
        """The daemon's clock, aware UTC."""
        return self._env.now()


class PluginHost:
    """Makes connections of the types that the loaded plugins offer."""

    def __init__(self, plugins: Plugins, env: Env) -> None:
        self.plugins, self._env = plugins, env

    def settings(self, name: str, config: Connection) -> tuple[ConnectorType, Any]:
        """Find the connection's type and decode its settings. Raises ConfigError that names the key."""
        kind = self.plugins.types.get(config.type)
        if kind is None:
            known = ", ".join(sorted(self.plugins.types)) or "none; is the plugin in plugins.allow?"
            raise ConfigError(f"connection {name}: there is no connector type '{config.type}' (known: {known})")
        try:
            return kind, msgspec.convert(config.settings, kind.settings, strict=True)
        except msgspec.ValidationError as error:
            raise ConfigError(f"connections.{name}.settings: {error}") from None

    def connect(
        self, name: str, config: Connection, secret: Callable[[str], str], *, registered_as: str | None = None
    ) -> OpenConnection:
        """Make the connection: one instance of its connector, registered under conn:NAME. Raises ConfigError; no I/O.

        `registered_as` lets a new instance stand beside the old one of the same name while a reload swaps them.
        """
        kind, settings = self.settings(name, config)
        url = getattr(settings, "url", None)
        http = BoundedHttp(name, url, config, self._env) if isinstance(url, str) else None
        instance = kind.factory(settings)
        self.plugins.manager.register(instance, f"conn:{registered_as or name}")
        self.plugins.manager.check_pending()
        hooks = {
            caller.name: Hook(caller.name, implementation.function, tuple(implementation.argnames))
            for caller in self.plugins.manager.get_hookcallers(instance) or ()
            for implementation in caller.get_hookimpls()
            if implementation.plugin is instance
        }
        return OpenConnection(
            name=name,
            kind=kind,
            capabilities=getattr(instance, "capabilities", kind.capabilities),
            hooks=hooks,
            context=ConnectorContext(name, settings, http, secret, self._env),
            http=http,
            config=config,
            pool=ThreadPoolExecutor(2, f"plugin-{name}"),
            forget=lambda: self.plugins.manager.unregister(instance),
        )
