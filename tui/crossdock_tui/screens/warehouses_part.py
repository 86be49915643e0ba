"""The tab of warehouses: their strategies in order, auto push, and what is odd about each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from rich.text import Text

from crossdock.control.records.book import Warehouse
from crossdock.control.records.simulation import Try
from crossdock_tui.dialogs.confirm import Confirm
from crossdock_tui.language import N_, _, counted, said
from crossdock_tui.list_screen import Page, Tab, facts, heading, stacked
from crossdock_tui.paged_table import Column, Row
from crossdock_tui.screens import offers
from crossdock_tui.screens.book_part import Part
from crossdock_tui.screens.foreseen import foreseen
from crossdock_tui.screens.warehouse_form import WarehouseForm, gifts_warning, with_auto_push
from crossdock_tui.words import shown, yes

if TYPE_CHECKING:
    from rich.console import RenderableType

    from crossdock.control.client import Client
    from crossdock.control.records.setup import SetUpWarehouse


class WarehousesPart(Part):
    """Warehouses."""

    TAB = Tab("warehouses", N_("warehouses"))
    COLUMNS = (
        Column("code", N_("warehouse"), 10),
        Column("name", N_("name"), 12, weight=6),
        Column("auto", N_("auto push"), 9),
        Column("works", N_("by itself"), 9, weight=2),
        Column("on", N_("in use"), 7, weight=4),
        Column("connection", N_("connection"), 11, weight=3),
        Column("remote", N_("in WMS"), 10, weight=5),
        Column("oms", N_("in OMS"), 10, weight=7),
        Column("strategies", N_("strategies in order"), 20, grows=True),
    )  # fmt: skip
    setup: dict[str, SetUpWarehouse]

    async def page(self, client: Client, after: Any, limit: int) -> Page:  # noqa: ARG002 - the daemon's own pages
        """Read a page, and what is odd."""
        found = await client.warehouses(after)
        self.setup = {each.code: each for each in (await client.setup()).warehouses}
        return Page([self._row(item) for item in found.items], found.next)

    def _row(self, item: Warehouse) -> Row:
        how = self.setup.get(item.code)
        works = how is not None and how.works
        strategies = ", ".join(f"{n}. {name}" for n, name in enumerate(item.strategies, 1))
        cells = {
            "code": shown(item.code), "name": shown(item.name),
            "auto": shown(f"✓ {_('on')}", style="green") if item.auto_push else shown(f"- {_('off')}", style="dim"),
            "works": yes(works) if works else shown("✗", style="yellow"),
            "on": shown("✓") if item.enabled else shown(f"- {_('off')}", style="yellow"), "connection": shown(item.connection),
            "remote": shown(item.remote), "oms": shown(item.oms_code or ""), "strategies": shown(strategies or "—"),
        }  # fmt: skip
        return Row(item.code, cells, item)

    def why(self, row: Row) -> Text:
        """Say what is odd about it, or that all is well."""
        how = self.setup.get(row.key)
        if how is None or not how.odd:
            return Text(_("orders go there by themselves, as its strategies say"), style="green")
        return Text("\n".join(f"! {shown(said(text), 400).plain}" for text in how.odd), style="yellow")

    def empty(self) -> str:
        """Say that no order can go anywhere."""
        return _(
            "there is no warehouse, so that no order can go anywhere; n makes one, the tab setup says what comes before"
        )

    async def detail(self, client: Client, row: Row) -> RenderableType:
        """Show every setting, and what becomes of its orders today."""
        item = warehouse(row)
        found = await client.simulate(Try(warehouse=item.code, through=True))
        return stacked(
            facts(
                (_("warehouse"), item.code), (_("name"), item.name), (_("connection"), item.connection),
                (_("code in the WMS"), item.remote), (_("code in the OMS"), item.oms_code or item.code),
                (_("documents to OMS"), item.oms or _("the only one there is")),
                (_("strategies in order"), ", ".join(item.strategies) or _("none")),
                (_("auto push"), _("on") if item.auto_push else _("off")),
                (_("SKU without mapping"), _("goes by its own text") if item.auto_bind else _("waits for a mapping")),
                (_("carrier without map."), _("waits for a mapping") if item.need_logistics_mapping else _("goes by its own text")),
                (_("oldest order, days"), item.max_age_days or _("as the configuration says")),
                (_("in use"), _("yes") if item.enabled else _("no")), (_("revision"), item.revision),
            ),
            self.why(row), heading(_("today's orders")), foreseen(found),
        )  # fmt: skip

    async def new(self) -> None:
        """Make a new one."""
        await self.ask(WarehouseForm())

    async def edit(self, row: Row) -> None:
        """Change one, as it is saved now."""
        await self.ask(WarehouseForm(await self.client.warehouse(row.key)))

    async def toggle(self, row: Row) -> str:
        """Switch it."""
        item = warehouse(row)
        saved = await self.client.save_warehouse(msgspec.structs.replace(item, enabled=not item.enabled))
        text = _("switched on") if saved.enabled else _("switched off")
        return "; ".join((text, *map(said, saved.warnings)))

    async def remove(self, row: Row) -> str:
        """Remove it."""
        return (await self.client.remove_warehouse(row.key, warehouse(row).revision)).text

    async def auto_push(self, row: Row) -> None:
        """Switch auto push: on only after saying what goes at once, and that gifts may be missed."""
        await self.switch(row.key)

    async def switch(self, code: str, *, only_on: bool = False) -> None:
        """Switch a warehouse's auto push at the revision that the question was about."""
        item = await self.client.warehouse(code)
        if item.auto_push and only_on:
            return
        if item.auto_push:
            question = _("Switch auto push of {code} off? Orders wait for a person from then on.")
            agreed = await self.dash.push_screen_wait(Confirm(question.format(code=shown(code).plain)))
        else:
            going = (await self.client.simulate(with_auto_push(item))).would.get("push", 0)
            strategies = await offers.all_strategies(self.client)
            warning = gifts_warning(item, strategies)
            if not any(each.enabled and each.name in item.strategies for each in strategies):
                warning = _("it has no strategy in use, so that nothing goes by itself all the same; e gives it one")
            question = counted(
                "Switch auto push of {{code}} on? {n} order goes at once.",
                "Switch auto push of {{code}} on? {n} orders go at once.",
                going,
            )
            agreed = await self.dash.push_screen_wait(
                Confirm(question.format(code=shown(code).plain), warning=shown(warning, 600).plain)
            )
        if agreed:
            saved = await self.client.switch_auto_push(code, item.revision, on=not item.auto_push)
            text = _("auto push of {code} is on") if saved.auto_push else _("auto push of {code} is off")
            self.dash.say(text.format(code=code))


def warehouse(row: Row) -> Warehouse:
    """Return the warehouse that a row shows."""
    assert isinstance(row.item, Warehouse)
    return row.item
