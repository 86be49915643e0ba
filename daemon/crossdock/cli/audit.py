"""The audit: who did what, and whether it is whole."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crossdock.cli.csv_output import csv_options, print_csv, say_more
from crossdock.cli.display import print_json, say, show_table
from crossdock.cli.numbers import Whole
from crossdock.cli.session import FAILED, Session, fail, json_option

if TYPE_CHECKING:
    from crossdock.control.client import Client
    from crossdock.control.records.audit import Verified

COLUMNS = ("row", "at", "who", "roles", "action", "object", "result", "why", "before", "after", "request", "hash")
SHOWN = 8
"""Columns that a terminal shows; CSV has all of them."""


@click.group()
def audit() -> None:
    """Who did what."""


def a_moment(given: str) -> datetime:
    """Take a date or a time in UTC. For click, as the type of a parameter."""
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        raise click.BadParameter("a date or a time, as 2026-01-31 or 2026-01-31T14:00") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


@audit.command("list")
@click.option("--actor", metavar="USER", help="Only what this user did; crossdock is the daemon itself.")
@click.option("--action", metavar="NAME", help="Only this action, as settle or save_strategy.")
@click.option("--object", "object_", metavar="NAME", help="Only what was done to exactly this.")
@click.option("--since", type=a_moment, metavar="TIME", help="Only what was done since then (UTC).")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="Rows shown, at most.")
@click.option("--after", type=Whole(1), help="Go on after this row.")
@csv_options
@json_option
@click.pass_obj
def list_audit(
    session: Session, /, object_: str | None, since: datetime | None, as_csv: bool, raw: bool, as_json: bool,
    **query: object,
) -> None:  # fmt: skip
    """List who did what, newest first.

    Refused and forbidden requests are listed, too.
    """
    started = None if since is None else since.isoformat()
    page = session.talk(lambda client: client.audit(object=object_, since=started, **query), as_json=as_json)
    if as_json:
        print_json(page)
        return
    rows = [
        (i.id, i.at, i.actor, i.roles, i.action, i.object, i.result, i.reason, i.before, i.after, i.request, i.hash)
        for i in page.items
    ]
    if as_csv:
        print_csv(COLUMNS, rows, raw=raw)
        say_more(page.next)
        return
    show_table(COLUMNS[:SHOWN], [row[:SHOWN] for row in rows], "nothing was done")
    if page.next is not None:
        say(f"more: --after {page.next}")


def a_note(given: str) -> tuple[int, str]:
    """Take a row and its hash, as the log has them. For click, as the type of a parameter."""
    found = re.fullmatch(r"([1-9][0-9]{0,17}):([0-9a-f]{64})", given)
    if found is None:
        raise click.BadParameter("the row and its hash as the log has them: ROW:HASH")
    return int(found[1]), found[2]


@audit.command()
@click.option(
    "--expect", type=a_note, metavar="ROW:HASH", help="A row's hash as it was noted elsewhere, as in the log."
)
@click.option("--file", "file", metavar="FILE", help="Verify this database file, without a daemon.")
@json_option
@click.pass_obj
def verify(session: Session, expect: tuple[int, str] | None, file: str | None, as_json: bool) -> None:
    """Verify that no row was changed, removed, moved or put in.

    Exit code 1 names the first row that is wrong. The database alone cannot tell whether somebody who may write to the
    file cut rows off the end and mended the rest: keep what the log says each day where the audit stands, and give it
    with --expect.
    """
    if file is not None:
        found = _verify_file(Path(file), expect, as_json)
    else:
        found = session.talk(lambda client: _verify(client, expect), as_json=as_json)
    if as_json:
        print_json(found)
    else:
        say(f"{'the audit is whole' if found.ok else 'THE AUDIT IS NOT WHOLE'}: {found.text}")
        if found.ok:
            say(f"it stands at {found.at}:{found.hash}")
    if not found.ok:
        raise click.exceptions.Exit(FAILED)


async def _verify(client: Client, expect: tuple[int, str] | None) -> Verified:
    row, known = expect or (None, None)
    at, hashed, checked = 0, "0" * 64, 0
    while True:
        found = await client.verify_audit(at=at, hash=hashed, expect_row=row, expect_hash=known)
        checked += found.checked
        if found.ended or not found.ok:
            return _counted(found, checked)
        at, hashed = found.at, found.hash


def _counted(found: Verified, checked: int) -> Verified:
    import msgspec  # noqa: PLC0415 - not needed for help

    return msgspec.structs.replace(found, checked=checked)


def _verify_file(path: Path, expect: tuple[int, str] | None, as_json: bool) -> Verified:
    from crossdock.control import database  # noqa: PLC0415 - needed without a daemon only
    from crossdock.control.audit_file import verify_file  # noqa: PLC0415 - needed without a daemon only

    try:
        return verify_file(path, expect)
    except (database.DatabaseProblem, OSError) as error:
        fail(FAILED, str(error), as_json=as_json)
