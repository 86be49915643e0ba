"""Packages: what warehouses have, by how far they are; the mark "(Updated)", and what a person decides about changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast

from crossdock.control.records.asks import SyncList
from crossdock.control.records.packages import Acknowledge
from crossdock_tui.actions import Action
from crossdock_tui.dialogs.choose import Choose
from crossdock_tui.dialogs.confirm import Confirm
from crossdock_tui.filter_bar import Filter
from crossdock_tui.language import N_, _, counted, said
from crossdock_tui.list_screen import Page, Tab
from crossdock_tui.paged_table import Column, Row
from crossdock_tui.screens.order_decisions import OrderDecisions
from crossdock_tui.screens.order_work import order_state, reason, told
from crossdock_tui.words import age, sentences, shown, state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text

    from crossdock.control.client import Client
    from crossdock.control.records.base import StageName
    from crossdock.control.records.orders import OrderItem


class Packages(OrderDecisions):
    """Package outbound."""

    SCREEN = "packages"
    LABEL = N_("Packages")
    ABOUT = N_("what warehouses have, how far they are, and what was updated since the push")
    TOPICS = frozenset({"orders", "throttles"})
    TABS = (
        Tab("", N_("all")), Tab("pending", N_("pending")), Tab("picking", N_("picking")), Tab("picked", N_("picked")),
        Tab("packed", N_("packed")), Tab("outbound", N_("outbound")), Tab("cancelled", N_("cancelled")),
    )  # fmt: skip
    COLUMNS = (
        Column("number", N_("order"), 13),
        Column("connection", N_("OMS"), 8, weight=9),
        Column("shop", N_("store"), 10, weight=7),
        Column("logistics", N_("logistics"), 12, weight=6),
        Column("warehouse", N_("warehouse"), 9, weight=3),
        Column("stage", N_("stage"), 12),
        Column("state", N_("outbound status"), 20, weight=2),
        Column("updated", N_("(Updated)"), 9),
        Column("age", N_("age"), 4, weight=5),
        Column("why", N_("reason"), 12, weight=4, grows=True),
    )
    FILTERS = (Filter("warehouse"), Filter("connection"), Filter("updated", ("true",)))
    ACTIONS = (
        Action(key="a", name="acknowledge", label=N_("acknowledge update"), right="order.sync", on="rows", asks=N_("Take the mark (Updated) off {n} orders?")),
        Action(key="A", name="acknowledge_all", label=N_("acknowledge all"), right="order.sync", on="screen"),
        Action(key="s", name="sync", label=N_("sync order"), right="order.sync", on="rows", asks=N_("Fetch {n} orders again from their OMS?")),
        Action(key="S", name="sync_list", label=N_("sync the list"), right="order.sync", on="screen"),
        Action(key="l", name="label", label=N_("pull label"), right="label.pull", on="rows", asks=N_("Pull the shipping labels of {n} orders?")),
        Action(key="d", name="decide", label=N_("decide"), right="order.sync", on="rows"),
        Action(key="x", name="cancel", label=N_("cancel"), right="cancel.request", on="rows", asks=N_("Ask the warehouses not to ship {n} orders?"), always_asks=True),
        Action(key="e", name="explain", label=N_("explain"), on="row"),
    )  # fmt: skip

    async def page(self, client: Client, after: Any, limit: int) -> Page:
        """Read a page of packages, and what may not be asked for again yet."""
        found = await client.packages(stage=self.tab or None, after=after, limit=limit, **self.wanted.query)
        if after is None:
            self._throttled = (await client.throttles()).items
        return Page([self._row(item) for item in found.items], found.next)

    def _row(self, item: OrderItem) -> Row:
        now = self.dash.link.now()
        updated = f"r{item.updated_revision} {age(item.updated_at, now)}" if item.updated else ""
        cells = {
            "number": shown(item.number or item.ref), "connection": shown(item.connection), "shop": shown(item.shop),
            "logistics": shown(item.logistics), "warehouse": shown(item.warehouse), "stage": state(item.stage or "pending"),
            "state": order_state(item), "updated": shown(updated, style="bold cyan"),
            "age": shown(age(item.settled_at or item.created_at, now)), "why": shown(sentences(item.why)),
        }  # fmt: skip
        return Row(f"{item.connection}/{item.ref}", cells, item)

    def why(self, row: Row) -> Text:
        """Say what its warehouse was told since the push, and what has to be decided."""
        item = cast("OrderItem", row.item)
        text = reason(item, self.dash.link.now())
        if item.updated:
            marked = _(
                "(Updated): its warehouse took revision {n} after the push; a acknowledges that you have seen it"
            )
            text.append("\n" + marked.format(n=item.updated_revision), style="cyan")
        return text

    def empty(self) -> str:
        """Say why no package is there, and what to do."""
        if self.wanted.text:
            return _("no package fits the filter; esc takes it away")
        if self.tab:
            return _("no package is at this stage")
        return _("no warehouse has an order yet; orders are pushed by strategies, or by hand on the screen of orders")

    # ---- doing

    async def do_acknowledge_all(self, rows: Sequence[Row]) -> None:  # noqa: ARG002 - every action gets rows
        """Take the mark off everything that carries it, of the OMS and warehouse of the filter."""
        client = self.dash.client
        only = {name: value for name, value in self.wanted.query.items() if name != "updated"}
        names = [f"{name}: {value}" for name, value in only.items()]
        total = (await client.status()).updated
        if not total:
            self.dash.say(_("nothing carries the mark (Updated)"))
            return
        if only:
            question = _("Take the mark (Updated) off all that fit (of {n} in all)?").format(n=f"{total:,}")
        else:
            question = counted(
                "Take the mark (Updated) off {n} order?", "Take the mark (Updated) off {n} orders?", total
            )
        if not await self.app.push_screen_wait(Confirm(question, names)):
            return
        results: list[tuple[str, bool, str]] = []
        after: int | None = None
        while True:
            wanted = Acknowledge(
                all_updated=True, connection=only.get("connection"), warehouse=only.get("warehouse"), after=after
            )
            found = await client.acknowledge_wanted(wanted)
            results += told(found)
            self.progress(counted("{n} done", "{n} done", len(results)))
            after = found.next
            if after is None:
                break
        self.dash.report(_("acknowledge update"), results)

    async def do_sync_list(self, rows: Sequence[Row]) -> None:  # noqa: ARG002 - every action gets rows
        """Fetch every order of the tab again from its OMS, as tasks."""
        client = self.dash.client
        found = (await client.connections()).items
        shops = [each.name for each in found if each.kind in ("oms", "both") and each.enabled]
        wanted = self.wanted.query.get("connection")
        if wanted is None and len(shops) > 1:
            question = _("Fetch the orders of which OMS again?")
            chosen = await self.app.push_screen_wait(Choose(question, [(shop, "") for shop in shops]))
            if not chosen:
                return
            wanted = chosen[0]
        shop = wanted or shops[0]
        label = next(_(each.label) for each in self.TABS if each.name == self.tab)
        question = _("Fetch all packages of {shop} in the list '{tab}' again?").format(shop=shop, tab=label)
        if not await self.app.push_screen_wait(Confirm(question)):
            return
        stage = cast("StageName | Literal['all']", self.tab or "all")
        after: int | None = None
        while True:
            body = SyncList(connection=shop, stage=stage, warehouse=self.wanted.query.get("warehouse"), after=after)
            asked = await client.sync_list(body)
            self.dash.say(f"{shop}: {said(asked.text)}")
            after = asked.next
            if after is None:
                return
