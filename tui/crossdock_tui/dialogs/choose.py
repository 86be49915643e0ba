"""Choose one or several of a list, with a search; or type what is not in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from crossdock_tui.dialogs.dialog import Dialog
from crossdock_tui.language import _
from crossdock_tui.options import Options
from crossdock_tui.typed_line import TypedLine
from crossdock_tui.words import sentence, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from textual.app import ComposeResult

MOST = 500
"""Options that are shown at a time; the search finds the others."""


class Choose(Dialog[tuple[str, ...]]):
    """Returns the codes that were chosen; None where it was left. `options` are (code, name).

    `free`: what is typed may be taken although it is not listed. `ordered`: the order of choosing counts and is shown.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "go_on", show=False),
        Binding("ctrl+s", "take", show=False, priority=True),
    ]

    def __init__(
        self,
        question: str,
        options: Sequence[tuple[str, str]],
        *,
        many: bool = False,
        chosen: Collection[str] = (),
        free: bool = False,
        ordered: bool = False,
        note: str = "",
    ) -> None:
        super().__init__()
        self._question, self._many, self._free, self._ordered, self._note = question, many, free, ordered, note
        self._chosen = list(chosen)
        known = {code for code, _name in options}
        self._options = [*((code, "") for code in self._chosen if code not in known), *options]
        self._listed: list[str] = []

    def compose(self) -> ComposeResult:
        """Show the search and the options."""
        with Vertical(classes="box tall"):
            yield Static(sentence(self._question, "bold"))
            if self._note:
                yield Static(sentence(self._note, "yellow"))
            yield TypedLine(placeholder=_("search, or type another") if self._free else _("search"), id="search")
            yield Options(id="options", markup=False)
            keys = _("⏎ choose or leave out · ctrl+s take what is chosen · esc leave") if self._many else ""
            yield Static(Text(keys or _("⏎ choose · esc leave"), style="dim"))

    def on_mount(self) -> None:
        """List everything."""
        self._list("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """List what fits the search."""
        self._list(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take what is typed where nothing else fits; else go on to what fits."""
        event.stop()
        if self._free and len(self._listed) == 1 and self._listed[0] == event.value.strip():
            self._choose(0)
        else:
            self.query_one(OptionList).focus()

    def action_go_on(self) -> None:
        """Go from the search to the options."""
        self.query_one(OptionList).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Choose one, or take it out again."""
        self._choose(event.option_index)

    def _choose(self, at: int) -> None:
        code = self._listed[at]
        if not self._many:
            self.dismiss((code,))
            return
        self._chosen = (
            [each for each in self._chosen if each != code] if code in self._chosen else [*self._chosen, code]
        )
        if code not in {each for each, _name in self._options}:
            self._options.insert(0, (code, ""))
            self.query_one(Input).value = ""
            self._list("")
        else:
            self._list(self.query_one(Input).value, keep=at)

    def action_take(self) -> None:
        """Take what is chosen."""
        if self._many:
            self.dismiss(tuple(self._chosen))

    def _list(self, search: str, keep: int | None = None) -> None:
        wanted = search.casefold()
        found = [each for each in self._options if wanted in f"{each[0]} {each[1]}".casefold()][:MOST]
        typed = search.strip()
        if self._free and typed and typed not in {code for code, _name in self._options}:
            found.append((typed, _("as it is typed")))
        self._listed = [code for code, _name in found]
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(self._line(code, name)) for code, name in found])
        if found:
            options.highlighted = keep or 0

    def _line(self, code: str, name: str) -> Text:
        mark = ("[x] " if code in self._chosen else "[ ] ") if self._many else ""
        if self._ordered:
            mark = f"[{self._chosen.index(code) + 1}] " if code in self._chosen else "[ ] "
        line = Text(mark) + shown(code)
        return line + Text("  ") + shown(name, style="dim") if name and name != code else line
