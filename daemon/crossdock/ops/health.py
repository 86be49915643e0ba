"""Whether the daemon lives, is ready, and how its connections are: decided from a snapshot, nothing is asked."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

MAX_LOOP_LAG_S = 5.0
"""An event loop that is later than this is stuck."""
MAX_SILENCE_S = 30.0
"""The scheduler and the database must have moved within this time."""
_WELL = ("ok", "idle", "disabled")


class ConnectionState(Struct, frozen=True, kw_only=True):
    """How one connection is. `state` is the engine's word (ok, idle, retrying, rate_limited, breaker_open, paused, stuck)."""

    name: str
    state: str
    since: datetime | None = None
    last_error: str = ""
    next_try: datetime | None = None
    insecure_tls: bool = False


class LoopBlock(Struct, frozen=True, kw_only=True):
    """A time in which the event loop stood still, and whose hook it stood in; both empty for the daemon itself."""

    connection: str
    hook: str
    seconds: float
    at: datetime

    def __str__(self) -> str:
        """A sentence."""
        who = f"{self.connection} (its {self.hook})" if self.connection else "The daemon itself"
        return f"{who} blocked the event loop for {self.seconds:.1f} s until {self.at:%H:%M:%S} UTC"


class Snapshot(Struct, frozen=True, kw_only=True):
    """What the engine knows of itself at one moment; ages in seconds. `tick_s` is the configured tick.

    `memory_high` is a sentence while too much memory is used; `loop_blocks` are the last ones, one a connection;
    `lane_faults` are lanes whose last run failed for a reason of our own, with that reason.
    """

    loop_lag_s: float
    last_tick_age_s: float
    last_db_age_s: float
    tick_s: float = 2
    database_ok: bool = True
    leases_held: bool = True
    migration_pending: bool = False
    stopping: bool = False
    config_reload_ok: bool = True
    disk_low: bool = False
    memory_high: str = ""
    loop_blocks: tuple[LoopBlock, ...] = ()
    lane_faults: tuple[tuple[str, str], ...] = ()
    writable: bool = True
    connections: tuple[ConnectionState, ...] = ()


class Verdict(Struct, frozen=True):
    """Yes, or no with reasons, each a sentence."""

    reasons: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.reasons


class Health(Struct, frozen=True, kw_only=True):
    """What /healthz answers. A degraded daemon is still ready: it works where it can and tries again by itself."""

    status: Literal["ok", "degraded", "not_ready"]
    reasons: tuple[str, ...]
    connections: tuple[ConnectionState, ...]


def may_ping(loop_lag_s: float, last_tick_age_s: float, last_db_age_s: float, tick_s: float = 2) -> bool:
    """Tell whether the watchdog may be fed: loop on time, scheduler ticking, database answering. Seconds.

    Where the scheduler ticks rarely (`tick_s`), it may be silent for two ticks.
    """
    silence = max(MAX_SILENCE_S, 2 * tick_s)
    return loop_lag_s < MAX_LOOP_LAG_S and last_tick_age_s <= silence and last_db_age_s <= silence


def livez(snapshot: Snapshot) -> Verdict:
    """Say whether the process should be let live; what the watchdog uses."""
    silence = max(MAX_SILENCE_S, 2 * snapshot.tick_s)
    found = (
        snapshot.loop_lag_s < MAX_LOOP_LAG_S or f"The event loop is {snapshot.loop_lag_s:.1f} s late",
        snapshot.last_tick_age_s <= silence or f"The scheduler has not ticked for {snapshot.last_tick_age_s:.0f} s",
        snapshot.last_db_age_s <= silence or f"The database has not answered for {snapshot.last_db_age_s:.0f} s",
    )
    return Verdict(tuple(reason for reason in found if isinstance(reason, str)))


def readyz(snapshot: Snapshot) -> Verdict:
    """Say whether the daemon can do its work. Remote systems do not count: they may be down, the daemon waits."""
    found = (
        (not snapshot.database_ok, "The database cannot be used"),
        (not snapshot.leases_held, "Another daemon holds this database"),
        (snapshot.migration_pending, "The database must be migrated first"),
        (snapshot.stopping, "The daemon is stopping"),
    )
    return Verdict(tuple(reason for applies, reason in found if applies))


def healthz(snapshot: Snapshot) -> Health:
    """Say how the daemon and each connection is."""
    against = (*livez(snapshot).reasons, *readyz(snapshot).reasons)
    worries = (*against, *_degraded(snapshot))
    status: Literal["ok", "degraded", "not_ready"] = "not_ready" if against else "degraded" if worries else "ok"
    return Health(status=status, reasons=worries, connections=snapshot.connections)


def _degraded(snapshot: Snapshot) -> tuple[str, ...]:
    found = [f"{each.name} is {each.state}" for each in snapshot.connections if each.state not in _WELL]
    found += [f"{each.name} does not verify certificates" for each in snapshot.connections if each.insecure_tls]
    if not snapshot.config_reload_ok:
        found.append("The last reload was refused; the configuration before it is in force")
    if snapshot.disk_low:
        found.append("The disk is nearly full; nothing new is fetched")
    if not snapshot.writable:
        found.append("The database takes no writes; nothing is fetched or sent until it does")
    return (*found, *strained(snapshot))


def strained(snapshot: Snapshot) -> tuple[str, ...]:
    """Say what is wrong with the process itself although it works."""
    memory = (snapshot.memory_high,) if snapshot.memory_high else ()
    lanes = (f"Lane {lane} fails and is tried again ({why}); the log has more" for lane, why in snapshot.lane_faults)
    return (*memory, *map(str, snapshot.loop_blocks), *lanes)
