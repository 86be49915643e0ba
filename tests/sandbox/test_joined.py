"""The rooms of a sandbox are one system: what one of them does shows in the others."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from msgspec.structs import replace

from crossdock.spec.costs import CostChange, CostKind
from crossdock.spec.documents import (
    InboundDoc,
    InboundKind,
    InboundLine,
    InboundPosting,
    InboundState,
    OutboundDoc,
    OutboundKind,
    Receipt,
)
from crossdock.spec.orders import FetchMode, Window
from crossdock.spec.outbound import OutboundLine, OutboundRequest, Stage
from crossdock.spec.outbound_changes import FieldGroup, OutboundCancel, OutboundHold, OutboundUpdate
from crossdock.spec.products import Product
from crossdock.spec.stock import StockLevel
from crossdock.testing.sandbox.oms import SandboxOms
from crossdock.testing.sandbox.wms import SandboxWms

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIST = "/v1/outbound-documents"


class Clock:
    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


def request(number=1, **fields) -> OutboundRequest:
    base = OutboundRequest(
        key=f"XD-{number}", order_ref=f"O-{number}", revision=1, warehouse="W1", ordered_at=NOON, logistics="Flash",
        lines=(OutboundLine(line_no=1, sku="A", quantity=Decimal(2)),),
    )  # fmt: skip
    return replace(base, **fields)


def inbound(**fields) -> InboundDoc:
    line = InboundLine(line_no=1, sku="A", planned=Decimal(4), planned_unit_cost=Decimal("1.25"))
    base = InboundDoc(
        ref="IN-1", kind=InboundKind.RECEIPT, revision=1, warehouse="W1", state=InboundState.PENDING, lines=(line,),
        updated_at=NOON, currency="THB",
    )  # fmt: skip
    return replace(base, **fields)


def receipt(ref, quantity, cost="1.25") -> Receipt:
    return Receipt(ref=ref, line_no=1, quantity=Decimal(quantity), at=NOON, unit_cost=Decimal(cost))


class Asked:
    """A warehouse over HTTP, as a connector asks it."""

    def __init__(self, wms, ask) -> None:
        self.wms, self._ask = wms, ask

    async def push(self, *requests) -> None:
        status, _, _ = await self._ask.post("/v1/outbounds", {"items": list(requests)})
        assert status == 200

    async def post(self, path, item) -> None:
        status, answer, _ = await self._ask.post(path, item)
        assert (status, answer.get("status", "accepted")) == (200, "accepted")

    async def listed(self, query="") -> list[OutboundDoc]:
        found, cursor = [], None
        while True:
            more = f"&cursor={cursor}" if cursor else ""
            status, page, _ = await self._ask.get(f"{LIST}?{query}{more}")
            assert status == 200
            found += msgspec.convert(page["items"], list[OutboundDoc])
            cursor = page["next_cursor"]
            if cursor is None:
                return found


@pytest.fixture
async def wms(client):
    async with SandboxWms(warehouses=("W1",), now=Clock()) as made:
        yield Asked(made, client(made))


async def test_what_a_push_creates_is_listed_and_follows_its_stage_until_it_leaves_in_a_parcel(wms):
    await wms.push(request(), request(2, tracking_number="TRK-2"))
    first, second = await wms.listed()
    assert (first.outbound_key, first.order_ref, first.kind, first.stage) == (
        "XD-1", "O-1", OutboundKind.PARCEL, Stage.PENDING,
    )  # fmt: skip
    assert (first.ref, first.revision, first.warehouse) == ("WMS-0000001", 1, "W1")
    assert [(line.sku, line.planned, line.actual) for line in first.lines] == [("A", 2, None)]
    wms.wms.changes.move("XD-1", Stage.PICKING)
    wms.wms.changes.move("XD-1", Stage.OUTBOUND)
    wms.wms.changes.move("XD-2", Stage.OUTBOUND)
    moved, other = await wms.listed()
    assert (moved.ref, moved.revision, moved.stage, moved.lines[0].actual) == (first.ref, 3, Stage.OUTBOUND, 2)
    assert moved.updated_at > second.updated_at
    assert moved.parcels[0].tracking_number
    assert [(line.line_no, line.quantity) for line in moved.parcels[0].lines] == [(1, 2)]
    assert other.parcels[0].tracking_number == "TRK-2"
    assert moved.parcels[0].parcel_no != other.parcels[0].parcel_no


async def test_a_document_holds_what_updates_changed_and_is_cancelled_when_it_was_cancelled(wms):
    await wms.push(request(), request(2))
    more = request(revision=2, lines=(OutboundLine(line_no=1, sku="A", quantity=Decimal(7)),), logistics="Kerry")
    await wms.post(
        "/v1/outbounds/update",
        {"items": [OutboundUpdate(key="U-1", base_revision=1, groups=(FieldGroup.LINES,), request=more)]},
    )
    hold = OutboundHold(key="H-1", outbound_key="XD-2", order_ref="O-2", warehouse="W1", on=True)
    await wms.post("/v1/outbounds/hold", hold)
    await wms.post(
        "/v1/outbounds/cancel", OutboundCancel(key="C-2", outbound_key="XD-2", order_ref="O-2", warehouse="W1")
    )
    updated, cancelled = await wms.listed()
    assert (updated.lines[0].planned, updated.revision) == (7, 2)
    assert (cancelled.stage, cancelled.revision, cancelled.parcels) == (Stage.CANCELLED, 3, ())
    wms.wms.changes.move("XD-1", Stage.OUTBOUND)
    assert (await wms.listed())[-1].parcels[0].logistics == "Kerry"


async def test_created_documents_and_those_a_test_puts_are_one_listing_page_by_page(wms):
    docs = wms.wms.documents
    for number in range(1, 12, 2):
        await wms.push(request(number))
        docs.put_outbound(
            OutboundDoc(
                ref=f"M-{number}", kind=OutboundKind.MANUAL, revision=1, warehouse="W1", stage=Stage.PICKING, lines=(),
                updated_at=NOON,
            )
        )  # fmt: skip
    whole = await wms.listed("limit=100")
    assert len(whole) == 12
    for limit in range(1, 8):
        assert [d.ref for d in await wms.listed(f"limit={limit}")] == [d.ref for d in whole]
    assert [d.updated_at for d in whole] == sorted(d.updated_at for d in whole)
    late = [d.ref for d in await wms.listed(f"since={whole[7].updated_at.isoformat().replace('+00:00', 'Z')}&limit=2")]
    assert late == [d.ref for d in whole[7:]]


async def test_a_document_that_a_test_puts_under_the_key_of_a_push_is_shown_instead(wms):
    await wms.push(request(), request(2))
    (mine, other) = await wms.listed()
    wms.wms.documents.put_outbound(replace(mine, ref="OWN", revision=9))
    assert [d.ref for d in await wms.listed("limit=1")] == [other.ref, "OWN"]
    wms.wms.changes.move("XD-1", Stage.OUTBOUND)
    assert [d.ref for d in await wms.listed("limit=1")] == [other.ref, "OWN"]


async def test_a_sweep_leaves_out_what_is_closed_and_old(wms):
    await wms.push(request(), request(2))
    wms.wms.changes.move("XD-1", Stage.OUTBOUND)
    later = (NOON + timedelta(days=1)).isoformat().replace("+00:00", "Z")
    assert [d.ref for d in await wms.listed(f"mode=sweep&created_since={later}")] == ["WMS-0000002"]
    assert len(await wms.listed("mode=sweep")) == 2


async def test_two_documents_of_one_push_are_two(client):
    async with SandboxWms(warehouses=("W1",), idempotency="lookup", now=Clock()) as made:
        asked = Asked(made, client(made))
        await asked.push(request())
        await asked.push(request())
        assert [d.ref for d in await asked.listed()] == ["WMS-0000001", "WMS-0000002"]
        made.changes.move("XD-1", Stage.PICKED)
        assert [(d.ref, d.stage) for d in await asked.listed("limit=1")] == [
            ("WMS-0000001", Stage.PICKED), ("WMS-0000002", Stage.PICKED),
        ]  # fmt: skip


async def test_the_listing_survives_a_kill_of_the_warehouse(client, tmp_path):
    path = str(tmp_path / "wms")
    async with SandboxWms(warehouses=("W1",), now=Clock(), path=path) as made:
        asked = Asked(made, client(made))
        await asked.push(request(), request(2), request(3))
        made.changes.move("XD-2", Stage.PACKED)
        made.changes.move("XD-1", Stage.OUTBOUND)
        before = await asked.listed()
    async with SandboxWms(warehouses=("W1",), now=Clock(), path=path) as made:
        assert await Asked(made, client(made)).listed("limit=2") == before


async def test_a_parcel_that_left_takes_no_label_any_more(wms):
    await wms.push(request())
    wms.wms.changes.move("XD-1", Stage.OUTBOUND)
    assert wms.wms.labels.held.get("XD-1").left


async def test_stock_follows_what_arrives_and_what_leaves(wms):
    room = wms.wms
    await wms.push(request(), request(2, lines=(OutboundLine(line_no=1, sku="NEVER-COUNTED", quantity=Decimal(1)),)))
    room.stock.put([StockLevel(sku="A", warehouse="W1", on_hand=Decimal(10), observed_at=NOON, sequence=4)])
    room.documents.put_inbound(inbound())
    room.documents.add_receipts("IN-1", [receipt("R1", 3)])
    room.documents.add_receipts("IN-1", [receipt("R2", 1)])
    assert (room.stock.levels.get("W1/A").on_hand, room.stock.levels.get("W1/A").sequence) == (14, 6)
    for key in ("XD-1", "XD-2"):
        room.changes.move(key, Stage.OUTBOUND)
        room.changes.move(key, Stage.OUTBOUND)
    level = room.stock.levels.get("W1/A")
    assert (level.on_hand, level.observed_at > NOON) == (12, True)
    assert sorted(room.stock.levels.items) == ["W1/A"]


async def test_a_cost_that_crossdock_changes_is_a_new_revision_of_the_document_that_is_listed(wms, client):
    wms.wms.documents.put_inbound(inbound(receipts=(receipt("R1", 4),)))
    change = CostChange(
        key="K-1", kind=CostKind.ACTUAL, new=Decimal("1.50"), old=Decimal("1.25"), currency="THB", version=1,
        document_ref="IN-1", line_no=1, receipt_ref="R1",
    )  # fmt: skip
    status, answer, _ = await client(wms.wms).post("/v1/costs/update", change)
    assert (status, answer["ok"]) == (200, True)
    _, page, _ = await client(wms.wms).get("/v1/inbound-documents")
    (document,) = msgspec.convert(page["items"], list[InboundDoc])
    assert (document.revision, document.receipts[0].unit_cost, document.receipts[0].cost_revision) == (
        2,
        Decimal("1.50"),
        1,
    )


@pytest.mark.parametrize(("mode", "average"), [("receipts", Decimal("2.25")), ("set_average", None)])
async def test_an_oms_that_works_averages_out_does_so_from_the_documents_it_is_given(client, mode, average):
    async with SandboxOms(cost_actual=mode) as oms:
        document = inbound(receipts=(receipt("R1", 3), receipt("R2", 1, "5.25")))
        body = {"items": [InboundPosting(key="K-1", document=document)]}
        for _ in range(2):
            assert (await client(oms).post("/v1/inbound-documents", body))[0] == 200
        priced = oms.costs.priced.get("A")
        assert (None if priced is None else priced.average) == average
        assert oms.postings.books.planned_amount(("W1", "receipt-inbound", "IN-1")) == 5


async def test_documents_and_products_are_told_of_by_webhooks(wms, monkeypatch):
    told = []
    monkeypatch.setattr(wms.wms.webhooks, "tell", lambda subject, refs: told.append((subject.value, tuple(refs))))
    await wms.push(request())
    wms.wms.changes.move("XD-1", Stage.PICKING)
    wms.wms.documents.put_inbound(inbound())
    wms.wms.products.put([Product(sku="A", updated_at=NOON, name="Cup")])
    assert told == [("outbound", ("WMS-0000001",)), ("inbound", ("IN-1",)), ("product", ("A",))]


def test_twenty_thousand_documents_are_listed_without_a_second_copy_of_them():
    made = SandboxWms(warehouses=("W1",), now=Clock())
    for start in range(0, 20_000, 50):
        made.books.create([request(n) for n in range(start, start + 50)], made.now())
    window = Window(mode=FetchMode.CHANGED)
    tracemalloc.start()
    try:
        page = made.created.page(window, None, 500)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(page["items"]) == 500
    assert held < 8 * 2**20
