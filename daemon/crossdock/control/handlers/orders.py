"""Orders: lists, one order, and the explanation of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crossdock.control.auditing import revealed
from crossdock.control.explain import Case, explain
from crossdock.control.problems import conflict, not_found
from crossdock.control.records.orders import ExplainQuery, Explanation, OrderDetail, OrderPage, OrderQuery
from crossdock.control.shown import Lens, decided, happened, masked, order_item, push_item, updated
from crossdock.flows.decide import read_reasons
from crossdock.rules.push_states import WAITING, PushState, Tab
from crossdock.rules.reasons import failing
from crossdock.spec.errors import ConnectorError
from crossdock.store import amendments, orders, privacy, pushes, timeline, views

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.control.route import Call
    from crossdock.rules.book import Book
    from crossdock.rules.mutability import Decided
    from crossdock.spec.orders import Order
    from crossdock.store.amendments import Amendment
    from crossdock.store.book import BookCache
    from crossdock.store.orders import StoredOrder
    from crossdock.store.pushes import Push
    from crossdock.store.store import Transaction
    from crossdock.store.timeline import Moment
    from crossdock.store.views import Listed


async def lens_of(call: Call[Any, Any]) -> Lens:
    """Say with what rows are looked at for this request."""
    engine = call.engine
    return Lens(await engine.store.read(engine.books.current), engine.keeper.of, engine.env.now())


async def list_orders(call: Call[None, OrderQuery]) -> OrderPage:
    """List orders, newest first, by tab, state, connection, warehouse, whether they changed after their push, were updated, are too old for it or parked, or exactly one reference or number."""
    query, lens = call.query, await lens_of(call)
    wanted = views.Wanted(
        states=None if query.state is None else (PushState[query.state.upper()],),
        tab=None if query.tab is None else Tab(query.tab),
        changed=query.changed,
        updated=query.updated,
        aged=query.aged,
        parked=query.parked,
        oms=query.connection,
        warehouse=query.warehouse,
    )
    if query.text is not None:
        found = await call.engine.store.read(_by_text, query.text, query.connection)
        shown = views.parts(wanted)
        items = [
            row
            for row in found
            if _fits(row, shown)
            and query.warehouse in (None, row.warehouse)
            and (updated(row) or not query.updated)
            and (_aged(row) or not query.aged)
            and (row.next_at is None or not query.parked)
        ]
        return OrderPage(items=tuple(order_item(row, lens) for row in items))
    rows, more = await call.engine.store.read(views.order_page, wanted, query.after, query.limit)
    return OrderPage(items=tuple(order_item(row, lens) for row in rows), next=more)


def _fits(row: Listed, shown: Sequence[views.Part]) -> bool:
    return any(row.state is part.state and part.changed in (None, row.changed) for part in shown)


def _aged(row: Listed) -> bool:
    return row.state in WAITING and any(clause.code == "age" for clause in failing(read_reasons(row.why)))


def _by_text(tx: Transaction, text: str, connection: str | None) -> list[Listed]:
    return views.of_order_ids(tx, [order.id for order in views.find_orders(tx, text, connection)])


async def show_order(call: Call[None, object]) -> OrderDetail:
    """Show one order: as its OMS has it, its pushes, and what happened to it."""
    connection, ref = call.path["connection"], call.path["ref"]
    known = await call.engine.store.read(_one, connection, ref)
    if known is None:
        raise not_found(f"there is no order {ref} of {connection}")
    stored, row, ways, moments, decisions = known
    order, fault = _decoded(call, stored)
    personal = await revealed(call, f"{connection}/{ref}")
    if order is not None and not personal:
        order = masked(order)
    return OrderDetail(
        row=order_item(row, await lens_of(call)),
        order=order,
        masked=not personal,
        pushes=tuple(map(push_item, ways)),
        timeline=tuple(happened(moment, personal=personal) for moment in sorted(moments, key=lambda each: each.at)),
        unreadable=fault,
        forgotten=stored.personal == privacy.NOTHING,
        decisions=tuple(decided(each, personal=personal) for each in decisions),
    )


def _one(
    tx: Transaction, connection: str, ref: str
) -> tuple[StoredOrder, Listed, list[Push], list[Moment], tuple[Decided, ...]] | None:
    stored = orders.load(tx, connection, [ref]).get(ref)
    if stored is None:
        return None
    row = views.of_order_ids(tx, [stored.id])[0]
    decisions = amendments.load(tx, row.id).decisions()
    return stored, row, pushes.of_order(tx, stored.id), timeline.of_order(tx, stored.id), decisions


def _decoded(call: Call[None, object], stored: StoredOrder) -> tuple[Order | None, str | None]:
    try:
        return call.engine.house.read_order(stored.connection, stored.payload, bool(stored.sliced)), None
    except (ConnectorError, ValueError) as error:
        return None, str(error)


async def explain_order(call: Call[None, ExplainQuery]) -> Explanation:
    """Explain one order: what happened, what every clause of its decision says now, what comes next and when."""
    stored = await _the_one(call)
    engine = call.engine
    row, push, moments, body, record, book = await engine.store.read(_case, stored.id, engine.books)
    order, _ = _decoded(call, stored)
    link = engine.links.get(push.connection or "")
    personal = await revealed(call, f"{stored.connection}/{stored.ref}")
    return explain(
        Case(
            row=row,
            lens=Lens(book, engine.keeper.of, engine.env.now()),
            stored=stored,
            push=push,
            moments=moments,
            body=body,
            record=record,
            order=order,
            book=book,
            health=engine.keeper.of(push.connection or ""),
            idempotency="lookup" if link is None else link.capabilities.idempotency,
            absent=engine.unserved(push.connection or ""),
            now=engine.env.now(),
            personal=personal,
        )
    )


async def _the_one(call: Call[None, ExplainQuery]) -> StoredOrder:
    query = call.query
    found = await call.engine.store.read(views.find_orders, query.order, query.connection)
    if not found:
        within = f" of {query.connection}" if query.connection else ""
        raise not_found(f"there is no order with the reference or number {query.order}{within}")
    if len(found) > 1:
        if query.connection is not None:
            refs = ", ".join(order.ref for order in found)
            raise conflict(
                "ambiguous", f"several orders have the number {query.order}: name one by its reference ({refs})"
            )
        where = ", ".join(f"{order.connection}/{order.ref}" for order in found)
        raise conflict("ambiguous", f"several orders fit {query.order}: name the connection or the reference ({where})")
    return found[0]


def _case(
    tx: Transaction, order_id: int, books: BookCache
) -> tuple[Listed, Push, list[Moment], bytes | None, Amendment, Book]:
    push = pushes.of_orders(tx, [order_id])[order_id]
    row = views.of_order_ids(tx, [order_id])[0]
    record = amendments.load(tx, push.id)
    body = record.base or pushes.body(tx, push.id)
    return row, push, timeline.of_order(tx, order_id), body, record, books.current(tx)
