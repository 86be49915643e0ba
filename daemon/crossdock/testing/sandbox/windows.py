"""The window of a listing as a query says it: the same for orders, documents, products and stock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from crossdock.spec.orders import FetchMode, Window
from crossdock.testing.sandbox.call import Refused

if TYPE_CHECKING:
    from crossdock.testing.sandbox.call import Call


def window_of(call: Call) -> Window:
    """Read the window of a listing from the query. Raises Refused 400."""
    query = call.query
    try:
        mode = FetchMode(query.get("mode", "changed"))
    except ValueError:
        raise Refused(400, "bad_mode", "mode is changed or sweep", "mode") from None
    return Window(
        mode=mode, since=moment(call, "since"), until=moment(call, "until"), created_since=moment(call, "created_since")
    )


def moment(call: Call, name: str) -> datetime | None:
    """Read a time of the query (RFC 3339, with a zone). Raises Refused 400."""
    text = call.query.get(name)
    if not text:
        return None
    try:
        value = msgspec.convert(text, type=datetime)
        in_utc = value.astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        raise Refused(400, "bad_time", f"{name} is no RFC 3339 time: {text!r}", name) from None
    if value.tzinfo is None:
        raise Refused(400, "bad_time", f"{name} has no zone: {text!r}", name)
    return in_utc
