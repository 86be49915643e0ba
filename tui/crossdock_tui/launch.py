"""Opens the dashboard on a client: in this terminal, or for a browser."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from crossdock.env import Env
from crossdock_tui.app import Dashboard
from crossdock_tui.language import wanted
from crossdock_tui.remembered import place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crossdock.control.client import Client


def open_dashboard(client: Client, *, screen: str = "") -> int:
    """Show the dashboard in this terminal until it is left; return the exit status."""
    dashboard = Dashboard(client, Env(), memory=place(os.environ), first=screen, tongue=wanted(os.environ))
    dashboard.run()
    return dashboard.return_code or 0


def serve_dashboard(
    environ: Mapping[str, str], *, host: str, port: int, behind_proxy: str | None, screen: str = ""
) -> str:
    """Show the dashboard in browsers until it is ended; return what was wrong with the address, nothing else."""
    from crossdock_tui import serve  # noqa: PLC0415 - only those who serve wait for a web server to be loaded

    try:
        serve.serve_dashboard(environ, host=host, port=port, behind_proxy=behind_proxy, screen=screen)
    except serve.BadAddress as error:
        return str(error)
    except OSError as error:
        return f"{host}:{port} cannot be listened at: {error.strerror or error}"
    return ""
