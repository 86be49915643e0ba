"""Warehouses and how orders are pushed to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crossdock.cli.display import print_json, say, show_table
from crossdock.cli.entries import (
    edited,
    every_page,
    found_or_none,
    from_file,
    from_json_option,
    revision_option,
    say_warnings,
)
from crossdock.cli.lists import Form, list_forms, show_list
from crossdock.cli.session import Session, json_option
from crossdock.control.records.book import SavedWarehouse, Warehouse

if TYPE_CHECKING:
    from crossdock.control.client import Client
    from crossdock.control.records.book import Removed

code_argument = click.argument("code")


@click.group()
def warehouses() -> None:
    """Warehouses and how orders are pushed to them."""


@warehouses.command("list")
@list_forms
@click.pass_obj
def list_warehouses(session: Session, form: Form) -> None:
    """List the warehouses."""
    found = session.talk(lambda client: every_page(client.warehouses), as_json=form.as_json)
    rows = [(w.code, w.name, w.connection, w.remote, w.oms_code, w.strategies, w.auto_push, w.enabled) for w in found]
    columns = ("code", "name", "connection", "in the WMS", "in the OMS", "strategies", "auto push", "enabled")
    show_list(form, {"items": found}, columns, rows, "no warehouses; no order can be assigned")


@warehouses.command("show")
@code_argument
@json_option
@click.pass_obj
def show_warehouse(session: Session, code: str, as_json: bool) -> None:
    """Show one warehouse as JSON, as `set --from-json` takes it."""
    del as_json  # it is JSON either way
    print_json(session.talk(lambda client: client.warehouse(code), as_json=True))


@warehouses.command("set")
@code_argument
@click.option("--connection", metavar="NAME", help="The WMS connection that serves it; needed for a new one.")
@click.option("--remote", metavar="CODE", help="Its code in the WMS; needed for a new one.")
@click.option("--name", help="Its name, for people.")
@click.option("--oms-code", metavar="CODE", help="Its code on the OMS's orders, if it is another than CODE.")
@click.option("--strategy", "strategies", multiple=True, help="In order, the first that matches wins; may be repeated.")
@click.option("--no-strategies", is_flag=True, help="Take all strategies away.")
@click.option("--auto-push/--no-auto-push", default=None, help="Whether strategies push by themselves.")
@click.option("--auto-bind/--no-auto-bind", default=None, help="Whether SKUs that nobody mapped go by their own text.")
@click.option(
    "--need-logistics-mapping/--no-need-logistics-mapping", default=None, help="Whether carriers must be mapped."
)
@click.option("--max-age-days", type=click.IntRange(1, 3650), help="Orders older than this are not pushed to it.")
@click.option("--enabled/--disabled", default=None, help="Whether orders may go to it.")
@click.option(
    "--oms", metavar="NAME", help="The OMS connection that gets its documents; needed where there are several."
)
@from_json_option
@revision_option
@json_option
@click.pass_obj
def set_warehouse(
    session: Session,
    /,
    code: str,
    strategies: tuple[str, ...],
    no_strategies: bool,
    from_json: str | None,
    as_json: bool,
    **options: object,
) -> None:
    """Make or change a warehouse. What is not named stays as it is."""
    if strategies and no_strategies:
        raise click.UsageError("name strategies, or say --no-strategies: one of the two")
    names: dict[str, object] = {"code": code}
    if strategies or no_strategies:
        names["strategies"] = list(strategies)

    async def ask(client: Client) -> SavedWarehouse:
        found = await found_or_none(client.warehouse(code))
        if from_json is not None:
            return await client.save_warehouse(
                from_file(Warehouse, from_json, {"code": code}, found.revision if found else 0)
            )
        return await client.save_warehouse(edited(Warehouse, found, names, options))

    _saved(session.talk(ask, as_json=as_json), as_json)


@warehouses.command("auto-push")
@code_argument
@click.argument("switch", type=click.Choice(["on", "off"]))
@revision_option
@json_option
@click.pass_obj
def auto_push(session: Session, code: str, switch: str, revision: int | None, as_json: bool) -> None:
    """Switch a warehouse's auto push on or off."""

    async def ask(client: Client) -> Warehouse:
        at = revision or (await client.warehouse(code)).revision
        return await client.switch_auto_push(code, at, on=switch == "on")

    _saved(session.talk(ask, as_json=as_json), as_json)


def _saved(saved: Warehouse, as_json: bool) -> None:
    if as_json:
        print_json(saved)
    else:
        switch = "on" if saved.auto_push else "off"
        say(
            f"warehouse {saved.code} is saved (revision {saved.revision}, auto push {switch}); "
            "waiting orders are decided again"
        )
        say_warnings(saved.warnings if isinstance(saved, SavedWarehouse) else ())


@warehouses.command("remove")
@code_argument
@revision_option
@json_option
@click.pass_obj
def remove_warehouse(session: Session, code: str, revision: int | None, as_json: bool) -> None:
    """Remove a warehouse that no allocation rule names."""

    async def ask(client: Client) -> Removed:
        return await client.remove_warehouse(code, revision or (await client.warehouse(code)).revision)

    removed = session.talk(ask, as_json=as_json)
    if as_json:
        print_json(removed)
    else:
        say(removed.text)


@warehouses.command("available")
@click.argument("connection")
@json_option
@click.pass_obj
def available(session: Session, connection: str, as_json: bool) -> None:
    """List the warehouses that a WMS connection offers now."""
    found = session.talk(lambda client: client.choices(connection, "warehouses"), as_json=as_json)
    if as_json:
        print_json(found)
    else:
        show_table(("code", "name", "kind"), [(each.code, each.name, each.kind) for each in found.items])
