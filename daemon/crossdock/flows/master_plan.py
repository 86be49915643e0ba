"""The first contact of a warehouse's products: planned, shown, then applied exactly as it was shown (DOMAIN 4.8, 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET

from crossdock.rules.merge import Decision, first_contact
from crossdock.rules.product_fields import values_of
from crossdock.store import bindings, conflicts, counters, incidents, master_plans, products
from crossdock.store.bindings import BindingState
from crossdock.store.conflicts import Three
from crossdock.store.master_plans import Apart, Fill, PlanItem
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.flows.house import House
    from crossdock.flows.master import Pair
    from crossdock.store.bindings import Binding
    from crossdock.store.master_plans import Plan
    from crossdock.store.products import Seen
    from crossdock.store.store import Transaction

PAGE = 500


class StalePlan(Exception):
    """A plan that does not say any more what would be done; nothing was applied."""


async def make(house: House, pair: Pair, actor: str) -> Plan:
    """Plan the first contact of every product of a warehouse that waits for it."""
    now = to_ms(house.env.now())
    number = await house.store.write(
        master_plans.begin, pair.policy.warehouse, pair.policy.revision, actor, now
    )  # fmt: skip
    after: str | None = ""
    while after is not None:
        after = await house.store.write(_plan_page, pair, number, after)
    await house.store.write(master_plans.move, number, "open")
    plan = await house.store.read(master_plans.get, number)
    assert plan is not None
    return plan


def _plan_page(tx: Transaction, pair: Pair, number: int, after: str) -> str | None:
    rows = bindings.to_plan(tx, pair.policy.warehouse, after, PAGE)
    skus = [row.sku for row in rows]
    oms, wms = products.get_many(tx, pair.oms, skus), products.get_many(tx, pair.wms, skus)
    for row in rows:
        if row.sku in oms and row.sku in wms:
            master_plans.add(
                tx, number, _token(oms[row.sku], wms[row.sku]), _item(pair, row, oms[row.sku], wms[row.sku])
            )
    return rows[-1].sku if len(rows) == PAGE else None


def _token(oms: Seen, wms: Seen) -> str:
    return f"{oms.digest}|{wms.digest}"


def _item(pair: Pair, row: Binding, oms: Seen, wms: Seen) -> PlanItem:
    left, right = values_of(oms.product), values_of(wms.product)
    item = PlanItem(sku=row.sku)
    for name in pair.policy.active():
        if name in row.base or name not in left or name not in right:
            continue
        found = first_contact(pair.policy.of(name), left[name], right[name])
        match found.what:
            case "adopt":
                item.adopt[name] = found.value
            case "fill":
                assert found.to is not None
                item.fill[name] = Fill(to=found.to.value, value=found.value, oms=left[name], wms=right[name])
            case _:
                item.conflict[name] = Apart(oms=left[name], wms=right[name])
    return item


async def apply(house: House, pair: Pair, number: int) -> Plan:
    """Apply a plan as it was shown. Raises StalePlan.

    It goes on where a crash interrupted it; a product that changes meanwhile is left for the next plan.
    """
    await house.store.write(_start, pair, number)
    after: str | None = ""
    while after is not None:
        house.env.failpoint("master.apply_page")
        after = await house.store.write(_apply_page, pair, number, after, house.env.now())
    await house.store.write(master_plans.move, number, "applied", to_ms(house.env.now()))
    plan = await house.store.read(master_plans.get, number)
    assert plan is not None
    return plan


def _start(tx: Transaction, pair: Pair, number: int) -> None:
    plan, code = master_plans.get(tx, number), pair.policy.warehouse
    if plan is None or plan.warehouse != code:
        raise StalePlan(f"there is no plan {number} of warehouse {code}; `crossdock master plan {code}` makes one")
    if plan.state == "applying":
        return
    if plan.state != "open":
        raise StalePlan(f"plan {number} is {plan.state}; `crossdock master plan {code}` makes a new one")
    if plan.policy != pair.policy.revision:
        raise StalePlan(f"the settings of warehouse {code} were changed after plan {number} was made; make a new one")
    changed = master_plans.stale(tx, number, pair.oms, pair.wms)
    if changed is not None:
        raise StalePlan(
            f"product {changed} was changed after plan {number} was made; nothing was applied, make a new one"
        )
    master_plans.move(tx, number, "applying")


def _apply_page(tx: Transaction, pair: Pair, number: int, after: str, now: datetime) -> str | None:
    rows = master_plans.to_apply(tx, number, after, PAGE)
    for token, item in rows:
        row = bindings.get(tx, pair.policy.warehouse, item.sku)
        oms, wms = products.get(tx, pair.oms, item.sku), products.get(tx, pair.wms, item.sku)
        if row is not None and oms is not None and wms is not None and _token(oms, wms) == token:
            _apply(tx, row, item, to_ms(now))
        master_plans.done(tx, number, item.sku)
    if len(rows) < PAGE:
        if not bindings.to_plan(tx, pair.policy.warehouse, "", 1):
            incidents.heal(tx, f"plan:{pair.policy.warehouse}", to_ms(now))
        return None
    return rows[-1][1].sku


def _apply(tx: Transaction, row: Binding, item: PlanItem, now: int) -> None:
    """Agree on what is equal, decide what is filled, ask about what differs. The writing follows."""
    if row.state is BindingState.RETIRED:
        return
    for name, apart in item.conflict.items():
        three = Three(base=UNSET, oms=apart.oms, wms=apart.wms)
        conflicts.keep_open(tx, row.warehouse, row.sku, name, three, row.agreed, "first_contact", now)
    fills = {
        name: Decision(value=fill.value, oms=fill.oms, wms=fill.wms, by="first contact")
        for name, fill in item.fill.items()
    }
    after = msgspec.structs.replace(
        row, base=row.base | item.adopt, decisions=row.decisions | fills, agreed=row.agreed + 1, pending=None,
        state=BindingState.CONFLICT if conflicts.open_of(tx, row.warehouse, row.sku) else BindingState.BOUND,
        dirty=counters.take(tx, "product_dirty"), approved=1, changed_at=now,
    )  # fmt: skip
    bindings.save(tx, row, after)
