"""Find plugins: only distributions that the configuration allows by name are ever imported."""

from __future__ import annotations

import fnmatch
import hashlib
import importlib
import logging
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy
from msgspec import Struct

from crossdock.spec import hooks
from crossdock.spec.connector import API, ConnectorType
from crossdock.spec.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

log = logging.getLogger("crossdock.plugins")
GROUP = "crossdock"


class Plugin(Struct, frozen=True, kw_only=True):
    """A plugin that was loaded: its distribution, version, the digest of its files, the types it offers."""

    name: str
    version: str
    digest: str
    types: tuple[str, ...]
    changed: bool = False


class Plugins:
    """The plugins of this process and the connector types they offer."""

    def __init__(self) -> None:
        self.manager = pluggy.PluginManager(hooks.PROJECT)
        self.manager.add_hookspecs(hooks)
        self.types: dict[str, ConnectorType] = {}
        self.loaded: list[Plugin] = []

    def load_allowed(self, allow: Iterable[str], strict: bool, known: Mapping[str, str]) -> None:
        """Import what `allow` names ("name" or "name==1.*") among the installed plugins. Raises ConfigError.

        `known` holds the digests under which plugins were loaded last; a changed one is refused if `strict`.
        """
        wanted = [_split(entry) for entry in allow]
        installed = {_normal(dist.metadata["Name"]): dist for dist in metadata.distributions() if _offers(dist)}
        for name, version in wanted:
            dist = installed.get(name)
            if dist is None:
                raise ConfigError(
                    f"plugins.allow names {name}, which is not installed as a crossdock plugin; install it, or remove the entry"
                )
            if version is not None and not fnmatch.fnmatchcase(dist.version, version):
                raise ConfigError(f"plugins.allow wants {name}=={version}, but version {dist.version} is installed")
            self._load(name, dist, strict, known)

    def _load(self, name: str, dist: metadata.Distribution, strict: bool, known: Mapping[str, str]) -> None:
        digest = digest_of(dist)
        changed = known.get(name, digest) != digest
        if changed and strict:
            raise ConfigError(
                f"the files of plugin {name} changed since it was loaded last and plugins.strict is on; "
                "check them, then run `crossdock plugins trust` for it"
            )
        if changed:
            log.warning("the files of plugin %s changed since it was loaded last", name)
        types: list[str] = []
        for entry in dist.entry_points:
            if entry.group == GROUP:
                types += self.register(f"plugin:{name}:{entry.name}", importlib.import_module(entry.value))
        self.loaded.append(Plugin(name=name, version=dist.version, digest=digest, types=tuple(types), changed=changed))

    def register(self, name: str, module: Any) -> list[str]:
        """Register a plugin module and return the names of its types. Raises ConfigError for a broken one."""
        try:
            self.manager.register(module, name)
            self.manager.check_pending()
            caller = self.manager.subset_hook_caller(
                "crossdock_connectors", [p for p in self.manager.get_plugins() if p is not module]
            )
            found = [kind for kinds in caller() for kind in kinds]
        except pluggy.PluginValidationError as error:
            raise ConfigError(f"{name} does not fit the connector contract: {error}") from None
        for kind in found:
            self._add(name, kind)
        return [kind.name for kind in found]

    def _add(self, plugin: str, kind: ConnectorType) -> None:
        if not isinstance(kind, ConnectorType):
            raise ConfigError(f"{plugin} returned something that is no ConnectorType from crossdock_connectors")
        if kind.api.split(".")[0] != API.split(".")[0]:
            raise ConfigError(f"connector type {kind.name} of {plugin} speaks contract {kind.api}, this daemon {API}")
        if kind.name in self.types:
            raise ConfigError(f"{plugin} offers connector type {kind.name}, which another plugin offers already")
        self.types[kind.name] = kind


def _split(entry: str) -> tuple[str, str | None]:
    name, _, version = entry.partition("==")
    return _normal(name.strip()), version.strip() or None


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def _offers(dist: metadata.Distribution) -> bool:
    return any(entry.group == GROUP for entry in dist.entry_points)


def digest_of(dist: metadata.Distribution) -> str:
    """Hash the Python files of a distribution as they are on the disk."""
    digest = hashlib.sha256()
    for file in sorted(dist.files or (), key=str):
        path = Path(str(dist.locate_file(file)))
        if path.suffix in (".py", ".so") and path.is_file():
            digest.update(str(file).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
