"""The sandbox WMS's own books: what was received, how often, and which documents it made of it."""

from __future__ import annotations

import hashlib
import zlib
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import msgspec
from msgspec import Struct

from crossdock.spec.outbound import OutboundRequest, PushResult, PushStatus, RemoteOutbound
from crossdock.testing.sandbox.journal import Journal

Idempotency = Literal["key", "lookup", "none"]


class Line(Struct, frozen=True, array_like=True):
    """A line of a document, as far as the books compare it."""

    line_no: int
    sku: str
    quantity: Decimal


class Document(Struct, frozen=True, kw_only=True):
    """An outbound document that the WMS created. `digest` is that of the request it was made of."""

    remote_id: str
    key: str
    order_ref: str
    revision: int
    warehouse: str
    lines: tuple[Line, ...]
    digest: str
    at: datetime


class Entry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one request changed in the books. `contents` are the requests that documents were made of, compressed."""

    received: tuple[str, ...] = ()
    created: tuple[Document, ...] = ()
    contents: dict[str, bytes] = msgspec.field(default_factory=dict)


class KeyBook(Struct, frozen=True, kw_only=True):
    """Everything the WMS knows of one key."""

    received: int
    created: int
    order_ref: str | None
    warehouse: str | None
    documents: tuple[Document, ...]


class WmsBooks:
    """What the warehouse received and created. `received` counts every key; `rejected` counts by code.

    With idempotency "key" a key is taken once; with "lookup" and "none" a key that comes again makes a second document:
    the books then show the double. A `path` keeps the books over a kill. `filed` counts the documents that were ever made,
    those with it that the warehouse lost: a number is given once.
    """

    def __init__(
        self,
        warehouses: tuple[str, ...],
        *,
        idempotency: Idempotency = "key",
        lookup_lag_s: float = 0,
        path: str | None = None,
    ) -> None:
        self.warehouses = warehouses
        self.idempotency = idempotency
        self.lookup_lag = timedelta(seconds=lookup_lag_s)
        self.received: Counter[str] = Counter()
        self.rejected: Counter[str] = Counter()
        self.documents: list[Document] = []
        self.filed = 0
        self.contents: dict[str, bytes] = {}
        self.by_key: defaultdict[str, list[Document]] = defaultdict(list)
        self.by_order: defaultdict[str, list[Document]] = defaultdict(list)
        self._journal = Journal(path, Entry)
        for entry in self._journal.replay():
            self._apply(entry)

    def close(self) -> None:
        """Let go of the file."""
        self._journal.close()

    def create(
        self, requests: list[OutboundRequest | PushResult], now: datetime, *, twice: bool = False
    ) -> list[PushResult]:
        """Take requests at `now`, one result each. A PushResult among them is a rejection made before, and passes.

        `twice`: as a faulty warehouse would, make two documents of each request and tell of the first.
        """
        results, received, created, contents = [], [], [], {}
        for request in requests:
            received.append(request.key)
            if isinstance(request, PushResult):
                results.append(request)
                continue
            result, documents = self._take(request, now)
            results.append(result)
            for document in documents[: 2 if twice else 1]:
                self._file(document)
                created.append(document)
                contents[document.key] = zlib.compress(msgspec.json.encode(request), 1)
        self.contents |= contents
        self.rejected.update(result.code or "" for result in results if result.status is PushStatus.REJECTED)
        self.received.update(received)
        self._journal.append(Entry(received=tuple(received), created=tuple(created), contents=contents))
        return results

    def find(self, keys: tuple[str, ...], now: datetime) -> dict[str, RemoteOutbound | None]:
        """Tell what is held under each key, as far as it is visible at `now`."""
        found: dict[str, RemoteOutbound | None] = dict.fromkeys(keys)
        for key in found:
            seen = [document for document in self.by_key.get(key, ()) if document.at <= now - self.lookup_lag]
            if seen:
                first = seen[0]
                found[key] = RemoteOutbound(
                    key=key, remote_id=first.remote_id, state="created", revision=first.revision
                )
        return found

    def doubles(self) -> dict[str, list[str]]:
        """Map each order that was created more than once to the keys it was created under."""
        return {
            ref: [document.key for document in documents]
            for ref, documents in self.by_order.items()
            if len(documents) > 1
        }

    def book(self, key: str) -> KeyBook:
        """Return everything known of one key."""
        documents = self.by_key.get(key, [])
        return KeyBook(
            received=self.received[key],
            created=len(documents),
            order_ref=documents[0].order_ref if documents else None,
            warehouse=documents[0].warehouse if documents else None,
            documents=tuple(documents),
        )

    def page(self, after: str, limit: int) -> dict[str, Any]:
        """Return the books of up to `limit` keys behind `after`, in the order of the keys, and the last key if more."""
        keys = sorted(key for key in self.received if key > after)
        chosen = keys[:limit]
        return {
            "keys": {key: self.book(key) for key in chosen},
            "next_after": chosen[-1] if len(keys) > limit else None,
            "doubles": self.doubles(),
        }

    def summary(self) -> dict[str, Any]:
        """Return the books in a few figures."""
        doubles = self.doubles()
        quantity = sum((line.quantity for document in self.documents for line in document.lines), Decimal(0))
        return {
            "received": self.received.total(),
            "keys": len(self.received),
            "created": len(self.documents),
            "orders": len(self.by_order),
            "doubles": len(doubles),
            "double_refs": sorted(doubles)[:100],
            "rejected": dict(self.rejected),
            "lines": sum(len(document.lines) for document in self.documents),
            "quantity": quantity,
            "by_warehouse": dict(Counter(document.warehouse for document in self.documents)),
        }

    def _take(self, request: OutboundRequest, now: datetime) -> tuple[PushResult, tuple[Document, ...]]:
        """Decide about a request: the answer, and the document it makes with the one it must not make beside it."""
        digest = digest_of(request)
        held = self.by_key.get(request.key) if self.idempotency == "key" else None
        if held:
            return repeated(held[0], digest), ()
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal, ()
        document = Document(
            remote_id=f"WMS-{self.filed + 1:07d}",
            key=request.key,
            order_ref=request.order_ref,
            revision=request.revision,
            warehouse=request.warehouse,
            lines=tuple(Line(line.line_no, line.sku, line.quantity) for line in request.lines),
            digest=digest,
            at=now,
        )
        second = msgspec.structs.replace(document, remote_id=f"WMS-{self.filed + 2:07d}")
        accepted = PushResult(key=request.key, status=PushStatus.ACCEPTED, remote_id=document.remote_id)
        return accepted, (document, second)

    def _refusal(self, request: OutboundRequest) -> PushResult | None:
        if request.warehouse not in self.warehouses:
            known = ", ".join(self.warehouses)
            return rejected(request.key, "unknown_warehouse", f"No warehouse {request.warehouse!r}; there are {known}")
        if not request.lines:
            return rejected(request.key, "no_lines", f"{request.order_ref} has no lines to ship")
        for line in request.lines:
            if not line.quantity.is_finite() or line.quantity <= 0:
                return rejected(request.key, "bad_quantity", f"Line {line.line_no} has the quantity {line.quantity}")
        return None

    def _file(self, document: Document) -> None:
        self.documents.append(document)
        self.filed += 1
        self.by_key[document.key].append(document)
        self.by_order[document.order_ref].append(document)

    def _apply(self, entry: Entry) -> None:
        self.received.update(entry.received)
        self.contents |= entry.contents
        for document in entry.created:
            self._file(document)


def digest_of(request: OutboundRequest) -> str:
    """Return a digest of what a request says, whatever the order of its keys."""
    return hashlib.blake2b(msgspec.json.encode(request, order="sorted"), digest_size=16).hexdigest()


def repeated(document: Document, digest: str) -> PushResult:
    """Answer a key that is already taken: the same request again, or another one under the same key."""
    if document.digest == digest:
        return PushResult(key=document.key, status=PushStatus.DUPLICATE, remote_id=document.remote_id)
    held = f"{document.key} already holds {document.remote_id}, made of another request"
    return rejected(document.key, "key_reused", held)


def rejected(key: str, code: str, message: str) -> PushResult:
    """A definite no for one item."""
    return PushResult(key=key, status=PushStatus.REJECTED, code=code, message=message)
