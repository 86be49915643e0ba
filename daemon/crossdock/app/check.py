"""`crossdock check-config`: read the configuration as the daemon would, without touching anything it uses."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import TYPE_CHECKING

from crossdock.app.rooms import connect
from crossdock.config.load import load_with_places
from crossdock.config.problems import BadConfig, problem
from crossdock.connectors.discovery import Plugins
from crossdock.connectors.host import PluginHost
from crossdock.connectors.settings import BadSettings
from crossdock.env import Env
from crossdock.ops import process
from crossdock.ops.masks import Masks
from crossdock.ops.secrets import SecretStore
from crossdock.spec.errors import ConfigError, ConnectorError
from crossdock.spec.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crossdock.config.model import Config
    from crossdock.config.problems import KeyPath, Place
    from crossdock.connectors.open_connection import OpenConnection


def check(path: Path, *, online: bool = False, as_json: bool = False) -> int:
    """Check the configuration at `path`; with `online` also ask every connection. Return the exit status."""
    try:
        config, place = load_with_places(path, os.environ)
    except BadConfig as bad:
        lines = [str(each) for each in bad.problems]
        return _say(lines, [], as_json)
    problems, links = _plugins_and_connections(config, place)
    found: list[str] = []
    if online and not problems:
        found, failed = asyncio.run(_ask(links))
        problems += failed
    return _say(problems, found or [f"{path}: {len(config.connections)} connections, nothing wrong"], as_json)


def _say(problems: list[str], found: list[str], as_json: bool) -> int:
    if as_json:
        print(json.dumps({"ok": not problems, "problems": problems, "found": found}))  # noqa: T201
    elif problems:
        sys.stderr.write("".join(f"{clean(line)}\n" for line in problems))
    else:
        sys.stdout.write("".join(f"{clean(line)}\n" for line in found))
    return process.BAD_CONFIG if problems else process.OK


def _plugins_and_connections(
    config: Config, place: Callable[[KeyPath], Place]
) -> tuple[list[str], dict[str, OpenConnection]]:
    plugins, env = Plugins(), Env()
    try:
        plugins.load_allowed(config.plugins.allow, strict=False, known={})
    except ConfigError as error:
        return [str(error)], {}
    host, secrets = PluginHost(plugins, env), SecretStore(config, os.environ, masks=Masks())
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
