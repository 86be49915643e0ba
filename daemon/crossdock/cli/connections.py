"""Connections to OMS and WMS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crossdock.cli.display import print_json, say, show_table
from crossdock.cli.lists import Form, list_forms, show_list
from crossdock.cli.naming import a_reason
from crossdock.cli.session import FAILED, Session, json_option

if TYPE_CHECKING:
    from crossdock.control.records.daemon import ConnectionItem

name_argument = click.argument("name")


@click.group()
def connections() -> None:
    """Connections to OMS and WMS."""


@connections.command("list")
@list_forms
@click.pass_obj
def list_connections(session: Session, form: Form) -> None:
    """List the connections and how they are."""
    found = session.talk(lambda client: client.connections(), as_json=form.as_json)
    columns = ("name", "kind", "type", "state", "since", "last answer", "last hint", "why", "next")
    rows = [
        (c.name, c.kind, c.type, c.state, c.since, c.last_success, c.last_hint, c.error, c.text) for c in found.items
    ]
    show_list(form, found, columns, rows, "no connections are configured")


@connections.command("pause")
@name_argument
@click.option("--reason", type=a_reason, required=True, help="Why; shown to everybody who looks at the connection.")
@json_option
@click.pass_obj
def pause(session: Session, name: str, reason: str, as_json: bool) -> None:
    """Leave a connection alone until it is resumed. Orders wait, nothing is lost."""
    _state(session.talk(lambda client: client.pause(name, reason), as_json=as_json), as_json)


@connections.command("resume")
@name_argument
@json_option
@click.pass_obj
def resume(session: Session, name: str, as_json: bool) -> None:
    """Let a connection go on."""
    _state(session.talk(lambda client: client.resume(name), as_json=as_json), as_json)


def _state(found: ConnectionItem, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        say(f"connection {found.name} is {found.state}: {found.text}")


@connections.command("check")
@name_argument
@json_option
@click.pass_obj
def check(session: Session, name: str, as_json: bool) -> None:
    """Ask the remote system whether it accepts the daemon."""
    found = session.talk(lambda client: client.check(name), as_json=as_json)
    if as_json:
        print_json(found)
    else:
        account = f" as {found.account}" if found.account else ""
        say(
            f"connection {name} {'is accepted' if found.ok else 'is NOT accepted'}{account}{_clock(found.clock_skew_s)}"
        )
        for warning in found.warnings:
            say(f"  ! {warning}")
    if not found.ok:
        raise click.exceptions.Exit(FAILED)


def _clock(skew_s: float | None) -> str:
    if skew_s is None:
        return ""
    seconds = round(skew_s)
    return (
        f"; its clock is {abs(seconds)} s {'ahead of' if seconds > 0 else 'behind'} ours"
        if seconds
        else "; its clock agrees with ours"
    )


def _choices(session: Session, name: str, what: str, as_json: bool) -> None:
    found = session.talk(lambda client: client.choices(name, what), as_json=as_json)
    if as_json:
        print_json(found)
        return
    show_table(("code", "name", "kind"), [(each.code, each.name, each.kind) for each in found.items])
    if found.cut:
        say("there are more; only the first are shown")


@connections.command("shops")
@name_argument
@json_option
@click.pass_obj
def shops(session: Session, name: str, as_json: bool) -> None:
    """List the stores that an OMS offers now, as strategies name them."""
    _choices(session, name, "shops", as_json)


@connections.command("logistics")
@name_argument
@json_option
@click.pass_obj
def logistics(session: Session, name: str, as_json: bool) -> None:
    """List the carriers that an OMS offers now, as strategies name them."""
    _choices(session, name, "logistics", as_json)
