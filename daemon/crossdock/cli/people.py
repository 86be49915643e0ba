"""Who one is to the daemon, and personal data of buyers."""

from __future__ import annotations

import click

from crossdock.cli.display import print_json, say, show_facts
from crossdock.cli.naming import find_one, order_name
from crossdock.cli.orders import connection_option
from crossdock.cli.session import FAILED, Session, json_option
from crossdock.spec.text import clean


@click.command()
@json_option
@click.pass_obj
def whoami(session: Session, as_json: bool) -> None:
    """Show who you are to the daemon, with your roles and rights."""
    found = session.talk(lambda client: client.whoami(), as_json=as_json)
    if as_json:
        print_json(found)
        return
    by = f"uid {found.uid}" if found.token is None else f"token {found.token}"
    show_facts(
        (
            ("user", f"{found.user} ({by})"),
            ("roles", found.roles or "none"),
            ("rights", found.rights),
            ("until", found.until),
        )
    )
    if not found.roles and found.token is None:
        say("[control.roles] in the configuration gives roles to users and groups")


@click.command()
@click.argument("order", type=order_name)
@connection_option
@click.option("--yes", is_flag=True, help="Do not ask whether you are sure.")
@json_option
@click.pass_obj
def forget(session: Session, order: str, connection: str | None, yes: bool, as_json: bool) -> None:
    """Remove the personal data of an order.

    Name, address, phone, notes and what was sent are gone for good; what was ordered, the keys and the states stay. An
    order that is open is refused. With --connection, ORDER is the reference in that OMS.
    """
    where, ref = connection, order
    if where is None:  # with a connection it may be a record that could not be read, which nothing lists as an order
        named = session.talk(lambda client: find_one(client, order, None), as_json=as_json)
        where, ref = named.connection, named.ref
    if not yes:
        click.confirm(f"Remove the personal data of {clean(f'{where}/{ref}')} for good?", abort=True, err=True)
    found = session.talk(lambda client: client.forget(where, ref), as_json=as_json)
    if as_json:
        print_json(found)
    else:
        say(f"{'' if found.done else 'NOT DONE: '}{found.order}: {found.text}")
    if not found.done:
        raise click.exceptions.Exit(FAILED)
