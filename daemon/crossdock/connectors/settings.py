"""A connection's own settings, held against the Struct of its connector type: everything that does not fit, by its key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from crossdock.config.problems import dotted
from crossdock.config.words import did_you_mean
from crossdock.spec.connector import SecretRef
from crossdock.spec.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from msgspec import Struct

    from crossdock.config.problems import KeyPath

Finding = tuple["KeyPath", str, str]
"""Path of a setting from the root of the configuration, what is wrong with it, and a hint or nothing."""

_WHERE = re.compile(r"(?s)(?P<text>.*) - at `\$(?P<path>[^`]*)`")
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")


class BadSettings(ConfigError):
    """The settings of a connection do not fit its connector; `findings` tells each thing that is wrong."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        said = (f"{dotted(at)} {text}" + (f" ({hint})" if hint else "") for at, text, hint in self.findings)
        super().__init__("; ".join(said))


def read_settings(connection: str, given: Mapping[str, Any], shape: type[Struct]) -> Any:
    """Decode the settings of a connection into its connector's Struct. Raises BadSettings; it never repeats a value."""
    try:
        return msgspec.convert(given, shape, strict=True)
    except msgspec.ValidationError as error:
        at: KeyPath = ("connections", connection, "settings")
        found = list(_findings(given, shape, at))
        raise BadSettings(found or [(at, f"do not fit: {_said(error)[0]}", "")]) from None


def _findings(given: Mapping[str, Any], shape: type[Struct], at: KeyPath) -> Iterator[Finding]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(shape)}
    for key, value in given.items():
        if key not in fields:
            yield (*at, key), "is no known key", did_you_mean(key, fields)
        else:
            yield from _finding(value, fields[key].type, (*at, key))
    for name, field in fields.items():
        if field.required and name not in given:
            yield (*at, name), "is missing", _as_secret((*at, name)) if _takes_secret(field.type) else ""


def _finding(value: Any, kind: Any, at: KeyPath) -> Iterator[Finding]:
    try:
        msgspec.convert(value, kind, strict=True)
    except msgspec.ValidationError as error:
        if _takes_secret(kind) and isinstance(value, str):
            yield at, "holds a text where the name of a secret must stand", _as_secret(at)
        else:
            text, inner = _said(error)
            yield (*at, *inner), f"does not fit: {text}", _as_secret(at) if _takes_secret(kind) else ""


def _takes_secret(kind: Any) -> bool:
    return kind is SecretRef or any(map(_takes_secret, get_args(kind)))


def _as_secret(at: KeyPath) -> str:
    name = re.sub(r"[^A-Za-z0-9._-]", "_", f"{at[1]}.{at[-1]}")[:100]
    return f'write {{ secret = "{name}" }} and put the value into a credential or a file of that name'


def _said(error: msgspec.ValidationError) -> tuple[str, KeyPath]:
    """Part what msgspec says into the sentence and the path to the value it is about."""
    found = _WHERE.fullmatch(str(error))
    if found is None:
        return str(error), ()
    steps = _STEP.findall(found["path"])
    return found["text"], tuple(name or int(number) for name, number in steps)
