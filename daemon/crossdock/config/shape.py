"""Hold settings against the Structs of the model and find everything that does not fit, not only the first thing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

import msgspec

from crossdock.config.model import Config, Connection, Section
from crossdock.config.problems import KeyPath, Place, Problem, problem
from crossdock.config.words import choices, did_you_mean, shown, wanted

if TYPE_CHECKING:
    from collections.abc import Callable

_GONE: Any = object()  # stands for a value that does not fit


def examine(data: dict[str, Any], place: Callable[[KeyPath], Place]) -> tuple[dict[str, Any], list[Problem]]:
    """Return `data` without what does not fit Config, and a problem for each thing left out or missing.

    What is required and missing, and an item of a list that does not fit, is an empty text in the result, so that the
    rest can still be checked.
    """
    walk = _Walk(place)
    return walk.section(data, Config, ()), walk.problems


class _Walk:
    def __init__(self, place: Callable[[KeyPath], Place]) -> None:
        self.problems: list[Problem] = []
        self._place = place

    def section(self, data: dict[str, Any], kind: type[Section], at: KeyPath) -> dict[str, Any]:
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        kept: dict[str, Any] = {}
        for key, value in data.items():
            if key not in fields:
                self._report((*at, key), "is no known key", _hint(key, kind, fields))
                continue
            fitting = self._value(value, fields[key].type, (*at, key))
            if fitting is not _GONE:
                kept[key] = fitting
        for name, field in fields.items():
            if field.required and name not in data:
                self.problems.append(problem(self._place(at), (*at, name), f"is missing: {wanted(field.type)}"))
            if field.required:
                kept.setdefault(name, "")
        return kept

    def _value(self, value: Any, kind: Any, at: KeyPath) -> Any:
        bare = get_args(kind)[0] if get_origin(kind) is Annotated else kind
        origin = get_origin(bare)
        if isinstance(bare, type) and issubclass(bare, Section) and isinstance(value, dict):
            return self.section(value, bare, at)
        if origin is dict and isinstance(value, dict):
            return self._table(value, get_args(bare), at)
        if origin is tuple and isinstance(value, list):
            items = [self._value(item, get_args(bare)[0], (*at, number)) for number, item in enumerate(value)]
            return ["" if item is _GONE else item for item in items]  # those after it keep their positions
        return self._single(value, kind, at)

    def _table(self, value: dict[str, Any], kinds: tuple[Any, ...], at: KeyPath) -> dict[str, Any]:
        key_kind, kind = kinds
        kept: dict[str, Any] = {}
        for key, inner in value.items():
            if not _fits(key, key_kind) or "\n" in key:
                hint = did_you_mean(key, map(str, get_args(key_kind)))
                self._report((*at, key), f"cannot be used as a name: it must be {wanted(key_kind)}", hint)
            fitting = self._value(inner, kind, (*at, key))
            if fitting is not _GONE and _fits(key, key_kind):
                kept[key] = fitting
        return kept

    def _single(self, value: Any, kind: Any, at: KeyPath) -> Any:
        if _fits(value, kind):
            return value
        hint = did_you_mean(value, choices(kind)) if isinstance(value, str) else ""
        if not hint and not isinstance(value, str) and _fits("", kind):
            hint = 'a text stands in quotes: "…"'
        self._report(at, f"must be {wanted(kind)}, not {shown(value)}", hint)
        return _GONE

    def _report(self, at: KeyPath, message: str, hint: str = "") -> None:
        self.problems.append(problem(self._place(at), at, message, hint))


def _fits(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind, strict=True)
    except (msgspec.ValidationError, OverflowError):
        return False
    return True


def _hint(key: str, kind: type[Section], fields: dict[str, Any]) -> str:
    """Say what an unknown key was meant to be: one that is spelt alike, or one that belongs a table deeper."""
    for name, field in fields.items():
        inner = field.type
        if isinstance(inner, type) and issubclass(inner, Section) and key in inner.__struct_fields__:
            return f"did you mean {name}.{key}?"
    if near := did_you_mean(key, fields):
        return near
    if kind is Connection:
        return "the connector's own settings go under settings"
    return ""
