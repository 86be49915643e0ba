"""The parts of which the detail of a row is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from crossdock_tui.words import shown

if TYPE_CHECKING:
    from rich.console import RenderableType


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
