"""The sandbox OMS's documents: what warehouses' documents it was given, and what it made of them."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from crossdock.spec.documents import InboundDoc, InboundPosting, OutboundDoc, OutboundPosting, Receipt
from crossdock.spec.outbound import ItemResult
from crossdock.testing.sandbox.bodies import ItemResults
from crossdock.testing.sandbox.call import Answer, Call, Refused, check_key, decode, ok
from crossdock.testing.sandbox.documents_bodies import RawPostings
from crossdock.testing.sandbox.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

MAX_BATCH = 50
Name = tuple[str, str, str]
"""Warehouse, list (kind) and reference: what names a document in the OMS."""


class KeyOnly(Struct, frozen=True):
    """What is read of an item first: enough to answer for it."""

    key: str


class Keys(Struct, frozen=True):
    """The keys of a batch."""

    items: tuple[KeyOnly, ...]


class Entry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one request brought."""

    outbound: tuple[OutboundPosting, ...] = ()
    inbound: tuple[InboundPosting, ...] = ()


class PostedBooks:
    """Every document as it was entered last, and how often each of its revisions came and counted.

    `received` counts postings by key, `counted` how often a revision of a document changed anything: never more than once.
    `refuse` maps the reference of a document to the message with which it is refused; only tests fill it.
    """

    def __init__(self, path: str | None = None) -> None:
        self.outbound: dict[Name, OutboundDoc] = {}
        self.inbound: dict[Name, InboundDoc] = {}
        self.received: Counter[str] = Counter()
        self.counted: Counter[tuple[Name, int]] = Counter()
        self.order: list[tuple[str, int]] = []
        self.receipts: dict[tuple[Name, str], Receipt] = {}
        self.refuse: dict[str, str] = {}
        self._journal = Journal(path, Entry)
        for entry in self._journal.replay():
            self._apply(entry)

    def close(self) -> None:
        """Let go of the file."""
        self._journal.close()

    def enter_outbound(self, postings: Iterable[OutboundPosting]) -> list[ItemResult]:
        """Enter outbound documents, one result each; a revision that is there, or an older one, changes nothing."""
        return self._enter(tuple(postings), "outbound")

    def enter_inbound(self, postings: Iterable[InboundPosting]) -> list[ItemResult]:
        """Enter inbound documents, one result each; a revision that is there, or an older one, changes nothing."""
        return self._enter(tuple(postings), "inbound")

    def planned_amount(self, name: Name) -> Decimal:
        """Σ planned quantity × planned unit cost of an inbound document; a line without a cost adds nothing."""
        lines = self.inbound[name].lines
        return sum((line.planned * (line.planned_unit_cost or Decimal(0)) for line in lines), Decimal(0))

    def received_by_sku(self) -> dict[str, Decimal]:
        """Σ received quantity of each SKU, every receipt counted once."""
        found: dict[str, Decimal] = {}
        for (name, _), receipt in self.receipts.items():
            skus = {line.line_no: line.sku for line in self.inbound[name].lines}
            sku = skus.get(receipt.line_no, "")
            found[sku] = found.get(sku, Decimal(0)) + receipt.quantity
        return found

    def shown(self) -> dict[str, Any]:
        """Return the books, as JSON may hold them."""
        return {
            "outbound": [{"document": d, "counted": self._times(n)} for n, d in sorted(self.outbound.items())],
            "inbound": [
                {"document": d, "counted": self._times(n), "planned_amount": self.planned_amount(n)}
                for n, d in sorted(self.inbound.items())
            ],
            "received": dict(self.received),
            "received_by_sku": self.received_by_sku(),
        }

    def _times(self, name: Name) -> dict[str, int]:
        return {str(revision): times for (held, revision), times in sorted(self.counted.items()) if held == name}

    def _enter(self, postings: tuple[Any, ...], side: str) -> list[ItemResult]:
        taken = tuple(posting for posting in postings if posting.document.ref not in self.refuse)
        entry = Entry(**{side: taken})
        self._apply(entry)
        self._journal.append(entry)
        return [self._result(posting) for posting in postings]

    def _result(self, posting: OutboundPosting | InboundPosting) -> ItemResult:
        message = self.refuse.get(posting.document.ref)
        if message is None:
            return ItemResult(ref=posting.key, ok=True)
        return ItemResult(ref=posting.key, ok=False, code="refused", message=message)

    def _apply(self, entry: Entry) -> None:
        for posting in entry.outbound:
            name = self._note(posting.key, posting.document)
            held = self.outbound.get(name)
            if held is None or held.revision < posting.document.revision:
                self.outbound[name] = posting.document
                self._count(name, posting.document.revision)
        for received in entry.inbound:
            name = self._note(received.key, received.document)
            known = self.inbound.get(name)
            if known is None or known.revision < received.document.revision:
                self.inbound[name] = received.document
                self._count(name, received.document.revision)
                self.receipts |= {(name, receipt.ref): receipt for receipt in received.document.receipts}

    def _note(self, key: str, document: OutboundDoc | InboundDoc) -> Name:
        self.received[key] += 1
        side = "outbound" if isinstance(document, OutboundDoc) else "inbound"
        return (document.warehouse, f"{document.kind.value}-{side}", document.ref)

    def _count(self, name: Name, revision: int) -> None:
        self.counted[name, revision] += 1
        self.order.append((name[2], revision))


class PostingsRoom:
    """The OMS's routes for documents of warehouses. `path` keeps its books over a kill.

    `entered` is told of the inbound documents of each call, as they were taken.
    """

    def __init__(self, path: str | None = None) -> None:
        self.entered: Callable[[Iterable[InboundDoc]], object] = lambda _documents: None
        self.books = PostedBooks(None if path is None else f"{path}.documents")

    @property
    def routes(self) -> Mapping[tuple[str, str], Callable[[Call], Answer]]:
        """The contract's routes of this room."""
        return {
            ("POST", "/v1/outbound-documents"): self._outbound,
            ("POST", "/v1/inbound-documents"): self._inbound,
        }

    @property
    def admin_routes(self) -> Mapping[tuple[str, str], Callable[[Call], Answer]]:
        """What only tests ask for."""
        return {("GET", "/documents"): lambda _: ok(self.books.shown()), ("POST", "/documents/refuse"): self._refuse}

    def subjects(self, call: Call) -> tuple[str, ...]:
        """Name the keys of a call."""
        try:
            return tuple(item.key for item in msgspec.json.decode(call.body, type=Keys).items)
        except msgspec.MsgspecError:
            return ()

    def close(self) -> None:
        """Let go of the file."""
        self.books.close()

    def _outbound(self, call: Call) -> Answer:
        postings, spoilt = read(call, OutboundPosting)
        return ok(ItemResults(results=(*self.books.enter_outbound(postings), *spoilt)))

    def _inbound(self, call: Call) -> Answer:
        postings, spoilt = read(call, InboundPosting)
        results = self.books.enter_inbound(postings)
        refused = self.books.refuse
        self.entered([posting.document for posting in postings if posting.document.ref not in refused])
        return ok(ItemResults(results=(*results, *spoilt)))

    def _refuse(self, call: Call) -> Answer:
        self.books.refuse = decode(call.body, dict[str, str], "messages by reference")
        return ok({"refused": len(self.books.refuse)})


def read(call: Call, kind: type[Any]) -> tuple[list[Any], list[ItemResult]]:
    """Read a batch: its postings, and a refusal for each item that is none. Raises Refused."""
    check_key(call)
    items = decode(call.body, RawPostings, "a list of postings").items
    if not 1 <= len(items) <= MAX_BATCH:
        raise Refused(422, "batch_size", f"A batch holds 1 to {MAX_BATCH} items, this one {len(items)}")
    found, spoilt = [], []
    for raw in items:
        try:
            found.append(msgspec.json.decode(raw, type=kind))
        except msgspec.MsgspecError as error:
            key = decode(bytes(raw), KeyOnly, "an item with a key").key
            spoilt.append(ItemResult(ref=key, ok=False, code="invalid", message=f"Not a posting: {error}"))
    return found, spoilt
