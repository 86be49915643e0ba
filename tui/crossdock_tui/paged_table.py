"""A table that shows a window of a list which the daemon pages, and changes in place: cursor, selection and scrolling stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import DataTable
from textual.widgets.data_table import RowKey

from crossdock_tui.language import _

if TYPE_CHECKING:
    from collections.abc import Sequence

NEAR = 15
"""Rows from an end of the window at which the next page is asked for."""
PADDING = 1
MARK = "mark"


@dataclass(frozen=True)
class Column:
    """A column: `width` in cells; `weight` says how soon it goes where there is no room (the highest first, 0 never).

    `grows`: what is left over is given to it.
    """

    name: str
    label: str
    width: int
    weight: int = 0
    grows: bool = False


@dataclass(frozen=True)
class Row:
    """One row: its key, its cells by column, and what it was made of."""

    key: str
    cells: dict[str, Text]
    item: object


class PagedTable(DataTable[Text]):
    """Shows rows; what it was told last is what it shows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", show=False),
        Binding("k", "cursor_up", show=False),
        Binding("space", "mark", show=False),
        Binding("home", "scroll_top", show=False),
        Binding("end", "scroll_bottom", show=False),
    ]

    class NearEnd(Message):
        """The cursor is near the last row of the window."""

    class NearStart(Message):
        """The cursor is near the first row of the window."""

    class Marked(Message):
        """Another row is marked, or one less."""

    def __init__(self, columns: Sequence[Column], *, marks: bool = True, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(cursor_type="row", zebra_stripes=False, cell_padding=PADDING, id=id)
        self.marked: set[str] = set()
        self._all = tuple(columns)
        self._marks = marks
        self._shown: list[Row] = []
        self._fitted: tuple[tuple[str, int], ...] = ()
        self._room = 0

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        return self._shown[self.cursor_row] if 0 <= self.cursor_row < len(self._shown) else None

    @property
    def shown(self) -> Sequence[Row]:
        """Every row of the window."""
        return self._shown

    def fit(self, width: int) -> None:
        """Choose the columns that have room in `width` cells; the others go, the heaviest first."""
        self._room = width - (3 if self._marks else 0)
        fitted = fitting(self._all, self._room)
        if fitted != self._fitted:
            self._fitted = fitted
            self._rebuild(self._shown, columns=True)

    def take(self, columns: Sequence[Column]) -> bool:
        """Have other columns from now on, and no rows before they are told; False if these are the ones it has."""
        if tuple(columns) == self._all:
            return False
        self._all, self._shown = tuple(columns), []
        if self._fitted:
            self._fitted = fitting(self._all, self._room)
            self._rebuild([], columns=True)
        return True

    def relabel(self) -> None:
        """Say the columns' names again, in another language."""
        self._rebuild(self._shown, columns=True)

    def tell(self, rows: Sequence[Row]) -> None:
        """Show these rows: in place where they are the same ones, else anew with the cursor on the same row."""
        fresh = list(rows)
        if [row.key for row in fresh] == [row.key for row in self._shown]:
            for before, after in zip(self._shown, fresh, strict=True):
                self._change(before, after)
            self._shown = fresh
            return
        self._rebuild(fresh, columns=False)

    def seek(self, key: str) -> None:
        """Put the cursor on a row, if it is there."""
        for place, row in enumerate(self._shown):
            if row.key == key:
                self.move_cursor(row=place, animate=False)

    def _change(self, before: Row, after: Row) -> None:
        for name, _width in self._fitted:
            if (text := after.cells.get(name)) is not None and text != before.cells.get(name):
                self.update_cell(after.key, name, text)

    def _rebuild(self, rows: list[Row], *, columns: bool) -> None:
        current, offset, row_before = self.current, self.scroll_y, self.cursor_row
        with self.app.batch_update(), self.prevent(DataTable.RowHighlighted, self.NearEnd, self.NearStart):
            self.clear(columns=columns)
            if columns:
                self._add_columns()
            self._shown = rows
            for row in rows:
                self.add_row(*self._cells(row), key=row.key)
            if rows:
                keys = {row.key: number for number, row in enumerate(rows)}
                kept = keys.get(current.key) if current is not None else None
                at = min(row_before, len(rows) - 1) if kept is None else kept
                self.move_cursor(row=at, animate=False, scroll=False)
                self.scroll_to(y=max(0, offset + (at - row_before)), animate=False, force=True)
        key = self.coordinate_to_cell_key(self.cursor_coordinate).row_key if rows else RowKey(None)
        self.post_message(self.RowHighlighted(self, self.cursor_row, key))

    def _add_columns(self) -> None:
        labels = {column.name: column.label for column in self._all}
        if self._marks:
            self.add_column(Text(""), width=1, key=MARK)
        for name, width in self._fitted:
            self.add_column(Text(_(labels[name]), no_wrap=True, overflow="ellipsis"), width=width, key=name)

    def _cells(self, row: Row) -> list[Text]:
        cells = [row.cells.get(name, Text("")) for name, _width in self._fitted]
        return [self._sign(row.key), *cells] if self._marks else cells

    def _sign(self, key: str) -> Text:
        return Text("●" if key in self.marked else " ", style="bold")

    def action_mark(self) -> None:
        """Mark the row under the cursor, or take its mark off, and go on to the next."""
        if self.current is None or not self._marks:
            return
        self.mark([self.current.key], on=self.current.key not in self.marked)
        self.action_cursor_down()

    def mark(self, keys: Sequence[str], *, on: bool) -> None:
        """Mark rows, or take their marks off; they need not be in the window."""
        if on:
            self.marked.update(keys)
        else:
            self.marked.difference_update(keys)
        here = {row.key for row in self._shown}
        for key in keys:
            if key in here:
                self.update_cell(key, MARK, self._sign(key))
        self.post_message(self.Marked())

    def clear_marks(self) -> None:
        """Take all marks off."""
        self.mark(list(self.marked), on=False)

    def watch_cursor_coordinate(self, old_coordinate, new_coordinate) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - Textual's
        """Ask for the next page in time."""
        super().watch_cursor_coordinate(old_coordinate, new_coordinate)
        row, before = new_coordinate.row, old_coordinate.row
        if row >= len(self._shown) - NEAR and row > before:
            self.post_message(self.NearEnd())
        elif row < NEAR and row < before:
            self.post_message(self.NearStart())


def fitting(columns: Sequence[Column], width: int) -> tuple[tuple[str, int], ...]:
    """Return (name, width) of the columns that have room, in their order; what is left over goes to those that grow."""
    kept = list(columns)
    while len(kept) > 1 and needed(kept) > width:
        heaviest = max(kept, key=lambda column: column.weight)
        if heaviest.weight == 0:
            break
        kept.remove(heaviest)
    left = max(0, width - needed(kept))
    growing = [column for column in kept if column.grows]
    share = left // len(growing) if growing else 0
    return tuple((column.name, column.width + (share if column.grows else 0)) for column in kept)


def needed(columns: Sequence[Column]) -> int:
    """Return the cells that columns take with their padding."""
    return sum(column.width + 2 * PADDING for column in columns)
