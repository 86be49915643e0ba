"""Documents go back to the OMS through the daemon as shipped: six lists, faults, kills, by hand."""

from __future__ import annotations

import asyncio
import signal
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from tests.e2e.conftest import an_order

from crossdock.control.client import Refusal
from crossdock.control.records.documents import DocumentRef, RepushDocuments
from crossdock.rules.documents import LISTS
from crossdock.spec.documents import (
    InboundDoc,
    InboundKind,
    InboundLine,
    InboundState,
    OutboundDoc,
    OutboundDocLine,
    OutboundKind,
    Parcel,
    ParcelLine,
    Receipt,
)
from crossdock.spec.outbound import Stage
from crossdock.testing.sandbox.faults import Fault, Match, Rule, Script

OUT, IN = "/v1/outbound-documents", "/v1/inbound-documents"


def outbound(ref, kind=OutboundKind.MANUAL, revision=1, **fields):
    base = {
        "ref": ref, "kind": kind, "revision": revision, "warehouse": "W1", "stage": Stage.PICKING,
        "lines": (OutboundDocLine(line_no=1, sku="A", planned=Decimal(3)),), "updated_at": datetime.now(UTC),
    }  # fmt: skip
    return OutboundDoc(**{**base, **fields})


def inbound(ref, kind=InboundKind.RECEIPT, revision=1, **fields):
    line = InboundLine(line_no=1, sku="A", planned=Decimal(9), planned_unit_cost=Decimal("2.50"))
    base = {
        "ref": ref, "kind": kind, "revision": revision, "warehouse": "W1", "state": InboundState.PENDING,
        "lines": (line,), "updated_at": datetime.now(UTC), "currency": "THB",
    }  # fmt: skip
    return InboundDoc(**{**base, **fields})


def parcel(no, quantity, tracking):
    return Parcel(parcel_no=no, tracking_number=tracking, lines=(ParcelLine(line_no=1, quantity=Decimal(quantity)),))


def receipt(ref, quantity):
    return Receipt(ref=ref, line_no=1, quantity=Decimal(quantity), at=datetime.now(UTC))


def posted(world):
    """The newest revision that the OMS has of each document."""
    books = world.oms.postings.books
    return {name[2]: document.revision for name, document in [*books.outbound.items(), *books.inbound.items()]}


async def until_posted(world, **revisions):
    wanted = {ref.replace("_", "-"): revision for ref, revision in revisions.items()}

    async def there():
        return wanted.items() <= posted(world).items()

    await world.until(there, f"{wanted} in the OMS, which has {posted(world)}")


async def until_status(world, ref, status):
    async def stands():
        page = await world.client(lambda c: c.documents(text=ref))
        return [item.push_status for item in page.items] == [status]

    await world.until(stands, f"{ref} is {status}")


def counted_once(world):
    books = world.oms.postings.books
    return bool(books.counted) and set(books.counted.values()) == {1}


@pytest.mark.behaviour("R24", "R26", "R27", "R29")
async def test_documents_of_all_six_lists_go_to_the_oms_and_each_list_shows_their_push_status(world):
    await world.start()
    await world.set_up()
    world.oms.put([an_order(1)])
    await world.until_arrived("O-1")
    key = world.wms.books.by_order["O-1"][0].key
    docs = world.wms.documents
    docs.put_outbound(outbound("OUT-P", OutboundKind.PARCEL, outbound_key=key, order_ref="O-1"))
    docs.put_outbound(outbound("OUT-M"), outbound("OUT-T", OutboundKind.TRANSFER, destination="W2"))
    docs.put_inbound(*(inbound(f"IN-{kind.value}", kind) for kind in InboundKind))
    await until_posted(world, OUT_P=1, OUT_M=1, OUT_T=1, IN_receipt=1, IN_manual=1, IN_transfer=1)
    for name in LISTS:

        async def shown(name=name):
            page = await world.client(lambda c: c.documents(list=name))
            put = [
                item for item in page.items if not item.ref.startswith("WMS-")
            ]  # what the push itself made is listed too
            return [(item.push_status, item.pushed_revision, item.oms) for item in put] == [("pushed", 1, "shop")]

        await world.until(shown, f"one pushed document in {name}")
    docs.add_parcels("OUT-P", [parcel("P1", 1, "TRACK-1")])
    docs.add_parcels("OUT-P", [parcel("P2", 2, "TRACK-2")])
    await until_posted(world, OUT_P=3)
    (held,) = [d for n, d in world.oms.postings.books.outbound.items() if n[2] == "OUT-P"]
    assert [p.tracking_number for p in held.parcels] == ["TRACK-1", "TRACK-2"]
    assert held.warehouse == "WH"

    async def told():
        order = await world.client(lambda c: c.order("shop", "O-1"))
        return any("P1 (TRACK-1), P2 (TRACK-2)" in moment.text for moment in order.timeline)

    await world.until(told, "the order tells of both parcels")
    assert await world.stop() == 0


@pytest.mark.behaviour("R24", "R28")
@pytest.mark.parametrize(
    ("fault", "args"),
    [
        (Fault.ACCEPTED_THEN_LOST, {}), (Fault.ACCEPTED_THEN_500, {}), (Fault.S500, {}), (Fault.S503, {}),
        (Fault.S429, {}), (Fault.PARTIAL_BATCH, {}), (Fault.ACCEPTED_LATE, {"seconds": 0.8}), (Fault.HTML_200, {}),
        (Fault.ACCEPTED_TWICE, {}),
    ],
)  # fmt: skip
async def test_whatever_happens_to_an_answer_each_revision_counts_once(world, fault, args):
    rule = Rule(fault=fault, match=Match(method="POST", path="/v1/*bound-documents"), args=args, times=3)
    world.oms.set_faults(Script(rules=(rule,)))
    await world.start()
    await world.set_up()
    docs = world.wms.documents
    docs.put_outbound(*(outbound(f"D-{n}") for n in range(5)))
    docs.put_inbound(inbound("I-1"))
    await until_posted(world, D_0=1, D_4=1, I_1=1)
    docs.add_receipts("I-1", [receipt("R1", 4)])
    docs.change_outbound("D-0", stage=Stage.OUTBOUND)
    docs.add_receipts("I-1", [receipt("R2", 5)], InboundState.COMPLETE)
    await until_posted(world, D_0=2, I_1=3)
    await until_status(world, "I-1", "pushed")
    await world.oms.quiet()
    assert counted_once(world)
    assert world.oms.postings.books.received_by_sku() == {"A": 9}


@pytest.mark.behaviour("R24", "R28", "P11")
@pytest.mark.parametrize(
    "point",
    [
        "stream.before_store", "stream.after_store", "operations.claimed", "operations.before_send",
        "operations.after_send", "operations.saved",
    ],
)  # fmt: skip
async def test_killed_in_the_middle_no_document_is_lost_and_none_counts_twice(world, point):
    await world.start()
    await world.set_up()
    assert await world.stop() == 0
    docs = world.wms.documents
    docs.put_outbound(*(outbound(f"D-{n}") for n in range(8)))
    docs.put_inbound(inbound("I-1", receipts=(receipt("R1", 4),), state=InboundState.PART_COMPLETE))
    world.process = await world.spawn(CROSSDOCK_FAILPOINT=point)
    assert await asyncio.wait_for(world.process.wait(), 30) == -signal.SIGKILL
    docs.change_outbound("D-3", stage=Stage.OUTBOUND)
    await world.start()
    await until_posted(world, D_0=1, D_3=2, D_7=1, I_1=1)
    await until_status(world, "D-3", "pushed")
    assert counted_once(world)
    assert world.oms.postings.books.received_by_sku() == {"A": 4}


@pytest.mark.behaviour("R24")
async def test_events_out_of_order_never_move_a_document_backwards(world):
    await world.start()
    await world.set_up()
    docs = world.wms.documents
    docs.put_outbound(outbound("D-1", revision=5, stage=Stage.OUTBOUND, parcels=(parcel("P1", 3, "T1"),)))
    await until_posted(world, D_1=5)
    docs.put_outbound(outbound("D-1", revision=2, stage=Stage.PICKING), outbound("D-2"))
    await until_posted(world, D_2=1)
    row = (await world.client(lambda c: c.documents(text="D-1"))).items[0]
    assert (row.state, row.revision, row.push_status) == ("complete", 5, "pushed")
    docs.put_outbound(outbound("D-1", revision=6, stage=Stage.PACKED))
    await until_posted(world, D_1=6)
    (held,) = [d for n, d in world.oms.postings.books.outbound.items() if n[2] == "D-1"]
    assert (held.stage, [p.parcel_no for p in held.parcels]) == (Stage.OUTBOUND, ["P1"])
    assert [revision for ref, revision in world.oms.postings.books.order if ref == "D-1"] == [5, 6]


@pytest.mark.behaviour("R25", "R26", "R27", "R29")
async def test_refused_documents_are_pushed_again_one_many_or_all_that_match(world):
    world.oms.postings.books.refuse = {f"D-{n}": "item A is locked" for n in range(4)} | {"I-1": "no such supplier"}
    await world.start()
    await world.set_up()
    world.wms.documents.put_outbound(*(outbound(f"D-{n}") for n in range(4)))
    world.wms.documents.put_inbound(inbound("I-1"))
    for ref in ("D-0", "D-1", "D-2", "D-3", "I-1"):
        await until_status(world, ref, "failed")
    detail = await world.client(lambda c: c.document("depot", "D-0"))
    assert detail.row.why == "item A is locked"
    assert [event.what for event in detail.history] == ["seen", "queued", "failed"]
    world.oms.postings.books.refuse = {}
    one = RepushDocuments(documents=(DocumentRef(connection="depot", ref="D-0"),))
    assert (await world.client(lambda c: c.repush_documents(one))).results[0].done
    await until_posted(world, D_0=1)
    await until_status(world, "D-0", "pushed")
    every = RepushDocuments(all_matching=True, list="manual-outbound", status="failed", warehouse="WH")
    found = await world.client(lambda c: c.repush_documents(every))
    assert (found.matching, [each.done for each in found.results], found.next) == (3, [True] * 3, None)
    inbounds = RepushDocuments(all_matching=True, list="receiving-inbound", status="failed")
    assert (await world.client(lambda c: c.repush_documents(inbounds))).matching == 1
    await until_posted(world, D_1=1, D_2=1, D_3=1, I_1=1)
    assert counted_once(world)


@pytest.mark.parametrize("world", [("key", 300)], indirect=True)
@pytest.mark.behaviour("R10", "R24")
async def test_documents_can_be_fetched_now_once_in_five_minutes_also_after_a_restart(world):
    await world.start()
    await world.set_up()
    world.wms.documents.put_outbound(outbound("D-1"))
    task = await world.client(lambda c: c.fetch_documents("depot", "outbound"))
    await until_posted(world, D_1=1)

    async def ended():
        return (await world.client(lambda c: c.task(task.task_id))).state == "succeeded"

    await world.until(ended, "the task ends")
    await world.kill()
    await world.start()
    with pytest.raises(Refusal, match="may be asked for again at"):
        await world.client(lambda c: c.fetch_documents("depot", "outbound"))
    with pytest.raises(Refusal, match="no connection 'shop' that lists outbound documents"):
        await world.client(lambda c: c.fetch_documents("shop", "outbound"))


@pytest.mark.behaviour("R24", "R29")
async def test_a_document_with_an_unknown_sku_goes_as_soon_as_the_mapping_is_there(world):
    from crossdock.control.records.book import Mapping

    await world.start()
    await world.set_up(auto_bind=False)
    world.wms.documents.put_inbound(inbound("I-1"))

    async def held():
        page = await world.client(lambda c: c.documents(text="I-1"))
        return [item.held for item in page.items] == [True]

    await world.until(held, "I-1 waits for its SKU")
    await world.client(lambda c: c.save_mapping(Mapping(warehouse="WH", kind="sku", ours="OURS", theirs="A")))
    await until_posted(world, I_1=1)
    (document,) = world.oms.postings.books.inbound.values()
    assert document.lines[0].sku == "OURS"
    (name,) = world.oms.postings.books.inbound
    assert world.oms.postings.books.planned_amount(name) == Decimal("22.50")


@pytest.mark.behaviour("R24")
async def test_a_document_that_cannot_be_read_blocks_no_other_and_goes_once_it_is_mended(world):
    await world.start()
    await world.set_up()
    body = b'{"items": [{"ref": "D-BAD", "kind": "no such kind"}], "next_cursor": null, "watermark": null}'
    rule = Rule(fault=Fault.BODY, match=Match(method="GET", path=OUT), args={"body": body.decode()}, times=1)
    world.wms.set_faults(Script(rules=(rule,)))

    async def aside():
        page = await world.client(lambda c: c.quarantine())
        return [item.ref for item in page.items] == ["outbound:D-BAD"]

    await world.until(aside, "D-BAD is in quarantine")
    world.wms.documents.put_outbound(outbound("D-BAD"), outbound("D-1"))
    await until_posted(world, D_BAD=1, D_1=1)
    assert (await world.client(lambda c: c.quarantine())).items == ()
