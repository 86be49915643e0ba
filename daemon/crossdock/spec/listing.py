"""One page of a listing of anything but orders: documents, products, stock."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Generic, TypeVar

from msgspec import Meta, Struct

from crossdock.spec.orders import Unreadable

T = TypeVar("T")
MOST_RECORDS = 1000
"""A page, of orders or of anything else, may hold so many records, those that could not be read among them."""
Cursor = Annotated[str, Meta(min_length=1, max_length=4096)]


class Listing(Struct, Generic[T], frozen=True, kw_only=True):
    """One page: what was read, and what could not be read (it goes to quarantine and blocks nothing else).

    `next_cursor` is None on the last page; a listing can be restarted from it. `watermark` is the newest change stamp
    that the page covers, aware UTC; the daemon starts the next window before it.
    """

    items: tuple[T, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    next_cursor: Cursor | None = None
    watermark: datetime | None = None
