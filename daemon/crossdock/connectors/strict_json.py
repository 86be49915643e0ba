"""JSON that means one thing: no repeated keys, on top of what msgspec refuses by itself."""

from __future__ import annotations

import json
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

MAX_DEPTH = 64
_any = msgspec.json.Decoder().decode
_top = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


class RepeatedKey(ValueError):
    """An object has the same key twice."""


def decode(raw: bytes, kind: type[T]) -> T:
    """Decode JSON into `kind`. Raises ValueError for anything else, also for what is nested too deep."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except RecursionError:
        raise ValueError("the JSON is nested too deep") from None


def refuse_repeated_keys(raw: bytes) -> None:
    r"""Raise RepeatedKey (a ValueError) if any object in this JSON text has a key twice; ValueError if it is too deep.

    Quick where nothing is wrong: a dropped key takes its two quotes along, so what a decoder kept, encoded again, has
    as many quotes as the text if no key was dropped. Only a quote written as \\u0022 breaks that rule.
    """
    try:
        kept = _any(raw)
        if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH:
            _check_depth(kept, 1)
    except RecursionError:
        raise ValueError("the JSON is nested too deep") from None
    again = _encode(kept)
    if again == raw or (b"\\u0022" not in raw and raw.count(b'"') == again.count(b'"')):
        return
    json.loads(raw, object_pairs_hook=_unique)


def refuse_repeated_top_keys(raw: bytes) -> None:
    """Raise RepeatedKey if this JSON text is an object that itself has a key twice; what stands in it is not looked at.

    For large pages: a list of orders must not vanish because a second one of the same name follows it.
    """
    try:
        kept = _top(raw)
    except (ValueError, RecursionError):
        return  # another shape, or no JSON: whoever decodes it says so
    again = _encode(kept)
    if len(raw) == len(again):
        return  # with a dropped key the text would be longer than what was kept
    if b"\\u0022" not in raw and raw.count(b'"') == again.count(b'"'):
        return  # it would have two quotes more
    objects: list[list[tuple[str, Any]]] = []
    try:
        json.loads(raw, object_pairs_hook=objects.append)
    except RecursionError:
        raise ValueError("the JSON is nested too deep") from None
    _unique(objects[-1])  # the outermost object ends last


def _check_depth(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValueError("the JSON is nested too deep")
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in inner:
        if item.__class__ in _NESTED:
            _check_depth(item, depth + 1)


_NESTED = frozenset({dict, list})


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise RepeatedKey(f"the key {twice[:80]!r} stands twice in one object")
    return found
