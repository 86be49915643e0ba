"""Stock of a WMS that speaks the default contract: levels and movements, page by page."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
from msgspec import Raw, Struct

from crossdock.spec.hooks import hookimpl
from crossdock.spec.listing import Listing
from crossdock.spec.orders import Unreadable
from crossdock.spec.stock import StockLevel, StockMovement
from crossdock_wms_default.wire import bearer, to_query, unreadable_name

if TYPE_CHECKING:
    from typing import TypeVar

    from crossdock.spec.context import Context
    from crossdock.spec.orders import Window
    from crossdock_wms_default.settings import Settings

    T = TypeVar("T")


class ListingBody(Struct, frozen=True):
    """A page, each item left as it was received. `next_cursor` must be there, null on the last page."""

    items: list[Raw]
    next_cursor: str | None
    watermark: datetime | None


class StockHooks:
    """The hooks of stock."""

    @hookimpl
    async def fetch_stock(
        self, ctx: Context[Settings], window: Window, cursor: str | None, limit: int
    ) -> Listing[StockLevel]:
        """Return one page of levels."""
        return await _page(ctx, "/v1/stock", StockLevel, window, cursor, limit)

    @hookimpl
    async def fetch_movements(
        self, ctx: Context[Settings], window: Window, cursor: str | None, limit: int
    ) -> Listing[StockMovement]:
        """Return one page of movements."""
        return await _page(ctx, "/v1/stock/movements", StockMovement, window, cursor, limit)


async def _page(
    ctx: Context[Settings], path: str, kind: type[T], window: Window, cursor: str | None, limit: int
) -> Listing[T]:
    body = (await ctx.http.get(path, params=to_query(window, cursor, limit), headers=bearer(ctx))).json(ListingBody)
    items: list[T] = []
    unreadable: list[Unreadable] = []
    for raw in map(bytes, body.items):
        try:
            items.append(msgspec.json.decode(raw, type=kind))
        except (msgspec.MsgspecError, ValueError) as error:
            unreadable.append(Unreadable(unreadable_name(raw), raw, f"It is no {kind.__name__}: {error}"))
    return Listing(
        items=tuple(items), unreadable=tuple(unreadable), next_cursor=body.next_cursor, watermark=body.watermark
    )
