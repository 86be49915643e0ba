"""The editor of an allocation rule: which orders go to which warehouse where the OMS assigned none."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from crossdock.control.records.book import Allocation
from crossdock_tui.form import ChoiceField, ManyField, NumberField
from crossdock_tui.form_screen import FormScreen
from crossdock_tui.language import N_, _
from crossdock_tui.screens import offers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.control.client import Client
    from crossdock_tui.form import Field

STEP = 10
"""Between the last rule and a new one, so that others fit in between."""
LAST = 1_000_000


class AllocationForm(FormScreen[Allocation]):
    """An allocation rule."""

    TITLE_NEW = N_("new allocation rule")
    TITLE_CHANGE = N_("allocation rule")

    def __init__(self, base: Allocation | None = None, *, warehouse: str = "") -> None:
        super().__init__(base or Allocation(position=0, warehouse=warehouse))

    def lines(self) -> Sequence[Field]:
        """Say where it stands, which orders it is about, and where they go."""
        ask = offers.of_every_oms
        shops, logistics = partial(ask, self.dash.client, "shops"), partial(ask, self.dash.client, "logistics")
        where = _("rules are tried by position, the lowest first; K and J in the list move a rule")
        return (
            NumberField("position", _("position"), most=LAST, fixed=not self.is_new, hint=where),
            ChoiceField("warehouse", _("warehouse"), hint=_("where the orders go")),
            ManyField("shops", _("stores"), shops, hint=_("only orders of these stores, any of them; ← any")),
            ManyField("countries", _("countries"), offers.nothing, hint=_("codes of two letters, as TH or DE; ← any")),
            ManyField("logistics", _("logistics"), logistics, hint=_("only orders of these carriers, any of them; ← any")),
        )  # fmt: skip

    async def prepare(self, client: Client) -> None:
        """Learn which warehouses there are, and propose a place behind every rule."""
        warehouses = await offers.all_warehouses(client)
        cast("ChoiceField", self.field("warehouse")).options = [
            (each.code, f"{each.code} {each.name}".strip()) for each in warehouses
        ]
        if not self.is_new:
            return
        rules = await offers.all_rules(client)
        if not self.field("position").value:
            self.field("position").put(min(LAST, max((rule.position for rule in rules), default=0) + STEP))
        if not self.field("warehouse").value and warehouses:
            self.field("warehouse").put(warehouses[0].code)

    async def save(self, client: Client, draft: Allocation) -> Allocation:
        """Save it."""
        return await client.save_allocation(draft)

    async def read(self, client: Client, draft: Allocation) -> Allocation:
        """Read it as it is now."""
        return await client.allocation_rule(draft.position)

    def saved_text(self, saved: Allocation) -> str:
        """Say what follows."""
        return _("allocation rule {position} is saved; waiting orders are decided again").format(
            position=saved.position
        )
