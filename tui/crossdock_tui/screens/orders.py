"""Orders: pending, on their way, abnormal, all; why each is where it is, and everything that can be done about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from crossdock.control.records.base import StateName
from crossdock_tui.actions import Action
from crossdock_tui.dialogs.choose import Choose
from crossdock_tui.filter_bar import Filter
from crossdock_tui.language import N_, _, said
from crossdock_tui.list_screen import Page, Tab
from crossdock_tui.paged_table import Column, Row
from crossdock_tui.screens.offers import all_warehouses
from crossdock_tui.screens.order_work import OrderWork, order, order_state, reason
from crossdock_tui.words import age, sentences, shown, until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text

    from crossdock.control.client import Client
    from crossdock.control.records.orders import OrderItem


class Orders(OrderWork):
    """Orders."""

    SCREEN = "orders"
    LABEL = N_("Orders")
    ABOUT = N_("where every order stands, why, and what can be done about it")
    TOPICS = frozenset({"orders", "labels", "throttles", "book"})
    TABS = (
        Tab("pending", N_("pending")), Tab("in_progress", N_("outbound in progress")), Tab("abnormal", N_("abnormal")),
        Tab("done", N_("done")), Tab("", N_("all")),
    )  # fmt: skip
    COLUMNS = (
        Column("number", N_("order"), 16),
        Column("connection", N_("OMS"), 8, weight=9),
        Column("shop", N_("store"), 10, weight=6),
        Column("logistics", N_("logistics"), 12, weight=7),
        Column("warehouse", N_("warehouse"), 9, weight=3),
        Column("state", N_("outbound status"), 22),
        Column("updated", N_("upd."), 9, weight=5),
        Column("age", N_("age"), 4),
        Column("why", N_("reason"), 14, weight=4, grows=True),
    )
    FILTERS = (
        Filter("text"), Filter("state", get_args(StateName)), Filter("warehouse"), Filter("connection"),
        Filter("changed", ("true",)), Filter("updated", ("true",)), Filter("aged", ("true",)),
    )  # fmt: skip
    ACTIONS = (
        Action(key="g", name="obtain", label=N_("get new orders"), right="order.pull", on="screen"),
        Action(key="s", name="sync", label=N_("sync order"), right="order.sync", on="rows", asks=N_("Fetch {n} orders again from their OMS?")),
        Action(key="p", name="push", label=N_("push to warehouse"), right="push.manual", on="rows", asks=N_("Push {n} orders to their warehouse?")),
        Action(key="l", name="label", label=N_("pull label"), right="label.pull", on="rows", asks=N_("Pull the shipping labels of {n} orders?")),
        Action(key="h", name="hold", label=N_("hold / release"), right="order.hold", on="rows", asks=N_("Hold or release {n} orders?")),
        Action(key="x", name="cancel", label=N_("cancel"), right="cancel.request", on="rows", asks=N_("Ask the warehouses not to ship {n} orders?"), always_asks=True),
        Action(key="a", name="acknowledge", label=N_("acknowledge update"), right="order.sync", on="rows", asks=N_("Take the mark (Updated) off {n} orders?")),
        Action(key="e", name="explain", label=N_("explain"), on="row"),
    )  # fmt: skip

    async def page(self, client: Client, after: Any, limit: int) -> Page:
        """Read a page of orders, and what may not be asked for again yet."""
        query: dict[str, object] = dict(self.wanted.query)
        found = await client.orders(tab=self.tab or None, after=after, limit=limit, **query)
        if after is None:
            self._throttled = (await client.throttles()).items
        return Page([self._row(item) for item in found.items], found.next)

    def _row(self, item: OrderItem) -> Row:
        now = self.dash.link.now()
        updated = f"r{item.updated_revision} {age(item.updated_at, now)}" if item.updated else ""
        cells = {
            "number": shown(item.number or item.ref), "connection": shown(item.connection), "shop": shown(item.shop),
            "logistics": shown(item.logistics), "warehouse": shown(item.warehouse), "state": order_state(item),
            "updated": shown(updated, style="cyan"), "age": shown(age(item.created_at, now)),
            "why": shown(sentences(item.why) or said(item.error or "")),
        }  # fmt: skip
        return Row(f"{item.connection}/{item.ref}", cells, item)

    def why(self, row: Row) -> Text:
        """Say why it is where it is, when that changes by itself, and what to press."""
        return reason(order(row), self.dash.link.now())

    def empty(self) -> str:
        """Say why there is nothing, and what to do."""
        if self.wanted.text:
            return _("no order fits the filter; esc takes it away")
        if self.tab == "abnormal":
            return _("nothing is stuck")
        return _("no order is here; `g` gets new ones from the OMS")

    # ---- why not

    def not_obtain(self) -> str:
        """Say when every way of getting new orders is closed for the moment."""
        closed = [each for each in self._throttled if each.action == "obtain"]
        if not closed:
            return ""
        soonest = min(each.again_at for each in closed)
        left = until(soonest, self.dash.link.now())
        named = ", ".join(f"{each.connection} → {each.about}" for each in closed[:3])
        return (
            _("{named} was asked less than five minutes ago; again in {left}").format(named=named, left=left)
            if left
            else ""
        )

    # ---- doing

    async def do_obtain(self, rows: Sequence[Row]) -> None:  # noqa: ARG002 - every action gets rows
        """Get new orders of an OMS for a warehouse; where there are several ways a person chooses."""
        client = self.dash.client
        shops = [
            each.name for each in (await client.connections()).items if each.kind in ("oms", "both") and each.enabled
        ]
        warehouses = [each.code for each in await all_warehouses(client) if each.enabled]
        ways = [f"{shop} → {code}" for shop in shops for code in warehouses]
        if not ways:
            self.dash.say(_("there is no warehouse yet; set one up on the screen of strategies"), bad=True)
            return
        if len(ways) > 1:
            chosen = await self.app.push_screen_wait(
                Choose(_("Get new orders of which OMS for which warehouse?"), [(way, "") for way in ways])
            )
            if not chosen:
                return
            ways = list(chosen)
        shop, code = ways[0].split(" → ", 1)
        asked = await client.obtain(shop, code)
        self.dash.say(_("asked: {text}").format(text=said(asked.text)))
