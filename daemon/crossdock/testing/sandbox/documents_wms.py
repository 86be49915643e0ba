"""The sandbox WMS's documents: listed by the contract, and made, shipped, received and corrected by tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from crossdock.spec.documents import InboundDoc, InboundState, OutboundDoc, Parcel, Receipt
from crossdock.spec.outbound import Stage
from crossdock.testing.sandbox.call import Answer, Call, Refused, decode, number, ok
from crossdock.testing.sandbox.listing_query import window_of
from crossdock.testing.sandbox.server import utc_now
from crossdock.testing.sandbox.shelf import Listed, Shelf, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime
    from decimal import Decimal

    from crossdock.spec.orders import Window

MAX_PAGE = 500
D = TypeVar("D", OutboundDoc, InboundDoc)
CLOSED_INBOUND = frozenset({InboundState.COMPLETE, InboundState.INVALID, InboundState.PART_INVALID})


class OutboundDocsIn(Struct, frozen=True, forbid_unknown_fields=True):
    """Outbound documents that a test puts into the WMS."""

    documents: tuple[OutboundDoc, ...]


class InboundDocsIn(Struct, frozen=True, forbid_unknown_fields=True):
    """Inbound documents that a test puts into the WMS."""

    documents: tuple[InboundDoc, ...]


class ParcelsIn(Struct, frozen=True, forbid_unknown_fields=True):
    """Parcels that a test adds to a document, and the stage that it reaches with them."""

    ref: str
    parcels: tuple[Parcel, ...]
    stage: Stage = Stage.OUTBOUND


class ReceiptsIn(Struct, frozen=True, forbid_unknown_fields=True):
    """Receipts that a test adds to a document, and the state that it reaches with them."""

    ref: str
    receipts: tuple[Receipt, ...]
    state: InboundState = InboundState.PART_COMPLETE


class Pages(Protocol):
    """What else lists outbound documents."""

    def page(self, window: Window, cursor: str | None, limit: int) -> dict[str, Any]:
        """List one page, in the order of (`updated_at`, `ref`)."""
        ...


class DocumentRooms:
    """Outbound and inbound documents of a WMS; `now` is its clock and gives change stamps. `path` keeps them over a kill.

    `created` lists the documents that pushes made; one that a test puts under the same key (`own_keys`) is shown instead.
    `received` is told of receipts that are new: their document, and how much of which SKU.
    """

    def __init__(self, path: str | None = None, now: Callable[[], datetime] = utc_now) -> None:
        self.now = now
        outbound, inbound = (None, None) if path is None else (f"{path}.outbound", f"{path}.inbound")
        self.outbound = Shelf(
            OutboundDoc, _ref, _stamp, outbound, lambda d: d.stage in (Stage.OUTBOUND, Stage.CANCELLED)
        )
        self.inbound = Shelf(InboundDoc, _ref, _stamp, inbound, lambda d: d.state in CLOSED_INBOUND)
        self.own_keys = {d.outbound_key for d in self.outbound.items.values() if d.outbound_key is not None}
        self.created: Pages | None = None
        self.received: Callable[[str, str, Decimal], object] = lambda _warehouse, _sku, _quantity: None

    @property
    def routes(self) -> Mapping[tuple[str, str], Callable[[Call], Answer]]:
        """The contract's routes of this room."""
        return {
            ("GET", "/v1/outbound-documents"): self._list_outbound,
            ("GET", "/v1/inbound-documents"): lambda call: self._list(self.inbound, call),
        }

    @property
    def admin_routes(self) -> Mapping[tuple[str, str], Callable[[Call], Answer]]:
        """What only tests ask for."""
        return {
            ("POST", "/outbound-documents"): self._put_outbound,
            ("POST", "/inbound-documents"): self._put_inbound,
            ("POST", "/outbound-documents/parcels"): self._parcels,
            ("POST", "/inbound-documents/receipts"): self._receipts,
            ("GET", "/documents"): self._books,
        }

    def subjects(self, call: Call) -> tuple[str, ...]:  # noqa: ARG002 - a listing is about nothing in particular
        """Name nothing: listings have no keys."""
        return ()

    def close(self) -> None:
        """Let go of the files."""
        self.outbound.close()
        self.inbound.close()

    def put_outbound(self, *documents: OutboundDoc, keep_updated_at: bool = False) -> None:
        """Keep outbound documents as they are given, whatever revision they had, each stamped as changed now."""
        self.own_keys |= {d.outbound_key for d in documents if d.outbound_key is not None}
        self.outbound.put(documents if keep_updated_at else [replace(d, updated_at=self.now()) for d in documents])

    def put_inbound(self, *documents: InboundDoc, keep_updated_at: bool = False) -> None:
        """Keep inbound documents as they are given, whatever revision they had, each stamped as changed now."""
        arrived = [each for document in documents for each in self._new_receipts(document)]
        self.inbound.put(documents if keep_updated_at else [replace(d, updated_at=self.now()) for d in documents])
        for warehouse, sku, quantity in arrived:
            self.received(warehouse, sku, quantity)

    def change_outbound(self, ref: str, **fields: Any) -> OutboundDoc:
        """Change a document and raise its revision. Raises Refused 404."""
        known = _known(self.outbound, ref)
        self.put_outbound(replace(known, revision=known.revision + 1, **fields))
        return _known(self.outbound, ref)

    def change_inbound(self, ref: str, **fields: Any) -> InboundDoc:
        """Change a document and raise its revision. Raises Refused 404."""
        known = _known(self.inbound, ref)
        self.put_inbound(replace(known, revision=known.revision + 1, **fields))
        return _known(self.inbound, ref)

    def add_parcels(self, ref: str, parcels: Iterable[Parcel], stage: Stage = Stage.OUTBOUND) -> OutboundDoc:
        """Add parcels to a document. Raises Refused 404."""
        known = _known(self.outbound, ref)
        return self.change_outbound(ref, parcels=(*known.parcels, *parcels), stage=stage)

    def add_receipts(
        self, ref: str, receipts: Iterable[Receipt], state: InboundState = InboundState.PART_COMPLETE
    ) -> InboundDoc:
        """Add receipts to a document. Raises Refused 404."""
        known = _known(self.inbound, ref)
        return self.change_inbound(ref, receipts=(*known.receipts, *receipts), state=state)

    def _new_receipts(self, document: InboundDoc) -> Iterable[tuple[str, str, Decimal]]:
        held = self.inbound.get(document.ref)
        known = set() if held is None else {receipt.ref for receipt in held.receipts}
        skus = {line.line_no: line.sku for line in document.lines}
        for receipt in document.receipts:
            if receipt.ref not in known and receipt.line_no in skus:
                yield document.warehouse, skus[receipt.line_no], receipt.quantity

    def _list_outbound(self, call: Call) -> Answer:
        if self.created is None:
            return self._list(self.outbound, call)
        window, cursor, limit = window_of(call), call.query.get("cursor"), number(call, "limit", 100, MAX_PAGE)
        pages = [source.page(window, cursor, limit) for source in (self.outbound, self.created)]
        return ok(joined(pages, limit, lambda document: (document.updated_at, document.ref)))

    def _list(self, shelf: Listed[Any], call: Call) -> Answer:
        return ok(shelf.page(window_of(call), call.query.get("cursor"), number(call, "limit", 100, MAX_PAGE)))

    def _put_outbound(self, call: Call) -> Answer:
        documents = decode(call.body, OutboundDocsIn, "a list of outbound documents").documents
        self.put_outbound(*documents, keep_updated_at=call.query.get("keep_updated_at") == "1")
        return ok({"put": len(documents)})

    def _put_inbound(self, call: Call) -> Answer:
        documents = decode(call.body, InboundDocsIn, "a list of inbound documents").documents
        self.put_inbound(*documents, keep_updated_at=call.query.get("keep_updated_at") == "1")
        return ok({"put": len(documents)})

    def _parcels(self, call: Call) -> Answer:
        asked = decode(call.body, ParcelsIn, "parcels of a document")
        return ok(self.add_parcels(asked.ref, asked.parcels, asked.stage))

    def _receipts(self, call: Call) -> Answer:
        asked = decode(call.body, ReceiptsIn, "receipts of a document")
        return ok(self.add_receipts(asked.ref, asked.receipts, asked.state))

    def _books(self, _call: Call) -> Answer:
        return ok({"outbound": sorted(self.outbound.items), "inbound": sorted(self.inbound.items)})


def _known(shelf: Shelf[D], ref: str) -> D:
    found = shelf.get(ref)
    if found is None:
        raise Refused(404, "unknown_document", f"There is no document {ref!r}")
    return found


def _ref(document: OutboundDoc | InboundDoc) -> str:
    return document.ref


def _stamp(document: OutboundDoc | InboundDoc) -> datetime:
    return document.updated_at
