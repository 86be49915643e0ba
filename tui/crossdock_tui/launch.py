"""Opens the dashboard on a client: in this terminal, or for a browser."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from crossdock.env import Env
from crossdock_tui.app import Dashboard
from crossdock_tui.language import wanted
from crossdock_tui.remembered import place

if TYPE_CHECKING:
    from crossdock.control.client import Client


def open_dashboard(client: Client, *, screen: str = "") -> int:
    """Show the dashboard in this terminal until it is left; return the exit status."""
    dashboard = Dashboard(client, Env(), memory=place(os.environ), first=screen, tongue=wanted(os.environ))
    dashboard.run()
    return dashboard.return_code or 0
