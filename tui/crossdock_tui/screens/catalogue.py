"""Every screen there is, in the order of the number keys, and those that the palette reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock_tui.screens.orders import Orders
from crossdock_tui.screens.strategies import Strategies
from crossdock_tui.screens.tasks import Tasks

if TYPE_CHECKING:
    from crossdock_tui.list_screen import ListScreen

NUMBERED: tuple[type[ListScreen], ...] = (Orders, Tasks, Strategies)
"""Screens that the keys 1 to 9 reach."""
MORE: tuple[type[ListScreen], ...] = ()
"""Screens that the palette reaches."""
