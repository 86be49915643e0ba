"""Ask before something is done: once, with the number of rows it touches."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from crossdock_tui.dialogs.dialog import Dialog
from crossdock_tui.language import _
from crossdock_tui.words import sentence, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

NAMED = 5
"""Rows that are named in the question, at most."""


class Confirm(Dialog[bool]):
    """Returns True for yes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "answer(True)", show=False),
        Binding("n", "answer(False)", show=False),
    ]

    def __init__(self, question: str, names: Sequence[str] = (), warning: str = "") -> None:
        super().__init__()
        self._question, self._names, self._warning = question, names, warning

    def compose(self) -> ComposeResult:
        """Show the question, the first rows it is about, and the keys."""
        with Vertical(classes="box"):
            yield Static(sentence(self._question, "bold"))
            for name in self._names[:NAMED]:
                yield Static(Text("  ") + shown(name))
            if len(self._names) > NAMED:
                yield Static(Text("  " + _("… and {n} more").format(n=len(self._names) - NAMED), style="dim"))
            if self._warning:
                yield Static(sentence(self._warning, "yellow"))
            yield Static(Text("\n" + _("y yes · n no"), style="dim"))

    def action_answer(self, yes: bool) -> None:
        """Answer."""
        self.dismiss(yes)
