"""The stream of what changed, and the newest lines of the log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from crossdock.control.records.base import MAX_PAGE

Topic = Literal[
    "orders",
    "documents",
    "tasks",
    "connections",
    "incidents",
    "labels",
    "products",
    "costs",
    "stock",
    "book",
    "operations",
    "approvals",
    "audit",
    "tokens",
    "quarantine",
    "throttles",
    "log",
]
LevelName = Literal["debug", "info", "warning", "error"]


class Changed(Struct, frozen=True, kw_only=True):
    """Something of these topics changed: read again what you show of them. A topic you do not know is none of yours."""

    topics: tuple[str, ...]


class LogQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which lines: of at least this level, with `text` in them (whatever the case). `after` and `before` are the `id` of lines that are known."""

    level: LevelName = "info"
    text: Annotated[str, Meta(max_length=200)] = ""
    after: Annotated[int, Meta(ge=0, le=2**62)] = 0
    before: Annotated[int, Meta(ge=1, le=2**62)] | None = None
    limit: Annotated[int, Meta(ge=1, le=MAX_PAGE)] = MAX_PAGE


class LogLine(Struct, frozen=True, kw_only=True):
    """A line of the daemon's log, as it was written: secrets are masked, personal data never stand in it."""

    id: int
    at: datetime
    level: LevelName
    logger: str
    text: str


class LogPage(Struct, frozen=True, kw_only=True):
    """The newest lines, oldest first. `kept_from` is the oldest that the daemon still has in memory."""

    items: tuple[LogLine, ...]
    kept_from: int


class Trend(Struct, frozen=True, kw_only=True):
    """How many orders a minute arrived or changed (`orders`), were taken by a warehouse (`pushed`), were refused or failed (`failed`).

    60 minutes, the one that runs last. Counted since `since`, the daemon's start.
    """

    since: datetime
    orders: tuple[int, ...]
    pushed: tuple[int, ...]
    failed: tuple[int, ...]


class ThrottleItem(Struct, frozen=True, kw_only=True):
    """Something that was asked for less than five minutes ago: what, of which connection, for what (a warehouse, an order)."""

    action: str
    connection: str
    about: str
    again_at: datetime


class Throttles(Struct, frozen=True, kw_only=True):
    """What may not be asked for again yet, the soonest first; at most 200."""

    items: tuple[ThrottleItem, ...]
