"""Bindings: a product of a warehouse, what both sides agreed on last, and whether it is to be looked at."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct, field

from crossdock.rules.merge import Decision
from crossdock.store import counters
from crossdock.store.orders import marks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.store.store import Transaction


class BindingState(StrEnum):
    """Where a product of a warehouse stands (DOMAIN 4.3 H).

    UNBOUND: only one side has it. PROPOSED: both have it, under exactly the same SKU, and the first contact waits for its
    plan. BOUND: kept in step. CONFLICT: kept in step but for fields that wait for a person. RETIRED: deleted on a side.
    """

    UNBOUND = "unbound"
    PROPOSED = "proposed"
    BOUND = "bound"
    CONFLICT = "conflict"
    RETIRED = "retired"


_B = BindingState
ALLOWED: dict[BindingState, frozenset[BindingState]] = {
    _B.UNBOUND: frozenset({_B.PROPOSED, _B.RETIRED}),
    _B.PROPOSED: frozenset({_B.BOUND, _B.CONFLICT, _B.RETIRED}),
    _B.BOUND: frozenset({_B.CONFLICT, _B.RETIRED}),
    _B.CONFLICT: frozenset({_B.BOUND, _B.RETIRED}),
    _B.RETIRED: frozenset({_B.PROPOSED, _B.BOUND, _B.CONFLICT}),
}
"""The steps of a binding; one that comes back from the dead goes on where its base says."""

LAST = "\U0010ffff"
"""The character behind all others."""
NOT_LOOKED, LOOKING, ABSENT = 0, 1, 2
"""Whether the side that never showed the product was asked for it."""


class Binding(Struct, frozen=True, kw_only=True):
    """A row. `dirty` is a number that only grows with every change that has to be looked at, None if there is none.

    `approved`: the brake let it pass. `pending`: fields of it wait for a plan. `revision` counts writes, `agreed` how often
    the base changed.
    """

    id: int
    warehouse: str
    sku: str
    state: BindingState
    base: dict[str, Any] = field(default_factory=dict)
    decisions: dict[str, Decision] = field(default_factory=dict)
    dirty: int | None = None
    approved: int = 0
    pending: int | None = None
    looked: int = NOT_LOOKED
    revision: int = 0
    agreed: int = 0
    changed_at: int = 0


FIELDS = Binding.__struct_fields__
COLUMNS = ", ".join(FIELDS)
_SAVED = tuple(name for name in FIELDS if name not in {"id", "warehouse", "sku"})
_SAVE = "UPDATE product_bindings SET " + ", ".join(f"{name} = ?" for name in _SAVED) + " WHERE id = ?"
_TOUCH = (
    "INSERT INTO product_bindings (warehouse, sku, state, base, decisions, dirty, approved, looked, revision, agreed, "
    "changed_at) VALUES (?, ?, 'unbound', ?, ?, ?, 0, 0, 0, 0, ?) "
    "ON CONFLICT (warehouse, sku) DO UPDATE SET dirty = excluded.dirty, approved = 0"
)
_ENROL = (
    "INSERT INTO product_bindings (warehouse, sku, state, base, decisions, dirty, approved, looked, revision, agreed, "
    "changed_at) SELECT ?, s.sku, 'unbound', ?, ?, ?, 0, 0, 0, 0, ? FROM product_seen s WHERE s.connection IN (?, ?) "
    "GROUP BY s.sku ON CONFLICT (warehouse, sku) DO UPDATE SET dirty = excluded.dirty, approved = 0, looked = "
    "CASE WHEN product_bindings.looked = 2 THEN 0 ELSE product_bindings.looked END"
)
_EMPTY = b"{}"


class UnlistedStep(ValueError):
    """A change of state that the state machine of bindings does not know; nothing was changed."""

    def __init__(self, before: BindingState, after: BindingState) -> None:
        super().__init__(f"a binding cannot go from {before.name} to {after.name}; nothing was changed")


def touch(tx: Transaction, warehouses: Sequence[str], sku: str, now: int) -> None:
    """Have a product looked at in these warehouses; it is bound to none of them yet if it is new."""
    for warehouse in warehouses:
        tx.execute(_TOUCH, (warehouse, sku, _EMPTY, _EMPTY, counters.take(tx, "product_dirty"), now))


def enrol(tx: Transaction, warehouse: str, oms: str, wms: str, now: int) -> int:
    """Have every product that either side has shown looked at; return how many."""
    return tx.execute(_ENROL, (warehouse, _EMPTY, _EMPTY, counters.take(tx, "product_dirty"), now, oms, wms))


def save(tx: Transaction, before: Binding, after: Binding) -> None:
    """Save a binding. Raises UnlistedStep."""
    if before.state is not after.state and after.state not in ALLOWED[before.state]:
        raise UnlistedStep(before.state, after.state)
    plain = {name: getattr(after, name) for name in _SAVED}
    plain |= {"base": msgspec.json.encode(after.base), "decisions": msgspec.json.encode(after.decisions)}
    tx.execute(_SAVE, (*plain.values(), after.id))


def get(tx: Transaction, warehouse: str, sku: str) -> Binding | None:
    """Return a binding."""
    row = tx.one("SELECT " + COLUMNS + " FROM product_bindings WHERE warehouse = ? AND sku = ?", (warehouse, sku))
    return None if row is None else _binding(row)


def dirty(tx: Transaction, warehouse: str, after: str, limit: int, *, approved: bool = False) -> list[Binding]:
    """Return bindings of a warehouse that are to be looked at, by SKU behind `after`; only those let pass, if asked."""
    sql = (
        "SELECT " + COLUMNS + " FROM product_bindings WHERE warehouse = ? AND dirty IS NOT NULL AND sku > ? "
        "AND approved >= ? ORDER BY sku LIMIT ?"
    )
    return [_binding(row) for row in tx.rows(sql, (warehouse, after, int(approved), limit))]


def waiting(tx: Transaction, warehouse: str, limit: int) -> int:
    """Count what is to be looked at and was not let pass by the brake yet, up to `limit`."""
    sql = (
        "SELECT COUNT(*) FROM (SELECT 1 FROM product_bindings WHERE warehouse = ? AND dirty IS NOT NULL "
        "AND approved = 0 LIMIT ?) AS found"
    )
    return int(tx.one(sql, (warehouse, limit))[0])


def approve(tx: Transaction, warehouse: str, mark: int) -> int:
    """Let everything pass that was to be looked at when the number `mark` was the last; return how much."""
    sql = "UPDATE product_bindings SET approved = 1 WHERE warehouse = ? AND dirty IS NOT NULL AND approved = 0 AND dirty <= ?"
    return tx.execute(sql, (warehouse, mark))


def bound(tx: Transaction, warehouse: str) -> int:
    """Count the products of a warehouse that are kept in step."""
    sql = "SELECT COUNT(*) FROM product_bindings WHERE warehouse = ? AND state IN ('bound', 'conflict')"
    return int(tx.one(sql, (warehouse,))[0])


def counts(tx: Transaction, warehouse: str) -> dict[str, int]:
    """Count the products of a warehouse by state."""
    sql = "SELECT state, COUNT(*) FROM product_bindings WHERE warehouse = ? GROUP BY state"
    return {row[0]: int(row[1]) for row in tx.rows(sql, (warehouse,))}


def page(tx: Transaction, warehouse: str, state: str | None, after: str, limit: int, start: str = "") -> list[Binding]:
    """Return bindings of a warehouse by SKU behind `after`: only those in a state, and whose SKU begins with `start`."""
    where, values = "warehouse = ?", [warehouse]
    if state is not None:
        where, values = where + " AND state = ?", [*values, state]
    where, values = where + " AND sku > ?", [*values, after]
    if start:
        where, values = where + " AND sku >= ? AND sku < ?", [*values, start, start + LAST]
    sql = "SELECT " + COLUMNS + " FROM product_bindings WHERE " + where + " ORDER BY sku LIMIT ?"
    return [_binding(row) for row in tx.rows(sql, (*values, limit))]


def to_plan(tx: Transaction, warehouse: str, after: str, limit: int) -> list[Binding]:
    """Return bindings whose first contact waits for a plan, by SKU behind `after`."""
    sql = (
        "SELECT " + COLUMNS + " FROM product_bindings WHERE warehouse = ? AND pending IS NOT NULL AND sku > ? "
        "ORDER BY sku LIMIT ?"
    )
    return [_binding(row) for row in tx.rows(sql, (warehouse, after, limit))]


def of_skus(tx: Transaction, warehouses: Sequence[str], skus: Sequence[str]) -> list[Binding]:
    """Return the bindings of these SKUs in these warehouses."""
    if not warehouses or not skus:
        return []
    sql = (
        "SELECT " + COLUMNS + " FROM product_bindings WHERE sku IN (" + marks(len(skus)) + ") AND warehouse IN ("
        + marks(len(warehouses)) + ") ORDER BY id"
    )  # fmt: skip
    return [_binding(row) for row in tx.rows(sql, (*skus, *warehouses))]


def looked(tx: Transaction, warehouses: Sequence[str], sku: str, found: int) -> None:
    """Note that a side surely has no such product (ABSENT), or may be asked again."""
    for warehouse in warehouses:
        tx.execute("UPDATE product_bindings SET looked = ? WHERE warehouse = ? AND sku = ?", (found, warehouse, sku))


def _binding(row: tuple[object, ...]) -> Binding:
    values: dict[str, Any] = dict(zip(FIELDS, row, strict=True))
    values["state"] = BindingState(values["state"])
    values["base"] = msgspec.json.decode(values["base"])
    values["decisions"] = msgspec.json.decode(values["decisions"], type=dict[str, Decision])
    return Binding(**values)
