"""The window of a list that the daemon pages: which pages are in it, and how it moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from crossdock_tui.paged_table import Row

PAGE = 100
"""Rows of a page; two pages are in the window at a time."""
WINDOW = 2
FURTHER = 8
"""Pages that are read at once, at most, where pages are short although there is more."""


@dataclass(frozen=True)
class Page:
    """A page of a list; `next` is what leads to the next one, None at the end."""

    rows: Sequence[Row]
    next: object | None = None


class Window:
    """The pages that are read: `first` is the number of the first of them; `more`: there are pages behind them."""

    def __init__(self) -> None:
        self.first, self.count, self.more = 0, 1, False
        self._starts: list[object | None] = [None]

    async def read(self, page: Callable[[object | None, int], Awaitable[Page]]) -> list[Row]:
        """Read the pages of the window; a page may be short although there is more, so that one more is read.

        What it finds out counts only once it is whole: a newer reading may end it anywhere.
        """
        rows: list[Row] = []
        starts, more, at = self._starts[: self.first + 1], True, self.first
        while more and (at < self.first + self.count or (len(rows) < PAGE // 2 and at < self.first + FURTHER)):
            found = await page(starts[at], PAGE)
            rows += found.rows
            more = found.next is not None
            if more:
                starts.append(found.next)
            at += 1
        self._starts, self.more = starts, more
        return list({row.key: row for row in rows}.values())  # one that moved meanwhile may stand on two pages

    def further(self) -> bool:
        """Take in the next page, and let the first one go where the window is full; False at the end."""
        if not self.more:
            return False
        if self.count < WINDOW:
            self.count += 1
        else:
            self.first += 1
        return True

    def back(self) -> bool:
        """Take in the page before; False at the beginning."""
        if not self.first:
            return False
        self.first -= 1
        return True
