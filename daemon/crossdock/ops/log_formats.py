"""How a log record becomes lines: JSON, journald, plain. No record can forge a line, and none shows a secret."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from crossdock.spec.text import clean

if TYPE_CHECKING:
    from crossdock.ops.masks import Masks

EXTRAS = ("connection", "order", "task")
"""What a record may carry besides its message (`extra={"order": …}`)."""
LONGEST = 8_000
"""Characters of a message; the rest is cut off."""
_INDENT = "    | "  # before every line of a traceback, so that none can pass for a record of its own


class Record:
    """What all formats need of a log record, with secrets hidden."""

    def __init__(self, record: logging.LogRecord, masks: Masks) -> None:
        self.level = record.levelno
        self.name = record.name
        self.when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        self.message = masks.hide(_message(record))
        self.extras = {
            key: masks.hide(str(value)) for key in EXTRAS if (value := getattr(record, key, None)) is not None
        }
        self.traceback = masks.hide(_traceback(record))


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - a message must not be lost, nor shown raw, because its arguments do not fit
        return f"{record.msg} (its arguments do not fit)"


def _traceback(record: logging.LogRecord) -> str:
    parts = []
    if record.exc_info:
        parts.append(logging.Formatter().formatException(record.exc_info))
    elif record.exc_text:
        parts.append(record.exc_text)
    if record.stack_info:
        parts.append(record.stack_info)
    return "\n".join(parts)


class JsonFormat(logging.Formatter):
    """One ASCII JSON object a line: ts, level, logger, message, and where known connection, order, task, exception."""

    def __init__(self, masks: Masks) -> None:
        super().__init__()
        self._masks = masks

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        told = Record(record, self._masks)
        fields: dict[str, Any] = {
            "ts": told.when,
            "level": record.levelname.lower(),
            "logger": told.name,
            "message": _capped(told.message),
            **told.extras,
        }
        if told.traceback:
            fields["exception"] = told.traceback
        return self._masks.hide(json.dumps(fields))


class PlainFormat(logging.Formatter):
    """For people: 2026-01-02T03:04:05.678+00:00 warning engine: message [connection=shop]."""

    def __init__(self, masks: Masks) -> None:
        super().__init__()
        self._masks = masks

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and below it the traceback if there is one."""
        told = Record(record, self._masks)
        head = self._head(told, record.levelname.lower())
        extras = " ".join(f"{key}={clean(value, 200)}" for key, value in told.extras.items())
        line = f"{head}{clean(told.message, LONGEST)}" + (f" [{extras}]" if extras else "")
        below = [_INDENT + clean(each, LONGEST) for each in told.traceback.split("\n")] if told.traceback else []
        prefix = self._prefix(told.level)
        return self._masks.hide("\n".join(prefix + each for each in [line, *below]))

    def _head(self, told: Record, level: str) -> str:
        return f"{told.when} {level} {_short(told.name)}: "

    def _prefix(self, level: int) -> str:  # noqa: ARG002 - the journald format needs it
        return ""


class JournaldFormat(PlainFormat):
    """For journald, which knows the time: <4>engine: message [connection=shop]. Every line has its priority."""

    def _head(self, told: Record, level: str) -> str:  # noqa: ARG002 - the prefix says it
        return f"{_short(told.name)}: "

    def _prefix(self, level: int) -> str:
        return f"<{priority(level)}>"


def priority(level: int) -> int:
    """Return the syslog priority (3 to 7) of a logging level."""
    for least, number in ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6)):
        if level >= least:
            return number
    return 7


def _short(logger: str) -> str:
    return clean(logger.removeprefix("crossdock."), 200)


def _capped(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
