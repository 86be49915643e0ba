"""How costs are written on screens: money exactly with its currency, what a ledger's flags mean, a SKU's ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from rich.text import Text

from crossdock_tui.language import N_, _, said
from crossdock_tui.list_screen import facts, heading, stacked
from crossdock_tui.words import iso, local, shown

if TYPE_CHECKING:
    from decimal import Decimal

    from rich.console import RenderableType

    from crossdock.control.client import Client
    from crossdock.control.records.costs import CostDocument, CostLine, SkuCost

Kind = Literal["planned", "actual"]
PLANNED: Kind = "planned"
ACTUAL: Kind = "actual"
EVENTS = {
    "plan_set": N_("planned cost"),
    "receipt": N_("receipt"),
    "cost_revision": N_("cost corrected"),
    "reversal": N_("receipt taken back"),
    "issue": N_("went out"),
    "manual_set": N_("average set"),
}
FLAGS = {
    "unknown_cost": N_("a receipt's cost is not known, so that there is no average"),
    "other_currency": N_("a receipt is in another currency"),
    "empty_stock": N_("there was no stock when goods came, so that their cost is the average"),
}


def exact(value: Decimal) -> str:
    """Write an amount exactly; zeros behind the second decimal say nothing and are left out."""
    whole, point, rest = f"{value:f}".partition(".")
    return whole + point + rest[:2] + rest[2:].rstrip("0")


def money(value: Decimal | None, currency: str | None, style: str = "") -> Text:
    """Write an amount exactly, with its currency; one that is not known as a dash."""
    if value is None:
        return Text("—", style="dim", no_wrap=True)
    return shown(f"{exact(value)} {currency or ''}".strip(), 60, style)


def amount(value: Decimal | None, style: str = "") -> Text:
    """Write an amount on the right side of its column; the currency stands in another one."""
    text = Text("—", style="dim") if value is None else shown(exact(value), 60, style)
    text.justify = "right"
    return text


def flag(name: str) -> str:
    """Say what a ledger's flag means; one that is not known as the daemon says it."""
    return _(FLAGS[name]) if name in FLAGS else shown(said(name.replace("_", " ")), 80).plain


def of_kind(line: CostLine, kind: Kind, receipt: str | None) -> tuple[Decimal | None, int] | None:
    """Return the cost of a line or of one of its receipts, and its version; None: there is none."""
    if kind == PLANNED:
        return line.plan_unit_cost, line.version
    found = next((each for each in line.receipts if each.ref == receipt), None)
    return None if found is None else (found.unit_cost, found.version)


async def find_line(
    client: Client, connection: str, document: str, line_no: int
) -> tuple[CostDocument, CostLine | None]:
    """Read one line of a document as it is now. Raises Unreachable, Refusal."""
    found = await client.cost_document(connection, document, after=line_no - 1, limit=1)
    return found, next((each for each in found.lines if each.line_no == line_no), None)


def ledger(found: SkuCost) -> RenderableType:
    """Show where a SKU's ledger stands, what the OMS holds, and its history."""
    parts: list[RenderableType] = [
        facts(
            (_("SKU"), found.sku), (_("OMS"), found.oms), (_("in stock"), f"{found.quantity:f}"),
            (_("average purchase price"), money(found.average, found.currency)),
            (_("sent to the OMS"), money(found.sent, found.currency)),
            (_("the OMS holds"), money(found.held, found.currency) if found.held_at else _("it was not asked yet")),
            (_("asked"), iso(found.held_at)),
        ),
    ]  # fmt: skip
    if found.drift:
        drift = _("they differ: somebody changed it in the OMS. Nothing is overwritten before a person settles it (s)")
        parts.append(Text(drift, style="bold yellow"))
    if found.blocked:
        parts.append(Text(f"{flag(found.blocked)} {shown(found.blocked_by, 120).plain}", style="bold yellow"))
    parts += [Text(f"! {flag(name)}", style="yellow") for name in found.flags if name != found.blocked]
    parts += [heading(_("history, newest first")), _events(found)]
    return stacked(*parts)


def _events(found: SkuCost) -> RenderableType:
    text = Text()
    for each in found.events:
        what = _(EVENTS[each.kind]) if each.kind in EVENTS else each.kind.replace("_", " ")
        text.append(f"{local(each.recorded_at)}  ", style="dim").append_text(shown(what, 40, "bold"))
        text.append(f"  {each.quantity:f} × ").append_text(money(each.unit_cost, found.currency))
        text.append_text(shown(f"  {each.about}", 160, "dim"))
        if who := " – ".join(filter(None, (each.actor, said(each.reason)))):
            text.append("\n             ").append_text(shown(who, 400, "italic"))
        text.append("\n")
    return text if text.plain else Text(_("nothing happened yet"), style="dim")
