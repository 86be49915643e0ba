"""How people name orders: by reference or number, alone where that is clear, else with the connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crossdock.cli.session import FAILED, fail
from crossdock.control.records.orders import OrderRef

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.control.client import Client


LONGEST = 200
"""Characters of a reference or a number, at most."""


def order_name(text: str) -> str:
    """Take what names an order: its reference or its number. For click, as the type of a parameter."""
    if not text.strip():
        raise click.BadParameter("an order is named by its reference or its number; this is empty")
    if len(text) > LONGEST:
        raise click.BadParameter(f"no order has a name of more than {LONGEST} characters")
    return text


async def find_one(client: Client, text: str, connection: str | None) -> OrderRef:
    """Return the one order that `text` names. Ends the command if it is none or several."""
    page = await client.orders(text=text, connection=connection)
    found = [OrderRef(connection=item.connection, ref=item.ref) for item in page.items]
    if not found:
        within = f" of {connection}" if connection else ""
        fail(FAILED, f"there is no order with the reference or number {text}{within}")
    if len(found) > 1:
        where = ", ".join(f"{each.connection}/{each.ref}" for each in found)
        fail(FAILED, f"several orders fit {text}: name the reference, or --connection ({where})")
    return found[0]


async def find_all(client: Client, texts: Sequence[str], connection: str | None) -> list[OrderRef]:
    """Return the orders that are named, each once."""
    return list(dict.fromkeys([await find_one(client, text, connection) for text in texts]))
