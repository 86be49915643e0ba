"""A connector pair for the yardstick's servers, as a vendor would write it: order pages in slices, single or batch push."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from crossdock.spec.connector import Capabilities, ConnectorType
from crossdock.spec.errors import NotFound
from crossdock.spec.hooks import hookimpl
from crossdock.spec.orders import (
    Address,
    FetchMode,
    Order,
    OrderLine,
    OrderSlice,
    OrderStatus,
    Page,
    Recipient,
    Window,
)
from crossdock.spec.outbound import CheckResult, OutboundRequest, PushResult, PushStatus, RemoteOutbound, Stage
from crossdock.spec.outbound_changes import FieldGroup

if TYPE_CHECKING:
    from crossdock.spec.context import Context
    from crossdock.spec.outbound_changes import OutboundUpdate


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """Base address of the server, and how many orders one call pushes."""

    url: str
    batch: int = 1


class TheirLine(Struct, frozen=True):
    """A line as their OMS writes it."""

    line_id: int
    sku: str
    name: str
    qty: Decimal
    unit_price: Decimal


class TheirAddress(Struct, frozen=True):
    """A recipient as their OMS writes it."""

    name: str
    phone: str
    email: str
    address1: str
    address2: str
    district: str
    province: str
    postal_code: str
    country: str


class TheirOrder(Struct, frozen=True):
    """The fields of their order that we keep."""

    id: str
    number: str
    revision: int
    status: str
    channel: str
    store_id: str
    warehouse_code: str
    created_at: datetime
    updated_at: datetime
    currency: str
    grand_total: Decimal
    cod_amount: Decimal
    shipping_provider: str
    shipping_service: str
    note: str
    recipient: TheirAddress
    lines: list[TheirLine]


class TheirPage(Struct, frozen=True):
    """A page of their listing; each order stays as its bytes."""

    orders: list[Raw]
    next_cursor: str | None


class Head(Struct, frozen=True):
    """The name of an order."""

    number: str


class Stamp(Struct, frozen=True):
    """The change stamp of an order."""

    updated_at: datetime


_page = msgspec.json.Decoder(TheirPage).decode
_head = msgspec.json.Decoder(Head).decode
_stamp = msgspec.json.Decoder(Stamp).decode
_order = msgspec.json.Decoder(TheirOrder).decode
_encode = msgspec.json.Encoder().encode
_STATUS = {"ready_to_ship": OrderStatus.READY_TO_SHIP, "pending_payment": OrderStatus.UNPAID}


class BenchOms:
    """Lists their orders."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @hookimpl
    async def check(self, ctx: Context[Settings]) -> CheckResult:
        """Ask for one order."""
        await ctx.http.get("/orders", params={"limit": "1"})
        return CheckResult(ok=True)

    @hookimpl
    async def fetch_orders(self, ctx: Context[Settings], window: Window, cursor: str | None, limit: int) -> Page:
        """Return one page as slices."""
        params = {"limit": str(limit)}
        if cursor is not None:
            params["cursor"] = cursor
        elif window.since is not None:
            params["updated_since"] = _stamp_text(window.since)
        answer = await ctx.http.get("/orders", params=params)
        page = answer.json(TheirPage, unique_keys=False)
        slices = tuple(OrderSlice(_head(raw).number, bytes(raw)) for raw in page.orders)
        watermark = _stamp(page.orders[-1]).updated_at if page.orders else None
        return Page(slices=slices, next_cursor=page.next_cursor, watermark=watermark)

    @hookimpl
    def read_order(self, raw: bytes) -> Order:
        """Decode one slice."""
        theirs = _order(raw)
        who = theirs.recipient
        return Order(
            ref=theirs.number,
            number=theirs.number,
            status=_STATUS[theirs.status],
            created_at=theirs.created_at,
            updated_at=theirs.updated_at,
            shop=theirs.store_id,
            channel=theirs.channel,
            warehouse=theirs.warehouse_code,
            logistics=theirs.shipping_provider,
            currency=theirs.currency,
            total=theirs.grand_total,
            cash_on_delivery=theirs.cod_amount,
            buyer_note=theirs.note,
            recipient=Recipient(
                name=who.name,
                phone=who.phone,
                email=who.email,
                address=Address(
                    lines=(who.address1, who.address2),
                    district=who.district,
                    region=who.province,
                    postcode=who.postal_code,
                    country=who.country,
                ),
            ),
            lines=tuple(
                OrderLine(line_no=x.line_id, sku=x.sku, name=x.name, quantity=x.qty, unit_price=x.unit_price)
                for x in theirs.lines
            ),
            extra={"service": theirs.shipping_service, "revision": theirs.revision},
        )


def _stamp_text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class OurLine(Struct, frozen=True):
    """A line as their WMS wants it."""

    line_id: int
    sku: str
    name: str
    qty: int
    unit_price: Decimal | None


class OurOutbound(Struct, frozen=True):
    """An outbound as their WMS wants it."""

    idempotency_key: str
    order_ref: str
    revision: int
    warehouse: str
    carrier: str
    service: str
    cod_amount: Decimal | None
    note: str | None
    recipient: TheirAddress
    lines: list[OurLine]


class Accepted(Struct, frozen=True):
    """The answer to one outbound."""

    id: str
    status: str
    idempotency_key: str = ""


class Results(Struct, frozen=True):
    """The answer to a batch."""

    results: list[Accepted]


class Found(Struct, frozen=True):
    """The answer to a look-up."""

    id: str
    revision: int


def to_outbound(item: OutboundRequest) -> OurOutbound:
    """Translate an outbound request."""
    who, where = item.recipient, item.recipient.address
    return OurOutbound(
        item.key,
        item.order_ref,
        item.extra["revision"],
        item.warehouse,
        item.logistics,
        item.extra["service"],
        item.cash_on_delivery,
        item.buyer_note,
        TheirAddress(
            who.name,
            who.phone or "",
            who.email or "",
            where.lines[0],
            where.lines[1],
            where.district or "",
            where.region or "",
            where.postcode or "",
            where.country or "",
        ),
        [OurLine(x.line_no, x.sku, x.name, int(x.quantity), x.unit_price) for x in item.lines],
    )


def _accepted(key: str, answer: Accepted) -> PushResult:
    status = PushStatus.ACCEPTED if answer.status == "accepted" else PushStatus.DUPLICATE
    return PushResult(key=key, status=status, remote_id=answer.id)


class BenchWms:
    """Creates outbounds; their WMS returns the first answer for a repeated key."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.capabilities = Capabilities(
            idempotency="key",
            max_batch=settings.batch,
            concurrency=64,
            updates=dict.fromkeys(FieldGroup, Stage.OUTBOUND),
        )

    @hookimpl
    async def check(self, ctx: Context[Settings]) -> CheckResult:
        """Look for a document that nobody made."""
        await self.find_outbound(ctx, ["none"])
        return CheckResult(ok=True)

    @hookimpl
    async def push_outbound(self, ctx: Context[Settings], items: list[OutboundRequest]) -> list[PushResult]:
        """Send one order, or a batch."""
        if self.settings.batch == 1:
            item = items[0]
            answer = await ctx.http.post(
                "/outbounds", _encode(to_outbound(item)), headers={"Idempotency-Key": item.key}
            )
            return [_accepted(item.key, answer.json(Accepted))]
        body = _encode({"items": [to_outbound(item) for item in items]})
        results = (await ctx.http.post("/outbounds/batch", body)).json(Results)
        return [_accepted(result.idempotency_key, result) for result in results.results]

    @hookimpl
    async def update_outbound(self, ctx: Context[Settings], items: list[OutboundUpdate]) -> list[PushResult]:
        """Send changed orders again: their WMS takes a newer revision of an order under a key of its own, at any time."""
        return await self.push_outbound(ctx, [replace(item.request, key=item.key) for item in items])

    @hookimpl
    async def find_outbound(self, ctx: Context[Settings], keys: list[str]) -> dict[str, RemoteOutbound | None]:
        """Look keys up, one by one: their WMS has no other way."""
        found: dict[str, RemoteOutbound | None] = {}
        for key in keys:
            try:
                answer = (await ctx.http.get("/outbounds", params={"key": key})).json(Found)
                found[key] = RemoteOutbound(key=key, remote_id=answer.id, revision=answer.revision)
            except NotFound:
                found[key] = None
        return found


_FETCH = Capabilities(
    fetch_modes=(FetchMode.CHANGED, FetchMode.SWEEP), ordered_pages=True, max_page=1000, idempotency="key"
)


@hookimpl
def crossdock_connectors() -> list[ConnectorType]:
    """The two types."""
    return [
        ConnectorType(name="bench_oms", kind="oms", settings=Settings, factory=BenchOms, capabilities=_FETCH),
        ConnectorType(name="bench_wms", kind="wms", settings=Settings, factory=BenchWms),
    ]
