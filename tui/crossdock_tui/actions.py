"""What can be done on a screen: its key, its name, the right it needs, and why it may not be done now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crossdock_tui.language import _

if TYPE_CHECKING:
    from crossdock_tui.link import Link


@dataclass(frozen=True, kw_only=True)
class Action:
    """One thing a person may do. `name` leads to the screen's methods: `do_NAME(rows)`, and `not_NAME(row)` for why not.

    `on`: "row" (the row under the cursor), "rows" (that one, or the selection), "screen" (needs no row). `asks` has {n} in
    it: what is asked before it is done to several rows, or before it is done at all where `always_asks`. `tabs` are the
    tabs in which it can be done, none: all. Two actions of different tabs may share a key.
    """

    key: str
    name: str
    label: str
    right: str = "view"
    on: str = "row"
    asks: str = ""
    always_asks: bool = False
    tabs: tuple[str, ...] = ()

    @property
    def shown_key(self) -> str:
        """The key as it is printed."""
        return _KEYS.get(self.key, self.key)


_KEYS = {
    "enter": "⏎", "space": "␣", "slash": "/", "question_mark": "?", "asterisk": "*", "escape": "esc", "colon": ":",
    "plus": "+", "minus": "-", "exclamation_mark": "!", "full_stop": ".", "comma": ",",
}  # fmt: skip


def lacks(right: str) -> str:
    """Say that a right is missing, and who can help."""
    return _("you lack the right '{right}'; an admin gives it with a role").format(right=right)


def not_seen(right: str, link: Link) -> str:
    """Say why a screen that needs a right is not shown; nothing if it is, or while it is not known who one is."""
    return lacks(right) if right and link.me is not None and right not in link.rights else ""
