"""The first screen: is it well, what is wrong, where do orders stand, what happens now; every line leads to where it is mended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import OptionList, Sparkline, Static

from crossdock_tui.base_screen import BaseScreen
from crossdock_tui.key_bar import KeyBar
from crossdock_tui.language import N_, _
from crossdock_tui.line_list import Line, LineList
from crossdock_tui.screens import home_lines
from crossdock_tui.screens.home_lines import Found
from crossdock_tui.top_bar import Banner, TopBar
from crossdock_tui.words import sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

WIDE = 120
"""Cells from which on there are two lists beside each other."""
TOP = 5
"""Tasks that are shown, at most."""
EVERY = 10
"""Ticks between two readings though nothing is heard: the trend goes on by itself."""
SERIES = (("orders", N_("orders/min")), ("pushed", N_("pushed")), ("failed", N_("failed")))


class Home(BaseScreen):
    """Dashboard."""

    SCREEN = "home"
    LABEL = N_("Dashboard")
    ABOUT = N_("is it well, what is wrong, what happens now; ⏎ goes to where a line is mended")
    TOPICS = frozenset(
        {"orders", "tasks", "connections", "incidents", "throttles", "quarantine", "operations", "documents"}
    )
    GAP_S: ClassVar[float] = 1.0
    OWN = (
        *BaseScreen.OWN,
        Binding("right,tab,right_square_bracket", "side(1)", show=False, priority=True),
        Binding("left,shift+tab,left_square_bracket", "side(0)", show=False, priority=True),
    )

    def __init__(self) -> None:
        super().__init__()
        self._found: Found | None = None
        self._ticks = 0

    def compose(self) -> ComposeResult:
        """Put the parts together."""
        yield TopBar()
        yield Banner()
        yield Static(id="tabs")
        with Horizontal(id="trends"):
            for name, _label in SERIES:
                with Vertical():
                    yield Static(id=f"{name}-label")
                    yield Sparkline([], id=f"{name}-line")
        with Horizontal(id="body"):
            yield LineList(id="left")
            yield LineList(id="right")
        yield Static(id="why")
        yield KeyBar()

    def on_mount(self) -> None:
        """Begin above."""
        self.query_one("#left").focus()
        self._say_tabs()
        self._say_keys()

    def on_resize(self) -> None:
        """Have two lists where there is room."""
        self.query_one("#right").display = self._wide
        if not self._wide:
            self.query_one("#left").focus()
        self.call_after_refresh(self._show)

    @property
    def _wide(self) -> bool:
        return self.size.width >= WIDE

    @property
    def current(self) -> Line | None:
        """The line under the cursor."""
        here = self.query_one("#right", LineList)
        return (here if here.has_focus else self.query_one("#left", LineList)).current

    # ---- reading

    async def read(self) -> None:
        """Read everything of which there is a line."""
        client = self.dash.client
        self.dash.status = status = await client.status()
        self._found = Found(
            status,
            await client.trends(),
            (await client.throttles()).items,
            (await client.tasks(state="running", limit=TOP)).items,
        )
        self.problem, self.loaded = "", True
        if self.there:
            self._show()

    def refused(self) -> None:
        """Say why there is nothing."""
        self.loaded = True
        self._say_why()

    def tick(self) -> None:
        """Let the countdowns go on."""
        super().tick()
        self._ticks += 1
        if self.dash.connected and self._ticks % EVERY == 0:
            self.load_soon()
        self._show()

    def relabel(self) -> None:
        """Say everything again."""
        self._show()
        self._say_keys()

    def _show(self) -> None:
        if self._found is None or not self.there:
            return
        now = self.dash.link.now()
        left, right = home_lines.left(self._found, now), home_lines.right(self._found, now)
        if self._wide:
            self.query_one("#left", LineList).tell(left)
            self.query_one("#right", LineList).tell(right)
        else:
            self.query_one("#left", LineList).tell([*left, *right])
        for name, label in SERIES:
            counts: Sequence[int] = getattr(self._found.trend, name)
            line = Text(f"{_(label)} ", style="bold").append(f"{counts[-1] if counts else 0}", style="bold cyan")
            line.append(" · " + _("{n} an hour").format(n=f"{sum(counts):,}"), style="dim")
            self.query_one(f"#{name}-label", Static).update(line)
            self.query_one(f"#{name}-line", Sparkline).data = [float(count) for count in counts]
        self._say_tabs()
        self._say_why()
        self._say_keys()

    # ---- what is said

    def _say_tabs(self) -> None:
        line = Text(f" {_(self.LABEL)} ", style="bold", no_wrap=True, overflow="ellipsis")
        if self._found is not None:
            line.append(f"  {_(self._found.status.level)}", style="bold" if self._found.status.why else "green")
        self.query_one("#tabs", Static).update(line)

    def _say_why(self) -> None:
        line = self.current
        if self.problem:
            text = sentence(self.problem, "bold red")
        elif line is None:
            text = Text("" if self.loaded else _("reading …"), style="dim")
        else:
            text = line.why.copy()
            if line.jump is not None:
                text.append("\n⏎ " + self._leads(line), style="bold")
        self.query_one("#why", Static).update(text)

    def _leads(self, line: Line) -> str:
        assert line.jump is not None
        labels = dict(self.dash.numbered())
        where = _("shows it on the screen {name}").format(name=_(labels.get(line.jump.screen, line.jump.screen)))
        return f"{where} ({line.jump.filter})" if line.jump.filter else where

    def _more_keys(self) -> Sequence[tuple[str, str, bool]]:
        line = self.current
        return [("⏎", _("go there"), line is not None and line.jump is not None), ("↑↓", _("move"), True)]

    # ---- what keys do

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Say what the line is about."""
        event.stop()
        self._say_why()
        self._say_keys()

    def on_descendant_focus(self, _event: Any) -> None:
        """Say what the line of the other list is about."""
        self._say_why()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Go to where the line is mended."""
        event.stop()
        if (line := self.current) is None or line.jump is None:
            return
        to = line.jump
        self.dash.jump(to.screen, tab=to.tab, filter=to.filter, row=to.row)

    def action_side(self, right: int) -> None:
        """Go to the other list."""
        if self._wide:
            self.query_one("#right" if right else "#left").focus()
