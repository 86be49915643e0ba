"""The terminal dashboard, which is a distribution of its own."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from crossdock.cli.session import FAILED, Session, fail


@click.command("tui")
@click.option("--screen", default="", help="The screen that is opened first; else the one that was open last.")
@click.option(
    "--serve", is_flag=True, help="Show it in browsers instead. Whoever has the address that is said acts as you."
)
@click.option(
    "--host", default="127.0.0.1", show_default=True,
    help="Address to serve at. One that other machines reach needs --behind-proxy.",
)  # fmt: skip
@click.option("--port", type=click.IntRange(1, 65_535), default=8790, show_default=True, help="Port to serve at.")
@click.option(
    "--behind-proxy", metavar="URL",
    help="The address that browsers use, of a proxy that asks who somebody is: the dashboard asks nobody.",
)  # fmt: skip
@click.pass_obj
def tui(session: Session, screen: str, serve: bool, host: str, port: int, behind_proxy: str | None) -> None:
    """Open the terminal dashboard."""
    try:
        launch: Any = import_module("crossdock_tui.launch")
    except ModuleNotFoundError:
        fail(FAILED, "the dashboard is not installed; install the package crossdock-tui")
    if not serve:
        raise click.exceptions.Exit(launch.open_dashboard(session.client(), screen=screen))
    session.client()  # a token that is missing, an address that is none: said now, not on every page
    if problem := launch.serve_dashboard(
        session.environ(), host=host, port=port, behind_proxy=behind_proxy, screen=screen
    ):
        fail(FAILED, problem)
