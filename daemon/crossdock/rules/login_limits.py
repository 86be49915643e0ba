"""How many refused tokens are looked at: from each peer, and from all together (SECURITY S3)."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict, deque
from enum import StrEnum
from typing import TypeVar

from msgspec import Struct

T = TypeVar("T")

WINDOW_S = 60.0
"""Failures are counted in so many seconds."""
PER_PEER = 5
"""Failures of a peer in that time; then it is locked."""
IN_ALL = 50
"""Failures of all peers in that time; then only peers are heard whose token worked lately."""
FIRST_LOCK_S = 60.0
LONGEST_LOCK_S = 900.0
"""A lock is twice as long as the one before, up to this; a peer that was quiet for so long begins anew."""
TRUSTED_S = 600.0
"""A peer whose token worked within so many seconds is known."""
MOST_PEERS = 4096
"""Peers that are remembered, of either kind. Failures come at IN_ALL a minute at most, so a lock always ends before it is forgotten."""


class Note(StrEnum):
    """What a failure is worth saying of: the first of a minute, one that locks the peer, or one that locks all who are unknown."""

    FIRST = "first"
    LOCKED = "locked"
    ALL_LOCKED = "all_locked"


class Failed(Struct, frozen=True):
    """What a failure led to; `lock_s` is how long the peer is not heard."""

    notes: tuple[Note, ...]
    lock_s: float = 0.0


class _Peer:
    """The failures of one peer."""

    def __init__(self) -> None:
        self.times: deque[float] = deque(maxlen=PER_PEER)
        self.said_at = float("-inf")
        self.locks = 0
        self.until = float("-inf")


class LoginGate:
    """Says whether a peer's token is looked at. `now` is seconds of a clock that only goes forward.

    What is not looked at costs nothing and is not counted: a thousand tries at once are five, or fifty from a thousand peers.
    """

    def __init__(self) -> None:
        self._peers: OrderedDict[str, _Peer] = OrderedDict()
        self._worked: OrderedDict[str, float] = OrderedDict()
        self._all: deque[float] = deque(maxlen=IN_ALL)
        self._all_said_at = float("-inf")

    def wait(self, peer: str, now: float) -> float:
        """Return how many seconds the peer has to wait; 0 if its token is looked at now."""
        known = self._peers.get(peer)
        if known is not None and now < known.until:
            return known.until - now
        if self._flooded(now) and not self._trusted(peer, now):
            return self._all[0] + WINDOW_S - now
        return 0.0

    def worked(self, peer: str, now: float) -> None:
        """Note that a peer's token was good. Its failures stay: a good token excuses no others."""
        _put(self._worked, peer, now)

    def failed(self, peer: str, now: float) -> Failed:
        """Note that a peer's token was looked at and was not good."""
        known = self._peers.get(peer) or _Peer()
        _put(self._peers, peer, known)
        known.times.append(now)
        self._all.append(now)
        notes = []
        if now - known.said_at >= WINDOW_S:
            known.said_at = now
            notes.append(Note.FIRST)
        if len(known.times) == PER_PEER and now - known.times[0] < WINDOW_S:
            notes.append(Note.LOCKED)
            self._lock(known, now)
        if self._flooded(now) and now - self._all_said_at >= WINDOW_S:
            self._all_said_at = now
            notes.append(Note.ALL_LOCKED)
        return Failed(tuple(notes), max(0.0, known.until - now))

    def _lock(self, known: _Peer, now: float) -> None:
        if now - known.until >= LONGEST_LOCK_S:
            known.locks = 0
        known.until = now + min(FIRST_LOCK_S * 2**known.locks, LONGEST_LOCK_S)
        known.locks = min(known.locks + 1, 10)
        known.times.clear()

    def _flooded(self, now: float) -> bool:
        return len(self._all) == IN_ALL and now - self._all[0] < WINDOW_S

    def _trusted(self, peer: str, now: float) -> bool:
        return now - self._worked.get(peer, float("-inf")) < TRUSTED_S

    @property
    def remembered(self) -> int:
        """How many peers are remembered."""
        return len(self._peers) + len(self._worked)


def _put(kept: OrderedDict[str, T], peer: str, value: T) -> None:
    kept[peer] = value
    kept.move_to_end(peer)
    if len(kept) > MOST_PEERS:
        kept.popitem(last=False)


def peer_of(address: str) -> str:
    """Name whom failures are counted for: an IPv4 address, or the /64 of an IPv6 one, which is what one customer has."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:60]
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))
