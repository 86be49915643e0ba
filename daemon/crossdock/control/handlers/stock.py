"""Stock: levels and how far an OMS was told, fetched now, switched on and off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, Struct

from crossdock.control.handlers.actions import queued
from crossdock.control.records.base import Code, Limit
from crossdock.control.records.stock import StockItem, StockPage, StockSwitch, StockSwitches
from crossdock.engine.stock_requests import StockRequests
from crossdock.spec.orders import Ref
from crossdock.store import stock
from crossdock.store.times import from_ms

if TYPE_CHECKING:
    from crossdock.control.records.asks import Queued
    from crossdock.control.records.stock import FetchStock, SwitchStock
    from crossdock.control.route import Call
    from crossdock.store.stock import Known, Switch

WHY = {
    "no_oms": "choose the OMS that it goes to (crossdock stock switch)",
    "unmapped": "map the warehouse's SKU (crossdock mappings)",
    "ambiguous": "several SKUs are mapped to this one; leave one",
}


class StockQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which levels: of a warehouse of ours, of a SKU as the warehouse calls it; `held`: those that wait for a person.

    `after` is `next` of the page before.
    """

    warehouse: Code | None = None
    sku: Ref | None = None
    held: bool = False
    after: Annotated[int, Meta(ge=0, le=2**62)] = 0
    limit: Limit = 50


async def list_stock(call: Call[None, StockQuery]) -> StockPage:
    """List stock levels as the warehouses showed them, and how far the OMS was told."""
    query = call.query
    rows = await call.engine.store.read(
        stock.page, query.after, query.limit + 1, query.warehouse, query.sku, held=query.held
    )
    switches = await call.engine.store.read(stock.switches)
    more = rows[query.limit - 1].id if len(rows) > query.limit else None
    items = (_item(row, switches.get(row.code)) for row in rows[: query.limit])
    # A level that nothing could be done about when it came is not held any more once its warehouse is switched off.
    return StockPage(items=tuple(each for each in items if not query.held or each.state == "held"), next=more)


async def list_switches(call: Call[None, object]) -> StockSwitches:
    """List which warehouses send their stock to an OMS."""
    book = await call.engine.store.read(call.engine.books.current)
    switches = await call.engine.store.read(stock.switches)
    found = (switches.get(code, stock.Switch(warehouse=code)) for code in sorted(book.warehouses))
    return StockSwitches(items=tuple(_shown(switch) for switch in found))


async def fetch_stock(call: Call[FetchStock, object]) -> Queued:
    """Fetch the stock of a WMS now (a task)."""
    return queued(call, await StockRequests(call.engine).fetch(call.body.connection, call.actor))


async def switch_stock(call: Call[SwitchStock, object]) -> StockSwitch:
    """Switch whether a warehouse's stock goes to an OMS. What is known already is sent at once."""
    body = call.body
    return _shown(
        await StockRequests(call.engine).switch(
            body.warehouse, on=body.on, oms=body.oms, revision=body.revision, by=call.audited()
        )
    )


def _shown(switch: Switch) -> StockSwitch:
    return StockSwitch(warehouse=switch.warehouse, on=switch.on, oms=switch.oms, revision=switch.revision)


def _item(known: Known, switch: Switch | None) -> StockItem:
    level = known.level
    return StockItem(
        id=known.id,
        connection=known.connection,
        remote=level.warehouse,
        warehouse=known.code,
        sku=level.sku,
        ours=known.ours,
        oms=known.oms,
        on_hand=level.on_hand,
        available=level.available,
        reserved=level.reserved,
        damaged=level.damaged,
        in_transit=level.in_transit,
        observed_at=level.observed_at,
        sequence=level.sequence,
        state=_state(known, switch),
        why=WHY.get(known.held or "", ""),
        confirmed_at=from_ms(known.confirmed_at),
    )


def _state(known: Known, switch: Switch | None) -> Literal["confirmed", "waiting", "held", "off"]:
    if known.confirmed == known.mark:
        return "confirmed"
    if switch is None or not switch.on:
        return "off"
    return "held" if known.held is not None else "waiting"
