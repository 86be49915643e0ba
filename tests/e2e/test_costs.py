"""Costs through the daemon as shipped: from a warehouse's documents to planned amounts, averages, corrections, drift."""

from __future__ import annotations

import asyncio
import os
import pwd
import signal
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D

import msgspec
import pytest
from tests.e2e.conftest import World
from tests.e2e.two_users import NOBODY, typed

from crossdock.control.client import Refusal
from crossdock.control.records.costs import CostEdit, SettleDrift
from crossdock.control.records.documents import DocumentRef, RepushDocuments
from crossdock.spec.costs import CostKind
from crossdock.spec.documents import InboundDoc, InboundKind, InboundLine, InboundState, Receipt
from crossdock.testing.sandbox.faults import Fault, Match, Rule, Script
from crossdock.testing.sandbox.oms import SandboxOms

T0 = datetime(2026, 3, 1, tzinfo=UTC)


class CostWorld(World):
    """A world whose warehouse has inbound documents; whoever runs the tests is buyer and admin."""

    def __init__(self, folder, mode="set_average", costs="", buyers=()) -> None:
        super().__init__(folder)
        self.mode, self.costs, self.buyers = mode, costs, buyers
        self.oms = SandboxOms(cost_actual=mode)

    def text(self) -> str:
        me = pwd.getpwuid(os.getuid()).pw_name
        people = {"buyer": (me, *self.buyers), "admin": (me,)}
        roles = "".join(f"[control.roles.{role}]\nusers = {list(users)}\n" for role, users in people.items())
        return (
            super().text().replace("[connections.shop]", f"{roles}[costs]\ncheck_after_s = 0.3\n{self.costs}\n[connections.shop]")
            .replace('name = "shop.token"', "").replace('shop.token" }', f'shop.token" }}, cost_actual = "{self.mode}"')
        )  # fmt: skip

    async def run(self) -> None:
        await self.start()
        await self.set_up()

    def arrives(self, *documents: InboundDoc) -> None:
        self.wms.documents.put_inbound(*documents)

    def document(self, ref: str) -> InboundDoc:
        return self.wms.documents.inbound.get(ref)

    def amount(self, ref: str):
        found = self.oms.costs.planned.get(("WH", ref))
        return None if found is None else found.amount

    def average(self, sku: str):
        found = self.oms.costs.priced.get(sku)
        return None if found is None else found.average

    def written(self, kind=CostKind.ACTUAL):
        return [each for each in self.oms.costs.writes if each.kind is kind]

    async def until_average(self, sku: str, average: str) -> None:
        async def stands() -> bool:
            return self.average(sku) == D(average)

        await self.until(stands, f"the average of {sku} is {average} (it is {self.average(sku)})")

    async def until_amount(self, ref: str, amount: str) -> None:
        async def stands() -> bool:
            return self.amount(ref) == D(amount)

        await self.until(stands, f"the planned amount of {ref} is {amount} (it is {self.amount(ref)})")

    async def until_ledger(self, sku: str, holds, what: str) -> None:
        async def stands() -> bool:
            try:
                return holds(await self.client(lambda c: c.sku_cost("shop", sku)))
            except Refusal:
                return False

        await self.until(stands, what)


def inbound(ref="IN-1", revision=1, *, receipts=(), cost="2.00", planned="10", **fields):
    lines = (InboundLine(line_no=1, sku="A", planned=D(planned), planned_unit_cost=None if cost is None else D(cost)),)
    values = {
        "ref": ref, "kind": InboundKind.RECEIPT, "revision": revision, "warehouse": "W1", "currency": "THB",
        "state": InboundState.PENDING, "lines": lines, "updated_at": T0, "receipts": tuple(receipts), "number": f"N-{ref}",
    }  # fmt: skip
    return InboundDoc(**{**values, **fields})


def receipt(ref="R1", quantity="10", cost="2.00", hours=0, revision=0, **fields):
    return Receipt(
        ref=ref, line_no=1, quantity=D(quantity), at=T0 + timedelta(hours=hours), cost_revision=revision,
        unit_cost=None if cost is None else D(cost), **fields,
    )  # fmt: skip


def edit(new, old, version, **fields):
    values = {
        "connection": "depot", "document": "IN-1", "line_no": 1, "unit_cost": D(new), "currency": "THB",
        "old": None if old is None else D(old), "version": version, "reason": "the invoice says so",
    }  # fmt: skip
    return CostEdit(**{**values, **fields})


@pytest.fixture
async def make(tmp_path):
    made = []

    async def built(**options):
        world = CostWorld(tmp_path, **options)
        made.append(world)
        await world.up()
        return world

    yield built
    for world in made:
        await world.down()


@pytest.fixture
async def world(make):
    return await make()


@pytest.mark.behaviour("R39", "R40")
async def test_a_planned_cost_becomes_the_planned_amount_of_the_oms_wherever_it_is_changed(world):
    world.arrives(inbound())
    await world.run()
    await world.until_amount("IN-1", "20.00")
    world.arrives(inbound(revision=2, cost="3.00"))
    await world.until_amount("IN-1", "30.00")
    made = await world.client(lambda c: c.edit_plan_cost(edit("3.25", "3.00", 2)))
    assert made.state == "sending"
    await world.until_amount("IN-1", "32.50")
    assert world.document("IN-1").lines[0].planned_unit_cost == D("3.25")
    with pytest.raises(Refusal, match="changed meanwhile"):
        await world.client(lambda c: c.edit_plan_cost(edit("9", "3.00", 2)))
    assert world.document("IN-1").lines[0].planned_unit_cost == D("3.25")
    assert [each.new for each in world.written(CostKind.PLANNED)] == [D("20.00"), D("30.00"), D("32.50")]
    assert world.written() == []


@pytest.mark.behaviour("R39", "R41")
async def test_receipts_make_the_average_and_a_correction_is_one_correction(world):
    first = receipt()
    world.arrives(inbound(receipts=[first]))
    await world.run()
    await world.until_average("A", "2.00")
    second = receipt("R2", "10", "4.00", 1, rejected=D(5), damaged=D(2))
    world.arrives(inbound(revision=2, receipts=[first, second]))
    await world.until_average("A", "3.00")
    made = await world.client(lambda c: c.edit_actual_cost(edit("2.50", "2.00", 0, receipt="R1")))
    assert (made.effect.average_before, made.effect.average_after) == (D("3.00"), D("3.25"))
    await world.until_average("A", "3.25")
    assert world.document("IN-1").receipts[0].unit_cost == D("2.50")
    world.arrives(inbound(revision=9, receipts=[receipt(cost="2.60", revision=2), second]))
    await world.until_average("A", "3.30")
    assert [each.new for each in world.written()] == [D("2.00"), D("3.00"), D("3.25"), D("3.30")]


@pytest.mark.behaviour("R41")
async def test_an_unknown_cost_is_not_zero_and_nothing_is_written_until_it_is_known(world):
    world.arrives(inbound(receipts=[receipt()]))
    await world.run()
    await world.until_average("A", "2.00")
    world.arrives(inbound(revision=2, receipts=[receipt(), receipt("R2", cost=None, hours=1)]))
    await world.until_ledger("A", lambda sku: sku.blocked == "unknown_cost", "the average is blocked")
    assert world.average("A") == D("2.00")
    world.arrives(inbound(revision=3, receipts=[receipt(), receipt("R2", cost="4.00", hours=1, revision=1)]))
    await world.until_average("A", "3.00")
    assert [each.new for each in world.written()] == [D("2.00"), D("3.00")]


@pytest.mark.behaviour("R9", "R41", "P4")
async def test_lost_answers_and_refusals_for_now_end_in_the_right_average_without_a_drift(world):
    losses = Rule(fault=Fault.ACCEPTED_THEN_LOST, match=Match(path="/v1/costs/update", every=2))
    later = Rule(fault=Fault.S503, match=Match(path="/v1/costs/update", every=3), times=2)
    world.oms.set_faults(Script(rules=(losses, later)))
    receipts = []
    await world.run()
    for number in range(1, 5):
        receipts.append(receipt(f"R{number}", "10", f"{number * 2}.00", number))
        world.arrives(inbound(revision=number, cost=f"{number}.00", receipts=receipts))
        await world.until_average("A", f"{number + 1}.00")
    await world.until_amount("IN-1", "40.00")
    await world.until_ledger(
        "A", lambda sku: sku.sent == D("5.00") and not sku.drift and sku.held == D("5.00"), "checked"
    )


@pytest.mark.behaviour("R41", "P4", "P11")
@pytest.mark.parametrize(
    "point", ["stream.after_store", "operations.before_send", "operations.after_send", "operations.saved"]
)
async def test_a_kill_anywhere_loses_no_cost_and_counts_none_twice(world, point):
    await world.run()
    assert await world.stop() == 0
    world.arrives(inbound(receipts=[receipt(), receipt("R2", "10", "4.00", 1)]))
    world.process = await world.spawn(CROSSDOCK_FAILPOINT=point)
    assert await asyncio.wait_for(world.process.wait(), 30) == -signal.SIGKILL
    await world.start()
    await world.until_average("A", "3.00")
    await world.until_amount("IN-1", "20.00")
    await world.until_ledger("A", lambda sku: sku.sent == D("3.00") and sku.quantity == 20 and not sku.drift, "settled")


@pytest.mark.behaviour("R41")
async def test_an_average_that_somebody_else_changed_is_told_and_never_overwritten_in_silence(world):
    world.arrives(inbound(receipts=[receipt()]))
    await world.run()
    await world.until_average("A", "2.00")
    world.oms.costs.put_average("A", D("9.99"))
    world.arrives(inbound(revision=2, receipts=[receipt(), receipt("R2", "10", "4.00", 1)]))
    await world.until_ledger("A", lambda sku: sku.drift and sku.held == D("9.99"), "the drift is noticed")
    assert world.average("A") == D("9.99")
    settle = SettleDrift(oms="shop", sku="A", decision="write_ours", reason="a typing error over there")
    await world.client(lambda c: c.settle_drift(settle))
    await world.until_average("A", "3.00")
    await world.until_ledger("A", lambda sku: not sku.drift and sku.sent == D("3.00"), "they agree again")


@pytest.mark.behaviour("R41")
async def test_an_oms_that_computes_is_sent_the_correction_alone_and_the_ledger_checks_it(make):
    world = await make(mode="receipts")
    document = inbound(receipts=[receipt(), receipt("R2", "10", "4.00", 1)])
    world.arrives(document)
    await world.run()
    await world.until_ledger("A", lambda sku: sku.average == D(3), "the ledger stands")
    await world.until_average("A", "3.00")
    world.arrives(inbound(revision=2, receipts=[receipt(cost="3.00", revision=1), receipt("R2", "10", "4.00", 1)]))
    await world.until_average("A", "3.50")
    assert [(each.receipt_ref, each.old, each.new) for each in world.written()] == [("R1", D("2.00"), D("3.00"))]
    await world.until_ledger("A", lambda sku: not sku.drift and sku.held == D("3.5"), "ledger and OMS agree")
    world.oms.costs.put_average("A", D(7))
    world.oms.postings.books.refuse = {"IN-2": "no such supplier"}
    newer = inbound("IN-2", receipts=[receipt("R9", "1", "3.50", 2)])
    world.arrives(newer)
    await world.until_ledger("A", lambda sku: sku.drift and sku.held == D(7), "the drift is noticed")
    world.oms.postings.books.refuse = {}
    again = RepushDocuments(documents=(DocumentRef(connection="depot", ref="IN-2"),))
    assert (await world.client(lambda c: c.repush_documents(again))).results[0].done
    await world.until_ledger("A", lambda sku: not sku.drift, "it is healed when they agree")
    assert len(world.written()) == 1


@pytest.mark.security("S5", "S6")
@pytest.mark.behaviour("R42")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may be two people")
async def test_a_change_above_the_threshold_waits_for_another_user_of_the_machine(make):
    world = await make(costs='second_person_above = { THB = "5" }', buyers=("nobody",))
    world.arrives(inbound(receipts=[receipt()]))
    await world.run()
    await world.until_average("A", "2.00")
    made = await world.client(lambda c: c.edit_actual_cost(edit("2.60", "2.00", 0)))
    assert (made.state, made.approval, "approvals approve 1" in made.text) == ("waiting", 1, True)
    (waiting,) = (await world.client(lambda c: c.approvals(state="proposed"))).items
    assert "from 2.00 to 2.60 THB" in waiting.text
    with pytest.raises(Refusal, match="yourself"):
        await world.client(lambda c: c.approve(1))
    assert world.document("IN-1").receipts[0].unit_cost == D("2.00")
    world.folder.chmod(0o711)
    (world.folder / "control.sock").chmod(0o666)
    other = typed(world, "approvals", "approve", "1", user=NOBODY)
    assert (other.returncode, "is done" in other.stdout) == (0, True), other.stderr
    await world.until_average("A", "2.60")
    assert world.document("IN-1").receipts[0].unit_cost == D("2.60")
    rows = [row for row in (await world.client(lambda c: c.audit())).items if row.action != "pii.reveal"]
    assert [(row.actor, row.action, row.result) for row in rows[:3]] == [
        ("nobody", "approve", "done"), ("root", "approve", "refused"), ("root", "cost.actual.edit", "proposed"),
    ]  # fmt: skip
    assert [msgspec.json.decode(said)["unit_cost"] for said in (rows[0].before, rows[0].after)] == ["2.00", "2.60"]
