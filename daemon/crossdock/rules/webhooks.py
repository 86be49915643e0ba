"""Webhooks: is one genuine and fresh (Standard Webhooks), and how much of them is let in."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

TOLERANCE = timedelta(minutes=5)
"""A webhook may be so much older or newer than our clock says (SECURITY S11)."""
REMEMBERED = timedelta(hours=24)
"""How long the id of a webhook that was taken is remembered."""
MOST_SIGNATURES = 10
LEAST_KEY = 24
"""Bytes of a key, at least (Standard Webhooks): a shorter one can be guessed from one webhook that was seen."""
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
_ID = re.compile(r"[A-Za-z0-9_:=+/-]{1,200}")
"""No dot: the parts of what is signed are joined by dots, and must not be shifted against each other."""
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_PREFIX = "whsec_"


class Verdict(StrEnum):
    """What becomes of a webhook. Only TAKEN and REPLAYED ones are from who they say they are."""

    TAKEN = "taken"
    REPLAYED = "replayed"
    UNSIGNED = "unsigned"
    FORGED = "forged"
    SKEWED = "skewed"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    TOO_SLOW = "too_slow"
    UNKNOWN = "unknown"


class Checked(Struct, frozen=True):
    """The verdict about a signature, and the webhook's id where it is genuine."""

    verdict: Verdict
    id: str = ""


def key_of(secret: str) -> bytes:
    """Return the key of a secret: base64 behind "whsec_" as Standard Webhooks has it, else the text itself."""
    if secret.startswith(_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            return secret.encode()
    return secret.encode()


def weakness(secret: str) -> str:
    """Say why a secret is none to trust; "" for a good one."""
    length = len(key_of(secret))
    return (
        ""
        if length >= LEAST_KEY
        else f"its key has {length} bytes, and needs at least {LEAST_KEY}: make it of 32 random ones"
    )


def sign(secret: str, name: str, seconds: int, body: bytes) -> str:
    """Return the signature of a webhook: "v1," and the base64 of the HMAC-SHA256 of id.timestamp.body."""
    mac = hmac.new(key_of(secret), f"{name}.{seconds}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(mac).decode()


def check(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> Checked:
    """Check a webhook against the secrets that are live (several while one is replaced). Header names are lower case.

    The signature is over the raw bytes. Every signature is compared with every secret's in constant time, so that the
    time taken tells nothing. The time is looked at only if the signature is genuine.
    """
    name, stamp, given = headers.get(ID, ""), headers.get(TIMESTAMP, ""), headers.get(SIGNATURE, "")
    if not (name and stamp and given):
        return Checked(Verdict.UNSIGNED)
    if not _ID.fullmatch(name) or not _TIMESTAMP.fullmatch(stamp):
        return Checked(Verdict.FORGED)
    signatures = [part.encode("utf-8", "replace") for part in given.split()[:MOST_SIGNATURES]]
    genuine = False
    for secret in secrets:
        mac = hmac.new(key_of(secret), f"{name}.{stamp}.".encode() + body, hashlib.sha256).digest()
        expected = b"v1," + base64.b64encode(mac)
        for signature in signatures:
            genuine |= hmac.compare_digest(signature, expected)
    if not genuine:
        return Checked(Verdict.FORGED)
    if abs(now.timestamp() - int(stamp)) > TOLERANCE.total_seconds():
        return Checked(Verdict.SKEWED)
    return Checked(Verdict.TAKEN, name)


class Bucket:
    """Lets `rate` a second through, and up to `burst` at once. `now` is seconds of a clock that only goes forward."""

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate, self._burst = rate, burst
        self._left, self._at = burst, now

    def take(self, now: float) -> bool:
        """Take one; False if there is none left."""
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Gate:
    """Bounds what comes in: from each peer, and from all together. It remembers a bounded number of peers.

    A peer that was forgotten starts afresh; the bound on all together holds whatever the number of peers.
    """

    def __init__(self, per_peer: float, in_all: float, now: float, most_peers: int = 1000) -> None:
        self._per_peer, self._most = per_peer, most_peers
        self._all = Bucket(in_all, in_all, now)
        self._peers: dict[str, Bucket] = {}

    def take(self, peer: str, now: float) -> bool:
        """Let one of a peer in; False if it sends too much, or all together do."""
        bucket = self._peers.pop(peer, None) or Bucket(self._per_peer, self._per_peer, now)
        self._peers[peer] = bucket
        if len(self._peers) > self._most:
            del self._peers[next(iter(self._peers))]
        return bucket.take(now) and self._all.take(now)

    @property
    def peers(self) -> int:
        """How many peers are remembered."""
        return len(self._peers)
