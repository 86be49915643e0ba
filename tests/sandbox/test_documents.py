"""The sandboxes' documents: listed, changed by tests, entered once, kept over a kill."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from crossdock.spec.documents import (
    InboundDoc,
    InboundKind,
    InboundLine,
    InboundPosting,
    InboundState,
    OutboundDoc,
    OutboundDocLine,
    OutboundKind,
    OutboundPosting,
    Receipt,
)
from crossdock.spec.outbound import Stage
from crossdock.testing.sandbox.documents_oms import PostedBooks
from crossdock.testing.sandbox.documents_wms import DocumentRooms
from crossdock.testing.sandbox.oms import SandboxOms
from crossdock.testing.sandbox.wms import SandboxWms

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def outbound(ref="D1", revision=1, **fields):
    base = {
        "ref": ref, "kind": OutboundKind.MANUAL, "revision": revision, "warehouse": "W1", "stage": Stage.PICKING,
        "lines": (OutboundDocLine(line_no=1, sku="A", planned=Decimal(3)),), "updated_at": NOON,
    }  # fmt: skip
    return OutboundDoc(**{**base, **fields})


def inbound(ref="I1", revision=1, **fields):
    line = InboundLine(line_no=1, sku="A", planned=Decimal(4), planned_unit_cost=Decimal("1.25"))
    base = {
        "ref": ref, "kind": InboundKind.RECEIPT, "revision": revision, "warehouse": "W1", "state": InboundState.PENDING,
        "lines": (line, InboundLine(line_no=2, sku="B", planned=Decimal(1))), "updated_at": NOON,
    }  # fmt: skip
    return InboundDoc(**{**base, **fields})


def receipt(ref, quantity, line_no=1):
    return Receipt(ref=ref, line_no=line_no, quantity=Decimal(quantity), at=NOON)


async def test_documents_are_listed_page_by_page_in_the_order_of_change(client):
    async with SandboxWms() as wms:
        docs = [outbound(f"D{n}", updated_at=NOON + timedelta(minutes=n)) for n in range(5)]
        wms.documents.put_outbound(*docs, keep_updated_at=True)
        found, cursor = [], ""
        while cursor is not None:
            more = f"&cursor={cursor}" if cursor else ""
            status, page, _ = await client(wms).get(f"/v1/outbound-documents?limit=2&since=2026-03-01T12:01:00Z{more}")
            assert status == 200
            found += [item["ref"] for item in page["items"]]
            cursor = page["next_cursor"]
        assert found == ["D1", "D2", "D3", "D4"]
        status, problem, _ = await client(wms).get("/v1/inbound-documents?cursor=nonsense")
        assert (status, problem["code"]) == (400, "bad_cursor")


async def test_a_sweep_lists_what_is_open_whatever_its_age(client):
    async with SandboxWms() as wms:
        closed = inbound("I2", state=InboundState.COMPLETE)
        wms.documents.put_inbound(inbound("I1"), closed, keep_updated_at=True)
        _, page, _ = await client(wms).get("/v1/inbound-documents?mode=sweep&created_since=2026-03-02T00:00:00Z")
        assert [item["ref"] for item in page["items"]] == ["I1"]


async def test_tests_put_documents_and_add_parcels_and_receipts_behind_the_admin_door(client):
    async with SandboxWms() as wms:
        ask = client(wms).post
        assert (await ask("/__sandbox/outbound-documents", {"documents": [outbound()]}))[1] == {"put": 1}
        assert (await ask("/__sandbox/inbound-documents?keep_updated_at=1", {"documents": [inbound()]}))[1] == {
            "put": 1
        }
        _, shipped, _ = await ask(
            "/__sandbox/outbound-documents/parcels", {"ref": "D1", "parcels": [{"parcel_no": "P1"}]}
        )
        assert (shipped["revision"], shipped["stage"]) == (2, "outbound")
        _, received, _ = await ask(
            "/__sandbox/inbound-documents/receipts", {"ref": "I1", "receipts": [receipt("R1", 2)]}
        )
        assert (received["revision"], received["state"]) == (2, "part_complete")
        assert (await client(wms).get("/__sandbox/documents"))[1] == {"outbound": ["D1"], "inbound": ["I1"]}
        status, problem, _ = await ask("/__sandbox/inbound-documents/receipts", {"ref": "no", "receipts": []})
        assert (status, problem["code"]) == (404, "unknown_document")


def test_documents_survive_a_kill(tmp_path):
    path = str(tmp_path / "wms")
    rooms = DocumentRooms(path)
    rooms.put_outbound(outbound())
    rooms.put_inbound(inbound())
    rooms.add_receipts("I1", [receipt("R1", 2)])
    again = DocumentRooms(path)
    assert again.outbound.get("D1") == rooms.outbound.get("D1")
    assert again.inbound.get("I1").revision == 2
    rooms.close()
    again.close()


def test_a_revision_counts_once_and_an_older_one_not_at_all():
    books = PostedBooks()
    for revision in (2, 2, 1, 3):
        (result,) = books.enter_outbound([OutboundPosting(key=f"K{revision}", document=outbound(revision=revision))])
        assert result.ok
    name = ("W1", "manual-outbound", "D1")
    assert books.counted == {(name, 2): 1, (name, 3): 1}
    assert books.received == {"K2": 2, "K1": 1, "K3": 1}
    assert books.outbound[name].revision == 3


def test_receipts_are_added_up_once_each_and_the_planned_amount_is_known(tmp_path):
    path = str(tmp_path / "oms")
    books = PostedBooks(path)
    books.enter_inbound([InboundPosting(key="K1", document=inbound(receipts=(receipt("R1", 2),)))])
    both = inbound(revision=2, receipts=(receipt("R1", 2), receipt("R2", 1, 2)))
    books.enter_inbound([InboundPosting(key="K2", document=both), InboundPosting(key="K2", document=both)])
    name = ("W1", "receipt-inbound", "I1")
    for seen in (books, PostedBooks(path)):
        assert seen.received_by_sku() == {"A": 2, "B": 1}
        assert seen.planned_amount(name) == 5
        assert seen.counted[name, 2] == 1
    books.close()


async def test_an_item_that_is_no_posting_spoils_no_other(client):
    async with SandboxOms() as oms:
        items = [{"key": "K1", "document": outbound()}, {"key": "K2", "document": {"ref": "x"}}]
        status, body, _ = await client(oms).post("/v1/outbound-documents", {"items": items})
        assert status == 200
        assert [(r["ref"], r["ok"], r.get("code")) for r in body["results"]] == [
            ("K1", True, None),
            ("K2", False, "invalid"),
        ]
        _, books, _ = await client(oms).get("/__sandbox/documents")
        assert books["outbound"][0]["counted"] == {"1": 1}


@pytest.mark.parametrize("count", [0, 51])
async def test_a_batch_has_bounds(client, count):
    async with SandboxOms() as oms:
        items = [{"key": f"K{n}", "document": inbound()} for n in range(count)]
        status, problem, _ = await client(oms).post("/v1/inbound-documents", {"items": items})
        assert (status, problem["code"]) == (422, "batch_size")


async def test_a_test_has_documents_refused(client):
    async with SandboxOms() as oms:
        await client(oms).post("/__sandbox/documents/refuse", {"D1": "locked"})
        _, body, _ = await client(oms).post("/v1/outbound-documents", {"items": [{"key": "K", "document": outbound()}]})
        assert body["results"] == [{"ref": "K", "ok": False, "code": "refused", "message": "locked"}]
        assert oms.postings.books.outbound == {}
