"""The daemon itself: health, metrics, status, plugins, quarantine, reload, database."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from crossdock.config.paths import database_path
from crossdock.control.auditing import revealed
from crossdock.control.handlers.actions import one_liners, queued
from crossdock.control.handlers.connections import connection_items
from crossdock.control.handlers.incidents import incident_item
from crossdock.control.handlers.reasons import level, reasons
from crossdock.control.problems import not_found
from crossdock.control.records.base import Limit
from crossdock.control.records.daemon import (
    DatabaseInfo,
    Plugins,
    QuarantineItem,
    QuarantinePage,
    Reloaded,
    StateCount,
    Status,
    Verdict,
)
from crossdock.control.route import Raw, WithStatus
from crossdock.control.shown import state_name
from crossdock.store import incidents, operations_list, quarantine, views
from crossdock.store.times import from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crossdock.control.records.asks import Queued
    from crossdock.control.records.daemon import RetryQuarantine
    from crossdock.control.route import Call
    from crossdock.store.quarantine import Quarantined

WAITS = 5
"""Incidents of which the status says what to do, at most."""
EXCERPT = 2000
"""Bytes of a record shown, at most."""


class QuarantineQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`after` is `next` of the page before. `excerpts` False: none is shown, and nobody is noted as having seen one."""

    after: Annotated[int, Meta(ge=0, le=2**62)] = 0
    limit: Limit = 50
    excerpts: bool = True


async def livez(call: Call[None, object]) -> WithStatus:
    """Tell whether the daemon lives (200) or should be restarted (503)."""
    return _verdict(call.providers.livez())


async def readyz(call: Call[None, object]) -> WithStatus:
    """Tell whether the daemon can do its work (200) or not (503); remote systems do not count."""
    return _verdict(call.providers.readyz())


def _verdict(reasons: Sequence[str]) -> WithStatus:
    return WithStatus(503 if reasons else 200, Verdict(ok=not reasons, reasons=tuple(reasons)))


async def healthz(call: Call[None, object]) -> WithStatus:
    """Tell how the daemon and each connection is; 503 only if it cannot do its work."""
    ready, record = call.providers.healthz()
    return WithStatus(200 if ready else 503, record)


async def metrics(call: Call[None, object]) -> Raw:
    """Everything that is measured, for Prometheus."""
    return Raw(*await call.providers.metrics())


async def status(call: Call[None, object]) -> Status:
    """Show how the daemon is, in one page."""
    engine = call.engine
    counted = await engine.store.read(views.counts)
    now = to_ms(engine.env.now())
    troubles = await engine.store.read(incidents.tally, now)
    waiting = await engine.store.read(incidents.waiting)
    largest = await engine.store.read(incidents.largest, now, WAITS)
    writes = await engine.store.read(operations_list.counts)
    connections = connection_items(engine)
    against = list(dict.fromkeys((*call.providers.livez(), *call.providers.readyz())))
    why = reasons(
        counted,
        connections,
        against,
        call.providers.strained(),
        disk_low=engine.disk_low,
        writable=engine.gate.open,
        incidents=sum(troubles.open.values()) - troubles.muted,
    )
    return Status(
        version=call.providers.version,
        now=engine.env.now(),
        level=level(why),
        reasons=tuple(each.said() for each in why),
        connections=connections,
        outbox=tuple(
            StateCount(state=state_name(state), count=count, oldest=from_ms(counted.oldest.get(state)))
            for state, count in counted.states.items()
        ),
        needs_person=waiting.orders + waiting.others,
        orders_need_person=waiting.orders,
        to_settle=counted.needs_person,
        waits=tuple(incident_item(each, holds) for each, holds in largest),
        parked=counted.parked,
        changed=counted.changed,
        updated=counted.updated,
        aged=counted.aged,
        quarantine=counted.quarantine,
        tasks_running=counted.tasks_running,
        tasks_queued=counted.tasks_queued,
        disk_free_bytes=call.providers.free_bytes(),
        disk_low=engine.disk_low,
        incidents=troubles.open,
        incidents_muted=troubles.muted,
        operations_open=sum(count for (_, state), count in writes.items() if state != "failed"),
        operations_failed=sum(count for (_, state), count in writes.items() if state == "failed"),
        why=why,
    )


async def list_plugins(call: Call[None, object]) -> Plugins:
    """List the plugins that the configuration allows, loaded or not."""
    return Plugins(items=tuple(call.providers.plugins()))


async def list_quarantine(call: Call[None, QuarantineQuery]) -> QuarantinePage:
    """List fetched records that could not be read, oldest first."""
    query = call.query
    rows = await call.engine.store.read(quarantine.page, query.after, query.limit + 1)
    personal = query.excerpts and bool(rows) and await revealed(call, f"quarantine from {rows[0][0]}")
    items = tuple(_quarantined(number, record, personal=personal) for number, record in rows[: query.limit])
    return QuarantinePage(items=items, next=rows[query.limit - 1][0] if len(rows) > query.limit else None)


async def show_quarantined(call: Call[None, object]) -> QuarantineItem:
    """Show one record that could not be read."""
    number = call.path["id"]
    found = await call.engine.store.read(quarantine.get, number)
    if found is None:
        raise not_found(f"record {number} is not in quarantine (any more)")
    return _quarantined(number, found, personal=await revealed(call, f"quarantine record {number}"))


def _quarantined(number: int, record: Quarantined, *, personal: bool) -> QuarantineItem:
    excerpt = record.raw[:EXCERPT].decode("utf-8", "backslashreplace") if personal else None
    return QuarantineItem(
        id=number,
        connection=record.connection,
        ref=record.ref,
        reason=record.reason,
        first_at=from_ms(record.first_at),
        last_at=from_ms(record.last_at),
        bytes=len(record.raw),
        excerpt=excerpt,
        named=not quarantine.made_up(record.ref),
    )


async def retry_quarantine(call: Call[RetryQuarantine, object]) -> Queued:
    """Fetch records again that could not be read: those named, else the oldest 1,000 of the connection (a task).

    A record whose order the OMS does not have any more leaves the quarantine. One that has no readable ref of its own is
    fetched again only if it is named: under the name made for it the OMS has nothing.
    """
    connection, store = call.body.connection, call.engine.store
    refs: Sequence[str] = one_liners(call.body.refs)
    if refs:
        kept = await store.read(quarantine.among, connection, refs)
        if missing := [ref for ref in refs if ref not in kept]:
            raise not_found(
                f"nothing of {connection} is in quarantine under {', '.join(missing[:5])}; `crossdock sync` fetches an order again"
            )
    else:
        found = await store.read(views.quarantined_refs, connection, 1000)
        refs = [ref for ref in found if ref.splitlines() == [ref] and not quarantine.made_up(ref)]
    if not refs:
        raise not_found(f"nothing of {connection} is in quarantine that could be fetched again")
    return queued(call, await call.requests.sync(connection, refs, call.actor))


async def reload(call: Call[None, object]) -> WithStatus:
    """Read the configuration again; if anything in it is wrong, the old one stays in force (422)."""
    done: Reloaded = await call.providers.reload()
    return WithStatus(200 if done.taken else 422, done)


async def database(call: Call[None, object]) -> DatabaseInfo:
    """Show the database: where it is, how large, which migrations it has had."""
    path = database_path(call.engine.config)
    applied = await call.engine.store.read(views.applied_migrations)
    return DatabaseInfo(path=str(path), bytes=await asyncio.to_thread(_size, path), migrations=tuple(applied))


def _size(path: Path) -> int:
    """Size of the file and its write-ahead log."""
    parts = (path, path.with_name(path.name + "-wal"))
    return sum(part.stat().st_size for part in parts if part.exists())
