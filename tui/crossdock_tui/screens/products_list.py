"""The tab of products: each with where it stands, and every field as both sides have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from crossdock.control.records.master import MasterProduct
from crossdock_tui.language import N_, _
from crossdock_tui.list_screen import Page, Tab, facts, stacked
from crossdock_tui.paged_table import Column, Row
from crossdock_tui.screens.products_part import FIELDS, VALUE, ProductsPart, field_name, written
from crossdock_tui.words import shown, state

if TYPE_CHECKING:
    from rich.console import RenderableType

    from crossdock.control.client import Client

MEANS = {
    "unbound": N_("only one side has it"),
    "proposed": N_("both sides have it; it waits for the first contact (tab first contact)"),
    "bound": N_("it is kept in step"),
    "conflict": N_("it is kept in step but for what waits for a person (tab conflicts)"),
    "retired": N_("a side deleted it; nothing is deleted on the other one"),
}


class ProductListPart(ProductsPart):
    """Products."""

    TAB = Tab("products", N_("products"))
    COLUMNS = (
        Column("sku", N_("SKU"), 14, grows=True),
        Column("state", N_("state"), 11),
        Column("name", N_("name"), 18, weight=2, grows=True),
        Column("apart", N_("not the same"), 14, grows=True),
        Column("origin", N_("from"), 8, weight=4),
    )

    async def page(self, client: Client, after: Any, limit: int) -> Page:
        """Read a page of products."""
        query = self.screen.wanted.query
        found = await client.master_products(
            self.warehouse, query.get("state"), after=after, limit=limit, sku=query.get("text")
        )
        return Page([self._row(item) for item in found.items], found.next)

    def _row(self, item: MasterProduct) -> Row:
        name = (item.oms or {}).get("name") or (item.wms or {}).get("name")
        cells = {
            "sku": shown(item.sku), "state": state(item.state), "name": shown(name),
            "apart": shown(", ".join(map(field_name, apart(item))), style="yellow"), "origin": shown(item.origin),
        }  # fmt: skip
        return Row(item.sku, cells, item)

    def why(self, row: Row) -> Text:
        """Say what its state means."""
        item = product(row)
        text = Text(_(MEANS.get(item.state, "")))
        if item.state == "unbound":
            side = _("the OMS has it, the warehouse never showed it") if item.wms is None else ""
            side = _("the warehouse has it, the OMS never showed it") if item.oms is None else side
            text.append(f": {side}" if side else "")
        return text

    def empty(self) -> str:
        """Say why there is none."""
        if self.screen.wanted.text:
            return _("no product fits the filter; esc takes it away")
        return self.off() or _("no product was seen yet; g fetches them from both sides")

    async def detail(self, client: Client, row: Row) -> RenderableType:  # noqa: ARG002 - the list has it all
        """Show every field as both sides have it."""
        item = product(row)
        table = Table(box=None, expand=True, padding=(0, 1, 0, 0))
        for name in (_("field"), _("before"), _("OMS"), _("WMS")):
            table.add_column(Text(name, style="bold"), ratio=1, overflow="fold")
        different = apart(item)
        for name in FIELDS:
            sides = [(side or {}).get(name) for side in (item.base, item.oms, item.wms)]
            if all(side is None for side in sides):
                continue
            sign = Text("≠ " if name in different else "  ", style="bold yellow")
            cells = [sign + Text(field_name(name)), *(written(side, VALUE) for side in sides)]
            for cell in cells:
                cell.no_wrap = False
            table.add_row(*cells)
        return stacked(
            facts(
                (_("SKU"), item.sku), (_("warehouse"), item.warehouse), (_("state"), state(item.state)),
                (_("last change came from"), item.origin),
            ),
            self.why(row), Text(), table,
        )  # fmt: skip


def apart(item: MasterProduct) -> list[str]:
    """Name the fields that both sides know and do not have the same value in."""
    oms, wms = item.oms or {}, item.wms or {}
    return [name for name in oms if name in wms and oms[name] != wms[name]]


def product(row: Row) -> MasterProduct:
    """Return the product that a row shows."""
    assert isinstance(row.item, MasterProduct)
    return row.item
