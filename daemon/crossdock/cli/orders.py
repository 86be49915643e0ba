"""Orders: lists, one order, and the explanation of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import click

from crossdock.cli.csv_output import csv_options, print_csv, say_more
from crossdock.cli.display import WHOLE, print_json, say, show_facts, show_table, when
from crossdock.cli.naming import find_one, order_name
from crossdock.cli.numbers import Whole
from crossdock.cli.session import Session, json_option
from crossdock.control.records.base import StateName, TabName

if TYPE_CHECKING:
    from crossdock.control.client import Client
    from crossdock.control.records.orders import Explanation, OrderDetail, OrderItem

TABS = get_args(TabName)
STATES = get_args(StateName)
connection_option = click.option("--connection", metavar="NAME", help="The OMS connection the order came from.")


@click.group()
def orders() -> None:
    """Orders and where they stand."""


@orders.command("list")
@click.option("--tab", type=click.Choice(TABS), help="Only this list.")
@click.option("--state", type=click.Choice(STATES), help="Only orders at this state.")
@click.option("--changed", is_flag=True, help="Only orders that changed or were cancelled after they were sent.")
@click.option("--updated", is_flag=True, help='Only orders with the mark "(Updated)".')
@click.option("--aged", is_flag=True, help="Only orders that are too old to be pushed.")
@click.option("--parked", is_flag=True, help="Only failed orders that are not tried again by themselves.")
@connection_option
@click.option("--warehouse", metavar="CODE", help="Only orders of this warehouse.")
@click.option("--text", type=order_name, metavar="TEXT", help="Exactly this reference or order number.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="Rows shown, at most.")
@click.option("--after", type=Whole(1), help="Go on after this row.")
@csv_options
@json_option
@click.pass_obj
def list_orders(session: Session, /, as_csv: bool, raw: bool, as_json: bool, **query: object) -> None:
    """List orders, newest first.

    "changed": it changed or was cancelled after its push, and a person has to decide (`crossdock packages decide`).
    "(Updated)": its warehouse took a change since the push, and nobody has acknowledged that (`crossdock ack`).
    """
    flags = {name: query.pop(name) or None for name in ("changed", "updated", "aged", "parked")}
    page = session.talk(lambda client: client.orders(**flags, **query), as_json=as_json)
    if as_json:
        print_json(page)
        return
    if as_csv:
        print_csv(CSV_COLUMNS, map(_csv_row, page.items), raw=raw)
        say_more(page.next)
        return
    rows = [
        (o.connection, o.ref, o.number, o.status, o.warehouse, state_said(o), "; ".join(o.why) or o.error, o.next_at or o.again_at)
        for o in page.items
    ]  # fmt: skip
    show_table(("oms", "order", "number", "status", "warehouse", "push", "why", "next"), rows, "no orders")
    if page.next is not None:
        say(f"more: --after {page.next}")


CSV_COLUMNS = (
    "id", "oms", "order", "number", "status", "shop", "logistics", "created", "push", "changed", "updated", "warehouse", "strategy",
    "why", "hold", "next", "attempts", "queued", "sent", "settled", "remote", "error",
)  # fmt: skip


def _csv_row(o: OrderItem) -> tuple[object, ...]:
    return (
        o.id, o.connection, o.ref, o.number, o.status, o.shop, o.logistics, o.created_at, o.state, o.changed, o.updated, o.warehouse,
        o.strategy, o.why, o.hold, o.next_at or o.again_at, o.attempts, o.queued_at, o.sent_at, o.settled_at, o.remote_id,
        o.error,
    )  # fmt: skip


def state_said(item: OrderItem) -> str:
    """Say where an order stands, with its marks."""
    return item.state + (", changed" if item.changed else "") + (" (Updated)" if item.updated else "")


@orders.command("show")
@click.argument("order", type=order_name)
@connection_option
@json_option
@click.pass_obj
def show_order(session: Session, order: str, connection: str | None, as_json: bool) -> None:
    """Show one order, its pushes and what happened to it."""
    found = session.talk(lambda client: _detail(client, order, connection), as_json=as_json)
    if as_json:
        print_json(found)
    else:
        _show(found)


async def _detail(client: Client, order: str, connection: str | None) -> OrderDetail:
    named = await find_one(client, order, connection)
    return await client.order(named.connection, named.ref)


def _show(found: OrderDetail) -> None:
    row, order = found.row, found.order
    show_facts((
        ("order", f"{row.ref} of {row.connection}"),
        ("number", row.number),
        ("status", row.status),
        ("shop", row.shop),
        ("logistics", row.logistics),
        ("created", row.created_at),
        ("push", state_said(row)),
        ("warehouse", row.warehouse),
        ("stage", row.stage),
        ("updated", f"to revision {row.updated_revision} at {when(row.updated_at)}" if row.updated_at else None),
        ("why", "; ".join(row.why)),
        ("cannot be read", found.unreadable),
        ("personal data", "removed" if found.forgotten else None),
    ))  # fmt: skip
    if order is not None:
        place = order.recipient.address
        show_facts((
            ("recipient", order.recipient.name),
            ("phone", order.recipient.phone),
            ("address", [*place.lines, *filter(None, (place.district, place.city, place.region, place.postcode, place.country))]),
            ("buyer's note", order.buyer_note),
            ("seller's note", order.seller_note),
        ))  # fmt: skip
        say("")
        lines = [(n.line_no, n.sku, n.name, n.quantity, n.unit, n.kind.value) for n in order.lines[:200]]
        show_table(("line", "sku", "name", "quantity", "unit", "kind"), lines, "no lines")
    say("")
    pushes = [
        (p.warehouse, p.state, p.key, p.attempts, p.sent_at, p.settled_at, p.remote_id, p.error) for p in found.pushes
    ]
    show_table(("warehouse", "push", "key", "attempts", "sent", "settled", "remote", "error"), pushes)
    if found.decisions:
        say("")
        decided = [(d.path, d.before, d.after, d.decision, d.why) for d in found.decisions[:200]]
        show_table(("differs in", "the warehouse has", "the order says", "decision", "why"), decided, limit=WHOLE)
    say("")
    show_table(
        ("at", "what", "by", "text"),
        [(m.at, m.what, m.actor, m.text) for m in found.timeline],
        "nothing unusual",
        limit=WHOLE,
    )


@click.command()
@click.argument("order", type=order_name)
@connection_option
@json_option
@click.pass_obj
def explain(session: Session, order: str, connection: str | None, as_json: bool) -> None:
    """Explain why an order is where it is.

    ORDER is a reference or an order number. Prints what happened, what every clause of the decision says now, and
    what comes next and when.
    """
    found = session.talk(lambda client: client.explain(order, connection), as_json=as_json)
    if as_json:
        print_json(found)
    else:
        _explained(found)


def _explained(found: Explanation) -> None:
    row = found.row
    say(f"{row.ref} of {row.connection}: {row.state}. In short: {found.verdict}.")
    say("")
    say("What happened")
    for moment in found.happened:
        by = f" ({moment.actor})" if moment.actor else ""
        text = f": {moment.text}" if moment.text else ""
        say(f"  {when(moment.at)}  {moment.what}{by}{text}")
    if found.clauses:
        say("")
        say("What the decision depends on, as it is now")
        for clause in found.clauses:
            say(f"  {'✓' if clause.ok else '✗'} {clause.text}")
    if found.differences:
        say("")
        say("How it differs from what its warehouse has")
        for each in found.differences:
            done = f" ({each.decision}: {each.why})" if each.decision else ""
            say(f"  {each.path}: {each.before or '—'} → {each.after or '—'}{done}")
    say("")
    say("What comes next")
    for step in found.next:
        at = f"{when(step.at)} UTC: " if step.at else ""
        say(f"  {'! ' if step.person else ''}{at}{step.text}")
