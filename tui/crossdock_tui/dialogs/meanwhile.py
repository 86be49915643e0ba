"""Somebody else saved an entry while it was edited: theirs and mine side by side, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.table import Table
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from crossdock_tui.dialogs.dialog import Dialog
from crossdock_tui.language import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A line in which mine and theirs are not the same. `wins`: I changed it; `both`: so did they."""

    key: str
    label: str
    was: Text
    theirs: Text
    mine: object
    mine_shown: Text
    wins: bool
    both: bool


class Meanwhile(Dialog[str]):
    """Returns "theirs" or "mine"; None: nothing is decided yet, the form stays as it is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "answer('theirs')", show=False),
        Binding("m", "answer('mine')", show=False),
    ]

    def __init__(self, compared: Sequence[Compared], *, new: bool, removed: bool) -> None:
        super().__init__()
        self._compared, self._new, self._removed = compared, new, removed

    def compose(self) -> ComposeResult:
        """Show both, and what each answer does."""
        with Vertical(classes="box tall"):
            yield Static(Text(self._title(), style="bold"))
            with VerticalScroll(can_focus=True):
                yield Static(self._table())
            yield Static(Text(self._answers(), style="yellow"))

    def _title(self) -> str:
        if self._removed:
            return _("Somebody removed it while you edited it. Nothing is saved yet.")
        if self._new:
            return _("There is one of this name already. Nothing is saved yet.")
        return _("Somebody else saved it while you edited it. Nothing of yours is saved yet.")

    def _answers(self) -> str:
        if self._removed:
            return _("m make it again as you have it · t let it be gone · esc go on editing")
        return _("t take theirs, yours is gone · m put your changes on top of theirs and save · esc go on editing")

    def _table(self) -> Table | Text:
        if not self._compared:
            return Text(
                _("it is not there any more") if self._removed else _("theirs and yours are the same by now"),
                style="dim",
            )
        table = Table(box=None, expand=True, padding=(0, 1, 0, 0))
        for name in ("", _("as you read it"), _("theirs"), _("yours")):
            table.add_column(Text(name, style="bold"), ratio=1, overflow="fold")
        for each in self._compared:
            sign = Text("! ", style="bold yellow") if each.both else Text("  ")
            theirs, mine = each.theirs.copy(), each.mine_shown.copy()
            (mine if each.wins else theirs).stylize("bold green")
            cells = [sign + Text(each.label), each.was.copy(), theirs, mine]
            for cell in cells:
                cell.no_wrap = False
            table.add_row(*cells)
        return table

    def action_answer(self, answer: str) -> None:
        """Answer."""
        self.dismiss(answer)
