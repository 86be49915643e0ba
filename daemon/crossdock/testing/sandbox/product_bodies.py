"""The bodies of the default contract about products."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from crossdock.spec.outbound import ItemResult
from crossdock.spec.products import Product, ProductWrite


class ProductPage(Struct, frozen=True, kw_only=True):
    """One page of products, ordered by (`updated_at`, `sku`). `watermark` is the newest `updated_at` it covers."""

    items: tuple[Product, ...]
    next_cursor: str | None
    watermark: datetime | None


class ProductSkus(Struct, frozen=True, kw_only=True):
    """The products asked for."""

    skus: tuple[str, ...]


class ProductsBySku(Struct, frozen=True, kw_only=True):
    """Each product asked for as it is now; null where there is none."""

    products: dict[str, Product | None]


class ProductWrites(Struct, frozen=True, kw_only=True):
    """Values to write into products, 1 to 50 of them."""

    items: tuple[ProductWrite, ...]


class ProductResults(Struct, frozen=True, kw_only=True):
    """One result per item, named by its `key`."""

    results: tuple[ItemResult, ...]


PRODUCT_BODIES = (ProductPage, ProductSkus, ProductsBySku, ProductWrites, ProductResults)
