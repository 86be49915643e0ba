"""Does a connector fit the contract: what it declares, and the hooks that its kind cannot do without."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import msgspec

from crossdock.config.words import did_you_mean
from crossdock.connectors.settings import BadSettings
from crossdock.spec.connector import API, Capabilities, ConnectorType
from crossdock.spec.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from crossdock.config.model import Connection
    from crossdock.connectors.calls import Hook

NEEDED: dict[str, tuple[str, ...]] = {
    "oms": ("check", "fetch_orders"),
    "wms": ("check", "push_outbound"),
    "both": ("check", "fetch_orders", "push_outbound"),
}
"""Hooks by kind without which a connector would be accepted and silently do nothing."""


def unfit_type(kind: ConnectorType) -> str | None:
    """Say what is wrong with a declared connector type, if anything is."""
    if not isinstance(kind.name, str) or not kind.name:
        return f"a connector type's name is {kind.name!r}"
    if kind.kind not in NEEDED:
        hint = did_you_mean(str(kind.kind), NEEDED)
        return f"connector type {kind.name} is of kind {kind.kind!r}, which is none of {', '.join(NEEDED)}" + (
            f" ({hint})" if hint else ""
        )
    ours, theirs = _version(API), _version(kind.api)
    if theirs > ours or theirs[0] != ours[0]:
        return f"connector type {kind.name} speaks contract {kind.api}, this daemon {API}"
    return None


def _version(text: object) -> tuple[int, int]:
    """Part a version of the contract into its two numbers; what is none is newer than any."""
    major, _, minor = str(text).partition(".")
    try:
        return int(major), int(minor or 0)
    except ValueError:
        return sys.maxsize, 0


def unfit(hooks: Mapping[str, Hook], capabilities: object) -> str | None:
    """Say what is wrong with what a connector declares about itself, if anything is."""
    if not isinstance(capabilities, Capabilities):
        return f"its capabilities are {type(capabilities).__name__}"
    try:
        msgspec.json.decode(msgspec.json.encode(capabilities), type=Capabilities)
    except (TypeError, ValueError) as error:
        return f"its capabilities do not fit: {error}"
    if "read_order" in hooks and not hooks["read_order"].plain:
        return "read_order must be a plain def, not async def"
    return None


def refuse_unfinished(name: str, kind: ConnectorType, hooks: Collection[str], capabilities: Capabilities) -> None:
    """Raise ConfigError for a connector that lacks a hook without which it cannot do its work."""
    missing = [hook for hook in NEEDED[kind.kind] if hook not in hooks]
    if "push_outbound" in hooks and capabilities.idempotency == "lookup" and "find_outbound" not in hooks:
        missing.append("find_outbound")
    if missing:
        why = f'a connector of kind "{kind.kind}"' + (
            ' whose idempotency is "lookup"' if missing == ["find_outbound"] else ""
        )
        text = f"its connector has no {' and no '.join(missing)}, which {why} needs; is it marked with @hookimpl?"
        raise ConfigError(f"connection {name}: {text}")


def refuse_mode(name: str, config: Connection, hooks: Collection[str], capabilities: Capabilities) -> None:
    """Raise BadSettings if the connection is to be fetched in a way that its connector cannot."""
    if "fetch_orders" in hooks and config.fetch.mode not in capabilities.fetch_modes:
        known = ", ".join(capabilities.fetch_modes)
        text = f"is {config.fetch.mode}, and its connector can only be fetched in mode {known}"
        raise BadSettings([(("connections", name, "fetch", "mode"), text, "")])
