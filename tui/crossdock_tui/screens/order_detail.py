"""One order with everything that is known of it, and the explanation of why it is where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from crossdock_tui.dialogs.dialog import Dialog
from crossdock_tui.language import _, said
from crossdock_tui.list_screen import facts, heading, stacked
from crossdock_tui.words import GOOD, iso, local, shown, state, until

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from rich.console import RenderableType
    from textual.app import ComposeResult

    from crossdock.control.records.orders import Difference, Explanation, Happened, OrderDetail, PushItem
    from crossdock.spec.orders import Order

LINES = 100
"""Lines of an order that are shown, at most."""


def shown_order(found: OrderDetail, explained: Explanation, now: datetime) -> RenderableType:
    """Show an order: who gets what, what its warehouse has, how the two differ, what happened."""
    row = found.row
    parts: list[RenderableType] = [
        facts(
            (_("order"), row.number), (_("reference"), f"{row.connection} / {row.ref}"), (_("status"), row.status),
            (_("outbound status"), state(row.state)), (_("warehouse"), row.warehouse), (_("stage"), state(row.stage) if row.stage else ""),
            (_("strategy"), row.strategy), (_("store"), row.shop), (_("logistics"), row.logistics),
            (_("created"), iso(row.created_at)), (_("tried again"), until(row.next_at, now)),
            (_("updated"), f"r{row.updated_revision} {iso(row.updated_at)}" if row.updated else ""),
        ),
    ]  # fmt: skip
    if found.unreadable:
        parts.append(Text(shown(said(found.unreadable), 400).plain, style="bold yellow"))
    if found.forgotten:
        parts.append(Text(_("its personal data were removed"), style="yellow"))
    if found.order is not None:
        parts += _order(found.order, masked=found.masked)
    if found.decisions:
        parts += [heading(_("what its warehouse has, and what the OMS says now")), differences(found.decisions)]
    for push in found.pushes:
        parts += [heading(_("push {n}").format(n=push.generation)), _push(push)]
    parts += [heading(_("what happened")), history(explained.happened)]
    return stacked(*parts)


def _order(order: Order, *, masked: bool) -> list[RenderableType]:
    who = order.recipient
    address = who.address if who is not None else None
    title = _("recipient") + (f" ({_('masked: you lack the right pii.view')})" if masked else "")
    parts: list[RenderableType] = [heading(title)]
    if who is not None:
        where = (
            ", ".join(filter(None, (*address.lines, address.city, address.postcode, address.country)))
            if address
            else ""
        )
        parts.append(facts((_("name"), who.name), (_("phone"), who.phone), (_("address"), where)))
    parts.append(
        facts(
            (_("buyer's note"), order.buyer_note), (_("seller's note"), order.seller_note),
            (_("tracking"), order.tracking_number),
        )
    )  # fmt: skip
    parts.append(heading(_("lines")))
    lines = Text()
    for line in order.lines[:LINES]:
        lines.append(f"{line.quantity:>8}  ").append_text(shown(line.sku, 30, "bold")).append("  ").append_text(
            shown(line.name, 60)
        ).append("\n")
    if len(order.lines) > LINES:
        lines.append(_("… and {n} more").format(n=len(order.lines) - LINES), style="dim")
    parts.append(lines)
    return parts


def _push(push: PushItem) -> RenderableType:
    return facts(
        (_("state"), state(push.state)), (_("warehouse"), push.warehouse), (_("key"), push.key), (_("document"), push.remote_id),
        (_("who"), push.actor or push.origin), (_("attempts"), push.attempts), (_("sent"), iso(push.sent_at)),
        (_("told to the OMS"), push.reported), (_("error"), said(push.error or "")),
    )  # fmt: skip


def differences(found: Iterable[Difference]) -> Text:
    """Show before and after of each field, what was decided about it, and why."""
    text = Text()
    for each in found:
        text.append_text(shown(each.path, 60, "bold")).append(": ")
        text.append_text(shown(each.before if each.before is not None else "—", 120, "red")).append(" → ")
        text.append_text(shown(each.after if each.after is not None else "—", 120, "green"))
        if each.decision:
            text.append(f"  [{_(each.decision)}] {shown(said(each.why or ''), 300).plain}", style="dim")
        text.append("\n")
    return text


def history(timeline: Sequence[Happened]) -> Text:
    """Show what happened, the newest last."""
    text = Text()
    for each in timeline:
        text.append(f"{local(each.at, seconds=True)}  ", style="dim").append_text(shown(each.what, 30, "bold"))
        text.append(f"  {shown(said(each.text), 600).plain}")
        text.append_text(shown(f"  ({each.actor})" if each.actor else "", style="dim")).append("\n")
    return text


class Explained(Dialog[None]):
    """Shows why an order is where it is, by what every rule says of it now."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,q,e", "leave", show=False)]

    def __init__(self, found: Explanation, now: datetime) -> None:
        super().__init__()
        self._found, self._now = found, now

    def compose(self) -> ComposeResult:
        """Show the verdict, what comes next, and every clause."""
        found = self._found
        with Vertical(classes="box tall"):
            yield Static(Text(f"{shown(found.row.number).plain}: ", style="bold") + state(found.row.state))
            with VerticalScroll(can_focus=True):
                yield Static(Text(shown(said(found.verdict), 600).plain))
                yield Static(heading(_("what comes next")))
                yield Static(self._next())
                yield Static(heading(_("what every rule says")))
                yield Static(self._clauses())
                if found.differences:
                    yield Static(heading(_("what its warehouse has, and what the OMS says now")))
                    yield Static(differences(found.differences))
                yield Static(heading(_("what happened")))
                yield Static(history(found.happened))
            yield Static(Text(_("⏎ or esc close"), style="dim"))

    def _next(self) -> Text:
        text = Text()
        for each in self._found.next:
            sign = "! " if each.person else "· "
            text.append(sign, style="bold yellow" if each.person else "").append(shown(said(each.text), 600).plain)
            if left := until(each.at, self._now):
                text.append(f" ({left})", style="dim")
            text.append("\n")
        return text

    def _clauses(self) -> Text:
        text = Text()
        for each in self._found.clauses:
            text.append("✓ " if each.ok else "✗ ", style=GOOD if each.ok else "bold red")
            text.append(f"{shown(said(each.text), 600).plain}\n")
        return text
