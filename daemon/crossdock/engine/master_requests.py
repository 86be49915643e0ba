"""What people may ask about master data: settings, plans, conflicts, the brake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from crossdock.engine.asking import Asked, Refused, Turn, queue_task
from crossdock.flows import master_plan
from crossdock.flows.master import Pair, pairs
from crossdock.flows.products import STREAM
from crossdock.rules.master_policy import DEFAULTS, Direction, Side, problems_of_policy
from crossdock.rules.merge import Decision
from crossdock.rules.product_fields import read_value, values_of
from crossdock.store import audit, bindings, book, conflicts, counters, incidents, master_plans, products
from crossdock.store.bindings import BindingState
from crossdock.store.tasks import TaskKind
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from crossdock.engine.engine import Engine
    from crossdock.flows.house import House
    from crossdock.rules.master_policy import FieldPolicy, MasterPolicy
    from crossdock.store.audit import By
    from crossdock.store.bindings import Binding
    from crossdock.store.conflicts import Conflict
    from crossdock.store.master_plans import Plan
    from crossdock.store.store import Transaction

NEEDED = ("fetch_products", "get_products", "write_products")


class MasterRequests:
    """The part of the engine's door that is about master data."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def save_policy(self, policy: MasterPolicy, by: By) -> MasterPolicy:
        """Save a warehouse's settings at the revision that was read. Raises Refused, ChangedMeanwhile."""
        if problems := problems_of_policy(policy):
            raise Refused("; ".join(problems))
        engine = self._engine
        fields = {name: policy.fields.get(name, default) for name, default in DEFAULTS.items()}
        complete = msgspec.structs.replace(policy, fields=fields)
        known = await engine.store.read(engine.books.current)
        warehouse = known.warehouses.get(policy.warehouse)
        if warehouse is None:
            raise Refused(f"there is no warehouse '{policy.warehouse}'; save it first")
        self._need_hooks(policy.oms, "oms")
        self._need_hooks(warehouse.connection, "wms")
        for code, other in known.masters.items():
            there = known.warehouses.get(code)
            if policy.enabled and other.enabled and code != policy.warehouse and there is not None:
                _one_spoke(policy, warehouse.connection, code, there.connection)
        now = to_ms(engine.env.now())
        saved = await engine.store.write(_save, complete, warehouse.connection, by, now)
        self._wake(policy.oms, warehouse.connection)
        return saved

    def _need_hooks(self, connection: str, kind: str) -> None:
        link = self._engine.links.get(connection)
        if link is None or link.kind not in (kind, "both"):
            raise Refused(f"there is no {kind.upper()} connection '{connection}'")
        if lacking := [hook for hook in NEEDED if hook not in link.hooks]:
            raise Refused(f"the connector of {connection} cannot keep products in step: it lacks {', '.join(lacking)}")

    def _wake(self, *connections: str) -> None:
        for connection in connections:
            self._engine.wake(f"products:{connection}")
        self._engine.wake("master")

    async def fetch(self, connection: str, actor: str) -> Asked:
        """Fetch the products of a connection now (a task, under the five-minute limit). Raises Refused."""
        engine, lane = self._engine, f"{STREAM}:{connection}"
        stream = engine.streams.get(lane)
        if stream is None:
            known = sorted(name.split(":", 1)[1] for name in engine.streams if name.startswith(f"{STREAM}:"))
            raise Refused(
                f"no connection '{connection}' lists its products (those that do: {', '.join(known) or 'none'})"
            )
        if not await stream.wanted():
            raise Refused(
                f"no warehouse keeps its products in step through {connection}; switch one on first: crossdock master policy enable CODE"
            )
        turn = Turn(f"{STREAM}:{connection}", f"products of {connection} were fetched")
        unit = (TaskKind.FETCH_PRODUCTS, connection, turn, actor, None, ())
        interval = int(engine.interval_s() * 1000)
        asked = await engine.store.write(queue_task, *unit, interval, to_ms(engine.env.now()))
        engine.wake(lane)
        return asked

    async def plan(self, warehouse: str, actor: str) -> Plan:
        """Plan the first contact of a warehouse's products. Raises Refused."""
        return await master_plan.make(self._engine.house, await self._pair(warehouse), actor)

    async def apply(self, warehouse: str, plan: int, by: By) -> Plan:
        """Apply a plan exactly as it was shown. Raises Refused."""
        engine = self._engine
        try:
            applied = await master_plan.apply(engine.house, await self._pair(warehouse), plan)
        except master_plan.StalePlan as error:
            raise Refused(str(error)) from None
        entry = by.entry(
            after=f"{applied.adopted} adopted, {applied.filled} filled, {applied.conflicted} conflicts",
        )  # fmt: skip
        await engine.store.write(audit.write, entry, to_ms(engine.env.now()))
        engine.wake("master")
        return applied

    async def release(self, warehouse: str, by: By) -> int:
        """Let what the brake holds back pass; return how many products. Raises Refused."""
        engine = self._engine
        count = await engine.store.write(_release, warehouse, by, to_ms(engine.env.now()))
        engine.wake("master")
        return count

    async def resolve(self, number: int, take: str, text: str | None, reason: str, by: By) -> Conflict:
        """Decide a conflict by hand. Raises Refused."""
        engine = self._engine
        unit = (number, take, text, reason, by, to_ms(engine.env.now()))
        found = await engine.store.write(_resolve, engine.house, *unit)
        engine.wake("master")
        return found

    async def _pair(self, warehouse: str) -> Pair:
        found = await self._engine.store.read(pairs, self._engine.house)
        for pair in found:
            if pair.policy.warehouse == warehouse:
                return pair
        raise Refused(
            f"warehouse '{warehouse}' does not keep product data in step; `crossdock master policy enable {warehouse}` has it do so"
        )


def _one_spoke(policy: MasterPolicy, connection: str, code: str, other: str) -> None:
    """Two sets of settings for the same catalogue would write against each other."""
    if other == connection:
        raise Refused(
            f"warehouse '{code}' keeps the products of connection {connection} in step already, and '{policy.warehouse}' "
            "shares them; disable the one first"
        )


def _save(tx: Transaction, policy: MasterPolicy, connection: str, by: By, now: int) -> MasterPolicy:
    before = {each.warehouse: each for each in book.entries(tx, type(policy))}.get(policy.warehouse)
    saved = book.save(tx, policy)
    entry = by.entry(
        before="" if before is None else msgspec.json.encode(before).decode(), after=msgspec.json.encode(saved).decode(),
    )  # fmt: skip
    audit.write(tx, entry, now)
    if saved.enabled:
        bindings.enrol(tx, policy.warehouse, policy.oms, connection, now)
    else:
        master_plans.release(tx, policy.warehouse)
        for held in (f"master:{policy.warehouse}", f"plan:{policy.warehouse}"):
            incidents.heal(tx, held, now)
    return saved


def _release(tx: Transaction, warehouse: str, by: By, now: int) -> int:
    held = master_plans.brake(tx, warehouse)
    if held is None:
        raise Refused(f"nothing of warehouse '{warehouse}' is held back")
    count = bindings.approve(tx, warehouse, counters.current(tx, "product_dirty"))
    master_plans.release(tx, warehouse)
    incidents.heal(tx, f"master:{warehouse}", now)
    audit.write(tx, by.entry(after=f"{held.changes} products"), now)
    return count


def _resolve(  # noqa: PLR0917 - one unit of work
    tx: Transaction, house: House, number: int, take: str, text: str | None, reason: str, by: By, now: int
) -> Conflict:
    found = conflicts.get(tx, number)
    if found is None:
        raise Refused(f"there is no conflict {number}")
    if not found.open:
        raise Refused(f"conflict {number} is decided already ({found.taken})")
    pair = next((each for each in pairs(tx, house) if each.policy.warehouse == found.warehouse), None)
    row = bindings.get(tx, found.warehouse, found.sku)
    oms, wms = _sides(tx, pair, found)
    if pair is None or row is None or (oms, wms) != (found.oms, found.wms):
        raise Refused(f"the values of conflict {number} have changed meanwhile; look at it again before you decide")
    value = _taken(found, take, text)
    _check_direction(pair.policy.of(found.field), found, value)
    decision = Decision(value=value, oms=found.oms, wms=found.wms, by=by.actor)
    conflicts.close(tx, number, take, value, now, by.actor, reason)
    _decide(tx, row, found.field, decision, now)
    what = f"{found.warehouse}/{found.sku}/{found.field}"
    said = {"of": what, "base": found.base, "oms": found.oms, "wms": found.wms}
    entry = by.entry(
        before=msgspec.json.encode(said).decode(), after=msgspec.json.encode(value).decode(), reason=reason,
    )  # fmt: skip
    audit.write(tx, entry, now)
    closed = conflicts.get(tx, number)
    assert closed is not None
    return closed


def _decide(tx: Transaction, row: Binding, field: str, decision: Decision, now: int) -> None:
    state = row.state
    if state is BindingState.CONFLICT and not conflicts.open_of(tx, row.warehouse, row.sku):
        state = BindingState.BOUND
    after = msgspec.structs.replace(
        row, decisions=row.decisions | {field: decision}, state=state, dirty=counters.take(tx, "product_dirty"),
        approved=1, changed_at=now,
    )  # fmt: skip
    bindings.save(tx, row, after)


def _sides(tx: Transaction, pair: Pair | None, found: Conflict) -> tuple[Any, Any]:
    if pair is None:
        return None, None
    values = []
    for connection in (pair.oms, pair.wms):
        seen = products.get(tx, connection, found.sku)
        values.append({} if seen is None else values_of(seen.product))
    return values[0].get(found.field), values[1].get(found.field)


def _taken(found: Conflict, take: str, text: str | None) -> Any:
    if take == "value":
        try:
            return read_value(found.field, text or "")
        except ValueError as error:
            raise Refused(str(error)) from None
    if take == "base" and found.why == "first_contact":
        raise Refused(f"conflict {found.id} is about a first contact: there is no base to go back to")
    return getattr(found, take)


def _check_direction(field: FieldPolicy, found: Conflict, value: Any) -> None:
    """A decision does not go where the settings forbid changes to go."""
    for side, held in ((Side.OMS, found.oms), (Side.WMS, found.wms)):
        if held != value and not field.may_write(side):
            away = "the OMS to the warehouse" if field.direction is Direction.OMS_TO_WMS else "the warehouse to the OMS"
            raise Refused(
                f"the field '{found.field}' goes from {away} only; take the value of that side, or change the settings"
            )
