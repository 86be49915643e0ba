"""How people name orders: by reference or number, alone where that is clear, else with the connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click
import msgspec

from crossdock.cli.display import print_json, say
from crossdock.cli.session import FAILED, fail
from crossdock.control.records.asks import Done, Results
from crossdock.control.records.orders import OrderRef

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from crossdock.control.client import Client
    from crossdock.control.records.asks import Queued


LONGEST = 200
"""Characters of a reference or a number, at most."""


def order_name(text: str) -> str:
    """Take what names an order: its reference or its number. For click, as the type of a parameter."""
    if not text.strip():
        raise click.BadParameter("an order is named by its reference or its number; this is empty")
    if len(text) > LONGEST:
        raise click.BadParameter(f"no order has a name of more than {LONGEST} characters")
    return text


class Named(NamedTuple):
    """The orders that were meant, each once, and an answer for each name that means none, or several."""

    refs: list[OrderRef]
    unknown: tuple[Done, ...]


def a_name(text: str) -> str:
    """Take the name of an entry, a store or a carrier. For click, as the type of a parameter."""
    if not text.strip():
        raise click.BadParameter("a name must not be empty")
    if not text.isprintable():
        raise click.BadParameter(f"{text!a} holds a character that nobody could see or type")
    return text


def a_reason(text: str) -> str:
    """Take a reason that says something. For click, as the type of a parameter."""
    if not text.strip():
        raise click.BadParameter("say why; this is empty")
    return text


async def find_one(client: Client, text: str, connection: str | None) -> OrderRef:
    """Return the one order that `text` names. Ends the command if it is none or several."""
    found = await _looked_up(client, text, connection)
    if isinstance(found, str):
        fail(FAILED, found)
    return found


async def find_all(client: Client, texts: Sequence[str], connection: str | None) -> Named:
    """Find the orders that are named. A name that means none keeps no other from being done."""
    found = {text: await _looked_up(client, text, connection) for text in texts}
    unknown = tuple(Done(order=text, done=False, text=said) for text, said in found.items() if isinstance(said, str))
    return Named(list(dict.fromkeys(each for each in found.values() if isinstance(each, OrderRef))), unknown)


async def for_all(
    client: Client,
    texts: Sequence[str],
    connection: str | None,
    ask: Callable[[list[OrderRef]], Awaitable[Results]],
) -> Results:
    """Ask for what is to be done with the orders that are named; every name gets an answer of its own."""
    named = await find_all(client, texts, connection)
    asked = await ask(named.refs) if named.refs else Results(results=())
    return msgspec.structs.replace(asked, results=(*asked.results, *named.unknown))


async def tasks_for_all(
    client: Client,
    texts: Sequence[str],
    connection: str | None,
    ask: Callable[[str, list[str]], Awaitable[Queued]],
) -> tuple[list[Queued], tuple[Done, ...]]:
    """Ask for one task of each OMS with the orders that are named; names that mean none are answered beside them."""
    named = await find_all(client, texts, connection)
    by_connection: dict[str, list[str]] = {}
    for each in named.refs:
        by_connection.setdefault(each.connection, []).append(each.ref)
    return [await ask(name, refs) for name, refs in by_connection.items()], named.unknown


def show_tasks(tasks: Sequence[Queued], unknown: Sequence[Done], as_json: bool) -> None:
    """Show the tasks that were queued; the exit code is 1 if a name meant no order."""
    if as_json:
        print_json({"tasks": tasks, "unknown": unknown} if unknown else {"tasks": tasks})
    else:
        for task in tasks:
            say(f"{task.text}; `crossdock tasks show {task.task_id}` tells how far it is")
        for each in unknown:
            say(f"NOT DONE: {each.order}: {each.text}")
    if unknown:
        raise click.exceptions.Exit(FAILED)


async def _looked_up(client: Client, text: str, connection: str | None) -> OrderRef | str:
    """Return the one order that `text` names, or say why it names none."""
    page = await client.orders(text=text, connection=connection)
    found = [OrderRef(connection=item.connection, ref=item.ref) for item in page.items]
    if not found:
        within = f" of {connection}" if connection else ""
        return f"there is no order with the reference or number {text}{within}"
    if len(found) > 1:
        where = ", ".join(f"{each.connection}/{each.ref}" for each in found)
        return f"several orders fit {text}: name the reference, or --connection ({where})"
    return found[0]
