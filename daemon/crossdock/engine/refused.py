"""What the engine says to a request that cannot be done."""

from __future__ import annotations


class Refused(Exception):
    """A request that cannot be done; the message says why and what to do."""
