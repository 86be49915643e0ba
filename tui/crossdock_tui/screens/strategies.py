"""When which order goes where: strategies, warehouses, allocation rules, mappings, and what is still to be set up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crossdock_tui.actions import Action
from crossdock_tui.filter_bar import Filter
from crossdock_tui.language import N_, _
from crossdock_tui.list_screen import ListScreen, Page
from crossdock_tui.screens.allocation_part import AllocationPart
from crossdock_tui.screens.mappings_part import MappingsPart
from crossdock_tui.screens.setup_part import SetupPart
from crossdock_tui.screens.strategies_part import StrategiesPart
from crossdock_tui.screens.warehouses_part import WarehousesPart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType
    from rich.text import Text

    from crossdock.control.client import Client
    from crossdock_tui.paged_table import Row
    from crossdock_tui.screens.book_part import Part

PARTS = (StrategiesPart, WarehousesPart, AllocationPart, MappingsPart, SetupPart)
RULES = ("strategies", "warehouses", "allocation")


class Strategies(ListScreen):
    """Strategies."""

    SCREEN = "strategies"
    LABEL = N_("Strategies")
    ABOUT = N_("when which order goes to which warehouse, and how that warehouse calls things")
    TOPICS = frozenset({"book", "connections", "incidents"})
    TABS = tuple(part.TAB for part in PARTS)
    COLUMNS_OF = {part.TAB.name: part.COLUMNS for part in PARTS}  # noqa: RUF012 - the frame declares it
    FILTERS_OF = {"mappings": (Filter("warehouse"), Filter("kind", ("sku", "logistics")))}  # noqa: RUF012 - as above
    ACTIONS = (
        Action(key="n", name="new", label=N_("new"), right="strategy.edit", on="screen", tabs=RULES),
        Action(key="n", name="new_mapping", label=N_("new"), right="mapping.edit", on="screen", tabs=("mappings",)),
        Action(key="e", name="edit", label=N_("change"), right="strategy.edit", tabs=RULES),
        Action(key="e", name="edit_mapping", label=N_("change"), right="mapping.edit", tabs=("mappings",)),
        Action(key="e", name="do_it", label=N_("do it"), right="strategy.edit", tabs=("setup",)),
        Action(key="m", name="missing", label=N_("map what is missing"), right="mapping.edit", on="screen", tabs=("mappings",)),
        Action(key="o", name="toggle", label=N_("switch on / off"), right="strategy.edit", on="rows", asks=N_("Switch {n} of them on or off?"), tabs=("strategies", "warehouses")),
        Action(key="a", name="auto_push", label=N_("auto push"), right="autopush.toggle", tabs=("warehouses",)),
        Action(key="K", name="up", label=N_("earlier"), right="strategy.edit", tabs=("allocation",)),
        Action(key="J", name="down", label=N_("later"), right="strategy.edit", tabs=("allocation",)),
        Action(key="x", name="remove", label=N_("remove"), right="strategy.edit", on="rows", asks=N_("Remove {n}? What is removed is gone."), always_asks=True, tabs=RULES),
        Action(key="x", name="remove_mapping", label=N_("remove"), right="mapping.edit", on="rows", asks=N_("Remove {n}? What is removed is gone."), always_asks=True, tabs=("mappings",)),
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self._parts: dict[str, Part] = {part.TAB.name: part(self) for part in PARTS}

    @property
    def part(self) -> Part:
        """The tab that is open."""
        return self._parts[self.tab]

    async def page(self, client: Client, after: Any, limit: int) -> Page:
        """Read a page of the tab."""
        return await self.part.page(client, after, limit)

    def why(self, row: Row) -> Text:
        """Say what it means that the row stands as it does."""
        return self.part.why(row)

    def empty(self) -> str:
        """Say why there is nothing, and what to do."""
        if self.wanted.text and self.tab == "mappings":
            return _("no mapping fits the filter; esc takes it away")
        return self.part.empty()

    def name_of(self, row: Row) -> str:
        """Name an entry."""
        return self.part.name_of(row)

    async def detail(self, client: Client, row: Row) -> RenderableType:
        """Show everything about an entry."""
        return await self.part.detail(client, row)

    def not_toggle(self, row: Row) -> str:
        """Say why it cannot be switched."""
        return self.part.not_toggle(row)

    def not_remove(self, row: Row) -> str:
        """Say why it cannot be removed."""
        return self.part.not_remove(row)

    def not_up(self, row: Row) -> str:
        """Say why it cannot go earlier."""
        return self.part.not_moved(row, -1)

    def not_down(self, row: Row) -> str:
        """Say why it cannot go later."""
        return self.part.not_moved(row, 1)

    def not_do_it(self, row: Row) -> str:
        """Say why a step cannot be done here."""
        return self.part.not_edit(row)

    def not_missing(self) -> str:
        """Say when nothing is missing."""
        return self.part.not_missing()

    async def do_new(self, rows: Sequence[Row]) -> None:  # noqa: ARG002 - every action gets rows
        """Make a new one."""
        await self.part.new()

    async def do_edit(self, rows: Sequence[Row]) -> None:
        """Change one."""
        await self.part.edit(rows[0])

    async def do_toggle(self, rows: Sequence[Row]) -> None:
        """Switch those that are on off, and those that are off on."""
        await self.part.each(rows, _("switch on / off"), self.part.toggle)

    async def do_remove(self, rows: Sequence[Row]) -> None:
        """Remove them."""
        await self.part.each(rows, _("remove"), self.part.remove)

    async def do_auto_push(self, rows: Sequence[Row]) -> None:
        """Switch a warehouse's auto push."""
        await self.part.auto_push(rows[0])

    async def do_up(self, rows: Sequence[Row]) -> None:
        """Let a rule be tried earlier."""
        await self.part.move(rows[0], -1)

    async def do_down(self, rows: Sequence[Row]) -> None:
        """Let a rule be tried later."""
        await self.part.move(rows[0], 1)

    async def do_missing(self, rows: Sequence[Row]) -> None:  # noqa: ARG002 - every action gets rows
        """Map what orders wait for."""
        await self.part.missing()

    do_new_mapping, do_edit_mapping, do_do_it, do_remove_mapping = do_new, do_edit, do_edit, do_remove
