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


class Listed(Generic[T]):
    """Records in the order of their change stamps: `order` holds (stamp, name), `look` finds what has a name.

    `closed` tells whether a sweep may leave a record out; `named` and `stamped` give its name and its change stamp.
    """

    def __init__(
        self,
        named: Callable[[T], str],
        stamped: Callable[[T], datetime],
        look: Callable[[str], T],
        closed: Callable[[T], bool] = lambda _: False,
    ) -> None:
        self.order: list[tuple[datetime, str]] = []
        self._named, self._stamped, self._look, self._closed = named, stamped, look, closed

    def page(self, window: Window, cursor: str | None, limit: int) -> dict[str, Any]:
        """List one page of `window` behind `cursor`, as the contract's listings are. Raises Refused 400 for a bad cursor."""
        found: list[T] = []
        for number in range(self._start(window, cursor), len(self.order)):
            item = self._look(self.order[number][1])
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
            return bisect_right(self.order, position)
        if window.mode is FetchMode.CHANGED and window.since is not None:
            return bisect_left(self.order, (window.since, ""))
        return 0


class Shelf(Listed[T]):
    """Records by name, each with a change stamp. A `path` keeps them over a kill; `heard` is told of what is put.

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
        self.heard: Callable[[tuple[T, ...]], object] = lambda _: None
        super().__init__(named, stamped, self.items.__getitem__, closed)
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
        self.heard(found)

    def get(self, name: str) -> T | None:
        """Return a record."""
        return self.items.get(name)

    def _place(self, items: Iterable[T]) -> None:
        for item in items:
            name = self._named(item)
            before = self.items.get(name)
            if before is not None:
                del self.order[bisect_left(self.order, (self._stamped(before), name))]
            self.items[name] = item
            insort(self.order, (self._stamped(item), name))


def joined(pages: Iterable[dict[str, Any]], limit: int, named: Callable[[Any], tuple[datetime, str]]) -> dict[str, Any]:
    """Join the same page of several listings, each in the order of `named`, into one of up to `limit` records."""
    found = list(pages)
    items = sorted((item for page in found for item in page["items"]), key=named)
    shown = items[:limit]
    more = len(items) > limit or any(page["next_cursor"] is not None for page in found)
    return {
        "items": shown,
        "next_cursor": to_cursor(*named(shown[-1])) if more and shown else None,
        "watermark": named(shown[-1])[0] if shown else None,
    }
