"""Fail points of the real daemon: a test names one in the environment, and the process kills itself there."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

VARIABLE = "CROSSDOCK_FAILPOINT"


def from_environment(environ: Mapping[str, str]) -> Callable[[str], None] | None:
    """Return what to do at fail points: nothing, or kill -9 at the n-th passing of one ("push.after_send:3")."""
    wanted = environ.get(VARIABLE, "")
    if not wanted:
        return None
    name, _, number = wanted.partition(":")
    left = int(number or 1)

    def passed(point: str) -> None:
        nonlocal left
        if point == name:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return passed
