"""Plans of first contacts, as they were shown, and the brakes of warehouses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct, field

from crossdock.store import counters

if TYPE_CHECKING:
    from crossdock.store.store import Transaction


class Plan(Struct, frozen=True, kw_only=True):
    """A plan. `state`: "making", "open", "applying", "applied", "discarded". `policy` is the revision of the settings.

    `adopted`, `filled` and `conflicted` count fields, `products` the products.
    """

    id: int
    warehouse: str
    state: str
    made_at: int
    actor: str
    policy: int
    products: int = 0
    adopted: int = 0
    filled: int = 0
    conflicted: int = 0
    applied_at: int | None = None


class Fill(Struct, frozen=True, kw_only=True):
    """A value for a side that has none; `oms` and `wms` are what both said when it was planned."""

    to: str
    value: Any
    oms: Any
    wms: Any


class Apart(Struct, frozen=True, kw_only=True):
    """A field that both sides fill differently."""

    oms: Any
    wms: Any


class PlanItem(Struct, frozen=True, kw_only=True):
    """What a plan does about one product, by field."""

    sku: str
    adopt: dict[str, Any] = field(default_factory=dict)
    fill: dict[str, Fill] = field(default_factory=dict)
    conflict: dict[str, Apart] = field(default_factory=dict)


class Brake(Struct, frozen=True, kw_only=True):
    """Changes that wait for a person: so many, of so many products that are kept in step. `engaged_at` is in ms."""

    warehouse: str
    engaged_at: int
    changes: int
    bound: int


COLUMNS = ", ".join(Plan.__struct_fields__)
_decode = msgspec.json.Decoder(PlanItem).decode
_STALE = (
    "SELECT i.sku FROM product_plan_items i LEFT JOIN product_seen o ON o.connection = ? AND o.sku = i.sku "
    "LEFT JOIN product_seen w ON w.connection = ? AND w.sku = i.sku WHERE i.plan_id = ? AND i.applied = 0 "
    "AND i.token <> COALESCE(o.digest, '') || '|' || COALESCE(w.digest, '') ORDER BY i.sku LIMIT 1"
)


def begin(tx: Transaction, warehouse: str, policy: int, actor: str, now: int) -> int:
    """Start a plan; those of the warehouse that were not applied are discarded."""
    tx.execute(
        "DELETE FROM product_plan_items WHERE plan_id IN (SELECT id FROM product_plans WHERE warehouse = ? "
        "AND state IN ('making', 'open'))",
        (warehouse,),
    )
    tx.execute(
        "UPDATE product_plans SET state = 'discarded' WHERE warehouse = ? AND state IN ('making', 'open')", (warehouse,)
    )
    number = counters.take(tx, "product_plans")
    plan = Plan(id=number, warehouse=warehouse, state="making", made_at=now, actor=actor, policy=policy)
    tx.execute(
        "INSERT INTO product_plans (" + COLUMNS + ") VALUES (" + ",".join("?" * len(Plan.__struct_fields__)) + ")",
        tuple(getattr(plan, name) for name in Plan.__struct_fields__),
    )
    return number


def add(tx: Transaction, plan: int, token: str, item: PlanItem) -> None:
    """Add a product to a plan. `token` names the states of both sides that it rests on."""
    tx.execute(
        "INSERT INTO product_plan_items (plan_id, sku, token, body, applied) VALUES (?, ?, ?, ?, 0)",
        (plan, item.sku, token, msgspec.json.encode(item)),
    )
    tx.execute(
        "UPDATE product_plans SET products = products + 1, adopted = adopted + ?, filled = filled + ?, "
        "conflicted = conflicted + ? WHERE id = ?",
        (len(item.adopt), len(item.fill), len(item.conflict), plan),
    )


def move(tx: Transaction, plan: int, state: str, now: int | None = None) -> None:
    """Set a plan's state."""
    tx.execute(
        "UPDATE product_plans SET state = ?, applied_at = COALESCE(?, applied_at) WHERE id = ?", (state, now, plan)
    )


def get(tx: Transaction, plan: int) -> Plan | None:
    """Return a plan."""
    row = tx.one("SELECT " + COLUMNS + " FROM product_plans WHERE id = ?", (plan,))
    return None if row is None else Plan(**dict(zip(Plan.__struct_fields__, row, strict=True)))


def newest(tx: Transaction, warehouse: str) -> Plan | None:
    """Return the plan of a warehouse that was made last."""
    row = tx.one("SELECT " + COLUMNS + " FROM product_plans WHERE warehouse = ? ORDER BY id DESC LIMIT 1", (warehouse,))
    return None if row is None else Plan(**dict(zip(Plan.__struct_fields__, row, strict=True)))


def items(tx: Transaction, plan: int, after: str, limit: int) -> list[PlanItem]:
    """Return what a plan does, by SKU behind `after`."""
    sql = "SELECT body FROM product_plan_items WHERE plan_id = ? AND sku > ? ORDER BY sku LIMIT ?"
    return [_decode(row[0]) for row in tx.rows(sql, (plan, after, limit))]


def to_apply(tx: Transaction, plan: int, after: str, limit: int) -> list[tuple[str, PlanItem]]:
    """Return (token, item) of what is not applied yet, by SKU behind `after`."""
    sql = (
        "SELECT token, body FROM product_plan_items WHERE plan_id = ? AND sku > ? AND applied = 0 ORDER BY sku LIMIT ?"
    )
    return [(row[0], _decode(row[1])) for row in tx.rows(sql, (plan, after, limit))]


def done(tx: Transaction, plan: int, sku: str) -> None:
    """Note that a product's part of a plan is applied."""
    tx.execute("UPDATE product_plan_items SET applied = 1 WHERE plan_id = ? AND sku = ?", (plan, sku))


def stale(tx: Transaction, plan: int, oms: str, wms: str) -> str | None:
    """Return a product that one side has changed since the plan was made, or None."""
    row = tx.one(_STALE, (oms, wms, plan))
    return None if row is None else str(row[0])


def brake(tx: Transaction, warehouse: str) -> Brake | None:
    """Return a warehouse's brake if it is engaged."""
    row = tx.one("SELECT warehouse, engaged_at, changes, bound FROM product_brakes WHERE warehouse = ?", (warehouse,))
    return None if row is None else Brake(warehouse=row[0], engaged_at=row[1], changes=row[2], bound=row[3])


def engage(tx: Transaction, found: Brake) -> None:
    """Engage a brake."""
    tx.execute(
        "INSERT INTO product_brakes (warehouse, engaged_at, changes, bound) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (warehouse) DO UPDATE SET changes = excluded.changes, bound = excluded.bound",
        (found.warehouse, found.engaged_at, found.changes, found.bound),
    )


def release(tx: Transaction, warehouse: str) -> bool:
    """Release a brake; False if it was not engaged."""
    return tx.execute("DELETE FROM product_brakes WHERE warehouse = ?", (warehouse,)) == 1
