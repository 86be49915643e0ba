"""Products in the default contract: listed, read, written at the version that was seen. It only translates."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Raw, Struct

from crossdock.spec.hooks import hookimpl
from crossdock.spec.listing import Listing
from crossdock.spec.orders import Unreadable
from crossdock.spec.outbound import ItemResult
from crossdock.spec.products import Product
from crossdock_oms_default.wire import batch_key, bearer, to_query, unreadable_name

if TYPE_CHECKING:
    from crossdock.spec.context import Context
    from crossdock.spec.orders import Window
    from crossdock.spec.products import ProductWrite
    from crossdock_oms_default.settings import Settings


class ProductPageBody(Struct, frozen=True):
    """A page of products, each left as it was received. `next_cursor` must be there, null on the last page."""

    items: list[Raw]
    next_cursor: str | None
    watermark: datetime | None


class ProductsBody(Struct, frozen=True):
    """Products by SKU; null where there is none."""

    products: dict[str, Product | None]


class ProductResultsBody(Struct, frozen=True):
    """One result per write."""

    results: list[ItemResult]


class ProductHooks:
    """The hooks about products."""

    @hookimpl
    async def fetch_products(
        self, ctx: Context[Settings], window: Window, cursor: str | None, limit: int
    ) -> Listing[Product]:
        """Return one page of products; one that cannot be read is set aside."""
        answer = await ctx.http.get("/v1/products", params=to_query(window, cursor, limit), headers=bearer(ctx))
        page = answer.json(ProductPageBody)
        found = [read_product(bytes(raw)) for raw in page.items]
        return Listing(
            items=tuple(each for each in found if isinstance(each, Product)),
            unreadable=tuple(each for each in found if isinstance(each, Unreadable)),
            next_cursor=page.next_cursor,
            watermark=page.watermark,
        )

    @hookimpl
    async def get_products(self, ctx: Context[Settings], skus: list[str]) -> dict[str, Product | None]:
        """Return products as they are now."""
        body = msgspec.json.encode({"skus": skus})
        answer = await ctx.http.post("/v1/products/get", body, headers=bearer(ctx), write=False)
        return answer.json(ProductsBody).products

    @hookimpl
    async def write_products(self, ctx: Context[Settings], items: list[ProductWrite]) -> list[ItemResult]:
        """Write values into products."""
        body = msgspec.json.encode({"items": items})
        headers = {**bearer(ctx), "Idempotency-Key": batch_key([item.key for item in items])}
        return (await ctx.http.post("/v1/products/write", body, headers=headers)).json(ProductResultsBody).results


def read_product(raw: bytes) -> Product | Unreadable:
    """Decode one product of a page."""
    try:
        return msgspec.json.decode(raw, type=Product)
    except (msgspec.MsgspecError, ValueError) as error:
        return Unreadable(_name(raw), raw, f"the product cannot be decoded: {error}")


def _name(raw: bytes) -> str:
    try:
        plain: Any = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, ValueError):
        plain = None
    sku = plain.get("sku") if isinstance(plain, dict) else None
    if isinstance(sku, str) and 0 < len(sku) <= 200 and sku.isprintable():
        return sku
    return unreadable_name(raw)
