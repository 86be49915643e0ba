"""Documents of warehouses as stored: what was seen of each, how its push to the OMS stands, what happened to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from crossdock.rules.document_states import PushBack
from crossdock.rules.troubles import POST_INBOUND, POST_OUTBOUND
from crossdock.store import counters
from crossdock.store.orders import marks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.store.store import Transaction

KEPT = 100
"""Rows of its history that are kept of a document."""


class StoredDocument(Struct, frozen=True, kw_only=True, gc=False):
    """A document's row. Times are milliseconds UTC; `payload` is the JSON of rules.documents.Known.

    `warehouse` is our code, or the WMS's where it is not set up. `held` says why the newest revision cannot be sent yet
    (`error_text` has the sentence); `decided` is the revision of the book that said so, `again_at` when time alone may
    change it.
    """

    id: int
    connection: str
    list_name: str
    ref: str
    number: str
    warehouse: str
    order_ref: str | None
    order_id: int | None
    state: str
    revision: int
    content_hash: int
    payload: bytes
    push_status: PushBack
    pushed_revision: int | None
    generation: int
    oms: str | None
    held: str | None
    again_at: int | None
    decided: int
    error_kind: str | None
    error_code: str | None
    error_text: str | None
    updated_at: int
    first_at: int
    changed_at: int
    pushed_at: int | None

    @property
    def subject(self) -> str:
        """What operations and incidents call it."""
        return f"document:{self.id}"


class Event(Struct, frozen=True, kw_only=True, gc=False):
    """One thing that happened to a document, at one of its revisions."""

    document_id: int
    at: int
    revision: int
    what: str
    actor: str = ""
    text: str = ""


FIELDS = StoredDocument.__struct_fields__
COLUMNS = ", ".join(FIELDS)
_INSERT = "INSERT INTO documents (" + COLUMNS + ") VALUES (" + ",".join("?" * len(FIELDS)) + ")"
_UPDATE = "UPDATE documents SET " + ", ".join(name + " = ?" for name in FIELDS[1:]) + " WHERE id = ?"
_SELECT = "SELECT " + COLUMNS + " FROM documents "
_PRUNE = (
    "DELETE FROM document_history WHERE document_id = ? AND id <= (SELECT id FROM document_history "
    "WHERE document_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)"
)
_HELD = _SELECT + "WHERE held IS NOT NULL AND decided < ? ORDER BY decided, id LIMIT ?"
_AGAIN = _SELECT + "WHERE again_at IS NOT NULL AND again_at <= ? ORDER BY again_at LIMIT ?"


def load(tx: Transaction, connection: str, refs: Sequence[str]) -> dict[tuple[str, str], StoredDocument]:
    """Return the stored documents among these refs, by (list, ref). At most 1,000 refs."""
    if not refs:
        return {}
    sql = _SELECT + "WHERE connection = ? AND ref IN (" + marks(len(refs)) + ")"
    found = map(_document, tx.rows(sql, (connection, *refs)))
    return {(document.list_name, document.ref): document for document in found}


def get(tx: Transaction, number: int) -> StoredDocument | None:
    """Return a document by its id."""
    row = tx.one(_SELECT + "WHERE id = ?", (number,))
    return None if row is None else _document(row)


class Tries(Struct, frozen=True, kw_only=True, gc=False):
    """How the push of a document's newest revision went: how often it was sent, when it is sent again (milliseconds)."""

    attempts: int
    next_at: int | None


def tries(tx: Transaction, ids: Sequence[int]) -> dict[int, Tries]:
    """Return how the newest push of each of these documents went, of those that were ever pushed. At most 1,000 ids."""
    if not ids:
        return {}
    newest = "SELECT MAX(id) FROM operations WHERE kind IN (?, ?) AND entity_id IN (" + marks(len(ids)) + ")"
    sql = "SELECT entity_id, attempts, next_at FROM operations WHERE id IN (" + newest + " GROUP BY entity_id)"
    rows = tx.rows(sql, (POST_OUTBOUND, POST_INBOUND, *ids))
    return {row[0]: Tries(attempts=row[1], next_at=row[2]) for row in rows}


def named(tx: Transaction, connection: str, ref: str) -> list[StoredDocument]:
    """Return the documents of a connection under a ref: at most one for each list."""
    sql = _SELECT + "WHERE ref = ? AND connection = ? ORDER BY id LIMIT 6"
    return [_document(row) for row in tx.rows(sql, (ref, connection))]


def new_id(tx: Transaction) -> int:
    """Reserve an id."""
    return counters.take(tx, "documents")


def insert(tx: Transaction, document: StoredDocument) -> None:
    """Write a document down for the first time."""
    tx.execute(_INSERT, tuple(getattr(document, name) for name in FIELDS))


def update(tx: Transaction, document: StoredDocument) -> None:
    """Write a document down as it is now."""
    tx.execute(_UPDATE, (*(getattr(document, name) for name in FIELDS[1:]), document.id))


def held(tx: Transaction, book: int, limit: int) -> list[StoredDocument]:
    """Return documents that are held by something that was decided before the book's revision `book`."""
    return [_document(row) for row in tx.rows(_HELD, (book, limit))]


def due_again(tx: Transaction, now: int, limit: int) -> list[StoredDocument]:
    """Return documents that are held by something that time may have changed."""
    return [_document(row) for row in tx.rows(_AGAIN, (now, limit))]


def next_again(tx: Transaction) -> int | None:
    """Return when time may change something next (milliseconds), or None."""
    row = tx.one("SELECT MIN(again_at) FROM documents WHERE again_at IS NOT NULL")
    return None if row is None or row[0] is None else int(row[0])


def add_event(tx: Transaction, event: Event) -> None:
    """Add to a document's history; only the newest entries are kept."""
    number = counters.take(tx, "document_history")
    values = (number, event.document_id, event.at, event.revision, event.what, event.actor, event.text[:500])
    tx.execute(
        "INSERT INTO document_history (id, document_id, at, revision, what, actor, text) VALUES (?, ?, ?, ?, ?, ?, ?)",
        values,
    )
    tx.execute(_PRUNE, (event.document_id, event.document_id, KEPT))


def history(tx: Transaction, document_id: int) -> list[Event]:
    """Return what happened to a document, oldest first."""
    sql = (
        "SELECT document_id, at, revision, what, actor, text FROM document_history WHERE document_id = ? "
        "ORDER BY id DESC LIMIT ?"
    )
    rows = reversed(tx.rows(sql, (document_id, KEPT)))
    return [Event(**dict(zip(Event.__struct_fields__, row, strict=True))) for row in rows]


def of_order(tx: Transaction, order_id: int) -> list[StoredDocument]:
    """Return the documents of an order, oldest first, at most 100."""
    sql = _SELECT + "WHERE order_id = ? ORDER BY id LIMIT 100"
    return [_document(row) for row in tx.rows(sql, (order_id,))]


def among_orders(tx: Transaction, order_ids: Sequence[int]) -> list[int]:
    """Return those of these orders that have documents. At most 1,000 ids."""
    sql = "SELECT DISTINCT order_id FROM documents WHERE order_id IN (" + ",".join("?" * len(order_ids)) + ")"
    return [row[0] for row in tx.rows(sql, tuple(order_ids))]


def by_text(tx: Transaction, text: str, limit: int) -> list[StoredDocument]:
    """Return documents whose ref, number or order reference is exactly `text`, newest first."""
    found: dict[int, StoredDocument] = {}
    for column in ("ref = ?", "number = ?", "order_ref = ?"):
        sql = _SELECT + "WHERE " + column + " ORDER BY id DESC LIMIT ?"
        found |= {document.id: document for document in map(_document, tx.rows(sql, (text, limit)))}
    return [found[number] for number in sorted(found, reverse=True)][:limit]


class Wanted(Struct, frozen=True, kw_only=True):
    """Which documents: of a list, with a push status, of a warehouse, of a connection. None matches all."""

    list_name: str | None = None
    status: PushBack | None = None
    warehouse: str | None = None
    connection: str | None = None

    def clause(self) -> tuple[str, list[object]]:
        """Return the condition as SQL, and its values."""
        parts = (
            ("list_name = ? AND ", self.list_name),
            ("push_status = ? AND ", self.status),
            ("warehouse = ? AND ", self.warehouse),
            ("connection = ? AND ", self.connection),
        )
        used = [(sql, value) for sql, value in parts if value is not None]
        return "".join(sql for sql, _ in used), [value for _, value in used]

    def fits(self, document: StoredDocument) -> bool:
        """Tell whether a document is among them."""
        pairs = (
            (self.list_name, document.list_name), (self.status, document.push_status),
            (self.warehouse, document.warehouse), (self.connection, document.connection),
        )  # fmt: skip
        return all(wanted is None or wanted == has for wanted, has in pairs)


def page(tx: Transaction, wanted: Wanted, before: int | None, limit: int) -> list[StoredDocument]:
    """Return documents with an id below `before`, newest first."""
    clause, values = wanted.clause()
    sql = _SELECT + "WHERE " + clause + "id < ? ORDER BY id DESC LIMIT ?"
    return [_document(row) for row in tx.rows(sql, (*values, before or 2**62, limit))]


def matching(tx: Transaction, wanted: Wanted, after: int, limit: int) -> list[StoredDocument]:
    """Return documents with an id above `after`, oldest first."""
    clause, values = wanted.clause()
    sql = _SELECT + "WHERE " + clause + "id > ? ORDER BY id LIMIT ?"
    return [_document(row) for row in tx.rows(sql, (*values, after, limit))]


def count(tx: Transaction, wanted: Wanted, after: int, most: int = 100_000) -> int:
    """Count documents with an id above `after`, up to `most`."""
    clause, values = wanted.clause()
    sql = "SELECT COUNT(*) FROM (SELECT 1 FROM documents WHERE " + clause + "id > ? LIMIT ?) AS counted"
    return int(tx.one(sql, (*values, after, most))[0])


def _document(row: tuple[object, ...]) -> StoredDocument:
    values: dict[str, Any] = dict(zip(FIELDS, row, strict=True))
    values["push_status"] = PushBack(values["push_status"])
    values["payload"] = bytes(values["payload"])
    return StoredDocument(**values)


def of_order_ids(tx: Transaction, order_ids: Sequence[int]) -> list[StoredDocument]:
    """Return the documents of these orders. At most 1,000 ids."""
    sql = "SELECT " + COLUMNS + " FROM documents WHERE order_id IN (" + marks(len(order_ids)) + ") ORDER BY id"
    return [_document(row) for row in tx.rows(sql, tuple(order_ids))]


def replace_payload(tx: Transaction, document_id: int, payload: bytes) -> None:
    """Keep `payload`, a record without personal data, of a document, and none of what others said about it."""
    tx.execute("UPDATE documents SET payload = ?, error_text = NULL WHERE id = ?", (payload, document_id))
    sql = "UPDATE document_history SET text = '' WHERE document_id = ? AND what NOT IN ('queued', 'repushed')"
    tx.execute(sql, (document_id,))
