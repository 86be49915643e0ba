"""What a screen that stays open asks for: the stream of what changed, the newest lines of the log, trends, countdowns."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from crossdock.control.events import TooMany
from crossdock.control.problems import ApiProblem
from crossdock.control.records.base import MAX_PAGE
from crossdock.control.records.events import LogLine, LogPage, LogQuery, ThrottleItem, Throttles, Trend
from crossdock.control.route import Stream
from crossdock.store import throttles
from crossdock.store.times import from_ms, to_ms

if TYPE_CHECKING:
    from crossdock.control.records.events import LevelName
    from crossdock.control.route import Call

_LEVELS = ((logging.ERROR, "error"), (logging.WARNING, "warning"), (logging.INFO, "info"))


async def events(call: Call[None, object]) -> Stream:
    """Tell what changes, as it changes: server-sent events of topics to read again. It goes on until one side ends it."""
    try:
        return Stream(call.events.listen(), "text/event-stream")
    except TooMany as error:
        raise ApiProblem(HTTPStatus.SERVICE_UNAVAILABLE, "busy", str(error), headers={"Retry-After": "5"}) from None


async def recent_log(call: Call[None, LogQuery]) -> LogPage:
    """Show the newest lines of the log that the daemon has in memory, at most 2,000."""
    query = call.query
    least = logging.getLevelNamesMapping()[query.level.upper()]
    lines, kept_from = call.providers.recent_log.newest(least, query.text, query.after, query.limit, query.before)
    items = (
        LogLine(id=line.number, at=line.at, level=_level(line.level), logger=line.logger, text=line.text)
        for line in lines
    )
    return LogPage(items=tuple(items), kept_from=kept_from)


def _level(number: int) -> LevelName:
    return cast("LevelName", next((name for least, name in _LEVELS if number >= least), "debug"))


async def trends(call: Call[None, object]) -> Trend:
    """Show how much happened a minute in the last hour."""
    counted = call.providers.trends
    series = counted.last_hour(("orders", "pushed", "failed"))
    return Trend(since=counted.since, **series)


async def list_throttles(call: Call[None, object]) -> Throttles:
    """List what may not be asked for again yet (the five-minute limit), the soonest first."""
    engine = call.engine
    interval = int(engine.config.engine.min_interval_s * 1000)
    running = await engine.store.read(throttles.running, interval, to_ms(engine.env.now()), MAX_PAGE)
    items = (_throttle(scope, again) for scope, again in running)
    return Throttles(items=tuple(items))


def _throttle(scope: str, again: int) -> ThrottleItem:
    action, connection, about = (*scope.split(":", 2), "", "")[:3]
    return ThrottleItem(action=action, connection=connection, about=about, again_at=from_ms(again))
