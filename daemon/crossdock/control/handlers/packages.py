"""Package outbound: the list, and what people decide about what a warehouse has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from crossdock.control import known
from crossdock.control.handlers.actions import pairs, results
from crossdock.control.handlers.orders import lens_of
from crossdock.control.permissions import Right
from crossdock.control.problems import not_valid
from crossdock.control.records.base import MAX_ORDERS
from crossdock.control.records.packages import PackagePage
from crossdock.control.shown import order_item
from crossdock.rules.choices import Verdict
from crossdock.spec.outbound import Stage
from crossdock.store import packages, views

if TYPE_CHECKING:
    from crossdock.control.records.asks import Results
    from crossdock.control.records.packages import Acknowledge, CancelOrders, DecidePackages, PackageQuery
    from crossdock.control.route import Call

NEEDS = {Verdict.FORCE: Right.PUSH_MANUAL, Verdict.KEEP: Right.ORDER_SYNC, Verdict.AGAIN: Right.PUSH_MANUAL}
"""What a choice needs beside the right of the route; every other is about a cancellation."""


async def list_packages(call: Call[None, PackageQuery]) -> PackagePage:
    """List what warehouses have, newest first, by stage, and those alone that were updated."""
    query = call.query
    stage = None if query.stage is None else Stage(query.stage)
    wanted = views.Wanted(oms=query.connection, warehouse=query.warehouse, updated=query.updated)
    rows, more = await call.engine.store.read(packages.page, stage, wanted, query.after, query.limit)
    lens = await lens_of(call)
    return PackagePage(items=tuple(order_item(row, lens) for row in rows), next=more)


async def decide_packages(call: Call[DecidePackages, object]) -> Results:
    """Decide about changes and cancellations that must not, or could not, be carried out by themselves."""
    verdict = Verdict(call.body.choice)
    call.need(NEEDS.get(verdict, Right.CANCEL_REQUEST), f"the choice {verdict.value}")
    return results(await call.requests.packages.decide(pairs(call.body.orders), verdict, call.body.reason, call.actor))


async def acknowledge(call: Call[Acknowledge, object]) -> Results:
    """Take the mark "(Updated)" off orders that are named, or off all of an OMS or warehouse: somebody has seen it."""
    body = call.body
    if bool(body.orders) == body.all_updated:
        raise not_valid("name the orders, or say all_updated: one of the two")
    if body.orders:
        if body.connection or body.warehouse or body.after:
            raise not_valid("connection, warehouse and after go with all_updated only")
        return results(await call.requests.packages.acknowledge(pairs(body.orders), call.actor))
    await known.check(call.engine, connection=body.connection, warehouse=body.warehouse)
    wanted = views.Wanted(oms=body.connection, warehouse=body.warehouse, updated=True)
    rows, more = await call.engine.store.read(views.order_page, wanted, body.after, MAX_ORDERS)
    named = [(row.connection, row.ref) for row in rows]
    return msgspec.structs.replace(results(await call.requests.packages.acknowledge(named, call.actor)), next=more)


async def cancel(call: Call[CancelOrders, object]) -> Results:
    """Have the warehouses of chosen orders asked not to ship them; the orders are held here."""
    return results(await call.requests.packages.cancel(pairs(call.body.orders), call.body.reason, call.actor))
