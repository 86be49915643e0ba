"""Simulations."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from crossdock.cli.display import print_json, say, show_table
from crossdock.cli.entries import from_file
from crossdock.cli.naming import find_all, order_name
from crossdock.cli.numbers import Whole
from crossdock.cli.session import FAILED, Session, json_option
from crossdock.control.records.book import Strategy
from crossdock.control.records.simulation import SimulatedOrder, Simulation, Try
from crossdock.spec.text import clean

if TYPE_CHECKING:
    from crossdock.control.client import Client
    from crossdock.control.records.asks import Done

PAGE = 200


@click.command()
@click.option("--warehouse", metavar="CODE", help="Only orders that go there, or would.")
@click.option(
    "--strategy", metavar="FILE|NAME",
    help="Try a strategy that is not saved (a JSON file), or with --warehouse a saved one by its name.",
)  # fmt: skip
@click.option("--auto-push/--no-auto-push", default=None, help="As if the warehouse's switch stood like this.")
@click.option(
    "--order", "names", metavar="ORDER", type=order_name, multiple=True, help="Only this order; may be repeated."
)
@click.option("--connection", help="The OMS connection of the orders that are named.")
@click.option(
    "--only",
    type=click.Choice(["all", "going", "differing"]),
    default="all",
    show_default=True,
    help="Which orders are shown.",
)
@click.option("--limit", type=click.IntRange(1, 10_000), default=200, show_default=True, help="Orders shown, at most.")
@click.option("--after", type=Whole(0), default=0, help="Go on after this.")
@json_option
@click.pass_obj
def simulate(  # noqa: PLR0917 - click's options
    session: Session, warehouse: str | None, strategy: str | None, auto_push: bool | None, names: tuple[str, ...],
    connection: str | None, only: str, limit: int, after: int, as_json: bool,
) -> None:  # fmt: skip
    """Say what would be pushed now, and what not.

    By which rule, and why. Nothing is sent or kept.

    With a draft, it shows what would be different from the settings as they are.
    """
    if auto_push is not None and warehouse is None:
        raise click.UsageError("--auto-push goes with --warehouse")
    draft, use = _draft(strategy, warehouse)
    compared = draft is not None or use is not None or auto_push is not None
    if only == "differing" and not compared:
        raise click.UsageError(
            "--only differing compares the settings with a draft: name one (--strategy, or --auto-push with --warehouse)"
        )
    wanted = Try(warehouse=warehouse, strategy=draft, use=use, auto_push=auto_push, after=after)
    wanted = msgspec.convert({**msgspec.to_builtins(wanted), "only": only}, Try)
    found, unknown = session.talk(lambda client: _tried(client, wanted, names, connection, limit), as_json=as_json)
    if as_json:
        print_json(found)
    else:
        _show(found, compared=compared)
    for each in unknown:
        click.echo(clean(f"crossdock: {each.text}"), err=True)
    if unknown:
        raise click.exceptions.Exit(FAILED)


def _draft(strategy: str | None, warehouse: str | None) -> tuple[Strategy | None, str | None]:
    """Take a strategy from its file, else its name. A draft that no warehouse uses yet is tried in the one named."""
    if strategy is None:
        return None, None
    if strategy == "-" or Path(strategy).is_file():
        draft = from_file(Strategy, strategy, {}, 0)
        return draft, draft.name if warehouse is not None else None
    if warehouse is None:
        raise click.UsageError(
            f"there is no file {strategy}; a saved strategy is tried in a warehouse: name it with --warehouse"
        )
    return None, strategy


async def _tried(
    client: Client, wanted: Try, names: tuple[str, ...], connection: str | None, limit: int
) -> tuple[Simulation, tuple[Done, ...]]:
    if not names:
        return await _pages(client, wanted, limit), ()
    named = await find_all(client, names, connection)
    if not named.refs:  # without names, every waiting order would be tried
        return _together([], [], None), named.unknown
    wanted = msgspec.structs.replace(wanted, orders=tuple(named.refs))
    return await _pages(client, wanted, limit), named.unknown


async def _pages(client: Client, wanted: Try, limit: int) -> Simulation:
    items: list[SimulatedOrder] = []
    pages: list[Simulation] = []
    after: int | None = wanted.after
    while after is not None and len(items) < limit:
        page = await client.simulate(msgspec.structs.replace(wanted, after=after, limit=min(PAGE, limit - len(items))))
        pages.append(page)
        items += page.items
        after = page.next
    return _together(items, pages, after)


def _together(items: list[SimulatedOrder], pages: list[Simulation], after: int | None) -> Simulation:
    would: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    for page in pages:
        would.update(page.would)
        kept.update({each.rule: each.count for each in page.kept_by})
    return msgspec.convert(
        {
            "items": msgspec.to_builtins(items),
            "looked_at": sum(page.looked_at for page in pages),
            "would": dict(would),
            "kept_by": [{"rule": rule, "count": count} for rule, count in kept.most_common()],
            "differing": sum(page.differing for page in pages),
            "next": after,
        },
        Simulation,
    )


def _show(found: Simulation, *, compared: bool) -> None:
    if compared:
        rows = [(i.ref, i.state, _said(i, today=True), _said(i, today=False), i.differs) for i in found.items]
        show_table(("order", "state", "as things are", "with the draft", "differs"), rows, "no waiting order fits")
    else:
        now = [(i.ref, i.state, _said(i, today=False)) for i in found.items]
        show_table(("order", "state", "now"), now, "no waiting order fits")
    say("")
    say(
        f"{found.looked_at} orders looked at; "
        + (", ".join(f"{name}: {n}" for name, n in found.would.items()) or "none shown")
    )
    if found.kept_by:
        say("kept by: " + ", ".join(f"{each.rule} {each.count}" for each in found.kept_by))
    if compared:
        say(f"different with the draft: {found.differing}")
    if found.next is not None:
        say(f"more: --after {found.next}")


def _said(item: SimulatedOrder, *, today: bool) -> str:
    outlook = item.today if today else item.would
    if outlook is None:
        return ""
    if outlook.would == "push":
        by = f" by {outlook.strategy}" if outlook.strategy else ""
        return f"goes to {outlook.warehouse}{by}"
    kept = "; ".join(outlook.reasons)
    return kept or outlook.would
