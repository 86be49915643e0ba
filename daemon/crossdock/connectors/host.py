"""The plugin host: turns a configured connection into an open one whose hooks can be called."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

import pluggy

from crossdock.config.words import did_you_mean
from crossdock.connectors import fitness
from crossdock.connectors.calls import Hook
from crossdock.connectors.http import BoundedHttp
from crossdock.connectors.label_download import LabelDownload
from crossdock.connectors.observer import Unobserved
from crossdock.connectors.open_connection import OpenConnection
from crossdock.connectors.pace import Pace, paced
from crossdock.connectors.settings import BadSettings, read_settings
from crossdock.connectors.threads import Threads
from crossdock.spec.connector import Capabilities, SecretRef
from crossdock.spec.errors import ConfigError, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from crossdock.config.model import Connection
    from crossdock.connectors.discovery import Plugins
    from crossdock.connectors.observer import Observer
    from crossdock.env import Env
    from crossdock.spec.connector import ConnectorType
    from crossdock.spec.context import Http

log = logging.getLogger("crossdock.plugins")


class ConnectorContext:
    """What a connector is handed (spec.context.Context): its own settings and secrets, and nothing else."""

    __slots__ = ("_env", "_http", "_secret", "_secrets", "connection", "log", "settings")

    def __init__(
        self, connection: str, settings: Any, http: BoundedHttp | None, secret: Callable[[str], str], env: Env
    ) -> None:
        self.connection, self.settings = connection, settings
        self.log = logging.LoggerAdapter(
            logging.getLogger(f"crossdock.plugin.{connection}"), {"connection": connection}
        )
        self._http, self._secret, self._env = http, secret, env
        self._secrets: dict[str, str] = {}

    @property
    def http(self) -> Http:
        """HTTP to the base address that the setting `url` names."""
        if self._http is None:
            raise Unsupported(f"{self.connection} has no setting url, so there is nothing to call")
        return self._http

    def secret(self, name: str) -> str:
        """Return the secret that the setting `name` refers to."""
        known = self._secrets
        value = known.get(name)
        if value is None:
            reference = getattr(self.settings, name, None)
            if not isinstance(reference, SecretRef):
                raise ConfigError(f"{self.connection}: the setting {name} refers to no secret")
            value = known[name] = self._secret(reference.secret)
        return value

    def forget_secrets(self) -> None:
        """Have every secret read from its source again when it is next needed."""
        self._secrets = {}  # a new one: what a thread is reading right now goes into the old one

    def now(self) -> datetime:
        """The daemon's clock, aware UTC."""
        return self._env.now()


class PluginHost:
    """Makes connections of the types that the loaded plugins offer."""

    def __init__(self, plugins: Plugins, env: Env, observer: Observer | None = None) -> None:
        self.plugins, self._env, self._observer = plugins, env, observer or Unobserved()

    def settings(self, name: str, config: Connection) -> tuple[ConnectorType, Any]:
        """Find the connection's type and decode its settings. Raises ConfigError, BadSettings where these are wrong."""
        kind = self.plugins.types.get(config.type)
        if kind is None:
            known = ", ".join(sorted(self.plugins.types)) or "none"
            text = f"names no connector type: '{config.type}' (known: {known}{self._without_types()})"
            raise BadSettings([(("connections", name, "type"), text, did_you_mean(config.type, self.plugins.types))])
        return kind, read_settings(name, config.settings, kind.settings)

    def _without_types(self) -> str:
        """Say why there may be fewer types than somebody expects."""
        silent = ", ".join(plugin.name for plugin in self.plugins.loaded if not plugin.types)
        if silent:
            return (
                f"; {silent} offers none: the module that its entry point names (not a function in it) must have a "
                "crossdock_connectors marked with @hookimpl"
            )
        return "" if self.plugins.types else "; is the plugin in plugins.allow?"

    def connect(
        self,
        name: str,
        config: Connection,
        secret: Callable[[str], str],
        *,
        registered_as: str | None = None,
        whole: bool = True,
    ) -> OpenConnection:
        """Make the connection: one instance of its connector, registered under conn:NAME. Raises ConfigError; no I/O.

        `registered_as` lets a new instance stand beside the old one of the same name while a reload swaps them. `whole`:
        refuse a connector without the hooks that its kind needs.
        """
        kind, settings = self.settings(name, config)
        url = getattr(settings, "url", None)
        http = BoundedHttp(name, url, config, self._env) if isinstance(url, str) else None
        instance, hooks, capabilities = self._instance(name, registered_as or name, kind, settings)
        try:
            if whole:
                fitness.refuse_unfinished(name, kind, hooks, capabilities)
            fitness.refuse_mode(name, config, hooks, capabilities)
        except ConfigError:
            self.plugins.manager.unregister(instance)
            raise
        return OpenConnection(
            name=name,
            kind=kind,
            capabilities=paced(capabilities),
            hooks=hooks,
            context=ConnectorContext(name, settings, http, secret, self._env),
            http=http,
            labels=LabelDownload(name, config, self._env),
            config=config,
            threads=Threads(f"plugin-{name}"),
            pace=Pace(name, capabilities.rate, self._env) if capabilities.rate else None,
            observer=self._observer,
            clock=self._env.monotonic,
            forget=lambda: self.plugins.manager.unregister(instance),
        )

    def _instance(
        self, name: str, registered_as: str, kind: ConnectorType, settings: Any
    ) -> tuple[object, dict[str, Hook], Capabilities]:
        """Make and register the instance. Raises ConfigError, and then leaves nothing registered."""
        fits = f"connection {name}: connector type {kind.name} does not fit the connector contract"
        try:
            instance = kind.factory(settings)
            hooks = self._register(instance, f"conn:{registered_as}")
            capabilities = getattr(instance, "capabilities", kind.capabilities)
        except pluggy.PluginValidationError as error:
            raise ConfigError(f"{fits}: {_misfitting_hook(str(error), self.plugins.manager)}") from None
        except ConfigError as error:
            raise ConfigError(f"connection {name}: {error}") from None
        except Exception as error:
            log.exception("connection %s: connector type %s could not be made", name, kind.name)
            raise ConfigError(f"connection {name}: making its connector raised {type(error).__name__}") from None
        if problem := fitness.unfit(hooks, capabilities):
            self.plugins.manager.unregister(instance)
            raise ConfigError(f"{fits}: {problem}")
        return instance, hooks, capabilities

    def _register(self, instance: object, name: str) -> dict[str, Hook]:
        manager = self.plugins.manager
        manager.register(instance, name)
        try:
            manager.check_pending()
            return _hooks_of(instance, manager)
        except (pluggy.PluginValidationError, ConfigError):
            manager.unregister(instance)
            raise


def _hooks_of(instance: object, manager: pluggy.PluginManager) -> dict[str, Hook]:
    hooks: dict[str, Hook] = {}
    for caller in manager.get_hookcallers(instance) or ():
        for found in caller.get_hookimpls():
            if found.plugin is not instance:
                continue
            if found.hookwrapper or found.wrapper:
                raise ConfigError(f"its {caller.name} is a hook wrapper, and these hooks cannot be wrapped")
            hooks[caller.name] = Hook(caller.name, found.function, tuple(found.argnames))
    return hooks


def _misfitting_hook(said: str, manager: pluggy.PluginManager) -> str:
    """Say in the contract's words what pluggy said about a hook."""
    if unknown := re.match(r"unknown hook '(\w+)'", said):
        hint = did_you_mean(unknown[1], (name for name, caller in vars(manager.hook).items() if caller.has_spec()))
        return f"it has a hook {unknown[1]}, which is none of the contract's" + (f" ({hint})" if hint else "")
    wrong = re.search(r"for hook '(\w+)'\nhookimpl definition: \w+(\(.*\))\nArgument", said)
    spec = getattr(manager.hook, wrong[1]).spec if wrong else None
    if wrong is None or spec is None:
        return said
    return f"its {wrong[1]} takes {wrong[2]}, but the parameters of this hook are ({', '.join(spec.argnames)})"
