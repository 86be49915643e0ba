"""Stock levels from warehouses to the OMS."""

from __future__ import annotations

import click

from crossdock.cli.display import print_json, say, show_table
from crossdock.cli.lists import Form, list_forms, show_list
from crossdock.cli.numbers import Whole
from crossdock.cli.session import Session, json_option


@click.group()
def stock() -> None:
    """Stock levels and how far the OMS was told."""


@stock.command("list")
@click.option("--warehouse", metavar="CODE", help="Only this warehouse's.")
@click.option("--sku", help="Only this SKU, as the warehouse calls it.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="Rows shown, at most.")
@click.option("--after", type=Whole(0), default=0, help="Go on after this row.")
@list_forms
@click.pass_obj
def list_stock(session: Session, warehouse: str | None, sku: str | None, limit: int, after: int, form: Form) -> None:
    """List stock levels as the warehouses showed them."""
    found = session.talk(
        lambda client: client.stock(warehouse=warehouse, sku=sku, limit=limit, after=after), as_json=form.as_json
    )
    columns = ("warehouse", "sku", "here", "on hand", "available", "observed", "oms", "state", "why")
    rows = [
        (i.warehouse or i.remote, i.sku, i.ours, i.on_hand, i.available, i.observed_at, i.oms, i.state, i.why)
        for i in found.items
    ]
    show_list(
        form,
        found,
        columns,
        rows,
        "no stock is known; is it switched on for a warehouse? (crossdock stock switches)",
        found.next,
    )


@stock.command("fetch")
@click.argument("connection")
@json_option
@click.pass_obj
def fetch(session: Session, connection: str, as_json: bool) -> None:
    """Fetch the stock of a WMS now."""
    found = session.talk(lambda client: client.fetch_stock(connection), as_json=as_json)
    if as_json:
        print_json(found)
    else:
        say(found.text)


@stock.command("switches")
@json_option
@click.pass_obj
def switches(session: Session, as_json: bool) -> None:
    """List which warehouses send their stock to an OMS."""
    found = session.talk(lambda client: client.stock_switches(), as_json=as_json)
    if as_json:
        print_json(found)
        return
    rows = [(s.warehouse, "on" if s.on else "off", s.oms or "the only one") for s in found.items]
    show_table(("warehouse", "stock", "to"), rows, "no warehouses")


@stock.command("switch")
@click.argument("warehouse")
@click.argument("state", type=click.Choice(["on", "off"]))
@click.option("--oms", metavar="NAME", default="", help="The OMS connection it goes to; default: the only one.")
@json_option
@click.pass_obj
def switch(session: Session, warehouse: str, state: str, oms: str, as_json: bool) -> None:
    """Switch whether a warehouse's stock goes to an OMS."""
    found = session.talk(lambda client: client.switch_stock(warehouse, on=state == "on", oms=oms), as_json=as_json)
    if as_json:
        print_json(found)
    else:
        say(
            f"stock of warehouse {found.warehouse} is {'sent to ' + (found.oms or 'the OMS') if found.on else 'not sent'}"
        )
