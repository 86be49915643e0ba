"""Types, bounds and values of the configuration in words, for errors and for the reference page."""

from __future__ import annotations

import difflib
from datetime import date, time
from typing import TYPE_CHECKING, Any

from msgspec import inspect

from crossdock.spec.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAME = r"^[a-z0-9][a-z0-9_.-]{0,39}$"
_PATTERNS = {
    r"^([01][0-9]|2[0-3]):[0-5][0-9]$": 'a time of day from "00:00" to "23:59"',
    "^[A-Z]{3}$": 'three capital letters, such as "EUR"',
    r"^[0-9]{1,15}(\.[0-9]{1,4})?$": 'an amount in quotes, such as "12.50"',
    r"^[A-Za-z0-9.:\[\]-]{1,255}$": "the name of a host, or an address",
    r"^[A-Za-z0-9._-]{1,100}$": "1 to 100 letters, digits, dots, hyphens or underscores",
    _NAME: "1 to 40 small letters, digits, dots, hyphens or underscores, the first a letter or digit",
}


def wanted(annotation: Any) -> str:
    """Say what a type of the configuration takes: 'a whole number from 1 to 64', 'one of "debug", "info"'."""
    return _wanted(inspect.type_info(annotation))


def _wanted(kind: inspect.Type) -> str:
    match kind:
        case inspect.Metadata():
            return _wanted(kind.type)
        case inspect.UnionType():
            return " or ".join(_wanted(part) for part in kind.types if not isinstance(part, inspect.NoneType))
        case inspect.VarTupleType():
            return f"a list, each item {_wanted(kind.item_type)}"
        case inspect.EnumType() | inspect.LiteralType():
            return "one of " + ", ".join(f'"{choice}"' for choice in _values(kind))
        case _:
            return _plainly(kind)


def _plainly(kind: inspect.Type) -> str:
    match kind:
        case inspect.IntType():
            return "a whole number" + _bounds(kind)
        case inspect.FloatType():
            return "a number" + _bounds(kind)
        case inspect.StrType():
            return _PATTERNS.get(kind.pattern or "", "a text")
        case inspect.BoolType():
            return "true or false"
        case _:
            return "a table"


def choices(annotation: Any) -> list[str]:
    """List the values of a type that takes one of several words; nothing for every other type."""
    kind = inspect.type_info(annotation)
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    return _values(kind) if isinstance(kind, inspect.EnumType | inspect.LiteralType) else []


def _values(kind: inspect.EnumType | inspect.LiteralType) -> list[str]:
    if isinstance(kind, inspect.EnumType):
        return [str(member.value) for member in kind.cls]
    return [str(value) for value in kind.values]


def _bounds(kind: inspect.IntType | inspect.FloatType) -> str:
    if kind.gt is not None and kind.le is not None:
        return f" above {number(kind.gt)}, at most {number(kind.le)}"
    if kind.ge is not None and kind.le is not None:
        return f" from {number(kind.ge)} to {number(kind.le)}"
    return f" of at least {number(kind.ge)}" if kind.ge is not None else ""


def number(value: float) -> str:
    """Write a number without needless decimals: 60, 0.05, 268435456."""
    return str(int(value)) if value == int(value) else str(value)


def shown(value: Any) -> str:
    """Name a value that was found, with its type: 'the text "x"', 'the number 3', 'a list'."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {_digits(value)}"
        case str():
            return f'the text "{clean(value, 60)}"'
        case date() | time():
            return "a date or time"
        case list():
            return "a list"
        case _:
            return "a table"


def _digits(value: float) -> str:
    try:
        return clean(str(value), 40)
    except ValueError:  # Python refuses to write out whole numbers of thousands of digits
        return "(thousands of digits)"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return 'did you mean x?' for the known name nearest to `name`, or nothing."""
    near = difflib.get_close_matches(name[:100], list(known), n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else ""
