"""The client of the control API, shared by the command line and the terminal dashboard.

It knows the records and the spec, nothing else of the daemon. What it returns may hold what strangers wrote: whoever
shows it cleans it first (spec.text.clean).
"""

from __future__ import annotations

from crossdock.control.book_calls import BookCalls
from crossdock.control.daemon_calls import DaemonCalls
from crossdock.control.order_calls import OrderCalls
from crossdock.control.package_calls import PackageCalls
from crossdock.control.transport import Refusal, Unreachable

__all__ = ["Client", "Refusal", "Unreachable"]


class Client(OrderCalls, BookCalls, DaemonCalls, PackageCalls):
    """Talks to one daemon over its Unix socket: `async with Client(path) as client`. Calls raise Unreachable, Refusal."""
