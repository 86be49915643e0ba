"""Package outbound: what warehouses have, and what people decide about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast, get_args

import click

from crossdock.cli.actions import order_arguments, show_results, some_orders
from crossdock.cli.lists import Form, list_forms, show_list
from crossdock.cli.naming import a_reason, for_all
from crossdock.cli.numbers import Whole
from crossdock.cli.orders import connection_option, state_said
from crossdock.cli.session import Session, json_option
from crossdock.control.records.asks import Done, Results
from crossdock.control.records.base import ChoiceName, StageName
from crossdock.control.records.packages import Acknowledge

if TYPE_CHECKING:
    from crossdock.control.client import Client

STAGES = get_args(StageName)
CHOICES = get_args(ChoiceName)
reason_option = click.option("--reason", type=a_reason, required=True, help="Why; kept with the order.")


@click.group()
def packages() -> None:
    """Package outbound: what warehouses have."""


@packages.command("list")
@click.option("--stage", type=click.Choice(STAGES), help="Only packages at this stage. Default: all.")
@click.option("--updated", is_flag=True, help='Only packages with the mark "(Updated)".')
@connection_option
@click.option("--warehouse", metavar="CODE", help="Only packages of this warehouse.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="Rows shown, at most.")
@click.option("--after", type=Whole(1), help="Go on after this row.")
@list_forms
@click.pass_obj
def list_packages(session: Session, /, form: Form, updated: bool, **query: object) -> None:
    """List what warehouses have, newest first.

    A warehouse that has not told how far it is counts as pending. "(Updated)": it took a change since the push, and nobody
    has acknowledged that.
    """
    page = session.talk(lambda client: client.packages(updated=updated or None, **query), as_json=form.as_json)
    rows = [
        (
            o.connection,
            o.ref,
            o.warehouse,
            o.stage,
            state_said(o),
            o.remote_id,
            o.updated_at,
            ", ".join(o.choices),
            "; ".join(o.why),
        )
        for o in page.items
    ]
    show_list(
        form,
        page,
        ("oms", "order", "warehouse", "stage", "push", "reference", "updated", "choices", "why"),
        rows,
        "no packages",
        page.next,
    )


@packages.command("decide")
@order_arguments
@click.option(
    "--choice", type=click.Choice(CHOICES), required=True,
    help="force: send what changed whatever the stage; keep: the warehouse's version stands; ship: let it ship although it "
    "was cancelled; ask_again: ask once more to cancel; cancelled: you cancelled it in the warehouse; again: push again what "
    "the warehouse cancelled by itself.",
)  # fmt: skip
@reason_option
@connection_option
@json_option
@click.pass_obj
def decide(
    session: Session, orders: tuple[str, ...], choice: str, reason: str, connection: str | None, as_json: bool
) -> None:
    """Decide what waits for a person.

    About a change that its warehouse must not be told by itself, a cancellation that came too late, or what its warehouse did
    by itself. `crossdock explain` and `crossdock packages list` say which choices apply; `crossdock orders show` has the
    differences with what may be done about each.
    """

    async def ask(client: Client) -> Results:
        named = cast("ChoiceName", choice)
        return await for_all(client, orders, connection, lambda refs: client.decide_packages(refs, named, reason))

    show_results(session.talk(ask, as_json=as_json), as_json)


@click.command()
@some_orders
@click.option("--all-updated", is_flag=True, help="All that carry it, of --connection and --warehouse if named.")
@click.option("--warehouse", metavar="CODE", help="With --all-updated: only orders of this warehouse.")
@connection_option
@json_option
@click.pass_obj
def ack(
    session: Session,
    orders: tuple[str, ...],
    all_updated: bool,
    warehouse: str | None,
    connection: str | None,
    as_json: bool,
) -> None:
    """Take the mark "(Updated)" off chosen orders.

    It goes by itself when the order is picked, and comes back with the next update. `crossdock orders list --updated` lists
    those that carry it.
    """
    if bool(orders) == all_updated:
        raise click.UsageError("name orders, or say --all-updated: one of the two")
    if warehouse is not None and not all_updated:
        raise click.UsageError("--warehouse goes with --all-updated")

    async def ask(client: Client) -> Results:
        if all_updated:
            return await _all_updated(client, connection, warehouse)
        return await for_all(client, orders, connection, client.acknowledge)

    show_results(session.talk(ask, as_json=as_json), as_json)


async def _all_updated(client: Client, connection: str | None, warehouse: str | None) -> Results:
    done: list[Done] = []
    wanted = Acknowledge(all_updated=True, connection=connection, warehouse=warehouse)
    while True:
        page = await client.acknowledge_wanted(wanted)
        done += page.results
        if page.next is None:
            return Results(results=tuple(done))
        wanted = Acknowledge(all_updated=True, connection=connection, warehouse=warehouse, after=page.next)


@click.command()
@order_arguments
@reason_option
@connection_option
@json_option
@click.pass_obj
def cancel(session: Session, orders: tuple[str, ...], reason: str, connection: str | None, as_json: bool) -> None:
    """Have warehouses asked not to ship chosen orders.

    The OMS is told once the warehouse has confirmed it. The order is held here, so that it does not go again by itself;
    `crossdock release` lets it go.
    """

    async def ask(client: Client) -> Results:
        return await for_all(client, orders, connection, lambda refs: client.cancel(refs, reason))

    show_results(session.talk(ask, as_json=as_json), as_json)
