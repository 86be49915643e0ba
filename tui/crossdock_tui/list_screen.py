"""A screen that shows one paged list: tabs, filter, detail, the reason of the row and what to press, actions with their rights."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from rich.console import Group
from rich.text import Text
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.screen import Screen
from textual.widgets import DataTable, Static

from crossdock.control.client import Refusal, Unreachable
from crossdock_tui.actions import Action, lacks
from crossdock_tui.dialogs.confirm import Confirm
from crossdock_tui.dialogs.help import Help
from crossdock_tui.filter_bar import Filter, FilterBar, Wanted, read_filter
from crossdock_tui.key_bar import KeyBar
from crossdock_tui.language import N_, _, counted, said
from crossdock_tui.link import ALL
from crossdock_tui.paged_table import NEAR, Column, PagedTable, Row
from crossdock_tui.top_bar import Banner, TopBar
from crossdock_tui.words import shown

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

    from rich.console import RenderableType
    from textual.app import ComposeResult

    from crossdock.control.client import Client
    from crossdock_tui.app import Dashboard

PAGE = 100
"""Rows of a page; two pages are in the window at a time."""
WINDOW = 2
MOST_MARKED = 5_000
"""Rows that are marked at once by "everything that fits", at most."""
WIDE = 130
"""Cells from which on the detail stands beside the list."""
GAP_S = 0.5
"""Seconds between two readings that events lead to, at least."""
SETTLE_S = 0.15
"""Seconds that the cursor rests on a row before its detail is read."""


@dataclass(frozen=True)
class Page:
    """A page of a list; `next` is what leads to the next one, None at the end."""

    rows: Sequence[Row]
    next: object | None = None


@dataclass(frozen=True)
class Tab:
    """A part of a list: its name for the daemon, its label, and its columns where they are not those of the screen."""

    name: str
    label: str
    columns: tuple[Column, ...] = ()


class ListScreen(Screen[None]):
    """Derive it: say what is listed, how a row looks, what can be done. Everything else is the same on all screens."""

    SCREEN: ClassVar[str] = ""
    LABEL: ClassVar[str] = ""
    ABOUT: ClassVar[str] = ""
    TOPICS: ClassVar[frozenset[str]] = frozenset()
    COLUMNS: ClassVar[tuple[Column, ...]] = ()
    TABS: ClassVar[tuple[Tab, ...]] = ()
    FILTERS: ClassVar[tuple[Filter, ...]] = ()
    ACTIONS: ClassVar[tuple[Action, ...]] = ()
    MARKS: ClassVar[bool] = True

    OWN: ClassVar[tuple[Binding, ...]] = (
        Binding("r", "reload", show=False),
        Binding("slash", "filter", show=False),
        Binding("question_mark", "help", show=False),
        Binding("enter", "open", show=False),
        Binding("escape", "back", show=False),
        Binding("asterisk", "mark_all", show=False),
        Binding("y", "copy", show=False),
        Binding("tab,right_square_bracket", "next_tab(1)", show=False, priority=True),
        Binding("shift+tab,left_square_bracket", "next_tab(-1)", show=False, priority=True),
    )

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Bind the keys of the screen's actions."""
        keys = dict.fromkeys(each.key for each in cls.ACTIONS)
        acts = (Binding(key, f"key('{key}')", show=False) for key in keys)
        cls.BINDINGS = [*cls.OWN, *acts]
        super().__init_subclass__(**kwargs)

    def __init__(self) -> None:
        super().__init__()
        self.tab = self.TABS[0].name if self.TABS else ""
        self.wanted = Wanted()
        self.opened = False
        self.problem = ""
        self.loaded = False
        self.picked: dict[str, Row] = {}
        self._starts: list[object | None] = [None]
        self._first, self._count, self._more = 0, 1, False
        self._stale, self._waiting = True, False
        self._progress = ""

    # ---- what a screen says of itself

    @abstractmethod
    async def page(self, client: Client, after: Any, limit: int) -> Page:
        """Read a page of what is listed, with `self.tab` and `self.wanted`. Raises Unreachable, Refusal."""

    async def detail(self, client: Client, row: Row) -> RenderableType:  # noqa: ARG002 - what a derived screen gets
        """Show everything about a row. Raises Unreachable, Refusal."""
        return Text(row.key)

    def why(self, row: Row) -> Text:  # noqa: ARG002 - what a derived screen gets
        """Say in sentences why a row is where it is."""
        return Text()

    def empty(self) -> str:
        """Say why nothing is listed, and what to do."""
        return _("nothing is here")

    def name_of(self, row: Row) -> str:
        """Return what a person calls the row; it is what `y` copies."""
        return row.key

    def after_reading(self) -> None:
        """Called when the list was read anew."""

    # ---- the parts

    @property
    def dash(self) -> Dashboard:
        """The application."""
        return cast("Dashboard", self.app)

    @property
    def table(self) -> PagedTable:
        """The list."""
        return self.query_one(PagedTable)

    @property
    def _columns(self) -> tuple[Column, ...]:
        return next((each.columns for each in self.TABS if each.name == self.tab and each.columns), self.COLUMNS)

    @property
    def _offered(self) -> list[Action]:
        """The actions of the tab that is open."""
        return [each for each in self.ACTIONS if not each.tabs or self.tab in each.tabs]

    def compose(self) -> ComposeResult:
        """Put the parts together."""
        yield TopBar()
        yield Banner()
        yield Static(id="tabs")
        with Horizontal(id="body"):
            yield PagedTable(self._columns, marks=self.MARKS)
            with VerticalScroll(id="detail", can_focus=False):
                yield Static(id="detail-text")
        yield Static(id="why")
        yield FilterBar(self.FILTERS)
        yield KeyBar()

    def on_mount(self) -> None:
        """Take up how the screen was left."""
        view = self.dash.remembered.view(self.SCREEN)
        if view.tab in {each.name for each in self.TABS}:
            self.tab = view.tab
        self.wanted = read_filter(view.filter, self.FILTERS)
        self.query_one(FilterBar).display = False
        self.table.focus()
        self.table.reshape(self._columns)
        self._arrange()
        self._say_tabs()
        self._say_keys()

    def on_resize(self) -> None:
        """Fit the columns into the new width."""
        self._arrange()

    def on_screen_resume(self) -> None:
        """Show what changed while another screen was open."""
        self.dash.remembered.screen = self.SCREEN
        self.turned()
        if self._stale or not self.loaded:
            self.load_soon()

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

    def work(self, do: Callable[[], Coroutine[Any, Any, None]], group: str) -> None:
        """Let something go on beside the keys; what is new in a group takes the place of what is not done yet."""
        self.run_worker(cast("Any", do), group=group, exclusive=True)

    # ---- reading

    def heard(self, topics: frozenset[str]) -> None:
        """Something changed: read the list again, soon if it is seen, else when it is."""
        if topics == ALL or topics & self.TOPICS:
            self._stale = True
            if self.is_current:
                self.load_soon()

    def turned(self) -> None:
        """The way to the daemon is another one."""
        self.query_one(TopBar).tell()
        self.query_one(Banner).tell()
        self.set_class(not self.dash.connected, "away")
        self._say_keys()

    def tick(self) -> None:
        """A second went by."""
        self.query_one(TopBar).tell()
        self.query_one(Banner).tell()
        self._say_why()
        self._say_keys()

    def load_soon(self) -> None:
        """Read the list, at most twice a second."""
        if not self._waiting:
            self._waiting = True
            self.set_timer(GAP_S if self.loaded else 0.001, self._load_now)

    def _load_now(self) -> None:
        self._waiting = False
        self.load()

    def load(self) -> None:
        """Read the list now."""
        self._stale = False
        self.work(self._load, "load")

    async def _load(self) -> None:
        try:
            rows = await self._window()
        except Unreachable as error:
            self._stale = True
            self.dash.link.lost(str(error))
            return
        except Refusal as error:
            self.problem, rows = said(str(error)), []
        else:
            self.problem = ""
        if not self.is_running:
            return  # it was left meanwhile
        self._take(rows)

    def _take(self, rows: list[Row]) -> None:
        """Show what was read, and go on to the page that the cursor is near."""
        self.loaded = True
        for row in rows:
            if row.key in self.picked:
                self.picked[row.key] = row
        self.table.tell(rows)
        self.after_reading()
        if self._more and self.table.cursor_row >= len(rows) - NEAR:
            self.on_paged_table_near_end()
        elif self._first and self.table.cursor_row < NEAR:
            self.on_paged_table_near_start()
        self._say_tabs()
        self._say_why()
        self._say_keys()
        self._show_detail()

    async def _window(self) -> list[Row]:
        """Read the pages of the window; a page may be short although there is more, so that one more is read.

        What it finds out counts only once it is whole: a newer reading may end it anywhere.
        """
        rows: list[Row] = []
        starts, more, at = self._starts[: self._first + 1], True, self._first
        while more and (at < self._first + self._count or (len(rows) < PAGE // 2 and at < self._first + 8)):
            page = await self.page(self.dash.link.client, starts[at], PAGE)
            rows += page.rows
            more = page.next is not None
            if more:
                starts.append(page.next)
            at += 1
        self._starts, self._more = starts, more
        return rows

    def on_paged_table_near_end(self) -> None:
        """Go on to the next page, and let the first one go where the window is full."""
        if not self._more:
            return
        if self._count < WINDOW:
            self._count += 1
        else:
            self._first += 1
        self.load()

    def on_paged_table_near_start(self) -> None:
        """Go back to the page before."""
        if self._first:
            self._first -= 1
            self.load()

    def start_over(self) -> None:
        """Read from the beginning of another list."""
        self._starts, self._first, self._count, self._more = [None], 0, 1, False
        self.picked.clear()
        self.table.marked.clear()
        view = self.dash.remembered.view(self.SCREEN)
        view.tab, view.filter = self.tab, self.wanted.text
        self._say_tabs()
        self.load()

    # ---- what is said

    def _say_tabs(self) -> None:
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append(f" {_(self.LABEL)} ", style="bold")
        for each in self.TABS:
            line.append(f" {_(each.label)} ", style="reverse" if each.name == self.tab else "")
        if self.wanted.text:
            line.append("  / ").append_text(shown(self.wanted.text, style="italic"))
        if self.picked:
            line.append("  " + counted("{n} marked", "{n} marked", len(self.picked)), style="bold")
        if self._progress:
            line.append(f"  {self._progress}", style="bold yellow")
        if self.loaded and not self.opened:
            seen = len(self.table.shown)
            first = self._first * PAGE + 1 if seen else 0
            line.append(f"  {first}–{first + seen - 1 if seen else 0}{'+' if self._more else ''}", style="dim")
        self.query_one("#tabs", Static).update(line)

    def _say_why(self) -> None:
        row = self.table.current
        if self.problem:
            text = Text(self.problem, style="bold red")
        elif row is None:
            text = Text(self.empty() if self.loaded else _("reading …"), style="dim")
        else:
            text = self.why(row)
        self.query_one("#why", Static).update(text)

    def _say_keys(self) -> None:
        rows = self._meant()
        keys = [(each.shown_key, _(each.label), not self._why_not(each, rows)) for each in self._offered]
        keys += [("/", _("filter"), True)] if self.FILTERS else []
        keys += [("⏎", _("open"), bool(rows)), ("?", _("help"), True), ("q", _("quit"), True)]
        self.query_one(KeyBar).tell(keys)

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
            text = Text(said(str(error)), style="bold red")
        if self.is_running and self.table.current is not None and self.table.current.key == row.key:
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

    def on_paged_table_marked(self) -> None:
        """Keep what is marked."""
        here = {row.key: row for row in self.table.shown}
        marked = self.table.marked
        self.picked = {key: here.get(key) or self.picked[key] for key in marked if key in here or key in self.picked}
        self._say_tabs()
        self._say_keys()

    # ---- what keys do

    def action_reload(self) -> None:
        """Read it again, and try the daemon at once where it was away."""
        self.dash.link.try_now()
        self.load()

    def action_filter(self) -> None:
        """Type a filter."""
        if self.FILTERS:
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
        self.tab, self.opened = name, False
        if self.table.reshape(self._columns):
            self.loaded = False
            self.workers.cancel_group(self, "detail")  # it is about a row of another kind
            self.table.tell([])
        self._arrange()
        self.start_over()

    def action_open(self) -> None:
        """Show everything about the row."""
        if self.table.current is not None and not self.opened:
            self.opened = True
            self._arrange()
            self.query_one("#detail").can_focus = True
            self.query_one("#detail").focus()
            self._say_tabs()
            self._show_detail()

    def action_back(self) -> None:
        """Close what is open; then take the marks off; then the filter."""
        if self.opened:
            self.opened = False
            self._arrange()
            self.query_one("#detail").can_focus = False
            self.table.focus()
            self._say_tabs()
        elif self.picked:
            self.table.clear_marks()
        elif self.wanted.text:
            self.wanted = Wanted()
            self.start_over()

    def action_copy(self) -> None:
        """Copy what the row is called."""
        if (row := self.table.current) is not None:
            name = self.name_of(row)
            self.app.copy_to_clipboard(name)
            self.dash.say(_("copied: {name}").format(name=shown(name).plain))

    def action_help(self) -> None:
        """Show what each key does here, and why some do nothing now."""
        rows = self._meant()
        keys = [(each.shown_key, _(each.label), self._why_not(each, rows)) for each in self._offered]
        self.app.push_screen(Help(_(self.LABEL), _(self.ABOUT), keys))

    def action_mark_all(self) -> None:
        """Mark everything that fits the tab and the filter."""
        if self.MARKS:
            self.work(self._mark_all, "mark")

    async def _mark_all(self) -> None:
        after: object | None = None
        found: dict[str, Row] = {}
        try:
            while len(found) < MOST_MARKED:
                page = await self.page(self.dash.link.client, after, 2 * PAGE)
                found |= {row.key: row for row in page.rows}
                self.progress(counted("{n} marked", "{n} marked", len(found)))
                after = page.next
                if after is None:
                    break
        except Unreachable as error:
            self.dash.link.lost(str(error))
        except Refusal as error:
            self.dash.say(said(str(error)), bad=True)
        finally:
            self.progress("")
        if after is not None:
            self.dash.say(_("only the first {n} are marked; narrow the filter").format(n=len(found)), bad=True)
        self.picked |= found
        self.table.mark(list(found), on=True)

    def progress(self, text: str) -> None:
        """Say how far something long is; nobody sees it where the screen was left meanwhile."""
        self._progress = text
        if self.query(PagedTable):
            self._say_tabs()

    # ---- actions

    def _meant(self) -> list[Row]:
        if self.picked and not self.opened:
            return list(self.picked.values())
        return [self.table.current] if self.table.current is not None else []

    def _why_not(self, action: Action, rows: Sequence[Row]) -> str:
        """Say why an action may not be done now; nothing if it may."""
        if not self.dash.connected:
            return _("the daemon is not there")
        if action.right not in self.dash.link.rights:
            return lacks(action.right)
        if action.on == "screen":
            reason: Callable[[], str] | None = getattr(self, f"not_{action.name}", None)
            return reason() if reason is not None else ""
        if not rows:
            return _("there is no row")
        meant = rows[:1] if action.on == "row" else rows
        of_row: Callable[[Row], str] | None = getattr(self, f"not_{action.name}", None)
        if of_row is None:
            return ""
        reasons = [of_row(row) for row in meant]
        return "" if any(not each for each in reasons) else reasons[0]

    def action_key(self, key: str) -> None:
        """Do what a key does in the tab that is open."""
        for each in self._offered:
            if each.key == key:
                self.action_act(each.name)

    def action_act(self, name: str) -> None:
        """Do something to the row, or to what is marked; say why not where it may not be done."""
        action = next(each for each in self.ACTIONS if each.name == name)
        rows = self._meant()
        if action.on == "row":
            rows = [self.table.current] if self.table.current is not None else []
        if reason := self._why_not(action, rows):
            self.dash.say(reason, bad=True)
            return
        self.work(partial(self._act, action, rows), f"act-{name}")

    async def _act(self, action: Action, rows: list[Row]) -> None:
        of_row: Callable[[Row], str] | None = getattr(self, f"not_{action.name}", None)
        if action.on == "rows" and of_row is not None:
            rows = [row for row in rows if not of_row(row)]
        if (
            action.asks
            and (action.always_asks or len(rows) > 1)
            and not await self.app.push_screen_wait(
                Confirm(_(action.asks).format(n=len(rows)), [self.name_of(row) for row in rows])
            )
        ):
            return
        do: Callable[[list[Row]], Awaitable[None]] = getattr(self, f"do_{action.name}")
        try:
            await do(rows)
        except Unreachable as error:
            self.dash.link.lost(str(error))
            self.dash.say(str(error), bad=True)
        except Refusal as error:
            self.dash.say(said(str(error)), bad=True)
        finally:
            self.progress("")
        self.load_soon()


def stacked(*parts: RenderableType) -> Group:
    """Put parts of a detail below each other."""
    return Group(*parts)


def facts(*pairs: tuple[str, object]) -> Text:
    """Write names and values below each other; values that are nothing are left out."""
    kept = [(name, value) for name, value in pairs if value not in (None, "", ())]
    width = max((len(name) for name, _value in kept), default=0)
    text = Text()
    for name, value in kept:
        text.append(f"{name:<{width}}  ", style="dim")
        text.append_text(value if isinstance(value, Text) else Text(shown(value, 1000).plain)).append("\n")
    return text


def heading(text: str) -> Text:
    """Write the heading of a part of a detail."""
    return Text(f"\n{text}", style="bold underline")


OPEN = N_("open")
