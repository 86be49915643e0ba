"""Reconcile: compare OMS, warehouses and what we hold; a plan first, a brake, then what is safe is mended (RELIABILITY P6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.flows import reconcile_oms, reconcile_wms
from crossdock.flows.reconcile_oms import Oms
from crossdock.flows.reconcile_plan import MAX_FOUND, Plan, Scope, Watch, close_healed, reported
from crossdock.flows.reconcile_wms import Wms
from crossdock.rules.reconcile import REMEDIES, Brake, Remedy, braked, mending
from crossdock.rules.troubles import RECONCILE, Cause, Trouble
from crossdock.spec.errors import ConnectorError, Unsupported
from crossdock.store import incidents, tasks
from crossdock.store.tasks import Task, TaskState, Totals
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.flows.house import House
    from crossdock.store.store import Transaction


class Sides(Struct, frozen=True, kw_only=True):
    """What is compared: the open connections by name, and what the engine knows of each.

    `off` are the connections that somebody switched off; `missing` says why others are not open, which is a fault. `quiet`
    is how long a warehouse's "nothing" is not believed yet; `pages` how many records a connection may be asked for at once;
    `may_call` whether it may be called now; `called` is told of every call that ended (None: well); `reports` tells whether an
    OMS wants to hear of a push.
    """

    omses: Mapping[str, Oms]
    wmses: Mapping[str, Wms]
    off: frozenset[str]
    missing: Mapping[str, str]
    pages: Mapping[str, int]
    quiet: Mapping[str, timedelta]
    may_call: Callable[[str], bool]
    called: Callable[[str, ConnectorError | None], None]
    reports: Callable[[str], bool]


class Ordered(Struct, frozen=True, kw_only=True):
    """What was asked for. `warehouse` narrows it to one; `force` mends whatever the brake says."""

    days: int = 30
    warehouse: str | None = None
    dry_run: bool = False
    force: bool = False


class Ended(Struct, frozen=True):
    """A run came to its end, or the daemon stops and the next start begins it again; `wake` has something to send."""

    done: bool
    wake: frozenset[str] = frozenset()


async def reconcile(task: Task, ordered: Ordered, sides: Sides, house: House, brake: Brake, going: Watch) -> Ended:
    """Compare, keep the plan as the task's items, and mend what is safe unless it is a dry run or the brake holds.

    A connection that cannot be asked is said in the outcome, and the others are compared all the same. It can be begun
    again at any point: what was mended is not found again.
    """
    plan = await _compare(task, ordered, sides, house, going)
    if not going():
        return Ended(False)
    reason = "" if ordered.force else braked(mending(each.finding for each in plan.found), plan.compared, brake)
    if ordered.dry_run or reason:
        await house.store.write(_finish, task, plan, ordered, 0, reason, house.env.now())
        return Ended(True)
    wake, mended = await _mend(task, plan, sides, house, going)
    if not going():
        return Ended(False, wake)
    await house.store.write(_finish, task, plan, ordered, mended, "", house.env.now())
    return Ended(True, wake)


async def _compare(task: Task, ordered: Ordered, sides: Sides, house: House, going: Watch) -> Plan:
    plan = await house.store.read(_begun, ordered, sides, house)
    scope = Scope(days=ordered.days, warehouse=ordered.warehouse, task_id=task.id)
    for name, oms in sides.omses.items():
        if ordered.warehouse is None:
            await _side(
                name, sides, plan, reconcile_oms.compare(name, oms, house, scope, plan, going, sides.pages[name])
            )
    for name, wms in sides.wmses.items():
        warehouse = reconcile_wms.Asked(name=name, wms=wms, quiet=sides.quiet[name], page=sides.pages[name])
        await _side(name, sides, plan, reconcile_wms.compare(warehouse, house, scope, plan, going))
    return plan


def _begun(tx: Transaction, ordered: Ordered, sides: Sides, house: House) -> Plan:
    """Begin a plan with the connections that would be compared and are not open: of one warehouse, only its own."""
    concerned = {*sides.off, *sides.missing}
    if ordered.warehouse is not None:
        warehouse = house.books.current(tx).warehouses.get(ordered.warehouse)
        concerned &= set() if warehouse is None else {warehouse.connection}
    missing = {name: why for name, why in sides.missing.items() if name in concerned}
    return Plan(off=sides.off & concerned, not_asked=missing)


async def _side(name: str, sides: Sides, plan: Plan, comparing: reconcile_oms.Comparing) -> None:
    if not sides.may_call(name):
        comparing.close()
        plan.not_asked[name] = "it is not well, and is left alone"
        return
    try:
        await comparing
    except Unsupported as error:
        plan.cannot[name] = error.message
    except ConnectorError as error:
        sides.called(name, error)
        plan.not_asked[name] = error.message
    else:
        sides.called(name, None)


async def _mend(task: Task, plan: Plan, sides: Sides, house: House, going: Watch) -> tuple[frozenset[str], int]:
    """Mend what is safe and tell people of the rest; return the warehouses' connections to wake and how many were mended."""
    wake: set[str] = set()
    mended = 0
    for name in {each.connection: None for each in plan.found}:
        mine = [each for each in plan.found if each.connection == name]
        fetched = [each for each in mine if REMEDIES[each.finding] is Remedy.FETCH]
        others = [each for each in mine if REMEDIES[each.finding] not in (Remedy.FETCH, Remedy.INCIDENT)]
        try:
            if fetched and going():
                wake |= await reconcile_oms.mend(name, sides.omses[name], house, fetched, task.id)
                mended += len(fetched)
            if others and going():
                mended += await reconcile_wms.mend(name, sides.wmses[name], house, others, task.id, sides.reports)
                wake.add(name)
        except ConnectorError as error:
            sides.called(name, error)
            plan.not_asked[name] = f"not everything could be mended: {error.message}"
    await house.store.write(reported, plan, house.env.now())
    return frozenset(wake), mended


def _finish(tx: Transaction, task: Task, plan: Plan, ordered: Ordered, mended: int, brake: str, now: datetime) -> None:
    """Write down what was found, and what stops it where a person has to say that it is right."""
    at = to_ms(now)
    counted = Counter(each.finding.value for each in plan.found)
    parts = [f"{count} {name.replace('_', ' ')}" for name, count in sorted(counted.items())]
    untold = sorted({*plan.not_asked, *plan.cannot})
    well = "nothing is wrong" if plan.compared and not untold else "nothing was found in what was compared"
    outcome = "".join(f"NOT COMPARED: {name}; " for name in untold)
    outcome += f"{plan.compared} compared over {ordered.days} days: {', '.join(parts) or well}"
    outcome += "".join(f"; {name} cannot be asked" for name in sorted(plan.cannot))
    outcome += f"; {plan.foreign} documents of others" if plan.foreign else ""
    outcome += f"; more than {MAX_FOUND} findings: reconcile again for the rest" if plan.cut else ""
    if brake:
        outcome += f"; the brake holds: {brake}. Look at the items; `crossdock reconcile --force` mends them"
    elif ordered.dry_run:
        outcome += "; a dry run, nothing was changed"
    else:
        outcome += f"; {mended} mended"
    outcome += "".join(f"; {name} is switched off and was left out" for name in sorted(plan.off))
    error = "; ".join(f"{name} was not compared: {text}" for name, text in sorted(plan.not_asked.items())) or None
    left = len(plan.found) - mended
    doubts = sum(1 for each in plan.found if REMEDIES[each.finding] is Remedy.DOUBT)
    tasks.add(tx, task.id, Totals(found=plan.compared, changed=mended, skipped=left, failed=len(plan.not_asked)))
    done = not (untold or plan.cut or left or doubts) and plan.compared
    state = TaskState.SUCCEEDED if done else TaskState.PARTIAL
    tasks.finish(tx, task.id, state, at, outcome, error)
    if ordered.dry_run:
        return
    _note_brake(tx, task, brake, at)
    if not plan.cut and not brake and ordered.warehouse is None:
        close_healed(tx, plan, at)


def _note_brake(tx: Transaction, task: Task, brake: str, at: int) -> None:
    incidents.heal(tx, _BRAKE, at, operation=RECONCILE)
    if brake:
        text = "a reconciliation would mend more than the brake allows"
        trouble = Trouble(cause=Cause.DECISION, operation=RECONCILE, code="brake", text=text)
        incidents.report(tx, trouble, _BRAKE, at, f"task {task.id}: {brake}")


_BRAKE = "reconcile:brake"
