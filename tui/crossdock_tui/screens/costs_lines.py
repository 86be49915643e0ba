"""The lines of an inbound document: a row for each receipt of a line, or for the line where nothing was received yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from crossdock_tui.language import N_, _
from crossdock_tui.paged_table import Column, Row
from crossdock_tui.screens.costs_words import amount, flag, money
from crossdock_tui.words import number, shown

if TYPE_CHECKING:
    from crossdock.control.records.costs import CostDocument, CostLine, CostReceipt

LINES = (
    Column("line", N_("line"), 6),
    Column("sku", N_("SKU"), 12, grows=True),
    Column("planned", N_("planned"), 8, weight=5),
    Column("plan", N_("planned cost"), 12),
    Column("receipt", N_("receipt"), 10, weight=1),
    Column("received", N_("received"), 8, weight=2),
    Column("actual", N_("actual cost"), 12),
    Column("average", N_("average"), 12, weight=4),
    Column("state", N_("state"), 10, weight=3, grows=True),
)


@dataclass(frozen=True)
class Entry:
    """A line with one of its receipts; `currency` is that of its document."""

    line: CostLine
    receipt: CostReceipt | None
    currency: str | None


def line_rows(line: CostLine, currency: str | None) -> list[Row]:
    """Make the rows of a line."""
    if not line.receipts:
        return [_row(Entry(line, None, currency))]
    return [_row(Entry(line, receipt, currency)) for receipt in line.receipts]


def _row(entry: Entry) -> Row:
    line, receipt = entry.line, entry.receipt
    sending = line.plan_pending or (receipt is not None and receipt.pending)
    state = shown(f"» {_('being written')}", style="cyan") if sending else shown("")
    if not sending and line.flags:
        state = shown("! " + ", ".join(map(flag, line.flags)), style="yellow")
    cells = {
        "line": number(line.line_no), "sku": shown(line.sku), "planned": amount(line.planned),
        "plan": amount(line.plan_unit_cost, "cyan" if line.plan_pending else ""),
        "receipt": shown(receipt.ref if receipt is not None else ""),
        "received": amount(receipt.quantity) if receipt is not None else shown(""),
        "actual": amount(receipt.unit_cost, "cyan" if receipt.pending else "") if receipt is not None else shown(""),
        "average": money(line.average, line.average_currency), "state": state,
    }  # fmt: skip
    return Row(f"{line.line_no}/{receipt.ref if receipt is not None else ''}", cells, entry)


def line_why(entry: Entry) -> Text:
    """Say what is planned, what it really cost, and what is under way."""
    line, receipt = entry.line, entry.receipt
    text = Text(
        _("planned {quantity} × {cost}").format(
            quantity=f"{line.planned:f}", cost=money(line.plan_unit_cost, entry.currency).plain
        )
    )
    if receipt is None:
        text.append(" · " + _("nothing received yet"))
    else:
        received = _("received {quantity} × {cost}")
        cost = money(receipt.unit_cost, entry.currency).plain
        text.append(" · " + received.format(quantity=f"{receipt.quantity:f}", cost=cost))
    if line.average is not None:
        text.append(" · " + _("average {cost}").format(cost=money(line.average, line.average_currency).plain))
    if receipt is not None and receipt.unit_cost is None:
        text.append("\n" + _("its cost is not known, so that the average is blocked; c gives it"), style="yellow")
    elif line.flags:
        text.append("\n! " + "; ".join(map(flag, line.flags)), style="yellow")
    if line.plan_pending or (receipt is not None and receipt.pending):
        text.append("\n" + _("a change is being written to the warehouse, and counts once the warehouse has it"), style="cyan")  # fmt: skip
    return text


def lines_text(found: CostDocument) -> Text:
    """Name the lines of a document with what was planned and what was received."""
    text, currency = Text(), found.document.currency
    for line in found.lines:
        text.append(f"{line.line_no:>4}  ").append_text(shown(line.sku, 40, "bold"))
        text.append(f"  {line.planned:f} × ").append_text(money(line.plan_unit_cost, currency))
        for receipt in line.receipts:
            text.append(f"\n      ✓ {receipt.quantity:f} × ").append_text(money(receipt.unit_cost, currency))
        text.append("\n")
    if found.next is not None:
        text.append(_("… and more; ⏎ lists them all"), style="dim")
    return text
