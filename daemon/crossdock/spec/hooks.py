"""The hooks of the connector contract, version 1.0.

A plugin module implements `crossdock_connectors`; a connector object implements the others that its kind needs. A data
hook is called for one connection at a time and never broadcast. It may be `async def`, or plain `def` (the daemon then
runs it in a thread). It takes any subset of the parameters listed here, by name.

The bodies here are never run: pluggy reads the signatures, and a connector brings the code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime  # noqa: F401

    from crossdock.spec.connector import ConnectorType
    from crossdock.spec.context import Context
    from crossdock.spec.orders import Order, Page, Unreadable, Window
    from crossdock.spec.outbound import (
        CheckResult,
        Choice,
        ItemResult,
        OutboundRequest,
        PushReport,
        PushResult,
        RemoteOutbound,
    )

PROJECT = "crossdock"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def crossdock_connectors() -> list[ConnectorType]:
    """List the connector types this plugin offers. Called once when the plugin is loaded; no I/O."""
    raise NotImplementedError


@hookspec
async def open(ctx: Context[Any]) -> None:  # noqa: A001
    """Get ready: log in, for instance. Called once before the first call of a connection. Bounded to 10 s."""
    raise NotImplementedError


@hookspec
async def close(ctx: Context[Any]) -> None:
    """Let go of everything. May be called twice. Bounded to 5 s."""
    raise NotImplementedError


@hookspec
async def check(ctx: Context[Any]) -> CheckResult:
    """Say whether the remote system can be reached and accepts us. Cheap, without side effects. Bounded to 10 s.

    Raises AuthFailed, Retryable, BadResponse.
    """
    raise NotImplementedError


@hookspec
async def refresh_auth(ctx: Context[Any]) -> None:
    """Renew the credentials after AuthFailed. Called once, never twice at a time."""
    raise NotImplementedError


@hookspec
async def fetch_orders(ctx: Context[Any], window: Window, cursor: str | None, limit: int) -> Page:
    """Return one page, at most `limit` orders, of what `window` describes (UTC, both ends included). OMS.

    `cursor` is None for the first page, else a `next_cursor` returned earlier; any of them can be started from again.
    The daemon decides what is eligible: return every order of the window. Bounded to 60 s a page.
    Raises RateLimited, AuthFailed, BadResponse, Retryable.
    """
    raise NotImplementedError


@hookspec
def read_order(raw: bytes) -> Order:
    """Decode one OrderSlice of this connector. Pure and quick; required if pages hold slices. OMS.

    Raises anything derived from ValueError (msgspec's errors are) when the bytes are no order: they go to quarantine.
    """
    raise NotImplementedError


@hookspec
async def get_orders(ctx: Context[Any], refs: list[str]) -> Mapping[str, Order | Unreadable | None]:
    """Return a dict with the newest data of each order named; None where the OMS has it no more. OMS.

    Unreadable where its data cannot be mapped: it goes to quarantine and blocks none of the others. Raises as `fetch_orders`.
    """
    raise NotImplementedError


@hookspec
async def report_push(ctx: Context[Any], reports: list[PushReport]) -> list[ItemResult]:
    """Tell the OMS what became of orders, one result a report, named by `order_ref`. OMS.

    A report that the OMS already has (same order, status and revision) must change nothing.
    """
    raise NotImplementedError


@hookspec
async def list_shops(ctx: Context[Any]) -> list[Choice]:
    """List the shops whose orders this OMS holds. OMS."""
    raise NotImplementedError


@hookspec
async def list_logistics(ctx: Context[Any]) -> list[Choice]:
    """List the carriers this OMS knows; `kind` is a LogisticsKind value. OMS."""
    raise NotImplementedError


@hookspec
async def list_warehouses(ctx: Context[Any]) -> list[Choice]:
    """List the warehouses of this WMS; `code` is what OutboundRequest.warehouse holds. WMS."""
    raise NotImplementedError


@hookspec
async def push_outbound(ctx: Context[Any], items: list[OutboundRequest]) -> list[PushResult]:
    """Create outbound documents, one result per request, named by `key`, in any order. WMS.

    `items` holds at most `Capabilities.max_batch` requests. Forward each `key`; never retry. Bounded to 30 s.
    Raise only for the whole call: RateLimited (nothing was stored), Retryable (nothing was sent), AuthFailed,
    Rejected (a single request; a batch only where `batch_atomic` is declared or keys are kept, else it is in doubt),
    UnknownOutcome. What has no result in the answer counts as unknown.
    """
    raise NotImplementedError


@hookspec
async def find_outbound(ctx: Context[Any], keys: list[str]) -> dict[str, RemoteOutbound | None]:
    """Tell what the WMS holds under each key; None where it surely holds nothing. WMS.

    Needed unless `idempotency` is "none". It must see its own writes, or declare `lookup_lag_s`.
    """
    raise NotImplementedError
