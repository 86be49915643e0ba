"""The newest lines of the log, kept in memory for those who look at the daemon from a terminal."""

from __future__ import annotations

import logging
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.ops.log_formats import Record
from crossdock.spec.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossdock.ops.masks import Masks

KEPT = 2_000
"""Lines kept, at most."""
LONGEST = 2_000
"""Characters of a line; the rest is cut off."""


class Line(Struct, frozen=True, kw_only=True):
    """A line of the log. `number` grows by one a line."""

    number: int
    at: datetime
    level: int
    logger: str
    text: str


class RecentLog(logging.Handler):
    """Keeps the newest lines, with secrets masked. `told` is called after each line, from the thread that wrote it."""

    def __init__(self, masks: Masks) -> None:
        super().__init__()
        self.told: Callable[[], None] | None = None
        self._masks = masks
        self._lines: deque[Line] = deque(maxlen=KEPT)
        self._number = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line. What cannot be read is dropped: there is nowhere to say so."""
        try:
            told = Record(record, self._masks)
            extras = "".join(f" [{key}={value}]" for key, value in told.extras.items())
            text = clean(told.message + extras + (f" | {told.traceback}" if told.traceback else ""), LONGEST)
        except Exception:  # noqa: BLE001 - a line that cannot be shown must not end what logged it
            return
        self._number += 1
        at = datetime.fromtimestamp(record.created, UTC)
        self._lines.append(
            Line(number=self._number, at=at, level=record.levelno, logger=clean(record.name, 200), text=text)
        )
        if self.told is not None:
            self.told()

    def newest(
        self, least: int, text: str, after: int, limit: int, before: int | None = None
    ) -> tuple[list[Line], int]:
        """Return the newest lines between `after` and `before` of at least a level that hold `text`, oldest first.

        And the oldest number that is kept.
        """
        lines = list(self._lines)
        wanted = text.casefold()
        found = [
            line
            for line in lines
            if line.number > after
            and (before is None or line.number < before)
            and line.level >= least
            and (not wanted or wanted in line.text.casefold())
        ]
        return found[-limit:], lines[0].number if lines else self._number + 1


def keep(masks: Masks) -> RecentLog:
    """Begin to keep what is logged."""
    handler = RecentLog(masks)
    logging.getLogger().addHandler(handler)
    return handler


def let_go(handler: RecentLog) -> None:
    """Keep nothing any more."""
    logging.getLogger().removeHandler(handler)
