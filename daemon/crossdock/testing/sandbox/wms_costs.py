"""The sandbox WMS's costs: inbound documents of its own book, whose unit costs crossdock may change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from crossdock.spec.costs import CostChange, CostKind
from crossdock.spec.documents import InboundDoc
from crossdock.spec.outbound import ItemResult
from crossdock.testing.sandbox.call import Answer, Call, Refused, check_key, decode, ok
from crossdock.testing.sandbox.oms_costs import refused
from crossdock.testing.sandbox.shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime


class InboundIn(Struct, frozen=True, forbid_unknown_fields=True):
    """Inbound documents that a test puts into the WMS."""

    documents: tuple[InboundDoc, ...]


class WmsCosts:
    """The room. `documents` may be another room's shelf of inbound documents, so that both are the same."""

    def __init__(
        self, now: Callable[[], datetime], path: str | None = None, documents: Shelf[InboundDoc] | None = None
    ) -> None:
        self._now, self._mine = now, documents is None
        self.writes: list[CostChange] = []
        self.documents = documents or Shelf(
            InboundDoc, lambda document: document.ref, lambda document: document.updated_at,
            None if path is None else f"{path}.costs",
        )  # fmt: skip

    @property
    def routes(self) -> Mapping[tuple[str, str], Callable[[Call], Answer]]:
        """The contract's route."""
        return {("POST", "/v1/costs/update"): self._update}

    @property
    def admin_routes(self) -> Mapping[tuple[str, str], Callable[[Call], Answer]]:
        """What only tests ask for."""
        return {("GET", "/costs"): self._books, ("POST", "/costs/documents"): self._put}

    def subjects(self, call: Call) -> tuple[str, ...]:
        """Name the key of an update."""
        try:
            return (msgspec.json.decode(call.body, type=CostChange).key,)
        except msgspec.MsgspecError:
            return ()

    def close(self) -> None:
        """Let go of the file, if it is this room's own."""
        if self._mine:
            self.documents.close()

    def put(self, documents: Iterable[InboundDoc]) -> None:
        """Keep documents as they are."""
        self.documents.put(documents)

    def _put(self, call: Call) -> Answer:
        found = decode(call.body, InboundIn, "a list of inbound documents").documents
        self.put(found)
        return ok({"put": len(found)})

    def _books(self, _call: Call) -> Answer:
        return ok({"documents": list(self.documents.items.values()), "writes": self.writes})

    def _update(self, call: Call) -> Answer:
        check_key(call)
        change = decode(call.body, CostChange, "a change of a cost")
        self.writes.append(change)
        if not change.new.is_finite() or change.new < 0:
            raise Refused(422, "bad_amount", "A cost is a number that is not negative", "new")
        document = self.documents.get(change.document_ref or "")
        if document is None:
            return ok(refused(change, "unknown_document", f"There is no document {change.document_ref!r}"))
        if document.currency not in (None, change.currency):
            return ok(refused(change, "currency", f"The document is in {document.currency}"))
        return ok(self._plan(document, change) if change.kind is CostKind.PLANNED else self._cost(document, change))

    def _plan(self, document: InboundDoc, change: CostChange) -> ItemResult:
        line = next((each for each in document.lines if each.line_no == change.line_no), None)
        if line is None:
            return refused(change, "unknown_line", f"The document has no line {change.line_no}")
        if line.planned_unit_cost == change.new:
            return ItemResult(ref=change.key, ok=True)
        if line.planned_unit_cost != change.old:
            return refused(change, "version", f"The line is planned at {line.planned_unit_cost}, not {change.old}")
        lines = tuple(replace(each, planned_unit_cost=change.new) if each is line else each for each in document.lines)
        self._keep(replace(document, lines=lines, currency=change.currency))
        return ItemResult(ref=change.key, ok=True)

    def _cost(self, document: InboundDoc, change: CostChange) -> ItemResult:
        found = next((each for each in document.receipts if each.ref == change.receipt_ref), None)
        if found is None:
            return refused(change, "unknown_receipt", f"The document has no receipt {change.receipt_ref!r}")
        if found.unit_cost == change.new or found.cost_revision > change.version:
            return ItemResult(ref=change.key, ok=True)
        if found.unit_cost != change.old:
            return refused(change, "version", f"The receipt costs {found.unit_cost}, not {change.old}")
        revised = replace(found, unit_cost=change.new, cost_revision=found.cost_revision + 1)
        receipts = tuple(revised if each is found else each for each in document.receipts)
        self._keep(replace(document, receipts=receipts, currency=change.currency))
        return ItemResult(ref=change.key, ok=True)

    def _keep(self, document: InboundDoc) -> None:
        self.documents.put([replace(document, revision=document.revision + 1, updated_at=self._now())])
