"""The hooks of the connector contract, version 1.1.

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
    from crossdock.spec.costs import CostChange, ProductCost
    from crossdock.spec.documents import InboundDoc, InboundPosting, OutboundDoc, OutboundPosting
    from crossdock.spec.labels import Label, LabelDelivery
    from crossdock.spec.listing import Listing
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
    from crossdock.spec.outbound_changes import OutboundCancel, OutboundHold, OutboundUpdate
    from crossdock.spec.products import Product, ProductWrite
    from crossdock.spec.stock import StockLevel, StockMovement
    from crossdock.spec.webhooks import Hint

PROJECT = "crossdock"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def crossdock_connectors() -> list[ConnectorType]:
    """List the connector types this plugin offers. Called once when the plugin is loaded; no I/O."""
    raise NotImplementedError


@hookspec
async def open(ctx: Context[Any]) -> None:  # noqa: A001
    """Get ready: log in, for instance. Called once before the first call of a connection. Bounded to `timeouts.check_s`."""
    raise NotImplementedError


@hookspec
async def close(ctx: Context[Any]) -> None:
    """Let go of everything. May be called twice. Bounded to 5 s."""
    raise NotImplementedError


@hookspec
async def check(ctx: Context[Any]) -> CheckResult:
    """Say whether the remote system can be reached and accepts us. Cheap, without side effects.

    Bounded to `timeouts.check_s`. A `server_time` without a time zone counts as not told.

    Raises AuthFailed, Retryable, BadResponse.
    """
    raise NotImplementedError


@hookspec
async def refresh_auth(ctx: Context[Any]) -> None:
    """Renew the credentials after AuthFailed. Called once, never twice at a time. Bounded to `timeouts.check_s`."""
    raise NotImplementedError


@hookspec
async def fetch_orders(ctx: Context[Any], window: Window, cursor: str | None, limit: int) -> Page:
    """Return one page, at most `limit` orders, of what `window` describes (UTC, both ends included). OMS.

    Its mode is one of `Capabilities.fetch_modes`; a reconciliation asks in mode SWEEP with `created_since`, whatever is
    declared: raise Unsupported where that cannot be listed, and list more rather than less. `cursor` is None for the first page, else a `next_cursor` returned earlier; any of them can be started from again.
    The daemon decides what is eligible: return every order of the window. Bounded to `timeouts.fetch_s` a page.
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
    """Tell the OMS what became of orders, one result a report, whose `ref` is its `order_ref`. OMS.

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

    `items` holds at most `Capabilities.max_batch` requests. Forward each `key`; never retry. Bounded to `timeouts.push_s`.
    Raise only for the whole call: RateLimited (nothing was stored), Retryable (nothing was sent), AuthFailed,
    Rejected (a single request; a batch only where `batch_atomic` is declared or keys are kept, else it is in doubt),
    UnknownOutcome, Unsupported (each of them fails at once). What has no result in the answer counts as unknown. The same
    bytes may be asked for again: put neither `ctx.now()` nor anything random into what is sent. A `remote_id` of more than
    200 characters counts as not told. REQUESTED counts as unknown: a create is taken or not.
    """
    raise NotImplementedError


@hookspec
async def find_outbound(ctx: Context[Any], keys: list[str]) -> dict[str, RemoteOutbound | None]:
    """Tell what the WMS holds under each key; None where it surely holds nothing. WMS.

    Needed where `idempotency` is "lookup", useful everywhere. At most `Capabilities.max_lookup` keys, bounded to
    `timeouts.push_s`; a call that takes longer is made again with half as many. It must see its own writes, or declare
    `lookup_lag_s`. A document in stage CANCELLED was cancelled by its warehouse, and a person decides.
    """
    raise NotImplementedError


@hookspec
async def update_outbound(ctx: Context[Any], items: list[OutboundUpdate]) -> list[PushResult]:
    """Change documents that the WMS has, one result an update, named by its own `key` (not by `request.key`). WMS.

    `request.key` is the key under which the document was created. At most `max_batch` updates a call.
    Only the groups named may change. An update that was made before (same `key`, or a document that already says this)
    must change nothing and is DUPLICATE; one that is older than what the document holds must change nothing either.
    REJECTED with code "too_late" where the document has gone too far. Raises as `push_outbound`; what is raised of one
    update alone (Rejected, NotFound, Conflict) says the same as a result that is REJECTED.
    """
    raise NotImplementedError


@hookspec
async def cancel_outbound(ctx: Context[Any], item: OutboundCancel) -> PushResult:
    """Ask the WMS not to ship a document. WMS.

    ACCEPTED: it surely does not ship it any more; REQUESTED: it will decide, `find_outbound` tells; DUPLICATE: it was
    cancelled before; REJECTED with code "too_late": it ships, or has shipped. A repeat must change nothing.
    Rejected, NotFound ("no such document") and Conflict ("cancelled already") may be raised instead of REJECTED: then, too,
    `find_outbound` is asked whether the document is cancelled, which counts as done.
    """
    raise NotImplementedError


@hookspec
async def hold_outbound(ctx: Context[Any], item: OutboundHold) -> PushResult:
    """Keep a document waiting while a person decides, or let it go on. A repeat must change nothing. WMS."""
    raise NotImplementedError


@hookspec
async def fetch_label(ctx: Context[Any], ref: str, package_ref: str | None) -> Label | None:
    """Return the newest shipping label of an order, or of one package of it; None where there is none yet. OMS.

    A read: it may be asked again and again, and makes nothing. Raises Rejected where there will never be one.
    """
    raise NotImplementedError


@hookspec
async def push_label(ctx: Context[Any], item: LabelDelivery) -> PushResult:
    """Give a document its shipping label. WMS.

    A newer `version` replaces the older, an older one must change nothing; a repeat must change nothing.
    REJECTED with code "too_late" where the parcel has left.
    """
    raise NotImplementedError


@hookspec
async def fetch_outbound(ctx: Context[Any], window: Window, cursor: str | None, limit: int) -> Listing[OutboundDoc]:
    """Return one page of outbound documents of every kind that changed in the window (UTC, both ends included). WMS.

    Documents that crossdock created are among them. In mode SWEEP: every one that is open or younger than
    `created_since`; a reconciliation asks so, whatever `fetch_modes` says (Unsupported where it cannot be listed). Cursors as in `fetch_orders`. Raises as `fetch_orders`.
    """
    raise NotImplementedError


@hookspec
async def fetch_inbound(ctx: Context[Any], window: Window, cursor: str | None, limit: int) -> Listing[InboundDoc]:
    """Return one page of inbound documents of every kind that changed in the window, with all their receipts. WMS.

    Windows, cursors and errors as in `fetch_outbound`.
    """
    raise NotImplementedError


@hookspec
async def apply_outbound(ctx: Context[Any], items: list[OutboundPosting]) -> list[ItemResult]:
    """Enter outbound documents of a warehouse, one result each, named by its `key`. OMS.

    A document that is there at this revision or a newer one must not change: a repeat is `ok`.
    """
    raise NotImplementedError


@hookspec
async def apply_inbound(ctx: Context[Any], items: list[InboundPosting]) -> list[ItemResult]:
    """Enter inbound documents of a warehouse, one result each, named by its `key`. OMS.

    Every receipt of the document is in it; one that the OMS has already, by its `ref`, must not be counted again.
    """
    raise NotImplementedError


@hookspec
async def fetch_products(ctx: Context[Any], window: Window, cursor: str | None, limit: int) -> Listing[Product]:
    """Return one page of products that changed in the window. OMS and WMS. Cursors and errors as in `fetch_orders`."""
    raise NotImplementedError


@hookspec
async def get_products(ctx: Context[Any], skus: list[str]) -> dict[str, Product | None]:
    """Return each product as it is now; None where there surely is none. OMS and WMS.

    At most `Capabilities.max_batch` SKUs a call, 100 where they are looked for the first time.
    """
    raise NotImplementedError


@hookspec
async def write_products(ctx: Context[Any], items: list[ProductWrite]) -> list[ItemResult]:
    """Write values into products, one result each, named by its `key`. OMS and WMS.

    Only the fields that are set are written. A repeat must change nothing more. `ok` False with code "version" where the
    product is not at `base_version` any more, "exists" or "missing" where `create` says otherwise.
    """
    raise NotImplementedError


@hookspec
async def update_cost(ctx: Context[Any], change: CostChange) -> ItemResult:
    """Write one cost; the result is named by the change's `key`. OMS and WMS.

    A repeat must change nothing, and an older `version` of the same thing must not undo a newer one. `ok` False with code
    "version" where another value is held than `old`.
    """
    raise NotImplementedError


@hookspec
async def get_costs(ctx: Context[Any], skus: list[str]) -> dict[str, ProductCost | None]:
    """Return the average purchase price of each SKU; None where the OMS does not know the SKU. OMS.

    One SKU before its average is written, and at most 100 in the check of the ledger.
    """
    raise NotImplementedError


@hookspec
async def fetch_stock(ctx: Context[Any], window: Window, cursor: str | None, limit: int) -> Listing[StockLevel]:
    """Return one page of stock levels observed or changed in the window. WMS. Cursors and errors as in `fetch_orders`."""
    raise NotImplementedError


@hookspec
async def fetch_movements(ctx: Context[Any], window: Window, cursor: str | None, limit: int) -> Listing[StockMovement]:
    """Return one page of stock movements made in the window. WMS. Cursors and errors as in `fetch_orders`."""
    raise NotImplementedError


@hookspec
async def apply_stock(ctx: Context[Any], levels: list[StockLevel]) -> list[ItemResult]:
    """Take over stock levels, one result each, named "WAREHOUSE/SKU". A level older than the one held changes nothing. OMS."""
    raise NotImplementedError


@hookspec
async def apply_movements(ctx: Context[Any], movements: list[StockMovement]) -> list[ItemResult]:
    """Take over stock movements, one result each, named by its `ref`. A movement that was taken before changes nothing. OMS."""
    raise NotImplementedError


@hookspec
def parse_webhook(headers: Mapping[str, str], body: bytes) -> list[Hint]:
    """Say what a webhook is about. Pure and quick; the daemon has checked its signature. Header names are lower case.

    Hints only: what the webhook says of the thing itself is not used. Raises ValueError for what is none.
    """
    raise NotImplementedError


@hookspec
def verify_webhook(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> str | None:
    """Check the signature of a webhook that is not signed as Standard Webhooks are; return its id, None if it is forged.

    Pure and quick. Compare in constant time, and refuse one whose time is more than five minutes away from `now`.
    """
    raise NotImplementedError
