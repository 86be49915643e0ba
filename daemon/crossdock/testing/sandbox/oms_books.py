"""The sandbox OMS's data: orders in the order of their change stamps, pages of them, and the push reports it got."""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta, Raw, Struct

from crossdock.spec.orders import FetchMode, Order, OrderStatus, Window
from crossdock.spec.outbound import ItemResult, PushReport
from crossdock.testing.sandbox.call import Refused
from crossdock.testing.sandbox.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CLOSED = frozenset({OrderStatus.DELIVERED, OrderStatus.CANCELLED, OrderStatus.RETURNED})
NONCE = "~"
Moment = Annotated[datetime, Meta(tz=True)]


class Stored(Struct, frozen=True, kw_only=True):
    """An order as the OMS keeps it: its bytes, and what listings need of it. `visible_at` hides it until then."""

    ref: str
    updated_at: datetime
    created_at: datetime
    raw: Raw
    closed: bool = False
    visible_at: datetime | None = None

    def visible(self, now: datetime) -> bool:
        """Say whether listings show the order at `now`."""
        return self.visible_at is None or self.visible_at <= now


class Progress(Struct, frozen=True):
    """How many events of a stream were fed, and by how many seconds their times are moved."""

    fed: int = 0
    shift_s: float = 0


class Entry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one request changed in the books."""

    orders: tuple[Stored, ...] = ()
    reports: tuple[PushReport, ...] = ()
    progress: Progress | None = None


class Listing(Struct, frozen=True, kw_only=True):
    """One page of a listing."""

    orders: list[Stored]
    next_cursor: str | None
    watermark: datetime | None = None


class OmsBooks:
    """Orders and push reports. `reports` holds each report once, `reported` counts how often it came.

    A `path` keeps everything over a kill.
    """

    def __init__(self, path: str | None = None) -> None:
        self.orders: dict[str, Stored] = {}
        self.reports: dict[tuple[str, str, int], PushReport] = {}
        self.reported: Counter[tuple[str, str, int]] = Counter()
        self.progress: Progress | None = None
        self._stamps: list[tuple[datetime, str]] = []
        self._journal = Journal(path, Entry)
        for entry in self._journal.replay():
            self._apply(entry)

    def close(self) -> None:
        """Let go of the file."""
        self._journal.close()

    def put(self, orders: Iterable[Stored], progress: Progress | None = None) -> None:
        """Keep orders; the newest of a ref replaces the one before. `progress` is kept with them."""
        entry = Entry(orders=tuple(orders), progress=progress)
        self._apply(entry)
        self._journal.append(entry)

    def report(self, reports: tuple[PushReport, ...]) -> list[ItemResult]:
        """Take push reports, one result each; a report that came before changes nothing."""
        known = tuple(report for report in reports if report.order_ref in self.orders)
        self._apply(Entry(reports=known))
        self._journal.append(Entry(reports=known))
        return [self._result(report) for report in reports]

    def order(self, ref: str) -> Order | None:
        """Return an order as it is now. Raises msgspec.ValidationError if its bytes are no order."""
        stored = self.orders.get(ref)
        return None if stored is None else msgspec.json.decode(stored.raw, type=Order)

    def page(self, window: Window, cursor: str | None, limit: int, now: datetime) -> Listing:
        """List one page of `window` behind `cursor`. Raises Refused 400 if it is no cursor of ours."""
        low = self._start(window, cursor)
        until = window.until if window.mode is FetchMode.CHANGED else None
        found: list[Stored] = []
        for stored in self._from(low):
            if until is not None and stored.updated_at > until:
                break
            if stored.visible(now) and in_window(stored, window):
                found.append(stored)
            if len(found) > limit:
                break
        shown = found[:limit]
        return Listing(
            orders=shown,
            next_cursor=to_cursor(shown[-1].updated_at, shown[-1].ref) if len(found) > limit else None,
            watermark=shown[-1].updated_at if shown else None,
        )

    def _start(self, window: Window, cursor: str | None) -> int:
        position = from_cursor(cursor) if cursor else None
        if position is not None:
            return bisect_right(self._stamps, position)
        if window.mode is FetchMode.CHANGED and window.since is not None:
            return bisect_left(self._stamps, (window.since, ""))
        return 0

    def _from(self, low: int) -> Iterator[Stored]:
        for number in range(low, len(self._stamps)):
            yield self.orders[self._stamps[number][1]]

    def _result(self, report: PushReport) -> ItemResult:
        if report.order_ref in self.orders:
            return ItemResult(ref=report.order_ref, ok=True)
        message = f"There is no order {report.order_ref!r}"
        return ItemResult(ref=report.order_ref, ok=False, code="unknown_order", message=message)

    def _apply(self, entry: Entry) -> None:
        for stored in entry.orders:
            before = self.orders.get(stored.ref)
            if before is not None:
                del self._stamps[bisect_left(self._stamps, (before.updated_at, before.ref))]
            self.orders[stored.ref] = stored
            insort(self._stamps, (stored.updated_at, stored.ref))
        self.progress = entry.progress or self.progress
        for report in entry.reports:
            name = (report.order_ref, report.status, report.revision)
            self.reports.setdefault(name, report)
            self.reported[name] += 1


def in_window(stored: Stored, window: Window) -> bool:
    """Say whether a listing of `window` shows the order, apart from its change stamp in mode CHANGED."""
    young = window.created_since is None or stored.created_at >= window.created_since
    if window.mode is FetchMode.SWEEP:
        return young or not stored.closed
    return young


def to_cursor(updated_at: datetime, ref: str) -> str:
    """Name the place behind an order in the order of change."""
    return base64.urlsafe_b64encode(msgspec.json.encode((updated_at, ref))).decode().rstrip("=")


def from_cursor(cursor: str) -> tuple[datetime, str] | None:
    """Read a cursor; None is the beginning. What follows a "~" only makes cursors differ. Raises Refused 400."""
    text = cursor.split(NONCE, 1)[0]
    if not text:
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(raw, type=tuple[Moment, str])
    except (binascii.Error, ValueError):
        raise Refused(400, "bad_cursor", "This is no cursor of this OMS; begin the listing again") from None


def stored_order(order: Order, visible_at: datetime | None = None) -> Stored:
    """Get an order ready to be kept."""
    return Stored(
        ref=order.ref,
        updated_at=order.updated_at,
        created_at=order.created_at,
        raw=Raw(msgspec.json.encode(order)),
        closed=order.status in CLOSED,
        visible_at=visible_at,
    )
