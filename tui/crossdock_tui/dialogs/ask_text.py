"""Ask for a line of text: a reason, a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual.containers import Vertical
from textual.widgets import Input, Static

from crossdock_tui.dialogs.dialog import Dialog
from crossdock_tui.language import _
from crossdock_tui.typed_line import TypedLine
from crossdock_tui.words import sentence

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

LONGEST = 500


class AskText(Dialog[str]):
    """Returns what was typed; None where it was left. `wrong` says what is wrong with a text, or nothing."""

    def __init__(
        self, question: str, *, note: str = "", value: str = "", wrong: Callable[[str], str] | None = None
    ) -> None:
        super().__init__()
        self._question, self._note, self._value = question, note, value
        self._wrong = wrong or _needed

    def compose(self) -> ComposeResult:
        """Show the question and the line."""
        with Vertical(classes="box"):
            yield Static(sentence(self._question, "bold"))
            if self._note:
                yield Static(sentence(self._note, "dim"))
            yield TypedLine(self._value, max_length=LONGEST)
            yield Static("", id="wrong")
            yield Static(Text(_("⏎ go on · esc leave"), style="dim"))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take it, or say what is wrong with it."""
        event.stop()
        if problem := self._wrong(event.value):
            self.query_one("#wrong", Static).update(sentence(problem, "bold red"))
        else:
            self.dismiss(event.value)


def _needed(text: str) -> str:
    return "" if text.strip() else _("it is needed: it is kept with what you do")
