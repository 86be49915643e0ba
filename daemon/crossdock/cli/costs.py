"""Inbound costs: planned and actual, what a change would do, second persons, drift."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import click

from crossdock.cli.display import print_json, say, show_facts, show_table
from crossdock.cli.lists import Form, list_forms, show_list
from crossdock.cli.naming import a_reason, order_name
from crossdock.cli.numbers import Whole
from crossdock.cli.session import FAILED, Session, fail, json_option
from crossdock.control.client import Refusal
from crossdock.control.records.costs import CostEdit, CostPreview, SettleDrift

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossdock.control.client import Client
    from crossdock.control.records.costs import CostDocument, CostEdited, CostEffect, CostLine, SkuCost

connection_argument = click.argument("connection")
document_argument = click.argument("document", type=order_name)
line_argument = click.argument("line", type=click.IntRange(0, 2**31))
currency_option = click.option("--currency", required=True, metavar="CODE", help="ISO 4217 code, such as THB.")
receipt_option = click.option("--receipt", metavar="REF", help="Which receipt of the line, where it has several.")
reason_option = click.option("--reason", type=a_reason, required=True, help="Why; it is kept for the audit.")


def amount(text: str) -> Decimal:
    """Take an amount: a number in its own digits, never a float. For click, as the type of a parameter."""
    try:
        return Decimal(text)
    except InvalidOperation:
        raise click.BadParameter(f"{text!r} is no amount; write it like 12.50") from None


def standing(text: str) -> Decimal | str:
    """Take the cost that somebody saw: an amount, or none where none is known. For click."""
    return NO_COST if text.strip().lower() == NO_COST else amount(text)


NO_COST = "none"
unit_cost_option = click.option(
    "--unit-cost", required=True, type=amount, metavar="AMOUNT", help="The new cost of one unit."
)


@click.group()
def costs() -> None:
    """Inbound costs: planned, actual, averages."""


@costs.command("list")
@click.option("--after", type=Whole(0), default=0, help="Go on behind this row.")
@list_forms
@click.pass_obj
def list_documents(session: Session, after: int, form: Form) -> None:
    """List inbound documents with their planned amounts."""
    page = session.talk(lambda client: client.cost_documents(after=after), as_json=form.as_json)
    rows = [(d.connection, d.ref, d.number, d.kind, d.currency, d.plan_amount, d.plan_sent) for d in page.items]
    columns = ("connection", "document", "number", "kind", "currency", "planned amount", "the OMS has")
    show_list(form, page, columns, rows, "no inbound documents", page.next)


@costs.command("show")
@document_argument
@click.option("--connection", metavar="NAME", help="The warehouse's connection; names DOCUMENT by its reference.")
@json_option
@click.pass_obj
def show_document(session: Session, document: str, connection: str | None, as_json: bool) -> None:
    """Show the costs of an inbound document, by its number (or with --connection its reference)."""

    async def ask(client: Client) -> CostDocument:
        if connection is not None:
            return await client.cost_document(connection, document)
        page = await client.cost_documents(text=document)
        if len(page.items) != 1:
            found = ", ".join(f"{each.connection}/{each.ref}" for each in page.items) or "none"
            fail(FAILED, f"name the document by --connection and its reference; with the number {document}: {found}")
        return await client.cost_document(page.items[0].connection, page.items[0].ref)

    found = session.talk(ask, as_json=as_json)
    if as_json:
        print_json(found)
        return
    about = found.document
    show_facts((
        ("document", f"{about.connection}/{about.ref} {about.number}"), ("kind", about.kind), ("oms", about.oms),
        ("currency", about.currency), ("planned amount", about.plan_amount), ("the OMS has", about.plan_sent),
    ))  # fmt: skip
    rows = [row for line in found.lines for row in _line_rows(line)]
    show_table(("line", "sku", "what", "quantity", "unit cost", "version", "note"), rows, "no lines")
    say("")
    skus = {line.sku: line for line in found.lines}
    averages = [
        (e.sku, e.average, e.average_currency, [_FLAGS.get(flag, flag) for flag in e.flags]) for e in skus.values()
    ]
    show_table(("sku", "average in the OMS's ledger", "currency", "note"), averages)


_FLAGS = {
    "unknown_cost": "a receipt has no known cost, so no new average is told",
    "other_currency": "a receipt is in another currency, so no new average is told",
    "empty_stock": "goods came in while none were in stock",
}


def _line_rows(line: CostLine) -> list[tuple[object, ...]]:
    """One row for what was planned, one for each receipt; what a note is about stands in its own row."""
    planned = (line.line_no, line.sku, "planned", line.planned, line.plan_unit_cost, line.version)
    rows: list[tuple[object, ...]] = [(*planned, "being written" if line.plan_pending else "")]
    for each in line.receipts:
        note = "being written" if each.pending else "cost not known" if each.unit_cost is None else ""
        rows.append((line.line_no, line.sku, f"receipt {each.ref}", each.quantity, each.unit_cost, each.version, note))
    return rows


@costs.command("sku")
@click.argument("oms")
@click.argument("sku", type=order_name)
@json_option
@click.pass_obj
def show_sku(session: Session, oms: str, sku: str, as_json: bool) -> None:
    """Show the cost ledger of a SKU in an OMS.

    Its events, the last recorded first; "counts from" is when the goods arrived or left, whenever their cost was corrected.
    """
    found = session.talk(lambda client: client.sku_cost(oms, sku), as_json=as_json)
    _show_sku(found, as_json)


def _show_sku(found: SkuCost, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    blocked = f"{found.blocked}, since {found.blocked_by}" if found.blocked else ""
    show_facts((
        ("sku", found.sku), ("oms", found.oms), ("currency", found.currency), ("quantity", found.quantity),
        ("average", found.average), ("blocked", blocked), ("flags", found.flags), ("sent", found.sent),
        ("the OMS holds", found.held if found.held_at else "not asked yet"), ("drift", found.drift or ""),
    ))  # fmt: skip
    rows = [
        (e.recorded_at, e.at, e.kind, e.about, e.quantity, e.unit_cost, e.revision, e.actor, e.reason)
        for e in found.events
    ]
    columns = ("recorded", "counts from", "what", "about", "quantity", "unit cost", "revision", "who", "why")
    show_table(columns, rows, "no events")


@costs.command("preview")
@connection_argument
@document_argument
@line_argument
@unit_cost_option
@currency_option
@receipt_option
@click.option("--planned", is_flag=True, help="Of the planned cost; else of the actual cost.")
@json_option
@click.pass_obj
def preview(session: Session, /, as_json: bool, planned: bool, line: int, **given: Any) -> None:
    """Show what a new unit cost would do. Nothing is saved."""
    wanted = CostPreview(kind="planned" if planned else "actual", line_no=line, **given)
    effect = session.talk(lambda client: client.preview_cost(wanted), as_json=as_json)
    if as_json:
        print_json(effect)
    else:
        _show_effect(effect)


def _edit_options(command: Callable[..., None]) -> Callable[..., None]:
    options = (
        unit_cost_option, currency_option, reason_option,
        click.option("--version", required=True, type=Whole(0), help="The version that you saw."),
        click.option(
            "--old", type=standing, metavar="AMOUNT|none", help="The cost that you saw or were told; none: it has none. "
            "Default: the one that stands, which needs the right cost.view.",
        ),
        click.option("--confirm", "confirmed", is_flag=True, help="It is meant, although it is far from the average."),
        json_option,
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@costs.command("set-plan")
@connection_argument
@document_argument
@line_argument
@_edit_options
@click.pass_obj
def set_plan(session: Session, /, as_json: bool, **given: Any) -> None:
    """Change the planned cost of one unit of a line."""
    _edit(session, as_json, given, actual=False)


@costs.command("set-actual")
@connection_argument
@document_argument
@line_argument
@receipt_option
@_edit_options
@click.pass_obj
def set_actual(session: Session, /, as_json: bool, **given: Any) -> None:
    """Change what one unit of received goods really cost."""
    _edit(session, as_json, given, actual=True)


def _edit(session: Session, as_json: bool, given: dict[str, Any], *, actual: bool) -> None:
    line = given.pop("line")

    async def ask(client: Client) -> CostEdited:
        if given["old"] is None:
            document = await _seen(client, given["connection"], given["document"])
            given["old"] = _standing(document, line, given.get("receipt"), actual=actual)
        elif given["old"] == NO_COST:
            given["old"] = None
        edit = CostEdit(line_no=line, **given)
        return await (client.edit_actual_cost(edit) if actual else client.edit_plan_cost(edit))

    made = session.talk(ask, as_json=as_json)
    if as_json:
        print_json(made)
        return
    say(made.text)
    if made.effect is not None:
        _show_effect(made.effect)


async def _seen(client: Client, connection: str, document: str) -> CostDocument:
    try:
        return await client.cost_document(connection, document)
    except Refusal as refusal:
        if refusal.code != "forbidden":
            raise
        fail(
            FAILED,
            "you may change this cost but not see it: say with --old which one you were told stands (--old none: it has none)",
        )


def _standing(document: CostDocument, line_no: int, receipt: str | None, *, actual: bool) -> Decimal | None:
    for line in document.lines:
        if line.line_no == line_no and not actual:
            return line.plan_unit_cost
        if line.line_no == line_no:
            return next((r.unit_cost for r in line.receipts if receipt in (None, r.ref)), None)
    return None


def _show_effect(effect: CostEffect) -> None:
    show_facts((
        ("sku", effect.sku), ("currency", effect.currency),
        ("unit cost", f"{_shown(effect.old)} -> {_shown(effect.new)}"), ("quantity", effect.quantity),
        ("planned amount", _change(effect.amount_before, effect.amount_after)),
        ("average", _change(effect.average_before, effect.average_after)),
        ("blocked", effect.blocked_after), ("second person", effect.second_person_above and f"above {effect.second_person_above}"),
    ))  # fmt: skip
    for warning in effect.warnings:
        say(f"confirm: {warning}")


def _change(before: Decimal | None, after: Decimal | None) -> str:
    return "" if before is None and after is None else f"{_shown(before)} -> {_shown(after)}"


def _shown(amount: Decimal | None) -> str:
    return "not known" if amount is None else f"{amount:f}"


@costs.command("settle-drift")
@click.argument("oms")
@click.argument("sku", type=order_name)
@click.option("--take-theirs/--write-ours", "theirs", default=None, help="Whose average stands from now on.")
@reason_option
@json_option
@click.pass_obj
def settle_drift(session: Session, oms: str, sku: str, theirs: bool | None, reason: str, as_json: bool) -> None:
    """Decide whose average stands where ledger and OMS differ."""
    if theirs is None:
        raise click.UsageError("say --take-theirs or --write-ours")
    wanted = SettleDrift(oms=oms, sku=sku, decision="take_theirs" if theirs else "write_ours", reason=reason)
    _show_sku(session.talk(lambda client: client.settle_drift(wanted), as_json=as_json), as_json)
