"""The floor of a simulated warehouse: outbound documents that move on by themselves, are changed, held and cancelled."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from crossdock.spec.documents import OutboundDoc, OutboundDocLine, OutboundKind, Parcel, ParcelLine
from crossdock.spec.outbound import PushResult, PushStatus, Stage
from crossdock.spec.outbound_changes import FieldGroup
from crossdock.testing.simulation.wire import Ledger

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.spec.labels import LabelDelivery
    from crossdock.spec.outbound import OutboundRequest
    from crossdock.spec.outbound_changes import OutboundCancel, OutboundHold, OutboundUpdate
    from crossdock.testing.simulation.wire import Wire

STAGES = (Stage.PENDING, Stage.PICKING, Stage.PICKED, Stage.PACKED, Stage.OUTBOUND)
TAKEN_UNTIL = {
    FieldGroup.LINES: Stage.PICKING, FieldGroup.RECIPIENT: Stage.PICKED, FieldGroup.LOGISTICS: Stage.PACKED,
    FieldGroup.NOTES: Stage.PACKED, FieldGroup.OTHER: Stage.PACKED,
}  # fmt: skip
"""The last stage at which this warehouse takes a change of a group, whatever is declared."""


@dataclass
class Shipment:
    """An outbound document as it really is. `asked`: its cancellation is being decided; `actual`: what has left."""

    key: str
    order_ref: str
    remote_id: str
    content: OutboundRequest
    stage: Stage = Stage.PENDING
    held: bool = False
    asked: bool = False
    revision: int = 0
    keys: set[str] = field(default_factory=set)
    actual: dict[int, Decimal] = field(default_factory=dict)
    parcels: list[Parcel] = field(default_factory=list)
    short_closed: bool = False
    shipped_at: datetime | None = None
    label: tuple[int, bytes] | None = None
    problem: str = ""

    @property
    def live(self) -> bool:
        """It ships, or has shipped."""
        return self.stage is not Stage.CANCELLED


class Floor:
    """Everything a warehouse does with outbound documents. `still`: nothing moves on that nobody waits for."""

    def __init__(self, name: str, remote: str, wire: Wire) -> None:
        self.name, self.remote, self.wire = name, remote, wire
        self.shipments: dict[str, Shipment] = {}
        self.outbound: Ledger[OutboundDoc] = Ledger(wire, lambda document: document.updated_at)
        self.still = False

    def of_order(self, ref: str) -> list[Shipment]:
        """Return what was made for an order and may ship, or has."""
        return [each for each in self.shipments.values() if each.order_ref == ref and each.live]

    def receive(self, item: OutboundRequest, remote_id: str) -> None:
        """A document was created."""
        shipment = Shipment(item.key, item.order_ref, remote_id, item)
        self.shipments[item.key] = shipment
        self._show(shipment)
        self._later(shipment)

    def _later(self, shipment: Shipment) -> None:
        self.wire.loop.call_later(self.wire.random.uniform(1, 12), self._go_on, shipment)

    def _go_on(self, shipment: Shipment) -> None:
        done = not shipment.live or shipment.short_closed or (shipment.shipped_at and self._whole(shipment))
        if done or (self.still and not shipment.asked):
            return
        chance = self.wire.random.random()
        if shipment.shipped_at is not None:
            self._finish(shipment, short=chance < 0.3)
        elif shipment.held and not shipment.asked:
            pass
        elif chance < 0.03 and not self.still:
            shipment.stage, shipment.problem = Stage.CANCELLED, "damaged"
            self._show(shipment)
        else:
            shipment.stage = STAGES[STAGES.index(shipment.stage) + 1]
            if shipment.stage is Stage.OUTBOUND:
                self._ship(shipment, whole=chance < 0.7)
            self._show(shipment)
        self._later(shipment)

    @staticmethod
    def _whole(shipment: Shipment) -> bool:
        return all(shipment.actual.get(line.line_no) == line.quantity for line in shipment.content.lines)

    def _ship(self, shipment: Shipment, *, whole: bool) -> None:
        shipment.shipped_at = self.wire.moment()
        first = {
            line.line_no: line.quantity if whole else min(line.quantity, Decimal(1)) for line in shipment.content.lines
        }
        self._pack(shipment, first)

    def _finish(self, shipment: Shipment, *, short: bool) -> None:
        if short:
            shipment.short_closed = True
        else:
            lines = shipment.content.lines
            self._pack(shipment, {line.line_no: line.quantity - shipment.actual[line.line_no] for line in lines})
        self._show(shipment)

    def _pack(self, shipment: Shipment, goods: dict[int, Decimal]) -> None:
        number = f"P{len(shipment.parcels) + 1}"
        lines = tuple(ParcelLine(line_no=no, quantity=quantity) for no, quantity in goods.items() if quantity)
        shipment.parcels.append(
            Parcel(
                parcel_no=number,
                lines=lines,
                tracking_number=f"T-{shipment.remote_id}-{number}",
                shipped_at=self.wire.moment(),
            )
        )
        for no, quantity in goods.items():
            shipment.actual[no] = shipment.actual.get(no, Decimal(0)) + quantity

    def _show(self, shipment: Shipment) -> None:
        shipment.revision += 1
        lines = tuple(
            OutboundDocLine(
                line_no=line.line_no, sku=line.sku, planned=line.quantity, actual=shipment.actual.get(line.line_no)
            )
            for line in shipment.content.lines
        )  # fmt: skip
        document = OutboundDoc(
            ref=shipment.remote_id, kind=OutboundKind.PARCEL, revision=shipment.revision, warehouse=self.remote,
            stage=shipment.stage, lines=lines, updated_at=self.wire.stamp(), parcels=tuple(shipment.parcels),
            order_ref=shipment.order_ref, outbound_key=shipment.key, short_closed=shipment.short_closed,
            problem=shipment.problem, shipped_at=shipment.shipped_at,
        )  # fmt: skip
        self.outbound.put(shipment.remote_id, document)

    def update(self, item: OutboundUpdate) -> PushResult:
        """Take a change, unless it was taken before, is older than what is there, or comes too late."""
        shipment = self.shipments.get(item.request.key)
        if shipment is None:
            return PushResult(key=item.key, status=PushStatus.REJECTED, code="gone")
        if item.key in shipment.keys or item.request.revision < shipment.content.revision:
            return PushResult(key=item.key, status=PushStatus.DUPLICATE)
        last = min(STAGES.index(TAKEN_UNTIL[group]) for group in item.groups)
        if not shipment.live or STAGES.index(shipment.stage) > last:
            return PushResult(key=item.key, status=PushStatus.REJECTED, code="too_late", message="too late")
        shipment.keys.add(item.key)
        shipment.content = item.request
        self._show(shipment)
        return PushResult(key=item.key, status=PushStatus.ACCEPTED)

    def cancel(self, item: OutboundCancel) -> PushResult:
        """Do not ship it: at once, perhaps, or not any more."""
        shipment = self.shipments.get(item.outbound_key)
        if shipment is None or shipment.stage in (Stage.PACKED, Stage.OUTBOUND):
            return PushResult(key=item.key, status=PushStatus.REJECTED, code="too_late", message="too late")
        if not shipment.live:
            return PushResult(key=item.key, status=PushStatus.DUPLICATE)
        if shipment.stage is Stage.PENDING:
            self.drop(shipment)
            return PushResult(key=item.key, status=PushStatus.ACCEPTED)
        if not shipment.asked:
            shipment.asked = True
            self.wire.loop.call_later(self.wire.random.uniform(0.5, 4), self._decide, shipment)
        return PushResult(key=item.key, status=PushStatus.REQUESTED)

    def _decide(self, shipment: Shipment) -> None:
        """A picker was found in time, or it goes out."""
        if shipment.stage is not Stage.OUTBOUND and self.wire.random.random() < 0.6:
            self.drop(shipment)
        elif self.still:
            self._later(shipment)

    def drop(self, shipment: Shipment) -> None:
        """It surely does not ship."""
        shipment.stage = Stage.CANCELLED
        self._show(shipment)

    def hold(self, item: OutboundHold) -> PushResult:
        """Keep it waiting, or let it go on; a repeat changes nothing."""
        shipment = self.shipments.get(item.outbound_key)
        if shipment is None or shipment.stage in (Stage.OUTBOUND, Stage.CANCELLED):
            return PushResult(key=item.key, status=PushStatus.REJECTED, code="too_late", message="too late")
        if item.key not in shipment.keys:
            shipment.keys.add(item.key)
            shipment.held = item.on
        return PushResult(key=item.key, status=PushStatus.ACCEPTED)

    def stick(self, item: LabelDelivery) -> PushResult:
        """Take a label; an older version changes nothing."""
        shipment = self.shipments.get(item.outbound_key)
        if shipment is None or shipment.stage in (Stage.OUTBOUND, Stage.CANCELLED):
            return PushResult(key=item.key, status=PushStatus.REJECTED, code="too_late", message="too late")
        if shipment.label is not None and shipment.label[0] >= item.version:
            return PushResult(key=item.key, status=PushStatus.DUPLICATE)
        shipment.label = (item.version, item.data)
        return PushResult(key=item.key, status=PushStatus.ACCEPTED)
