"""Whose code runs in a thread right now: found by the host's own frames, without a mark that would cost every call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.connectors.calls import Errand
from crossdock.connectors.open_connection import OpenConnection

if TYPE_CHECKING:
    from types import FrameType


def running(frame: FrameType | None) -> tuple[str, str] | None:
    """Return the connection and the hook whose code `frame` is in, or None for code of the daemon itself."""
    while frame is not None:
        if frame.f_code is Errand.run.__code__:
            hook, _, connection = frame.f_locals["self"].what.partition(" of ")
            return connection, hook
        if frame.f_code is OpenConnection.read_order.__code__:
            return frame.f_locals["self"].name, "read_order"
        frame = frame.f_back
    return None
