"""How much memory the process uses, whether that is too much, and, where it is traced, which code holds it."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

_STATM = Path("/proc/self/statm")
_MIB = 2**20
_WELL_BELOW = 0.95
"""The alarm ends only below this part of the limit, so that it does not come and go."""


def resident_bytes() -> int:
    """Return the memory that the process has in use (RSS); 0 where the system does not tell."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def too_much(used: int, limit: int, *, before: bool) -> bool:
    """Tell whether `used` bytes are more than `limit` allows, `before` saying what was told last; 0 is no limit."""
    return limit > 0 and used > (limit * _WELL_BELOW if before else limit)


def mebibytes(size: int) -> str:
    """Write a number of bytes as people do."""
    return f"{size / _MIB:.0f} MiB"


def biggest(count: int = 10) -> list[str]:
    """List the files whose code holds most memory, the biggest first; nothing where memory is not traced. Slow."""
    if not tracemalloc.is_tracing():
        return []
    found = tracemalloc.take_snapshot().statistics("filename")
    return [f"{mebibytes(each.size)} in {each.traceback[0].filename}" for each in found[:count]]
