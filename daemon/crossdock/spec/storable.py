"""What a record may hold so that it can be stored and calculated with; its types alone do not say so."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST_INT = 2**63 - 1
MOST_DIGITS = 18
"""Of a quantity or an amount before its decimal point: more than any warehouse holds."""


def unstorable(record: object) -> str | None:
    """Say which field of a record cannot be kept, and why; None for a sound one.

    That is a time without a zone or beyond the calendar, a number beyond 64 bits, a Decimal that is none. What stands in a
    dict (`extra`) is kept as it is written and is not looked at.
    """
    return next((f"{path} {why}" for path, value in _leaves(record, "") if (why := _flaw(value)) is not None), None)


def bytes_as_text(record: object) -> str | None:
    """Say which field of a record holds bytes where text belongs; in JSON they would pass for it as base64."""
    return next(
        (path for path, value in _leaves(record, "") if isinstance(value, bytes | bytearray | memoryview)), None
    )


def _leaves(value: object, path: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, Struct):
        for name in _looked_at(type(value)):
            inner = getattr(value, name)
            if inner is not None:
                yield from _leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, tuple | list):
        for number, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{number}]")
    elif not isinstance(value, str):
        yield path, value


@lru_cache(maxsize=256)
def _looked_at(kind: type[Struct]) -> tuple[str, ...]:
    """Name the fields of a record but those that are bytes by their own type."""
    return tuple(field.name for field in msgspec.structs.fields(kind) if field.type not in (bytes, bytes | None))


def _flaw(value: object) -> str | None:
    if isinstance(value, datetime):
        return _flaw_of_time(value)
    if isinstance(value, Decimal):
        if not value.is_finite():
            return f"is {value}, no number"
        return None if value.adjusted() < MOST_DIGITS else "is a number with too many digits"
    if isinstance(value, int) and abs(value) > LARGEST_INT:
        return "is a number beyond 64 bits"
    return None


def _flaw_of_time(value: datetime) -> str | None:
    if value.tzinfo is None:
        return "is a time without a time zone"
    try:
        value.astimezone(UTC)
    except (OverflowError, ValueError):
        return "is a time beyond the calendar"
    return None
