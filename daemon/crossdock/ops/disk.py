"""How much room a disk has."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def free_bytes(path: Path) -> int:
    """Return the bytes that this process may still write on the file system of `path`. Raises OSError."""
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize
