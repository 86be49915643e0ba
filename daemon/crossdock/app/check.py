"""`crossdock check-config`: read the configuration as the daemon would, without touching anything it uses."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from crossdock.app.rooms import connect
from crossdock.config.load import load_with_places
from crossdock.config.problems import BadConfig, problem
from crossdock.connectors.discovery import Plugins
from crossdock.connectors.host import PluginHost
from crossdock.connectors.settings import BadSettings
from crossdock.control.network import tls_of
from crossdock.env import Env
from crossdock.ops import process
from crossdock.ops.masks import Masks
from crossdock.ops.secrets import SecretStore, SecretUnavailable
from crossdock.rules.webhooks import weakness
from crossdock.spec.connector import SecretRef
from crossdock.spec.errors import ConfigError, ConnectorError
from crossdock.spec.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from crossdock.config.model import Config
    from crossdock.config.problems import KeyPath, Place
    from crossdock.connectors.open_connection import OpenConnection


_OF_THE_SERVICE = "if it is a credential of the service, only the service can see it"
_OF_ANOTHER_USER = "check as the user that the daemon runs as"


def check(path: Path, *, online: bool = False, as_json: bool = False) -> int:
    """Check the configuration at `path`; with `online` also ask every connection. Return the exit status."""
    try:
        config, place = load_with_places(path, os.environ)
    except BadConfig as bad:
        lines = [str(each) for each in bad.problems]
        return _say(lines, [], as_json)
    owner = _service_user(config)
    secrets = SecretStore(config, os.environ, masks=Masks(), uid=owner)
    problems, links = _plugins_and_connections(config, place, secrets)
    missing, warnings = secret_findings(config, place, secrets, {name: link.settings for name, link in links.items()})
    problems += missing + folder_findings(config, place, owner)
    _certificate(config, place, problems, warnings)
    weak, unseen = webhook_findings(config, place, secrets)
    problems, warnings = problems + weak, warnings + unseen
    found: list[str] = []
    if online and not problems:
        found, failed = asyncio.run(_ask(links))
        problems += failed
    wrong = "nothing wrong" if not warnings else "nothing wrong as far as can be told here"
    return _say(problems, found or [f"{path}: {len(config.connections)} connections, {wrong}"], as_json, warnings)


def _service_user(config: Config) -> int:
    """Name the user the daemon runs as: whose its state is, else who asks. Root checks for a service, too."""
    try:
        return Path(config.state_dir).stat().st_uid
    except OSError:
        return os.geteuid()


def secret_findings(
    config: Config, place: Callable[[KeyPath], Place], secrets: SecretStore, settings: Mapping[str, object]
) -> tuple[list[str], list[str]]:
    """Look up the secrets that connections need; return problems, and warnings of what cannot be told from here.

    The credentials of a service are seen by the service only, so without $CREDENTIALS_DIRECTORY a secret that is nowhere
    else may be one of them. Where the configuration names a folder for secrets, that is where it must be.
    """
    problems: list[str] = []
    warnings: list[str] = []
    for name, each in settings.items():
        for field in getattr(each, "__struct_fields__", ()):
            reference = getattr(each, field)
            if not isinstance(reference, SecretRef):
                continue
            at = ("connections", name, "settings", field)
            try:
                secrets.get(reference.secret)
            except SecretUnavailable as lack:
                _tell(lack, config, str(problem(place(at), at, str(lack), _why(lack, config))), problems, warnings)
    return problems, warnings


def _certificate(config: Config, place: Callable[[KeyPath], Place], problems: list[str], warnings: list[str]) -> None:
    """Look whether the certificate of the control API can be used; a key that one may not read is warned about."""
    tcp, at = config.control.tcp, ("control", "tcp", "key_file")
    if tcp.key_file is not None and Path(tcp.key_file).exists() and not os.access(tcp.key_file, os.R_OK):
        warnings.append(str(problem(place(at), at, f"{tcp.key_file} cannot be read", _OF_ANOTHER_USER)))
        return
    try:
        tls_of(tcp)
    except ConfigError as error:
        problems.append(str(problem(place(at), at, error.message, "")))


def webhook_findings(
    config: Config, place: Callable[[KeyPath], Place], secrets: SecretStore
) -> tuple[list[str], list[str]]:
    """Look up the secrets by which webhooks are signed; return problems, too short ones among them, and warnings."""
    problems: list[str] = []
    warnings: list[str] = []
    for name, source in config.webhooks.connections.items():
        for number, reference in enumerate(source.secrets):
            at = ("webhooks", "connections", name, "secrets", number)
            try:
                weak = weakness(secrets.get(reference).reveal())
            except SecretUnavailable as lack:
                _tell(lack, config, str(problem(place(at), at, str(lack), _why(lack, config))), problems, warnings)
            else:
                problems += (
                    [str(problem(place(at), at, f'the secret "{reference}" is no good one: {weak}'))] if weak else []
                )
    return problems, warnings


def _why(lack: SecretUnavailable, config: Config) -> str:
    seen_whole = bool(config.credentials_dir or os.environ.get("CREDENTIALS_DIRECTORY"))
    return _OF_THE_SERVICE if lack.absent and not seen_whole else _OF_ANOTHER_USER if lack.denied else ""


def _tell(lack: SecretUnavailable, config: Config, text: str, problems: list[str], warnings: list[str]) -> None:
    """Sort a lack: what another user or the service may well see is a warning."""
    (warnings if _why(lack, config) else problems).append(text)


def folder_findings(config: Config, place: Callable[[KeyPath], Place], owner: int) -> list[str]:
    """Look whether the daemon could keep its files in `state_dir`, without making anything."""
    folder = Path(config.state_dir)
    there = next(each for each in (folder, *folder.parents) if each.exists())
    if not there.is_dir():
        why = f"{there} is no folder"
    elif os.statvfs(there).f_flag & os.ST_RDONLY:
        why = f"{there} is on a file system that is mounted read-only"
    elif not os.statvfs(there).f_blocks:
        why = f"{there} is on a file system that keeps no files"
    elif owner == os.geteuid() and not os.access(there, os.W_OK | os.X_OK):
        why = f"{there} cannot be written to by this user"
    else:
        return []
    return [str(problem(place(("state_dir",)), ("state_dir",), f"cannot be used: {why}"))]


def _say(problems: list[str], found: list[str], as_json: bool, warnings: Sequence[str] = ()) -> int:
    if as_json:
        told = {"ok": not problems, "problems": problems, "warnings": list(warnings), "found": found}
        print(json.dumps(told))  # noqa: T201
    else:
        sys.stderr.write("".join(f"{clean(line)}\n" for line in problems))
        sys.stderr.write("".join(f"warning: {clean(line)}\n" for line in warnings))
        sys.stdout.write("".join(f"{clean(line)}\n" for line in found if not problems))
    return process.BAD_CONFIG if problems else process.OK


def _plugins_and_connections(
    config: Config, place: Callable[[KeyPath], Place], secrets: SecretStore
) -> tuple[list[str], dict[str, OpenConnection]]:
    plugins, env = Plugins(), Env()
    try:
        plugins.load_allowed(config.plugins.allow, strict=False, known={})
    except ConfigError as error:
        return [str(error)], {}
    host = PluginHost(plugins, env)
    problems: list[str] = []
    links: dict[str, OpenConnection] = {}
    for name, connection in config.connections.items():
        if not connection.enabled:
            continue
        try:
            links[name] = connect(host, name, config, secrets)
        except BadSettings as bad:
            problems += [str(problem(place(at), at, text, hint)) for at, text, hint in bad.findings]
        except ConfigError as error:
            problems.append(f"{place(('connections', name))}: {error}")
    return problems, links


async def _ask(links: dict[str, OpenConnection]) -> tuple[list[str], list[str]]:
    """Ask every connection whether it accepts us."""
    found, failed = [], []
    for name, link in links.items():
        try:
            result = await link.check()
        except ConnectorError as error:
            failed.append(f"connection {name}: {str(error).removeprefix(f'connection {name}: ')}")
        else:
            found.append(f"connection {name}: {'ok' if result.ok else 'not ok'} {result.account}".rstrip())
            failed += [] if result.ok else [f"connection {name}: {', '.join(result.warnings) or 'it is not ok'}"]
        finally:
            await link.close()
    return found, failed
