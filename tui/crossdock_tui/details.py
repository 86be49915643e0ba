"""The parts of which the detail of a row is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from crossdock_tui.words import shown

if TYPE_CHECKING:
    from rich.console import RenderableType

NAME = 26
"""Cells of a name beside its value, at most: what strangers wrote may be part of it."""


def stacked(*parts: RenderableType) -> Group:
    """Put parts of a detail below each other."""
    return Group(*parts)


def facts(*pairs: tuple[str, object]) -> RenderableType:
    """Write names and values below each other; values that are nothing are left out, long ones stay beside their name."""
    kept = [(name, value) for name, value in pairs if value not in (None, "", ())]
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True, overflow="ellipsis", max_width=NAME)
    table.add_column(overflow="fold")
    for name, value in kept:
        text = value.copy() if isinstance(value, Text) else shown(value, 1000)
        text.no_wrap, text.overflow, text.justify = False, "fold", "left"
        table.add_row(Text(shown(name).plain), text)
    return table


def heading(text: str) -> Text:
    """Write the heading of a part of a detail."""
    return Text(f"\n{text}", style="bold underline")
