"""The tab of mappings: how each warehouse calls our SKUs and carriers, and what orders wait for because nobody mapped it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from crossdock.control.records.book import Mapping
from crossdock_tui.dialogs.choose import Choose
from crossdock_tui.language import N_, _, counted
from crossdock_tui.list_screen import Page, Tab, facts
from crossdock_tui.paged_table import Column, Row
from crossdock_tui.screens.book_part import Part
from crossdock_tui.screens.mapping_form import KINDS, MappingForm, open_mapping
from crossdock_tui.words import shown

if TYPE_CHECKING:
    from rich.console import RenderableType

    from crossdock.control.client import Client
    from crossdock.control.records.incidents import IncidentItem

CAUSES = {"sku": "sku", "logistics": "logistics"}
"""By the code of an incident about a mapping: the kind that is missing."""


class MappingsPart(Part):
    """Mappings."""

    TAB = Tab("mappings", N_("mappings"))
    COLUMNS = (
        Column("warehouse", N_("warehouse"), 10),
        Column("kind", N_("kind"), 9),
        Column("ours", N_("ours"), 20, grows=True),
        Column("theirs", N_("theirs"), 20, grows=True),
    )  # fmt: skip
    wanting: tuple[IncidentItem, ...] = ()

    async def page(self, client: Client, after: Any, limit: int) -> Page:  # noqa: ARG002 - the daemon's own pages
        """Read a page, and what is missing."""
        query = self.screen.wanted.query
        found = await client.mappings(query.get("warehouse"), query.get("kind"), after)
        if after is None:
            incidents = await client.incidents(state="open", cause="mapping", limit=200)
            self.wanting = tuple(each for each in incidents.items if each.code in CAUSES and each.missing)
        return Page([self._row(item) for item in found.items], found.next)

    def _row(self, item: Mapping) -> Row:
        theirs = shown(f"✗ {_('never sent')}", style="yellow") if item.theirs is None else shown(item.theirs)
        cells = {
            "warehouse": shown(item.warehouse), "kind": shown(_(KINDS[item.kind])), "ours": shown(item.ours), "theirs": theirs,
        }  # fmt: skip
        return Row(f"{item.warehouse}\x1f{item.kind}\x1f{item.ours}", cells, item)

    def why(self, row: Row) -> Text:
        """Say what it does, and what is missing."""
        item = mapping(row)
        text = Text(
            _("orders with it do not go to this warehouse")
            if item.theirs is None
            else _("the warehouse is told its own word for it")
        )
        return text + Text("\n" + self._missing(), style="bold yellow") if self.wanting else text

    def _missing(self) -> str:
        text = counted(
            "{n} more is missing and keeps orders; m maps it",
            "{n} more are missing and keep orders; m maps them",
            len(self.wanting),
        )
        return f"! {text}"

    def empty(self) -> str:
        """Say that everything goes by its own text, or what is missing."""
        if self.wanting:
            return self._missing()
        return _(
            "there is no mapping: SKUs and carriers go by their own text where the warehouse allows that; n makes one"
        )

    def name_of(self, row: Row) -> str:
        """A mapping is named by what it translates, and where."""
        item = mapping(row)
        return f"{item.warehouse} {item.kind} {item.ours}"

    async def detail(self, client: Client, row: Row) -> RenderableType:  # noqa: ARG002 - every part gets it
        """Show the mapping."""
        item = mapping(row)
        return facts(
            (_("warehouse"), item.warehouse), (_("kind"), _(KINDS[item.kind])), (_("ours"), item.ours),
            (_("theirs"), item.theirs if item.theirs is not None else _("never sent")), (_("revision"), item.revision),
        )  # fmt: skip

    def not_missing(self) -> str:
        """Say when nothing is missing."""
        return "" if self.wanting else _("no order waits for a mapping")

    async def new(self) -> None:
        """Make a new one."""
        query = self.screen.wanted.query
        kind = "logistics" if query.get("kind") == "logistics" else "sku"
        await self.ask(MappingForm(Mapping(warehouse=query.get("warehouse", ""), kind=kind, ours="", theirs=None)))  # type: ignore[arg-type]  # one of the two

    async def edit(self, row: Row) -> None:
        """Change one, as it is saved now."""
        item = mapping(row)
        await self.ask(MappingForm(await self.client.mapping(item.warehouse, item.kind, item.ours)))

    async def remove(self, row: Row) -> str:
        """Remove it."""
        item = mapping(row)
        return (await self.client.remove_mapping(item.warehouse, item.kind, item.ours, item.revision)).text

    async def missing(self) -> None:
        """Choose what to map, where several things are missing; the form is filled with it."""
        by_id = {str(each.id): each for each in self.wanting}
        chosen = next(iter(by_id))
        if len(by_id) > 1:
            options = [
                (number, f"{each.warehouse} {CAUSES[each.code]} {each.missing} ({each.holds})")
                for number, each in by_id.items()
            ]
            picked = await self.dash.push_screen_wait(Choose(_("Map what is missing"), options))
            if not picked:
                return
            chosen = picked[0]
        item = by_id[chosen]
        await open_mapping(self.dash, item.warehouse, CAUSES[item.code], item.missing)
        self.screen.load()


def mapping(row: Row) -> Mapping:
    """Return the mapping that a row shows."""
    assert isinstance(row.item, Mapping)
    return row.item
