"""Documents through the control API: lists, one document, pushing again, fetching, rights."""

from __future__ import annotations

import asyncio

import pytest
from tests.control.document_world import DocumentWorld, inbound, outbound

from crossdock.control.client import Refusal
from crossdock.control.records.book import Warehouse
from crossdock.control.records.documents import DocumentRef, RepushDocuments
from crossdock.rules.book import Warehouse as BookWarehouse
from crossdock.spec.documents import OutboundKind


@pytest.fixture
async def world(tmp_path):
    made = DocumentWorld(tmp_path)
    await made.start()
    await made.settings()
    yield made
    await made.stop()


@pytest.mark.behaviour("R29")
async def test_documents_are_listed_with_their_push_status_in_pages(world, client):
    world.oms.refuses = {"D2": "locked"}
    await world.take(*(outbound(f"D{n}") for n in range(5)), outbound("T1", kind=OutboundKind.TRANSFER), inbound())
    await world.until_status("D2", "failed")
    await world.until_status("I1", "pushed")
    await world.until_status("T1", "pushed")
    first = await client.documents(list="manual-outbound", limit=3)
    rest = await client.documents(list="manual-outbound", limit=3, after=first.next)
    assert [item.ref for item in (*first.items, *rest.items)] == ["D4", "D3", "D2", "D1", "D0"]
    assert rest.next is None
    assert [item.ref for item in (await client.documents(status="failed")).items] == ["D2"]
    assert [item.ref for item in (await client.documents(list="transfer-outbound", warehouse="WH1")).items] == ["T1"]
    with pytest.raises(Refusal, match="there is no warehouse 'elsewhere'"):
        await client.documents(warehouse="elsewhere")
    assert (await client.documents(text="N-D1", connection="wms")).items[0].ref == "D1"
    assert (await client.documents(text="N-D1", list="receiving-inbound")).items == ()


@pytest.mark.behaviour("R29")
async def test_one_document_is_shown_with_what_happened_to_it(world, client):
    world.oms.refuses = {"D1": "locked"}
    await world.take(outbound())
    await world.until_status("D1", "failed")
    found = await client.document("wms", "D1")
    assert found.outbound.lines[0].sku == "A"
    assert (found.row.why, found.row.oms) == ("locked", "oms")
    listed = (await client.documents(text="D1")).items[0]
    assert [(row.attempts, row.next_at) for row in (found.row, listed)] == [(1, None)] * 2
    assert [event.what for event in found.history] == ["seen", "queued", "failed"]
    with pytest.raises(Refusal, match="there is no document X of wms"):
        await client.document("wms", "X")


async def test_two_documents_under_one_reference_are_told_apart_by_their_list(world, client):
    await world.take(outbound("X"), inbound("X"))
    with pytest.raises(Refusal, match="name the list"):
        await client.document("wms", "X")
    assert (await client.document("wms", "X", "receiving-inbound")).inbound.ref == "X"
    torn = RepushDocuments(documents=(DocumentRef(connection="wms", ref="X"),))
    (answer,) = (await client.repush_documents(torn)).results
    assert (answer.done, "name its list" in answer.text) == (False, True)


@pytest.mark.security("S5")
@pytest.mark.behaviour("R42")
async def test_costs_and_notes_are_seen_only_by_those_who_may(world, client):
    await world.take(inbound(extra={"contact": "Somchai"}))
    world.become("admin")
    seen = await client.document("wms", "I1")
    assert (seen.costs_hidden, str(seen.inbound.receipts[0].unit_cost)) == (False, "2.75")
    assert "Somchai" in seen.inbound.note
    for role, costs in (("viewer", False), ("operator", False), ("buyer", True)):
        world.become(role)
        seen = await client.document("wms", "I1")
        assert seen.costs_hidden is not costs
        assert (seen.inbound.lines[0].planned_unit_cost is not None) is costs
        assert (seen.inbound.receipts[0].unit_cost is not None) is costs
        assert seen.inbound.extra == {}
        assert ("Somchai" in seen.inbound.note) is (role == "operator")


@pytest.mark.behaviour("R25", "R26", "R27", "R42")
async def test_pushing_again_needs_its_right_and_says_what_it_did(world, client):
    world.oms.refuses = {"D1": "locked", "I1": "locked"}
    await world.take(outbound(), inbound())
    await world.until_status("D1", "failed")
    await world.until_status("I1", "failed")
    wanted = RepushDocuments(
        documents=(DocumentRef(connection="wms", ref="D1"), DocumentRef(connection="wms", ref="no"))
    )
    world.become("viewer")
    with pytest.raises(Refusal, match=r"push\.repush"):
        await client.repush_documents(wanted)
    world.become("warehouse")
    world.oms.refuses = {}
    found = await client.repush_documents(wanted)
    assert [(each.done, each.text) for each in found.results] == [
        (True, "revision 1 is queued for oms"), (False, "there is no document no of wms"),
    ]  # fmt: skip
    every = RepushDocuments(all_matching=True, list="receiving-inbound", status="failed")
    one = {"list": "receiving-inbound", "status": "failed"}
    assert (await client.count_documents(**one)).count == 1
    with pytest.raises(Refusal, match="there is no warehouse 'elsewhere'"):
        await client.count_documents(**one, warehouse="elsewhere")
    assert (await client.repush_documents(every)).matching == 1
    await world.until_status("D1", "pushed")
    await world.until_status("I1", "pushed")
    (event,) = [e for e in (await client.document("wms", "D1")).history if e.what == "repushed"]
    assert event.actor == "warehouse"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "one of the two"),
        ({"documents": [{"connection": "wms", "ref": "D1"}], "all_matching": True}, "one of the two"),
        ({"documents": [{"connection": "wms", "ref": "D1"}], "status": "failed"}, "go with all_matching only"),
        ({"all_matching": True, "list": "manual-outbound"}, "needs a list and a status"),
    ],
)
async def test_a_wish_that_is_not_clear_is_refused(world, raw, body, said):
    status, problem, _ = await raw("POST", "/v1/documents/repush", body)
    assert status == 422
    assert said in problem["detail"]


@pytest.mark.behaviour("R10", "R11")
async def test_fetching_documents_is_a_task_once_in_five_minutes_for_each_direction(world, client):
    world.wms.outbound = [outbound()]
    asked = await client.fetch_documents("wms", "outbound")
    async with asyncio.timeout(20):
        while (task := await client.task(asked.task_id)).state in ("queued", "running"):
            await asyncio.sleep(0.01)
    assert (task.kind, task.state, task.found) == ("fetch_outbound", "succeeded", 1)
    await world.until_status("D1", "pushed")
    with pytest.raises(Refusal, match="less than 300 s ago") as refusal:
        await client.fetch_documents("wms", "outbound")
    assert refusal.value.again_at is not None
    assert (await client.fetch_documents("wms", "inbound")).task_id > asked.task_id
    with pytest.raises(Refusal, match="no connection 'oms' that lists outbound documents"):
        await client.fetch_documents("oms", "outbound")


async def test_documents_that_nobody_can_place_are_released_by_setting_their_warehouse_up(world, client):
    await world.take(outbound(warehouse="W2"))
    row = (await client.documents(text="D1")).items[0]
    assert (row.held, row.warehouse) == (True, "W2")
    assert "which is not set up" in row.why
    await client.save_warehouse(Warehouse(code="WH2", connection="wms", remote="W2"))
    # the disabled connection might be an OMS as well, but it is left alone: the only other one is meant
    assert (await world.until_status("D1", "pushed")).warehouse == "WH2"


async def test_a_warehouse_names_the_oms_of_its_documents(world, client):
    found = await client.warehouse("WH1")
    with pytest.raises(Refusal, match="no OMS connection 'nowhere'"):
        await client.save_warehouse(_with_oms(found, "nowhere"))
    assert (await client.save_warehouse(_with_oms(found, "oms"))).oms == "oms"
    assert BookWarehouse(code="a", connection="b", remote="c").oms is None


def _with_oms(found, oms):
    import msgspec

    return msgspec.structs.replace(found, oms=oms)
