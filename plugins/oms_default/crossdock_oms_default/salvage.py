"""What can be had of an answer that cannot be read as a whole: its orders, cut out one by one; the bad ones are set aside.

Slow, and only for answers that were refused already: one lone surrogate must not hold up every other order of a page.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from crossdock.spec.orders import Order, OrderSlice, Page, Unreadable
from crossdock_oms_default.mapping import HEAD, ORDER
from crossdock_oms_default.wire import unreadable_name

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_REF = 200
_SPACE = re.compile(r"[ \t\r\n]*")
_tolerant = json.JSONDecoder(strict=False)


class Rest(Struct, frozen=True):
    """What a page holds besides its orders."""

    next_cursor: str | None
    watermark: datetime | None


def page(body: bytes) -> Page | None:
    """Return the page with its bad orders set aside; None if they are not what is wrong with it."""
    try:
        parts = _members(_text(body))
        rest = {name: msgspec.json.decode(parts[name]) for name in Rest.__struct_fields__ if name in parts}
        known = msgspec.convert(rest, Rest)
        found = [_slice(_bytes(piece)) for piece in _objects(parts["orders"])]
    except (ValueError, KeyError, RecursionError):
        return None
    broken = tuple(each for each in found if isinstance(each, Unreadable))
    slices = tuple(each for each in found if isinstance(each, OrderSlice))
    if not broken:
        return None
    return Page(slices=slices, unreadable=broken, next_cursor=known.next_cursor, watermark=known.watermark)


def orders(body: bytes) -> dict[str, Order | Unreadable | None] | None:
    """Return orders by ref, the bad ones set aside; None if they are not what is wrong with the answer."""
    try:
        parts = _members(_members(_text(body))["orders"])
        found = {ref: _order(ref, piece) for ref, piece in parts.items()}
    except (ValueError, KeyError, RecursionError):
        return None
    return found if any(isinstance(each, Unreadable) for each in found.values()) else None


def _slice(raw: bytes) -> OrderSlice | Unreadable:
    try:
        return OrderSlice(HEAD.decode(raw).ref, raw)
    except ValueError as error:
        return Unreadable(_name(raw), raw, f"the order cannot be decoded: {error}")


def _order(ref: str, piece: str) -> Order | Unreadable | None:
    if piece == "null":
        return None
    raw = _bytes(piece)
    try:
        json.loads(piece, object_pairs_hook=_unique)
        return ORDER.decode(raw)
    except ValueError as error:
        return Unreadable(ref, raw, f"the order cannot be decoded: {error}")


def _name(raw: bytes) -> str:
    """The ref by which an order calls itself, where that much can be read: it is found again once it is mended."""
    ref = _tolerant.decode(_text(raw)).get("ref")
    if isinstance(ref, str) and 0 < len(ref) <= LONGEST_REF and ref.isprintable():
        return ref
    return unreadable_name(raw)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _members(text: str) -> dict[str, str]:
    """Cut an object into the texts of its values, by name. Raises ValueError, also for a repeated name."""
    return _unique(list(_Cutter(text).members()))


def _objects(text: str) -> list[str]:
    """Cut an array into the texts of its objects. Raises ValueError, also for an item that is none."""
    found = list(_Cutter(text).items())
    if not all(piece.startswith("{") for piece in found):
        raise ValueError("an item is no object")
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


class _Cutter:
    """Walks through a JSON text and cuts it at its outermost commas."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0

    def members(self) -> Iterator[tuple[str, str]]:
        for _ in self._parts("{", "}"):
            name = json.loads(self._value())
            if not isinstance(name, str) or not self._takes(":"):
                raise ValueError("a member has no name")
            yield name, self._value()

    def items(self) -> Iterator[str]:
        for _ in self._parts("[", "]"):
            yield self._value()

    def _parts(self, opening: str, closing: str) -> Iterator[None]:
        """Stop before each part between the brackets, behind which the text must end."""
        if not self._takes(opening):
            raise ValueError(f"there is no {opening}")
        if not self._takes(closing):
            yield
            while self._takes(","):
                yield
            if not self._takes(closing):
                raise ValueError(f"there is no {closing}")
        self._skip_space()
        if self._at != len(self._text):
            raise ValueError("something stands behind the end")

    def _value(self) -> str:
        self._skip_space()
        start = self._at
        _, self._at = _tolerant.raw_decode(self._text, start)
        return self._text[start : self._at]

    def _takes(self, sign: str) -> bool:
        self._skip_space()
        if not self._text.startswith(sign, self._at):
            return False
        self._at += 1
        return True

    def _skip_space(self) -> None:
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at
