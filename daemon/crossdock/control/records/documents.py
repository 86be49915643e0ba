"""Documents of warehouses on their way back to the OMS. Money and quantities are decimals as text."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from crossdock.control.records.base import Code, ConnectionName, Id, Limit
from crossdock.spec.documents import InboundDoc, OutboundDoc
from crossdock.spec.orders import Ref

ListName = Literal[
    "package-outbound",
    "manual-outbound",
    "transfer-outbound",
    "receiving-inbound",
    "manual-inbound",
    "transfer-inbound",
]
StatusName = Literal["not_pushed", "pushing", "pushed", "failed", "in_doubt", "stale"]
Direction = Literal["outbound", "inbound"]
MAX_REFS = 200
"""Documents named in one request, at most."""


class DocumentQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which documents are listed; `text` is a reference, number or order reference. `after` is `next` of the page before."""

    list: ListName | None = None
    status: StatusName | None = None
    warehouse: Code | None = None
    connection: ConnectionName | None = None
    text: Ref | None = None
    after: Id | None = None
    limit: Limit = 50


class ListQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The list of a document, where its connection has several under one reference."""

    list: ListName | None = None


class DocumentItem(Struct, frozen=True, kw_only=True):
    """A row of one of the six lists. `push_status` is its column; `why` says what keeps it, or how its push failed.

    `attempts` and `next_at` are those of the push of its newest revision that was sent, or is to be.
    """

    id: int
    connection: str
    list: str
    ref: str
    number: str
    warehouse: str
    state: str
    revision: int
    push_status: str
    pushed_revision: int | None
    oms: str | None
    why: str | None
    held: bool
    order_ref: str | None
    updated_at: datetime
    changed_at: datetime
    pushed_at: datetime | None
    first_at: datetime
    attempts: int = 0
    next_at: datetime | None = None


class DocumentPage(Struct, frozen=True, kw_only=True):
    """Documents, newest first."""

    items: tuple[DocumentItem, ...]
    next: int | None = None


class DocumentEvent(Struct, frozen=True, kw_only=True):
    """One thing that happened to a document, at one of its revisions."""

    at: datetime
    revision: int
    what: str
    text: str
    actor: str = ""


class DocumentDetail(Struct, frozen=True, kw_only=True):
    """A document as it is known now (one of `outbound` and `inbound`), and what happened to it.

    `costs_hidden`: unit costs are left out, since the caller may not see them.
    """

    row: DocumentItem
    outbound: OutboundDoc | None
    inbound: InboundDoc | None
    history: tuple[DocumentEvent, ...]
    costs_hidden: bool = False


class DocumentRef(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document; `list` is needed where its connection has several under one reference."""

    connection: ConnectionName
    ref: Ref
    list: ListName | None = None


class RepushDocuments(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Push documents again: those named, or (`all_matching`) all of a list with a status, of a warehouse or connection if named.

    A request does at most 100 of all that match; `after` goes on where the one before was cut off.
    """

    documents: Annotated[tuple[DocumentRef, ...], Meta(max_length=MAX_REFS)] = ()
    all_matching: bool = False
    list: ListName | None = None
    status: StatusName | None = None
    warehouse: Code | None = None
    connection: ConnectionName | None = None
    after: Annotated[int, Meta(ge=0, le=2**62)] = 0


class RepushQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which documents are counted; see RepushDocuments."""

    list: ListName
    status: StatusName
    warehouse: Code | None = None
    connection: ConnectionName | None = None


class RepushedItem(Struct, frozen=True, kw_only=True):
    """What was done about one document, or why not."""

    document: str
    done: bool
    text: str


class RepushedDocuments(Struct, frozen=True, kw_only=True):
    """One result a document; `matching` is how many matched from `after` on, `next` goes on where this was cut off."""

    results: tuple[RepushedItem, ...]
    matching: int
    next: int | None = None


class FetchDocuments(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fetch the documents of a WMS connection now."""

    connection: ConnectionName
    direction: Direction
