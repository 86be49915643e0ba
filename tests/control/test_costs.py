"""Costs over the control API: who may see and change them, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal as D

import pytest

from crossdock.control.client import Refusal
from crossdock.control.permissions import ROLES, Right
from crossdock.control.records.costs import CostEdit, CostPreview
from crossdock.engine.exchange_costs import kept
from crossdock.flows.cost_ledgers import Costing
from crossdock.flows.costs import take_receipts
from crossdock.rules.cost_edit import CostPolicy
from crossdock.spec.connector import Capabilities
from crossdock.spec.costs import CostKind
from crossdock.spec.documents import InboundDoc, InboundKind, InboundLine, InboundState, Receipt
from crossdock.store import audit

T0 = datetime(2026, 3, 1, tzinfo=UTC)
EDIT = {
    "connection": "wms", "document": "IN-1", "line_no": 1, "unit_cost": "2.5", "currency": "THB", "old": "2",
    "version": 1, "reason": "offer",
}  # fmt: skip


@pytest.fixture
async def stocked(world):
    """A world with one inbound document and its receipt."""
    line = InboundLine(line_no=1, sku="A", planned=D(10), planned_unit_cost=D(2))
    receipt = Receipt(ref="R1", line_no=1, quantity=D(10), at=T0, unit_cost=D(2))
    document = InboundDoc(
        ref="IN-1", kind=InboundKind.RECEIPT, revision=1, warehouse="W1", currency="THB", lines=(line,), number="PO 1",
        state=InboundState.PENDING, updated_at=T0, receipts=(receipt,),
    )  # fmt: skip
    capabilities = Capabilities(costs=(CostKind.PLANNED, CostKind.ACTUAL), cost_actual="set_average")
    world.oms.capabilities = capabilities
    costing = Costing(CostPolicy(), lambda connection, warehouse: "oms", lambda oms: kept(world.oms))
    await world.store.write(take_receipts, "wms", (document,), T0, costing)
    world.become("buyer")
    return world


@pytest.mark.behaviour("R42")
@pytest.mark.security("S5")
async def test_who_may_see_and_who_may_change_costs(stocked, raw):
    seen = {}
    for role in ("viewer", "operator", "warehouse", "buyer", "admin"):
        stocked.become(role)
        seen[role] = ""
        for sign, method, path, body in (
            ("v", "GET", "/v1/costs/documents", None),
            ("s", "GET", "/v1/costs/skus/oms/A", None),
            ("p", "POST", "/v1/costs/plan", {}),
            ("a", "POST", "/v1/costs/actual", {}),
            ("d", "POST", "/v1/costs/drift", {}),
        ):
            seen[role] += sign if (await raw(method, path, body))[0] != 403 else "-"
    assert seen == {
        "viewer": "-----",
        "operator": "-----",
        "warehouse": "--p--",
        "buyer": "vspad",
        "admin": "vsp--",
    }


@pytest.mark.behaviour("R39", "R42")
async def test_who_may_edit_but_not_see_is_shown_no_cost(stocked, raw):
    stocked.become("warehouse")
    status, body, _ = await raw("POST", "/v1/costs/plan", {**EDIT, "unit_cost": "99"})
    assert (status, body["code"]) == (409, "unconfirmed")
    assert "2.00" not in body["detail"]
    status, body, _ = await raw("POST", "/v1/costs/plan", EDIT)
    assert (status, body["effect"]) == (200, None)


@pytest.mark.security("S5")
@pytest.mark.parametrize("missing", ["old", "version", "reason", "currency"])
async def test_old_version_currency_and_reason_are_mandatory(stocked, raw, missing):
    status, body, _ = await raw("POST", "/v1/costs/actual", {k: v for k, v in EDIT.items() if k != missing})
    assert (status, body["code"]) == (400, "bad_request")
    assert missing in body["detail"]


@pytest.mark.security("S5")
@pytest.mark.parametrize(
    ("amount", "said"),
    [("NaN", "number"), ("-1", "negative"), ("1e30", "less than"), ("0.123456789", "at most 6 decimals"), ("Infinity", "number"), (1e30, "less than")],
)  # fmt: skip
async def test_an_amount_that_is_none_is_refused_with_a_sentence(stocked, raw, amount, said):
    for path in ("plan", "actual"):
        status, body, _ = await raw("POST", f"/v1/costs/{path}", {**EDIT, "unit_cost": amount})
        assert (status, body["code"]) == (422, "not_valid")
        assert said in body["detail"]
    assert {(row.result, row.object) for row in await stocked.store.read(audit.page, 0, 9)} == {
        ("refused", "wms/IN-1 line 1")
    }


@pytest.mark.security("S5")
@pytest.mark.behaviour("R39")
async def test_of_two_who_change_the_same_cost_the_second_is_told(stocked, client):
    edit = CostEdit(**{**EDIT, "unit_cost": D("2.5"), "old": D(2)})
    made = await client.edit_plan_cost(edit)
    assert (made.state, made.effect.amount_after) == ("made", D("25.00"))
    with pytest.raises(Refusal, match="nothing was overwritten") as refused:
        await client.edit_plan_cost(CostEdit(**{**EDIT, "unit_cost": D("2.7"), "old": D(2)}))
    assert refused.value.code == "changed_meanwhile"
    shown = await client.cost_document("wms", "IN-1")
    assert (shown.lines[0].plan_unit_cost, shown.lines[0].version, shown.document.plan_amount) == (
        D("2.5"),
        2,
        D("25.00"),
    )


@pytest.mark.behaviour("R39")
async def test_a_preview_shows_the_average_before_and_after(stocked, client):
    wanted = CostPreview(kind="actual", connection="wms", document="IN-1", line_no=1, unit_cost=D(4), currency="THB")
    effect = await client.preview_cost(wanted)
    assert (effect.old, effect.average_before, effect.average_after) == (D(2), D("2.000000"), D("4.000000"))
    assert len(effect.warnings) == 1
    assert (await client.sku_cost("oms", "A")).average == D(2)


async def test_what_does_not_exist_is_not_found(stocked, client):
    for ask in (
        client.cost_document("wms", "IN-9"), client.sku_cost("oms", "Z"),
        client.edit_plan_cost(CostEdit(**{**EDIT, "unit_cost": D(1), "old": None, "line_no": 7})),
    ):  # fmt: skip
        with pytest.raises(Refusal) as refused:
            await ask
        assert refused.value.code == "not_found"


async def test_documents_are_listed_page_by_page_and_found_by_number(stocked, client):
    page = await client.cost_documents(limit=1)
    assert ([each.ref for each in page.items], page.next) == (["IN-1"], 1)
    assert (await client.cost_documents(after=1)).items == ()
    assert [each.ref for each in (await client.cost_documents(text="PO 1")).items] == ["IN-1"]


async def test_documents_are_listed_newest_first_and_by_connection(stocked, client):
    line = InboundLine(line_no=1, sku="B", planned=D(1), planned_unit_cost=D(1))
    values = {
        "ref": "IN-2",
        "kind": InboundKind.RECEIPT,
        "revision": 1,
        "warehouse": "W1",
        "currency": "THB",
        "lines": (line,),
    }
    document = InboundDoc(**values, state=InboundState.PENDING, updated_at=T0, number="PO 2")
    costing = Costing(CostPolicy(), lambda connection, warehouse: "oms", lambda oms: kept(stocked.oms))
    await stocked.store.write(take_receipts, "wms", (document,), T0, costing)
    first = await client.cost_documents(limit=1, newest="true")
    assert [each.ref for each in first.items] == ["IN-2"]
    assert [each.ref for each in (await client.cost_documents(newest="true", after=first.next)).items] == ["IN-1"]
    assert [each.ref for each in (await client.cost_documents(connection="wms")).items] == ["IN-1", "IN-2"]
    assert (await client.cost_documents(connection="oms", newest="true")).items == ()


async def test_the_lines_of_a_document_are_read_page_by_page(stocked, client):
    lines = tuple(InboundLine(line_no=n, sku=f"S{n}", planned=D(1), planned_unit_cost=D(1)) for n in range(1, 6))
    values = {
        "ref": "IN-2",
        "kind": InboundKind.RECEIPT,
        "revision": 1,
        "warehouse": "W1",
        "currency": "THB",
        "lines": lines,
    }
    document = InboundDoc(**values, state=InboundState.PENDING, updated_at=T0)
    costing = Costing(CostPolicy(), lambda connection, warehouse: "oms", lambda oms: kept(stocked.oms))
    await stocked.store.write(take_receipts, "wms", (document,), T0, costing)
    first = await client.cost_document("wms", "IN-2", limit=3)
    rest = await client.cost_document("wms", "IN-2", limit=3, after=first.next)
    assert ([each.line_no for each in first.lines], first.next) == ([1, 2, 3], 3)
    assert ([each.line_no for each in rest.lines], rest.next) == ([4, 5], None)
    assert len((await client.cost_document("wms", "IN-2")).lines) == 5


async def test_ledgers_are_listed_and_those_that_a_person_has_to_settle_are_found(stocked, client):
    (item,) = (await client.sku_costs()).items
    assert (item.oms, item.sku, item.average, item.quantity, item.drift) == ("oms", "A", D(2), D(10), False)
    assert (await client.sku_costs(sku="B")).items == ()
    assert [each.sku for each in (await client.sku_costs(sku="A")).items] == ["A"]
    assert (await client.sku_costs(unsettled="true")).items == ()
    await stocked.store.write(lambda tx: tx.execute("UPDATE cost_states SET drift = 1"))
    assert [each.sku for each in (await client.sku_costs(unsettled="true")).items] == ["A"]
    assert (await client.sku_costs(after=1)).items == ()


def test_only_buyers_change_actual_costs():
    assert [role for role, rights in ROLES.items() if Right.COST_ACTUAL_EDIT in rights] == ["buyer"]
