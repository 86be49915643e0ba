"""Connections: how they are, paused and resumed, checked, and what their remote systems offer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from crossdock.control.problems import conflict, not_found
from crossdock.control.records.daemon import Checked, ChoiceItem, Choices, ConnectionItem, Connections
from crossdock.engine.connection_keeper import said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.control.records.daemon import PauseConnection
    from crossdock.control.route import Call
    from crossdock.engine.engine import Engine
    from crossdock.engine.links import Link
    from crossdock.spec.outbound import Choice

MAX_CHOICES = 1000
"""Choices shown in one answer, at most."""


async def list_connections(call: Call[None, object]) -> Connections:
    """List every connection: what it is, how it is, what it can do."""
    return Connections(items=connection_items(call.engine))


def connection_items(engine: Engine) -> tuple[ConnectionItem, ...]:
    """Show every connection of the configuration, in the order of their names."""
    return tuple(connection_item(engine, name) for name in sorted({*engine.config.connections, *engine.links}))


def connection_item(engine: Engine, name: str) -> ConnectionItem:
    """Show one connection."""
    config, link = engine.config.connections.get(name), engine.links.get(name)
    if link is None:
        enabled = config is not None and config.enabled
        state, text = (
            ("not_loaded", "its plugin could not be loaded") if enabled else ("disabled", "it is switched off")
        )
        kind = "" if config is None else config.type
        return ConnectionItem(name=name, type=kind, kind="", enabled=enabled, state=state, text=text)
    health = engine.keeper.of(name)
    return ConnectionItem(
        name=name,
        type=link.type_name,
        kind=link.kind,
        enabled=True,
        state=health.status.value,
        text=said(health),
        since=health.since,
        until=health.until,
        last_success=health.last_success,
        last_hint=engine.hints_at.get(name),
        failures=health.failures,
        paused_by=health.paused_by,
        error_kind=health.error_kind,
        error=health.error_text,
        insecure_tls=config is not None and config.tls.insecure,
        hooks=tuple(sorted(link.hooks)),
        capabilities=msgspec.to_builtins(link.capabilities),
    )


async def pause_connection(call: Call[PauseConnection, object]) -> ConnectionItem:
    """Leave a connection alone until somebody resumes it; what is under way ends."""
    link = _link(call)
    await call.requests.pause(link.name, call.body.reason, call.actor)
    return connection_item(call.engine, link.name)


async def resume_connection(call: Call[None, object]) -> ConnectionItem:
    """Let a connection go on, and forget its failures."""
    link = _link(call)
    await call.requests.resume(link.name, call.actor)
    return connection_item(call.engine, link.name)


async def check_connection(call: Call[None, object]) -> Checked:
    """Ask the remote system whether it accepts us, and how its clock goes."""
    link = _link(call, "check")
    result = await link.check()
    skew = None if result.server_time is None else (result.server_time - call.engine.env.now()).total_seconds()
    return Checked(ok=result.ok, account=result.account, clock_skew_s=skew, warnings=result.warnings)


async def list_shops(call: Call[None, object]) -> Choices:
    """List the shops whose orders an OMS holds, as it says now."""
    return _choices(await _link(call, "list_shops").list_shops())


async def list_logistics(call: Call[None, object]) -> Choices:
    """List the carriers that an OMS knows, as it says now."""
    return _choices(await _link(call, "list_logistics").list_logistics())


async def list_remote_warehouses(call: Call[None, object]) -> Choices:
    """List the warehouses of a WMS, as it says now."""
    return _choices(await _link(call, "list_warehouses").list_warehouses())


def _choices(found: Sequence[Choice]) -> Choices:
    items = (ChoiceItem(code=each.code, name=each.name, kind=each.kind) for each in found[:MAX_CHOICES])
    return Choices(items=tuple(items), cut=len(found) > MAX_CHOICES)


def _link(call: Call[object, object], hook: str | None = None) -> Link:
    name = call.path["connection"]
    link = call.engine.links.get(name)
    if link is None:
        there = ", ".join(sorted(call.engine.links)) or "none"
        raise not_found(f"there is no connection '{name}' in use (in use: {there})")
    if hook is not None and hook not in link.hooks:
        raise conflict("unsupported", f"the connector of {name} cannot do that ({hook})")
    return link
