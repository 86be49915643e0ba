"""Push strategies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
from crossdock.cli.naming import a_name
from crossdock.cli.session import Session, json_option
from crossdock.control.records.book import Strategy, StrategyPage

if TYPE_CHECKING:
    from crossdock.control.client import Client
    from crossdock.control.records.book import Removed, SavedStrategy

KINDS = ("standard", "advance", "custom_advance", "manual_only")
STATUSES = ("unpaid", "partially_paid", "paid", "ready_to_ship")
GATES = ("off", "wait_flag", "wait_minutes")


@click.group()
def strategies() -> None:
    """Push strategies: when an order goes to its warehouse."""


@strategies.command("list")
@list_forms
@click.pass_obj
def list_strategies(session: Session, form: Form) -> None:
    """List the push strategies, and what each kind does."""
    page = session.talk(_all, as_json=form.as_json)
    rows = [
        (s.name, s.kind, _any(s.shops), _any(s.logistics), s.minimum_status, _gate(s), s.delay_minutes or None, _time(s), s.enabled)
        for s in page.items
    ]  # fmt: skip
    columns = ("name", "kind", "stores", "logistics", "from status", "gift gate", "delay min", "UTC", "in use")
    show_list(form, page, columns, rows, "no strategies; nothing is pushed by itself")
    if form.as_json or form.as_csv:
        return
    say("")
    for kind, text in page.explained.items():
        say(f"{kind}: {text}")


async def _all(client: Client) -> StrategyPage:
    first = await client.strategies()
    return StrategyPage(items=tuple(await every_page(client.strategies)), explained=first.explained)


def _any(values: tuple[str, ...] | None) -> object:
    return "any" if values is None else values


def _gate(strategy: Strategy) -> str:
    if strategy.gift_gate == "wait_minutes":
        return f"{strategy.gift_minutes} min"
    return strategy.gift_gate


def _time(strategy: Strategy) -> str | None:
    return None if strategy.not_before is None else f"{strategy.not_before}-{strategy.not_after}"


@strategies.command("show")
@click.argument("name")
@json_option
@click.pass_obj
def show_strategy(session: Session, name: str, as_json: bool) -> None:
    """Show one strategy as JSON, as `set --from-json` takes it."""
    del as_json  # it is JSON either way
    print_json(session.talk(lambda client: client.strategy(name), as_json=True))


@strategies.command("set")
@click.argument("name", type=a_name)
@click.option("--kind", type=click.Choice(KINDS), help="When it pushes; needed for a new one.")
@click.option("--shop", "shops", metavar="NAME", type=a_name, multiple=True, help="Designated store; may be repeated.")
@click.option("--any-shops", is_flag=True, help="Of any store.")
@click.option("--logistics", metavar="NAME", type=a_name, multiple=True, help="Designated carrier; may be repeated.")
@click.option("--any-logistics", is_flag=True, help="With any carrier.")
@click.option("--minimum-status", type=click.Choice(STATUSES), help="The least that the order's status must be.")
@click.option("--gift-gate", type=click.Choice(GATES), help="What is waited for while gifts may still be added.")
@click.option("--gift-minutes", type=click.IntRange(0, 86_400), help="With wait_minutes: since the order's creation.")
@click.option("--delay-minutes", type=click.IntRange(0, 86_400), help="Wait so long since the order's creation.")
@click.option("--not-before", metavar="HH:MM", help="Time of day, UTC.")
@click.option("--not-after", metavar="HH:MM", help="Time of day, UTC.")
@click.option("--enabled/--disabled", default=None, help="Whether it is in use.")
@from_json_option
@revision_option
@json_option
@click.pass_obj
def set_strategy(session: Session, /, name: str, from_json: str | None, as_json: bool, **options: Any) -> None:
    """Make or change a strategy. What is not named stays as it is."""
    names: dict[str, object] = {"name": name}
    for what in ("shops", "logistics"):
        names |= listed(options.pop(what), everything=options.pop(f"any_{what}"), what=what)

    async def ask(client: Client) -> SavedStrategy:
        found = await found_or_none(client.strategy(name))
        if from_json is not None:
            return await client.save_strategy(
                from_file(Strategy, from_json, {"name": name}, found.revision if found else 0)
            )
        return await client.save_strategy(edited(Strategy, found, names, options))

    saved = session.talk(ask, as_json=as_json)
    if as_json:
        print_json(saved)
    else:
        say(f"strategy {saved.name} is saved (revision {saved.revision}); waiting orders are decided again")
        say_warnings(saved.warnings)


@strategies.command("remove")
@click.argument("name")
@revision_option
@json_option
@click.pass_obj
def remove_strategy(session: Session, name: str, revision: int | None, as_json: bool) -> None:
    """Remove a strategy that no warehouse uses."""

    async def ask(client: Client) -> Removed:
        return await client.remove_strategy(name, revision or (await client.strategy(name)).revision)

    removed = session.talk(ask, as_json=as_json)
    if as_json:
        print_json(removed)
    else:
        say(removed.text)
