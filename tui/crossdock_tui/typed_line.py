"""A line in which one types: what it holds goes to the daemon as it is, and is shown so that it steers no terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rich.highlighter import Highlighter
from textual.widgets import Input

from crossdock.spec.text import clean

if TYPE_CHECKING:
    from rich.text import Text

UNSEEN = "\N{REPLACEMENT CHARACTER}"
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class TypedLine(Input):
    """An Input for everything that is typed here."""

    def __init__(self, value: str | None = None, **more: Any) -> None:
        super().__init__(value, highlighter=_Harmless(), **more)


class _Harmless(Highlighter):
    """Shows one sign for each character that is not fit for a terminal, so that the cursor stands where it should."""

    def highlight(self, text: Text) -> None:
        text.plain = "".join(map(_sign, text.plain))


def _sign(character: str) -> str:
    return character if clean(character) == character else UNSEEN


def pasted(text: str) -> str:
    """Return what is taken of a text that a person pastes: its first line, without what a terminal would obey."""
    lines = text.splitlines()
    return _CONTROLS.sub("", lines[0]) if lines else ""
