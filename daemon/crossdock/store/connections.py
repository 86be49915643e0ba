"""The health of connections and the plugins they came from, kept over restarts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from crossdock.rules.connection_health import ConnectionHealth

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crossdock.store.store import Transaction


def load_health(tx: Transaction) -> dict[str, ConnectionHealth]:
    """Return the health of every connection ever used."""
    decode = msgspec.json.Decoder(ConnectionHealth).decode
    return {name: decode(body) for name, body in tx.rows("SELECT name, body FROM connections")}


def save_health(tx: Transaction, name: str, health: ConnectionHealth) -> None:
    """Keep a connection's health."""
    tx.execute(
        "INSERT INTO connections (name, body) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET body = excluded.body",
        (name, msgspec.json.encode(health).decode()),
    )


def plugin_digests(tx: Transaction) -> dict[str, str]:
    """Return the digest under which each plugin was loaded last."""
    return dict(tx.rows("SELECT name, digest FROM plugins"))


def save_plugins(tx: Transaction, plugins: Mapping[str, tuple[str, str]]) -> None:
    """Keep name → (version, digest) of the plugins that were loaded."""
    tx.execute_many(
        "INSERT INTO plugins (name, version, digest) VALUES (?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET version = excluded.version, digest = excluded.digest",
        [(name, version, digest) for name, (version, digest) in plugins.items()],
    )
