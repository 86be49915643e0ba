"""The tab of conflicts: base, OMS and WMS value side by side; one, several, or all of a field are decided with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.text import Text

from crossdock.control.records.master import MasterConflict
from crossdock_tui.dialogs.ask_text import AskText
from crossdock_tui.dialogs.choose import Choose
from crossdock_tui.dialogs.confirm import Confirm
from crossdock_tui.language import N_, _, counted, said
from crossdock_tui.list_screen import Page, Tab, facts, heading, stacked
from crossdock_tui.one_by_one import one_by_one
from crossdock_tui.paged_table import Column, Row
from crossdock_tui.screens.products_part import VALUE, ProductsPart, field_name, tail, where_apart, written
from crossdock_tui.words import age, iso, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from crossdock.control.client import Client

MOST = 5_000
"""Conflicts of a field that are decided at once, at most."""
PAGE = 200
WHY = {
    "both_changed": N_("both sides changed it since they last agreed; nothing is written before it is decided"),
    "first_contact": N_("the two never agreed on it, and each side has a value of its own"),
    "altered": N_("a side keeps another value than it was given, so that the two do not agree"),
}
TAKES = {
    "oms": N_("what the OMS says"),
    "wms": N_("what the warehouse says"),
    "base": N_("what both agreed on before"),
    "value": N_("another value, which you type"),
    "owner": N_("the value of the field's owner"),
    "agreed": N_("the two came together by themselves"),
}


@dataclass(frozen=True)
class Choice:
    """What is taken for conflicts, and why; `value` goes with "value"."""

    take: str
    value: str | None
    reason: str


class ConflictsPart(ProductsPart):
    """Conflicts."""

    TAB = Tab("conflicts", N_("conflicts"))
    COLUMNS = (
        Column("sku", N_("SKU"), 10, grows=True),
        Column("field", N_("field"), 10),
        Column("base", N_("before"), 10, weight=3, grows=True),
        Column("oms", N_("OMS"), 12, grows=True),
        Column("wms", N_("WMS"), 12, grows=True),
        Column("state", N_("decided"), 8, weight=2),
        Column("age", N_("age"), 4, weight=4),
    )

    async def page(self, client: Client, after: Any, limit: int) -> Page:
        """Read a page of conflicts."""
        query = self.screen.wanted.query
        found = await client.master_conflicts(
            self.warehouse, decided="decided" in query, field=query.get("field"), sku=query.get("text"), after=after,
            limit=limit,
        )  # fmt: skip
        return Page([self._row(item) for item in found.items], found.next)

    def _row(self, item: MasterConflict) -> Row:
        open_style, start = "" if item.open else "dim", where_apart(item.oms, item.wms)
        cells = {
            "sku": shown(item.sku), "field": shown(field_name(item.field)), "base": written(item.base, style="dim"),
            "oms": tail(item.oms, start, open_style), "wms": tail(item.wms, start, open_style),
            "state": shown(_("open") if item.open else f"✓ {item.taken}", style="yellow" if item.open else "green"),
            "age": shown(age(item.opened_at, self.dash.link.now())),
        }  # fmt: skip
        return Row(str(item.id), cells, item)

    def why(self, row: Row) -> Text:
        """Say how it came to be, or how it was decided."""
        item = conflict(row)
        if not item.open:
            return decided(item)
        text = Text(_(WHY.get(item.why, "")) or shown(item.why).plain)
        return text.append("\n" + _("d decides it · D decides all of this field"), style="dim")

    def empty(self) -> str:
        """Say that there is nothing to decide."""
        if self.screen.wanted.text:
            return _("no conflict fits the filter; esc takes it away")
        return self.off() or _("nothing is to be decided; / decided:true shows what was")

    def name_of(self, row: Row) -> str:
        """Name a conflict by its product and field."""
        return f"{conflict(row).sku} {conflict(row).field}"

    async def detail(self, client: Client, row: Row) -> RenderableType:
        """Show all three values whole."""
        item = await client.master_conflict(int(row.key))
        return stacked(
            facts(
                (_("SKU"), item.sku), (_("field"), field_name(item.field)), (_("warehouse"), item.warehouse),
                (_("conflict"), item.id), (_("since"), iso(item.opened_at)),
            ),
            Text(_(WHY.get(item.why, "")) or shown(item.why).plain),
            heading(_("before (both agreed)")), written(item.base, VALUE),
            heading(_("OMS")), written(item.oms, VALUE, "green"),
            heading(_("WMS")), written(item.wms, VALUE, "cyan"),
            Text() if item.open else decided(item),
        )  # fmt: skip

    def not_decide(self, row: Row) -> str:
        """Only what is open can be decided."""
        item = conflict(row)
        if item.open:
            return ""
        return _("it is decided already: {how}").format(how=decided(item).plain)

    async def decide(self, rows: Sequence[Row]) -> None:
        """Decide these conflicts the same way."""
        await self._decide([conflict(row) for row in rows])

    async def decide_field(self, row: Row) -> None:
        """Decide every open conflict of this one's field the same way."""
        field = conflict(row).field
        found: list[MasterConflict] = []
        after: int | None = None
        while len(found) < MOST:
            page = await self.client.master_conflicts(self.warehouse, field=field, after=after, limit=PAGE)
            found += page.items
            self.screen.progress(counted("{n} found", "{n} found", len(found)))
            after = page.next
            if after is None:
                break
        self.screen.progress("")
        await self._decide(found)

    async def _decide(self, found: Sequence[MasterConflict]) -> None:
        choice = await self._choose(found)
        if choice is None:
            return

        async def resolve(number: int) -> tuple[bool, str]:
            taken = await self.client.resolve_conflict(number, choice.take, choice.value, choice.reason)
            return True, _("taken: {value}").format(value=written(taken.value).plain)

        named = [(f"{shown(item.sku).plain} {field_name(item.field)}", item.id) for item in found]
        await one_by_one(self.screen, _("decided"), named, resolve)

    async def _choose(self, found: Sequence[MasterConflict]) -> Choice | None:
        """Ask what is taken and why, and for several whether it is meant, with their number."""
        one = found[0] if len(found) == 1 else None
        options = [
            (take, _(TAKES[take]) + (f": {written(getattr(one, take)).plain}" if one and take != "value" else ""))
            for take in ("oms", "wms", "base", "value")
        ]
        question = (
            _("What is taken for {name}?").format(name=f"{shown(one.sku, 40).plain} {field_name(one.field)}")
            if one
            else counted("What is taken for {n} conflict?", "What is taken for {n} conflicts?", len(found))
        )
        chosen = await self.dash.push_screen_wait(Choose(question, options))
        if not chosen:
            return None
        take, value = chosen[0], None
        if take == "value":
            note = _('as it stands in the table; several values as ["a", "b"]')
            value = await self.dash.push_screen_wait(AskText(_("Which value?"), note=note))
            if value is None:
                return None
        reason = await self.dash.push_screen_wait(AskText(_("Why? It is kept with the values that lose.")))
        if not reason:
            return None
        names = [f"{shown(each.sku, 60).plain} {field_name(each.field)}" for each in found]
        asked = counted("Decide {n} conflict? Taken: ", "Decide {n} conflicts? Taken: ", len(found))
        what = shown(value, 60).plain if value is not None else _(TAKES[take])
        if len(found) > 1 and not await self.dash.push_screen_wait(Confirm(asked + what, names)):
            return None
        return Choice(take, value, reason)


def decided(item: MasterConflict) -> Text:
    """Say how a conflict was decided."""
    how = _(TAKES[item.taken]) if item.taken in TAKES else shown(item.taken).plain
    text = Text(f"{how}: ", style="green").append_text(written(item.value, VALUE))
    who = f" ({shown(item.actor, 60).plain}, {iso(item.resolved_at)})" if item.actor else f" ({iso(item.resolved_at)})"
    text.append(who, style="dim")
    return text.append(f" – {shown(said(item.reason), 300).plain}") if item.reason else text


def conflict(row: Row) -> MasterConflict:
    """Return the conflict that a row shows."""
    assert isinstance(row.item, MasterConflict)
    return row.item
