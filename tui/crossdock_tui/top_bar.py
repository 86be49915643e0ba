"""The first lines of every screen: where one can go, how the daemon is, and a banner while it is away."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from rich.cells import cell_len
from rich.text import Text
from textual.widgets import Static

from crossdock_tui.language import _, said
from crossdock_tui.link import State
from crossdock_tui.words import shown, until

if TYPE_CHECKING:
    from crossdock_tui.app import Dashboard

_LEVELS = {"ok": ("●", "green"), "warning": ("▲", "yellow"), "critical": ("■", "bold red")}


class TopBar(Static):
    """Names the screens and shows how the daemon is."""

    def tell(self) -> None:
        """Say it as it is now."""
        dash = cast("Dashboard", self.app)
        here = dash.current_mode
        wide = dash.size.width >= 110
        line = Text(no_wrap=True, overflow="ellipsis")
        for number, (name, label) in enumerate(dash.numbered(), 1):
            current = name == here
            text = f" {number} {_(label)} " if wide or current else f" {number} "
            line.append(text, style="reverse" if current else "")
        sign, style = _LEVELS.get(dash.level, ("○", "dim"))
        right = f"{sign} {_(dash.level) if dash.level else ''} {dash.problem_count()}".rstrip()
        left = max(1, dash.size.width - line.cell_len - cell_len(right) - 1)
        line.append(" " * left).append(right, style=style)
        self.update(line)


class Banner(Static):
    """Says that the daemon is away, and when it is tried again; it is not there while all is well."""

    def tell(self) -> None:
        """Say it as it is now."""
        dash = cast("Dashboard", self.app)
        link = dash.link
        self.display = link.state is not State.CONNECTED
        if not self.display:
            return
        if link.state is State.CONNECTING:
            self.update(Text(_("connecting to the daemon …"), style="bold"))
            return
        left = until(link.retry_at, link.env.now()) or "0:00"
        again = _("next try in {left} · r tries now").format(left=left)
        old = _("what you see is from before") if dash.seen else ""
        told = Text(" ! ", style="bold reverse") + Text(f" {again} – " + (f"{old} – " if old else ""), style="bold")
        self.update(told + Text(shown(said(link.text), 300).plain))  # a small terminal cuts off what matters least
