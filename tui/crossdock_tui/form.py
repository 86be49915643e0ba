"""Lines of a form: a text, a number, a choice, several of a list, a switch. Each is one row, moved through with the arrows."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, cast

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from crossdock_tui.dialogs.choose import Choose
from crossdock_tui.language import _
from crossdock_tui.typed_line import TypedLine
from crossdock_tui.words import shown

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from textual.app import ComposeResult

LABEL = 21
"""Cells of a label."""
VALUE = 400
"""Characters of a value that are shown, at most."""


class Wrong(Exception):
    """What stands in a line cannot be taken; the message says why, for a person."""


@dataclass(frozen=True)
class Offer:
    """What may be chosen: (code, name), and a note about it, as that it could not be asked for."""

    options: Sequence[tuple[str, str]]
    note: str = ""


class Field(Horizontal):
    """A line of a form. `name` is that of the record's field, `hint` says what it means, `extra` that no record has it."""

    class Changed(Message):
        """A person put another value into a line."""

        def __init__(self, field: Field) -> None:
            super().__init__()
            self.field = field

    def __init__(self, name: str, label: str, *, hint: str = "", fixed: bool = False, extra: bool = False) -> None:
        super().__init__(name=name, classes="field")
        self.key, self.label, self.hint, self.fixed, self.extra = name, label, hint, fixed, extra

    @property
    @abstractmethod
    def value(self) -> Any:
        """What stands in it. Raises Wrong."""

    @abstractmethod
    def put(self, value: Any) -> None:
        """Let something stand in it; nobody is told."""

    def say(self, value: Any) -> Text:
        """Write a value as it is shown, here and where two are compared."""
        return shown("—" if value in (None, "") else value, VALUE)

    def explain(self) -> str:
        """Say what it means, or what the value that stands in it means."""
        return self.hint

    def again(self) -> None:
        """Write the value again: what it is called may be known by now."""

    @abstractmethod
    def line(self) -> Input | Line:
        """The part of it that has the focus."""

    def compose(self) -> ComposeResult:
        """Show the label and the value."""
        yield Static(Text(self.label, style="dim", no_wrap=True, overflow="ellipsis"), classes="label")
        yield self.line()


class TextField(Field):
    """A line in which one types. `check` says what is wrong with a text, or nothing; an empty one is None where `empty_is_none`."""

    def __init__(
        self,
        name: str,
        label: str,
        *,
        check: Callable[[str], str] | None = None,
        empty_is_none: bool = False,
        most: int = 60,
        **more: Any,
    ) -> None:
        super().__init__(name, label, **more)
        self._check, self._none = check, empty_is_none
        self._input = TypedLine(compact=True, max_length=most, select_on_focus=False, disabled=self.fixed)
        self._original: object = None

    def line(self) -> Input:
        """The line that is typed in."""
        return self._input

    @property
    def value(self) -> Any:
        """What is typed; what was put in and not changed stays as it was."""
        if self.fixed or (self._original and self._input.value == shown(self._original, VALUE).plain):
            return self._original
        text = self._input.value.strip()
        if self._check is not None and (problem := self._check(text)):
            raise Wrong(f"{self.label}: {problem}")
        return None if not text and self._none else text

    @property
    def typed(self) -> str:
        """What is typed, right or wrong."""
        return self._input.value.strip()

    def put(self, value: Any) -> None:
        """Show a text; signs that a terminal would obey are shown, not kept from the daemon."""
        self._original = value
        with self._input.prevent(Input.Changed):
            self._input.value = shown("" if value is None else value, VALUE).plain

    def on_input_changed(self, event: Input.Changed) -> None:
        """Tell it."""
        event.stop()
        self.post_message(self.Changed(self))


class NumberField(TextField):
    """A line for a whole number; an empty one is `empty`."""

    def __init__(self, name: str, label: str, *, least: int = 0, most: int, empty: int | None = 0, **more: Any) -> None:
        super().__init__(name, label, most=8, **more)
        self._least, self._largest, self._empty = least, most, empty

    @property
    def value(self) -> Any:
        """The number. Raises Wrong."""
        text = self._input.value.strip()
        if not text:
            return self._empty
        if not (text.isascii() and text.isdigit() and self._least <= int(text) <= self._largest):
            wanted = _("a whole number from {least} to {most}").format(least=self._least, most=self._largest)
            raise Wrong(f"{self.label}: {wanted}")
        return int(text)


class Line(Static, can_focus=True):
    """A value that is changed by a key, not by typing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "change", show=False),
        Binding("left", "step(-1)", show=False),
        Binding("right", "step(1)", show=False),
    ]

    def action_change(self) -> None:
        """Change it."""
        cast("PickField", self.parent).change()

    def action_step(self, step: int) -> None:
        """Go to the next value where there are few."""
        cast("PickField", self.parent).step(step)


class PickField(Field):
    """A line whose value is changed by a key."""

    def __init__(self, name: str, label: str, **more: Any) -> None:
        super().__init__(name, label, **more)
        self._value: Any = None
        self._line = Line(classes="value")
        self._line.can_focus = not self.fixed

    def line(self) -> Line:
        """The value."""
        return self._line

    @property
    def value(self) -> Any:
        """What is chosen."""
        return self._value

    def put(self, value: Any) -> None:
        """Show a value."""
        self._value = value
        self._line.update(self._text())

    def on_mount(self) -> None:
        """Show the value that was put in before."""
        self._line.update(self._text())

    def again(self) -> None:
        """Write the value again."""
        self._line.update(self._text())

    def _text(self) -> Text:
        text = self.say(self._value)
        text.no_wrap, text.overflow = True, "ellipsis"
        return text

    def take(self, value: Any) -> None:
        """Take another value, and tell it."""
        if value != self._value:
            self.put(value)
            self.post_message(self.Changed(self))

    def change(self) -> None:
        """Change it."""

    def step(self, step: int) -> None:
        """Go to the next value, where that makes sense."""


class SwitchField(PickField):
    """Yes or no. `texts` are what it says for each."""

    def __init__(self, name: str, label: str, *, yes: str = "", no: str = "", **more: Any) -> None:
        super().__init__(name, label, **more)
        self._texts = {True: yes or _("yes"), False: no or _("no")}

    def say(self, value: Any) -> Text:
        """Write it as a box with a word."""
        return shown(f"{'[x]' if value else '[ ]'} {self._texts[bool(value)]}")

    def change(self) -> None:
        """Turn it over."""
        self.take(not self._value)

    def step(self, step: int) -> None:  # noqa: ARG002 - both ways lead to the other one
        """Turn it over."""
        self.change()


class ChoiceField(PickField):
    """One of a list. `options` are (code, name); left and right go through them, enter lists them."""

    def __init__(
        self,
        name: str,
        label: str,
        options: Sequence[tuple[Any, str]] = (),
        *,
        explained: dict[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(name, label, **more)
        self.options = list(options)
        self.explained = explained or {}

    def say(self, value: Any) -> Text:
        """Write the name of what is chosen."""
        return shown(dict(self.options).get(value) or (value if value is not None else "—"), VALUE)

    def explain(self) -> str:
        """Say what the chosen one means."""
        return self.explained.get(self._value, self.hint)

    def step(self, step: int) -> None:
        """Go to the next one."""
        codes = [code for code, _name in self.options]
        if codes:
            at = codes.index(self._value) + step if self._value in codes else 0
            self.take(codes[at % len(codes)])

    def change(self) -> None:
        """List them."""
        self.run_worker(cast("Any", self._ask), exclusive=True)

    async def _ask(self) -> None:
        keys = {str(code): code for code, _name in self.options}
        named = [
            (str(code), self.explained.get(code, name) if code is not None else name) for code, name in self.options
        ]
        if chosen := await self.app.push_screen_wait(Choose(self.label, named)):
            self.take(keys[chosen[0]])


class OfferedField(PickField):
    """One of what somebody else offers, asked for when it is opened; what is not offered may be typed."""

    def __init__(
        self, name: str, label: str, ask: Callable[[], Awaitable[Offer]], *, empty_is_none: bool = False, **more: Any
    ) -> None:
        super().__init__(name, label, **more)
        self._ask_for, self._none = ask, empty_is_none

    def change(self) -> None:
        """Ask what is offered, and let one be chosen or typed."""
        self.run_worker(cast("Any", self._ask), exclusive=True)

    async def _ask(self) -> None:
        offer = await self._ask_for()
        nothing = [("", _("nothing"))] if self._none else []
        chosen = await self.app.push_screen_wait(
            Choose(self.label, [*nothing, *offer.options], free=True, note=offer.note)
        )
        if chosen:
            self.take(chosen[0] or None if self._none else chosen[0])


class ManyField(PickField):
    """Several of what somebody else offers; None: any. Left and right tick the condition or take it off.

    `ordered`: the order counts and there is no "any".
    """

    def __init__(
        self,
        name: str,
        label: str,
        ask: Callable[[], Awaitable[Offer]],
        *,
        ordered: bool = False,
        free: bool = True,
        **more: Any,
    ) -> None:
        super().__init__(name, label, **more)
        self._ask_for, self._ordered, self._free = ask, ordered, free

    def say(self, value: Any) -> Text:
        """Write what is chosen, in its order where that counts."""
        if value is None:
            return shown(_("[ ] any"))
        named = (f"{n}. {each}" for n, each in enumerate(value, 1)) if self._ordered else value
        text = ", ".join(str(each) for each in named)
        return shown(text or _("none")) if self._ordered else shown(f"[x] {text or _('none is chosen')}", VALUE)

    def change(self) -> None:
        """Ask what is offered, and let several be chosen; none chosen is any again."""
        self.run_worker(cast("Any", self._ask), exclusive=True)

    def step(self, step: int) -> None:  # noqa: ARG002 - there is one way to "any"
        """Take the condition off."""
        if not self._ordered:
            self.take(None)

    async def _ask(self) -> None:
        offer = await self._ask_for()
        chosen = await self.app.push_screen_wait(
            Choose(
                self.label, offer.options, many=True, chosen=self._value or (), free=self._free, ordered=self._ordered,
                note=offer.note,
            )
        )  # fmt: skip
        if chosen is not None:
            self.take(tuple(chosen) if chosen or self._ordered else None)
