"""Something that is told once, with a line that may be copied: a secret, or what is to be kept elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from crossdock_tui.dialogs.dialog import Dialog
from crossdock_tui.language import _
from crossdock_tui.words import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

LONGEST = 1000


class Told(Dialog[None]):
    """Shows (sentence, style) below a title, and `line`, which is what `y` copies. It keeps neither once it is closed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "leave", show=False),
        Binding("y", "copy", show=False),
    ]

    def __init__(self, title: str, sentences: Sequence[tuple[str, str]], line: str = "") -> None:
        super().__init__()
        self._title, self._sentences, self._line = title, sentences, line

    def compose(self) -> ComposeResult:
        """Show it."""
        with Vertical(classes="box wide"):
            yield Static(Text(shown(self._title).plain, style="bold"))
            for text, style in self._sentences:
                yield Static(Text(shown(text, LONGEST).plain, style=style))
            if self._line:
                yield Static(Text("\n" + shown(self._line, LONGEST).plain + "\n", style="bold"), id="told-line")
            yield Static(Text("", style="green"), id="told-copied")
            yield Static(Text(_("y copy · ⏎ or esc close") if self._line else _("⏎ or esc close"), style="dim"))

    def action_copy(self) -> None:
        """Copy the line, and say so here: what is said for a moment may be kept, and it may be a secret."""
        if self._line:
            self.app.copy_to_clipboard(self._line)
            self.query_one("#told-copied", Static).update(Text(_("copied to the clipboard of your terminal")))

    def on_unmount(self) -> None:
        """Forget it."""
        self._line, self._sentences = "", ()
