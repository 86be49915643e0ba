"""What people ask to be done with orders."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from crossdock.control import known
from crossdock.control.problems import ApiProblem, bad_request, not_valid, too_soon
from crossdock.control.records.asks import Done, Matching, Queued, QueuedList, Results
from crossdock.control.records.base import MAX_ORDERS
from crossdock.control.shown import proposed
from crossdock.engine.settle_by_two import SettleAsked
from crossdock.flows.reconsider import Barrier
from crossdock.flows.settle_by_hand import Settlement
from crossdock.rules.push_states import Tab
from crossdock.spec.outbound import Stage
from crossdock.store import orders, pushes, views

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crossdock.control.records.asks import (
        FailedQuery,
        ForOrders,
        HoldOrders,
        Obtain,
        Redrive,
        ReleaseOrders,
        SettleOrder,
        Sync,
        SyncList,
    )
    from crossdock.control.records.orders import OrderRef
    from crossdock.control.route import Call
    from crossdock.engine.requests import Asked
    from crossdock.flows.reconsider import Answer
    from crossdock.store.store import Transaction

COUNTED = 100_000
"""Things that are counted, at most."""


async def obtain(call: Call[Obtain, object]) -> Queued:
    """Fetch new orders of an OMS and queue what a strategy of the warehouse matches now (a task)."""
    body = call.body
    book = await call.engine.store.read(call.engine.books.current)
    if body.warehouse not in book.warehouses:
        known = ", ".join(sorted(book.warehouses)) or "none"
        raise not_valid(f"there is no warehouse '{body.warehouse}' (known: {known})")
    return queued(call, await call.requests.obtain(body.connection, body.warehouse, call.actor))


async def sync(call: Call[Sync, object]) -> Queued:
    """Fetch chosen orders of an OMS again and take over what differs (a task)."""
    refs = one_liners(call.body.refs)
    return queued(call, await call.requests.sync(call.body.connection, refs, call.actor))


async def sync_list(call: Call[SyncList, object]) -> QueuedList:
    """Fetch every order of a tab, or of a stage of package outbound, again and take over what differs (tasks)."""
    body = call.body
    if (body.tab is None) == (body.stage is None):
        raise not_valid("name a tab or a stage: one of the two")
    await known.check(call.engine, connection=body.connection, warehouse=body.warehouse)
    wanted = views.Wanted(
        tab=None if body.tab is None else Tab(body.tab), oms=body.connection, warehouse=body.warehouse
    )
    stage = None if body.stage in (None, "all") else Stage(body.stage)
    asked = await call.requests.sync_list(wanted, stage, body.after, call.actor)
    if asked.again_at is not None:
        raise too_soon(asked.text, asked.again_at, call.engine.env.now())
    return QueuedList(task_ids=asked.task_ids, orders=asked.orders, text=asked.text, next=asked.next)


def one_liners(refs: Sequence[str]) -> tuple[str, ...]:
    """Return the refs, each once. A task keeps them one a line, so a line break in one is refused."""
    for ref in refs:
        if ref.splitlines() != [ref]:
            raise bad_request(f"the reference {ref!r} holds a line break; such an order cannot be named in a task")
    return tuple(dict.fromkeys(refs))


def queued(call: Call[object, object], asked: Asked) -> Queued:
    """Say which task was queued; the five-minute limit becomes a 429 with the time when it may be asked again."""
    if asked.task_id is not None:
        return Queued(task_id=asked.task_id, text=asked.text)
    if asked.again_at is None:
        raise ApiProblem(HTTPStatus.UNPROCESSABLE_ENTITY, "refused", asked.text)
    raise too_soon(asked.text, asked.again_at, call.engine.env.now())


async def push(call: Call[ForOrders, object]) -> Results:
    """Push chosen orders by hand: strategy, auto push and gift gate are overridden, a hold is respected."""
    return results(await call.requests.push(pairs(call.body.orders), call.actor))


async def hold(call: Call[HoldOrders, object]) -> Results:
    """Hold chosen orders that have not left, until they are released."""
    return results(await call.requests.hold(pairs(call.body.orders), call.body.reason, call.actor))


async def release(call: Call[ReleaseOrders, object]) -> Results:
    """End the hold set here of chosen orders, or open the gift gate at which they wait, as `what` says."""
    body = call.body
    return results(await call.requests.release(pairs(body.orders), Barrier(body.what), call.actor))


async def settle(call: Call[SettleOrder, object]) -> Results:
    """Settle a push in doubt by what a person saw in the warehouse: it arrived, or it did not."""
    body = call.body
    if body.settlement == "absent" and body.remote_id is not None:
        raise not_valid("an order that did not arrive has no remote_id")
    settlement = Settlement(body.settlement)
    if call.engine.config.control.two_person.settle:
        return await _propose(call, settlement)
    answer = await call.requests.settle(body.connection, body.ref, settlement, body.remote_id, body.reason, call.actor)
    return results([answer])


async def _propose(call: Call[SettleOrder, object], settlement: Settlement) -> Results:
    """A second person has to say so, too: it is kept until one does."""
    body = call.body
    asked = SettleAsked(
        connection=body.connection, ref=body.ref, settlement=settlement, remote_id=body.remote_id, reason=body.reason
    )
    kept = await call.requests.propose_settle(asked, call.actor, call.caller.uid)
    return Results(results=(Done(order=body.ref, done=False, text=proposed(kept)),), approval=kept.id)


async def redrive(call: Call[Redrive, object]) -> Results:
    """Send failed orders again: those named, or all of a connection or warehouse, at most 1,000 a request."""
    body = call.body
    if bool(body.orders) == body.all_failed:
        raise not_valid("name the orders, or say all_failed: one of the two")
    if body.orders:
        if body.connection or body.warehouse or body.after or body.parked:
            raise not_valid("connection, warehouse, parked and after go with all_failed only")
        found, missing = await call.engine.store.read(_named, pairs(body.orders))
        more = None
    else:
        await known.check(call.engine, connection=body.connection, warehouse=body.warehouse)
        found, more = await call.engine.store.read(_failed, body)
        missing = []
    answers = await call.requests.redrive(list(found), call.actor)
    by_order = {str(order_id): ref for order_id, ref in found.values()}
    done = [Done(order=by_order.get(a.order, a.order), done=a.done, text=a.text) for a in answers]
    return Results(results=(*done, *missing), next=more)


async def count_failed(call: Call[object, FailedQuery]) -> Matching:
    """Count the failed orders that would be sent again: all of a connection or warehouse."""
    query = call.query
    wanted = views.Wanted(oms=query.connection, warehouse=query.warehouse, parked=query.parked)
    return matching(await call.engine.store.read(views.count_failed, wanted, COUNTED + 1))


def matching(count: int) -> Matching:
    """Say how many things match, of which one more than COUNTED were counted at most."""
    return Matching(count=min(count, COUNTED), more=count > COUNTED)


async def probe(call: Call[ForOrders, object]) -> Results:
    """Have warehouses asked now about orders in doubt, instead of when it is their turn; the quiet time is kept."""
    found, missing = await call.engine.store.read(_named, pairs(call.body.orders))
    answers = await call.requests.probe(list(found))
    by_order = {str(order_id): ref for order_id, ref in found.values()}
    done = [Done(order=by_order[a.order], done=a.done, text=a.text) for a in answers]
    return Results(results=(*done, *missing))


def _named(tx: Transaction, pairs: Sequence[tuple[str, str]]) -> tuple[dict[int, tuple[int, str]], list[Done]]:
    """Find the pushes of named orders: push id → (order id, ref), and the orders that do not exist."""
    by_connection: dict[str, list[str]] = {}
    for connection, ref in dict.fromkeys(pairs):
        by_connection.setdefault(connection, []).append(ref)
    found: dict[int, tuple[int, str]] = {}
    missing: list[Done] = []
    for connection, refs in by_connection.items():
        known = orders.load(tx, connection, refs)
        ways = pushes.of_orders(tx, [order.id for order in known.values()])
        found |= {ways[order.id].id: (order.id, ref) for ref, order in known.items()}
        missing += [
            Done(order=ref, done=False, text=f"there is no order {ref} of {connection}")
            for ref in refs
            if ref not in known
        ]
    return found, missing


def _failed(tx: Transaction, body: Redrive) -> tuple[dict[int, tuple[int, str]], int | None]:
    """Find failed pushes, oldest first, and the id to go on from."""
    wanted = views.Wanted(oms=body.connection, warehouse=body.warehouse, parked=body.parked)
    rows = views.failed_pushes(tx, wanted, body.after, MAX_ORDERS)
    known = orders.load_ids(tx, [order for _, order in rows])
    more = rows[-1][0] if len(rows) == MAX_ORDERS else None
    return {push: (order, known[order].ref) for push, order in rows}, more


def pairs(refs: Iterable[OrderRef]) -> list[tuple[str, str]]:
    """Return (connection, ref) of each order, once."""
    return list(dict.fromkeys((each.connection, each.ref) for each in refs))


def results(answers: Iterable[Answer]) -> Results:
    """Return one result an order."""
    return Results(results=tuple(Done(order=a.order, done=a.done, text=a.text) for a in answers))
