"""Every screen there is, in the order of the number keys, and those that the palette reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock_tui.screens.approvals import Approvals
from crossdock_tui.screens.audit import Audit
from crossdock_tui.screens.connections import Connections
from crossdock_tui.screens.costs import Costs
from crossdock_tui.screens.home import Home
from crossdock_tui.screens.incidents import Incidents
from crossdock_tui.screens.labels import Labels
from crossdock_tui.screens.operations import Operations
from crossdock_tui.screens.orders import Orders
from crossdock_tui.screens.packages import Packages
from crossdock_tui.screens.products import Products
from crossdock_tui.screens.push_status import PushStatus
from crossdock_tui.screens.stock import Stock
from crossdock_tui.screens.strategies import Strategies
from crossdock_tui.screens.tasks import Tasks
from crossdock_tui.screens.tokens import Tokens
from crossdock_tui.screens.users import Users

if TYPE_CHECKING:
    from crossdock_tui.base_screen import BaseScreen

NUMBERED: tuple[type[BaseScreen], ...] = (
    Home, Orders, PushStatus, Tasks, Strategies, Products, Costs, Connections, Incidents,
)  # fmt: skip
"""Screens that the keys 1 to 9 reach."""
MORE: tuple[type[BaseScreen], ...] = (
    Packages, Labels, Stock, Operations, Approvals, Users, Tokens, Audit,
)  # fmt: skip
"""Screens that the palette reaches."""
