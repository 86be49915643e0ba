"""Shipping labels: where each stands, why, and what a person does about those that do not fit any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from crossdock.control.records.labels import LabelItem
from crossdock.control.records.orders import OrderRef
from crossdock_tui.actions import Action
from crossdock_tui.details import facts, heading, stacked
from crossdock_tui.dialogs.ask_text import AskText
from crossdock_tui.filter_bar import Filter
from crossdock_tui.language import N_, _, counted, said
from crossdock_tui.list_screen import ListScreen, Page, Tab
from crossdock_tui.one_by_one import in_parts
from crossdock_tui.paged_table import Column, Row
from crossdock_tui.screens.order_work import told
from crossdock_tui.words import iso, number, shown, size, state, until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from crossdock.control.client import Client
    from crossdock.control.records.labels import LabelDetail, LabelVersionItem
    from crossdock_tui.one_by_one import Result


class Labels(ListScreen):
    """Shipping labels."""

    SCREEN = "labels"
    LABEL = N_("Labels")
    ABOUT = N_("the shipping label of every order: whether it fits, was printed, and who has it")
    TOPICS = frozenset({"labels"})
    TABS = (
        Tab("stale", N_("stale")), Tab("failed", N_("failed")), Tab("requested", N_("asked for")),
        Tab("absent", N_("no label")), Tab("ready", N_("ready")), Tab("printed", N_("printed")), Tab("", N_("all")),
    )  # fmt: skip
    COLUMNS = (
        Column("number", N_("order"), 16),
        Column("connection", N_("OMS"), 10, weight=2),
        Column("state", N_("state"), 13),
        Column("version", N_("version"), 7, weight=3),
        Column("attempts", N_("tries"), 5, weight=1),
        Column("next", N_("next"), 5),
        Column("error", N_("what is wrong"), 14, grows=True),
    )
    FILTERS = (Filter("connection"),)
    ACTIONS = (
        Action(key="l", name="pull", label=N_("pull label"), right="label.pull", on="rows", asks=N_("Pull the shipping labels of {n} orders?")),
        Action(key="p", name="printed", label=N_("printed"), right="label.pull", on="rows", asks=N_("Note that the labels of {n} orders were printed?")),
        Action(key="c", name="confirm", label=N_("confirm"), right="label.pull", on="rows", asks=N_("Confirm the labels of {n} orders as they are?")),
    )  # fmt: skip

    async def page(self, client: Client, after: Any, limit: int) -> Page:
        """Read a page of labels."""
        found = await client.labels(state=self.tab or None, after=after, limit=limit, **self.wanted.query)
        return Page([self._row(item) for item in found.items], found.next)

    def _row(self, item: LabelItem) -> Row:
        cells = {
            "number": shown(item.number or item.ref), "connection": shown(item.connection), "state": state(item.state),
            "version": number(item.version or None), "attempts": number(item.attempts or None),
            "next": shown(until(item.next_at, self.dash.link.now())),
            "error": shown(said(item.unusable or item.error or "")),
        }  # fmt: skip
        return Row(f"{item.connection}/{item.ref}", cells, item)

    def why(self, row: Row) -> Text:
        """Say what is wrong with it, what happens next, and what to press."""
        item = label(row)
        text = Text(shown(said(item.unusable or item.error or ""), 600).plain or state(item.state).plain)
        if left := until(item.next_at, self.dash.link.now()):
            text.append("\n" + _("something is done about it by itself in {left}").format(left=left), style="dim")
        todo = {
            "stale": _("l pulls the new one; c confirms the old one, if it was stuck over or is right all the same"),
            "failed": _("mend what is wrong in the OMS, then l pulls it"),
            "absent": _("the OMS has none yet; l asks for it now"),
            "ready": _("p notes that it was printed"),
        }.get(item.state, "")
        return (
            text.append("\n" + todo, style="bold yellow" if item.state in ("stale", "failed") else "dim")
            if todo
            else text
        )

    def empty(self) -> str:
        """Say why no label is there."""
        if self.wanted.text:
            return _("no label fits the filter; esc takes it away")
        if self.tab == "stale":
            return _("every label fits its order")
        if self.tab == "failed":
            return _("no label could not be pulled")
        return _("no label is here; they come with orders whose OMS has one")

    def name_of(self, row: Row) -> str:
        """An order's reference in its OMS."""
        return label(row).ref

    async def detail(self, client: Client, row: Row) -> RenderableType:
        """Show the label with all its versions."""
        item = label(row)
        return shown_label(await client.label(item.connection, item.ref))

    # ---- why not

    def not_pull(self, row: Row) -> str:
        """What no parcel may carry is not pulled."""
        item = label(row)
        return said(item.unusable) if item.unusable else ""

    def not_printed(self, row: Row) -> str:
        """Only what is there and fits is printed."""
        item = label(row)
        if item.unusable:
            return said(item.unusable)
        if item.state in ("ready", "printed"):
            return ""
        return _("no label that fits is there ({state}); l pulls it").format(state=state(item.state).plain)

    def not_confirm(self, row: Row) -> str:
        """Only what does not fit has to be confirmed."""
        return "" if label(row).state == "stale" else _("it is not stale: there is nothing to confirm")

    # ---- doing

    async def do_pull(self, rows: Sequence[Row]) -> None:
        """Pull labels, as one task an OMS."""
        by_connection: dict[str, list[str]] = {}
        for row in rows:
            by_connection.setdefault(label(row).connection, []).append(label(row).ref)
        for connection, names in by_connection.items():
            for start in range(0, len(names), 1000):
                asked = await self.dash.client.pull_labels(connection, names[start : start + 1000])
                part = set(names[start : start + 1000])
                self.let_go(row.key for row in rows if label(row).connection == connection and label(row).ref in part)
                self.dash.say(f"{connection}: {said(asked.text)}")

    async def do_printed(self, rows: Sequence[Row]) -> None:
        """Note that labels were printed."""

        async def printed(part: Sequence[Row]) -> list[Result]:
            return told(await self.dash.client.labels_printed(label_refs(part)))

        await in_parts(self, _("printed"), rows, printed)

    async def do_confirm(self, rows: Sequence[Row]) -> None:
        """Say that stale labels are right all the same, or were stuck over."""
        question = counted("Why is the old label right?", "Why are these {n} old labels right?", len(rows))
        note = _("for instance: stuck over with the new one; it is kept with what you do")
        why = await self.app.push_screen_wait(AskText(question, note=note))
        if not why:
            return

        async def confirm(part: Sequence[Row]) -> list[Result]:
            return told(await self.dash.client.confirm_labels(label_refs(part), why))

        await in_parts(self, _("confirm"), rows, confirm)


def shown_label(found: LabelDetail) -> RenderableType:
    """Show a label: what is wrong with it, and its versions, newest first."""
    row = found.row
    parts: list[RenderableType] = [
        facts(
            (_("order"), row.number), (_("reference"), f"{row.connection} / {row.ref}"), (_("state"), state(row.state)),
            (_("attempts"), row.attempts or None), (_("error"), said(row.error or "")), (_("unusable"), said(row.unusable or "")),
        )
    ]  # fmt: skip
    parts += [Text(shown(said(each), 600).plain, style="bold yellow") for each in found.problems]
    parts.append(heading(_("versions")))
    parts += [_version(each) for each in found.versions] or [Text(_("none yet"), style="dim")]
    return stacked(*parts)


def _version(each: LabelVersionItem) -> RenderableType:
    printed = f"{iso(each.printed_at)} × {each.printed_count}" if each.printed_at else _("not printed")
    return facts(
        (_("version"), each.version), (_("state"), state(each.state)), (_("tracking"), each.tracking_number),
        (_("fetched"), iso(each.fetched_at)), (_("kind"), f"{each.content_type}, {size(each.size)}"),
        (_("printed"), printed), (_("at the warehouse"), iso(each.delivered_at)), (_("document"), each.delivered_key),
        (_("hash"), each.content_hash[:16]), ("", "" if each.kept else _("its bytes were removed by age")),
    )  # fmt: skip


def label_refs(rows: Sequence[Row]) -> list[OrderRef]:
    """Name the orders of labels to the daemon."""
    return [OrderRef(connection=label(row).connection, ref=label(row).ref) for row in rows]


def label(row: Row) -> LabelItem:
    """Return the label that a row shows."""
    assert isinstance(row.item, LabelItem)
    return row.item
