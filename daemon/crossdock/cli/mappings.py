"""What warehouses call SKUs and carriers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crossdock.cli.display import print_json, say
from crossdock.cli.entries import every_page, fitting, found_or_none
from crossdock.cli.lists import Form, list_forms, show_list
from crossdock.cli.session import Session, json_option
from crossdock.control.records.book import Mapping

if TYPE_CHECKING:
    from crossdock.control.client import Client
    from crossdock.control.records.book import Removed

KINDS = ("sku", "logistics")
warehouse_argument = click.argument("warehouse")
kind_argument = click.argument("kind", type=click.Choice(KINDS))
ours_argument = click.argument("ours")


@click.group()
def mappings() -> None:
    """What warehouses call SKUs and carriers."""


@mappings.command("list")
@click.option("--warehouse", metavar="CODE", help="Only of this warehouse.")
@click.option("--kind", type=click.Choice(KINDS), help="Only of this kind; goes with --warehouse.")
@list_forms
@click.pass_obj
def list_mappings(session: Session, warehouse: str | None, kind: str | None, form: Form) -> None:
    """List the mappings."""
    if kind is not None and warehouse is None:
        raise click.UsageError("--kind goes with --warehouse")

    async def ask(client: Client) -> list[Mapping]:
        return await every_page(lambda after: client.mappings(warehouse, kind, after))

    found = session.talk(ask, as_json=form.as_json)
    rows = [(m.warehouse, m.kind, m.ours, "(never sent)" if m.theirs is None else m.theirs) for m in found]
    show_list(form, {"items": found}, ("warehouse", "kind", "ours", "theirs"), rows, "no mappings")


@mappings.command("set")
@warehouse_argument
@kind_argument
@ours_argument
@click.argument("theirs", required=False)
@click.option("--never", is_flag=True, help="It must not be sent at all: orders with it wait.")
@json_option
@click.pass_obj
def set_mapping(
    session: Session, warehouse: str, kind: str, ours: str, theirs: str | None, never: bool, as_json: bool
) -> None:
    """Say what WAREHOUSE calls OURS: THEIRS. Waiting orders are decided again."""
    if (theirs is None) != never:
        raise click.UsageError("name what the warehouse calls it, or say --never: one of the two")

    async def ask(client: Client) -> Mapping:
        found = await found_or_none(client.mapping(warehouse, kind, ours))
        plain = {"warehouse": warehouse, "kind": kind, "ours": ours, "theirs": theirs}
        return await client.save_mapping(fitting(Mapping, {**plain, "revision": found.revision if found else 0}))

    saved = session.talk(ask, as_json=as_json)
    if as_json:
        print_json(saved)
    else:
        shown = "must not be sent" if saved.theirs is None else f"is {saved.theirs}"
        say(f"{saved.kind} {saved.ours} {shown} in warehouse {saved.warehouse}; waiting orders are decided again")


@mappings.command("remove")
@warehouse_argument
@kind_argument
@ours_argument
@json_option
@click.pass_obj
def remove_mapping(session: Session, warehouse: str, kind: str, ours: str, as_json: bool) -> None:
    """Remove a mapping."""

    async def ask(client: Client) -> Removed:
        found = await client.mapping(warehouse, kind, ours)
        return await client.remove_mapping(warehouse, kind, ours, found.revision)

    removed = session.talk(ask, as_json=as_json)
    if as_json:
        print_json(removed)
    else:
        say(removed.text)
