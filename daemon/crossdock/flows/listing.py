"""How a listing goes on: where it starts, where it stands after a page, and when it goes in circles. For every stream."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import msgspec
from msgspec import Struct

from crossdock.spec.errors import BadResponse, ContractError
from crossdock.spec.listing import MOST_RECORDS
from crossdock.spec.orders import FetchMode, Window
from crossdock.store import cursors
from crossdock.store.cursors import Cursor
from crossdock.store.times import from_ms, to_ms

if TYPE_CHECKING:
    from crossdock.flows.house import House

MAX_CURSOR = 4096


class OnePage(Protocol):
    """What a listing needs to know of a page."""

    @property
    def next_cursor(self) -> str | None:
        """Where it goes on."""
        ...

    @property
    def watermark(self) -> datetime | None:
        """The newest change stamp that it covers."""
        ...


class PullPolicy(Struct, frozen=True, kw_only=True):
    """How a connection is fetched; the configuration's [connections.X.fetch], and what its connector can do."""

    mode: FetchMode
    overlap: timedelta
    page_size: int
    max_pages: int
    initial: timedelta
    ordered: bool


class Guard:
    """Ends a listing that goes in circles: a cursor or a page seen before."""

    def __init__(self, max_pages: int) -> None:
        self._max_pages = max_pages
        self._cursors: set[str] = set()
        self._pages: set[int] = set()

    def restart(self) -> None:
        """Another listing begins."""
        self._cursors.clear()
        self._pages.clear()

    def check(self, connection: str, count: int, next_cursor: str | None, content: int) -> None:
        """Raise BadResponse if a page continues a circle, ContractError if it is out of bounds.

        `count` is how many records it holds, `content` a hash of them.
        """
        if count > MOST_RECORDS:
            raise ContractError(
                f"a page of {connection} has more than {MOST_RECORDS} records; nothing of it was stored"
            )
        if next_cursor is None:
            return
        if len(next_cursor) > MAX_CURSOR:
            raise ContractError(f"a cursor of {connection} is longer than {MAX_CURSOR} characters")
        if next_cursor in self._cursors:
            raise BadResponse(f"{connection} returned the same cursor twice in one listing; the listing was ended")
        self._cursors.add(next_cursor)
        if content in self._pages and count:
            raise BadResponse(f"{connection} returned the same page twice in one listing; the listing was ended")
        self._pages.add(content)
        if len(self._cursors) >= self._max_pages:
            raise BadResponse(f"a listing of {connection} has more than {self._max_pages} pages; it was ended")


async def abandon(house: House, cursor: Cursor) -> None:
    """End a listing that leads nowhere: the next one starts from the watermark, so nothing is skipped."""
    await house.store.write(cursors.save, msgspec.structs.replace(cursor, page=None, finished_at=cursor.started_at))


def begin(cursor: Cursor, policy: PullPolicy, now: datetime) -> Cursor:
    """Start a listing: from `overlap` before the watermark, or `initial` before now the first time."""
    since: datetime | None = None
    if policy.mode is FetchMode.CHANGED:
        if cursor.watermark is None:
            since = now - policy.initial
        else:
            since = datetime.fromisoformat(cursor.watermark) - policy.overlap
    return Cursor(
        connection=cursor.connection,
        stream=cursor.stream,
        watermark=cursor.watermark,
        since=None if since is None else since.isoformat(),
        started_at=to_ms(now),
    )


def advance(cursor: Cursor, page: OnePage, policy: PullPolicy, now: datetime) -> Cursor:
    """Where the listing stands once this page is stored.

    The watermark moves with each page of an ordered listing, else only with the last one, and never beyond our own
    clock: a stamp from the future must not hide what changes until then. What changes, or shows up late, while a listing
    runs may stand on a page that was read already, and a stop may lie between two pages; so the watermark stays before
    the second in which the listing began.
    """
    last = page.next_cursor is None
    settled = last or policy.ordered
    bound = now if cursor.started_at is None else from_ms(cursor.started_at // 1000 * 1000)
    highest = _later(cursor.highest, page.watermark, bound)
    return msgspec.structs.replace(
        cursor,
        page=page.next_cursor,
        highest=highest,
        watermark=_later(cursor.watermark, _moment(highest), now) if settled else cursor.watermark,
        finished_at=to_ms(now) if last else None,
    )


def _later(known: str | None, found: datetime | None, now: datetime) -> str | None:
    if found is None:
        return known
    found = min(found, now)
    return found.isoformat() if known is None or found > datetime.fromisoformat(known) else known


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def window_of(cursor: Cursor, policy: PullPolicy) -> Window:
    """Say what the listing under way lists."""
    since = _moment(cursor.since)
    if policy.mode is FetchMode.CHANGED:
        return Window(mode=policy.mode, since=since)
    return Window(mode=policy.mode)
