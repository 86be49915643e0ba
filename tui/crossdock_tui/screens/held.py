"""Everything that one incident holds: a list over the list of incidents, from which each order is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from crossdock.control.records.incidents import HeldItem
from crossdock_tui.actions import Action
from crossdock_tui.details import facts
from crossdock_tui.language import N_, _, said
from crossdock_tui.list_screen import ListScreen, Page
from crossdock_tui.paged_table import Column, Row
from crossdock_tui.words import age, iso, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from rich.console import RenderableType

    from crossdock.control.client import Client
    from crossdock.control.records.incidents import IncidentItem


class Held(ListScreen):
    """What an incident holds. Escape leads back to the incidents."""

    SCREEN = "held"
    LABEL = N_("Held")
    ABOUT = N_("everything that one incident holds")
    TOPICS = frozenset({"incidents"})
    OVER = True
    COLUMNS = (
        Column("name", N_("what"), 22),
        Column("connection", N_("connection"), 12, weight=2),
        Column("since", N_("since"), 5, weight=1),
        Column("text", N_("particular"), 20, grows=True),
    )
    ACTIONS = (Action(key="o", name="order", label=N_("open the order")),)
    MARKS = False

    def __init__(self, incident: IncidentItem) -> None:
        super().__init__()
        self._incident = incident

    async def page(self, client: Client, after: Any, limit: int) -> Page:
        """Read a page of what is held."""
        found = await client.held(self._incident.id, after, limit)
        return Page([self._row(item) for item in found.items], found.next)

    def _row(self, item: HeldItem) -> Row:
        cells = {
            "name": shown(name_of(item)), "connection": shown(item.connection),
            "since": shown(age(item.since, self.dash.link.now())), "text": shown(said(item.text)),
        }  # fmt: skip
        return Row(item.subject, cells, item)

    def why(self, row: Row) -> Text:
        """Say what holds it, and what is particular about this one."""
        text = Text(shown(said(self._incident.text), 300).plain)
        return text.append("\n" + shown(said(_held(row).text), 400).plain)

    def empty(self) -> str:
        """Say that it healed."""
        return _("it holds nothing any more; esc leads back")

    def name_of(self, row: Row) -> str:
        """An order's reference."""
        return name_of(_held(row))

    async def detail(self, client: Client, row: Row) -> RenderableType:  # noqa: ARG002 - as every detail
        """Show everything that is known of it here."""
        item = _held(row)
        return facts(
            (_("what"), name_of(item)), (_("connection"), item.connection), (_("since"), iso(item.since)),
            (_("held by"), said(self._incident.text)), (_("particular"), said(item.text)),
        )  # fmt: skip

    def not_order(self, row: Row) -> str:
        """Only an order can be opened as one."""
        return "" if _held(row).ref is not None else _("it is no order")

    async def do_order(self, rows: Sequence[Row]) -> None:
        """Show the order on the screen of orders."""
        self.dash.jump("orders", tab="", filter=_held(rows[0]).ref or "")


def held_lines(items: Iterable[HeldItem], now: datetime) -> Text:
    """Write what is held, one line each."""
    text = Text()
    for item in items:
        text.append_text(shown(name_of(item), 40, "bold")).append(f"  {age(item.since, now)}  ", style="dim")
        text.append_text(shown(said(item.text), 300)).append("\n")
    return text if text.plain else Text(_("nothing any more"), style="dim")


def name_of(item: HeldItem) -> str:
    """Return what a person calls it."""
    return item.ref if item.ref is not None else item.subject


def _held(row: Row) -> HeldItem:
    assert isinstance(row.item, HeldItem)
    return row.item
