"""Shipping labels: lists, one of them, pulling, printing, saving."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, get_args

import click

from crossdock.cli.actions import order_arguments, show_results
from crossdock.cli.display import print_json, say, show_facts, show_table, size
from crossdock.cli.lists import Form, list_forms, show_list
from crossdock.cli.naming import a_reason, find_one, for_all, order_name, show_tasks, tasks_for_all
from crossdock.cli.numbers import Whole
from crossdock.cli.orders import connection_option
from crossdock.cli.session import FAILED, Session, fail, json_option
from crossdock.control.records.labels import LabelStateName

if TYPE_CHECKING:
    from crossdock.control.client import Client
    from crossdock.control.records.asks import Done, Queued, Results
    from crossdock.control.records.labels import LabelContent, LabelDetail

STATES = get_args(LabelStateName)
order_argument = click.argument("order", type=order_name)


@click.group()
def labels() -> None:
    """Shipping labels."""


@labels.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only labels at this state.")
@connection_option
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="Rows shown, at most.")
@click.option("--after", type=Whole(1), help="Go on after this row.")
@list_forms
@click.pass_obj
def list_labels(session: Session, /, form: Form, **query: object) -> None:
    """List shipping labels, oldest first."""
    page = session.talk(lambda client: client.labels(**query), as_json=form.as_json)
    rows = [
        (o.connection, o.ref, o.number, o.state, o.version or None, o.unusable or o.error, o.next_at)
        for o in page.items
    ]
    show_list(form, page, ("oms", "order", "number", "label", "version", "why", "next"), rows, "no labels", page.next)


@labels.command("show")
@order_argument
@connection_option
@json_option
@click.pass_obj
def show_label(session: Session, order: str, connection: str | None, as_json: bool) -> None:
    """Show the shipping label of an order and all its versions."""

    async def ask(client: Client) -> LabelDetail:
        named = await find_one(client, order, connection)
        return await client.label(named.connection, named.ref)

    found = session.talk(ask, as_json=as_json)
    if as_json:
        print_json(found)
        return
    row = found.row
    show_facts((
        ("order", f"{row.ref} of {row.connection}"),
        ("label", row.state),
        ("version", row.version or None),
        ("why", row.unusable or row.error),
        ("next", row.next_at),
        ("problems", "; ".join(found.problems)),
    ))  # fmt: skip
    say("")
    rows = [
        (v.version, v.state, v.content_type, size(v.size), v.tracking_number, v.fetched_at, v.delivered_at, v.printed_count)
        for v in found.versions
    ]  # fmt: skip
    show_table(
        ("version", "state", "type", "size", "tracking", "pulled", "delivered", "printed"), rows, "no version yet"
    )


@labels.command("pull")
@order_arguments
@connection_option
@json_option
@click.pass_obj
def pull_labels(session: Session, orders: tuple[str, ...], connection: str | None, as_json: bool) -> None:
    """Pull the shipping labels of chosen orders.

    The daemon does it as a task. The same order alone may be asked for once in five minutes; several at once are a list,
    and one list of each OMS may be asked for in five minutes, whichever orders are on it.
    """

    async def ask(client: Client) -> tuple[list[Queued], tuple[Done, ...]]:
        return await tasks_for_all(client, orders, connection, client.pull_labels)

    show_tasks(*session.talk(ask, as_json=as_json), as_json)


@labels.command("printed")
@order_arguments
@connection_option
@json_option
@click.pass_obj
def printed_labels(session: Session, orders: tuple[str, ...], connection: str | None, as_json: bool) -> None:
    """Note that the shipping labels of orders were printed."""

    async def ask(client: Client) -> Results:
        return await for_all(client, orders, connection, client.labels_printed)

    show_results(session.talk(ask, as_json=as_json), as_json)


@labels.command("confirm")
@order_arguments
@click.option("--reason", type=a_reason, required=True, help="What you saw; kept with the order.")
@connection_option
@json_option
@click.pass_obj
def confirm_labels(
    session: Session, orders: tuple[str, ...], reason: str, connection: str | None, as_json: bool
) -> None:
    """Say that stale shipping labels are right, or were stuck over."""

    async def ask(client: Client) -> Results:
        return await for_all(client, orders, connection, lambda refs: client.confirm_labels(refs, reason))

    show_results(session.talk(ask, as_json=as_json), as_json)


@labels.command("save")
@order_argument
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--version", type=Whole(1), help="Which version. Default: the newest.")
@connection_option
@json_option
@click.pass_obj
def save_label(
    session: Session, order: str, file: str, version: int | None, connection: str | None, as_json: bool
) -> None:
    """Save the shipping label of an order into a new FILE.

    A label is personal data: the file is for your user only (mode 0600). A file that is there is never overwritten.
    """

    async def ask(client: Client) -> LabelContent:
        named = await find_one(client, order, connection)
        return await client.label_content(named.connection, named.ref, version)

    found = session.talk(ask, as_json=as_json)
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            opened.write(found.data)
    except FileExistsError:
        fail(FAILED, f"{file} is there already and is not overwritten; name another file", as_json=as_json)
    except OSError as error:
        fail(FAILED, f"{file} cannot be written: {error.strerror}", as_json=as_json)
    if as_json:
        print_json({
            "file": file, "version": found.version, "content_type": found.content_type, "size": len(found.data),
            "warning": found.warning,
        })  # fmt: skip
        return
    say(f"version {found.version} ({found.content_type}, {size(len(found.data))}) was saved")
    if found.warning is not None:
        say(f"WARNING: {found.warning}")
