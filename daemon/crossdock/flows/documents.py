"""Take a warehouse's documents in: merge each with what is known, and have it go to the OMS, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from msgspec import Struct

from crossdock.flows import document_followers, post_documents, shipping
from crossdock.flows.absorb import content_hash
from crossdock.flows.post_documents import Desk
from crossdock.flows.pull_stream import Taken
from crossdock.rules.document_states import PushBack
from crossdock.rules.documents import Known, changes, list_of, merge_inbound, merge_outbound
from crossdock.rules.posting import Held, Owner, warehouse_of
from crossdock.spec.documents import InboundDoc, OutboundDoc
from crossdock.store import documents, incidents, timeline
from crossdock.store.documents import Event, StoredDocument
from crossdock.store.incidents import Cause, Trouble
from crossdock.store.tasks import Item, Totals
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from crossdock.flows.cost_ledgers import Costing
    from crossdock.rules.book import Book
    from crossdock.rules.posting import Targets
    from crossdock.spec.listing import Listing
    from crossdock.spec.orders import Window
    from crossdock.store.book import BookCache
    from crossdock.store.store import Transaction

Document = OutboundDoc | InboundDoc
OUTBOUND, INBOUND = "outbound", "inbound"
_read_outbound = msgspec.json.Decoder(Known[OutboundDoc]).decode
_read_inbound = msgspec.json.Decoder(Known[InboundDoc]).decode
encode = msgspec.json.Encoder(order="sorted").encode


class FetchFrom(Protocol):
    """The part of a WMS connection that the streams call."""

    @property
    def name(self) -> str:
        """The name of the connection."""
        ...

    async def fetch_outbound(self, window: Window, cursor: str | None, limit: int) -> Listing[OutboundDoc]:
        """Return one page of outbound documents."""
        ...

    async def fetch_inbound(self, window: Window, cursor: str | None, limit: int) -> Listing[InboundDoc]:
        """Return one page of inbound documents."""
        ...


@dataclass
class OutboundStream:
    """The outbound documents of one WMS connection."""

    link: FetchFrom
    books: BookCache
    targets: Callable[[], Targets]
    costing: Costing | None = None
    name: str = OUTBOUND

    def wanted(self, tx: Transaction) -> bool:
        """Tell whether a warehouse of this connection is set up; if none is, nobody could say whose documents they are."""
        return any(each.connection == self.link.name for each in self.books.current(tx).warehouses.values())

    async def fetch(self, window: Window, cursor: str | None, limit: int) -> Listing[OutboundDoc]:
        """Return one page. Raises ConnectorError."""
        return await self.link.fetch_outbound(window, cursor, limit)

    def absorb(self, tx: Transaction, connection: str, items: Sequence[OutboundDoc], now: datetime) -> Taken:
        """Take in a page."""
        return absorb(tx, connection, items, Desk(self.books, self.targets(), now, self.costing))

    def ref_of(self, item: OutboundDoc) -> str:
        """Name a document."""
        return item.ref


@dataclass
class InboundStream:
    """The inbound documents of one WMS connection."""

    link: FetchFrom
    books: BookCache
    targets: Callable[[], Targets]
    costing: Costing | None = None
    name: str = INBOUND

    def wanted(self, tx: Transaction) -> bool:
        """Tell whether a warehouse of this connection is set up; if none is, nobody could say whose documents they are."""
        return any(each.connection == self.link.name for each in self.books.current(tx).warehouses.values())

    async def fetch(self, window: Window, cursor: str | None, limit: int) -> Listing[InboundDoc]:
        """Return one page. Raises ConnectorError."""
        return await self.link.fetch_inbound(window, cursor, limit)

    def absorb(self, tx: Transaction, connection: str, items: Sequence[InboundDoc], now: datetime) -> Taken:
        """Take in a page."""
        return absorb(tx, connection, items, Desk(self.books, self.targets(), now, self.costing))

    def ref_of(self, item: InboundDoc) -> str:
        """Name a document."""
        return item.ref


class Merged(Struct, frozen=True):
    """What a page did to one document: its row, all that is known of it, and the OMS to wake; `new`: it said something new."""

    row: StoredDocument
    known: Known[Any]
    wake: str | None = None
    new: bool = True


def absorb(tx: Transaction, connection: str, items: Sequence[Document], desk: Desk) -> Taken:
    """Store what a page says of documents, and enqueue what their OMS has to be told. Repeating it changes nothing."""
    stored = documents.load(tx, connection, [item.ref for item in items])
    merged: dict[int, Merged] = {}
    unchanged: list[OutboundDoc] = []
    for item in items:
        name = (list_of(item), item.ref)
        taken = _take(tx, connection, stored.get(name), item, desk)
        if taken.new:
            stored[name] = taken.row
            merged[taken.row.id] = taken
        elif isinstance(item, OutboundDoc):
            unchanged.append(taken.known.document)
    shipping.follow(
        tx, connection, unchanged, desk.now
    )  # a push may have been settled only after its document was seen
    changed = [(each.row, each.known.document) for each in merged.values()]
    wake = frozenset(each.wake for each in merged.values() if each.wake is not None)
    wake |= document_followers.follow(tx, connection, changed, desk)
    kept = [Item(m.row.ref, "held", m.row.error_text or m.row.held) for m in merged.values() if m.row.held]
    totals = Totals(found=len(items), changed=len(merged), unchanged=len(items) - len(merged))
    return Taken(totals, wake, tuple(kept))


def read(row: StoredDocument) -> Known[Any]:
    """Decode all that is known of a document."""
    return _read_inbound(row.payload) if row.list_name.endswith(INBOUND) else _read_outbound(row.payload)


def _merge(known: Known[Any] | None, item: Document) -> Known[Any]:
    return merge_outbound(known, item) if isinstance(item, OutboundDoc) else merge_inbound(known, item)


def _take(tx: Transaction, connection: str, stored: StoredDocument | None, item: Document, desk: Desk) -> Merged:
    """Take in one document."""
    known = None if stored is None else read(stored)
    merged = _merge(known, item)
    if stored is not None and merged == known:
        return Merged(stored, merged, new=False)
    now = to_ms(desk.now)
    owner = post_documents.owner_of(tx, merged.document, desk.targets)
    row = _row(tx, connection, stored, merged, owner, desk)
    documents.insert(tx, row) if stored is None else documents.update(tx, row)
    text = changes(known, merged)
    documents.add_event(tx, Event(document_id=row.id, at=now, revision=row.revision, what="seen", text=text))
    if row.order_id is not None:
        timeline.add(tx, [timeline.Moment(row.order_id, now, "document", "", told(row, merged.document, text))])
    _report(tx, row, stored, known, merged, item, now)
    if not _to_send(stored, row):
        return Merged(row, merged)
    sent = post_documents.send(tx, row, merged.document, owner, desk)
    return Merged(sent.row, merged, sent.wake)


def _to_send(stored: StoredDocument | None, row: StoredDocument) -> bool:
    """Tell whether the OMS has to hear of a change: of a revision that it has, it takes nothing more."""
    if row.pushed_revision is not None and row.pushed_revision >= row.revision:
        return False
    return stored is None or stored.content_hash != row.content_hash or stored.revision != row.revision


def _row(
    tx: Transaction, connection: str, stored: StoredDocument | None, merged: Known[Any], owner: Owner, desk: Desk
) -> StoredDocument:
    document, now = merged.document, to_ms(desk.now)
    order_ref = owner.ref or (document.order_ref if isinstance(document, OutboundDoc) else None)
    seen = {
        "number": document.number, "warehouse": _code(desk.books.current(tx), connection, document.warehouse),
        "order_ref": order_ref, "order_id": owner.order_id, "state": merged.state, "revision": document.revision,
        "content_hash": content_hash(encode(document)), "payload": encode(merged),
        "updated_at": to_ms(document.updated_at), "changed_at": now,
    }  # fmt: skip
    if stored is not None:
        return msgspec.structs.replace(stored, **seen)
    return StoredDocument(
        id=documents.new_id(tx), connection=connection, list_name=list_of(document), ref=document.ref,
        push_status=PushBack.NOT_PUSHED, pushed_revision=None, generation=0, oms=None, held=None, again_at=None,
        decided=0, error_kind=None, error_code=None, error_text=None, first_at=now, pushed_at=None, **seen,
    )  # fmt: skip


def _code(book: Book, connection: str, remote: str) -> str:
    found = warehouse_of(book, connection, remote)
    return remote if isinstance(found, Held) else found.code


def told(row: StoredDocument, document: Document, text: str) -> str:
    """Say in the timeline of an order what became of one of its documents, with its parcels and their tracking."""
    found = f"{row.list_name} document {row.number or row.ref} of {row.connection}: {text}"
    if not isinstance(document, OutboundDoc) or not document.parcels:
        return found
    parcels = [f"{p.parcel_no} ({p.tracking_number or 'no tracking number yet'})" for p in document.parcels[:20]]
    return f"{found}; parcels {', '.join(parcels)}"


def _report(
    tx: Transaction,
    row: StoredDocument,
    stored: StoredDocument | None,
    known: Known[Any] | None,
    merged: Known[Any],
    item: Document,
    now: int,
) -> None:
    """Report what a person must see: states that exclude each other, and content that changed under one revision."""
    if merged.contradicted and not (known is not None and known.contradicted):
        _conflict(
            tx, row, "contradicted", now,
            f"{row.connection} says of documents that they ended in two ways that exclude each other (such as cancelled "
            "and shipped); crossdock keeps the further one. Look into the warehouse",
        )  # fmt: skip
    if stored is None:
        return
    silent = item.revision == stored.revision == row.pushed_revision and stored.content_hash != row.content_hash
    if silent:
        _conflict(
            tx, row, "revision_not_raised", now,
            f"{row.connection} changed documents without raising their revision; the OMS keeps what it has of them, "
            "until their revision is raised",
        )  # fmt: skip
    elif row.revision != stored.revision:
        incidents.heal(tx, row.subject, now, operation="document revision_not_raised")


def _conflict(tx: Transaction, row: StoredDocument, code: str, now: int, text: str) -> None:
    trouble = Trouble(
        cause=Cause.CONFLICT, connection=row.connection, operation=f"document {code}", code=code, text=text
    )
    incidents.report(tx, trouble, row.subject, now, f"{row.list_name} {row.number or row.ref}: {row.state}")
