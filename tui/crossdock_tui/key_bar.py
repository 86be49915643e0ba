"""The last lines of a screen: which keys work here now. What may not be done is dimmed; pressing it says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text
from textual.widgets import Static

if TYPE_CHECKING:
    from collections.abc import Sequence

    Key = tuple[str, str, bool]

ROWS = 2
"""Rows of the bar, at most."""
ALWAYS = 2
"""The last keys, which always have room: help, which names those that had none, and quit."""


class KeyBar(Static):
    """Shows (key, label, whether it works now)."""

    def __init__(self) -> None:
        super().__init__()
        self._keys: tuple[Key, ...] = ()

    def tell(self, keys: Sequence[Key]) -> None:
        """Show these keys."""
        self._keys = tuple(keys)
        self.update(laid_out(self._keys, self.app.size.width))

    def on_resize(self) -> None:
        """Fit them into the new width."""
        self.update(laid_out(self._keys, self.app.size.width))


def laid_out(keys: Sequence[Key], width: int) -> Text:
    """Write keys into ROWS rows; where there is no room, those go first that do not work now, the last before the others."""
    kept = list(keys)
    while len(rows := _rows(kept, width)) > ROWS and len(kept) > ALWAYS:
        may_go = range(len(kept) - ALWAYS)
        kept.pop(max((at for at in may_go if not kept[at][2]), default=may_go[-1]))
    return Text("\n", no_wrap=True).join([Text.assemble(*(_key(each) for each in row)) for row in rows])


def _rows(keys: Sequence[Key], width: int) -> list[list[Key]]:
    rows: list[list[Key]] = [[]]
    left = width
    for each in keys:
        if (wide := cell_len(_key(each).plain.rstrip())) > left and rows[-1]:
            rows.append([])
            left = width
        rows[-1].append(each)
        left -= wide + 1
    return rows


def _key(key: Key) -> Text:
    name, label, works = key
    return Text(f" {name} ", style="reverse" if works else "dim") + Text(f" {label} ", style="" if works else "dim")
