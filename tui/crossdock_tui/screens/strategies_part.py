"""The tab of strategies: when orders go, each type explained in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from rich.text import Text

from crossdock.control.records.book import Strategy
from crossdock.control.records.simulation import Try
from crossdock_tui.language import N_, _, said
from crossdock_tui.list_screen import Page, Tab, facts, heading, stacked
from crossdock_tui.paged_table import Column, Row
from crossdock_tui.screens import offers
from crossdock_tui.screens.book_part import Part
from crossdock_tui.screens.foreseen import foreseen
from crossdock_tui.screens.strategy_form import GATES, KINDS, STATUSES, StrategyForm
from crossdock_tui.words import number, shown

if TYPE_CHECKING:
    from rich.console import RenderableType

    from crossdock.control.client import Client


class StrategiesPart(Part):
    """Strategies."""

    TAB = Tab("strategies", N_("strategies"))
    COLUMNS = (
        Column("name", N_("strategy"), 14),
        Column("kind", N_("type"), 14),
        Column("on", N_("in use"), 7, weight=3),
        Column("used", N_("used by"), 12, weight=2),
        Column("status", N_("at least"), 14, weight=6),
        Column("gate", N_("gift gate"), 12, weight=5),
        Column("delay", N_("delay"), 5, weight=7),
        Column("time", N_("UTC"), 11, weight=8),
        Column("only", N_("only for"), 12, weight=4, grows=True),
    )  # fmt: skip
    explained: dict[str, str]
    users: dict[str, list[str]]

    async def page(self, client: Client, after: Any, limit: int) -> Page:  # noqa: ARG002 - the daemon's own pages
        """Read a page, and which warehouses use what."""
        found = await client.strategies(after)
        self.explained, self.users = found.explained, {}
        for warehouse in await offers.all_warehouses(client):
            for name in warehouse.strategies:
                self.users.setdefault(name, []).append(warehouse.code)
        return Page([self._row(item) for item in found.items], found.next)

    def _row(self, item: Strategy) -> Row:
        gate = (
            _("{n} min").format(n=item.gift_minutes) if item.gift_gate == "wait_minutes" else _(GATES[item.gift_gate])
        )
        only = [each for each in (_list(item.shops), _list(item.logistics)) if each]
        cells = {
            "name": shown(item.name), "kind": shown(_(KINDS[item.kind])), "on": shown("✓") if item.enabled else shown(f"- {_('off')}", style="yellow"),
            "used": shown(", ".join(self.users.get(item.name, ()))), "status": shown(_(STATUSES.get(item.minimum_status, ""))),
            "gate": shown(gate), "delay": number(item.delay_minutes or None), "time": shown(_hours(item)),
            "only": shown(" × ".join(only) or _("every order")),
        }  # fmt: skip
        return Row(item.name, cells, item)

    def why(self, row: Row) -> Text:
        """Say what its type does, and that nobody uses it."""
        item = strategy(row)
        text = Text(said(self.explained.get(item.kind, "")))
        if not item.enabled:
            text.append("\n" + _("it is switched off: it matches no order; o switches it on"), style="yellow")
        elif item.name not in self.users:
            text.append("\n" + _("no warehouse uses it; take it into one in the tab of warehouses"), style="yellow")
        return text

    def empty(self) -> str:
        """Say that nothing goes by itself."""
        return _("there is no strategy, so that no order goes by itself; n makes one")

    async def detail(self, client: Client, row: Row) -> RenderableType:
        """Show every setting, and what it does today in the warehouses that use it."""
        item = strategy(row)
        found = await client.simulate(Try(strategy=item, through=True))
        return stacked(
            facts(
                (_("name"), item.name), (_("type"), _(KINDS[item.kind])), (_("means"), said(self.explained.get(item.kind, ""))),
                (_("designated stores"), _list(item.shops) or _("any")), (_("designated logistics"), _list(item.logistics) or _("any")),
                (_("at least"), _(STATUSES.get(item.minimum_status, item.minimum_status))), (_("gift gate"), _(GATES[item.gift_gate])),
                (_("gift minutes"), item.gift_minutes or None), (_("delay, minutes"), item.delay_minutes or None),
                (_("time of day, UTC"), _hours(item)), (_("in use"), _("yes") if item.enabled else _("no")),
                (_("used by"), ", ".join(self.users.get(item.name, ()))), (_("revision"), item.revision),
            ),
            heading(_("today's orders, in every warehouse")), foreseen(found),
        )  # fmt: skip

    def not_remove(self, row: Row) -> str:
        """What a warehouse uses is not removed."""
        if users := self.users.get(row.key):
            return _("warehouse {codes} uses it; take it out there first").format(codes=shown(", ".join(users)).plain)
        return ""

    async def new(self) -> None:
        """Make a new one."""
        await self.ask(StrategyForm())

    async def edit(self, row: Row) -> None:
        """Change one, as it is saved now."""
        await self.ask(StrategyForm(await self.client.strategy(row.key)))

    async def toggle(self, row: Row) -> str:
        """Switch it."""
        item = strategy(row)
        saved = await self.client.save_strategy(msgspec.structs.replace(item, enabled=not item.enabled))
        text = _("switched on") if saved.enabled else _("switched off")
        return "; ".join((text, *map(said, saved.warnings)))

    async def remove(self, row: Row) -> str:
        """Remove it."""
        return (await self.client.remove_strategy(row.key, strategy(row).revision)).text


def strategy(row: Row) -> Strategy:
    """Return the strategy that a row shows."""
    assert isinstance(row.item, Strategy)
    return row.item


def _list(values: tuple[str, ...] | None) -> str:
    return "" if values is None else ", ".join(values)


def _hours(item: Strategy) -> str:
    return f"{item.not_before}–{item.not_after}" if item.not_before and item.not_after else ""
