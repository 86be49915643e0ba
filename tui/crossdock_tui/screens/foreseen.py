"""What a draft of a strategy or a warehouse would do with today's orders: how many go, what keeps the others, each by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from crossdock_tui.language import N_, _, counted, said
from crossdock_tui.words import BAD, GOOD, WAITS, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.control.records.simulation import SimulatedOrder, Simulation

WOULD = {
    "push": ("✓", GOOD, N_("go now")),
    "keep": ("·", "", N_("stay")),
    "by_hand": ("!", WAITS, N_("wait for a person")),
    "update": ("»", "cyan", N_("their warehouse is told of a change")),
    "hold": ("‖", WAITS, N_("their warehouse is asked to wait")),
    "cancel": ("-", "dim", N_("are cancelled at their warehouse")),
    "refuse": ("✗", BAD, N_("change too late to be told")),
}
"""By the daemon's word: a sign, a style, and what the orders do."""
NAMED = 30
"""Orders that are named below a reason, at most."""


def summary(found: Simulation) -> Text:
    """Say in a line a kind what would become of the orders, and how many differ from what is saved."""
    text = Text()
    if not found.would:
        return Text(_("no order waits that this is about; nothing would change today"), style="dim")
    for would, count in sorted(found.would.items(), key=lambda pair: list(WOULD).index(pair[0])):
        sign, style, label = WOULD[would]
        text.append(f"{sign} {count:>5} {_(label)}\n", style=style)
    differ = counted("{n} order differs from what is saved", "{n} orders differ from what is saved", found.differing)
    text.append(f"≠ {differ}\n", style="bold" if found.differing else "dim")
    if found.next is not None:
        text.append(
            _("only the oldest {n} waiting orders were looked at").format(n=found.looked_at) + "\n", style=WAITS
        )
    return text


def foreseen(found: Simulation) -> Text:
    """Show the summary, then what keeps orders with how many, then the orders by what becomes of them and why."""
    text = summary(found)
    if found.kept_by:
        text.append("\n" + _("what keeps them (an order may have several reasons)"), style="bold underline").append(
            "\n"
        )
        for reason in found.kept_by:
            text.append(f"{reason.count:>7}  ", style="bold")
            text.append(shown(said(reason.example), 300).plain + "\n")
    going = [item for item in found.items if item.would.would not in ("keep", "by_hand", "hold", "refuse")]
    if going:
        text.append("\n" + _("what goes"), style="bold underline").append("\n")
        text.append_text(_named(going, found.would.get("push", len(going))))
    for reason in found.kept_by:
        kept = [item for item in found.items if item not in going and reason.rule in item.would.rules]
        if kept:
            title = shown(said(reason.example), 300).plain
            text.append(f"\n{reason.count} × {title}", style="bold").append("\n")
            text.append_text(_named(kept, reason.count))
    return text


def _named(items: Sequence[SimulatedOrder], total: int) -> Text:
    text = Text()
    for item in items[:NAMED]:
        sign, style, _label = WOULD[item.would.would]
        text.append(f"{sign} ", style=style).append_text(shown(item.number or item.ref, 30, "bold"))
        for each in (item.shop, item.logistics, item.would.warehouse, item.would.strategy):
            if each:
                text.append("  ").append_text(shown(each, 30))
        if item.differs and item.today is not None:
            today = _(WOULD[item.today.would][2])
            text.append("  ≠ " + _("as saved: {today}").format(today=today), style="cyan")
        text.append("\n")
    if total > min(len(items), NAMED):
        text.append(_("… and {n} more").format(n=total - min(len(items), NAMED)) + "\n", style="dim")
    return text
