"""Stock: the level of every SKU as its warehouse showed it, how far the OMS was told, and the switches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from crossdock.control.client import Refusal
from crossdock.control.records.stock import StockItem, StockSwitch
from crossdock_tui.actions import Action
from crossdock_tui.dialogs.choose import Choose
from crossdock_tui.dialogs.confirm import Confirm
from crossdock_tui.filter_bar import Filter
from crossdock_tui.language import N_, _, counted, said
from crossdock_tui.list_screen import ListScreen, Page, Tab, facts
from crossdock_tui.paged_table import Column, Row
from crossdock_tui.screens import offers
from crossdock_tui.words import age, iso, shown, state

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from rich.console import RenderableType

    from crossdock.control.client import Client

LEVELS = (
    Column("sku", N_("SKU"), 14, grows=True),
    Column("ours", N_("our SKU"), 10, weight=5, grows=True),
    Column("warehouse", N_("warehouse"), 9),
    Column("on_hand", N_("on hand"), 9),
    Column("available", N_("available"), 9, weight=4),
    Column("state", N_("told to OMS"), 13),
    Column("oms", N_("OMS"), 8, weight=3),
    Column("age", N_("age"), 4, weight=2),
)
SWITCHES = (
    Column("warehouse", N_("warehouse"), 12, grows=True),
    Column("on", N_("stock goes to OMS"), 18),
    Column("oms", N_("OMS"), 16, grows=True),
)
MEANS = {
    "confirmed": N_("the OMS holds this level"),
    "waiting": N_("it is on its way to the OMS"),
    "held": N_("it does not go to the OMS before a person does something"),
    "off": N_("stock of its warehouse does not go to any OMS; the tab switches changes that (o)"),
}


class Stock(ListScreen):
    """Stock."""

    SCREEN = "stock"
    LABEL = N_("Stock")
    ABOUT = N_("what each warehouse has of each SKU, and how far the OMS was told")
    TOPICS = frozenset({"stock", "book"})
    TABS = (Tab("levels", N_("levels")), Tab("held", N_("held")), Tab("switches", N_("switches")))
    COLUMNS_OF = {"levels": LEVELS, "held": LEVELS, "switches": SWITCHES}  # noqa: RUF012 - the frame declares it
    FILTERS = (Filter("text"), Filter("warehouse"))
    FILTERS_OF = {"switches": ()}  # noqa: RUF012 - as above
    ACTIONS = (
        Action(key="g", name="fetch", label=N_("fetch now"), right="order.pull", on="screen"),
        Action(key="o", name="switch", label=N_("switch on / off"), right="strategy.edit", on="rows", tabs=("switches",)),
    )  # fmt: skip

    async def page(self, client: Client, after: Any, limit: int) -> Page:
        """Read a page of levels, or the switches."""
        if self.tab == "switches":
            return Page([_switch_row(each) for each in (await client.stock_switches()).items])
        query = self.wanted.query
        found = await client.stock(
            warehouse=query.get("warehouse"), sku=query.get("text"), held="true" if self.tab == "held" else None,
            after=after, limit=limit,
        )  # fmt: skip
        return Page([self._row(item) for item in found.items], found.next)

    def _row(self, item: StockItem) -> Row:
        cells = {
            "sku": shown(item.sku), "ours": shown(item.ours), "warehouse": shown(item.warehouse or item.remote),
            "on_hand": _count(item.on_hand), "available": _count(item.available), "state": state(item.state),
            "oms": shown(item.oms), "age": shown(age(item.observed_at, self.dash.link.now())),
        }  # fmt: skip
        return Row(str(item.id), cells, item)

    def why(self, row: Row) -> Text:
        """Say how far the OMS was told, and what a person must do."""
        if isinstance(row.item, StockSwitch):
            return _switch_why(row.item)
        item = _level(row)
        text = Text(_(MEANS.get(item.state, "")))
        if item.state == "confirmed" and item.confirmed_at is not None:
            text.append(" " + _("(since {age})").format(age=age(item.confirmed_at, self.dash.link.now())), style="dim")
        return text.append(f": {shown(said(item.why), 300).plain}", style="yellow") if item.why else text

    def empty(self) -> str:
        """Say why there is nothing, and what to do."""
        if self.tab == "switches":
            return _("there is no warehouse yet; set one up on the screen of strategies")
        if self.wanted.text:
            return _("no level fits the filter; esc takes it away")
        if self.tab == "held":
            return _("nothing is held: every level goes where it should")
        return _("no level was seen yet: a WMS is asked once its warehouse is switched on (tab switches, o)")

    def name_of(self, row: Row) -> str:
        """A SKU, or a warehouse."""
        return row.item.warehouse if isinstance(row.item, StockSwitch) else _level(row).sku

    async def detail(self, client: Client, row: Row) -> RenderableType:  # noqa: ARG002 - the list has it all
        """Show everything that is known of a level."""
        if isinstance(row.item, StockSwitch):
            return facts(
                (_("warehouse"), row.item.warehouse), (_("stock goes to OMS"), _("yes") if row.item.on else _("no")),
                (_("OMS"), row.item.oms or _("the only one there is")), (_("revision"), row.item.revision),
            )  # fmt: skip
        item = _level(row)
        return facts(
            (_("SKU"), item.sku), (_("our SKU"), item.ours), (_("warehouse"), item.warehouse),
            (_("in WMS"), f"{item.connection} / {item.remote}"), (_("OMS"), item.oms), (_("on hand"), _plain(item.on_hand)),
            (_("available"), _plain(item.available)), (_("reserved"), _plain(item.reserved)),
            (_("damaged"), _plain(item.damaged)), (_("on its way"), _plain(item.in_transit)),
            (_("told to OMS"), state(item.state)), (_("confirmed"), iso(item.confirmed_at)),
            (_("observed"), iso(item.observed_at)), (_("sequence"), item.sequence), (_("what to do"), said(item.why)),
        )  # fmt: skip

    # ---- what is done

    async def do_fetch(self, rows: Sequence[Row]) -> None:  # noqa: ARG002 - every action gets rows
        """Fetch the stock of every WMS of which a warehouse sends its stock."""
        client = self.dash.client
        on = {each.warehouse for each in (await client.stock_switches()).items if each.on}
        named = [each.connection for each in await offers.all_warehouses(client) if each.code in on]
        if not named:
            self.dash.say(_("no warehouse sends its stock; switch one on in the tab switches (o)"), bad=True)
            return
        results = []
        for connection in dict.fromkeys(named):
            try:
                results.append((connection, True, (await client.fetch_stock(connection)).text))
            except Refusal as error:
                results.append((connection, False, str(error)))
        self.dash.report(_("fetch now"), results)

    async def do_switch(self, rows: Sequence[Row]) -> None:
        """Switch whether the stock of warehouses goes to an OMS, after one question; each at the revision that is shown."""
        switches = [_switch(row) for row in rows]
        starting = [each for each in switches if not each.on]
        oms = await self._which_oms() if starting else ""
        if oms is None:
            return
        ending = len(switches) - len(starting)
        asked = [counted("Send the stock of {n} warehouse to an OMS?", "Send the stock of {n} warehouses to an OMS?", len(starting))] if starting else []  # fmt: skip
        asked += [counted("Stop sending the stock of {n} warehouse?", "Stop sending the stock of {n} warehouses?", ending)] if ending else []  # fmt: skip
        warning = _("what is known already is sent at once, and replaces what the OMS holds") if starting else _("the OMS keeps the levels it has")  # fmt: skip
        names = [each.warehouse for each in switches]
        if not await self.app.push_screen_wait(Confirm(" ".join(asked), names, warning=warning)):
            return
        results = []
        for each in switches:
            try:
                done = await self.dash.client.switch_stock(
                    each.warehouse, on=not each.on, oms=each.oms if each.on else oms, revision=each.revision
                )
            except Refusal as error:
                results.append((each.warehouse, False, str(error)))
            else:
                results.append((each.warehouse, True, _("switched on") if done.on else _("switched off")))
                self.let_go([each.warehouse])
        self.dash.report(_("switch on / off"), results)

    async def _which_oms(self) -> str | None:
        """Ask which OMS gets the stock where there are several; empty: the only one. None: it was left."""
        found = await offers.connections(self.dash.client, offers.OMS)
        if len(found) < 2:
            return ""
        chosen = await self.app.push_screen_wait(Choose(_("Which OMS gets the stock?"), [(name, "") for name in found]))
        return chosen[0] if chosen else None


def _switch_row(item: StockSwitch) -> Row:
    on = shown(f"✓ {_('on')}", style="green") if item.on else shown(f"- {_('off')}", style="dim")
    oms = shown(item.oms or (_("the only one there is") if item.on else ""))
    return Row(item.warehouse, {"warehouse": shown(item.warehouse), "on": on, "oms": oms}, item)


def _switch_why(item: StockSwitch) -> Text:
    if item.on:
        return Text(_("its levels go to the OMS as its WMS shows them; o stops that"))
    return Text(_("its levels go nowhere; o sends them to the OMS from now on"))


def _plain(value: Decimal | None) -> str:
    return "" if value is None else f"{value:f}"


def _count(value: Decimal | None) -> Text:
    text = shown(_plain(value))
    text.justify = "right"
    return text


def _level(row: Row) -> StockItem:
    assert isinstance(row.item, StockItem)
    return row.item


def _switch(row: Row) -> StockSwitch:
    assert isinstance(row.item, StockSwitch)
    return row.item
