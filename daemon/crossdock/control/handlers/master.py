"""Master data: settings of a warehouse, its products, plans of first contacts, conflicts, the brake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from crossdock.control import known
from crossdock.control.handlers.actions import queued
from crossdock.control.problems import not_found, not_valid
from crossdock.control.records.master import (
    MasterBrake,
    MasterConflict,
    MasterConflictPage,
    MasterPlan,
    MasterPlanPage,
    MasterProduct,
    MasterProductPage,
    MasterStatus,
    PlannedProduct,
    Released,
)
from crossdock.rules.master_policy import DEFAULTS, MasterPolicy
from crossdock.rules.product_fields import values_of
from crossdock.store import bindings, conflicts, master_plans, products, views
from crossdock.store.times import from_ms

if TYPE_CHECKING:
    from crossdock.control.records.asks import Queued
    from crossdock.control.records.master import (
        ApplyPlan,
        ConflictQuery,
        FetchProducts,
        MasterProductQuery,
        PlanQuery,
        ResolveConflict,
    )
    from crossdock.control.route import Call
    from crossdock.store.bindings import Binding
    from crossdock.store.conflicts import Conflict
    from crossdock.store.master_plans import Brake, Plan
    from crossdock.store.store import Transaction


async def show_policy(call: Call[None, object]) -> MasterPolicy:
    """Show a warehouse's master data settings; those that nobody saved yet are off, at revision 0."""
    return await _policy(call, call.path["warehouse"])


async def _policy(call: Call[Any, Any], code: str) -> MasterPolicy:
    """Return the settings of a warehouse, the defaults where nobody saved any."""
    found = await call.engine.store.read(views.entry, MasterPolicy, code)
    if found is not None:
        return found
    known = await call.engine.store.read(call.engine.books.current)
    if code not in known.warehouses:
        raise not_found(f"there is no warehouse '{code}'")
    hubs = sorted(name for name, link in call.engine.links.items() if link.kind in ("oms", "both"))
    return MasterPolicy(warehouse=code, oms=hubs[0] if hubs else "-", fields=dict(DEFAULTS))


async def save_policy(call: Call[MasterPolicy, object]) -> MasterPolicy:
    """Save a warehouse's master data settings; `revision` is the one that was read. Nothing is written before a plan is applied."""
    if call.body.warehouse != call.path["warehouse"]:
        raise not_valid(f"the path says warehouse '{call.path['warehouse']}', the body '{call.body.warehouse}'")
    return await call.requests.master.save_policy(call.body, call.audited())


async def show_status(call: Call[None, object]) -> MasterStatus:
    """Show how master data of a warehouse stands."""
    policy = await _policy(call, call.path["warehouse"])
    counts, opened, brake, plan = await call.engine.store.read(_standing, policy.warehouse)
    shown = None
    if brake is not None:
        shown = MasterBrake(engaged_at=from_ms(brake.engaged_at), changes=brake.changes, bound=brake.bound)
    return MasterStatus(
        warehouse=policy.warehouse, enabled=policy.enabled, products=counts, conflicts=opened, brake=shown,
        plan=None if plan is None else _plan(plan),
    )  # fmt: skip


def _standing(tx: Transaction, code: str) -> tuple[dict[str, int], int, Brake | None, Plan | None]:
    counts, opened = bindings.counts(tx, code), conflicts.count(tx, code)
    return counts, opened, master_plans.brake(tx, code), master_plans.newest(tx, code)


async def fetch_products(call: Call[FetchProducts, object]) -> Queued:
    """Fetch the products of a connection now (a task)."""
    return queued(call, await call.requests.master.fetch(call.body.connection, call.actor))


async def make_plan(call: Call[None, object]) -> MasterPlan:
    """Plan the first contact of a warehouse's products. Nothing is written; earlier plans that were not applied are discarded."""
    await known.check(call.engine, warehouse=call.path["warehouse"])
    return _plan(await call.requests.master.plan(call.path["warehouse"], call.actor))


async def show_plan(call: Call[None, PlanQuery]) -> MasterPlanPage:
    """Show a plan: what is adopted, filled and left to decide, product by product."""
    number, query = call.path["id"], call.query
    plan = await call.engine.store.read(master_plans.get, number)
    if plan is None:
        raise not_found(f"there is no plan {number}")
    rows = await call.engine.store.read(master_plans.items, number, query.after, query.limit + 1)
    items = tuple(msgspec.convert(row, PlannedProduct, from_attributes=True) for row in rows[: query.limit])
    return MasterPlanPage(plan=_plan(plan), items=items, next=items[-1].sku if len(rows) > query.limit else None)


async def apply_plan(call: Call[ApplyPlan, object]) -> MasterPlan:
    """Apply a plan exactly as it was shown; it is refused if anything of it has changed since."""
    return _plan(await call.requests.master.apply(call.path["warehouse"], call.body.plan, call.audited()))


async def release_brake(call: Call[None, object]) -> Released:
    """Let pass what the brake of a warehouse holds back."""
    await known.check(call.engine, warehouse=call.path["warehouse"])
    count = await call.requests.master.release(call.path["warehouse"], call.audited())
    return Released(products=count, text=f"{count} products of warehouse {call.path['warehouse']} go on")


async def list_products(call: Call[None, MasterProductQuery]) -> MasterProductPage:
    """List the products of a warehouse with what both sides show and what they agreed on last."""
    query = call.query
    policy = await _policy(call, query.warehouse)
    known = await call.engine.store.read(call.engine.books.current)
    warehouse = known.warehouses.get(query.warehouse)
    wms = "" if warehouse is None else warehouse.connection
    items = await call.engine.store.read(_products, policy.oms, wms, query)
    more = items[query.limit - 1].sku if len(items) > query.limit else None
    return MasterProductPage(items=tuple(items[: query.limit]), next=more)


def _products(tx: Transaction, oms: str, wms: str, query: MasterProductQuery) -> list[MasterProduct]:
    rows = bindings.page(tx, query.warehouse, query.state, query.after, query.limit + 1, query.sku)
    skus = [row.sku for row in rows]
    left, right = products.get_many(tx, oms, skus), products.get_many(tx, wms, skus)
    return [_product(row, left.get(row.sku), right.get(row.sku)) for row in rows]


def _product(row: Binding, oms: products.Seen | None, wms: products.Seen | None) -> MasterProduct:
    return MasterProduct(
        warehouse=row.warehouse, sku=row.sku, state=row.state.value, base=row.base,
        oms=None if oms is None else values_of(oms.product), wms=None if wms is None else values_of(wms.product),
        origin="" if oms is None else oms.origin,
    )  # fmt: skip


async def list_conflicts(call: Call[None, ConflictQuery]) -> MasterConflictPage:
    """List the conflicts of a warehouse's products, oldest first."""
    query = call.query
    rows = await call.engine.store.read(
        conflicts.page, query.warehouse, query.after, query.limit + 1, query.field, query.sku, decided=query.decided
    )  # fmt: skip
    more = rows[query.limit - 1].id if len(rows) > query.limit else None
    return MasterConflictPage(items=tuple(_conflict(row) for row in rows[: query.limit]), next=more)


async def show_conflict(call: Call[None, object]) -> MasterConflict:
    """Show a conflict with all three values."""
    found = await call.engine.store.read(conflicts.get, call.path["id"])
    if found is None:
        raise not_found(f"there is no conflict {call.path['id']}")
    return _conflict(found)


async def resolve_conflict(call: Call[ResolveConflict, object]) -> MasterConflict:
    """Decide a conflict by hand; what loses is kept in the audit."""
    body = call.body
    if (body.take == "value") != (body.value is not None):
        raise not_valid("a value goes with take 'value', and only with that")
    return _conflict(
        await call.requests.master.resolve(call.path["id"], body.take, body.value, body.reason or "", call.audited())
    )


def _plan(plan: Plan) -> MasterPlan:
    return MasterPlan(
        id=plan.id, warehouse=plan.warehouse, state=plan.state, made_at=from_ms(plan.made_at), actor=plan.actor,
        products=plan.products, adopted=plan.adopted, filled=plan.filled, conflicted=plan.conflicted,
        applied_at=from_ms(plan.applied_at),
    )  # fmt: skip


def _conflict(row: Conflict) -> MasterConflict:
    return MasterConflict(
        id=row.id, warehouse=row.warehouse, sku=row.sku, field=row.field, why=row.why, base=row.base, oms=row.oms,
        wms=row.wms, opened_at=from_ms(row.opened_at), open=bool(row.open), taken=row.taken, value=row.value,
        actor=row.actor, reason=row.reason, resolved_at=from_ms(row.resolved_at),
    )  # fmt: skip
