"""The tab of allocation rules: which orders go to which warehouse where the OMS assigned none, in the order they are tried."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from crossdock.control.records.book import Allocation
from crossdock_tui.language import N_, _
from crossdock_tui.list_screen import Page, Tab, facts
from crossdock_tui.paged_table import Column, Row
from crossdock_tui.screens.allocation_form import AllocationForm
from crossdock_tui.screens.book_part import Part
from crossdock_tui.words import number, shown

if TYPE_CHECKING:
    from rich.console import RenderableType

    from crossdock.control.client import Client


class AllocationPart(Part):
    """Allocation rules."""

    TAB = Tab("allocation", N_("allocation"))
    COLUMNS = (
        Column("position", N_("position"), 8),
        Column("warehouse", N_("warehouse"), 12),
        Column("shops", N_("stores"), 14, grows=True),
        Column("countries", N_("countries"), 9),
        Column("logistics", N_("logistics"), 14, grows=True),
    )  # fmt: skip

    async def page(self, client: Client, after: Any, limit: int) -> Page:  # noqa: ARG002 - the daemon's own pages
        """Read a page, in the order in which rules are tried."""
        found = await client.allocation(after)
        return Page([self._row(item) for item in found.items], found.next)

    def _row(self, item: Allocation) -> Row:
        cells = {
            "position": number(item.position), "warehouse": shown(item.warehouse), "shops": shown(_any(item.shops)),
            "countries": shown(_any(item.countries)), "logistics": shown(_any(item.logistics)),
        }  # fmt: skip
        return Row(str(item.position), cells, item)

    def why(self, row: Row) -> Text:
        """Say which orders it takes."""
        item = rule(row)
        text = Text(_("an order that the OMS assigned to no warehouse goes where the first rule sends it that fits"))
        if item.shops is item.countries is item.logistics is None and row is not self.screen.table.shown[-1]:
            text.append("\n" + _("it fits every order: the rules behind it are never tried"), style="yellow")
        return text

    def empty(self) -> str:
        """Say that orders without a warehouse stay."""
        return _("there is no rule: orders to which the OMS gave no warehouse stay; n makes a rule")

    def name_of(self, row: Row) -> str:
        """A rule is named by its place and where it leads."""
        item = rule(row)
        return f"{item.position} → {item.warehouse}"

    async def detail(self, client: Client, row: Row) -> RenderableType:  # noqa: ARG002 - every part gets it
        """Show the rule."""
        item = rule(row)
        return facts(
            (_("position"), item.position), (_("warehouse"), item.warehouse), (_("stores"), _any(item.shops)),
            (_("countries"), _any(item.countries)), (_("logistics"), _any(item.logistics)), (_("revision"), item.revision),
        )  # fmt: skip

    async def new(self) -> None:
        """Make a new one."""
        await self.ask(AllocationForm())

    async def edit(self, row: Row) -> None:
        """Change one, as it is saved now."""
        await self.ask(AllocationForm(await self.client.allocation_rule(rule(row).position)))

    async def remove(self, row: Row) -> str:
        """Remove it."""
        item = rule(row)
        return (await self.client.remove_allocation(item.position, item.revision)).text

    def not_moved(self, row: Row, step: int) -> str:
        """The first cannot go earlier, the last not later."""
        if self._beside(row, step) is not None:
            return ""
        return _("it is the first one that is tried") if step < 0 else _("it is the last one that is tried")

    async def move(self, row: Row, step: int) -> None:
        """Let it change places with its neighbour, in one step."""
        other = self._beside(row, step)
        if other is not None:
            moved = await self.client.swap_allocation(rule(row), rule(other))
            self.screen.table.move_cursor(row=self.screen.table.cursor_row + step, animate=False)
            named = " → ".join(f"{each.position} {each.warehouse}" for each in moved.items)
            self.dash.say(_("in this order now: {named}; waiting orders are decided again").format(named=named))

    def _beside(self, row: Row, step: int) -> Row | None:
        rows = self.screen.table.shown
        at = next((n for n, each in enumerate(rows) if each.key == row.key), None)
        return None if at is None or not 0 <= at + step < len(rows) else rows[at + step]


def rule(row: Row) -> Allocation:
    """Return the rule that a row shows."""
    assert isinstance(row.item, Allocation)
    return row.item


def _any(values: tuple[str, ...] | None) -> str:
    return _("any") if values is None else ", ".join(values)
