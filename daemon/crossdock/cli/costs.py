"""Inbound costs: planned and actual, what a change would do, second persons, drift."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import click

from crossdock.cli.display import print_json, say, show_facts, show_table
from crossdock.cli.lists import Form, list_forms, show_list
from crossdock.cli.naming import order_name
from crossdock.cli.session import FAILED, Session, fail, json_option
from crossdock.control.records.costs import CostEdit, CostPreview, SettleDrift

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossdock.control.client import Client
    from crossdock.control.records.costs import CostDocument, CostEdited, CostEffect, SkuCost

connection_argument = click.argument("connection")
document_argument = click.argument("document", type=order_name)
line_argument = click.argument("line", type=click.IntRange(0, 2**31))
currency_option = click.option("--currency", required=True, metavar="CODE", help="ISO 4217 code, such as THB.")
receipt_option = click.option("--receipt", metavar="REF", help="Which receipt of the line, where it has several.")
reason_option = click.option("--reason", required=True, help="Why; it is kept for the audit.")


def amount(text: str) -> Decimal:
    """Take an amount: a number in its own digits, never a float. For click, as the type of a parameter."""
    try:
        return Decimal(text)
    except InvalidOperation:
        raise click.BadParameter(f"{text!r} is no amount; write it like 12.50") from None


unit_cost_option = click.option(
    "--unit-cost", required=True, type=amount, metavar="AMOUNT", help="The new cost of one unit."
)


@click.group()
def costs() -> None:
    """Inbound costs: planned, actual, averages."""


@costs.command("list")
@click.option("--after", type=click.IntRange(0), default=0, help="Go on behind this row.")
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
    rows: list[tuple[object, ...]] = []
    for line in found.lines:
        planned = (line.line_no, line.sku, "planned", line.planned, line.plan_unit_cost, line.version)
        rows.append((*planned, line.average, ", ".join([*line.flags, *(["being written"] if line.pending else [])])))
        rows += [
            (line.line_no, line.sku, f"receipt {r.ref}", r.quantity, r.unit_cost, r.version, "", "")
            for r in line.receipts
        ]
    show_table(("line", "sku", "what", "quantity", "unit cost", "version", "average", ""), rows, "no lines")


@costs.command("sku")
@click.argument("oms")
@click.argument("sku", type=order_name)
@json_option
@click.pass_obj
def show_sku(session: Session, oms: str, sku: str, as_json: bool) -> None:
    """Show the cost ledger of a SKU in an OMS."""
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
        ("the OMS holds", found.held), ("drift", found.drift or ""),
    ))  # fmt: skip
    rows = [(e.at, e.kind, e.about, e.quantity, e.unit_cost, e.revision, e.actor, e.reason) for e in found.events]
    show_table(("at", "what", "about", "quantity", "unit cost", "revision", "who", "why"), rows, "no events")


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
        click.option("--version", required=True, type=click.IntRange(0), help="The version that you saw."),
        click.option("--old", type=amount, metavar="AMOUNT", help="The cost that you saw. Default: the one that stands."),
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
            document = await client.cost_document(given["connection"], given["document"])
            given["old"] = _standing(document, line, given.get("receipt"), actual=actual)
        edit = CostEdit(line_no=line, **given)
        return await (client.edit_actual_cost(edit) if actual else client.edit_plan_cost(edit))

    made = session.talk(ask, as_json=as_json)
    if as_json:
        print_json(made)
        return
    say(made.text)
    if made.effect is not None:
        _show_effect(made.effect)


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
