"""Products as each system showed them last. Any state may come any number of times in any order: the newest stays."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from crossdock.rules.merge import newer
from crossdock.rules.product_fields import folded, values_of
from crossdock.spec.products import Product
from crossdock.store.orders import marks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.store.store import Transaction


class Seen(Struct, frozen=True, kw_only=True):
    """A product of one connection. `origin` is the warehouse whose change was written there last, "" if the system's own.

    `digest` is of all its values in their normal form; `written` is the digest after our last write, `before` the one
    that it replaced.
    """

    connection: str
    sku: str
    product: Product
    digest: str
    origin: str = ""
    written: str = ""
    before: str = ""


class Found(StrEnum):
    """What a state of a product brought."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    ECHO = "echo"
    OLD = "old"


_COLUMNS = "connection, sku, body, digest, origin, written, before"
_PUT = (
    "INSERT INTO product_seen (connection, sku, folded, body, digest, origin, written, before, deleted, seen_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (connection, sku) DO UPDATE SET body = excluded.body, "
    "digest = excluded.digest, origin = excluded.origin, written = excluded.written, before = excluded.before, "
    "deleted = excluded.deleted, seen_at = excluded.seen_at"
)
_decode = msgspec.json.Decoder(Product).decode


def digest_of(product: Product) -> str:
    """Return a hash of what a product says, whatever its version and stamp."""
    content = (product.deleted, sorted(values_of(product).items()))
    return hashlib.blake2b(msgspec.json.encode(content), digest_size=16).hexdigest()


def get(tx: Transaction, connection: str, sku: str) -> Seen | None:
    """Return a product as it was seen last."""
    return get_many(tx, connection, [sku]).get(sku)


def get_many(tx: Transaction, connection: str, skus: Sequence[str]) -> dict[str, Seen]:
    """Return products as they were seen last, at most 1,000."""
    if not skus:
        return {}
    sql = "SELECT " + _COLUMNS + " FROM product_seen WHERE connection = ? AND sku IN (" + marks(len(skus)) + ")"
    return {row[1]: _seen(row) for row in tx.rows(sql, (connection, *skus))}


def _seen(row: tuple[str, str, bytes, str, str, str, str]) -> Seen:
    connection, sku, body, digest, origin, written, before = row
    return Seen(
        connection=connection, sku=sku, product=_decode(body), digest=digest, origin=origin, written=written, before=before
    )  # fmt: skip


def see(tx: Transaction, connection: str, product: Product, now: int) -> Found:
    """Take a product in as its system showed it; what is older than what is known, or an echo of our write, changes nothing."""
    known = get(tx, connection, product.sku)
    digest = digest_of(product)
    if known is None:
        _put(tx, Seen(connection=connection, sku=product.sku, product=product, digest=digest), now)
        return Found.NEW
    held = known.product
    if not newer((held.updated_at, held.version), (product.updated_at, product.version)):
        return Found.OLD
    same_stamp = (held.updated_at, held.version) == (product.updated_at, product.version)
    if same_stamp and digest != known.digest and digest == known.before:
        return Found.OLD  # a page that was on its way when we wrote, of a system whose stamps are coarse
    if digest == known.digest:
        if not same_stamp:
            _put(tx, msgspec.structs.replace(known, product=product), now)
        return Found.ECHO if digest == known.written else Found.SAME
    _put(tx, msgspec.structs.replace(known, product=product, digest=digest, origin=""), now)
    return Found.CHANGED


def wrote(tx: Transaction, connection: str, product: Product, origin: str, now: int) -> None:
    """Keep a product as it was read back after our write; what the system shows as the same later is an echo."""
    known = get(tx, connection, product.sku)
    digest = digest_of(product)
    before = "" if known is None else known.digest
    seen = Seen(
        connection=connection, sku=product.sku, product=product, digest=digest, origin=origin, written=digest,
        before=before,
    )  # fmt: skip
    _put(tx, seen, now)


def gone(tx: Transaction, connection: str, sku: str, now: int) -> bool:
    """The system surely has a product no more; False if it never was seen. It is kept as a tombstone."""
    known = get(tx, connection, sku)
    if known is None:
        return False
    dead = msgspec.structs.replace(known.product, deleted=True)
    _put(tx, msgspec.structs.replace(known, product=dead, digest=digest_of(dead)), now)
    return True


def _put(tx: Transaction, seen: Seen, now: int) -> None:
    values = (
        seen.connection, seen.sku, folded(seen.sku), msgspec.json.encode(seen.product), seen.digest, seen.origin,
        seen.written, seen.before, int(seen.product.deleted), now,
    )  # fmt: skip
    tx.execute(_PUT, values)


def twins(tx: Transaction, connection: str, sku: str) -> list[str]:
    """Return the living SKUs of a connection that differ from this one only by case or space, at most 20."""
    sql = (
        "SELECT sku FROM product_seen WHERE connection = ? AND folded = ? AND sku <> ? AND deleted = 0 "
        "ORDER BY sku LIMIT 20"
    )
    return [row[0] for row in tx.rows(sql, (connection, folded(sku), sku))]
