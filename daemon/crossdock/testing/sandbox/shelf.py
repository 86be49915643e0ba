"""Records in the order of their change stamps, and pages of them: what a listing of documents, products or stock needs."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
from msgspec import Raw, Struct

from crossdock.spec.orders import FetchMode
from crossdock.testing.sandbox.journal import Journal
from crossdock.testing.sandbox.oms_books import from_cursor, to_cursor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from crossdock.spec.orders import Window

T = TypeVar("T")


class Kept(Struct, frozen=True):
    """What one request put on the shelf."""

    items: tuple[Raw, ...]


class Shelf(Generic[T]):
    """Records by name, each with a change stamp. A `path` keeps them over a kill.

    `named` gives a record's name, `stamped` its change stamp, `closed` tells whether a sweep may leave it out.
    """

    def __init__(
        self,
        kind: type[T],
        named: Callable[[T], str],
        stamped: Callable[[T], datetime],
        path: str | None = None,
        closed: Callable[[T], bool] = lambda _: False,
    ) -> None:
        self.items: dict[str, T] = {}
        self._named, self._stamped, self._closed = named, stamped, closed
        self._order: list[tuple[datetime, str]] = []
        self._journal = Journal(path, Kept)
        for entry in self._journal.replay():
            self._place(msgspec.json.decode(raw, type=kind) for raw in entry.items)

    def close(self) -> None:
        """Let go of the file."""
        self._journal.close()

    def put(self, items: Iterable[T]) -> None:
        """Keep records; the newest of a name replaces the one before."""
        found = tuple(items)
        self._place(found)
        self._journal.append(Kept(tuple(Raw(msgspec.json.encode(item)) for item in found)))

    def get(self, name: str) -> T | None:
        """Return a record."""
        return self.items.get(name)

    def page(self, window: Window, cursor: str | None, limit: int) -> dict[str, Any]:
        """List one page of `window` behind `cursor`, as the contract's listings are. Raises Refused 400 for a bad cursor."""
        found: list[T] = []
        for _, name in self._order[self._start(window, cursor) :]:
            item = self.items[name]
            if window.mode is FetchMode.CHANGED and window.until is not None and self._stamped(item) > window.until:
                break
            if self._listed(item, window):
                found.append(item)
            if len(found) > limit:
                break
        shown = found[:limit]
        last = shown[-1] if shown else None
        more = last is not None and len(found) > limit
        return {
            "items": shown,
            "next_cursor": to_cursor(self._stamped(last), self._named(last)) if more and last is not None else None,
            "watermark": None if last is None else self._stamped(last),
        }

    def _listed(self, item: T, window: Window) -> bool:
        if window.mode is FetchMode.CHANGED or not self._closed(item):
            return True
        return window.created_since is None or self._stamped(item) >= window.created_since

    def _start(self, window: Window, cursor: str | None) -> int:
        position = from_cursor(cursor) if cursor else None
        if position is not None:
            return bisect_right(self._order, position)
        if window.mode is FetchMode.CHANGED and window.since is not None:
            return bisect_left(self._order, (window.since, ""))
        return 0

    def _place(self, items: Iterable[T]) -> None:
        for item in items:
            name = self._named(item)
            before = self.items.get(name)
            if before is not None:
                del self._order[bisect_left(self._order, (self._stamped(before), name))]
            self.items[name] = item
            insort(self._order, (self._stamped(item), name))
