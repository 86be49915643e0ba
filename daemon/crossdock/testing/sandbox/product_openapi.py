"""The operations on products in the OpenAPI documents of the default contract; both sides have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crossdock.testing.sandbox.product_bodies import (
    ProductPage,
    ProductResults,
    ProductsBySku,
    ProductSkus,
    ProductWrites,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def product_paths(operation: Callable[..., dict[str, Any]], listing: list[dict[str, Any]]) -> dict[str, Any]:
    """Describe the operations, by the means of the document that they go into."""
    return {
        "/v1/products": {
            "get": operation(
                "listProducts",
                "List products in the order of (updated_at, sku), page by page, tombstones (deleted) too. mode sweep: every "
                "product; a tombstone older than created_since may be left out. A field that the system does not know is "
                "left out; null means known to be empty.",
                ProductPage,
                parameters=listing,
            )
        },
        "/v1/products/get": {
            "post": operation(
                "getProducts",
                "Read up to 500 products as they are now. A read in the form of a POST: it changes nothing.",
                ProductsBySku,
                body=ProductSkus,
            )
        },
        "/v1/products/write": {
            "post": operation(
                "writeProducts",
                "Write values into 1 to 50 products, one result each. Only the fields that are there are written. A key that "
                "was done before is ok and changes nothing. Not ok with code version: the product is not at base_version; "
                "missing, exists: create says otherwise.",
                ProductResults,
                body=ProductWrites,
                write=True,
            )
        },
    }


def bound_products(found: dict[str, Any], most: int) -> None:
    """Add to the schemas what msgspec does not know of them."""
    found["ProductSkus"]["properties"]["skus"]["maxItems"] = most
    found["ProductWrites"]["properties"]["items"] |= {"minItems": 1, "maxItems": 50}
