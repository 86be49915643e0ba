"""Set logging up: one handler on standard error, in the format the place calls for."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, TextIO

from crossdock.ops.log_formats import JournaldFormat, JsonFormat, PlainFormat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crossdock.config.model import Log
    from crossdock.ops.masks import Masks

_QUIET = {
    "aiohttp.access": logging.WARNING,
    "aiohttp": logging.INFO,
    "apscheduler": logging.WARNING,
    "asyncio": logging.WARNING,
    "peewee": logging.INFO,  # its debug lines hold every value that is written
}
_FORMATS = {"json": JsonFormat, "journald": JournaldFormat, "plain": PlainFormat}


class StderrHandler(logging.StreamHandler[TextIO]):
    """Writes to standard error. What cannot be written is dropped: there is nowhere to say so."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Drop the record; the default would print its raw arguments."""


def configure(log: Log, masks: Masks, *, stream: TextIO | None = None, environ: Mapping[str, str] = os.environ) -> None:
    """Log to standard error (or `stream`) as `log` says, hiding what `masks` knows. May be called again on a reload."""
    target = stream or sys.stderr
    name = log.format
    if name == "auto":
        name = "journald" if under_journald(target, environ) else "plain"
    handler = StderrHandler(target)
    handler.setFormatter(_FORMATS[name](masks))
    root = logging.getLogger()
    for old in [each for each in root.handlers if isinstance(each, StderrHandler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    level = logging.getLevelNamesMapping()[log.level.upper()]
    root.setLevel(level)
    for logger, least in _QUIET.items():
        logging.getLogger(logger).setLevel(max(least, level))


def under_journald(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Tell whether `stream` goes to journald itself: JOURNAL_STREAM names its device and inode."""
    device, _, inode = environ.get("JOURNAL_STREAM", "").partition(":")
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return (device, inode) == (str(status.st_dev), str(status.st_ino))
