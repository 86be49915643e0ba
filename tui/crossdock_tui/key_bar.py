"""The last lines of a screen: which keys work here now. What may not be done is dimmed; pressing it says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual.widgets import Static

if TYPE_CHECKING:
    from collections.abc import Sequence


class KeyBar(Static):
    """Shows (key, label, whether it works now)."""

    def tell(self, keys: Sequence[tuple[str, str, bool]]) -> None:
        """Show these keys."""
        line = Text()
        for key, label, works in keys:
            whole = label.replace(" ", "\u00a0")  # a key and what it does stay on one line
            line.append(f"\u00a0{key}\u00a0", style="reverse" if works else "dim")
            line.append(f"\u00a0{whole} ", style="" if works else "dim")
        self.update(line)
