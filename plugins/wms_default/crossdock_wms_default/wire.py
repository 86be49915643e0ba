"""What every call has: the header that proves who we are, the key of what it writes, the parameters of a listing.

Both default connectors have this file: each is a distribution of its own, and a vendor may start from a copy of either.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.spec.context import Context
    from crossdock.spec.orders import Window
    from crossdock_wms_default.settings import Settings


def bearer(ctx: Context[Settings]) -> dict[str, str]:
    """Return the header that proves who we are."""
    return {"Authorization": f"Bearer {ctx.secret('token')}"}


def batch_key(keys: list[str]) -> str:
    """Return the Idempotency-Key of a call: the single item's key, or a digest of the keys in their order."""
    if len(keys) == 1:
        return keys[0]
    joined = "\n".join(keys).encode()
    return f"XB-{hashlib.blake2b(joined, digest_size=16).hexdigest()}"


def to_query(window: Window, cursor: str | None, limit: int) -> dict[str, str]:
    """Write a window, a cursor and a limit as query parameters."""
    query = {"mode": window.mode.value, "limit": str(limit)}
    for name in ("since", "until", "created_since"):
        moment: datetime | None = getattr(window, name)
        if moment is not None:
            query[name] = moment.isoformat().replace("+00:00", "Z")
    if cursor is not None:
        query["cursor"] = cursor
    return query


def unreadable_name(raw: bytes) -> str:
    """Name bytes that do not name themselves, the same name for the same bytes."""
    return f"unreadable-{hashlib.blake2b(raw, digest_size=8).hexdigest()}"
