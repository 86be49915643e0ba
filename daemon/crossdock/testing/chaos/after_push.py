"""What happens to orders after they were pushed: addresses change, shops cancel, the warehouses go on picking and ship."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from crossdock.spec.documents import OutboundDoc, OutboundDocLine, OutboundKind, Parcel
from crossdock.spec.orders import Address, LineKind, Order, OrderStatus
from crossdock.spec.outbound import Stage
from crossdock.spec.outbound_changes import FieldGroup
from crossdock.testing.chaos.found import Found
from crossdock.testing.chaos.setting import WAREHOUSES
from crossdock.testing.sandbox.oms_labels import made_of
from crossdock.testing.sandbox.wms_changes import CANCEL_UNTIL, LAST, ORDER, too_late

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from crossdock.testing.chaos.orders import Expected
    from crossdock.testing.chaos.processes import SandboxProcess

CONNECTION = {code: name for name, code in WAREHOUSES.items()}
CHANGES, CANCELS, MOVES = 0.5, 0.15, 0.8
"""How likely each is in a moment of the feed."""


class Followed(Struct, kw_only=True):
    """An order as its shop says it now, how often its address changed, and how far its document was moved."""

    order: Order
    warehouse: str
    changes: int = 0
    stage: Stage = Stage.PENDING


class AfterPush:
    """Changes orders that a warehouse may have, and knows what has to come of it."""

    def __init__(self, chance: random.Random, sandboxes: Mapping[str, SandboxProcess]) -> None:
        self._chance, self._sandboxes = chance, sandboxes
        self._orders: dict[str, Followed] = {}
        self._live: list[str] = []

    def know(self, orders: list[Order], expected: Mapping[str, Expected]) -> None:
        """Take new orders in; those that are not to be pushed stay as they are."""
        for order in orders:
            warehouse = expected[order.ref].warehouse
            if warehouse is not None:
                self._orders[order.ref] = Followed(order=order, warehouse=warehouse)
                self._live.append(order.ref)

    @property
    def may_be_absent(self) -> frozenset[str]:
        """Orders that were cancelled: whether they were pushed before is a matter of time."""
        return frozenset(ref for ref, each in self._orders.items() if each.order.status is OrderStatus.CANCELLED)

    async def feed(self) -> None:
        """Let something happen, or nothing."""
        if not self._live:
            return
        oms = self._sandboxes["oms"]
        if self._chance.random() < CHANGES:
            each = self._drawn()
            each.changes += 1
            street = Address(lines=(f"{each.changes} New Road",), country=each.order.recipient.address.country)
            each.order = replace(each.order, recipient=replace(each.order.recipient, address=street))
            await oms.tell("/orders", {"orders": [each.order]})
        if self._chance.random() < CANCELS:
            each = self._there() if self._chance.random() < 0.7 else self._drawn()
            each.order = replace(each.order, status=OrderStatus.CANCELLED)
            self._live.remove(each.order.ref)
            await oms.tell("/orders/cancel", {"ref": each.order.ref})
        if self._live and self._chance.random() < MOVES:
            await self._move(self._drawn())

    def _drawn(self) -> Followed:
        return self._orders[self._chance.choice(self._live[-200:])]

    def _there(self) -> Followed:
        """Draw an order that its warehouse surely has, if there is any."""
        found = [ref for ref in self._live if self._orders[ref].stage in (Stage.PICKING, Stage.PICKED, Stage.PACKED)]
        return self._orders[self._chance.choice(found)] if found else self._drawn()

    async def _move(self, each: Followed) -> None:
        """Have the warehouse's people take a document one stage on, and show its document; not one that is cancelled."""
        if each.stage is Stage.OUTBOUND:
            return
        wms, after = self._sandboxes[CONNECTION[each.warehouse]], ORDER[ORDER.index(each.stage) + 1]
        asked = {"order_ref": each.order.ref, "stage": after, "if_live": True}
        moved = await wms.ask_for("/outbounds/stage", asked)
        if moved is None or moved["stage"] != after:
            return  # it is not there yet, or not any more
        each.stage = after
        await wms.tell("/outbound-documents", {"documents": [shipped(each, moved["key"])]})

    async def judge(self, documents: Mapping[str, list[dict[str, Any]]]) -> list[Found]:
        """Compare what the shops said last with the books. `documents` are what the warehouses created, by order."""
        changes, cancels, labels = Found(what="changes"), Found(what="cancellations"), Found(what="labels")
        told = {
            (entry["report"]["order_ref"], entry["report"]["status"])
            for entry in (await self._sandboxes["oms"].ask("/books"))["reports"]
        }
        held = {name: (await self._sandboxes[name].ask("/labels"))["labels"] for name in WAREHOUSES}
        for ref, each in self._orders.items():
            if not (made := documents.get(ref)):
                continue
            name = CONNECTION[each.warehouse]
            shown = await self._sandboxes[name].ask("/outbounds", key=made[-1]["key"])
            stage = Stage(shown["state"].get("stage", Stage.PENDING))
            if each.order.status is OrderStatus.CANCELLED:
                _cancelled(cancels, each, stage, told)
                continue
            if stage is Stage.CANCELLED or (ref, "cancelled") in told:
                cancels.wrong.append(f"{ref} was never cancelled by its shop, and is")
            if each.changes:
                _changed(changes, each, stage, shown)
            if each.stage is Stage.PENDING:
                _labelled(labels, each, held[name].get(made[-1]["key"]))
        return [changes, cancels, labels]


def shipped(each: Followed, key: str) -> OutboundDoc:
    """Write the document of a parcel as its warehouse shows it at its stage."""
    lines = [line for line in each.order.lines if line.kind is LineKind.GOODS]
    gone = each.stage is Stage.OUTBOUND
    tracking = Parcel(parcel_no="1", tracking_number=f"T{each.order.ref}", shipped_at=datetime.now(UTC))
    return OutboundDoc(
        ref=f"OUT-{key}", kind=OutboundKind.PARCEL, revision=ORDER.index(each.stage), warehouse=each.warehouse,
        stage=each.stage, updated_at=datetime.now(UTC), order_ref=each.order.ref, outbound_key=key,
        parcels=(tracking,) if gone else (),
        lines=tuple(
            OutboundDocLine(
                line_no=line.line_no, sku=line.sku, planned=line.quantity, actual=line.quantity if gone else None
            )
            for line in lines
        ),
    )  # fmt: skip


def _cancelled(found: Found, each: Followed, stage: Stage, told: set[tuple[str, str]]) -> None:
    ref, said = each.order.ref, (each.order.ref, "cancelled") in told
    found.count += 1
    if stage is Stage.CANCELLED:
        if (ref, "pushed") in told and not said:
            found.lost.append(f"{ref}: its warehouse cancelled it, and its shop was not told")
        return
    if said:
        found.wrong.append(f"{ref}: its shop was told that it is cancelled, and it is {stage} in its warehouse")
    if not too_late(stage, CANCEL_UNTIL):
        found.lost.append(f"{ref}: its warehouse was not told that it is cancelled; it is {stage}")


def _changed(found: Found, each: Followed, stage: Stage, shown: Mapping[str, Any]) -> None:
    """The last address has arrived, or it was too late for it; a warehouse never took more changes than there were."""
    found.count += 1
    ref, content = each.order.ref, shown["content"]
    wanted = msgspec.json.decode(msgspec.json.encode(each.order.recipient))
    if content["recipient"] != wanted and not too_late(stage, LAST[FieldGroup.RECIPIENT]):
        found.lost.append(f"{ref}: its last address did not arrive; its document is {stage}")
    if shown["state"].get("updates", 0) > each.changes:
        found.doubled.append(f"{ref}: {shown['state']['updates']} updates of {each.changes} changes")
    pieces = sum(Decimal(str(line["quantity"])) for line in content["lines"])
    if pieces != sum(line.quantity for line in each.order.lines if line.kind is LineKind.GOODS):
        found.wrong.append(f"{ref}: an update changed its goods")


def _labelled(found: Found, each: Followed, label: Mapping[str, Any] | None) -> None:
    found.count += 1
    digest = hashlib.blake2b(made_of(each.order), digest_size=16).hexdigest()
    if label is None or label["digest"] != digest:
        version = None if label is None else label["version"]
        found.lost.append(f"{each.order.ref}: its label is not that of the order as it is now (version {version})")
    elif label["version"] > 1 + each.changes:
        found.doubled.append(f"{each.order.ref}: version {label['version']} of its label after {each.changes} changes")
