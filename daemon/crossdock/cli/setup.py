"""The setup of pushing to warehouses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crossdock.cli.display import print_json, say, show_table
from crossdock.cli.session import Session, json_option

if TYPE_CHECKING:
    from crossdock.control.records.setup import Setup


@click.group()
def setup() -> None:
    """The setup of pushing to warehouses: all of it in one view, and what is still to be done."""


@setup.command("show")
@json_option
@click.pass_obj
def show_setup(session: Session, as_json: bool) -> None:
    """Show every warehouse: its strategies, auto push, and what is odd about it."""
    found = session.talk(lambda client: client.setup(), as_json=as_json)
    if as_json:
        print_json(found)
        return
    rows = [
        (w.code, w.connection, w.strategies, w.auto_push, "by itself" if w.works else "by hand only")
        for w in found.warehouses
    ]
    show_table(("warehouse", "connection", "strategies", "auto push", "orders go"), rows, "no warehouses")
    for warehouse in found.warehouses:
        for text in warehouse.odd:
            say(f"  ! {warehouse.code}: {text}")
    for text in found.odd:
        say(f"  ! {text}")
    left = sum(1 for step in found.steps if not step.done)
    if left:
        say(f"{left} of {len(found.steps)} steps are left: `crossdock setup start`")


@setup.command("start")
@json_option
@click.pass_obj
def start_setup(session: Session, as_json: bool) -> None:
    """Go through what has to be set up, in order: what is done, and the command for what comes next.

    It changes nothing. Words in capitals are yours to fill in; run it again after each step.
    """
    found = session.talk(lambda client: client.setup(), as_json=as_json)
    if as_json:
        print_json(found.steps)
        return
    _walk(found)


def _walk(found: Setup) -> None:
    coming = True
    for number, step in enumerate(found.steps, start=1):
        say(f"{number:>2}. [{'x' if step.done else ' '}] {step.text}")
        if not step.done:
            say(f"       {'next: ' if coming else ''}{step.command}")
            coming = False
    say("")
    if coming:
        say("everything is set up; `crossdock setup show` tells what each warehouse does")
        return
    for kind, text in found.explained.items():
        say(f"{kind}: {text}")
