"""The editor of a mapping: how a warehouse calls one of our SKUs or carriers. An incident opens it with what is missing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from crossdock.control.client import Refusal
from crossdock.control.records.book import Mapping
from crossdock_tui.form import ChoiceField, Offer, OfferedField, SwitchField, TextField, Wrong
from crossdock_tui.form_screen import FormScreen
from crossdock_tui.language import N_, _
from crossdock_tui.screens import offers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import App

    from crossdock.control.client import Client
    from crossdock_tui.form import Field

LONGEST = 200
KINDS = {"sku": N_("SKU"), "logistics": N_("logistics")}


class MappingForm(FormScreen[Mapping]):
    """A mapping. `given`: what it is about is settled, only what the warehouse calls it is asked."""

    TITLE_NEW = N_("new mapping")
    TITLE_CHANGE = N_("mapping")

    def __init__(self, base: Mapping, *, given: bool = False) -> None:
        super().__init__(base)
        self._given = given or not self.is_new
        self._connections: dict[str, str] = {}

    def lines(self) -> Sequence[Field]:
        """Say what is called what by whom."""
        kinds = [(code, _(name)) for code, name in KINDS.items()]
        return (
            ChoiceField("warehouse", _("warehouse"), fixed=self._given),
            ChoiceField("kind", _("kind"), kinds, fixed=self._given),
            TextField("ours", _("ours"), check=_needed, most=LONGEST, fixed=self._given, hint=_("what orders of the OMS say")),
            OfferedField("theirs", _("theirs"), self._offered, empty_is_none=True, hint=_("⏎ lists what the WMS offers, or takes what you type")),
            SwitchField("never", _("never sent"), extra=True, hint=_("yes: orders with it must not go to this warehouse at all")),
        )  # fmt: skip

    async def _offered(self) -> Offer:
        if self.field("kind").value == "logistics":
            connection = self._connections.get(self.field("warehouse").value, "")
            return await offers.of_connection(self.dash.client, connection, "logistics")
        return await offers.nothing()

    async def prepare(self, client: Client) -> None:
        """Learn which warehouses there are; what is mapped already is changed, not made again."""
        warehouses = await offers.all_warehouses(client)
        self._connections = {each.code: each.connection for each in warehouses}
        field = cast("ChoiceField", self.field("warehouse"))
        field.options = [(each.code, f"{each.code} {each.name}".strip()) for each in warehouses]
        if not field.value and warehouses:
            field.put(warehouses[0].code)
        if self._given and self.is_new:
            try:
                found = await self.read(client, self.base)
            except Refusal as error:
                if error.code != "not_found":
                    raise
            else:
                self._take(found, found)
        self.field("never").put(not self.is_new and self.base.theirs is None)
        if self._given:
            self.field("theirs").line().focus()

    def draft(self) -> Mapping:
        """Return the mapping; one that says nothing is none. Raises Wrong."""
        mapping = super().draft()
        if self.field("never").value:
            return Mapping(
                warehouse=mapping.warehouse,
                kind=mapping.kind,
                ours=mapping.ours,
                theirs=None,
                revision=mapping.revision,
            )
        if not mapping.theirs:
            raise Wrong(_("theirs: say how the warehouse calls it, or that it is never sent"))
        return mapping

    async def save(self, client: Client, draft: Mapping) -> Mapping:
        """Save it."""
        return await client.save_mapping(draft)

    async def read(self, client: Client, draft: Mapping) -> Mapping:
        """Read it as it is now."""
        return await client.mapping(draft.warehouse, draft.kind, draft.ours)

    def saved_text(self, saved: Mapping) -> str:
        """Say what follows."""
        return _("mapping of {ours} is saved; orders that waited for it are decided again").format(ours=saved.ours)


def open_mapping(app: App[Any], warehouse: str, kind: str, ours: str) -> asyncio.Future[Mapping | None]:
    """Open the editor on what is missing, filled with what is known. What it returns may be awaited: what was saved, or None."""
    left: asyncio.Future[Mapping | None] = asyncio.get_running_loop().create_future()

    def done(saved: Mapping | None) -> None:
        if not left.done():
            left.set_result(saved)

    known = cast("Any", kind if kind in KINDS else "sku")
    app.push_screen(MappingForm(Mapping(warehouse=warehouse, kind=known, ours=ours, theirs=None), given=True), done)
    return left


def _needed(text: str) -> str:
    return "" if text else _("it is what orders say, as it stands there")
