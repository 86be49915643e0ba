"""Orders as stored: what is known of a page, and the rows that a page leaves behind."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.store import counters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.store.store import Transaction


class StoredOrder(Struct, frozen=True, kw_only=True, gc=False):
    """An order's row. `payload` is the connector's own slice where `sliced`, else the JSON of the record.

    `personal` says what is left of its personal data: 2 everything, 1 all but the bytes that were sent, 0 nothing.
    """

    id: int
    connection: str
    ref: str
    number: str
    content_hash: int
    payload: bytes
    sliced: bool
    status: str
    shop: str
    logistics: str
    created_at: int
    revision: int
    fetched_at: int
    hold: str | None = None
    gift_released: bool = False
    personal: int = 2


COLUMNS = (
    "id, connection, ref, number, content_hash, payload, sliced, status, shop, logistics, created_at, revision, "
    "fetched_at, hold, gift_released, personal"
)
_columns_of = attrgetter(*StoredOrder.__struct_fields__)
_INSERT = (
    "INSERT INTO orders (id, connection, ref, number, content_hash, payload, sliced, status, shop, logistics, "
    "created_at, revision, fetched_at, hold, gift_released, personal) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
)
_UPDATE = (
    "UPDATE orders SET number = ?, content_hash = ?, payload = ?, sliced = ?, status = ?, shop = ?, logistics = ?, "
    "created_at = ?, revision = ?, fetched_at = ?, personal = ? WHERE id = ?"
)


def marks(count: int) -> str:
    """Return `count` placeholders for an IN list."""
    return ",".join("?" * count)


def known_hashes(tx: Transaction, connection: str, refs: Sequence[str]) -> dict[str, int]:
    """Return the content hash of each of these orders that is stored. At most 1,000 refs."""
    sql = "SELECT ref, content_hash FROM orders WHERE connection = ? AND ref IN (" + marks(len(refs)) + ")"
    return dict(tx.rows(sql, (connection, *refs)))


def load(tx: Transaction, connection: str, refs: Sequence[str]) -> dict[str, StoredOrder]:
    """Return the stored orders among these refs. At most 1,000 refs."""
    if not refs:
        return {}
    sql = "SELECT " + COLUMNS + " FROM orders WHERE connection = ? AND ref IN (" + marks(len(refs)) + ")"
    return {order.ref: order for order in map(_stored, tx.rows(sql, (connection, *refs)))}


def load_ids(tx: Transaction, ids: Sequence[int]) -> dict[int, StoredOrder]:
    """Return the stored orders with these ids. At most 1,000 ids."""
    if not ids:
        return {}
    sql = "SELECT " + COLUMNS + " FROM orders WHERE id IN (" + marks(len(ids)) + ")"
    return {order.id: order for order in map(_stored, tx.rows(sql, tuple(ids)))}


def find(tx: Transaction, text: str, connection: str | None = None) -> list[StoredOrder]:
    """Find orders whose ref or number is exactly `text`, at most 20."""
    sql = (
        "SELECT "
        + COLUMNS
        + " FROM orders WHERE (ref = ? OR number = ?) AND (connection = ? OR ? IS NULL) ORDER BY id LIMIT 20"
    )
    return [_stored(row) for row in tx.rows(sql, (text, text, connection, connection))]


def reserve(tx: Transaction, count: int) -> int:
    """Reserve `count` order ids; return the first."""
    return counters.take(tx, "orders", count)


def insert(tx: Transaction, orders: Sequence[StoredOrder]) -> None:
    """Store new orders."""
    tx.execute_many(_INSERT, list(map(_columns_of, orders)))


def update(tx: Transaction, orders: Sequence[StoredOrder]) -> None:
    """Store what the OMS says now about orders that are known."""
    tx.execute_many(
        _UPDATE,
        [
            (
                o.number,
                o.content_hash,
                o.payload,
                o.sliced,
                o.status,
                o.shop,
                o.logistics,
                o.created_at,
                o.revision,
                o.fetched_at,
                o.personal,
                o.id,
            )
            for o in orders
        ],
    )


def set_hold(tx: Transaction, order_id: int, reason: str | None) -> None:
    """Hold an order here, or release it with None."""
    tx.execute("UPDATE orders SET hold = ? WHERE id = ?", (reason, order_id))


def release_gifts(tx: Transaction, order_id: int) -> None:
    """Remember that a person let the order pass the gift gate."""
    tx.execute("UPDATE orders SET gift_released = ? WHERE id = ?", (True, order_id))


def _stored(row: tuple[object, ...]) -> StoredOrder:
    return StoredOrder(**dict(zip(StoredOrder.__struct_fields__, row, strict=True)))  # type: ignore[arg-type]  # columns in the order of the fields


def id_of(tx: Transaction, connection: str, ref: str) -> int | None:
    """Return the id of an order by its reference, or None."""
    row = tx.one("SELECT id FROM orders WHERE connection = ? AND ref = ?", (connection, ref))
    return None if row is None else int(row[0])
