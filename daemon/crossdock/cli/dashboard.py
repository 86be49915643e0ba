"""The terminal dashboard, which is a distribution of its own."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from crossdock.cli.session import FAILED, Session, fail


@click.command("tui")
@click.option("--screen", default="", help="The screen that is opened first; else the one that was open last.")
@click.pass_obj
def tui(session: Session, screen: str) -> None:
    """Open the terminal dashboard."""
    try:
        launch: Any = import_module("crossdock_tui.launch")
    except ModuleNotFoundError:
        fail(FAILED, "the dashboard is not installed; install the package crossdock-tui")
    raise click.exceptions.Exit(launch.open_dashboard(session.client(), screen=screen))
