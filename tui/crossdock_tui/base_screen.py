"""What every screen of the dashboard shares: its lines above and below, hearing what changed, what its keys do and why not."""

from __future__ import annotations

from abc import abstractmethod
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.binding import Binding
from textual.screen import Screen

from crossdock.control.client import Refusal, Unreachable
from crossdock_tui.actions import Action, lacks, not_seen
from crossdock_tui.dialogs.confirm import Confirm
from crossdock_tui.dialogs.help import Help
from crossdock_tui.key_bar import KeyBar
from crossdock_tui.language import _, said
from crossdock_tui.link import ALL
from crossdock_tui.top_bar import Banner, TopBar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

    from crossdock_tui.app import Dashboard
    from crossdock_tui.paged_table import Row
    from crossdock_tui.remembered import View


class BaseScreen(Screen[None]):
    """Derive it: say how it is read, how it looks, what can be done on it. It has TopBar, Banner, #tabs, #why and KeyBar.

    GAP_S are seconds between two readings that events lead to, at least. OVER: it lies over another screen, escape leads back.
    RIGHT is needed to see anything of it.
    """

    SCREEN: ClassVar[str] = ""
    LABEL: ClassVar[str] = ""
    ABOUT: ClassVar[str] = ""
    TOPICS: ClassVar[frozenset[str]] = frozenset()
    ACTIONS: ClassVar[tuple[Action, ...]] = ()
    GAP_S: ClassVar[float] = 0.5
    OVER: ClassVar[bool] = False
    RIGHT: ClassVar[str] = ""
    OWN: ClassVar[tuple[Binding, ...]] = (
        Binding("r", "reload", show=False),
        Binding("question_mark", "help", show=False),
    )

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Bind the keys of the screen's actions; one key may do another thing on another tab."""
        keys = {each.key: Binding(each.key, f"act('{each.key}')", show=False) for each in cls.ACTIONS}
        cls.BINDINGS = [*cls.OWN, *keys.values()]
        super().__init_subclass__(**kwargs)

    def __init__(self) -> None:
        super().__init__()
        self.problem = ""
        self.loaded = False
        self._stale, self._waiting = True, False
        self._progress = ""

    # ---- what a screen says of itself

    @abstractmethod
    async def read(self) -> None:
        """Read what is shown, and show it. Raises Unreachable, Refusal."""

    def refused(self) -> None:
        """Called where the daemon refused to be read; `problem` says why."""

    def topics(self) -> frozenset[str]:
        """Return the topics of what is shown now."""
        return self.TOPICS

    def _say_tabs(self) -> None:
        """Say the screen's name, and what else stands in the line below the bar."""

    def _say_why(self) -> None:
        """Say what is to be known of the line under the cursor."""

    def take_up(self, view: View) -> None:
        """Show what another screen, or the last time, left to be shown."""

    def _meant(self) -> list[Row]:
        """Return the rows that an action means: those that are marked, else the one under the cursor."""
        return []

    def _one(self) -> list[Row]:
        """Return the row under the cursor, if there is one."""
        return []

    def _more_keys(self) -> Sequence[tuple[str, str, bool]]:
        """Return the keys that are said behind those of the actions."""
        return ()

    # ---- the parts

    @property
    def dash(self) -> Dashboard:
        """The application."""
        return cast("Dashboard", self.app)

    @property
    def actions(self) -> Sequence[Action]:
        """What can be done on what is shown now."""
        return self.ACTIONS

    @property
    def there(self) -> bool:
        """Tell whether the parts are there: they are not yet, or not any more, while it is opened or left."""
        return self.is_running and self.is_mounted and len(self.children) > 0

    def work(self, do: Callable[[], Coroutine[Any, Any, None]], group: str) -> None:
        """Let something go on beside the keys; what is new in a group takes the place of what is not done yet."""
        self.run_worker(cast("Any", do), group=group, exclusive=True)

    def on_screen_resume(self) -> None:
        """Show what changed while another screen was open."""
        if not self.OVER:
            self.dash.remembered.screen = self.SCREEN
        self.turned()
        if self._stale or not self.loaded:
            self.load_soon()

    # ---- reading

    def heard(self, topics: frozenset[str]) -> None:
        """Something changed: read it again, soon if it is seen, else when it is."""
        if topics == ALL or topics & self.topics():
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
        """A second went by: nothing that was to be read stays unread."""
        self.query_one(TopBar).tell()
        self.query_one(Banner).tell()
        self._say_why()
        self._say_keys()
        if self.dash.connected and (self._stale or not self.loaded) and not self._reads:
            self.load_soon()  # what was read while the screen was put together, or left, is made up for

    @property
    def _reads(self) -> bool:
        """Tell whether it is being read."""
        return any(each.node is self and each.group == "load" and not each.is_finished for each in self.workers)

    def problem_of_rights(self) -> str:
        """Say why nothing of it may be seen; nothing while it is not known who one is."""
        return not_seen(self.RIGHT, self.dash.link)

    def load_soon(self) -> None:
        """Read it, at most once in GAP_S seconds."""
        if not self._waiting:
            self._waiting = True
            self.set_timer(self.GAP_S if self.loaded else 0.001, self._load_now)

    def _load_now(self) -> None:
        self._waiting = False
        self.load()

    def load(self) -> None:
        """Read it now."""
        self._stale = False
        self.work(self._load, "load")

    async def _load(self) -> None:
        if self.problem_of_rights():
            self.problem = self.problem_of_rights()
            if self.there:
                self.refused()
            return
        try:
            await self.read()
        except Unreachable as error:
            self._stale = True
            self.dash.link.lost(str(error))
        except Refusal as error:
            self.problem = said(str(error))
            if self.there:
                self.refused()

    def relabel(self) -> None:
        """Say everything again, in another language."""
        self.load()

    def progress(self, text: str) -> None:
        """Say how far something long is."""
        self._progress = text
        if self.there:
            self._say_tabs()

    # ---- what keys do

    def _say_keys(self) -> None:
        """Say what the keys do here now."""
        rows = self._meant()
        keys = [(each.shown_key, _(each.label), not self._why_not(each, rows)) for each in self.actions]
        self.query_one(KeyBar).tell([*keys, *self._more_keys(), ("?", _("help"), True), ("q", _("quit"), True)])

    def action_reload(self) -> None:
        """Read it again, and try the daemon at once where it was away."""
        self.dash.link.try_now()
        self.load()

    def action_help(self) -> None:
        """Show what each key does here, and why some do nothing now."""
        rows = self._meant()
        keys = [(each.shown_key, _(each.label), self._why_not(each, rows)) for each in self.actions]
        self.app.push_screen(Help(_(self.LABEL), _(self.ABOUT), keys))

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

    def name_of(self, row: Row) -> str:
        """Return what a person calls the row; it is what `y` copies."""
        return row.key

    def action_act(self, key: str) -> None:
        """Do something to the row, or to what is marked; say why not where it may not be done."""
        action = next((each for each in self.actions if key in (each.key, each.name)), None)
        if action is None:
            return
        rows = self._one() if action.on == "row" else self._meant()
        if reason := self._why_not(action, rows):
            self.dash.say(reason, bad=True)
            return
        self.work(partial(self._act, action, rows), f"act-{action.name}")

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
