"""Fetched records that could not be read."""

from __future__ import annotations

import click

from crossdock.cli.display import print_json, say
from crossdock.cli.lists import Form, list_forms, show_list
from crossdock.cli.numbers import Whole
from crossdock.cli.session import Session, json_option
from crossdock.spec.text import clean

EXCERPT = 120
"""Characters of a record shown in a table, at most."""


@click.group()
def quarantine() -> None:
    """Fetched records that could not be read. They are kept, and block nothing."""


@quarantine.command("list")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="Rows shown, at most.")
@click.option("--after", type=Whole(0), help="Go on after this row.")
@list_forms
@click.pass_obj
def list_records(session: Session, limit: int, after: int | None, form: Form) -> None:
    """List the records, oldest first: why each cannot be read, and how it begins."""
    page = session.talk(lambda client: client.quarantine(limit=limit, after=after), as_json=form.as_json)
    rows = [(q.connection, q.ref, q.first_at, q.last_at, q.bytes, q.reason, _beginning(q.excerpt)) for q in page.items]
    columns = ("connection", "record", "first", "last", "bytes", "why", "begins with")
    show_list(form, page, columns, rows, "nothing is in quarantine", page.next)


def _beginning(excerpt: str | None) -> str:
    """Show enough of a record to recognise it; --json has more."""
    if excerpt is None:
        return "(hidden: it may hold personal data, which needs the right pii.view)"
    return clean(excerpt, EXCERPT)


@quarantine.command("retry")
@click.argument("connection")
@click.argument("refs", metavar="[RECORD]...", nargs=-1)
@json_option
@click.pass_obj
def retry(session: Session, connection: str, refs: tuple[str, ...], as_json: bool) -> None:
    """Fetch records of a connection again: those named, else all.

    What can be read by now leaves the quarantine.
    """
    task = session.talk(lambda client: client.retry_quarantine(connection, refs), as_json=as_json)
    if as_json:
        print_json(task)
    else:
        say(f"{task.text}; `crossdock tasks show {task.task_id}` tells how far it is")
