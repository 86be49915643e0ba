"""Syncs that people ask for: one order, a list of named ones, every order of a tab or of a stage."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.engine.asking import Asked, Refused, Turn, queue_task
from crossdock.store import orders, packages, pushes, tasks, throttles, views
from crossdock.store.tasks import TaskKind
from crossdock.store.times import from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crossdock.engine.engine import Engine
    from crossdock.spec.outbound import Stage
    from crossdock.store.store import Transaction
    from crossdock.store.views import Listed, Wanted

MAX_SYNC = 1000
"""Orders of one sync task, at most."""
MAX_TASKS = 10
"""Tasks that one request for a whole list makes, at most; with more orders it says where to go on."""
MAX_READS = 100
"""Pages read for one such request, at most: of a long list that is narrowed, pages may be nearly empty."""


class AskedList(Struct, frozen=True, kw_only=True):
    """Tasks that were queued for a list and how many orders they sync, or when it may be asked for again.

    `next` is where to go on, if the list is longer than what one request may ask for.
    """

    task_ids: tuple[int, ...] = ()
    orders: int = 0
    again_at: datetime | None = None
    next: int | None = None
    text: str


class SyncRequests:
    """The engine's door for syncs. `actor` names who asks.

    The five-minute limit (DOMAIN A5): one order has a limit of its own; a list has the one of each warehouse whose orders stand
    on it, so that a list of one warehouse holds up no other.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def named(self, oms: str, refs: Sequence[str], actor: str) -> Asked:
        """Fetch chosen orders again. Raises Refused."""
        if not refs:
            raise Refused("name at least one order to sync")
        if len(refs) > MAX_SYNC:
            raise Refused(f"at most {MAX_SYNC} orders can be synced at once, you named {len(refs)}")
        interval, now = self._interval(), to_ms(self._engine.env.now())
        if len(refs) == 1:
            turn = Turn(f"sync:{oms}:{refs[0]}", f"order {refs[0]} of {oms} was synced")
            unit = (TaskKind.SYNC_ORDER, oms, turn, actor, None, refs)
            asked = await self._engine.store.write(queue_task, *unit, interval, now)
        else:
            asked = await self._engine.store.write(_queue_named, oms, refs, actor, interval, now)
        self._engine.wake(f"pull:{oms}")
        return asked

    async def listed(self, wanted: Wanted, stage: Stage | None, after: int | None, actor: str) -> AskedList:
        """Fetch every order of a list again: of a tab (`wanted.tab`), else of a stage of package outbound.

        `wanted.oms` is the OMS. Newest first, in tasks of up to 1,000 orders. Raises Refused if nothing is on it.
        """
        oms = wanted.oms or ""
        rows, more = await self._collect(wanted, stage, after)
        named = [row for row in rows if row.ref.splitlines() == [row.ref]]  # a task keeps its refs one a line
        if not named:
            raise Refused("no order is in this list, so there is nothing to sync")
        refs, codes = [row.ref for row in named], {row.warehouse or "" for row in named}
        now = to_ms(self._engine.env.now())
        asked = await self._engine.store.write(
            _queue_listed, oms, refs, sorted(codes), wanted.warehouse, actor, self._interval(), now, more
        )
        self._engine.wake(f"pull:{oms}")
        return asked

    async def _collect(self, wanted: Wanted, stage: Stage | None, after: int | None) -> tuple[list[Listed], int | None]:
        found: list[Listed] = []
        more = after
        for _ in range(MAX_READS):
            room = min(MAX_SYNC, MAX_SYNC * MAX_TASKS - len(found))
            page, more = await self._engine.store.read(_page, wanted, stage, more, room)
            found += page
            if more is None or len(found) >= MAX_SYNC * MAX_TASKS:
                break
        return found, more

    def _interval(self) -> int:
        return int(self._engine.interval_s() * 1000)


def _page(
    tx: Transaction, wanted: Wanted, stage: Stage | None, before: int | None, limit: int
) -> tuple[list[Listed], int | None]:
    if wanted.tab is None:
        return packages.page(tx, stage, wanted, before, limit)
    return views.order_page(tx, wanted, before, limit)


def _queue_named(tx: Transaction, oms: str, refs: Sequence[str], actor: str, interval: int, now: int) -> Asked:
    known = orders.load(tx, oms, refs)
    ways = pushes.of_orders(tx, [order.id for order in known.values()])
    codes = {ways[order.id].warehouse or "" for order in known.values()}
    if len(known) < len(refs):
        codes.add("")  # no warehouse is known of an order that was never fetched
    if (refused := _take_turns(tx, oms, codes, interval, now)) is not None:
        again_at, text = refused
        return Asked(again_at=again_at, text=text)
    task = _task(tx, oms, refs, None, actor, now)
    return Asked(task_id=task, text=f"queued as task {task}")


def _queue_listed(  # noqa: PLR0917 - one unit of work
    tx: Transaction, oms: str, refs: Sequence[str], codes: Sequence[str], warehouse: str | None, actor: str, interval: int,
    now: int, more: int | None,
) -> AskedList:  # fmt: skip
    if (refused := _take_turns(tx, oms, codes, interval, now)) is not None:
        again_at, text = refused
        return AskedList(again_at=again_at, text=text)
    made = tuple(
        _task(tx, oms, refs[start : start + MAX_SYNC], warehouse, actor, now) for start in range(0, len(refs), MAX_SYNC)
    )
    tasks_said = f"task {made[0]}" if len(made) == 1 else f"tasks {made[0]} to {made[-1]}"
    left = "" if more is None else f"; the list is longer, its rest is synced by going on after {more}"
    return AskedList(
        task_ids=made, orders=len(refs), next=more, text=f"{len(refs)} orders are queued as {tasks_said}{left}"
    )


def _take_turns(
    tx: Transaction, oms: str, codes: Iterable[str], interval: int, now: int
) -> tuple[datetime, str] | None:
    """Take the turn of each warehouse of a list (""  for orders that have none), or say why and until when none is taken."""
    scopes = {f"sync_list:{oms}:{code}": code for code in sorted(codes)}
    waiting = throttles.allow_all(tx, list(scopes), interval, now)
    if waiting is None:
        return None
    scope, again = waiting
    code, at = scopes[scope], from_ms(again)
    where = f"of warehouse {code}" if code else "that have no warehouse yet"
    return at, (
        f"a list of orders of {oms} {where} was synced less than {interval // 1000} s ago; ask for one order alone, which has "
        f"a limit of its own, or for a list of other warehouses; it may run again at {at:%H:%M:%S} UTC"
    )


def _task(tx: Transaction, oms: str, refs: Sequence[str], warehouse: str | None, actor: str, now: int) -> int:
    kind, scope = TaskKind.SYNC_ORDER, "\n".join(refs)
    return tasks.create(tx, kind, oms, now, origin="user", actor=actor, warehouse=warehouse, scope=scope).id
