"""Rules that send orders to warehouses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crossdock.cli.display import print_json, say
from crossdock.cli.entries import (
    edited,
    every_page,
    found_or_none,
    from_file,
    from_json_option,
    listed,
    revision_option,
    say_warnings,
)
from crossdock.cli.lists import Form, list_forms, show_list
from crossdock.cli.session import Session, json_option
from crossdock.control.records.book import Allocation

if TYPE_CHECKING:
    from crossdock.control.client import Client
    from crossdock.control.records.book import Removed, SavedAllocation

position_argument = click.argument("position", type=click.IntRange(0, 1_000_000))


@click.group()
def allocation() -> None:
    """Rules that send orders to warehouses, where the OMS itself assigns none."""


@allocation.command("list")
@list_forms
@click.pass_obj
def list_rules(session: Session, form: Form) -> None:
    """List the rules in the order in which they are tried."""
    found = session.talk(lambda client: every_page(client.allocation), as_json=form.as_json)
    rows = [(r.position, r.warehouse, _any(r.shops), _any(r.countries), _any(r.logistics)) for r in found]
    show_list(form, {"items": found}, ("position", "warehouse", "stores", "countries", "logistics"), rows, "no rules")


def _any(values: tuple[str, ...] | None) -> object:
    return "any" if values is None else values


@allocation.command("set")
@position_argument
@click.option("--warehouse", metavar="CODE", help="Where it sends orders; needed for a new one.")
@click.option("--shop", "shops", multiple=True, help="Only orders of this store; may be repeated.")
@click.option("--any-shops", is_flag=True, help="Of any store.")
@click.option("--country", "countries", multiple=True, help="Only to this country (two letters); may be repeated.")
@click.option("--any-countries", is_flag=True, help="To any country.")
@click.option("--logistics", multiple=True, help="Only with this carrier; may be repeated.")
@click.option("--any-logistics", is_flag=True, help="With any carrier.")
@from_json_option
@revision_option
@json_option
@click.pass_obj
def set_rule(  # noqa: PLR0917 - one parameter an option
    session: Session,
    position: int,
    warehouse: str | None,
    shops: tuple[str, ...],
    any_shops: bool,
    countries: tuple[str, ...],
    any_countries: bool,
    logistics: tuple[str, ...],
    any_logistics: bool,
    from_json: str | None,
    revision: int | None,
    as_json: bool,
) -> None:
    """Make or change the rule at a position. Lower positions are tried first; what is not named stays as it is."""
    names = {
        "position": position,
        **listed(shops, everything=any_shops, what="shops"),
        **listed(countries, everything=any_countries, what="countries"),
        **listed(logistics, everything=any_logistics, what="logistics"),
    }

    async def ask(client: Client) -> SavedAllocation:
        found = await found_or_none(client.allocation_rule(position))
        if from_json is not None:
            at = found.revision if found else 0
            return await client.save_allocation(from_file(Allocation, from_json, {"position": position}, at))
        options = {"warehouse": warehouse, "revision": revision}
        return await client.save_allocation(edited(Allocation, found, names, options))

    saved = session.talk(ask, as_json=as_json)
    if as_json:
        print_json(saved)
    else:
        say(f"allocation rule {saved.position} is saved (revision {saved.revision}); waiting orders are decided again")
        say_warnings(saved.warnings)


@allocation.command("remove")
@position_argument
@revision_option
@json_option
@click.pass_obj
def remove_rule(session: Session, position: int, revision: int | None, as_json: bool) -> None:
    """Remove the rule at a position."""

    async def ask(client: Client) -> Removed:
        return await client.remove_allocation(position, revision or (await client.allocation_rule(position)).revision)

    removed = session.talk(ask, as_json=as_json)
    if as_json:
        print_json(removed)
    else:
        say(removed.text)
