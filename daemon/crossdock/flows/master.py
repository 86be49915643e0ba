"""Keep products in step: merge what either side changed, queue the writes, note the conflicts, mind the brake.

It works on what the store holds; what has to be asked or written becomes an operation. A warehouse is left alone while one
of its listings is under way, so that a run is judged as a whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, Struct

from crossdock.flows.product_writes import LOOK_BATCH, enqueue, enqueue_look, subject_of
from crossdock.flows.products import STREAM, subject
from crossdock.rules.master_policy import MasterPolicy, MergeRule, Side, braked
from crossdock.rules.merge import Act, Stamps, merge
from crossdock.rules.product_fields import folded, values_of
from crossdock.store import audit, bindings, conflicts, counters, cursors, incidents, master_plans, operations, products
from crossdock.store.bindings import Binding, BindingState
from crossdock.store.conflicts import Three
from crossdock.store.incidents import Cause, Trouble
from crossdock.store.master_plans import Brake
from crossdock.store.products import Seen
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from crossdock.flows.house import House
    from crossdock.rules.master_policy import FieldPolicy
    from crossdock.rules.merge import Verdict
    from crossdock.store.conflicts import Conflict
    from crossdock.store.store import Transaction

BATCH = 100
PAGE = 500


class Pair(Struct, frozen=True, kw_only=True):
    """A warehouse's settings and its two connections."""

    policy: MasterPolicy
    oms: str
    wms: str


class Sides(Struct, frozen=True, kw_only=True):
    """A product as both sides show it."""

    oms: Seen
    wms: Seen

    def values(self, side: Side) -> dict[str, Any]:
        """Return the values of a side."""
        return values_of((self.oms if side is Side.OMS else self.wms).product)


class Step(Struct, frozen=True, kw_only=True):
    """What one batch did: the connections that have something to do, and whether there may be more."""

    wake: frozenset[str] = frozenset()
    more: bool = False


async def keep_in_step(house: House) -> tuple[frozenset[str], bool]:
    """Look at what changed, a batch for each warehouse; return the connections to wake, and whether there is more."""
    wake, more = frozenset[str](), False
    for pair in await house.store.read(pairs, house):
        mark = await house.store.read(counters.current, "product_dirty")
        if await house.store.read(bindings.waiting, pair.policy.warehouse, pair.policy.brake_skus + 1):
            await _mind_the_brake(house, pair, mark)
        if not await house.store.read(bindings.dirty, pair.policy.warehouse, "", 1, approved=True):
            continue
        house.env.failpoint("master.before_merge")
        step = await house.store.write(merge_batch, pair, house.env.now())
        house.env.failpoint("master.after_merge")
        wake, more = wake | step.wake, more or step.more
    return wake, more


def pairs(tx: Transaction, house: House) -> list[Pair]:
    """List the warehouses that keep products in step, by code."""
    book = house.books.current(tx)
    found = []
    for code, policy in sorted(book.masters.items()):
        warehouse = book.warehouses.get(code)
        if policy.enabled and warehouse is not None:
            found.append(Pair(policy=policy, oms=policy.oms, wms=warehouse.connection))
    return found


def _listing(tx: Transaction, pair: Pair) -> bool:
    """Tell whether a listing of either side is under way, or never was."""
    found = [cursors.load(tx, connection, STREAM) for connection in (pair.oms, pair.wms)]
    return any(cursor.started_at is None or cursor.finished_at is None for cursor in found)


async def _mind_the_brake(house: House, pair: Pair, mark: int) -> None:
    """Count what a run would change, before any of it is: too much waits for a person, the rest may pass."""
    code, changes, after = pair.policy.warehouse, 0, ""
    if await house.store.read(_held_back, pair):
        return
    if await house.store.read(bindings.waiting, code, pair.policy.brake_skus + 1) <= pair.policy.brake_skus:
        await house.store.write(bindings.approve, code, mark)
        return
    while True:
        count, after, last = await house.store.read(_count_changes, pair, after)
        changes += count
        if last:
            break
    await house.store.write(_judge, pair, changes, mark, to_ms(house.env.now()))


def _held_back(tx: Transaction, pair: Pair) -> bool:
    return _listing(tx, pair) or master_plans.brake(tx, pair.policy.warehouse) is not None


def _count_changes(tx: Transaction, pair: Pair, after: str) -> tuple[int, str, bool]:
    """Count the products of a page that would be written to."""
    rows = bindings.dirty(tx, pair.policy.warehouse, after, PAGE)
    skus = [row.sku for row in rows]
    oms, wms = products.get_many(tx, pair.oms, skus), products.get_many(tx, pair.wms, skus)
    count = 0
    for row in rows:
        if row.sku in oms and row.sku in wms and not row.approved and _mergeable(row):
            sides = Sides(oms=oms[row.sku], wms=wms[row.sku])
            if not _dead(sides):
                verdicts = _verdicts(pair.policy, row, sides, conflicts.open_of(tx, row.warehouse, row.sku))
                count += any(verdict.act is Act.WRITE for verdict in verdicts.values())
    return count, (skus[-1] if skus else after), len(rows) < PAGE


def _judge(tx: Transaction, pair: Pair, changes: int, mark: int, now: int) -> None:
    code, bound = pair.policy.warehouse, bindings.bound(tx, pair.policy.warehouse)
    if not braked(changes, bound, pair.policy):
        bindings.approve(tx, code, mark)
        return
    master_plans.engage(tx, Brake(warehouse=code, engaged_at=now, changes=changes, bound=bound))
    trouble = Trouble(
        cause=Cause.DECISION, operation="master", code="brake", missing=code,
        text=f"{changes} of {bound} products of warehouse {code} would change at once; nothing of it is written before "
        f"somebody looked: `crossdock master release {code}` lets it pass, `crossdock master policy disable {code}` stops it",
    )  # fmt: skip
    incidents.report(tx, trouble, f"master:{code}", now)


def merge_batch(tx: Transaction, pair: Pair, now: datetime) -> Step:
    """Merge a batch of what is to be looked at, and was let pass."""
    code = pair.policy.warehouse
    if _held_back(tx, pair):
        return Step()
    rows = bindings.dirty(tx, code, "", BATCH, approved=True)
    wake: set[str] = set()
    missing: dict[str, list[str]] = {}
    for row in rows:
        wake |= _one(tx, pair, row, missing, now)
    for connection, skus in missing.items():
        for start in range(0, len(skus), LOOK_BATCH):
            number = counters.take(tx, "product_looks")
            enqueue_look(tx, connection, skus[start : start + LOOK_BATCH], number, to_ms(now))
        wake.add(connection)
    _tell_plan(tx, code, to_ms(now))
    return Step(wake=frozenset(wake), more=len(rows) == BATCH)


def _one(tx: Transaction, pair: Pair, row: Binding, missing: dict[str, list[str]], now: datetime) -> set[str]:
    """Look at one product; return the connections that have something to write."""
    oms, wms = products.get(tx, pair.oms, row.sku), products.get(tx, pair.wms, row.sku)
    after = msgspec.structs.replace(row, dirty=None, approved=0, changed_at=to_ms(now))
    if oms is None or wms is None:
        shown = oms or wms
        if shown is not None and not shown.product.deleted:
            after = _alone(tx, pair, after, oms, missing, to_ms(now))
        else:
            incidents.heal(tx, subject(row.warehouse, row.sku), to_ms(now), operation="binding")
        bindings.save(tx, row, after)
        return set()
    incidents.heal(tx, subject(row.warehouse, row.sku), to_ms(now), operation="binding")
    sides = Sides(oms=oms, wms=wms)
    if _dead(sides):
        bindings.save(tx, row, msgspec.structs.replace(after, state=BindingState.RETIRED, pending=None))
        return set()
    if not _mergeable(row):
        bindings.save(tx, row, msgspec.structs.replace(after, state=BindingState.PROPOSED, pending=1))
        return set()
    if any(operations.open_of(tx, connection, subject_of(row.sku)) for connection in (pair.oms, pair.wms)):
        bindings.save(tx, row, after)  # it is looked at again when that has ended
        return set()
    return _merge(tx, pair, row, after, sides, now)


def _mergeable(row: Binding) -> bool:
    """Tell whether the first contact was made."""
    return row.state in (BindingState.BOUND, BindingState.CONFLICT) or (
        row.state is BindingState.RETIRED and bool(row.base)
    )


def _dead(sides: Sides) -> bool:
    return sides.oms.product.deleted or sides.wms.product.deleted


def _alone(
    tx: Transaction, pair: Pair, after: Binding, oms: Seen | None, missing: dict[str, list[str]], now: int
) -> Binding:
    """Only one side has shown a product: the other is asked, and what it surely lacks is told."""
    lacking = pair.oms if oms is None else pair.wms
    if after.looked == bindings.NOT_LOOKED:
        missing.setdefault(lacking, []).append(after.sku)
        return msgspec.structs.replace(after, looked=bindings.LOOKING)
    if after.looked == bindings.ABSENT:
        trouble = Trouble(
            cause=Cause.MAPPING, connection=lacking, operation="binding", code="missing_product", missing=after.warehouse,
            text=f"{lacking} lacks products that the other side has; crossdock makes none. Create each there under exactly "
            "the same SKU, and it is bound",
        )  # fmt: skip
        twins = products.twins(tx, lacking, after.sku)
        text = f"it has '{twins[0]}', which differs only by case or space" if twins else ""
        name = subject(after.warehouse, after.sku)
        incidents.report(tx, trouble, name, now, text)
        if twins:
            _tell_twin(tx, lacking, name, folded(after.sku), text, now)
    return after


def _tell_twin(tx: Transaction, connection: str, name: str, missing: str, text: str, now: int) -> None:
    trouble = Trouble(
        cause=Cause.VALIDATION, connection=connection, operation="binding", code="twins", missing=missing,
        text="an SKU of the OMS and one of the warehouse differ only by case or space; crossdock takes them for different "
        "products. Give both the same SKU if they are one",
    )  # fmt: skip
    incidents.report(tx, trouble, name, now, text)


def _verdicts(
    policy: MasterPolicy, row: Binding, sides: Sides, open_conflicts: Mapping[str, Conflict]
) -> dict[str, Verdict]:
    """Merge; of a field that waits for a person no rule decides any more."""
    if open_conflicts:
        manual: dict[str, FieldPolicy] = {
            name: msgspec.structs.replace(policy.of(name), rule=MergeRule.MANUAL) for name in open_conflicts
        }
        policy = msgspec.structs.replace(policy, fields={**policy.fields, **manual})
    stamps = Stamps(
        oms=sides.oms.product.updated_at, wms=sides.wms.product.updated_at, tolerance_s=policy.tolerance_s
    )  # fmt: skip
    return merge(policy, row.base, sides.values(Side.OMS), sides.values(Side.WMS), stamps, row.decisions)


def _merge(tx: Transaction, pair: Pair, row: Binding, after: Binding, sides: Sides, now: datetime) -> set[str]:
    known = conflicts.open_of(tx, row.warehouse, row.sku)
    verdicts = _verdicts(pair.policy, row, sides, known)
    merged = Merged(tx, row, sides, known, to_ms(now))
    for name, verdict in verdicts.items():
        merged.take(name, verdict)
    base, decisions = merged.base, merged.decisions
    left = conflicts.open_of(tx, row.warehouse, row.sku)
    after = msgspec.structs.replace(
        after, base=base, decisions=decisions, agreed=row.agreed + (base != row.base),
        state=BindingState.CONFLICT if left else BindingState.BOUND,
        pending=1 if merged.unplanned - set(left) else None,
        revision=row.revision + bool(merged.to[Side.OMS] or merged.to[Side.WMS]),
    )  # fmt: skip
    bindings.save(tx, row, after)
    wake = set()
    for side, values in merged.to.items():
        connection, seen = (pair.oms, sides.oms) if side is Side.OMS else (pair.wms, sides.wms)
        across = sides.values(side.other)
        origin = sides.oms.origin if side is Side.WMS and sides.oms.origin else side.other.value
        if values and enqueue(tx, connection, after, seen, values, across, f"master data of {origin}", now):
            wake.add(connection)
    return wake


class Merged:
    """What the verdicts about one product's fields come to."""

    def __init__(self, tx: Transaction, row: Binding, sides: Sides, known: Mapping[str, Conflict], now: int) -> None:
        self._tx, self._row, self._known, self._now = tx, row, known, now
        self._oms, self._wms = sides.values(Side.OMS), sides.values(Side.WMS)
        self.base, self.decisions = dict(row.base), dict(row.decisions)
        self.to: dict[Side, dict[str, Any]] = {Side.OMS: {}, Side.WMS: {}}
        self.unplanned: set[str] = set()

    def take(self, name: str, verdict: Verdict) -> None:
        """Follow one verdict."""
        self._forget_decision(name, verdict)
        match verdict.act:
            case Act.AGREED:
                self.base[name] = verdict.value
                self._close(name, "agreed", verdict.value)
            case Act.WRITE:
                self._write(name, verdict)
            case Act.CONFLICT:
                conflicts.keep_open(
                    self._tx, self._row.warehouse, self._row.sku, name, self._three(name), self._row.agreed,
                    "both_changed", self._now,
                )  # fmt: skip
            case Act.PLAN:
                self.unplanned.add(name)
            case Act.ABSENT | Act.HELD:
                pass

    def _forget_decision(self, name: str, verdict: Verdict) -> None:
        """A decision has done its work when both sides agree, and says nothing about values that it did not know."""
        decision = self.decisions.get(name)
        if decision is None or verdict.act is Act.ABSENT:
            return
        if verdict.act is Act.AGREED or not decision.holds(self._oms[name], self._wms[name]):
            del self.decisions[name]

    def _write(self, name: str, verdict: Verdict) -> None:
        if not verdict.rule and self._in_vain(name):
            return
        for side in verdict.to:
            self.to[side][name] = verdict.value
        if verdict.clash:
            self._tell_loser(name, verdict)
        elif not verdict.rule:
            self._close(name, "agreed", verdict.value)

    def _in_vain(self, name: str) -> bool:
        """Tell whether this was written before and the system kept another value; neither side has moved since."""
        known = self._known.get(name)
        if known is None or known.why != "altered":
            return False
        return bool((known.oms, known.wms) == (self._oms.get(name), self._wms.get(name)))

    def _three(self, name: str) -> Three:
        return Three(base=self._row.base.get(name, UNSET), oms=self._oms[name], wms=self._wms[name])

    def _close(self, name: str, taken: str, value: Any) -> None:
        if name in self._known:
            conflicts.close(self._tx, self._known[name].id, taken, value, self._now)

    def _tell_loser(self, name: str, verdict: Verdict) -> None:
        """What loses is always audited (DOMAIN 4.8, 12), once."""
        row, three = self._row, self._three(name)
        if not conflicts.ruled(
            self._tx, row.warehouse, row.sku, name, three, row.agreed, verdict.rule, verdict.value, self._now
        ):
            return
        entry = audit.Entry(
            actor="crossdock", action="master.merge", object=f"{row.warehouse}/{row.sku}/{name}",
            before=_said(three), after=msgspec.json.encode(verdict.value).decode(),
            reason=f"both sides had changed it; the rule '{verdict.rule}' decided",
        )  # fmt: skip
        audit.write(self._tx, entry, self._now)


def _said(three: Three) -> str:
    base = None if three.base is UNSET else three.base
    return msgspec.json.encode({"base": base, "oms": three.oms, "wms": three.wms}).decode()


def _tell_plan(tx: Transaction, code: str, now: int) -> None:
    """Somebody has to plan first contacts; one incident says so as long as there are any."""
    trouble = Trouble(
        cause=Cause.DECISION, operation="master", code="first_contact", missing=code,
        text=f"products of warehouse {code} are met for the first time; nothing is written to them before "
        f"`crossdock master plan {code}` was looked at and applied",
    )  # fmt: skip
    if bindings.to_plan(tx, code, "", 1):
        incidents.report(tx, trouble, f"plan:{code}", now)
    else:
        incidents.heal(tx, f"plan:{code}", now)
