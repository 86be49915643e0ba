"""Where the daemon's files are, as the configuration names them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crossdock.config.model import Config

SOCKET_PATH_BYTES = 107
"""A Unix socket's path may be so long on Linux."""


def database_path(config: Config) -> Path:
    """Return the path of the SQLite file."""
    return Path(config.state_dir) / config.database


def socket_path(config: Config) -> Path:
    """Return the path of the control socket."""
    return Path(config.state_dir) / config.control.socket
