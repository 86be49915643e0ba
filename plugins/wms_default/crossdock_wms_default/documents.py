"""Documents of the WMS, listed page by page; one that cannot be read spoils no other."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec import Raw, Struct

from crossdock.spec.documents import InboundDoc, OutboundDoc
from crossdock.spec.hooks import hookimpl
from crossdock.spec.listing import Listing
from crossdock.spec.orders import Ref, Unreadable
from crossdock_wms_default.wire import bearer, to_query, unreadable_name

if TYPE_CHECKING:
    from crossdock.spec.context import Context
    from crossdock.spec.orders import Window
    from crossdock_wms_default.settings import Settings

    D = TypeVar("D", OutboundDoc, InboundDoc)


class DocumentsBody(Struct, frozen=True):
    """A page of documents, each left as it was received. `next_cursor` must be there, null on the last page."""

    items: list[Raw]
    next_cursor: str | None
    watermark: datetime | None


class Head(Struct, frozen=True):
    """What names a document."""

    ref: Ref


OUTBOUND = msgspec.json.Decoder(OutboundDoc)
INBOUND = msgspec.json.Decoder(InboundDoc)
HEAD = msgspec.json.Decoder(Head)


class DocumentHooks:
    """The part of the connector that lists documents."""

    @hookimpl
    async def fetch_outbound(
        self, ctx: Context[Settings], window: Window, cursor: str | None, limit: int
    ) -> Listing[OutboundDoc]:
        """Return one page of outbound documents."""
        return await _page(ctx, "/v1/outbound-documents", OUTBOUND, to_query(window, cursor, limit))

    @hookimpl
    async def fetch_inbound(
        self, ctx: Context[Settings], window: Window, cursor: str | None, limit: int
    ) -> Listing[InboundDoc]:
        """Return one page of inbound documents."""
        return await _page(ctx, "/v1/inbound-documents", INBOUND, to_query(window, cursor, limit))


async def _page(
    ctx: Context[Settings], path: str, decoder: msgspec.json.Decoder[D], query: dict[str, str]
) -> Listing[D]:
    page = (await ctx.http.get(path, params=query, headers=bearer(ctx))).json(DocumentsBody)
    items: list[D] = []
    unreadable: list[Unreadable] = []
    for raw in map(bytes, page.items):
        try:
            items.append(decoder.decode(raw))
        except ValueError as error:
            unreadable.append(Unreadable(name(raw), raw, f"the document cannot be decoded: {error}"))
    return Listing(
        items=tuple(items), unreadable=tuple(unreadable), next_cursor=page.next_cursor, watermark=page.watermark
    )


def name(raw: bytes) -> str:
    """Return the ref of a document that cannot be read otherwise, or a name made of its bytes."""
    try:
        return HEAD.decode(raw).ref
    except ValueError:
        return unreadable_name(raw)
