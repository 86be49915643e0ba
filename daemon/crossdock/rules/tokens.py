"""Tokens of the control API: what one looks like, and whether what somebody shows is one that is good."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

SECRET_BYTES = 32
"""Random bytes of a token (SECURITY S2); so many need no slow hash."""
FORM = re.compile(r"xdk_([1-9][0-9]{0,11})_[0-9a-f]{64}")
"""Fixed and unlike anything else, so that scanners for secrets find one that was left somewhere."""
_NONE = hashlib.sha256(b"what no token has").digest()


class Verdict(StrEnum):
    """What becomes of what was shown. Whoever showed it is told only whether it was GOOD."""

    GOOD = "good"
    MISSING = "missing"
    MALFORMED = "malformed"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REVOKED = "revoked"


class Token(Struct, frozen=True, kw_only=True):
    """A token as it is kept: `digest` is the SHA-256 of its text; `user` is who acts by it. Times are aware UTC."""

    id: int
    name: str
    user: str
    roles: tuple[str, ...]
    digest: bytes
    created_at: datetime
    created_by: str
    expires_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_by: str = ""

    def verdict(self, now: datetime) -> Verdict:
        """Tell whether it is good at `now`."""
        if self.revoked_at is not None:
            return Verdict.REVOKED
        return Verdict.GOOD if now < self.expires_at else Verdict.EXPIRED


class Checked(Struct, frozen=True):
    """The verdict about what was shown, and the token that it is, also where that is not good any more."""

    verdict: Verdict
    token: Token | None = None


def text_of(number: int, secret: bytes) -> str:
    """Write a token: its number, and its random bytes."""
    return f"xdk_{number}_{secret.hex()}"


def digest_of(text: str) -> bytes:
    """Return what is kept of a token."""
    return hashlib.sha256(text.encode()).digest()


def check(shown: str | None, known: Mapping[int, Token], now: datetime) -> Checked:
    """Check what somebody shows against the tokens that are known, by number.

    The number only says which token is meant. What decides is the hash, in constant time; a number that nobody has is
    compared, too, so that the time taken does not tell which numbers there are.
    """
    if not shown:
        return Checked(Verdict.MISSING)
    found = FORM.fullmatch(shown)
    if found is None:
        return Checked(Verdict.MALFORMED)
    kept = known.get(int(found[1]))
    genuine = hmac.compare_digest(digest_of(shown), _NONE if kept is None else kept.digest)
    if kept is None or not genuine:
        return Checked(Verdict.UNKNOWN)
    return Checked(kept.verdict(now), kept)
