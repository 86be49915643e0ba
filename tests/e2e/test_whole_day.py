"""One whole day through the daemon as shipped and the default connectors: an order's way out and back, a delivery's costs."""

from __future__ import annotations

import asyncio
import hashlib
import os
import pwd
import random
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from msgspec.structs import replace
from tests.e2e.conftest import World, an_order

from crossdock.control.records.costs import CostEdit
from crossdock.spec.documents import InboundDoc, InboundKind, InboundLine, InboundState, Receipt
from crossdock.spec.orders import Address
from crossdock.spec.outbound import Stage
from crossdock.testing.sandbox.faults import Fault, Match, Rule, Script
from crossdock.testing.sandbox.oms_labels import made_of

REF = "O-1"
DELIVERY = "IN-1"
SKU = "TEA"
STAGES = (Stage.PICKING, Stage.PICKED, Stage.PACKED, Stage.OUTBOUND)
WRITES = (
    "/v1/outbounds", "/v1/outbounds/update", "/v1/outbounds/label", "/v1/push-reports", "/v1/outbound-documents",
    "/v1/inbound-documents", "/v1/costs/update",
)  # fmt: skip
LOST = Script(
    rules=(
        *(Rule(fault=Fault.ACCEPTED_THEN_LOST, match=Match(method="POST", path=path), times=2) for path in WRITES),
        Rule(fault=Fault.S503, match=Match(path="/v1/*", every=7)),
    )
)
"""The first two answers to each kind of write are lost, and every seventh request is refused for now."""
CALM = Script()


class Day(World):
    """The world of one day, whose person may edit costs. `kills` are the steps after which the daemon is killed."""

    def __init__(self, folder, kills=(), chance=None) -> None:
        super().__init__(folder)
        self.kills, self.chance, self.step = frozenset(kills), chance, 0

    def text(self) -> str:
        me = pwd.getpwuid(os.getuid()).pw_name
        roles = "".join(f'[control.roles.{role}]\nusers = ["{me}"]\n' for role in ("buyer", "admin"))
        return super().text().replace("[connections.shop]", f"{roles}[connections.shop]", 1)

    async def done(self) -> None:
        """Something was done that crossdock has to react to; on some days it is killed while it does."""
        self.step += 1
        if self.step in self.kills:
            await asyncio.sleep(self.chance.uniform(0, 0.5))
            await self.kill()
            await self.start()

    async def shows(self, holds, what: str) -> None:
        async def shown() -> bool:
            return holds()

        await self.until(shown, f"{what} (step {self.step}, killed after {sorted(self.kills)})")

    @property
    def key(self) -> str:
        return self.wms.books.by_order[REF][0].key

    def label_given(self, version: int) -> bool:
        held = self.wms.labels.of_order(REF)
        digest = hashlib.blake2b(made_of(self.oms.books.order(REF)), digest_size=16).hexdigest()
        return held is not None and (held.version, held.digest) == (version, digest)

    def posted(self):
        """The order's document as the OMS has it."""
        found = [d for d in self.oms.postings.books.outbound.values() if d.order_ref == REF]
        assert len(found) <= 1
        return found[0] if found else None

    def average(self):
        found = self.oms.costs.priced.get(SKU)
        return None if found is None else found.average

    def amount(self):
        return {name[1]: planned.amount for name, planned in self.oms.costs.planned.items()}.get(DELIVERY)


async def the_order_goes_out(world) -> None:
    order = an_order(1)
    world.oms.put([order])
    await world.done()
    await world.until_arrived(REF)
    await world.until_state(REF, "pushed")
    await world.shows(lambda: world.label_given(1), "the warehouse has the label")
    moved = replace(order.recipient, address=Address(lines=("2 ถนนใหม่",), country="TH"))
    world.oms.put([replace(order, recipient=moved)])
    await world.done()
    await world.shows(lambda: world.wms.changes.content(world.key).recipient == moved, "the document is updated")
    await world.shows(lambda: world.label_given(2), "the warehouse has the new label")

    async def marked() -> bool:
        (item,) = (await world.client(lambda c: c.orders(text=REF))).items
        return item.updated and not item.changed

    await world.until(marked, "the order is marked (Updated)")


async def its_parcel_leaves(world) -> None:
    await world.shows(lambda: world.posted() is not None, "the document is listed and pushed back")
    assert world.posted().parcels == ()
    for stage in STAGES:
        world.wms.changes.move(world.key, stage)
        await world.done()
        await world.shows(lambda stage=stage: world.posted().stage is stage, f"the OMS knows that it is {stage.value}")
    await world.until_state(REF, "shipped")
    document = world.posted()
    assert [(p.tracking_number, [(line.line_no, line.quantity) for line in p.lines]) for p in document.parcels] == [
        ("T1", [(1, 2), (2, 1)])
    ]
    assert (document.warehouse, document.lines[0].actual) == ("WH", 2)


async def a_delivery_arrives(world) -> None:
    now = datetime.now(UTC)
    line = InboundLine(line_no=1, sku=SKU, planned=Decimal(20), planned_unit_cost=Decimal("2.00"))
    world.wms.documents.put_inbound(
        InboundDoc(
            ref=DELIVERY, kind=InboundKind.RECEIPT, revision=1, warehouse="W1", state=InboundState.PENDING, lines=(line,),
            updated_at=now, currency="THB",
        )
    )  # fmt: skip
    await world.done()
    await world.shows(lambda: world.amount() == 40, "the OMS has the planned amount")
    for number, (cost, average) in enumerate((("2.00", "2"), ("4.00", "3")), 1):
        receipt = Receipt(ref=f"R{number}", line_no=1, quantity=Decimal(10), at=now, unit_cost=Decimal(cost))
        world.wms.documents.add_receipts(DELIVERY, [receipt])
        await world.done()
        await world.shows(lambda average=average: world.average() == Decimal(average), f"the average is {average}")
    edit = CostEdit(
        connection="depot", document=DELIVERY, line_no=1, receipt="R1", unit_cost=Decimal("2.50"), currency="THB",
        old=Decimal("2.00"), version=0, reason="the invoice says so",
    )  # fmt: skip
    made = await world.client(lambda c: c.edit_actual_cost(edit))
    assert (made.effect.average_before, made.effect.average_after) == (3, Decimal("3.25"))
    await world.done()
    await world.shows(lambda: world.average() == Decimal("3.25"), "the average is corrected")
    costs = lambda: [r.unit_cost for r in world.wms.documents.inbound.get(DELIVERY).receipts]  # noqa: E731 - read again and again
    await world.shows(lambda: costs() == [Decimal("2.50"), Decimal("4.00")], "the warehouse has the corrected cost")


async def nothing_was_done_twice(world) -> None:
    world.oms.set_faults(CALM)
    world.wms.set_faults(CALM)

    async def settled() -> bool:
        documents = (await world.client(lambda c: c.documents())).items
        incidents = (await world.client(lambda c: c.incidents())).items
        return {d.push_status for d in documents} == {"pushed"} and len(documents) == 2 and not incidents

    await world.until(settled, "both documents are pushed and nothing needs a person")
    assert world.created() == {REF: 1}
    assert set(world.oms.postings.books.counted.values()) == {1}
    assert world.oms.postings.books.received_by_sku() == {SKU: 20}
    assert world.wms.changes.counts["updates"] == 1
    assert world.average() == Decimal("3.25")
    assert {name[:2] for name in world.oms.books.reports} == {(REF, "pushed")}
    revisions = [revision for ref, revision in world.oms.postings.books.order if ref.startswith("WMS-")]
    assert revisions == sorted(revisions)


async def play(world) -> None:
    await world.up()
    try:
        await world.start()
        await world.set_up()
        await the_order_goes_out(world)
        await its_parcel_leaves(world)
        await a_delivery_arrives(world)
        await nothing_was_done_twice(world)
        assert await world.stop() == 0
    finally:
        await world.down()


@pytest.mark.behaviour("R1", "R18", "R22", "R23", "R24", "R39", "R40", "R41")
async def test_a_whole_day_goes_out_and_comes_back(tmp_path):
    await play(Day(tmp_path))


@pytest.mark.behaviour("R9", "R24", "R28", "R41", "P4")
async def test_a_whole_day_of_lost_answers_ends_as_one_without(tmp_path):
    world = Day(tmp_path)
    world.oms.set_faults(LOST)
    world.wms.set_faults(LOST)
    await play(world)


@pytest.mark.behaviour("R24", "R41", "P4", "P11")
@pytest.mark.parametrize("seed", [1, 2])
async def test_a_whole_day_with_three_kills_at_random_moments_ends_as_one_without(tmp_path, seed):
    chance = random.Random(seed)
    await play(Day(tmp_path, kills=chance.sample(range(1, 11), 3), chance=chance))
