"""The Unix socket's file: who may reach it, and what may be replaced at its path."""

from __future__ import annotations

import errno
import socket
import stat
from typing import TYPE_CHECKING

from crossdock.ops.process import make_folder, masked

if TYPE_CHECKING:
    from pathlib import Path

SOCKET_MODE = 0o660


class SocketRefused(Exception):
    """The control socket cannot be made at this path; the message says why and what to do."""


def bind(path: Path) -> socket.socket:
    """Listen at `path` (mode 0660; its folder is made with 0750 if it is missing). Raises SocketRefused.

    A socket that nobody answers at is replaced; anything else that stands there is left alone.
    """
    try:
        make_folder(path.parent)
        _make_way(path)
        return _bound(path)
    except OSError as error:
        raise SocketRefused(
            f"the control socket {path} cannot be made: {error.strerror or error}; name another one with control.socket"
        ) from error


def _make_way(path: Path) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        what = "a symbolic link" if stat.S_ISLNK(found.st_mode) else "something that is no socket"
        raise SocketRefused(
            f"{path} is {what}; crossdock does not replace it. Remove it, or name another control.socket"
        )
    if _answers(path):
        raise SocketRefused(f"a daemon answers at {path} already; stop it first, or name another control.socket")
    path.unlink()


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except OSError as error:
            return error.errno not in (errno.ECONNREFUSED, errno.ENOENT)
    return True


def _bound(path: Path) -> socket.socket:
    """The file never exists with a wider mode: the mask is set before it is made."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with masked(0o777 & ~SOCKET_MODE):
            listener.bind(str(path))
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def identity_of(path: Path) -> tuple[int, int] | None:
    """Name the file at `path` (device, inode), or None; so that only our own socket is removed at stop."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
