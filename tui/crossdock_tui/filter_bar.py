"""The line in which a filter is typed: words like `warehouse:WH-1 state:push_failed`, and one free text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from crossdock_tui.language import _
from crossdock_tui.typed_line import TypedLine
from crossdock_tui.words import sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult

_WORD = re.compile(r'(?:\w+:"(?:[^"\\]|\\.)*"|\S)+', re.DOTALL)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_HIDING = re.compile(r'["\\]')
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True)
class Filter:
    """A word that a filter may hold: its name for the daemon, and the values it takes (none: any). "text" is the free text.

    `check` says what is wrong with a value, or nothing.
    """

    name: str
    choices: tuple[str, ...] = ()
    check: Callable[[str], str] | None = None


@dataclass(frozen=True)
class Wanted:
    """A filter as it was typed, and what it asks the daemon for."""

    text: str = ""
    query: dict[str, str] = field(default_factory=dict)
    problem: str = ""


def filter_word(name: str, value: str) -> str:
    """Write a word that `read_filter` reads as this value."""
    if not any(character.isspace() or character == '"' for character in value):
        return f"{name}:{value}"
    written = _HIDING.sub(r"\\\g<0>", value)
    return f'{name}:"{written}"'


def read_filter(text: str, filters: Sequence[Filter]) -> Wanted:
    r"""Read a filter; `problem` says what is wrong with it.

    A value with spaces stands in quotes: object:"a b", a quote in it behind a backslash: object:"a\"b".
    """
    known = {each.name: each for each in filters}
    query: dict[str, str] = {}
    for word in _WORD.findall(text):
        name, colon, value = word.partition(":")
        if colon and name in known and name != "text":
            if known[name].choices and value not in known[name].choices:
                named = ", ".join(known[name].choices)
                return Wanted(text, {}, _("{name} is one of {named}").format(name=name, named=named))
            value = _QUOTED.sub(_unquoted, value)
            check = known[name].check
            if check is not None and (problem := check(value)):
                return Wanted(text, {}, f"{name}: {problem}")
            query[name] = value
        elif "text" not in known:
            named = ", ".join(f"{each}:" for each in known)
            return Wanted(text, {}, _("'{word}' is no filter here; there is {named}").format(word=word, named=named))
        elif "text" in query:
            query["text"] += f" {word}"
        else:
            query["text"] = word
    return Wanted(text.strip(), query)


def _unquoted(found: re.Match[str]) -> str:
    return _ESCAPED.sub(r"\1", found[1])


class FilterBar(Vertical):
    """Shows a line for the filter, and below it what may be typed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    class Given(Message):
        """A filter was given; None: it was left."""

        def __init__(self, wanted: Wanted | None) -> None:
            super().__init__()
            self.wanted = wanted

    def __init__(self, filters: Sequence[Filter]) -> None:
        super().__init__()
        self._filters = tuple(filters)

    def take(self, filters: Sequence[Filter]) -> None:
        """Take other words from now on."""
        self._filters = tuple(filters)
        self.query_one(Input).suggester = SuggestFromList(self._words())

    def _words(self) -> list[str]:
        return [f"{each.name}:{choice}" for each in self._filters for choice in each.choices or ("",)]

    def compose(self) -> ComposeResult:
        """Show the line and what may be typed."""
        yield TypedLine(suggester=SuggestFromList(self._words()), placeholder="/", max_length=200)
        yield Static()

    def begin(self, text: str) -> None:
        """Let a filter be typed."""
        self.display = True
        line = self.query_one(Input)
        line.value = text
        line.focus()
        self._say("")

    def _say(self, problem: str) -> None:
        if problem:
            self.query_one(Static).update(sentence(problem, "bold red"))
            return
        named = " · ".join(
            f"{each.name}:{'|'.join(each.choices[:6])}{'…' if len(each.choices) > 6 else ''}" if each.name != "text" else _("any word")
            for each in self._filters
        )  # fmt: skip
        self.query_one(Static).update(Text(named, style="dim"))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the filter, or say what is wrong with it."""
        event.stop()
        wanted = read_filter(event.value, self._filters)
        if wanted.problem:
            self._say(wanted.problem)
            return
        self.display = False
        self.post_message(self.Given(wanted))

    def action_leave(self) -> None:
        """Leave it as it was."""
        self.display = False
        self.post_message(self.Given(None))
