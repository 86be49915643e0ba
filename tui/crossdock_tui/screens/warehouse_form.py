"""The editor of a warehouse: which WMS serves it, its strategies in order, auto push; and what that would do to today's orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from rich.console import Group
from rich.text import Text

from crossdock.control.records.book import Warehouse
from crossdock.control.records.simulation import Try
from crossdock_tui.form import ChoiceField, ManyField, NumberField, Offer, OfferedField, SwitchField, TextField
from crossdock_tui.form_screen import FormScreen
from crossdock_tui.language import N_, _
from crossdock_tui.screens import offers
from crossdock_tui.screens.foreseen import foreseen
from crossdock_tui.screens.strategy_form import needed
from crossdock_tui.words import shown

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rich.console import RenderableType

    from crossdock.control.client import Client
    from crossdock.control.records.book import Strategy
    from crossdock_tui.form import Field

TEN_YEARS = 3650


class WarehouseForm(FormScreen[Warehouse]):
    """A warehouse."""

    TITLE_NEW = N_("new warehouse")
    TITLE_CHANGE = N_("warehouse")
    TOPICS = frozenset({"orders", "book"})
    PREVIEWS = True

    def __init__(self, base: Warehouse | None = None, *, connection: str = "") -> None:
        super().__init__(base or Warehouse(code="", connection=connection, remote=""))
        self._strategies: dict[str, Strategy] = {}

    def lines(self) -> Sequence[Field]:
        """Name it, say who serves it, how orders go there."""
        return (
            TextField("code", _("code"), check=needed, fixed=not self.is_new, hint=_("how everything here names it; it cannot be changed later")),
            TextField("name", _("name"), hint=_("for people")),
            ChoiceField("connection", _("connection"), hint=_("the WMS that serves it")),
            OfferedField("remote", _("code in the WMS"), self._remotes, hint=_("⏎ lists the warehouses of the WMS")),
            TextField("oms_code", _("code in the OMS"), empty_is_none=True, hint=_("how the OMS names it on orders; empty: by its code")),
            ChoiceField("oms", _("documents to OMS"), hint=_("the OMS that gets its documents")),
            ManyField("strategies", _("strategies in order"), self._known, ordered=True, free=False, hint=_("the first that matches an order wins; chosen in this order")),
            SwitchField("auto_push", _("auto push"), yes=_("on"), no=_("off"), hint=_("on: orders go by themselves as the strategies say. Leave it off while gifts still have to be added")),
            SwitchField("auto_bind", _("SKU without mapping"), yes=_("goes by its own text"), no=_("waits for a mapping"), hint=_("what becomes of a SKU that nobody mapped")),
            SwitchField("need_logistics_mapping", _("carrier without map."), yes=_("waits for a mapping"), no=_("goes by its own text"), hint=_("what becomes of a carrier that nobody mapped")),
            NumberField("max_age_days", _("oldest order, days"), least=1, most=TEN_YEARS, empty=None, hint=_("older ones are pushed by hand only; empty: as the configuration says")),
            SwitchField("enabled", _("in use"), hint=_("switched off, no order goes there")),
        )  # fmt: skip

    async def _remotes(self) -> Offer:
        return await offers.of_connection(self.dash.client, self.field("connection").value, "warehouses")

    async def _known(self) -> Offer:
        note = "" if self._strategies else _("there is no strategy yet; make one in the tab of strategies")
        return Offer([(name, each.kind) for name, each in self._strategies.items()], note)

    async def prepare(self, client: Client) -> None:
        """Learn which connections and strategies there are."""
        wms, oms = await offers.connections(client, offers.WMS), await offers.connections(client, offers.OMS)
        cast("ChoiceField", self.field("connection")).options = [(name, name) for name in wms]
        cast("ChoiceField", self.field("oms")).options = [(None, _("the only one there is")), *((n, n) for n in oms)]
        self._strategies = {each.name: each for each in await offers.all_strategies(client)}
        if not self.field("connection").value and len(wms) == 1:
            self.field("connection").put(wms[0])

    async def preview(self, client: Client, draft: Warehouse) -> RenderableType:
        """Show which of today's orders would go there, which not and why."""
        found = await client.simulate(Try(settings=draft, warehouse=draft.code, through=True))
        head = Text(_("today's orders, with these settings"), style="bold")
        if warning := self.warn(draft):
            head = Text(f"! {shown(warning, 600).plain}\n", style="yellow") + head
        return Group(head, foreseen(found))

    def warn(self, draft: Warehouse) -> str:
        """Gifts that are still to be added are lost where auto push is switched on without a gift gate."""
        on = draft.auto_push and not (self.base.auto_push and not self.is_new)
        return gifts_warning(draft, self._strategies.values()) if on else ""

    async def save(self, client: Client, draft: Warehouse) -> Warehouse:
        """Save it."""
        return await client.save_warehouse(draft)

    async def read(self, client: Client, draft: Warehouse) -> Warehouse:
        """Read it as it is now."""
        return await client.warehouse(draft.code)

    def saved_text(self, saved: Warehouse) -> str:
        """Say what follows."""
        return _("warehouse {code} is saved (revision {revision}); waiting orders are decided again").format(
            code=saved.code, revision=saved.revision
        )


def gifts_warning(warehouse: Warehouse, strategies: Collection[Strategy]) -> str:
    """Warn of auto push where orders may leave before their gifts are added; nothing where each strategy waits for them."""
    used = [each for each in strategies if each.name in warehouse.strategies and each.enabled]
    open_gates = [each.name for each in used if each.gift_gate == "off" and each.kind != "manual_only"]
    if not open_gates:
        return ""
    return _(
        "strategy {names} waits for no gifts: with auto push on an order may leave before its gifts are added. Leave auto push "
        "off while gifts still have to be added, or close the gift gate of the strategy"
    ).format(names=", ".join(open_gates))


def with_auto_push(warehouse: Warehouse) -> Try:
    """What to simulate to know what switching auto push on would do."""
    return Try(warehouse=warehouse.code, auto_push=True, through=True, limit=1)
