"""How the process ends and what it leaves behind: exit codes, file modes, no core dumps."""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OK = 0
UNEXPECTED = 1
USAGE = 2
DATABASE_UNREACHABLE = 69
CANNOT_CREATE = 73
HELD_ELSEWHERE = 75
BAD_CONFIG = 78
"""systemd does not start the daemon again after this one."""

FOLDER_MODE = 0o750
"""Of the folders that the daemon makes: the operators' group passes through to the control socket, nobody else does."""
_PR_SET_DUMPABLE = 4


def harden() -> None:
    """Make new files private (umask 077) and leave no memory behind: no core dumps, no reading by other processes.

    Applies to the whole process and to its children. Raises OSError if the system refuses.
    """
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        system = ctypes.CDLL(None, use_errno=True)
        if system.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"Core dumps could not be switched off: {os.strerror(number)}")


def make_folder(folder: Path) -> None:
    """Make a folder with mode 0750, and those above it, where they are missing; one that is there is left as it is.

    The mask of a hardened process would take the group's way through it. It holds for the whole process, so nothing else
    may make files meanwhile.
    """
    if folder.exists():
        return
    with masked(0o777 & ~FOLDER_MODE):
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)


@contextmanager
def masked(mask: int) -> Iterator[None]:
    """Have what is made meanwhile lack these permissions."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def spare_the_collector() -> None:
    """Keep what is loaded by now out of the garbage collector's way, and let it look less often.

    Orders hold no cycles, so it finds next to nothing; every look at all that a running daemon has loaded costs
    milliseconds in which nothing else is done.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
