"""What each key does on the screen that is open, and why some do nothing now."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from crossdock_tui.dialogs.dialog import Dialog
from crossdock_tui.language import N_, _
from crossdock_tui.words import sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

EVERYWHERE = (
    ("1-9", N_("go to a screen")),
    (": ctrl+p", N_("everything else: more screens, language, theme")),
    ("j k ↑ ↓", N_("move")),
    ("⏎ esc", N_("open and close the row")),
    ("tab [ ]", N_("next and previous tab")),
    ("/", N_("filter; esc takes it away")),
    ("space *", N_("mark the row; mark everything that fits the filter")),
    ("y", N_("copy the name of the row")),
    ("r", N_("read it again")),
    ("?", N_("this help")),
    ("q", N_("quit")),
)


class Help(Dialog[None]):
    """Shows (key, what it does, why not now) of a screen, then the keys that work everywhere."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,q,question_mark", "leave", show=False)]

    def __init__(self, title: str, about: str, keys: Sequence[tuple[str, str, str]]) -> None:
        super().__init__()
        self._title, self._about, self._keys = title, about, keys

    def compose(self) -> ComposeResult:
        """Show what the screen is for, and its keys."""
        with Vertical(classes="box tall"):
            yield Static(sentence(self._title, "bold"))
            yield Static(sentence(self._about, "dim"))
            with VerticalScroll(can_focus=True):
                for key, label, why_not in self._keys:
                    yield Static(_line(key, label, why_not))
                yield Static(Text("\n" + _("everywhere"), style="bold"))
                for key, label in EVERYWHERE:
                    yield Static(_line(key, _(label), ""))
            yield Static(Text(_("⏎ or esc close"), style="dim"))


def _line(key: str, label: str, why_not: str) -> Text:
    line = Text(f"{key:>10}  ", style="bold") + sentence(label, "dim" if why_not else "")
    return line + sentence(f" – {why_not}", "yellow") if why_not else line
