"""A form over the whole screen: lines on one side, what they would do on the other; saved at the revision that was read."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

import msgspec
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.widgets import Input, Static

from crossdock.control.client import Refusal, Unreachable
from crossdock_tui.dialogs.confirm import Confirm
from crossdock_tui.dialogs.dialog import Dialog
from crossdock_tui.dialogs.meanwhile import Compared, Meanwhile
from crossdock_tui.form import Field, Wrong
from crossdock_tui.language import _, said
from crossdock_tui.link import ALL
from crossdock_tui.list_screen import WIDE
from crossdock_tui.words import sentence, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType
    from textual import events
    from textual.app import ComposeResult
    from textual.timer import Timer

    from crossdock.control.client import Client
    from crossdock_tui.app import Dashboard

R = TypeVar("R", bound=msgspec.Struct)

PREVIEW_S = 0.4
"""Seconds that nothing is changed before it is looked at what the draft would do."""
LIVE_S = 2.0
"""Seconds between what happens elsewhere and the next look at what the draft would do."""


class FormScreen(Dialog[R], Generic[R]):
    """Derive it: say which lines there are, how a record is read and saved, and what a draft would do.

    `base` is the record as it was read; its revision is 0 where it is a new one. Returns what was saved; None: it was left.
    """

    TITLE_NEW: ClassVar[str] = ""
    TITLE_CHANGE: ClassVar[str] = ""
    TOPICS: ClassVar[frozenset[str]] = frozenset({"book"})
    PREVIEWS: ClassVar[bool] = False

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", show=False, priority=True),
        Binding("down,tab", "walk(1)", show=False, priority=True),
        Binding("up,shift+tab", "walk(-1)", show=False, priority=True),
        Binding("pagedown", "scroll_side(1)", show=False, priority=True),
        Binding("pageup", "scroll_side(-1)", show=False, priority=True),
    ]

    def __init__(self, base: R) -> None:
        super().__init__()
        self.base = base
        self.fields: tuple[Field, ...] = ()
        self.previewed = 0
        self._stale_note = ""
        self._timer: Timer | None = None
        self._at: Field | None = None
        self._begun: dict[str, object] = {}
        self._touched: set[str] = set()

    # ---- what a form says of itself

    @abstractmethod
    def lines(self) -> Sequence[Field]:
        """Make the lines."""

    @abstractmethod
    async def save(self, client: Client, draft: R) -> R:
        """Save it at its revision. Raises Unreachable, Refusal."""

    async def read(self, client: Client, draft: R) -> R:
        """Read what is saved under its name now. Raises Unreachable, Refusal."""
        raise NotImplementedError  # a form that only makes new things never reads one

    async def prepare(self, client: Client) -> None:
        """Read what the lines need. Raises Unreachable, Refusal."""

    async def preview(self, client: Client, draft: R) -> RenderableType:  # noqa: ARG002 - what a derived form gets
        """Show what the draft would do. Raises Unreachable, Refusal, Wrong."""
        return Text()

    def suit(self) -> None:
        """Show the lines that count with the values that stand in the others."""

    @abstractmethod
    def saved_text(self, saved: R) -> str:
        """Say that it is saved."""

    def warn(self, draft: R) -> str:  # noqa: ARG002 - what a derived form gets
        """Say what is dangerous about saving this draft; it is asked about before."""
        return ""

    # ---- the parts

    @property
    def dash(self) -> Dashboard:
        """The application."""
        return cast("Dashboard", self.app)

    @property
    def is_new(self) -> bool:
        """Tell whether nothing is saved under its name yet."""
        return not getattr(self.base, "revision", 0)

    def compose(self) -> ComposeResult:
        """Put the parts together."""
        with Vertical(id="form"):
            yield Static(id="form-title")
            with Container(id="form-body"):
                with VerticalScroll(id="form-lines", can_focus=False):
                    self.fields = tuple(self.lines())
                    yield from self.fields
                with VerticalScroll(id="form-side", can_focus=False):
                    yield Static(Text(_("reading …"), style="dim"), id="form-side-text")
            yield Static(id="form-hint")
            yield Static(id="form-wrong")
            yield Static(id="form-keys")

    async def on_mount(self) -> None:
        """Fill the lines, then look at what they would do."""
        self._arrange()
        self._fill(self.base)
        self.suit()
        self._begun = self._values()
        self._say()
        first = next((field for field in self.fields if not field.fixed), None)
        if first is not None:
            first.line().focus()
        self.run_worker(cast("Any", self._prepare), group="prepare", exclusive=True)

    def on_resize(self) -> None:
        """Put the side beside the lines where there is room, else below them."""
        self._arrange()

    def _arrange(self) -> None:
        self.query_one("#form").set_class(self.size.width >= WIDE - 20, "wide")
        self.query_one("#form-side").display = self.PREVIEWS

    async def _prepare(self) -> None:
        try:
            await self.prepare(self.dash.client)
        except (Unreachable, Refusal) as error:
            self.wrong(said(str(error)))
        if not self.is_running:
            return
        for field in self.fields:
            field.again()
        self.suit()
        self._begun |= {key: value for key, value in self._values().items() if key not in self._touched}
        self._say()
        self.preview_soon(0.01)

    def field(self, key: str) -> Field:
        """Return a line by its name."""
        return next(field for field in self.fields if field.key == key)

    def _fill(self, record: R) -> None:
        for field in self.fields:
            if not field.extra:
                field.put(getattr(record, field.key))

    @staticmethod
    def _value(field: Field) -> object:
        try:
            return field.value
        except Wrong as problem:
            return problem

    def _values(self) -> dict[str, object]:
        return {field.key: self._value(field) for field in self.fields if not field.extra}

    def draft(self) -> R:
        """Return the record as the lines say it. Raises Wrong."""
        return msgspec.structs.replace(self.base, **{each.key: each.value for each in self.fields if not each.extra})

    def tried(self) -> R:
        """Return what is looked at before it is saved: the draft, also where it could not be saved yet. Raises Wrong."""
        return self.draft()

    def _say(self) -> None:
        title = _(self.TITLE_NEW) if self.is_new else _(self.TITLE_CHANGE)
        line = Text(f" {title} ", style="bold")
        if not self.is_new:
            line.append(f" r{getattr(self.base, 'revision', 0)}", style="dim")
        if self._stale_note:
            line.append(f"  {self._stale_note}", style="bold yellow")
        self.query_one("#form-title", Static).update(line)
        at = self._at
        self.query_one("#form-hint", Static).update(sentence(said(at.explain()) if at is not None else "", "dim"))
        keys = [_("↑ ↓ move"), _("⏎ change"), _("ctrl+s save"), _("esc leave")]
        if self.PREVIEWS:
            keys.append(_("pgup pgdn scroll below"))
        self.query_one("#form-keys", Static).update(Text(" · ".join(keys), style="dim", no_wrap=True))

    def wrong(self, text: str) -> None:
        """Say what is wrong; nothing takes it away."""
        line = self.query_one("#form-wrong", Static)
        line.display = bool(text)
        line.update(sentence(text, "bold red"))

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Say what the line means on which the person is."""
        self._at = next((field for field in self.fields if field.line() is event.widget), None)
        self._say()

    def on_field_changed(self, event: Field.Changed) -> None:
        """Look at what it would do now."""
        self._touched.add(event.field.key)
        self.suit()
        self.wrong("")
        self._say()
        self.preview_soon()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go on to the next line."""
        event.stop()
        self.action_walk(1)

    def action_walk(self, step: int) -> None:
        """Go to another line."""
        walked = [field.line() for field in self.fields if not field.fixed and field.display]
        at = next((number for number, line in enumerate(walked) if line is self.focused), None)
        walked[0 if at is None else (at + step) % len(walked)].focus()

    def action_scroll_side(self, step: int) -> None:
        """Scroll what it would do."""
        side = self.query_one("#form-side", VerticalScroll)
        side.scroll_relative(y=step * max(1, side.size.height - 1), animate=False)

    # ---- what it would do

    def heard(self, topics: frozenset[str]) -> None:
        """Something changed elsewhere: look again, and say so where it was this entry."""
        about_it = topics == ALL or bool(topics & self.TOPICS)
        if about_it and self._timer is None:  # what happens all the time never puts off what is waited for
            self.preview_soon(LIVE_S)
        if (topics == ALL or "book" in topics) and not self.is_new:
            self.run_worker(cast("Any", self._look_meanwhile), group="meanwhile", exclusive=True)

    async def _look_meanwhile(self) -> None:
        try:
            theirs = await self.read(self.dash.client, self.base)
        except Unreachable:
            return
        except Refusal as error:
            if error.code != "not_found":
                return
            self._stale_note = _("somebody removed it meanwhile; ctrl+s asks what to do")
        else:
            changed = getattr(theirs, "revision", 0) != getattr(self.base, "revision", 0)
            self._stale_note = _("somebody changed it meanwhile; ctrl+s shows both") if changed else ""
        if self.is_running:
            self._say()

    def preview_soon(self, seconds: float = PREVIEW_S) -> None:
        """Look at what the draft would do, once nothing was changed for a moment."""
        if not self.PREVIEWS or not self.is_running:
            return
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(seconds, self._preview_now)

    def _preview_now(self) -> None:
        self._timer = None
        self.run_worker(cast("Any", self._preview), group="preview", exclusive=True)

    async def _preview(self) -> None:
        try:
            found = await self.preview(self.dash.client, self.tried())
        except Wrong as problem:
            found = sentence(str(problem), "yellow")
        except Unreachable as error:
            found = sentence(said(str(error)), "bold red")
        except Refusal as error:
            found = sentence(said(str(error)), "yellow")
        if self.is_running:
            self.query_one("#form-side-text", Static).update(found)
            self.previewed += 1

    # ---- saving and leaving

    def action_leave(self) -> None:
        """Leave, after asking where something would be lost."""
        self.run_worker(cast("Any", self._leave), group="leave", exclusive=True)

    async def _leave(self) -> None:
        if (
            not self._touched
            or self._values() == self._begun
            or await self.app.push_screen_wait(Confirm(_("Leave it without saving what you changed?")))
        ):
            self.dismiss(None)

    def action_save(self) -> None:
        """Save it."""
        self.run_worker(cast("Any", self._save), group="save", exclusive=True)

    async def _save(self) -> None:
        try:
            saved = await self._saved(self.draft())
        except Wrong as problem:
            self.wrong(str(problem))
        except Unreachable as error:
            self.dash.link.lost(str(error))
            self.wrong(said(str(error)))
        except Refusal as error:
            self.wrong(said(str(error)))
        else:
            if saved is not None:
                self.dash.say(self.saved_text(saved))
                for text in getattr(saved, "warnings", ()):
                    self.dash.say(said(text), bad=True)
                self.dismiss(saved)

    async def _saved(self, draft: R) -> R | None:
        """Save it, for as long as somebody else was faster and the person wants theirs on top. None: it has to wait."""
        warning = self.warn(draft)
        if warning and not await self.app.push_screen_wait(Confirm(_("Save it?"), warning=shown(warning, 600).plain)):
            return None
        wanted: R | None = draft
        while wanted is not None:
            saved = await self._save_at_revision(wanted)
            if saved is not None:
                return saved
            wanted = await self._meanwhile(wanted)
        return None

    async def _save_at_revision(self, draft: R) -> R | None:
        try:
            return await self.save(self.dash.client, draft)
        except Refusal as error:
            if error.code != "changed_meanwhile":
                raise
            return None

    async def _meanwhile(self, draft: R) -> R | None:
        """Show what somebody else saved beside mine. Returns what to save instead; None where that has to wait."""
        try:
            theirs: R | None = await self.read(self.dash.client, draft)
        except Refusal as error:
            if error.code != "not_found":
                raise
            theirs = None
        compared = [] if theirs is None else self._compare(draft, theirs)
        answer = await self.app.push_screen_wait(Meanwhile(compared, new=self.is_new, removed=theirs is None))
        if answer is None:
            return None
        if theirs is None:
            if answer == "theirs":
                self.dismiss(None)
                return None
            return msgspec.structs.replace(draft, revision=0)
        if answer == "theirs":
            self._take(theirs, theirs)
            return None
        kept = {each.key: each.mine for each in compared if each.wins}
        merged = msgspec.structs.replace(theirs, **kept)
        self._take(theirs, merged)
        return merged

    def _compare(self, draft: R, theirs: R) -> list[Compared]:
        """Name the lines that somebody else or I changed; of a new one every line is mine."""
        found = []
        for field in self.fields:
            if field.extra:
                continue
            was, mine, other = (getattr(record, field.key) for record in (self.base, draft, theirs))
            if mine != other:
                wins = self.is_new or mine != was
                found.append(
                    Compared(
                        key=field.key, label=field.label, was=field.say(was), theirs=field.say(other),
                        mine=mine, mine_shown=field.say(mine), wins=wins, both=wins and other != was,
                    )
                )  # fmt: skip
        return found

    def _take(self, base: R, values: R) -> None:
        self.base = base
        self._stale_note = ""
        self._touched.clear()
        self._fill(base)
        self._begun = self._values()
        self._fill(values)
        self.suit()
        self._say()
        self.preview_soon(0.01)
