"""What waits for a second person."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import click

from crossdock.cli.csv_output import csv_options, print_csv, say_more
from crossdock.cli.display import print_json, say, show_table
from crossdock.cli.naming import a_reason
from crossdock.cli.numbers import Whole
from crossdock.cli.session import FAILED, Session, json_option
from crossdock.control.records.audit import ApprovalStateName

if TYPE_CHECKING:
    from crossdock.control.records.audit import ApprovalItem

STATES = get_args(ApprovalStateName)
COLUMNS = ("approval", "state", "what", "proposed by", "proposed", "until", "decided by", "outcome")
number = click.argument("number", metavar="APPROVAL", type=Whole(1))


@click.group()
def approvals() -> None:
    """What waits for a second person."""


@approvals.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only proposals in this state.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="Rows shown, at most.")
@click.option("--after", type=Whole(1), help="Go on after this proposal.")
@csv_options
@json_option
@click.pass_obj
def list_approvals(session: Session, /, as_csv: bool, raw: bool, as_json: bool, **query: object) -> None:
    """List proposals that concern you, newest first.

    Yours, and those that need a right which you hold.
    """
    page = session.talk(lambda client: client.approvals(**query), as_json=as_json)
    rows = [
        (i.id, i.state, i.text, i.proposed_by, i.proposed_at, i.expires_at, i.decided_by, i.outcome) for i in page.items
    ]
    if as_json:
        print_json(page)
    elif as_csv:
        print_csv(COLUMNS, rows, raw=raw)
        say_more(page.next)
    else:
        show_table(COLUMNS, rows, "nothing waits for a second person")
        if page.next is not None:
            say(f"more: --after {page.next}")


@approvals.command()
@number
@json_option
@click.pass_obj
def approve(session: Session, number: int, as_json: bool) -> None:
    """Approve what another person proposed.

    It is carried out at once. You need the same right as it does, and must not be the one who proposed it.
    """
    _decided(session.talk(lambda client: client.approve(number), as_json=as_json), as_json)


@approvals.command()
@number
@click.option("--reason", type=a_reason, required=True, help="Why; shown to who proposed it.")
@json_option
@click.pass_obj
def reject(session: Session, number: int, reason: str, as_json: bool) -> None:
    """Turn a proposal down, or take your own back."""
    _decided(session.talk(lambda client: client.reject(number, reason), as_json=as_json), as_json)


def _decided(found: ApprovalItem, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        say(f"approval {found.id} is {found.state}: {found.text}: {found.outcome}")
    if found.state == "refused":
        raise click.exceptions.Exit(FAILED)
