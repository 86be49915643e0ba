"""Plugins as the control API shows them: what their connector types are, can do, and want to be told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

from crossdock.config.reference import description
from crossdock.config.words import wanted
from crossdock.control.records.daemon import PluginItem, PluginSetting, PluginType

if TYPE_CHECKING:
    from crossdock.connectors.discovery import Plugin, Plugins
    from crossdock.spec.connector import ConnectorType


def plugin_item(plugins: Plugins, plugin: Plugin) -> PluginItem:
    """Show a loaded plugin."""
    return PluginItem(
        name=plugin.name,
        version=plugin.version,
        loaded=True,
        digest=plugin.digest,
        problem="its files changed since it was loaded before" if plugin.changed else "",
        types=tuple(type_item(plugins.types[name]) for name in plugin.types),
    )


def type_item(kind: ConnectorType) -> PluginType:
    """Show a connector type. A connection of it may narrow what it can do, which `connections list --json` shows."""
    return PluginType(
        name=kind.name, kind=str(kind.kind), api=kind.api, docs_url=kind.docs_url,
        capabilities=msgspec.to_builtins(kind.capabilities), settings=tuple(map(_setting, msgspec.structs.fields(kind.settings))),
    )  # fmt: skip


def _setting(field: msgspec.structs.FieldInfo) -> PluginSetting:
    return PluginSetting(
        key=field.encode_name, text=description(field.type), takes=wanted(field.type), required=field.required,
        default="" if field.required else _default(field),
    )  # fmt: skip


def _default(field: msgspec.structs.FieldInfo) -> str:
    value = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
    return "" if value is None else json.dumps(msgspec.to_builtins(value))
