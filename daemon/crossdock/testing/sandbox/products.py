"""The room of products, the same in the sandbox OMS and WMS: a catalogue with versions, writes kept by key."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, Struct
from msgspec.structs import replace

from crossdock.spec.orders import FetchMode, Window
from crossdock.spec.outbound import ItemResult
from crossdock.spec.products import Product, ProductWrite
from crossdock.testing.sandbox.call import Answer, Call, Refused, check_key, decode, number, ok
from crossdock.testing.sandbox.journal import Journal
from crossdock.testing.sandbox.listing_query import window_of
from crossdock.testing.sandbox.product_bodies import ProductResults, ProductsBySku, ProductSkus, ProductWrites
from crossdock.testing.sandbox.shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

MAX_PAGE = 500
MAX_SKUS = 500
MAX_WRITES = 50
_IDENTITY = frozenset({"sku", "updated_at", "version", "deleted", "extra"})


class ProductsIn(Struct, frozen=True, forbid_unknown_fields=True):
    """Products that a test puts in, whole."""

    products: tuple[Product, ...]


class SkuIn(Struct, frozen=True, forbid_unknown_fields=True):
    """A product that a test deletes."""

    sku: str


class Written(Struct, frozen=True, kw_only=True):
    """A write that was made, and what it was answered."""

    write: ProductWrite
    result: ItemResult


class ProductRoom:
    """Products by SKU. `versions` False: it neither shows nor compares versions. `limit`: names are cut to so many characters.
    `heard` is told of the SKUs that changed.

    `writes` holds each write that took effect, by key; `written` counts how often each key came.
    """

    def __init__(self, now: Callable[[], datetime], path: str | None = None) -> None:
        self._now = now
        self.heard: Callable[[Iterable[str]], object] = lambda _skus: None
        self.versions = True
        self.limit: int | None = None
        self.writes: dict[str, Written] = {}
        self.written: Counter[str] = Counter()
        self._shelf = Shelf(Product, _sku, _stamp, None if path is None else path + ".products", closed=_deleted)
        self._journal = Journal(None if path is None else path + ".product-writes", Written)
        for entry in self._journal.replay():
            self._remember(entry)

    @property
    def routes(self) -> dict[tuple[str, str], Callable[[Call], Answer]]:
        """The contract's routes."""
        return {
            ("GET", "/v1/products"): self._list,
            ("POST", "/v1/products/get"): self._get,
            ("POST", "/v1/products/write"): self._write,
        }

    @property
    def admin_routes(self) -> dict[tuple[str, str], Callable[[Call], Answer]]:
        """What only tests ask for."""
        return {
            ("GET", "/products"): self._books,
            ("POST", "/products"): self._put_in,
            ("POST", "/products/edit"): self._edit_in,
            ("POST", "/products/delete"): self._delete_in,
        }

    def subjects(self, call: Call) -> tuple[str, ...]:
        """Name the SKUs of a write."""
        if call.path != "/v1/products/write":
            return ()
        try:
            return tuple(item.product.sku for item in msgspec.json.decode(call.body, type=ProductWrites).items)
        except msgspec.MsgspecError:
            return ()

    def close(self) -> None:
        """Let go of files."""
        self._shelf.close()
        self._journal.close()

    def get(self, sku: str) -> Product | None:
        """Return a product."""
        return self._shelf.get(sku)

    def put(self, products: Iterable[Product]) -> None:
        """Keep products, each stamped as changed now, under its next version."""
        found = [self._stamped(product) for product in products]
        self._shelf.put(found)
        self.heard([product.sku for product in found])

    def edit(self, sku: str, **values: Any) -> Product:
        """Change values of a product. Raises Refused 404."""
        product = self._known(sku)
        self.put([replace(product, **values)])
        return self._known(sku)

    def delete(self, sku: str) -> None:
        """Leave a tombstone. Raises Refused 404."""
        self.edit(sku, deleted=True)

    def _stamped(self, product: Product) -> Product:
        before = self._shelf.get(product.sku)
        version = str(1 + int((before and before.version) or 0)) if self.versions else None
        return replace(product, updated_at=self._now(), version=version)

    def _known(self, sku: str) -> Product:
        product = self._shelf.get(sku)
        if product is None:
            raise Refused(404, "unknown_product", f"There is no product {sku!r}")
        return product

    def _list(self, call: Call) -> Answer:
        limit = number(call, "limit", 100, MAX_PAGE)
        return ok(self._shelf.page(window_of(call), call.query.get("cursor"), limit))

    def _get(self, call: Call) -> Answer:
        skus = decode(call.body, ProductSkus, "a list of SKUs").skus
        if len(skus) > MAX_SKUS:
            raise Refused(422, "too_many", f"At most {MAX_SKUS} SKUs a call, these are {len(skus)}")
        return ok(ProductsBySku(products={sku: self._shelf.get(sku) for sku in skus}))

    def _write(self, call: Call) -> Answer:
        check_key(call)
        items = decode(call.body, ProductWrites, "a list of product writes").items
        if not 1 <= len(items) <= MAX_WRITES:
            raise Refused(422, "batch_size", f"A call holds 1 to {MAX_WRITES} writes, this one {len(items)}")
        return ok(ProductResults(results=tuple(map(self._take, items))))

    def _take(self, write: ProductWrite) -> ItemResult:
        self.written[write.key] += 1
        if (known := self.writes.get(write.key)) is not None:
            return known.result
        product = self._shelf.get(write.product.sku)
        refusal = self._refusal(write, product)
        if refusal is not None:
            return refusal
        values = {
            name: value for name in Product.__struct_fields__
            if name not in _IDENTITY and (value := getattr(write.product, name)) is not UNSET
        }  # fmt: skip
        if self.limit is not None and isinstance(values.get("name"), str):
            values["name"] = values["name"][: self.limit]
        self.put([replace(product or Product(sku=write.product.sku, updated_at=self._now()), **values)])
        entry = Written(write=write, result=ItemResult(ref=write.key, ok=True))
        self._remember(entry)
        self._journal.append(entry)
        return entry.result

    def _refusal(self, write: ProductWrite, product: Product | None) -> ItemResult | None:
        code = ""
        if write.create and product is not None:
            code = "exists"
        elif not write.create and product is None:
            code = "missing"
        elif product is not None and write.base_version is not None and write.base_version != product.version:
            code = "version"
        if not code:
            return None
        version = None if product is None else product.version
        message = f"Product {write.product.sku!r} is at version {version}, not {write.base_version}"
        return ItemResult(ref=write.key, ok=False, code=code, message=message)

    def _remember(self, entry: Written) -> None:
        self.writes[entry.write.key] = entry

    def _books(self, _call: Call) -> Answer:
        page = self._shelf.page(Window(mode=FetchMode.SWEEP), None, 10_000)
        writes = [{"write": entry.write, "received": self.written[key]} for key, entry in self.writes.items()]
        return ok({"products": page["items"], "writes": writes})

    def _put_in(self, call: Call) -> Answer:
        products = decode(call.body, ProductsIn, "a list of products").products
        self.put(products)
        return ok({"put": len(products)})

    def _edit_in(self, call: Call) -> Answer:
        values = decode(call.body, dict[str, Any], "values of a product")
        product = self._known(str(values.get("sku", "")))
        merged = {**msgspec.to_builtins(product), **values}
        try:
            self.put([msgspec.convert(merged, Product)])
        except msgspec.ValidationError as error:
            raise Refused(422, "invalid", f"That makes no product: {error}") from None
        return ok(self._known(product.sku))

    def _delete_in(self, call: Call) -> Answer:
        sku = decode(call.body, SkuIn, "an SKU").sku
        self.delete(sku)
        return ok(self._known(sku))


def _sku(product: Product) -> str:
    return product.sku


def _stamp(product: Product) -> datetime:
    return product.updated_at


def _deleted(product: Product) -> bool:
    return product.deleted
