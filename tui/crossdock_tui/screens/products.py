"""Products: what both sides do not agree on, every product, the settings of a warehouse, and its first contact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import msgspec
from rich.text import Text

from crossdock.control.client import Refusal
from crossdock.control.records.master import BindingStateName
from crossdock_tui.actions import Action
from crossdock_tui.dialogs.choose import Choose
from crossdock_tui.dialogs.confirm import Confirm
from crossdock_tui.filter_bar import Filter
from crossdock_tui.language import N_, _, counted
from crossdock_tui.list_screen import ListScreen, Page
from crossdock_tui.screens import offers
from crossdock_tui.screens.products_conflicts import ConflictsPart
from crossdock_tui.screens.products_first import FirstContactPart
from crossdock_tui.screens.products_list import ProductListPart
from crossdock_tui.screens.products_part import FIELDS, ProductsPart
from crossdock_tui.screens.products_settings import SettingsPart
from crossdock_tui.words import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from crossdock.control.client import Client
    from crossdock.control.records.master import MasterPlan, MasterStatus
    from crossdock_tui.paged_table import Row

LOOKED_AT = 30
"""Warehouses that are asked how their products stand, at most, before one is chosen."""
PARTS: tuple[type[ProductsPart], ...] = (ConflictsPart, ProductListPart, SettingsPart, FirstContactPart)


class Products(ListScreen):
    """Products."""

    SCREEN = "products"
    LABEL = N_("Products")
    ABOUT = N_("which product data is kept in step between an OMS and a warehouse, and what a person has to decide")
    TOPICS = frozenset({"products", "book"})
    TABS = tuple(part.TAB for part in PARTS)
    COLUMNS_OF = {part.TAB.name: part.COLUMNS for part in PARTS}  # noqa: RUF012 - the frame declares it
    FILTERS_OF = {  # noqa: RUF012 - as above
        "conflicts": (Filter("text"), Filter("field", tuple(FIELDS)), Filter("decided", ("true",))),
        "products": (Filter("text"), Filter("state", get_args(BindingStateName))),
    }
    ACTIONS = (
        Action(key="d", name="decide", label=N_("decide"), right="master.resolve", on="rows", tabs=("conflicts",)),
        Action(key="D", name="decide_field", label=N_("decide all of this field"), right="master.resolve", tabs=("conflicts",)),
        Action(key="e", name="edit", label=N_("change"), right="master.policy", tabs=("settings",)),
        Action(key="o", name="switch", label=N_("switch on / off"), right="master.policy", on="rows", asks=N_("Switch {n} of them on or off?"), tabs=("settings",)),
        Action(key="a", name="apply", label=N_("apply the plan"), right="master.policy", on="screen", tabs=("first",)),
        Action(key="p", name="plan", label=N_("make a plan"), right="master.policy", on="screen", tabs=("first",)),
        Action(key="b", name="release", label=N_("release the brake"), right="master.policy", on="screen"),
        Action(key="g", name="fetch", label=N_("fetch now"), right="order.pull", on="screen"),
        Action(key="w", name="choose", label=N_("warehouse"), on="screen"),
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.warehouse = ""
        self.warehouses: tuple[str, ...] = ()
        self.status: MasterStatus | None = None
        self.conflicts, self.list = ConflictsPart(self), ProductListPart(self)
        self.settings, self.first = SettingsPart(self), FirstContactPart(self)
        parts: tuple[ProductsPart, ...] = (self.conflicts, self.list, self.settings, self.first)
        self._parts = {part.TAB.name: part for part in parts}

    @property
    def part(self) -> ProductsPart:
        """The tab that is open."""
        return self._parts[self.tab]

    async def page(self, client: Client, after: Any, limit: int) -> Page:
        """Read a page of the tab, and how the warehouse stands."""
        if after is None or not self.warehouse:
            self.warehouses = tuple(each.code for each in await offers.all_warehouses(client))
            chosen = self.dash.remembered.view(self.SCREEN).choice
            self.warehouse = chosen if chosen in self.warehouses else await self._first_in_step(client)
            self.status = await client.master_status(self.warehouse) if self.warehouse else None
        return await self.part.page(client, after, limit) if self.warehouse else Page([])

    async def _first_in_step(self, client: Client) -> str:
        """Name the first warehouse whose products are kept in step, else the first; nothing where there is none."""
        for code in self.warehouses[:LOOKED_AT]:
            if (await client.master_status(code)).enabled:
                return code
        return next(iter(self.warehouses), "")

    def learn(self, **changes: MasterPlan | None) -> None:
        """Know what was done just now before the list is read again, so that no key is offered for it twice."""
        if self.status is not None:
            self.status = msgspec.structs.replace(self.status, **changes)

    def note(self) -> Text:
        """Name the warehouse, and what its brake holds back."""
        line = Text(shown(self.warehouse, 16).plain, style="bold cyan")
        if self.status is None:
            return line
        if not self.status.enabled:
            line.append(f" {_('off')}", style="dim")
        if self.status.brake is not None:
            line.append(" " + _("brake: {n} wait").format(n=self.status.brake.changes), style="bold yellow")
        return line

    def why(self, row: Row) -> Text:
        """Say what it means that the row stands as it does, and what the brake holds back."""
        text = self.part.why(row)
        # A plan and a setting need the lines for themselves; the brake stands beside the tabs all the same.
        if self.part in (self.conflicts, self.list) and self.status is not None and self.status.brake is not None:
            text.append("\n").append_text(self._braked())
        return text

    def _braked(self) -> Text:
        assert self.status is not None
        assert self.status.brake is not None
        return Text(
            _("brake: {n} changes at once are many for {bound} products; b lets them pass").format(
                n=self.status.brake.changes, bound=self.status.brake.bound
            ), style="yellow",
        )  # fmt: skip

    def empty(self) -> str:
        """Say why there is nothing, and what to do."""
        if not self.warehouse:
            return _("there is no warehouse yet; set one up on the screen of strategies")
        text = self.part.empty()
        if self.status is not None and self.status.brake is not None:
            text = f"{self._braked().plain}\n{text}"
        return text

    def name_of(self, row: Row) -> str:
        """Name a row."""
        return self.part.name_of(row)

    async def detail(self, client: Client, row: Row) -> RenderableType:
        """Show everything about a row."""
        return await self.part.detail(client, row)

    # ---- why not

    def not_decide(self, row: Row) -> str:
        """Only what is open can be decided."""
        return self.conflicts.not_decide(row)

    def not_apply(self) -> str:
        """Only an open plan can be applied."""
        return self.part.off() or self.first.not_apply()

    def not_plan(self) -> str:
        """A plan is made for what is kept in step."""
        return self._no_warehouse() or self.part.off()

    def not_release(self) -> str:
        """Only what is held back can be let pass."""
        return "" if self.status is not None and self.status.brake is not None else _("the brake holds nothing back")

    def not_fetch(self) -> str:
        """Products are fetched where somebody wants them."""
        return self._no_warehouse() or self.part.off()

    def not_choose(self) -> str:
        """Say when there is nothing to choose."""
        if len(self.warehouses) == 1:
            return _("there is one warehouse only")
        return self._no_warehouse()

    def _no_warehouse(self) -> str:
        return "" if self.warehouse else _("there is no warehouse yet; set one up on the screen of strategies")

    # ---- what is done

    async def do_decide(self, rows: Sequence[Row]) -> None:
        """Decide conflicts the same way."""
        await self.conflicts.decide(rows)

    async def do_decide_field(self, rows: Sequence[Row]) -> None:
        """Decide every conflict of a field the same way."""
        await self.conflicts.decide_field(rows[0])

    async def do_edit(self, rows: Sequence[Row]) -> None:
        """Change settings."""
        await self.settings.edit(rows[0])

    async def do_switch(self, rows: Sequence[Row]) -> None:
        """Switch fields, or all of it."""
        await self.settings.switch(rows)

    async def do_plan(self, rows: Sequence[Row]) -> None:  # noqa: ARG002 - every action gets rows
        """Plan the first contact."""
        await self.first.make()

    async def do_apply(self, rows: Sequence[Row]) -> None:  # noqa: ARG002 - every action gets rows
        """Apply the plan that is shown."""
        await self.first.apply()

    async def do_release(self, rows: Sequence[Row]) -> None:  # noqa: ARG002 - every action gets rows
        """Let pass what the brake holds back, after asking."""
        assert self.status is not None
        assert self.status.brake is not None
        question = counted("Let {n} change pass?", "Let {n} changes pass?", self.status.brake.changes)
        warning = _("they are written to the other side of {bound} products that are kept in step").format(
            bound=self.status.brake.bound
        )
        if await self.app.push_screen_wait(Confirm(question, warning=warning)):
            released = await self.dash.client.release_master(self.warehouse)
            self.learn(brake=None)
            self.dash.say(released.text)

    async def do_fetch(self, rows: Sequence[Row]) -> None:  # noqa: ARG002 - every action gets rows
        """Fetch the products of both sides now."""
        client = self.dash.client
        settings, warehouse = await client.master_settings(self.warehouse), await client.warehouse(self.warehouse)
        results = []
        for connection in dict.fromkeys((settings.oms, warehouse.connection)):
            try:
                results.append((connection, True, (await client.fetch_products(connection)).text))
            except Refusal as error:
                results.append((connection, False, str(error)))
        self.dash.report(_("fetch now"), results)

    async def do_choose(self, rows: Sequence[Row]) -> None:  # noqa: ARG002 - every action gets rows
        """Choose another warehouse; it is remembered."""
        client = self.dash.client
        states = [(code, await client.master_status(code)) for code in self.warehouses[:LOOKED_AT]]
        options = [(code, _stands(state)) for code, state in states]
        options += [(code, "") for code in self.warehouses[LOOKED_AT:]]
        if chosen := await self.app.push_screen_wait(Choose(_("Products of which warehouse?"), options)):
            self.dash.remembered.view(self.SCREEN).choice = chosen[0]
            self.start_over()


def _stands(status: MasterStatus) -> str:
    """Say in a word how the products of a warehouse stand."""
    if not status.enabled:
        return _("off")
    return counted("{n} conflict", "{n} conflicts", status.conflicts) if status.conflicts else _("kept in step")
