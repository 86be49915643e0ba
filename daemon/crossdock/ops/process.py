"""How the process ends and what it leaves behind: exit codes, file modes, no core dumps."""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import sys

OK = 0
UNEXPECTED = 1
USAGE = 2
DATABASE_UNREACHABLE = 69
CANNOT_CREATE = 73
HELD_ELSEWHERE = 75
BAD_CONFIG = 78
"""systemd does not start the daemon again after this one."""

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


def spare_the_collector() -> None:
    """Keep what is loaded by now out of the garbage collector's way, and let it look less often.

    Orders hold no cycles, so it finds next to nothing; every look at all that a running daemon has loaded costs
    milliseconds in which nothing else is done.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
