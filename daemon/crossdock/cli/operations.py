"""Operations: what is written to remote systems beside new orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from crossdock.cli.display import print_json, say, show_facts
from crossdock.cli.lists import Form, list_forms, show_list
from crossdock.cli.numbers import Whole
from crossdock.cli.session import FAILED, Session, json_option
from crossdock.control.records.operations import MAX_RETRIED, RetryOperations

if TYPE_CHECKING:
    from crossdock.control.client import Client
    from crossdock.control.records.operations import Retried

COLUMNS = ("id", "connection", "kind", "what", "state", "attempts", "queued", "next", "code", "why")


@click.group()
def operations() -> None:
    """Writes to remote systems beside new orders: documents, labels, stock, products, costs, changes."""


@operations.command("list")
@click.option("--failed", "state", flag_value="failed", help="Those that failed: nothing happens before somebody acts.")
@click.option("--open", "state", flag_value="open", default="open", help="Those that are under way. The default.")
@click.option("--connection", metavar="NAME", help="Only those that go to this connection.")
@click.option("--kind", metavar="KIND", help="Only of this kind.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="Rows shown, at most.")
@click.option("--after", type=Whole(0), default=0, help="Go on after this operation.")
@list_forms
@click.pass_obj
def list_operations(session: Session, /, form: Form, **query: object) -> None:
    """List writes that are not done, oldest first."""
    page = session.talk(lambda client: client.operations(**query), as_json=form.as_json)
    rows = [
        (o.id, o.connection, o.kind, o.subject, o.state, o.attempts, o.queued_at, o.next_at, o.error_code, o.error)
        for o in page.items
    ]
    show_list(form, page, COLUMNS, rows, f"no {query['state']} operations", page.next)


@operations.command("show")
@click.argument("number", type=Whole(1))
@json_option
@click.pass_obj
def show_operation(session: Session, number: int, as_json: bool) -> None:
    """Show one write; what is sent only to those who may see personal data."""
    found = session.talk(lambda client: client.operation(number), as_json=as_json)
    if as_json:
        print_json(found)
        return
    item = found.item
    show_facts((
        ("operation", item.id), ("connection", item.connection), ("kind", item.kind), ("what", item.subject),
        ("state", item.state), ("attempts", item.attempts), ("who", item.actor), ("queued", item.queued_at),
        ("sent", item.sent_at), ("next", item.next_at), ("code", item.error_code), ("why", item.error),
        ("key", found.key), ("bytes", found.size), ("body", found.body or "(hidden: it needs the right pii.view)"),
    ))  # fmt: skip


@operations.command("retry")
@click.argument("numbers", metavar="[NUMBER]...", type=Whole(1), nargs=-1)
@click.option("--all-failed", is_flag=True, help="All that failed, instead of those named.")
@click.option("--connection", metavar="NAME", help="With --all-failed: only those that go to this connection.")
@click.option("--kind", metavar="KIND", help="With --all-failed: only of this kind.")
@json_option
@click.pass_obj
def retry(
    session: Session, numbers: tuple[int, ...], all_failed: bool, connection: str | None, kind: str | None, as_json: bool
) -> None:  # fmt: skip
    """Carry failed writes out again as they are. Mend first what the remote system says about them.

    A write needs the right of what it does, too. What a decision, or something newer, has overtaken is not carried out.
    """
    if bool(numbers) == all_failed:
        raise click.UsageError("name the operations, or say --all-failed: one of the two")
    if numbers and (connection or kind):
        raise click.UsageError("--connection and --kind go with --all-failed")
    if len(numbers) > MAX_RETRIED:
        raise click.UsageError(f"at most {MAX_RETRIED} operations at once; say --all-failed for more")
    wanted = RetryOperations(operations=numbers, all_failed=all_failed, connection=connection, kind=kind)
    pages = session.talk(lambda client: _every_page(client, wanted), as_json=as_json)
    _show(pages, as_json)
    if not all_failed and sum(page.queued for page in pages) < len(numbers):
        raise click.exceptions.Exit(FAILED)


async def _every_page(client: Client, wanted: RetryOperations) -> list[Retried]:
    pages = [await client.retry_operations(wanted)]
    while (after := pages[-1].next) is not None:
        pages.append(await client.retry_operations(msgspec.structs.replace(wanted, after=after)))
    return pages


def _show(pages: list[Retried], as_json: bool) -> None:
    if as_json:
        print_json({"pages": pages})
        return
    for page in pages:
        say(page.text)
        for each in page.kept:
            say(f"NOT DONE: operation {each.operation}: {each.text}")
