"""The sandboxes keep costs as the contract says, also over a kill."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

import msgspec
from tests.sandbox.conftest import NOON

from crossdock.spec.costs import CostChange, CostKind
from crossdock.spec.documents import InboundDoc, InboundKind, InboundLine, InboundState, Receipt
from crossdock.testing.sandbox.oms import SandboxOms
from crossdock.testing.sandbox.wms import SandboxWms


def change(new, version=1, old=None, **fields):
    values = {"key": f"XC-{version}", "kind": CostKind.ACTUAL, "new": D(new), "currency": "THB", "version": version}
    return CostChange(**{**values, "old": None if old is None else D(old), **fields})


def document():
    receipts = (
        Receipt(ref="R1", line_no=1, quantity=D(10), at=NOON, unit_cost=D(2)),
        Receipt(ref="R2", line_no=1, quantity=D(30), at=NOON + timedelta(hours=1), unit_cost=D(4)),
    )
    line = InboundLine(line_no=1, sku="A", planned=D(40), planned_unit_cost=D(3))
    return InboundDoc(
        ref="IN-1", kind=InboundKind.RECEIPT, revision=1, warehouse="W1", currency="THB", lines=(line,),
        state=InboundState.PENDING, updated_at=NOON, receipts=receipts,
    )  # fmt: skip


async def ask(client, sandbox, each):
    return (await client(sandbox).post("/v1/costs/update", each))[1]


async def test_an_average_is_written_once_and_an_older_version_undoes_nothing(client):
    async with SandboxOms() as oms:
        assert (await ask(client, oms, change("2", sku="A")))["ok"]
        assert (await ask(client, oms, change("3", 2, "2", sku="A")))["ok"]
        assert (await ask(client, oms, change("2", sku="A")))["ok"]
        refused = await ask(client, oms, change("9", 3, "2", sku="A"))
        assert (refused["ok"], refused["code"]) == (False, "version")
        _, body, _ = await client(oms).post("/v1/costs/get", {"skus": ["A", "Z"]})
        assert (body["costs"]["A"]["average"], body["costs"]["Z"]) == ("3", None)


async def test_an_oms_that_computes_takes_corrections_and_no_averages(client):
    async with SandboxOms(cost_actual="receipts") as oms:
        oms.costs.enter(document())
        oms.costs.enter(document())
        assert oms.costs.priced["A"].average == D("3.5")
        assert (await ask(client, oms, change("9", sku="A")))["code"] == "computed"
        correction = change("6", 1, "2", document_ref="IN-1", receipt_ref="R1", sku="A")
        assert [(await ask(client, oms, correction))["ok"] for _ in range(2)] == [True, True]
        assert oms.costs.priced["A"].average == D("4.5")
        unknown = change("6", 1, document_ref="IN-1", receipt_ref="R9", sku="A")
        assert (await ask(client, oms, unknown))["code"] == "unknown_receipt"


async def test_the_highest_version_of_a_planned_amount_stays_also_over_a_kill(client, tmp_path):
    path = str(tmp_path / "books")
    async with SandboxOms(path=path) as oms:
        for version, amount in ((2, "20"), (1, "10")):
            await ask(client, oms, change(amount, version, kind=CostKind.PLANNED, document_ref="IN-1", warehouse="W1"))
        oms.costs.put_average("A", D(7))
    async with SandboxOms(path=path) as oms:
        assert oms.costs.planned["W1", "IN-1"].amount == 20
        assert oms.costs.priced["A"].average == 7


async def test_a_warehouse_changes_what_it_holds_and_refuses_what_rests_on_something_else(client):
    async with SandboxWms() as wms:
        wms.costs.put([document()])
        plan = change("5", 2, "3", kind=CostKind.PLANNED, document_ref="IN-1", line_no=1)
        assert [(await ask(client, wms, plan))["ok"] for _ in range(2)] == [True, True]
        cost = change("2.5", 1, "2", document_ref="IN-1", line_no=1, receipt_ref="R1")
        assert (await ask(client, wms, cost))["ok"]
        stale = change("2.7", 1, "2", document_ref="IN-1", line_no=1, receipt_ref="R1")
        assert (await ask(client, wms, stale))["code"] == "version"
        kept = wms.costs.documents.get("IN-1")
        assert (kept.revision, kept.lines[0].planned_unit_cost) == (3, 5)
        assert (kept.receipts[0].unit_cost, kept.receipts[0].cost_revision) == (D("2.5"), 1)


async def test_what_is_no_cost_is_refused(client):
    async with SandboxOms() as oms:
        body = {**msgspec.to_builtins(change("1", sku="A")), "new": "NaN"}
        status, problem, _ = await client(oms).post("/v1/costs/update", body)
        assert (status, problem["code"]) == (422, "bad_amount")
