"""Find plugins: only distributions that the configuration allows by name are ever imported."""

from __future__ import annotations

import fnmatch
import hashlib
import importlib.util
import logging
import re
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy
from msgspec import Struct

from crossdock.connectors.fitness import unfit_type
from crossdock.spec import hooks
from crossdock.spec.connector import ConnectorType
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
        installed = _installed()
        for name, version in dict(_split(entry) for entry in allow).items():
            dist = installed.get(name)
            if dist is None:
                raise ConfigError(
                    f"plugins.allow names {name}, which is not installed as a crossdock plugin{_why(name)}"
                )
            if version is not None and not fnmatch.fnmatchcase(dist.version, version):
                raise ConfigError(f"plugins.allow wants {name}=={version}, but version {dist.version} is installed")
            self._load(name, dist, strict, known)

    def _load(self, name: str, dist: metadata.Distribution, strict: bool, known: Mapping[str, str]) -> None:
        for entry in dist.entry_points:
            if entry.group == GROUP and entry.pattern.match(entry.value) is None:
                raise ConfigError(f'plugin {name}: its entry point {entry.name} = "{entry.value}" names no module')
        digest = digest_of(dist)
        changed = known.get(name, digest) != digest
        if changed and strict:
            raise ConfigError(
                f"the files of plugin {name} changed since it was loaded last and plugins.strict is on; "
                "check them, then start once with plugins.strict = false to accept them"
            )
        if changed:
            log.warning("the files of plugin %s changed since it was loaded last", name)
        types: list[str] = []
        for entry in dist.entry_points:
            if entry.group == GROUP:
                types += self.register(f"plugin:{name}:{entry.name}", _imported(name, entry))
        self.loaded.append(Plugin(name=name, version=dist.version, digest=digest, types=tuple(types), changed=changed))

    def register(self, name: str, module: Any) -> list[str]:
        """Register a plugin module and return the names of its types. Raises ConfigError for a broken one."""
        try:
            self.manager.register(module, name)
            self.manager.check_pending()
            kinds = self._kinds(module)
            for kind in kinds:
                self._add(name, kind)
        except (pluggy.PluginValidationError, ConfigError) as error:
            self._forget(module)
            raise ConfigError(f"{name} does not fit the connector contract: {error}") from None
        except Exception as error:
            self._forget(module)
            log.exception("%s could not be registered", name)
            raise ConfigError(f"{name} cannot be used: {type(error).__name__} was raised; the log has more") from None
        return [kind.name for kind in kinds]

    def _kinds(self, module: Any) -> list[ConnectorType]:
        others = [plugin for plugin in self.manager.get_plugins() if plugin is not module]
        returned = self.manager.subset_hook_caller("crossdock_connectors", others)()
        if not all(isinstance(kinds, list | tuple) for kinds in returned):
            raise ConfigError("crossdock_connectors returned no list")
        return [kind for kinds in returned for kind in kinds]

    def _forget(self, module: Any) -> None:
        if self.manager.is_registered(module):
            self.manager.unregister(module)

    def _add(self, plugin: str, kind: ConnectorType) -> None:
        if not isinstance(kind, ConnectorType):
            raise ConfigError("crossdock_connectors returned something that is no ConnectorType")
        if problem := unfit_type(kind):
            raise ConfigError(f"{plugin}: {problem}")
        if kind.name in self.types:
            raise ConfigError(f"{plugin} offers connector type {kind.name}, which another plugin offers already")
        if not getattr(getattr(kind.settings, "__struct_config__", None), "forbid_unknown_fields", False):
            raise ConfigError(f"the settings of connector type {kind.name} must be a Struct with forbid_unknown_fields")
        self.types[kind.name] = kind


def _split(entry: str) -> tuple[str, str | None]:
    name, _, version = entry.partition("==")
    if re.search(r"[<>=!~]", name):
        raise ConfigError(f'plugins.allow: "{entry}" should be a name, or a name and a version such as name==1.*')
    return _normal(name.strip()), version.strip() or None


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _installed() -> dict[str, metadata.Distribution]:
    """List the distributions that offer plugins; of two with one name the first on the path, as an import would."""
    found: dict[str, metadata.Distribution] = {}
    for dist in metadata.distributions():
        try:
            name: str | None = dist.metadata["Name"]
            offers = any(entry.group == GROUP for entry in dist.entry_points)
        except Exception as error:  # noqa: BLE001 - a broken stranger must not keep the daemon from starting
            log.debug("an installed distribution cannot be read: %s", type(error).__name__)
            continue
        if name and offers:
            found.setdefault(_normal(name), dist)
    return found


def _why(name: str) -> str:
    """Say what to do about a name that is none of the installed plugins."""
    try:
        metadata.distribution(name)
    except (metadata.PackageNotFoundError, ValueError):
        return "; install it, or remove the entry"
    return f': it is installed, but it has no entry point in the group "{GROUP}"'


def _imported(plugin: str, entry: metadata.EntryPoint) -> Any:
    try:
        return entry.load()
    except (Exception, SystemExit) as error:
        log.exception("plugin %s could not be imported", plugin)
        raise ConfigError(f"plugin {plugin} cannot be imported from {entry.value}: {type(error).__name__}") from None


def digest_of(dist: metadata.Distribution) -> str:
    """Hash the code of a distribution as it is on the disk, without importing any of it.

    An editable installation lists none of its code; then the packages that its entry points name are hashed.
    """
    files = {str(file): Path(str(dist.locate_file(file))) for file in dist.files or () if file.suffix in _CODE}
    for top in sorted({entry.module.partition(".")[0] for entry in dist.entry_points if entry.group == GROUP}):
        if not any(name.startswith((f"{top}/", f"{top}.")) for name in files):
            files |= _files_of(top)
    digest = hashlib.sha256()
    for name, path in sorted(files.items()):
        if path.is_file():
            content = path.read_bytes()
            digest.update(f"{name}\0{len(content)}\0".encode("utf-8", "surrogateescape") + content)
    return digest.hexdigest()


def _files_of(top: str) -> dict[str, Path]:
    """List the files of a module or package by their names inside it; find_spec imports nothing for a top-level name."""
    spec = importlib.util.find_spec(top)
    if spec is None:
        return {}
    if spec.submodule_search_locations is None:
        return {Path(spec.origin).name: Path(spec.origin)} if spec.has_location and spec.origin else {}
    return {
        f"{top}/{path.relative_to(folder).as_posix()}": path
        for folder in map(Path, spec.submodule_search_locations)
        for path in folder.rglob("*")
        if path.suffix in _CODE
    }


_CODE = frozenset({".py", ".so"})
