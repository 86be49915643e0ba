"""Tell systemd how the daemon is; does nothing where nobody listens."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
from typing import TYPE_CHECKING

from crossdock.spec.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crossdock.env import Env

_PATIENCE_S = 0.5  # for what systemd waits for; everything else may be lost
_log = logging.getLogger(__name__)


class Notifier:
    """Sends notifications to the socket that systemd named in NOTIFY_SOCKET.

    A path or an abstract name (@…) is understood. An error in sending is logged once and never raised.
    """

    def __init__(self, environ: Mapping[str, str], env: Env) -> None:
        self._env = env
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self._interval = _interval(environ)
        self._failed = False

    @property
    def watchdog_interval_s(self) -> float | None:
        """Seconds in which systemd wants a watchdog notification; None if it wants none."""
        return self._interval if self._address else None

    def ready(self, status: str = "") -> None:
        """Start-up, or a reload, is done."""
        self._send("READY=1", *_status(status), surely=True)

    def status(self, status: str) -> None:
        """Show one line in `systemctl status`."""
        self._send(*_status(status))

    def reloading(self) -> None:
        """A reload begins; `ready` ends it."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={int(self._env.monotonic() * 1_000_000)}", surely=True)

    def stopping(self, status: str = "") -> None:
        """The daemon is about to stop."""
        self._send("STOPPING=1", *_status(status), surely=True)

    def watchdog(self) -> None:
        """The daemon is alive."""
        self._send("WATCHDOG=1")

    def extend_timeout(self, seconds: float) -> None:
        """Start-up or stopping needs this many seconds more, from now."""
        self._send(f"EXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}", surely=True)

    def _send(self, *lines: str, surely: bool = False) -> None:
        if not self._address or not lines:
            return
        message = "\n".join(lines).encode("utf-8", "replace")
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.settimeout(_PATIENCE_S if surely else 0)
                sender.sendto(message, self._address)
        except OSError as error:
            if not self._failed:
                self._failed = True
                _log.warning("systemd could not be notified: %s; this is said once", error.strerror or error)


def _status(text: str) -> list[str]:
    return [f"STATUS={clean(text, 500)}"] if text else []


def _address(name: str) -> bytes:
    if name.startswith("@"):
        return b"\0" + os.fsencode(name[1:])
    if name and not name.startswith("/"):
        _log.warning("NOTIFY_SOCKET is neither a path nor an abstract name; systemd is not notified")
        return b""
    return os.fsencode(name)


def _interval(environ: Mapping[str, str]) -> float | None:
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None  # meant for another process that we inherited it from
    with contextlib.suppress(ValueError):
        return int(environ.get("WATCHDOG_USEC", "")) / 1_000_000 or None
    return None
