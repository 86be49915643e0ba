"""What became of each row that something was done to."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from crossdock_tui.dialogs.dialog import Dialog
from crossdock_tui.language import _, said
from crossdock_tui.words import BAD, GOOD, sentence, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

MOST = 1000
"""Results that are shown; those that were not done come first."""


class Results(Dialog[None]):
    """Shows (name, whether it was done, the sentence about it)."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,q", "leave", show=False)]

    def __init__(self, title: str, results: Sequence[tuple[str, bool, str]]) -> None:
        super().__init__()
        self._title = title
        self._results = sorted(results, key=lambda result: result[1])

    def compose(self) -> ComposeResult:
        """Show how many were done, then each."""
        done = sum(1 for _name, well, _text in self._results if well)
        head = _("{done} done, {rest} not").format(done=done, rest=len(self._results) - done)
        with Vertical(classes="box tall"):
            yield Static(sentence(f"{self._title}: {head}", "bold"))
            with VerticalScroll(can_focus=True):
                for name, well, text in self._results[:MOST]:
                    line = Text("✓ " if well else "✗ ", style=GOOD if well else BAD)
                    yield Static(line + shown(name) + Text("  ") + Text(shown(said(text), 1000).plain))
            yield Static(Text(_("⏎ or esc close"), style="dim"))
