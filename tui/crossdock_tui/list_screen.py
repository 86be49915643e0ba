"""A screen that shows one paged list: tabs, filter, detail, the reason of the row and what to press, actions with their rights."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import DataTable, Static

from crossdock.control.client import Refusal, Unreachable
from crossdock.spec.text import clean
from crossdock_tui.base_screen import BaseScreen
from crossdock_tui.details import facts, heading, stacked
from crossdock_tui.filter_bar import Filter, FilterBar, Wanted, read_filter
from crossdock_tui.key_bar import KeyBar
from crossdock_tui.language import _, counted, said
from crossdock_tui.marking import Marking
from crossdock_tui.paged_table import NEAR, Column, PagedTable, Row
from crossdock_tui.remembered import View
from crossdock_tui.top_bar import Banner, TopBar
from crossdock_tui.window import PAGE, Page, Window
from crossdock_tui.words import sentence, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType
    from textual.app import ComposeResult

    from crossdock.control.client import Client
    from crossdock_tui.actions import Action

__all__ = ["ListScreen", "Page", "Tab", "facts", "heading", "stacked"]

WIDE = 130
"""Cells from which on the detail stands beside the list."""
COPIED = 10_000
"""Characters that are copied, at most."""
SETTLE_S = 0.15
"""Seconds that the cursor rests on a row before its detail is read."""


@dataclass(frozen=True)
class Tab:
    """A part of a list: its name for the daemon, and its label."""

    name: str
    label: str


class ListScreen(Marking, BaseScreen):
    """Derive it: say what is listed, how a row looks, what can be done. Everything else is the same on all screens.

    Where a tab lists something else, COLUMNS_OF and FILTERS_OF say what it has, and `tabs` of an Action where it can be
    done. NEWEST_LAST are tabs that show their beginning below, and stay there as it grows.
    """

    COLUMNS: ClassVar[tuple[Column, ...]] = ()
    COLUMNS_OF: ClassVar[Mapping[str, tuple[Column, ...]]] = {}
    TABS: ClassVar[tuple[Tab, ...]] = ()
    FILTERS: ClassVar[tuple[Filter, ...]] = ()
    FILTERS_OF: ClassVar[Mapping[str, tuple[Filter, ...]]] = {}
    NEWEST_LAST: ClassVar[frozenset[str]] = frozenset()

    OWN: ClassVar[tuple[Binding, ...]] = (
        *BaseScreen.OWN,
        Binding("slash", "filter", show=False),
        Binding("enter", "open", show=False),
        Binding("escape", "back", show=False),
        Binding("asterisk", "mark_all", show=False),
        Binding("y", "copy", show=False),
        Binding("tab,right_square_bracket", "next_tab(1)", show=False, priority=True),
        Binding("shift+tab,left_square_bracket", "next_tab(-1)", show=False, priority=True),
    )

    def __init__(self) -> None:
        super().__init__()
        self.tab = self.TABS[0].name if self.TABS else ""
        self.wanted = Wanted()
        self.opened = False
        self._window = Window()

    # ---- what a screen says of itself

    @abstractmethod
    async def page(self, client: Client, after: Any, limit: int) -> Page:
        """Read a page of what is listed, with `self.tab` and `self.wanted`. Raises Unreachable, Refusal."""

    async def detail(self, client: Client, row: Row) -> RenderableType:  # noqa: ARG002 - what a derived screen gets
        """Show everything about a row. Raises Unreachable, Refusal."""
        return sentence(row.key)

    def why(self, row: Row) -> Text:  # noqa: ARG002 - what a derived screen gets
        """Say in sentences why a row is where it is."""
        return Text()

    def empty(self) -> str:
        """Say why nothing is listed, and what to do."""
        return _("nothing is here")

    def note(self) -> Text:
        """Say beside the tabs what counts for the whole list."""
        return Text()

    def after_reading(self) -> None:
        """Called when the list was read anew."""

    # ---- the parts

    @property
    def table(self) -> PagedTable:
        """The list."""
        return self.query_one(PagedTable)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the tab."""
        return self.COLUMNS_OF.get(self.tab, self.COLUMNS)

    @property
    def filters(self) -> tuple[Filter, ...]:
        """What the list of the tab can be narrowed by."""
        return self.FILTERS_OF.get(self.tab, self.FILTERS)

    @property
    def actions(self) -> Sequence[Action]:
        """What can be done on the tab."""
        return [each for each in self.ACTIONS if not each.tabs or self.tab in each.tabs]

    def compose(self) -> ComposeResult:
        """Put the parts together."""
        yield TopBar()
        yield Banner()
        yield Static(id="tabs")
        with Horizontal(id="body"):
            yield PagedTable(self.columns, marks=self.MARKS)
            with VerticalScroll(id="detail", can_focus=False):
                yield Static(id="detail-text")
        yield Static(id="why")
        yield FilterBar(self.filters)
        yield KeyBar()

    def on_mount(self) -> None:
        """Take up how the screen was left."""
        self.query_one(FilterBar).display = False
        self._adopt(self._view)
        self.table.focus()
        self._arrange()
        self._say_tabs()
        self._say_keys()

    def take_up(self, view: View) -> None:
        """Show another tab with another filter, as a jump from another screen asks."""
        self._close()
        self._adopt(view)
        self.start_over()

    @property
    def _view(self) -> View:
        """How the screen is remembered; one that lies over another is not."""
        return View() if self.OVER else self.dash.remembered.view(self.SCREEN)

    def _adopt(self, view: View) -> None:
        if view.tab in {each.name for each in self.TABS}:
            self.tab = view.tab
        wanted = read_filter(view.filter, self.filters)
        self.wanted = Wanted() if wanted.problem else wanted
        self._suit_tab()

    def _suit_tab(self) -> None:
        """Have the columns and filters of the tab; rows of other columns are not shown under these."""
        if self.table.take(self.columns):
            self.loaded = False
            self.workers.cancel_group(self, "detail")  # it is about a row of another kind
        self.query_one(FilterBar).take(self.filters)

    def on_resize(self) -> None:
        """Fit the columns and the tabs into the new width."""
        self._arrange()
        self._say_tabs()

    def _arrange(self) -> None:
        width = self.size.width
        beside = width >= WIDE
        table, detail = self.table, self.query_one("#detail")
        table.display = not self.opened
        detail.display = self.opened or beside
        detail.set_class(self.opened, "alone")
        self.query_one("#why").display = not self.opened
        if table.display and width:
            table.fit((width * 6 // 10 if beside else width) - 2)

    # ---- reading

    async def read(self) -> None:
        """Read the pages of the window, and show them."""
        rows = await self._window.read(lambda after, limit: self.page(self.dash.link.client, after, limit))
        self.problem = ""
        if self.there:  # else it was left meanwhile
            self._take(rows)

    def refused(self) -> None:
        """Show nothing but why."""
        self._take([])

    def relabel(self) -> None:
        """Say everything again, in another language."""
        self.table.relabel()
        self.load()

    def _take(self, rows: list[Row]) -> None:
        """Show what was read, and go on to the page that the cursor is near."""
        upward = self.tab in self.NEWEST_LAST
        below = not self.loaded or self.table.cursor_row >= len(self.table.shown) - 1
        self.loaded = True
        self._renew_marked(rows)
        self.table.tell(rows[::-1] if upward else rows)
        if upward and below and not self._window.first:
            self.table.move_cursor(row=len(rows) - 1)
        self._seek()
        self.after_reading()
        self._go_on()
        self._say_tabs()
        self._say_why()
        self._say_keys()
        self._show_detail()

    def _seek(self) -> None:
        """Put the cursor on the row that a jump to this screen named."""
        wanted = self.dash.sought.pop(self.SCREEN, "")
        if wanted:
            self.table.seek(wanted)

    def _go_on(self) -> None:
        if (self.table.cursor_row >= len(self.table.shown) - NEAR and self._below()) or (
            self.table.cursor_row < NEAR and self._above()
        ):
            self.load()

    def _below(self) -> bool:
        return self._window.back() if self.tab in self.NEWEST_LAST else self._window.further()

    def _above(self) -> bool:
        return self._window.further() if self.tab in self.NEWEST_LAST else self._window.back()

    def on_paged_table_near_end(self) -> None:
        """Go on to the next page below."""
        if self._below():
            self.load()

    def on_paged_table_near_start(self) -> None:
        """Go on to the next page above."""
        if self._above():
            self.load()

    def start_over(self) -> None:
        """Read from the beginning of another list."""
        self._window = Window()
        self._unmark()
        self._view.tab, self._view.filter = self.tab, self.wanted.text
        self._say_tabs()
        self.load()

    # ---- what is said

    def _say_tabs(self) -> None:
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append(f" {_(self.LABEL)} ", style="bold")
        self._name_tabs(line)
        if (note := self.note()).plain:
            line.append("  ").append_text(note)
        if self.wanted.text:
            line.append("  / ").append_text(shown(self.wanted.text, style="italic"))
        if self.picked:
            line.append("  " + counted("{n} marked", "{n} marked", len(self.picked)), style="bold")
        if self._progress:
            line.append_text(sentence(f"  {self._progress}", "bold yellow"))
        if self.loaded and not self.opened:
            seen = len(self.table.shown)
            first = self._window.first * PAGE + 1 if seen else 0
            line.append(f"  {first}–{first + seen - 1 if seen else 0}{'+' if self._window.more else ''}", style="dim")
        self.query_one("#tabs", Static).update(line)

    def _name_tabs(self, line: Text) -> None:
        """Name the tabs; where they have no room, those before the one that is seen go first, then the last ones."""
        labels = [f" {_(each.label)} " for each in self.TABS]
        at = next((number for number, each in enumerate(self.TABS) if each.name == self.tab), 0)
        room, first = self.size.width - line.cell_len - 14, 0
        while first < at and sum(cell_len(label) for label in labels[first : at + 2]) > room:
            first += 1
        last = max(at + 1, first)
        while last < len(labels) and sum(cell_len(label) for label in labels[first : last + 1]) <= room:
            last += 1
        line.append("‹" if first else "", style="dim")
        for number, label in enumerate(labels[first:last], first):
            line.append(label, style="reverse" if number == at else "")
        line.append("›" if last < len(labels) else "", style="dim")

    def _say_why(self) -> None:
        row = self.table.current
        if self.problem:
            text = sentence(self.problem, "bold red")
        elif row is None:
            text = sentence(self.empty() if self.loaded else _("reading …"), "dim")
        else:
            text = self.why(row)
        self.query_one("#why", Static).update(text)

    def _meant(self) -> list[Row]:
        return list(self.picked.values()) if self.picked and not self.opened else self._one()

    def _one(self) -> list[Row]:
        return [self.table.current] if self.table.current is not None else []

    def _more_keys(self) -> Sequence[tuple[str, str, bool]]:
        keys = [("/", _("filter"), True)] if self.filters else []
        return [*keys, ("⏎", _("open"), self.table.current is not None)]

    def _show_detail(self) -> None:
        if not self.query_one("#detail").display:
            return
        row = self.table.current
        if row is None:
            self.query_one("#detail-text", Static).update(Text())
            return
        self.work(partial(self._read_detail, row), "detail")

    async def _read_detail(self, row: Row) -> None:
        await self.dash.env.sleep(SETTLE_S)
        try:
            text = await self.detail(self.dash.link.client, row)
        except Unreachable as error:
            self.dash.link.lost(str(error))
            return
        except Refusal as error:
            text = sentence(said(str(error)), "bold red")
        if self.there and self.table.current is not None and self.table.current.key == row.key:
            self.query_one("#detail-text", Static).update(text)

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Say why the row under the cursor is where it is."""
        event.stop()
        self._say_why()
        self._say_keys()
        self._show_detail()

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Open the row."""
        event.stop()
        self.action_open()

    # ---- what keys do

    def action_filter(self) -> None:
        """Type a filter."""
        if self.filters:
            self.query_one(FilterBar).begin(self.wanted.text)

    def on_filter_bar_given(self, event: FilterBar.Given) -> None:
        """Take a filter, or tell what is wrong with it."""
        event.stop()
        self.table.focus()
        if event.wanted is not None and event.wanted.text != self.wanted.text:
            self.wanted = event.wanted
            self.start_over()

    def action_next_tab(self, step: int) -> None:
        """Go to the next tab, or to the one before."""
        if self.query_one(FilterBar).display or not self.TABS:
            return
        names = [each.name for each in self.TABS]
        self.go_to_tab(names[(names.index(self.tab) + step) % len(names)])

    def go_to_tab(self, name: str) -> None:
        """Show another tab."""
        self.tab = name
        self._close()
        self._suit_tab()
        if read_filter(self.wanted.text, self.filters).problem:
            self.wanted = Wanted()
        self._arrange()
        self.start_over()

    def _close(self) -> None:
        if self.opened:
            self.opened = False
            self._arrange()
            self.query_one("#detail").can_focus = False
            self.table.focus()

    def action_open(self) -> None:
        """Show everything about the row."""
        if self.table.current is not None and not self.opened:
            self.opened = True
            if self.size.width < WIDE:  # what was read last may be about another row
                self.query_one("#detail-text", Static).update(Text(_("reading …"), style="dim"))
            self._arrange()
            self.query_one("#detail").can_focus = True
            self.query_one("#detail").focus()
            self._say_tabs()
            self._show_detail()

    def action_back(self) -> None:
        """Close what is open; then take the marks off; then the filter."""
        if self.opened:
            self._close()
            self._say_tabs()
        elif self.picked:
            self.table.clear_marks()
        elif self.wanted.text:
            self.wanted = Wanted()
            self.start_over()
        elif self.OVER:
            self.app.pop_screen()

    def action_copy(self) -> None:
        """Copy what the row is called."""
        if (row := self.table.current) is not None:
            name = clean(self.name_of(row), COPIED)  # where it is pasted, a terminal may obey what it holds
            self.app.copy_to_clipboard(name)
            self.dash.say(_("copied: {name}").format(name=name))
