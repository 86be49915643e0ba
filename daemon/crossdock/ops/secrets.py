"""Secrets by name: a systemd credential, else a private file, else the environment. Values show nowhere."""

from __future__ import annotations

import logging
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from crossdock.ops.masks import HIDDEN, Masks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crossdock.config.model import Config

MAX_BYTES = 64 * 1024
"""A secret may be so long."""
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
_log = logging.getLogger(__name__)


class Secret:
    """A secret value that does not show by accident: its text is ***, and it cannot be pickled, copied or sent as JSON."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """Return the value itself, for the one place that sends it."""
        return self.__value

    def __repr__(self) -> str:
        """Three stars."""
        return HIDDEN

    def __format__(self, format_spec: str) -> str:
        """Three stars, whatever the format."""
        return HIDDEN

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """Refuse: a secret leaves the process only where it is revealed."""
        raise TypeError("A secret cannot be pickled or copied")


class SecretUnavailable(Exception):
    """A secret that the configuration names cannot be had: it is nowhere (`absent`), or where others could read it.

    `denied`: it is there, and this process may not read it.
    """

    def __init__(self, name: str, message: str, *, absent: bool = False, denied: bool = False) -> None:
        self.name, self.absent, self.denied = name, absent, denied
        super().__init__(message)


class SecretStore:
    """Looks secrets up by name, anew each time; connections keep what they found until a reload or refused credentials.

    `masks` knows every value that was found. `uid` is the user that may own secret files besides root (default: the
    process's own).
    """

    def __init__(
        self, config: Config, environ: Mapping[str, str], *, masks: Masks | None = None, uid: int | None = None
    ) -> None:
        self.masks = masks or Masks()
        self._environ = environ
        self._credentials = environ.get("CREDENTIALS_DIRECTORY", "")
        self._folder = config.credentials_dir
        self._owners = {0, os.geteuid() if uid is None else uid}
        self._warned: set[str] = set()

    def get(self, name: str) -> Secret:
        """Return the secret called `name`. Raises SecretUnavailable, which says where it was looked for and what to do."""
        if not _NAME.fullmatch(name) or name in (".", ".."):
            raise SecretUnavailable(name, f"{name!r} cannot be the name of a secret: use letters, digits and . _ -")
        value = self._credential(name)
        if value is None:
            value = self._file(name)
        if value is None:
            value = self._variable(name)
        if value is None:
            raise SecretUnavailable(name, self._nowhere(name), absent=True)
        if not value:
            raise SecretUnavailable(name, f'The secret "{name}" is empty; write its value and reload')
        self.masks.add(value, name)
        return Secret(value)

    def _credential(self, name: str) -> str | None:
        return self._read(Path(self._credentials) / name, name, guarded=False) if self._credentials else None

    def _file(self, name: str) -> str | None:
        return self._read(Path(self._folder) / name, name, guarded=True) if self._folder else None

    def _variable(self, name: str) -> str | None:
        variable = variable_of(name)
        value = self._environ.get(variable)
        if value is not None and name not in self._warned:
            self._warned.add(name)
            _log.warning(
                'The secret "%s" comes from the environment (%s), which other programs may see and inherit; '
                "a credential or a file in credentials_dir is safer",
                name,
                variable,
            )
        return value

    def _read(self, path: Path, name: str, *, guarded: bool) -> str | None:
        try:
            raw, status = _contents(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            text = f'The secret "{name}" cannot be read from {path}: {error.strerror}'
            raise SecretUnavailable(name, text, denied=isinstance(error, PermissionError)) from None
        if not stat.S_ISREG(status.st_mode):
            raise SecretUnavailable(name, f'The secret "{name}" is not read from {path}: it is no regular file')
        if guarded:
            self._guard(path, name, status)
        return _decoded(raw, path, name)

    def _guard(self, path: Path, name: str, status: os.stat_result) -> None:
        mode = stat.S_IMODE(status.st_mode)
        if mode & ~0o600:
            raise SecretUnavailable(
                name,
                f'The secret "{name}" is not read from {path}: its mode is {mode:04o}, and more than 0600 lets others '
                f"read or change it. Run: chmod 600 {path}",
            )
        if status.st_uid not in self._owners:
            raise SecretUnavailable(
                name,
                f'The secret "{name}" is not read from {path} (mode {mode:04o}): it belongs to user {status.st_uid}, '
                f"not to crossdock's user or root. Run: chown {max(self._owners)} {path}",
            )

    def _nowhere(self, name: str) -> str:
        credential = Path(self._credentials) / name if self._credentials else "$CREDENTIALS_DIRECTORY (not set)"
        file = Path(self._folder) / name if self._folder else "credentials_dir (not set)"
        return (
            f'The secret "{name}" was not found. Looked for: {credential}; {file}; the environment variable '
            f"{variable_of(name)}. Put its value into one of them (the first is best) and reload"
        )


def variable_of(name: str) -> str:
    """Return the environment variable that may hold the secret: shop.token → CROSSDOCK_SECRET_SHOP_TOKEN."""
    return "CROSSDOCK_SECRET_" + re.sub(r"[^A-Z0-9]", "_", name.upper())


def _contents(path: Path) -> tuple[bytes, os.stat_result]:
    """Return what is in `path`, and the status of what was opened, not of what the path names a moment later."""
    # Without O_NONBLOCK a pipe of that name would hold up the daemon.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        raw = os.read(descriptor, MAX_BYTES + 1) if stat.S_ISREG(status.st_mode) else b""
    finally:
        os.close(descriptor)
    return raw, status


def _decoded(raw: bytes, path: Path, name: str) -> str:
    if len(raw) > MAX_BYTES:
        raise SecretUnavailable(name, f'The secret "{name}" in {path} is longer than {MAX_BYTES} bytes')
    try:
        return raw.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise SecretUnavailable(name, f'The secret "{name}" in {path} is not UTF-8 text') from None
