"""Documents of the warehouses in a chaos run: goods arrive in parts, costs are corrected, goods leave by hand or to move."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from crossdock.spec.documents import (
    InboundDoc,
    InboundKind,
    InboundLine,
    InboundState,
    OutboundDoc,
    OutboundDocLine,
    OutboundKind,
    Parcel,
    Receipt,
)
from crossdock.spec.outbound import Stage
from crossdock.testing.chaos.found import Found
from crossdock.testing.chaos.setting import WAREHOUSES
from crossdock.testing.sandbox.wms_changes import ORDER

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from crossdock.testing.chaos.processes import SandboxProcess

NEW, ON = 0.2, 0.7
"""How likely a new document, and a step of one that there is, are in a moment of the feed."""
CENT = Decimal("0.011")
"""An average is rounded once; the books may differ from the exact one by so much."""
PLANNED = Decimal(12)


class Documents:
    """Makes documents and takes them on, and knows what the OMS has to hold of them in the end."""

    def __init__(self, chance: random.Random, sandboxes: Mapping[str, SandboxProcess]) -> None:
        self._chance, self._sandboxes = chance, sandboxes
        self._inbound: dict[str, InboundDoc] = {}
        self._outbound: dict[str, OutboundDoc] = {}

    async def feed(self) -> None:
        """Let something happen, or nothing."""
        if self._chance.random() < NEW:
            await self._put(self._new_inbound())
        if self._chance.random() < NEW / 2:
            await self._put(self._new_outbound())
        if self._inbound and self._chance.random() < ON:
            await self._put(self._taken_on(self._chance.choice([*self._inbound.values()][-40:])))
        if self._outbound and self._chance.random() < ON / 2:
            document = self._chance.choice([*self._outbound.values()][-40:])
            if document.stage is not Stage.OUTBOUND:
                await self._put(_moved(document))

    async def _put(self, document: InboundDoc | OutboundDoc) -> None:
        name = next(name for name, code in WAREHOUSES.items() if code == document.warehouse)
        if isinstance(document, InboundDoc):
            self._inbound[document.ref] = document
            await self._sandboxes[name].tell("/inbound-documents", {"documents": [document]})
        else:
            self._outbound[document.ref] = document
            await self._sandboxes[name].tell("/outbound-documents", {"documents": [document]})

    def _cost(self) -> Decimal:
        return Decimal(self._chance.randint(900, 1100)) / 100

    def _new_inbound(self) -> InboundDoc:
        number = len(self._inbound) + 1
        line = InboundLine(
            line_no=1, sku=f"IN-{self._chance.randint(1, 5)}", planned=PLANNED, planned_unit_cost=self._cost()
        )
        return InboundDoc(
            ref=f"IB-{number:05d}", kind=self._chance.choice([*InboundKind]), revision=1,
            warehouse=self._chance.choice([*WAREHOUSES.values()]), state=InboundState.PENDING, lines=(line,),
            updated_at=datetime.now(UTC), currency="THB",
        )  # fmt: skip

    def _new_outbound(self) -> OutboundDoc:
        line = OutboundDocLine(line_no=1, sku=f"GONE-{self._chance.randint(1, 5)}", planned=Decimal(3))
        return OutboundDoc(
            ref=f"OB-{len(self._outbound) + 1:05d}",
            kind=self._chance.choice([OutboundKind.MANUAL, OutboundKind.TRANSFER]), revision=1,
            warehouse=self._chance.choice([*WAREHOUSES.values()]), stage=Stage.PENDING, lines=(line,),
            updated_at=datetime.now(UTC),
        )  # fmt: skip

    def _taken_on(self, known: InboundDoc) -> InboundDoc:
        """Receive a third, or correct a cost: that of a receipt, or the planned one."""
        revised = replace(known, revision=known.revision + 1, updated_at=datetime.now(UTC))
        receipts, count = known.receipts, len(known.receipts)
        if count < 3:
            made = Receipt(
                ref=f"{known.ref}-{count + 1}", line_no=1, quantity=PLANNED / 3, at=datetime.now(UTC),
                unit_cost=self._cost(),
            )  # fmt: skip
            state = InboundState.COMPLETE if count == 2 else InboundState.PART_COMPLETE
            return replace(revised, receipts=(*receipts, made), state=state)
        if self._chance.random() < 0.5:
            return replace(revised, lines=(replace(known.lines[0], planned_unit_cost=self._cost()),))
        place = self._chance.randrange(count)
        other = replace(receipts[place], unit_cost=self._cost(), cost_revision=receipts[place].cost_revision + 1)
        return replace(revised, receipts=(*receipts[:place], other, *receipts[place + 1 :]))

    async def judge(self) -> list[Found]:
        """Compare what the warehouses said last with the books of the OMS."""
        documents, costs = Found(what="documents"), Found(what="costs")
        books, amounts = await self._sandboxes["oms"].ask("/documents"), await self._sandboxes["oms"].ask("/costs")
        for side, ours in (("inbound", self._inbound), ("outbound", self._outbound)):
            held = {entry["document"]["ref"]: entry for entry in books[side]}
            for ref, document in ours.items():
                _held(documents, document, held.get(ref))
        received = {sku: Decimal(str(quantity)) for sku, quantity in books["received_by_sku"].items()}
        for sku, quantity in self._received().items():
            documents.compare(f"pieces of {sku} received", received.get(sku), quantity)
        planned = {entry["document"]: Decimal(str(entry["amount"])) for entry in amounts["planned"]}
        for ref, document in self._inbound.items():
            wanted = document.lines[0].planned * (document.lines[0].planned_unit_cost or 0)
            costs.compare(f"planned amount of {ref}", planned.get(ref), wanted)
        for sku, exact in self._averages().items():
            held_average = (amounts["averages"].get(sku) or {}).get("average")
            near = held_average is not None and abs(Decimal(str(held_average)) - exact) <= CENT
            costs.compare(f"average of {sku}", exact if near else held_average, exact)
        return [documents, costs]

    def _received(self) -> dict[str, Decimal]:
        found: dict[str, Decimal] = {}
        for document in self._inbound.values():
            for receipt in document.receipts:
                sku = document.lines[0].sku
                found[sku] = found.get(sku, Decimal(0)) + receipt.quantity
        return found

    def _averages(self) -> dict[str, Decimal]:
        """Nothing leaves of these SKUs, so an average is what all receipts cost, by what they are; moves cost nothing."""
        value: dict[str, Decimal] = {}
        pieces: dict[str, Decimal] = {}
        for document in self._inbound.values():
            if document.kind is InboundKind.TRANSFER:
                continue
            for receipt in document.receipts:
                sku, cost = document.lines[0].sku, receipt.unit_cost or Decimal(0)
                value[sku] = value.get(sku, Decimal(0)) + receipt.quantity * cost
                pieces[sku] = pieces.get(sku, Decimal(0)) + receipt.quantity
        return {sku: value[sku] / pieces[sku] for sku in value}


def _moved(known: OutboundDoc) -> OutboundDoc:
    after = ORDER[ORDER.index(known.stage) + 1]
    gone = after is Stage.OUTBOUND
    line = replace(known.lines[0], actual=known.lines[0].planned) if gone else known.lines[0]
    return replace(
        known, stage=after, revision=known.revision + 1, updated_at=datetime.now(UTC), lines=(line,),
        parcels=(Parcel(parcel_no="1", tracking_number=f"T{known.ref}"),) if gone else (),
    )  # fmt: skip


def _held(found: Found, document: InboundDoc | OutboundDoc, entry: Mapping[str, Any] | None) -> None:
    found.compare(document.ref, None if entry is None else entry["document"]["revision"], document.revision)
    if entry is not None and any(times > 1 for times in entry["counted"].values()):
        found.doubled.append(f"{document.ref}: a revision counted more than once ({entry['counted']})")
