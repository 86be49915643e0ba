"""The stream of products: what each system shows is kept, and has the products that it touches looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.flows.pull_stream import Taken
from crossdock.rules.product_fields import folded
from crossdock.store import bindings, incidents, products
from crossdock.store.incidents import Cause, Trouble
from crossdock.store.products import Found
from crossdock.store.tasks import Item, Totals
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Protocol

    from crossdock.flows.house import House
    from crossdock.rules.book import Book
    from crossdock.spec.listing import Listing
    from crossdock.spec.orders import Window
    from crossdock.spec.products import Product
    from crossdock.store.store import Transaction

    class Lists(Protocol):
        """What the stream needs of a connection."""

        async def fetch_products(self, window: Window, cursor: str | None, limit: int) -> Listing[Product]:
            """Return one page."""
            ...


STREAM = "products"


def concerned(book: Book, connection: str) -> list[str]:
    """Name the warehouses whose product data is kept in step through a connection, as hub or as spoke."""
    found = []
    for code, policy in book.masters.items():
        warehouse = book.warehouses.get(code)
        if policy.enabled and warehouse is not None and connection in (policy.oms, warehouse.connection):
            found.append(code)
    return sorted(found)


class ProductStream:
    """The products of one connection; it is not asked for any while no warehouse keeps them in step."""

    name = STREAM

    def __init__(self, connection: str, link: Lists, house: House) -> None:
        self._connection, self._link, self._house = connection, link, house

    def wanted(self, tx: Transaction) -> bool:
        """Tell whether a warehouse keeps its products in step through this connection."""
        return bool(concerned(self._house.books.current(tx), self._connection))

    async def fetch(self, window: Window, cursor: str | None, limit: int) -> Listing[Product]:
        """Return one page."""
        return await self._link.fetch_products(window, cursor, limit)

    def absorb(self, tx: Transaction, connection: str, items: Sequence[Product], now: datetime) -> Taken:
        """Keep what is newer than what is known, and have it looked at."""
        return take_in(tx, connection, items, concerned(self._house.books.current(tx), connection), to_ms(now))

    def ref_of(self, item: Product) -> str:
        """Name a product."""
        return item.sku


def take_in(tx: Transaction, connection: str, items: Sequence[Product], warehouses: Sequence[str], now: int) -> Taken:
    """Keep products as a system shows them; what changed is looked at in these warehouses."""
    changed: list[Item] = []
    for product in items:
        found = products.see(tx, connection, product, now)
        if found in (Found.NEW, Found.CHANGED):
            changed.append(Item(product.sku, found.value))
            bindings.touch(tx, warehouses, product.sku, now)
            _tell_twins(tx, connection, product, now)
    totals = Totals(found=len(items), changed=len(changed), unchanged=len(items) - len(changed))
    return Taken(totals=totals, items=tuple(changed))


def _tell_twins(tx: Transaction, connection: str, product: Product, now: int) -> None:
    """SKUs that differ only by case or space are different products; somebody should know that both exist."""
    twins = [] if product.deleted else products.twins(tx, connection, product.sku)
    if not twins:
        incidents.heal(tx, subject(connection, product.sku), now, operation="twins")
        return
    for sku, other in [(product.sku, twins[0]), *((twin, product.sku) for twin in twins)]:
        trouble = Trouble(
            cause=Cause.VALIDATION, connection=connection, operation="twins", code="twins", missing=folded(product.sku),
            text=f"{connection} has SKUs that differ only by case or space; crossdock takes them for different products. "
            "Rename or delete those that are not meant",
        )  # fmt: skip
        incidents.report(tx, trouble, subject(connection, sku), now, f"beside '{other}'")


def subject(scope: str, sku: str) -> str:
    """Name a product of a connection or warehouse among what incidents hold."""
    return f"product:{scope}:{sku}"
