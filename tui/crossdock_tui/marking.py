"""Marking rows of a list, on whatever page they are, so that one key does something to all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from crossdock.control.client import Refusal, Unreachable
from crossdock_tui.base_screen import BaseScreen
from crossdock_tui.language import _, counted, said
from crossdock_tui.window import PAGE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from crossdock.control.client import Client
    from crossdock_tui.paged_table import PagedTable, Row
    from crossdock_tui.window import Page

MOST_MARKED = 5_000
"""Rows that are marked at once by "everything that fits", at most."""


class Marking(BaseScreen):
    """What a list screen knows of marked rows: `picked`, by their keys."""

    MARKS: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self.picked: dict[str, Row] = {}

    if TYPE_CHECKING:

        @property
        def table(self) -> PagedTable:
            """The list."""

        async def page(self, client: Client, after: Any, limit: int) -> Page:
            """Read a page of it."""

    def _renew_marked(self, rows: Sequence[Row]) -> None:
        """Keep what is marked as it was read last."""
        for row in rows:
            if row.key in self.picked:
                self.picked[row.key] = row

    def _unmark(self) -> None:
        self.picked.clear()
        self.table.marked.clear()

    def let_go(self, keys: Iterable[str]) -> None:
        """Take the marks off rows with which it was done; those with which it was not stay marked, to be tried again."""
        if self.there:
            self.table.mark([key for key in keys if key in self.table.marked], on=False)

    def on_paged_table_marked(self) -> None:
        """Keep what is marked."""
        here = {row.key: row for row in self.table.shown}
        marked = self.table.marked
        self.picked = {key: here.get(key) or self.picked[key] for key in marked if key in here or key in self.picked}
        self._say_tabs()
        self._say_keys()

    def action_mark_all(self) -> None:
        """Mark everything that fits the tab and the filter."""
        if self.MARKS:
            self.work(self._mark_all, "mark")

    async def _mark_all(self) -> None:
        after: object | None = None
        found: dict[str, Row] = {}
        try:
            while len(found) < MOST_MARKED:
                page = await self.page(self.dash.link.client, after, 2 * PAGE)
                found |= {row.key: row for row in page.rows}
                self.progress(counted("{n} marked", "{n} marked", len(found)))
                after = page.next
                if after is None:
                    break
        except Unreachable as error:
            self.dash.link.lost(str(error))
        except Refusal as error:
            self.dash.say(said(str(error)), bad=True)
        finally:
            self.progress("")
        if after is not None:
            self.dash.say(_("only the first {n} are marked; narrow the filter").format(n=len(found)), bad=True)
        self.picked |= found
        self.table.mark(list(found), on=True)
