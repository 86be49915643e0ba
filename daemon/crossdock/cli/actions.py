"""What people ask to be done with orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import click
from msgspec import convert

from crossdock.cli.display import print_json, say
from crossdock.cli.naming import a_reason, find_one, for_all, order_name, show_tasks, tasks_for_all
from crossdock.cli.numbers import Whole
from crossdock.cli.orders import connection_option
from crossdock.cli.session import FAILED, Session, json_option
from crossdock.control.records.asks import Done, Redrive, Results, SettleOrder, SyncList
from crossdock.control.records.base import StageName

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.control.client import Client
    from crossdock.control.records.asks import Queued, QueuedList

order_arguments = click.argument("orders", metavar="ORDER...", nargs=-1, required=True, type=order_name)
SYNC_TABS = ("pending", "in_progress", "abnormal")
SYNC_STAGES = ("all", *get_args(StageName))
some_orders = click.argument("orders", metavar="[ORDER]...", nargs=-1, type=order_name)


@click.command()
@click.argument("warehouse")
@click.option("--connection", metavar="NAME", help="The OMS. May be left out where there is only one.")
@json_option
@click.pass_obj
def obtain(session: Session, warehouse: str, connection: str | None, as_json: bool) -> None:
    """Fetch new orders for a warehouse.

    Queues what a strategy of WAREHOUSE matches now, whatever its auto push says. The daemon does it as a task; it may
    be asked once in five minutes for each OMS and warehouse.
    """
    show_tasks([session.talk(lambda client: _obtain(client, warehouse, connection), as_json=as_json)], (), as_json)


async def _obtain(client: Client, warehouse: str, connection: str | None) -> Queued:
    return await client.obtain(connection or await _only_oms(client), warehouse)


async def _only_oms(client: Client) -> str:
    found = [each.name for each in (await client.connections()).items if each.kind in ("oms", "both")]
    if len(found) != 1:
        raise click.UsageError(f"name the OMS with --connection ({', '.join(found) or 'there is none'})")
    return found[0]


@click.command()
@some_orders
@click.option("--tab", type=click.Choice(SYNC_TABS), help="Every order of this list.")
@click.option("--stage", type=click.Choice(SYNC_STAGES), help="Every order of package outbound at this stage.")
@click.option("--warehouse", metavar="CODE", help="With --tab or --stage: only orders of this warehouse.")
@click.option("--after", type=Whole(1), help="With --tab or --stage: go on after this row.")
@connection_option
@json_option
@click.pass_obj
def sync(session: Session, /, orders: tuple[str, ...], connection: str | None, as_json: bool, **query: object) -> None:
    """Fetch chosen orders again, or every order of a list.

    With --connection, ORDER is the reference in that OMS, and may be one that was never fetched. The daemon does it as
    a task. The same order alone may be asked for once in five minutes; several at once, a tab or a stage are a list, and of
    each OMS and warehouse one list may be asked for in five minutes.
    """
    whole = query["tab"] is not None or query["stage"] is not None
    if bool(orders) + (query["tab"] is not None) + (query["stage"] is not None) != 1:
        raise click.UsageError("name orders, or --tab, or --stage: one of the three")
    if not whole and (query["warehouse"] is not None or query["after"] is not None):
        raise click.UsageError("--warehouse and --after go with --tab and --stage")
    if not whole:
        show_tasks(*session.talk(lambda client: _sync(client, orders, connection), as_json=as_json), as_json)
        return

    async def ask(client: Client) -> QueuedList:
        oms = connection or await _only_oms(client)
        return await client.sync_list(convert({"connection": oms, **query}, SyncList))

    found = session.talk(ask, as_json=as_json)
    if as_json:
        print_json(found)
    else:
        say(f"{found.text}; `crossdock tasks list` tells how far it is")


async def _sync(client: Client, orders: Sequence[str], connection: str | None) -> tuple[list[Queued], tuple[Done, ...]]:
    if connection is not None:
        return [await client.sync(connection, orders)], ()
    return await tasks_for_all(client, orders, None, client.sync)


@click.command()
@order_arguments
@connection_option
@json_option
@click.pass_obj
def push(session: Session, orders: tuple[str, ...], connection: str | None, as_json: bool) -> None:
    """Push chosen orders by hand.

    Strategy, auto push and gift gate are overridden, with a warning that is kept; a hold is respected.
    """

    async def ask(client: Client) -> Results:
        return await for_all(client, orders, connection, client.push)

    show_results(session.talk(ask, as_json=as_json), as_json)


@click.command()
@order_arguments
@click.option("--reason", type=a_reason, required=True, help="Why; shown to everybody who looks at the order.")
@connection_option
@json_option
@click.pass_obj
def hold(session: Session, orders: tuple[str, ...], reason: str, connection: str | None, as_json: bool) -> None:
    """Hold chosen orders.

    They are not sent until they are released. What has left cannot be held any more.
    """

    async def ask(client: Client) -> Results:
        return await for_all(client, orders, connection, lambda refs: client.hold(refs, reason))

    show_results(session.talk(ask, as_json=as_json), as_json)


@click.command()
@order_arguments
@click.option("--gifts", is_flag=True, help="Open the gift gate at which they wait, instead of ending a hold.")
@connection_option
@json_option
@click.pass_obj
def release(session: Session, orders: tuple[str, ...], gifts: bool, connection: str | None, as_json: bool) -> None:
    """Release chosen orders.

    Ends the hold that was set here; with --gifts, opens the gift gate at which they wait. The one never does the other. A
    hold of the OMS is released in the OMS.
    """

    async def ask(client: Client) -> Results:
        return await for_all(
            client, orders, connection, lambda refs: client.release(refs, "gift_gate" if gifts else "hold")
        )

    show_results(session.talk(ask, as_json=as_json), as_json)


@click.command()
@click.argument("order", type=order_name)
@click.option("--arrived/--absent", default=None, help="What you saw in the warehouse: it is there, or surely not.")
@click.option("--remote-id", help="The warehouse's own number of it, if it arrived.")
@click.option("--reason", type=a_reason, required=True, help="How you know; kept with the order.")
@connection_option
@json_option
@click.pass_obj
def settle(
    session: Session,
    order: str,
    arrived: bool | None,
    remote_id: str | None,
    reason: str,
    connection: str | None,
    as_json: bool,
) -> None:
    """Settle an order in doubt by hand.

    Look into the warehouse first: an order settled as absent is sent again, and a wrong answer ships it twice.
    """
    if arrived is None:
        raise click.UsageError("say --arrived or --absent")

    async def ask(client: Client) -> Results:
        named = await find_one(client, order, connection)
        return await client.settle(
            SettleOrder(
                connection=named.connection,
                ref=named.ref,
                settlement="arrived" if arrived else "absent",
                reason=reason,
                remote_id=remote_id,
            )
        )

    show_results(session.talk(ask, as_json=as_json), as_json)


@click.command()
@order_arguments
@connection_option
@json_option
@click.pass_obj
def probe(session: Session, orders: tuple[str, ...], connection: str | None, as_json: bool) -> None:
    """Have warehouses asked now about orders in doubt.

    Not earlier than the quiet time after the doubt allows. A warehouse that cannot be asked is looked into by a person
    (`crossdock settle`).
    """

    async def ask(client: Client) -> Results:
        return await for_all(client, orders, connection, client.probe)

    show_results(session.talk(ask, as_json=as_json), as_json)


@click.command()
@some_orders
@click.option("--all", "all_failed", is_flag=True, help="All that failed, of --connection and --warehouse if named.")
@click.option("--warehouse", metavar="CODE", help="With --all: only orders of this warehouse.")
@connection_option
@json_option
@click.pass_obj
def redrive(
    session: Session,
    orders: tuple[str, ...],
    all_failed: bool,
    warehouse: str | None,
    connection: str | None,
    as_json: bool,
) -> None:
    """Send failed orders again.

    As they are, with the same key; their count of failures starts afresh.
    """
    if bool(orders) == all_failed:
        raise click.UsageError("name orders, or say --all: one of the two")
    if warehouse is not None and not all_failed:
        raise click.UsageError("--warehouse goes with --all")

    async def ask(client: Client) -> Results:
        if all_failed:
            return await _all_failed(client, connection, warehouse)
        return await for_all(client, orders, connection, lambda refs: client.redrive(Redrive(orders=tuple(refs))))

    show_results(session.talk(ask, as_json=as_json), as_json)


async def _all_failed(client: Client, connection: str | None, warehouse: str | None) -> Results:
    done: list[Done] = []
    after: int | None = 0
    while after is not None:
        wanted = Redrive(all_failed=True, connection=connection, warehouse=warehouse, after=after)
        page = await client.redrive(wanted)
        done += page.results
        after = page.next
    return Results(results=tuple(done))


def show_results(found: Results, as_json: bool) -> None:
    """Show one result an order; the exit code is 1 if anything was not done, and does not just wait for a second person."""
    if as_json:
        print_json(found)
    else:
        for each in found.results:
            say(f"{'' if each.done or found.approval else 'NOT DONE: '}{each.order}: {each.text}")
        if not found.results:
            say("there was nothing to do")
    if found.approval is None and not all(each.done for each in found.results):
        raise click.exceptions.Exit(FAILED)
