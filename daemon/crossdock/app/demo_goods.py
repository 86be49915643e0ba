"""What happens to goods on the demo's working day: receipts and what they cost, products, stock."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec.structs import replace

from crossdock.app.demo_desk import Desk, NotSeen, Part, sure
from crossdock.control.client import Refusal
from crossdock.control.records.costs import CostEdit
from crossdock.control.records.master import MasterField
from crossdock.spec.documents import InboundDoc, InboundKind, InboundLine, InboundState, Receipt
from crossdock.spec.products import Product
from crossdock.spec.stock import StockLevel

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.control.records.master import MasterConflict

TEA, CUP, POT = "DAY-TEA", "DAY-CUP", "DAY-POT"
DELIVERY = "IN-1"
COUNTED = "DAY-BOX"


def products(now: datetime) -> tuple[Product, ...]:
    """Make the products that both sides know."""
    plain = Product(sku=CUP, updated_at=now, name="Tea cup", weight_g=200, storage="dry")
    return plain, replace(plain, sku=POT, name="Tea pot", weight_g=900)


async def costs_are_corrected(desk: Desk) -> str:
    """A delivery is planned and arrives; one of its costs is corrected in crossdock."""
    now = desk.wms.now()
    line = InboundLine(line_no=1, sku=TEA, planned=Decimal(20), planned_unit_cost=Decimal("100.00"), name="Jasmine tea")
    desk.say(f"a delivery {DELIVERY} of 20 {TEA} is announced at 100.00 THB each, and arrives in two parts")
    desk.wms.documents.put_inbound(
        InboundDoc(
            ref=DELIVERY, kind=InboundKind.RECEIPT, revision=1, warehouse=desk.warehouse, state=InboundState.PENDING,
            lines=(line,), updated_at=now, number=DELIVERY, currency="THB", supplier="Hill Tea Farm", created_at=now,
        )
    )  # fmt: skip
    await desk.until_seen(lambda: planned(desk) == Decimal(2000), "the OMS has the planned amount 2000.00")
    parts = [
        Receipt(ref=ref, line_no=1, quantity=Decimal(10), at=now, unit_cost=Decimal(cost))
        for ref, cost in (("R1", "100.00"), ("R2", "120.00"))
    ]
    desk.wms.documents.add_receipts(DELIVERY, parts, InboundState.COMPLETE)
    await desk.until_seen(lambda: average(desk) == Decimal(110), f"the OMS has the average 110.00 of {TEA}")
    desk.say(f"the invoice of {DELIVERY} says 126.00 instead of 120.00; a person corrects that in crossdock")
    made = await desk.client.edit_actual_cost(
        CostEdit(
            connection=desk.connection, document=DELIVERY, line_no=1, receipt="R2", unit_cost=Decimal("126.00"), currency="THB",
            old=Decimal("120.00"), version=0, reason="the invoice says 126.00",
        )
    )  # fmt: skip
    await desk.until_seen(lambda: average(desk) == Decimal(113), f"the OMS has the average 113.00 of {TEA}")
    await desk.until_seen(lambda: real_cost(desk) == Decimal(126), "the warehouse has the corrected cost")
    effect = made.effect
    if effect is None:
        raise NotSeen("there was no preview of the effect")
    sure(
        (effect.average_before, effect.average_after) == (Decimal(110), Decimal(113)),
        f"the preview said {effect.average_before} and {effect.average_after}",
    )
    await desk.until_seen(lambda: arrived(desk) == Decimal(20), "the OMS has both receipts")
    return (
        f"{DELIVERY}: crossdock gave the OMS its planned amount of 2000.00 THB and both receipts. A cost was corrected from "
        "120.00 to 126.00: the average purchase price went from 110.00 to 113.00, as the preview had said, and the "
        "warehouse has the corrected cost too"
    )


def planned(desk: Desk) -> Decimal | None:
    """Return the planned amount of the delivery that the OMS has."""
    found = desk.oms.costs.planned.get((desk.warehouse, DELIVERY))
    return None if found is None else found.amount


def average(desk: Desk) -> Decimal | None:
    """Return the average purchase price that the OMS has."""
    found = desk.oms.costs.priced.get(TEA)
    return None if found is None else found.average


def real_cost(desk: Desk) -> Decimal | None:
    """Return what the second part of the delivery costs, as the warehouse has it."""
    found = desk.wms.documents.inbound.items[DELIVERY]
    return next((receipt.unit_cost for receipt in found.receipts if receipt.ref == "R2"), None)


def arrived(desk: Desk) -> Decimal | None:
    """Return how much the OMS knows to have arrived, every receipt counted once."""
    return desk.oms.postings.books.received_by_sku().get(TEA)


async def products_are_merged(desk: Desk) -> str:
    """Product data is switched on; then people edit products on both sides."""
    await switch_on(desk)
    desk.say(f"people edit {CUP} and {POT} in the OMS and in the warehouse at the same time")
    desk.oms.products.edit(CUP, name="Tea cup, blue")
    desk.wms.products.edit(CUP, weight_g=215)
    desk.oms.products.edit(POT, name="Teapot of clay")
    desk.wms.products.edit(POT, name="Clay pot", storage="dry, upright")

    def merged() -> bool:
        cups = [side.products.get(CUP) for side in (desk.oms, desk.wms)]
        return all(cup is not None and (cup.name, cup.weight_g) == ("Tea cup, blue", 215) for cup in cups)

    await desk.until_seen(merged, f"{CUP} is the same on both sides")
    found: list[MasterConflict] = []

    async def kept() -> bool:
        found[:] = (await desk.client.master_conflicts(desk.warehouse)).items
        return len(found) == 1

    await desk.until(kept, f"one conflict about {POT} is kept")
    values = (found[0].sku, found[0].field, found[0].base, found[0].oms, found[0].wms)
    sure(values == (POT, "name", "Tea pot", "Teapot of clay", "Clay pot"), f"the conflict is {values}")
    pots = [side.products.get(POT) for side in (desk.oms, desk.wms)]
    names = [None if pot is None else pot.name for pot in pots]
    sure(names == ["Teapot of clay", "Clay pot"], f"a name was overwritten: {names}")
    return (
        f"{CUP}: renamed in the OMS and weighed in the warehouse; crossdock merged both, and nothing went back and forth. "
        f"{POT}: both sides gave it another name; crossdock overwrote neither and keeps the conflict for a person, with all "
        "three values (Tea pot; Teapot of clay; Clay pot)"
    )


async def switch_on(desk: Desk) -> None:
    """Have products kept in step: the first contact is planned, shown and applied. Raises NotSeen."""
    found = await desk.client.master_settings(desk.warehouse)
    fields = {**found.fields, "name": MasterField(rule="manual")}
    await desk.client.save_master_settings(replace(found, enabled=True, fields=fields))
    await until_products(desk, "proposed")

    async def applied() -> bool:
        plan = await desk.client.master_plan(desk.warehouse)
        try:
            await desk.client.apply_master_plan(desk.warehouse, plan.id)
        except Refusal:
            return False  # something changed since it was planned
        return True

    await desk.until(applied, "the plan of the first contact is applied")
    await until_products(desk, "bound")


async def until_products(desk: Desk, state: str) -> None:
    """Wait until both products stand in a state. Raises NotSeen."""

    async def stand() -> bool:
        status = await desk.client.master_status(desk.warehouse)
        return status.products.get(state, 0) == 2

    await desk.until(stand, f"both products are {state}")


async def stock_follows(desk: Desk) -> str:
    """Stock levels go to the OMS, the newest one last."""
    desk.say("the warehouse's stock is switched on, and counted")
    desk.wms.stock.put(
        [StockLevel(sku=COUNTED, warehouse=desk.warehouse, on_hand=Decimal(40), observed_at=desk.wms.now())]
    )
    await desk.client.switch_stock(desk.warehouse, on=True)
    await desk.until_seen(lambda: held(desk, COUNTED) == 40, f"the OMS has 40 of {COUNTED}")
    desk.wms.stock.change(desk.warehouse, COUNTED, Decimal(-3), desk.wms.now())
    await desk.until_seen(lambda: in_step(desk), "the OMS has the warehouse's levels")
    return (
        f"{COUNTED}: counted at 40, then three left. The OMS has 37, and of {len(desk.wms.stock.levels.items)} products what "
        "the warehouse holds; no older level replaced a newer one"
    )


def held(desk: Desk, sku: str) -> Decimal | None:
    """Return how much the OMS knows the warehouse to have."""
    found = desk.oms.stock.levels.get(f"{desk.warehouse}/{sku}")
    return None if found is None else found.on_hand


def in_step(desk: Desk) -> bool:
    """Tell whether the OMS has every level of the warehouse, and none ever went back in time."""
    levels = desk.wms.stock.levels.items.values()
    stamps: dict[str, list[datetime]] = {}
    for level in desk.oms.stock.history:
        stamps.setdefault(level.sku, []).append(level.observed_at)
    ordered = all(found == sorted(found) for found in stamps.values())
    return ordered and all(held(desk, level.sku) == level.on_hand for level in levels)


PARTS: tuple[Part, ...] = (
    ("receipts and costs", costs_are_corrected),
    ("products", products_are_merged),
    ("stock", stock_follows),
)
"""What happens to goods. They may be played all at once."""
