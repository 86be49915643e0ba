"""Lines below each other that can be acted on: up and down move over them, headings are passed over, enter goes where a line leads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets.option_list import Option

from crossdock_tui.options import Options

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Jump:
    """Where enter leads: a screen, its tab, the filter there, the row under the cursor."""

    screen: str
    tab: str | None = None
    filter: str = ""
    row: str = ""


@dataclass(frozen=True)
class Line:
    """A line: its key, what stands in it, all that is to be said of it, where enter leads. `head`: it is a heading."""

    key: str
    text: Text
    why: Text = field(default_factory=Text)
    jump: Jump | None = None
    head: bool = False


class LineList(Options):
    """Shows lines; what it was told last is what it shows, with the cursor on the same line."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", show=False),
        Binding("k", "cursor_up", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, markup=False, compact=True)
        self._told: dict[str, Line] = {}
        self._room = 0

    @property
    def current(self) -> Line | None:
        """The line under the cursor."""
        option = self.highlighted_option
        return self._told.get(option.id) if option is not None and option.id is not None else None

    @property
    def lines(self) -> Sequence[Line]:
        """Every line."""
        return tuple(self._told.values())

    def tell(self, lines: Sequence[Line]) -> None:
        """Show these lines: in place where they are the same ones."""
        width = max(10, self.size.width - 2)
        fresh = {line.key: line for line in lines}
        if list(fresh) == list(self._told):
            for key, line in fresh.items():
                if line.text != self._told[key].text or width != self._room:
                    self.replace_option_prompt(key, _cut(line.text, width))
        else:
            before, at = self.current, self.highlighted
            with self.app.batch_update():
                self.clear_options()
                self.add_options([Option(_cut(line.text, width), line.key, line.head) for line in fresh.values()])
                kept = list(fresh).index(before.key) if before is not None and before.key in fresh else at
                self.highlighted = _nearest(list(fresh.values()), kept or 0)
        self._told, self._room = fresh, width


def _nearest(lines: Sequence[Line], wanted: int) -> int | None:
    """Return the line at, or else near, a place that is no heading."""
    places = [place for place, line in enumerate(lines) if not line.head]
    return min(places, key=lambda place: abs(place - wanted), default=None)


def _cut(text: Text, width: int) -> Text:
    cut = text.copy()
    cut.truncate(width, overflow="ellipsis")
    return cut
