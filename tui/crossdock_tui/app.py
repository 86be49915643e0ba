"""The dashboard itself: its screens, the daemon behind them, language and theme, and what the palette offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import events
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.command import CommandPalette

from crossdock.control.client import Refusal, Unreachable
from crossdock_tui import language, remembered
from crossdock_tui.actions import not_seen
from crossdock_tui.base_screen import BaseScreen
from crossdock_tui.colours import Colourless, Legible
from crossdock_tui.dialogs.results import Results
from crossdock_tui.form_screen import FormScreen
from crossdock_tui.key_order import InOrder
from crossdock_tui.language import LANGUAGES, _
from crossdock_tui.link import ALL, Link, State
from crossdock_tui.screens.catalogue import MORE, NUMBERED
from crossdock_tui.typed_line import pasted
from crossdock_tui.words import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from textual.filter import LineFilter
    from textual.notifications import SeverityLevel
    from textual.screen import Screen

    from crossdock.control.client import Client
    from crossdock.control.records.daemon import Status
    from crossdock.env import Env

STATUS_EVERY_S = 5.0
"""Seconds between two looks at how the daemon is."""
PALETTE = "--command-palette"
"""What Textual calls its palette, by which it sees that it is open."""
THEMES = {"dark": "textual-dark", "light": "textual-light"}


class Dashboard(InOrder):
    """Shows what the daemon does. `client` is entered and left here; `memory` is the file of what is remembered, or None."""

    CSS_PATH = "crossdock.tcss"
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    TITLE = "crossdock"
    MODES: ClassVar[dict[str, Callable[[], Screen[None]]]] = {  # type: ignore[assignment]  # Textual takes what makes a screen
        each.SCREEN: each for each in (*NUMBERED, *MORE)
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(number), f"go('{each.SCREEN}')", show=False) for number, each in enumerate(NUMBERED, 1)),
        Binding("colon,ctrl+p", "command_palette", show=False),
        Binding("q", "quit", show=False),
    ]

    def __init__(
        self, client: Client, env: Env, *, memory: Path | None = None, first: str = "", tongue: str = ""
    ) -> None:
        super().__init__(env)
        self.client = client
        self._memory = memory
        self._legible: tuple[LineFilter, ...] = (Colourless(),) if self.no_color else (Legible(),)
        self.remembered = remembered.Remembered() if memory is None else remembered.load(memory)
        language.use(self.remembered.language or tongue or "en")
        self.link = Link(client, env, self._heard, self._turned)
        self.status: Status | None = None
        self.seen = False
        self.sought: dict[str, str] = {}
        self._first = first or self.remembered.screen or NUMBERED[0].SCREEN

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return what every line goes through: with NO_COLOR nothing else makes or keeps a colour."""
        return self._legible if self.no_color else (*super().get_line_filters(), *self._legible)

    # ---- the daemon

    @property
    def connected(self) -> bool:
        """Tell whether the daemon is there."""
        return self.link.state is State.CONNECTED

    @property
    def level(self) -> str:
        """How the daemon is: ok, warning, critical; nothing while that is not known."""
        return self.status.level if self.status is not None and self.connected else ""

    def problem_count(self) -> str:
        """Say how many reasons there are that the daemon is not well."""
        return f"({len(self.status.reasons)})" if self.status is not None and self.status.reasons else ""

    async def on_mount(self) -> None:
        """Open the first screen and begin to listen."""
        await self.client.__aenter__()
        self.theme = THEMES.get(self.remembered.theme, THEMES["dark"])
        self.switch_mode(self._first if self._first in self.MODES else NUMBERED[0].SCREEN)
        self.run_worker(cast("Any", self.link.run), group="link", exclusive=True)
        self.run_worker(cast("Any", self._watch), group="status", exclusive=True)
        self.set_interval(1.0, self._tick)

    async def on_unmount(self) -> None:
        """Let go of the daemon, and remember how everything was left."""
        await self.client.__aexit__(None, None, None)
        self.remember()

    async def on_event(self, event: events.Event) -> None:
        """Let nothing be pasted that a terminal would obey."""
        await super().on_event(events.Paste(pasted(event.text)) if isinstance(event, events.Paste) else event)

    def remember(self) -> None:
        """Write down what is remembered."""
        if self._memory is not None:
            remembered.save(self._memory, self.remembered)

    async def _watch(self) -> None:
        while True:
            if self.connected:
                try:
                    self.status = await self.client.status()
                    self.link.is_now(self.status.now)
                except Unreachable as error:
                    self.link.lost(str(error))
                except Refusal:
                    self.status = None
                self._each(lambda screen: screen.tick())
            await self.env.sleep(STATUS_EVERY_S if self.status is not None else 0.5)

    def _heard(self, topics: frozenset[str]) -> None:
        self._each(lambda screen: screen.heard(topics), current_only=False)
        for stack in self._screen_stacks.values():
            for screen in stack:
                if isinstance(screen, FormScreen) and screen.is_mounted:
                    screen.heard(topics)

    def _turned(self) -> None:
        self._each(lambda screen: screen.turned())
        if self.connected:
            self.seen = True
            self._each(lambda screen: screen.heard(ALL), current_only=False)

    def _tick(self) -> None:
        self._each(lambda screen: screen.tick())

    def _each(self, do: Callable[[BaseScreen], None], *, current_only: bool = True) -> None:
        for stack in self._screen_stacks.values():
            for screen in stack:
                if isinstance(screen, BaseScreen) and screen.there and (screen.is_current or not current_only):
                    do(screen)

    # ---- going round

    def numbered(self) -> Sequence[tuple[str, str]]:
        """Name the screens that number keys reach, with their short labels."""
        return [(each.SCREEN, each.LABEL) for each in NUMBERED]

    def action_go(self, name: str) -> None:
        """Go to a screen."""
        self.switch_mode(name)

    def jump(self, name: str, *, tab: str | None = None, filter: str = "", row: str = "") -> None:  # noqa: A002 - what it is called
        """Go to a screen, and have it show a tab with a filter, the cursor on a row."""
        self.sought[name] = row
        view = self.remembered.view(name)
        view.tab, view.filter = tab, filter
        before = self._screen_stacks.get(name)
        self.switch_mode(name)
        for screen in before or ():  # one that was not open yet takes it up as it opens
            if isinstance(screen, BaseScreen) and name == screen.SCREEN:
                screen.take_up(view)

    def get_system_commands(self, screen: Screen[None]) -> Iterable[SystemCommand]:  # noqa: ARG002 - Textual's signature
        """Offer every screen, the languages, the themes; of a screen that one may not see, why not."""
        for each in (*NUMBERED, *MORE):
            if problem := not_seen(each.RIGHT, self.link):
                yield SystemCommand(_(each.LABEL), problem, lambda text=problem: self.say(text, bad=True))
            else:
                yield SystemCommand(_(each.LABEL), _(each.ABOUT), lambda name=each.SCREEN: self.action_go(name))
        for code, name in LANGUAGES.items():
            yield SystemCommand(name, _("speak {name}").format(name=name), lambda code=code: self.speak(code))
        for name in THEMES:
            label = {"dark": _("Dark"), "light": _("Light")}[name]
            yield SystemCommand(label, _("change the colours"), lambda name=name: self.paint(name))
        yield SystemCommand(_("Quit"), _("leave the dashboard; the daemon goes on"), self.exit)

    def action_command_palette(self) -> None:
        """Open the palette, in the language that is spoken."""
        if not CommandPalette.is_open(cast("Any", self)):
            self.push_screen(CommandPalette(id=PALETTE, placeholder=_("search for a screen, a language, colours")))

    def speak(self, code: str) -> None:
        """Speak another language from now on."""
        language.use(code)
        self.remembered.language = code
        self.remember()
        self._each(lambda screen: screen.relabel(), current_only=False)

    def paint(self, name: str) -> None:
        """Change the colours."""
        self.theme = THEMES[name]
        self.remembered.theme = name
        self.remember()

    # ---- telling people

    def say(self, text: str, *, bad: bool = False) -> None:
        """Say a sentence for a moment."""
        severity: SeverityLevel = "warning" if bad else "information"
        self.notify(shown(text, 400).plain, title="!" if bad else "", severity=severity, markup=False, timeout=8)

    def report(self, title: str, results: Sequence[tuple[str, bool, str]]) -> None:
        """Say what became of each: of one row for a moment, of several in a list."""
        if len(results) == 1:
            name, done, text = results[0]
            self.say(f"{name}: {language.said(text)}", bad=not done)
        elif results:
            self.push_screen(Results(title, results))
        else:
            self.say(f"{title}: {_('there was nothing to do')}")
