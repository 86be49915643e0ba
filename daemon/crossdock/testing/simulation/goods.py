"""What arrives in a simulated warehouse, at which cost, and what stands on its shelves."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from crossdock.spec.documents import InboundDoc, InboundKind, InboundLine, InboundState, Receipt
from crossdock.spec.stock import StockLevel
from crossdock.testing.simulation.wire import Ledger

if TYPE_CHECKING:
    from crossdock.testing.simulation.wire import Wire

SKUS = ("A-1", "a-1", "B-2", "C-3", "D-4", "กข-5")
MOST = 7
"""Inbound documents of a warehouse."""
_ENDED = frozenset({InboundState.COMPLETE, InboundState.INVALID, InboundState.PART_INVALID})


class Goods:
    """The inbound documents and stock of one warehouse. `counted`: it numbers its observations of stock."""

    def __init__(self, name: str, remote: str, wire: Wire, *, counted: bool) -> None:
        self.name, self.remote, self.wire, self._counted = name, remote, wire, counted
        self.inbound: Ledger[InboundDoc] = Ledger(wire, lambda document: document.updated_at)
        self.stock: Ledger[StockLevel] = Ledger(wire, lambda level: level.observed_at)
        self._observed = 0

    def tick(self) -> None:
        """Let something happen."""
        chance = self.wire.random
        for happen, often in (
            (self._announce, 0.35), (self._receive, 0.6), (self._receive, 0.4), (self._revise, 0.4), (self._plan_anew, 0.2),
            (self._observe, 0.8), (self._observe, 0.5), (self._mend, 0.3), (self._end, 0.15),
        ):  # fmt: skip
            if chance.random() < often:
                self.wire.loop.call_later(chance.uniform(0, 2), happen)

    def settle_down(self) -> None:
        """What could not be read can be read now, half of it."""
        for ref in sorted(self.inbound.broken):
            if self.wire.random.random() < 0.5:
                self._show(self.inbound.now[ref])
                self.inbound.broken.discard(ref)

    def _show(self, document: InboundDoc) -> None:
        after = msgspec.structs.replace(document, revision=document.revision + 1, updated_at=self.wire.stamp())
        self.inbound.put(document.ref, after)

    def _pick(self) -> InboundDoc | None:
        found = [self.inbound.now[ref] for ref in sorted(self.inbound.now)]
        return self.wire.random.choice(found) if found else None

    def _cost(self) -> Decimal | None:
        if self.wire.random.random() < 0.08:
            return None
        return Decimal(self.wire.random.randint(900, 1300)) / 100

    def _announce(self) -> None:
        number, chance = len(self.inbound.now), self.wire.random
        if number >= MOST:
            return
        kind = chance.choice((InboundKind.RECEIPT, InboundKind.RECEIPT, InboundKind.MANUAL, InboundKind.TRANSFER))
        lines = tuple(
            InboundLine(
                line_no=no,
                sku=chance.choice(SKUS),
                planned=Decimal(chance.randint(1, 20)),
                planned_unit_cost=self._cost(),
            )
            for no in range(1, chance.randint(2, 4))
        )
        ref = f"{self.name}/IN-{number}"
        if chance.random() < 0.15:
            self.inbound.broken.add(ref)
        self._show(InboundDoc(
            ref=ref, kind=kind, revision=0, warehouse=self.remote, state=InboundState.PENDING, lines=lines,
            updated_at=self.wire.stamp(), currency="THB",
        ))  # fmt: skip

    def _receive(self) -> None:
        if (document := self._pick()) is None or document.state in _ENDED or len(document.receipts) > 5:
            return
        chance = self.wire.random
        receipt = Receipt(
            ref=f"R{len(document.receipts) + 1}", line_no=chance.choice(document.lines).line_no,
            quantity=Decimal(chance.randint(0, 9)), at=self.wire.moment(), rejected=Decimal(chance.randint(0, 2)),
            unit_cost=self._cost(),
        )  # fmt: skip
        receipts = (*document.receipts, receipt)
        self._show(msgspec.structs.replace(document, receipts=receipts, state=InboundState.PART_COMPLETE))

    def _revise(self) -> None:
        document = self._pick()
        if document is None or not document.receipts:
            return
        receipts = list(document.receipts)
        number = self.wire.random.randrange(len(receipts))
        before = receipts[number]
        receipts[number] = msgspec.structs.replace(
            before, unit_cost=self._cost() or before.unit_cost, cost_revision=before.cost_revision + 1
        )
        self._show(msgspec.structs.replace(document, receipts=tuple(receipts)))

    def _plan_anew(self) -> None:
        if (document := self._pick()) is not None:
            first = msgspec.structs.replace(document.lines[0], planned_unit_cost=self._cost())
            self._show(msgspec.structs.replace(document, lines=(first, *document.lines[1:])))

    def _end(self) -> None:
        if (document := self._pick()) is not None and document.state is InboundState.PART_COMPLETE:
            self._show(msgspec.structs.replace(document, state=InboundState.COMPLETE))

    def _mend(self) -> None:
        if self.inbound.broken:
            ref = min(self.inbound.broken)
            self.inbound.broken.discard(ref)
            self._show(self.inbound.now[ref])

    def _observe(self) -> None:
        self._observed += 1
        sku = self.wire.random.choice(SKUS)
        level = StockLevel(
            sku=sku, warehouse=self.remote, on_hand=Decimal(self.wire.random.randint(0, 99)),
            observed_at=self.wire.moment(), sequence=self._observed if self._counted else None,
        )  # fmt: skip
        self.stock.put(sku, level)
