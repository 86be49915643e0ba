"""Show the configuration: its schema, and what is in force, without secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from crossdock.config.model import Config
from crossdock.config.secretlike import has_userinfo, sounds_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

HIDDEN = "***"
"""Stands where a secret's value would."""


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the configuration."""
    return msgspec.json.schema(Config)


def effective(config: Config) -> dict[str, Any]:
    """Return the configuration in force as plain tables, defaults included.

    Secrets show as their reference, `{"secret": "shop.token"}`; what seems to be a secret's value shows as ***.
    """
    shown: dict[str, Any] = msgspec.to_builtins(config)
    for connection in shown["connections"].values():
        connection["settings"] = redacted(connection["settings"])
    return shown


def redacted(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings in which everything that seems to be a secret's value is hidden, however deep."""
    return {key: _redacted(key, value) for key, value in settings.items()}


def _redacted(key: str, value: Any) -> Any:
    match value:
        case {"secret": str()} if len(value) == 1:
            return value
        case dict():
            return {name: _redacted(name, inner) for name, inner in value.items()}
        case list() | tuple():
            return [_redacted(key, item) for item in value]
        case str() if has_userinfo(value):
            return value.replace(urlsplit(value).netloc.rpartition("@")[0], HIDDEN, 1)
        case _:
            return HIDDEN if sounds_secret(key) and value not in ("", None) else value
