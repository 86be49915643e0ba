"""What every call has: the header that proves who we are, and the key of what it writes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crossdock.spec.context import Context
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
