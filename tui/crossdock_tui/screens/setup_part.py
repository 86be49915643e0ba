"""The tab of what is still to be set up, step by step; each leads to the form that does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from crossdock.control.records.setup import SetupStep
from crossdock_tui.language import N_, _, said
from crossdock_tui.list_screen import Page, Tab, facts
from crossdock_tui.paged_table import Column, Row
from crossdock_tui.screens.allocation_form import AllocationForm
from crossdock_tui.screens.book_part import Part
from crossdock_tui.screens.strategy_form import StrategyForm
from crossdock_tui.screens.warehouse_form import WarehouseForm
from crossdock_tui.screens.warehouses_part import WarehousesPart
from crossdock_tui.words import GOOD, shown

if TYPE_CHECKING:
    from rich.console import RenderableType

    from crossdock.control.client import Client


class SetupPart(Part):
    """Steps of the setup."""

    TAB = Tab("setup", N_("setup"))
    COLUMNS = (
        Column("done", N_("done"), 5),
        Column("text", N_("what"), 40, grows=True),
    )  # fmt: skip

    async def page(self, client: Client, after: Any, limit: int) -> Page:  # noqa: ARG002 - there is one page
        """Read every step."""
        found = await client.setup()
        return Page([self._row(number, step) for number, step in enumerate(found.steps)])

    def _row(self, number: int, step: SetupStep) -> Row:
        done = shown("✓", style=GOOD) if step.done else shown("○", style="bold yellow")
        cells = {"done": done, "text": shown(said(step.text), 300, "dim" if step.done else "")}
        return Row(f"{number:03d}", cells, step)

    def why(self, row: Row) -> Text:
        """Say what to press for a step, or that all is done."""
        step = _step(row)
        if step.done:
            left = sum(1 for each in self.screen.table.shown if not _step(each).done)
            return Text(_("it is done") if left else _("everything is set up: orders go by themselves"), style=GOOD)
        text = Text(_("e opens what does it") if not self.not_edit(row) else self.not_edit(row))
        return text.append("\n" + _("or type: {command}").format(command=shown(step.command, 300).plain), style="dim")

    def empty(self) -> str:
        """Say that there is nothing."""
        return _("nothing is to be set up")

    def name_of(self, row: Row) -> str:
        """A step is copied as its command."""
        return _step(row).command

    async def detail(self, client: Client, row: Row) -> RenderableType:  # noqa: ARG002 - every part gets it
        """Show the step."""
        step = _step(row)
        return facts(
            (_("what"), said(step.text)), (_("done"), _("yes") if step.done else _("no")), (_("command"), step.command)
        )

    def not_edit(self, row: Row) -> str:
        """Connections are made in the configuration; what is done needs nothing."""
        step = _step(row)
        if step.done:
            return _("it is done")
        if step.kind in ("oms", "wms"):
            return _("connections stand in the configuration: add it there, then `crossdock reload`")
        return ""

    async def edit(self, row: Row) -> None:
        """Open what does the step."""
        step = _step(row)
        match step.kind:
            case "strategy":
                await self.ask(StrategyForm())
            case "warehouse":
                await self.ask(WarehouseForm(connection=step.about))
            case "use":
                await self.ask(WarehouseForm(await self.client.warehouse(step.about)))
            case "allocation":
                await self.ask(AllocationForm(warehouse=step.about))
            case "auto_push":
                await WarehousesPart(self.screen).switch(step.about, only_on=True)
            case _:
                self.dash.say(self.not_edit(row), bad=True)


def _step(row: Row) -> SetupStep:
    assert isinstance(row.item, SetupStep)
    return row.item
