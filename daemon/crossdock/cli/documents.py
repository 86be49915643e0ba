"""Documents of warehouses on their way back to the OMS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import click

from crossdock.cli.display import print_json, say, show_facts, show_table
from crossdock.cli.lists import Form, list_forms, show_list
from crossdock.cli.naming import order_name
from crossdock.cli.numbers import Whole
from crossdock.cli.session import FAILED, Session, fail, json_option
from crossdock.control.records.documents import StatusName

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crossdock.control.client import Client
    from crossdock.control.records.asks import Queued
    from crossdock.control.records.documents import DocumentDetail, DocumentRef, RepushedDocuments, RepushedItem

LISTS = (
    "package-outbound", "manual-outbound", "transfer-outbound", "receiving-inbound", "manual-inbound", "transfer-inbound",
)  # fmt: skip
STATUSES = get_args(StatusName)
connection_option = click.option("--connection", metavar="NAME", help="The WMS connection the document came from.")
list_option = click.option("--list", "list_name", type=click.Choice(LISTS), help="Only documents of this list.")
status_option = click.option("--status", type=click.Choice(STATUSES), help="Only documents with this push status.")
warehouse_option = click.option("--warehouse", metavar="CODE", help="Only documents of this warehouse.")


@click.group()
def documents() -> None:
    """Documents of warehouses, and whether their OMS has them."""


@documents.command("list")
@list_option
@status_option
@warehouse_option
@connection_option
@click.option("--text", metavar="TEXT", type=order_name, help="A reference, a number, or an order's reference.")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="Rows shown, at most.")
@click.option("--after", type=Whole(1), help="Go on after this document.")
@list_forms
@click.pass_obj
def list_documents(session: Session, /, list_name: str | None, form: Form, **query: object) -> None:
    """List documents with their push status, newest first."""
    page = session.talk(lambda client: client.documents(list=list_name, **query), as_json=form.as_json)
    columns = ("document", "list", "warehouse", "state", "revision", "push status", "pushed", "OMS", "order", "why")
    rows = [
        (d.number or d.ref, d.list, d.warehouse, d.state, d.revision, d.push_status, d.pushed_revision, d.oms, d.order_ref, d.why)
        for d in page.items
    ]  # fmt: skip
    show_list(form, page, columns, rows, "no documents", page.next)


@documents.command("show")
@click.argument("document", type=order_name)
@list_option
@connection_option
@json_option
@click.pass_obj
def show_document(
    session: Session, document: str, list_name: str | None, connection: str | None, as_json: bool
) -> None:
    """Show one document.

    DOCUMENT is its reference or its number. Prints its parcels or receipts, its push status, and what happened to it.
    """

    async def ask(client: Client) -> DocumentDetail:
        named = await _find(client, document, list_name, connection)
        return await client.document(named.connection, named.ref, named.list)

    found = session.talk(ask, as_json=as_json)
    if as_json:
        print_json(found)
    else:
        _show(found)


@documents.command("repush")
@click.argument("names", metavar="[DOCUMENT]...", nargs=-1, type=order_name)
@click.option("--all", "all_matching", is_flag=True, help="All of --list with --status, of --warehouse if named.")
@list_option
@status_option
@warehouse_option
@connection_option
@json_option
@click.pass_obj
def repush(
    session: Session,
    /,
    names: tuple[str, ...],
    all_matching: bool,
    list_name: str | None,
    connection: str | None,
    as_json: bool,
    **chosen: str | None,
) -> None:
    """Push documents to their OMS again.

    Always at their current revision. Harmless for one that the OMS has: it is entered once.
    """
    if bool(names) == all_matching:
        raise click.UsageError("name documents, or say --all: one of the two")
    if all_matching and (list_name is None or chosen["status"] is None):
        raise click.UsageError("--all needs --list and --status, so that it is clear what is pushed again")
    if names and any(chosen.values()):
        raise click.UsageError("--status and --warehouse go with --all")

    async def ask(client: Client) -> RepushedDocuments:
        if all_matching:
            return await _all(client, list_name, chosen)
        return await _chosen(client, {name: await _looked_up(client, name, list_name, connection) for name in names})

    _results(session.talk(ask, as_json=as_json), as_json)


@documents.command("fetch")
@click.argument("connection")
@click.option("--direction", type=click.Choice(["outbound", "inbound"]), help="Only these; both if it is left out.")
@json_option
@click.pass_obj
def fetch(session: Session, connection: str, direction: str | None, as_json: bool) -> None:
    """Fetch the documents of a WMS connection now.

    The daemon does it as a task; it may be asked once in five minutes for each connection and direction.
    """

    async def ask(client: Client) -> list[Queued]:
        wanted: Sequence[Any] = (direction,) if direction else ("outbound", "inbound")
        return [await client.fetch_documents(connection, each) for each in wanted]

    queued = session.talk(ask, as_json=as_json)
    if as_json:
        print_json({"tasks": queued})
        return
    for task in queued:
        say(f"{task.text}; `crossdock tasks show {task.task_id}` tells how far it is")


async def _find(client: Client, text: str, list_name: str | None, connection: str | None) -> DocumentRef:
    """Return the one document that `text` names. Ends the command if it is none or several."""
    found = await _looked_up(client, text, list_name, connection)
    if isinstance(found, str):
        fail(FAILED, found)
    return found


async def _looked_up(client: Client, text: str, list_name: str | None, connection: str | None) -> DocumentRef | str:
    """Return the one document that `text` names, or say why it names none."""
    from crossdock.control.records.documents import DocumentRef, ListName  # noqa: PLC0415 - not needed for help

    page = await client.documents(text=text, list=list_name, connection=connection)
    exact = [item for item in page.items if text in (item.ref, item.number)]
    if not exact:
        return f"there is no document with the reference or number {text}"
    if len(exact) > 1:
        where = ", ".join(f"{each.connection}/{each.list}/{each.ref}" for each in exact)
        return f"several documents fit {text}: name --list, --connection or the reference ({where})"
    name: Any = exact[0].list
    assert name in get_args(ListName)
    return DocumentRef(connection=exact[0].connection, ref=exact[0].ref, list=name)


async def _chosen(client: Client, named: Mapping[str, DocumentRef | str]) -> RepushedDocuments:
    """Push again what was found; every name gets an answer of its own."""
    from crossdock.control.records.documents import (  # noqa: PLC0415 - not needed for help
        RepushDocuments,
        RepushedDocuments,
        RepushedItem,
    )

    unknown = [
        RepushedItem(document=name, done=False, text=said) for name, said in named.items() if isinstance(said, str)
    ]
    refs = tuple(dict.fromkeys(each for each in named.values() if not isinstance(each, str)))
    found = (
        await client.repush_documents(RepushDocuments(documents=refs))
        if refs
        else RepushedDocuments(results=(), matching=0)
    )
    return RepushedDocuments(results=(*found.results, *unknown), matching=found.matching + len(unknown))


async def _all(client: Client, list_name: Any, chosen: dict[str, Any]) -> RepushedDocuments:
    from crossdock.control.records.documents import RepushDocuments, RepushedDocuments  # noqa: PLC0415 - as above

    found: list[RepushedItem] = []
    matching, after = None, 0
    while True:
        wanted = RepushDocuments(all_matching=True, list=list_name, after=after, **chosen)
        page = await client.repush_documents(wanted)
        found += page.results
        matching = page.matching if matching is None else matching
        if page.next is None:
            return RepushedDocuments(results=tuple(found), matching=matching)
        after = page.next


def _results(found: RepushedDocuments, as_json: bool) -> None:
    """Show one result a document; the exit code is 1 if anything was not done."""
    if as_json:
        print_json(found)
    else:
        for each in found.results:
            say(f"{'' if each.done else 'NOT DONE: '}{each.document}: {each.text}")
        done = sum(each.done for each in found.results)
        say(f"{done} of {found.matching} documents are queued" if found.matching else "there was nothing to do")
    if not all(each.done for each in found.results):
        raise click.exceptions.Exit(FAILED)


def _show(found: DocumentDetail) -> None:
    row = found.row
    show_facts((
        ("document", f"{row.number or row.ref} ({row.list} of {row.connection}, reference {row.ref})"),
        ("warehouse", row.warehouse),
        ("order", row.order_ref),
        ("state", f"{row.state}, revision {row.revision}"),
        ("push status", row.push_status if row.oms is None else f"{row.push_status} ({row.oms})"),
        ("pushed", None if row.pushed_revision is None else f"revision {row.pushed_revision}"),
        ("at", row.pushed_at),
        ("why", row.why),
    ))  # fmt: skip
    say("")
    if found.outbound is not None:
        lines = [(n.line_no, n.sku, n.planned, n.actual, n.reason) for n in found.outbound.lines[:200]]
        show_table(("line", "sku", "planned", "left", "reason"), lines, "no lines")
        say("")
        parcels = [(p.parcel_no, p.tracking_number, p.logistics, p.shipped_at) for p in found.outbound.parcels[:200]]
        show_table(("parcel", "tracking", "carrier", "shipped"), parcels, "no parcels")
    if found.inbound is not None:
        planned = [(n.line_no, n.sku, n.planned, n.planned_unit_cost) for n in found.inbound.lines[:200]]
        show_table(("line", "sku", "planned", "planned unit cost"), planned, "no lines")
        say("")
        receipts = [
            (r.ref, r.line_no, r.quantity, r.rejected, r.damaged, r.unit_cost, r.at) for r in found.inbound.receipts[:200]
        ]  # fmt: skip
        show_table(("receipt", "line", "received", "rejected", "damaged", "unit cost", "at"), receipts, "no receipts")
    say("")
    events = [(e.at, e.revision, e.what, e.actor, e.text) for e in found.history]
    show_table(("at", "revision", "what", "by", "text"), events, "nothing")
