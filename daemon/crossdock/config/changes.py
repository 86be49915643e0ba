"""What a new configuration changes, and which of it a running daemon cannot take up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, to_builtins

if TYPE_CHECKING:
    from crossdock.config.model import Config

RESTART = (
    "state_dir", "database", "control.socket", "control.max_body_bytes", "control.max_concurrent", "control.timeout_s",
    "control.tcp", "plugins", "engine.readers", "engine.tick_s", "engine.run_budget_s", "engine.claim",
    "engine.flush_ms", "webhooks", "costs",
)  # fmt: skip
"""Keys, and tables with all that is in them, that count from the next start on."""


class Changes(Struct, frozen=True):
    """Names of connections that are new, different and gone; keys that need a restart to count."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    restart: tuple[str, ...] = ()


def changes(old: Config, new: Config, started: Config) -> Changes:
    """Compare the configuration that was taken last with a new one, each loaded whole.

    What needs a restart is compared with the one that the daemon was started with: that is in force until then.
    """
    before, after = old.connections, new.connections
    return Changes(
        added=tuple(name for name in after if name not in before),
        changed=tuple(name for name in after if name in before and after[name] != before[name]),
        removed=tuple(name for name in before if name not in after),
        restart=tuple(key for key in RESTART if _at(to_builtins(started), key) != _at(to_builtins(new), key)),
    )


def _at(tables: Any, key: str) -> Any:
    for step in key.split("."):
        tables = tables[step]
    return tables
