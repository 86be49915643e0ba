"""One document of a warehouse with its lines, its parcels or receipts, how its push stands, and what happened to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from crossdock_tui.details import facts, heading, stacked
from crossdock_tui.language import _, said
from crossdock_tui.words import iso, local, shown, state, until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.console import RenderableType

    from crossdock.control.records.documents import DocumentDetail, DocumentEvent, DocumentItem
    from crossdock.spec.documents import InboundDoc, OutboundDoc

MOST = 100
"""Lines, parcels or receipts that are shown, at most."""


def shown_document(found: DocumentDetail, now: datetime) -> RenderableType:
    """Show a document."""
    parts: list[RenderableType] = [_facts(found.row, now)]
    if found.row.why:
        parts.append(Text(shown(said(found.row.why), 1000).plain, style="bold yellow"))
    if found.outbound is not None:
        parts += _outbound(found.outbound)
    if found.inbound is not None:
        parts += _inbound(found.inbound, hidden=found.costs_hidden)
    parts += [heading(_("what happened")), history(found.history)]
    return stacked(*parts)


def _facts(row: DocumentItem, now: datetime) -> RenderableType:
    told = _("r{told} of r{newest}").format(told=row.pushed_revision, newest=row.revision)
    return facts(
        (_("document"), row.number), (_("reference"), f"{row.connection} / {row.ref}"), (_("state"), state(row.state)),
        (_("push status"), state(row.push_status)), (_("OMS"), row.oms),
        (_("the OMS has"), told if row.pushed_revision is not None else _("nothing of it yet")),
        (_("attempts"), row.attempts), (_("tried again"), until(row.next_at, now)), (_("warehouse"), row.warehouse),
        (_("order"), row.order_ref), (_("first seen"), iso(row.first_at)), (_("changed"), iso(row.changed_at)),
        (_("pushed"), iso(row.pushed_at)),
    )  # fmt: skip


def _outbound(document: OutboundDoc) -> list[RenderableType]:
    lines = Text()
    for line in document.lines[:MOST]:
        actual = "—" if line.actual is None else line.actual
        lines.append(f"{line.planned:>8} → {actual:>8}  ").append_text(shown(line.sku, 40, "bold"))
        lines.append_text(shown(f"  {line.reason}" if line.reason else "", 120, "yellow")).append("\n")
    parcels = Text()
    for parcel in document.parcels[:MOST]:
        parcels.append_text(shown(parcel.parcel_no, 40, "bold")).append("  ")
        parcels.append_text(shown(parcel.tracking_number or _("no tracking number"), 60)).append("  ")
        parcels.append_text(shown(parcel.logistics, 40)).append(f"  {local(parcel.shipped_at)}\n")
    return [
        facts(
            (_("note"), document.note), (_("problem"), document.problem), (_("destination"), document.destination),
            (_("closed short"), "✓" if document.short_closed else ""),
        ),
        heading(_("lines: planned → shipped")), _cut(lines, len(document.lines)),
        heading(_("parcels")), _cut(parcels, len(document.parcels)),
    ]  # fmt: skip


def _inbound(document: InboundDoc, *, hidden: bool) -> list[RenderableType]:
    currency = document.currency or ""
    lines = Text()
    for line in document.lines[:MOST]:
        lines.append(f"{line.planned:>8}  ").append_text(shown(line.sku, 40, "bold")).append("  ")
        lines.append_text(shown(line.name, 60)).append(_cost(line.planned_unit_cost, currency)).append("\n")
    receipts = Text()
    for receipt in document.receipts[:MOST]:
        receipts.append(f"{receipt.quantity:>8}  ").append_text(shown(receipt.ref, 40, "bold"))
        receipts.append("  " + _("line {n}").format(n=receipt.line_no) + f"  {local(receipt.at)}")
        for count, text in ((receipt.damaged, _("{n} damaged")), (receipt.rejected, _("{n} rejected"))):
            receipts.append(f"  {text.format(n=count)}" if count else "", style="yellow")
        receipts.append(_cost(receipt.unit_cost, currency)).append("\n")
    return [
        facts(
            (_("note"), document.note), (_("supplier"), document.supplier),
            (_("purchase order"), document.purchase_order), (_("source"), document.source),
            (_("costs"), _("hidden: you lack the right cost.view") if hidden else ""),
        ),
        heading(_("lines: planned")), _cut(lines, len(document.lines)),
        heading(_("receipts")), _cut(receipts, len(document.receipts)),
    ]  # fmt: skip


def _cost(cost: object, currency: str) -> str:
    return "" if cost is None else "  × " + shown(f"{cost} {currency}", 40).plain


def _cut(text: Text, total: int) -> Text:
    if not total:
        return Text(_("none yet"), style="dim")
    return text.append(_("… and {n} more").format(n=total - MOST), style="dim") if total > MOST else text


def history(events: Sequence[DocumentEvent]) -> Text:
    """Show what happened to a document, the newest last."""
    text = Text()
    for each in events:
        text.append(f"{local(each.at, seconds=True)}  r{each.revision}  ", style="dim")
        text.append_text(shown(each.what, 30, "bold")).append(f"  {shown(said(each.text), 600).plain}")
        text.append_text(shown(f"  ({each.actor})" if each.actor else "", style="dim")).append("\n")
    return text
