"""Conflicts of master data: a field that both sides changed, with all three values, and how it was decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, Struct

from crossdock.store import counters

if TYPE_CHECKING:
    from crossdock.store.store import Transaction


class Conflict(Struct, frozen=True, kw_only=True):
    """A row. Times are milliseconds UTC; `open` is 1 until it is decided.

    `why`: "both_changed", "first_contact" (there was no base) or "altered" (a system keeps another value than was written).
    `taken`: "oms", "wms", "base", "value", or the rule that decided; "agreed" if the systems came together by themselves.
    """

    id: int
    warehouse: str
    sku: str
    field: str
    agreed: int
    base: Any
    oms: Any
    wms: Any
    opened_at: int
    open: int | None
    why: str
    taken: str = ""
    value: Any = None
    actor: str = ""
    reason: str = ""
    resolved_at: int | None = None


class Three(Struct, frozen=True, kw_only=True):
    """The three values of a field; a base that is UNSET is kept as null."""

    base: Any
    oms: Any
    wms: Any


FIELDS = Conflict.__struct_fields__
COLUMNS = ", ".join(FIELDS)
_INSERT = "INSERT INTO product_conflicts (" + COLUMNS + ") VALUES (" + ",".join("?" * len(FIELDS)) + ")"
_VALUES = ("base", "oms", "wms", "value")


def _json(value: Any) -> bytes:
    return b"null" if value is UNSET else msgspec.json.encode(value)


def open_of(tx: Transaction, warehouse: str, sku: str) -> dict[str, Conflict]:
    """Return the open conflicts of a product by field."""
    sql = "SELECT " + COLUMNS + " FROM product_conflicts WHERE warehouse = ? AND sku = ? AND open = 1 LIMIT 100"
    return {row[3]: _conflict(row) for row in tx.rows(sql, (warehouse, sku))}


def keep_open(  # noqa: PLR0917 - a row
    tx: Transaction, warehouse: str, sku: str, field: str, three: Three, agreed: int, why: str, now: int
) -> None:
    """Open a conflict, or note what it is about now."""
    values = (_json(three.base), _json(three.oms), _json(three.wms))
    sql = (
        "UPDATE product_conflicts SET base = ?, oms = ?, wms = ? "
        "WHERE warehouse = ? AND sku = ? AND field = ? AND open = 1"
    )
    if tx.execute(sql, (*values, warehouse, sku, field)):
        return
    number = counters.take(tx, "product_conflicts")
    tx.execute(
        _INSERT, (number, warehouse, sku, field, agreed, *values, now, 1, why, "", b"null", "", "", None)
    )  # fmt: skip


def ruled(  # noqa: PLR0917 - a row
    tx: Transaction, warehouse: str, sku: str, field: str, three: Three, agreed: int, rule: str, value: Any, now: int
) -> bool:
    """Keep a conflict that a rule decided at once; False if that is known (the write is tried again)."""
    known = tx.one(
        "SELECT id FROM product_conflicts WHERE warehouse = ? AND sku = ? AND field = ? AND agreed = ? AND taken = ? "
        "AND oms = ? AND wms = ? LIMIT 1",
        (warehouse, sku, field, agreed, rule, _json(three.oms), _json(three.wms)),
    )
    if known is not None:
        return False
    number = counters.take(tx, "product_conflicts")
    values = (_json(three.base), _json(three.oms), _json(three.wms))
    tx.execute(
        _INSERT,
        (number, warehouse, sku, field, agreed, *values, now, None, "both_changed", rule, _json(value), "", "", now),
    )
    return True


def close(tx: Transaction, number: int, taken: str, value: Any, now: int, actor: str = "", reason: str = "") -> bool:
    """Close an open conflict; False if it is not open any more."""
    sql = (
        "UPDATE product_conflicts SET open = NULL, taken = ?, value = ?, resolved_at = ?, actor = ?, reason = ? "
        "WHERE id = ? AND open IS NOT NULL"
    )
    return tx.execute(sql, (taken, _json(value), now, actor, reason, number)) == 1


def get(tx: Transaction, number: int) -> Conflict | None:
    """Return a conflict."""
    row = tx.one("SELECT " + COLUMNS + " FROM product_conflicts WHERE id = ?", (number,))
    return None if row is None else _conflict(row)


def page(
    tx: Transaction,
    warehouse: str,
    after: int,
    limit: int,
    field: str | None = None,
    sku: str | None = None,
    *,
    decided: bool = False,
) -> list[Conflict]:
    """Return open conflicts of a warehouse (or all, with those decided) with an id above `after`, oldest first.

    Only those of a field and of a SKU, if named.
    """
    which = "" if decided else " AND open = 1"
    values: list[str | int] = [warehouse]
    if sku is not None:
        which, values = which + " AND sku = ?", [*values, sku]
    if field is not None:
        which, values = which + " AND field = ?", [*values, field]
    sql = (
        "SELECT " + COLUMNS + " FROM product_conflicts WHERE warehouse = ?" + which + " AND id > ? ORDER BY id LIMIT ?"
    )
    return [_conflict(row) for row in tx.rows(sql, (*values, after, limit))]


def count(tx: Transaction, warehouse: str) -> int:
    """Count the open conflicts of a warehouse."""
    sql = "SELECT COUNT(*) FROM product_conflicts WHERE warehouse = ? AND open = 1"
    return int(tx.one(sql, (warehouse,))[0])


def _conflict(row: tuple[object, ...]) -> Conflict:
    values: dict[str, Any] = dict(zip(FIELDS, row, strict=True))
    for name in _VALUES:
        values[name] = msgspec.json.decode(values[name])
    return Conflict(**values)
