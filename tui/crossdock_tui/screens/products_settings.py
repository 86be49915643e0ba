"""The tab of settings: whether a warehouse's products are kept in step, and for each field its direction, owner and rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from rich.text import Text

from crossdock.control.records.master import MasterField, MasterSettings
from crossdock_tui.language import N_, _, counted
from crossdock_tui.list_screen import Page, Tab, facts
from crossdock_tui.paged_table import Column, Row
from crossdock_tui.screens.products_forms import DIRECTIONS, OWNERS, RULES, FieldForm, General, GeneralForm, OneField
from crossdock_tui.screens.products_part import ProductsPart, field_name
from crossdock_tui.words import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from crossdock.control.client import Client

WHOLE = "*"
"""The row of what counts for the warehouse as a whole."""


class SettingsPart(ProductsPart):
    """Settings."""

    TAB = Tab("settings", N_("settings"))
    COLUMNS = (
        Column("field", N_("field"), 17),
        Column("on", N_("in step"), 7),
        Column("direction", N_("direction"), 14, grows=True),
        Column("owner", N_("owner"), 6),
        Column("rule", N_("if both changed it"), 20, grows=True),
    )
    settings: MasterSettings | None = None

    async def page(self, client: Client, after: Any, limit: int) -> Page:  # noqa: ARG002 - there is one page
        """Read the settings."""
        self.settings = await client.master_settings(self.warehouse)
        rows = [self._whole(self.settings)]
        return Page(rows + [self._row(name, each) for name, each in self.settings.fields.items()])

    def _whole(self, found: MasterSettings) -> Row:
        brake = _("brake {percent} %, {skus}").format(percent=found.brake_percent, skus=found.brake_skus)
        cells = {
            "field": Text(_("all products"), style="bold"), "on": _on(found.enabled),
            "direction": shown(f"{_('OMS')}: {found.oms}"), "rule": Text(brake),
        }  # fmt: skip
        return Row(WHOLE, cells, found)

    def _row(self, name: str, found: MasterField) -> Row:
        style = "" if found.on else "dim"
        cells = {
            "field": shown(field_name(name), style=style), "on": _on(found.on),
            "direction": Text(_(DIRECTIONS[found.direction]), style=style),
            "owner": Text(_(OWNERS[found.owner]), style=style), "rule": Text(_(RULES[found.rule][0]), style=style),
        }  # fmt: skip
        return Row(name, cells, found)

    def why(self, row: Row) -> Text:
        """Say what the row means."""
        if isinstance(row.item, MasterSettings):
            if self.status is not None and row.item.enabled and self.status.products.get("proposed"):
                return Text(_("it is on; products that were never agreed on wait for the first contact (next tab)"))
            return Text(
                _("products are kept in step between {oms} and {code}").format(
                    oms=shown(row.item.oms).plain, code=shown(row.item.warehouse).plain
                )
                if row.item.enabled
                else _(
                    "nothing is kept in step; o switches it on. Nothing is written before a first contact is applied"
                )
            )
        found = _field(row)
        return Text(_(RULES[found.rule][1]) if found.on else _("the field is left alone; o keeps it in step"))

    def empty(self) -> str:
        """Say that it is not known."""
        return _("nothing is known of the settings")

    def name_of(self, row: Row) -> str:
        """Name a field."""
        return _("all products") if row.key == WHOLE else row.key

    async def detail(self, client: Client, row: Row) -> RenderableType:  # noqa: ARG002 - the list has it all
        """Show what is set."""
        if isinstance(row.item, MasterSettings):
            return facts(
                (_("warehouse"), row.item.warehouse), (_("OMS"), row.item.oms),
                (_("in step"), _("yes") if row.item.enabled else _("no")),
                (_("brake, percent"), row.item.brake_percent), (_("brake, products"), row.item.brake_skus),
                (_("tolerance, seconds"), row.item.tolerance_s), (_("revision"), row.item.revision),
            )  # fmt: skip
        found = _field(row)
        return facts(
            (_("field"), field_name(row.key)), (_("in step"), _("yes") if found.on else _("no")),
            (_("direction"), _(DIRECTIONS[found.direction])), (_("owner"), _(OWNERS[found.owner])),
            (_("if both changed it"), _(RULES[found.rule][1])),
        )  # fmt: skip

    async def edit(self, row: Row) -> None:
        """Change one field, or what counts for all of them."""
        found = await self.client.master_settings(self.warehouse)
        if row.key == WHOLE:
            await self.ask(GeneralForm(General.of(found)))
        else:
            await self.ask(FieldForm(OneField.of(found, row.key)))

    async def switch(self, rows: Sequence[Row]) -> None:
        """Switch those that are on off, and those that are off on: together, at the revision that the list shows."""
        assert self.settings is not None
        wanted = self.settings
        fields = dict(wanted.fields)
        for row in rows:
            if row.key == WHOLE:
                wanted = msgspec.structs.replace(wanted, enabled=not wanted.enabled)
            else:
                fields[row.key] = msgspec.structs.replace(_field(row), on=not _field(row).on)
        saved = await self.client.save_master_settings(msgspec.structs.replace(wanted, fields=fields))
        self.screen.let_go(row.key for row in rows)
        on = sum(1 for each in saved.fields.values() if each.on)
        text = counted("{n} field is kept in step", "{n} fields are kept in step", on)
        self.dash.say(text if saved.enabled else _("nothing is kept in step: it is switched off"))


def _on(value: bool) -> Text:
    return shown(f"✓ {_('on')}", style="green") if value else shown(f"- {_('off')}", style="dim")


def _field(row: Row) -> MasterField:
    assert isinstance(row.item, MasterField)
    return row.item
