"""The tab of the first contact: a plan is made, looked through, and applied exactly as it was shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from crossdock.control.records.master import PlannedProduct
from crossdock_tui.dialogs.confirm import Confirm
from crossdock_tui.language import N_, _, counted
from crossdock_tui.list_screen import Page, Tab, facts, heading, stacked
from crossdock_tui.paged_table import Column, Row
from crossdock_tui.screens.products_part import SIDES, VALUE, ProductsPart, field_name, written
from crossdock_tui.words import age, number, shown

if TYPE_CHECKING:
    from rich.console import RenderableType

    from crossdock.control.client import Client
    from crossdock.control.records.master import MasterPlan

STATES = {
    "making": N_("being made"), "open": N_("open"), "applying": N_("being applied"), "applied": N_("applied"),
    "discarded": N_("discarded"),
}  # fmt: skip


class FirstContactPart(ProductsPart):
    """The plan of a first contact."""

    TAB = Tab("first", N_("first contact"))
    COLUMNS = (
        Column("sku", N_("SKU"), 14, grows=True),
        Column("adopted", N_("same"), 6),
        Column("filled", N_("filled"), 20, grows=True),
        Column("conflicts", N_("to decide"), 20, grows=True),
    )

    @property
    def plan(self) -> MasterPlan | None:
        """The plan that was made last."""
        return None if self.status is None else self.status.plan

    async def page(self, client: Client, after: Any, limit: int) -> Page:
        """Read a page of the plan."""
        if self.plan is None or self.plan.state == "discarded":
            return Page([])
        found = await client.master_plan_page(self.plan.id, after=after, limit=limit)
        return Page([self._row(item) for item in found.items], found.next)

    def _row(self, item: PlannedProduct) -> Row:
        fills = ", ".join(f"{field_name(name)} → {_(SIDES[each.to])}" for name, each in item.fill.items())
        cells = {
            "sku": shown(item.sku), "adopted": number(len(item.adopt)), "filled": shown(fills, style="cyan"),
            "conflicts": shown(", ".join(map(field_name, item.conflict)), style="yellow"),
        }  # fmt: skip
        return Row(item.sku, cells, item)

    def why(self, row: Row) -> Text:  # noqa: ARG002 - the plan counts as a whole
        """Say what the plan does as a whole, and what to press."""
        return self._summary()

    def _summary(self) -> Text:
        plan = self.plan
        if plan is None:
            return Text()
        text = Text(
            _("plan {n} ({state}) by {who}, {age} ago: ").format(
                n=plan.id, state=_(STATES.get(plan.state, plan.state)), who=shown(plan.actor, 40).plain,
                age=age(plan.made_at, self.dash.link.now()),
            ), style="bold",
        )  # fmt: skip
        text.append(
            _("{products} products: {same} values the same, {filled} to fill, {left} to decide").format(
                products=plan.products, same=plan.adopted, filled=plan.filled, left=plan.conflicted
            )
        )  # fmt: skip
        if plan.state == "open":
            text.append("\n" + _("a applies exactly this; it is refused if anything changed since (then p)"), style="dim")  # fmt: skip
        return text

    def empty(self) -> str:
        """Say what a plan would be about."""
        if off := self.off():
            return off
        if self.plan is not None and self.plan.state != "discarded":
            return self._summary().plain
        waiting = self.status.products.get("proposed", 0) if self.status is not None else 0
        if waiting:
            return counted(
                "{n} product waits for its first contact; p makes a plan. Nothing is written by that",
                "{n} products wait for their first contact; p makes a plan. Nothing is written by that",
                waiting,
            )
        return _("no product waits for a first contact; g fetches products from both sides")

    async def detail(self, client: Client, row: Row) -> RenderableType:  # noqa: ARG002 - the list has it all
        """Show what the plan does about the product."""
        item = _planned(row)
        adopted, filled, apart = Text(), Text(), Text()
        for name, value in item.adopt.items():
            adopted.append(f"{field_name(name)}: ").append_text(written(value, VALUE)).append("\n")
        for name, fill in item.fill.items():
            filled.append(f"{field_name(name)} → {_(SIDES[fill.to])}: ", style="bold")
            filled.append_text(written(fill.value, VALUE)).append("\n")
        for name, two in item.conflict.items():
            apart.append(f"{field_name(name)}: ", style="bold").append(f"{_('OMS')} ").append_text(
                written(two.oms, VALUE)
            )
            apart.append(f" · {_('WMS')} ").append_text(written(two.wms, VALUE)).append("\n")
        nothing = Text(_("nothing"), style="dim")
        return stacked(
            facts((_("SKU"), item.sku)),
            heading(_("filled: one side has no value and gets that of the other")), filled if filled.plain else nothing,
            heading(_("left to a person")), apart if apart.plain else nothing,
            heading(_("the same on both sides")), adopted if adopted.plain else nothing,
        )  # fmt: skip

    def not_apply(self) -> str:
        """Only an open plan can be applied."""
        if self.plan is None or self.plan.state == "discarded":
            return _("there is no plan yet; p makes one")
        if self.plan.state != "open":
            state = _(STATES.get(self.plan.state, self.plan.state))
            return _("plan {n} is {state}; p makes a new one").format(n=self.plan.id, state=state)
        return ""

    async def make(self) -> None:
        """Make a plan; it is shown at once."""
        self.screen.progress(_("planning …"))
        plan = await self.client.master_plan(self.warehouse)
        self.products.learn(plan=plan)
        self.products.go_to_tab(self.TAB.name)
        self.dash.say(
            counted(
                "the plan is made, about {n} product: look through it, then a applies it",
                "the plan is made, about {n} products: look through it, then a applies it",
                plan.products,
            )
        )

    async def apply(self) -> None:
        """Apply exactly the plan that is shown, after asking."""
        plan = self.plan
        assert plan is not None
        question = _("Apply plan {n} to {products} products? {filled} values are written, {left} are left to a person.")
        asked = question.format(n=plan.id, products=plan.products, filled=plan.filled, left=plan.conflicted)
        if not await self.dash.push_screen_wait(Confirm(asked)):
            return
        done = await self.client.apply_master_plan(self.warehouse, plan.id)
        self.products.learn(plan=done)
        self.dash.say(
            _("plan {n} is applied: {same} values agreed, {filled} filled, {left} to decide (tab conflicts)").format(
                n=done.id, same=done.adopted, filled=done.filled, left=done.conflicted
            )
        )


def _planned(row: Row) -> PlannedProduct:
    assert isinstance(row.item, PlannedProduct)
    return row.item
