"""What can be had of an answer that cannot be read as a whole: its results, read one by one.

Slow, and only for answers that were refused already: one odd result must not put the other orders of a batch in doubt.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from crossdock.spec.outbound import PushResult, PushStatus

if TYPE_CHECKING:
    from collections.abc import Collection

CODE = "unreadable_result"
LONGEST_REASON = 300


class Torn(dict[str, Any]):
    """An object in which a name stands twice: nobody knows which of the two is meant."""


class Salvaged(Struct, frozen=True):
    """Every result that names a key of ours; those that cannot be read are unknown, and named by their `odd` keys."""

    results: list[PushResult]
    odd: dict[str, str]


def results(body: bytes, keys: Collection[str]) -> Salvaged | None:
    """Read the results of a batch one by one; None if none of them names one of `keys`, so that nothing is known.

    A result that cannot be read and names no key either is left out: its order then counts as not mentioned.
    """
    try:
        whole = json.loads(body.decode("utf-8", "surrogateescape"), strict=False, object_pairs_hook=_object)
    except (ValueError, RecursionError):
        return None
    items = whole.get("results") if type(whole) is dict else None
    if not isinstance(items, list):
        return None
    found: list[PushResult] = []
    odd: dict[str, str] = {}
    for item in items:
        try:
            found.append(_read(item))
        except (ValueError, RecursionError) as error:
            key = item.get("key") if isinstance(item, dict) else None
            if isinstance(key, str) and key in keys:
                odd[key] = _reason(error)
                found.append(PushResult(key=key, status=PushStatus.UNKNOWN, code=CODE, message=odd[key]))
    return Salvaged(found, odd) if any(result.key in keys for result in found) else None


def _read(item: object) -> PushResult:
    """Read one result. Raises ValueError, also for a repeated name and for text that cannot be written as UTF-8."""
    if isinstance(item, Torn):
        raise ValueError("a name stands twice in it")  # noqa: TRY004 - as documented
    result = msgspec.convert(item, PushResult)
    msgspec.json.encode(result)
    return result


def _reason(error: Exception) -> str:
    text = f"the warehouse's result for this order cannot be read: {error}"
    return text.encode("utf-8", "replace").decode()[:LONGEST_REASON]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Torn(pairs)
