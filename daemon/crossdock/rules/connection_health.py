"""What a connection's failures do to it: back-off, breaker, rate limit, pause. Pure; the engine keeps the state."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from crossdock.rules.backoff import delay, honoured
from crossdock.rules.troubles import CONNECTION, Cause, Trouble
from crossdock.spec import errors

if TYPE_CHECKING:
    from crossdock.rules.backoff import Random

BAD_ANSWERS = 3
"""Unreadable answers, contract faults or set-up faults in a row, to one question, after which a connection pauses."""

_BY_HAND = "Paused"


class Limits(Struct, frozen=True, kw_only=True):
    """The bounds that the configuration sets. Seconds."""

    base_s: float = 2
    cap_s: float = 900
    retry_after_cap_s: float = 3600
    failures: int = 5
    window_s: float = 60
    open_s: float = 30


class Status(StrEnum):
    """How a connection is, in one word."""

    OK = "ok"
    RETRYING = "retrying"
    RATE_LIMITED = "rate_limited"
    OPEN = "breaker_open"
    IDLE = "idle"
    PAUSED = "paused"
    STUCK = "stuck"


class ConnectionHealth(Struct, frozen=True, kw_only=True):
    """What is known of a connection. `until` bounds any wait (UTC); `recent` are the last failures' times.

    `bad` counts bad answers in a row by what was asked (push, pull, …): a good one to another question proves nothing. Under
    no name stands what is wrong with the connection itself, which any good answer disproves.
    """

    status: Status = Status.OK
    since: datetime | None = None
    until: datetime | None = None
    failures: int = 0
    bad: dict[str, int] = {}
    auth_refused: bool = False
    recent: tuple[datetime, ...] = ()
    paused_by: str = ""
    error_kind: str = ""
    error_text: str = ""
    last_success: datetime | None = None


def may_call(health: ConnectionHealth, now: datetime) -> bool:
    """Tell whether a call may be made now. After a wait one call probes; its end decides."""
    if health.status in (Status.PAUSED, Status.STUCK):
        return False
    return health.until is None or now >= health.until


def probing(health: ConnectionHealth) -> bool:
    """Tell whether the next call must go alone, because the last ones failed."""
    return health.status in (Status.OPEN, Status.RETRYING, Status.RATE_LIMITED, Status.IDLE)


def after_success(health: ConnectionHealth, now: datetime, asked: str = "") -> ConnectionHealth:
    """A call ended well: everything is forgiven, except a person's pause and bad answers to other questions."""
    if health.status in (Status.PAUSED, Status.STUCK):
        return msgspec.structs.replace(health, last_success=now)
    since = health.since if health.status is Status.OK else now
    others = {each: count for each, count in health.bad.items() if each not in (asked, "")}
    return ConnectionHealth(since=since or now, last_success=now, bad=others)


def after_probe(health: ConnectionHealth, now: datetime) -> ConnectionHealth:
    """The system was asked for nothing but how it is, and is well: unlike a call that worked, that proves no other call.

    So bad answers and refused credentials count on, else a call that never works would never pause the connection.
    """
    well = after_success(health, now)
    if well.status is not Status.OK:
        return well
    return msgspec.structs.replace(well, bad=health.bad, auth_refused=health.auth_refused)


def at_rest(health: ConnectionHealth) -> ConnectionHealth:
    """The wait is over, nothing is due and nobody can be asked: that is no worry before the next call fails as well."""
    if not probing(health):
        return health
    return msgspec.structs.replace(health, status=Status.IDLE, until=None)


def after_failure(
    health: ConnectionHealth,
    error: errors.ConnectorError,
    limits: Limits,
    now: datetime,
    random: Random,
    asked: str = "",
) -> ConnectionHealth:
    """A call failed for a reason of the connection's: say how long it is left alone, or whether it pauses."""
    if health.status in (Status.PAUSED, Status.STUCK):
        return health
    noted = msgspec.structs.replace(
        health,
        failures=health.failures + 1,
        recent=_within(health.recent, limits, now),
        error_kind=type(error).__name__,
        error_text=error.message,
        since=health.since if health.status is not Status.OK else now,
    )
    if isinstance(error, errors.RateLimited):
        return _rate_limited(health, noted, limits, now, random, error.after)
    if isinstance(error, errors.AuthFailed):
        if health.auth_refused:
            return _paused(noted, now)
        return msgspec.structs.replace(noted, status=Status.RETRYING, auth_refused=True, until=now)
    return _by_kind(noted, error, limits, now, random, asked)


def _by_kind(
    noted: ConnectionHealth, error: errors.ConnectorError, limits: Limits, now: datetime, random: Random, asked: str
) -> ConnectionHealth:
    match error:
        case errors.ConfigError():
            return _paused(noted, now)
        case errors.PluginStuck():
            return msgspec.structs.replace(noted, status=Status.STUCK, until=None)
        case errors.Retryable() if not error.setup:
            return _waiting(noted, limits, now, random, error.after)
        case errors.PluginTimeout() | errors.UnknownOutcome():
            return _waiting(noted, limits, now, random, None)
        case _:
            of_connection = isinstance(error, errors.Retryable)  # the set-up: a certificate, who we are
            return _after_bad_answer(noted, limits, now, random, "" if of_connection else asked)


def of_one_list(error: errors.ConnectorError) -> bool:
    """Tell whether a list that was asked for and failed like this says nothing about the rest of its connection."""
    return isinstance(error, errors.BadResponse | errors.ContractError | errors.Rejected)


def _rate_limited(
    health: ConnectionHealth,
    noted: ConnectionHealth,
    limits: Limits,
    now: datetime,
    random: Random,
    after: timedelta | None,
) -> ConnectionHealth:
    """Wait as long as was asked; where nothing usable was, longer each time. It is no failure that opens the breaker."""
    named = honoured(after, limits.retry_after_cap_s)
    wait, failures = (named, health.failures) if named else (_backoff(noted, limits, random), noted.failures)
    return msgspec.structs.replace(
        noted, status=Status.RATE_LIMITED, until=now + wait, failures=failures, recent=health.recent
    )


def _after_bad_answer(
    health: ConnectionHealth, limits: Limits, now: datetime, random: Random, asked: str
) -> ConnectionHealth:
    count = health.bad.get(asked, 0) + 1
    noted = msgspec.structs.replace(health, bad={**health.bad, asked: count})
    return _paused(noted, now) if count >= BAD_ANSWERS else _waiting(noted, limits, now, random, None)


def _waiting(
    health: ConnectionHealth, limits: Limits, now: datetime, random: Random, after: timedelta | None
) -> ConnectionHealth:
    wait = honoured(after, limits.retry_after_cap_s) or _backoff(health, limits, random)
    if len(health.recent) >= limits.failures:
        opened = max(wait, timedelta(seconds=limits.open_s))
        return msgspec.structs.replace(health, status=Status.OPEN, until=now + opened)
    return msgspec.structs.replace(health, status=Status.RETRYING, until=now + wait)


def _backoff(health: ConnectionHealth, limits: Limits, random: Random) -> timedelta:
    return delay(max(1, health.failures), limits.base_s, limits.cap_s, random)


def _within(recent: tuple[datetime, ...], limits: Limits, now: datetime) -> tuple[datetime, ...]:
    start = now - timedelta(seconds=limits.window_s)
    return (*(moment for moment in recent if moment > start), now)[-limits.failures :]


def _paused(health: ConnectionHealth, now: datetime) -> ConnectionHealth:
    return msgspec.structs.replace(health, status=Status.PAUSED, until=None, since=now, paused_by="crossdock")


def paused_by_itself(health: ConnectionHealth) -> bool:
    """Tell whether crossdock paused the connection, not a person (whose name may be crossdock as well)."""
    return health.status is Status.PAUSED and health.error_kind != _BY_HAND


def renewed(health: ConnectionHealth, now: datetime) -> ConnectionHealth:
    """Somebody started the daemon, or changed something: what crossdock paused by itself is tried again, one call first.

    What paused it last is still shown until that call has ended. A person's pause stays.
    """
    if not paused_by_itself(health):
        return health
    return msgspec.structs.replace(
        health, status=Status.RETRYING, since=now, until=now, failures=0, bad={}, auth_refused=False, recent=(),
        paused_by="",
    )  # fmt: skip


def pause(health: ConnectionHealth, actor: str, reason: str, now: datetime) -> ConnectionHealth:
    """A person pauses the connection."""
    return msgspec.structs.replace(
        health, status=Status.PAUSED, until=None, since=now, paused_by=actor, error_kind=_BY_HAND, error_text=reason
    )


def resume(health: ConnectionHealth, now: datetime) -> ConnectionHealth:
    """A person lets the connection go on. A plugin that does not react any more does not react to that either."""
    if health.status is Status.STUCK:
        return health
    return ConnectionHealth(since=now, last_success=health.last_success)


def moved(health: ConnectionHealth, by: timedelta) -> ConnectionHealth:
    """The clock was set by so much: what was noted on the old one is counted on the new one."""
    return msgspec.structs.replace(
        health,
        until=None if health.until is None else health.until + by,
        recent=tuple(moment + by for moment in health.recent),
    )


LOUD_AFTER = timedelta(minutes=30)
"""A connection that has failed for so long is a trouble for people (RELIABILITY P8)."""


def trouble_of(name: str, health: ConnectionHealth, now: datetime) -> Trouble | None:
    """Say what is wrong with a connection that somebody has to know of; a pause by a person is none."""
    match health.status:
        case Status.PAUSED if paused_by_itself(health):
            cause = Cause.AUTH if health.error_kind in ("AuthFailed", "ConfigError") else Cause.BUG
            return Trouble(
                cause=cause, connection=name, operation=CONNECTION, code="paused",
                text=f"connection {name} is paused: {health.error_kind}",
            )  # fmt: skip
        case Status.STUCK:
            text = f"the plugin of connection {name} does not react any more"
            return Trouble(cause=Cause.BUG, connection=name, operation=CONNECTION, code="stuck", text=text)
        case Status.OPEN | Status.RETRYING | Status.RATE_LIMITED if now - (health.since or now) >= LOUD_AFTER:
            text = f"connection {name} has failed for more than 30 minutes"
            return Trouble(cause=Cause.TRANSIENT, connection=name, operation=CONNECTION, code="failing", text=text)
        case _:
            return None
