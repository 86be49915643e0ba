"""What is wrong with a configuration, told to the person who can put it right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.spec.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

KeyPath = tuple[str | int, ...]
"""Where a value stands: keys of tables, and positions in arrays from 0."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")


class Place(Struct, frozen=True):
    """A line of a file, from 1; for a setting from the environment, `file` is the variable with a $ before it."""

    file: str
    line: int = 1

    def __str__(self) -> str:
        """As editors understand it: file:line."""
        return self.file if self.file.startswith("$") else f"{self.file}:{self.line}"


class Problem(Struct, frozen=True):
    """One thing that is wrong: where (`line` from 1), at which key (dotted), what, and a hint if there is one."""

    file: str
    line: int
    key: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        """One line of text, safe for a terminal."""
        parts = [str(Place(self.file, self.line)), self.key, self.message]
        told = ": ".join(part for part in parts if part)
        return clean(f"{told} ({self.hint})" if self.hint else told)


class BadConfig(Exception):
    """The configuration cannot be used. `problems` holds everything that was found, in the order of the files."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def dotted(path: KeyPath) -> str:
    """Write a path as TOML would: connections.shop.fetch.every_s, plugins.allow[0]."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            shown = step if _BARE.fullmatch(step) else '"' + step.replace("\\", "\\\\").replace('"', '\\"') + '"'
            text += f".{shown}" if text else shown
    return text


def problem(place: Place, path: KeyPath, message: str, hint: str = "") -> Problem:
    """Make a Problem of a place and a path."""
    return Problem(place.file, place.line, dotted(path), message, hint)
