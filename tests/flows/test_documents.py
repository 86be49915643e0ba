"""Documents of a warehouse on the bench: taken in, posted, refused, held, pushed again."""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest

from crossdock.flows import documents as flow
from crossdock.flows.listing import PullPolicy
from crossdock.flows.operations import carry_out
from crossdock.flows.post_documents import Desk, PostInbound, PostOutbound
from crossdock.flows.pull_stream import pull_stream
from crossdock.flows.release_incident import release_page
from crossdock.flows.repush_documents import DocumentName, reconsider, repush_matching, repush_named
from crossdock.rules.book import Mapping, MappingKind, Warehouse
from crossdock.rules.connection_health import Limits
from crossdock.rules.document_states import PushBack
from crossdock.rules.operation_outcome import OperationPolicy
from crossdock.rules.posting import Targets
from crossdock.spec.documents import (
    InboundDoc,
    InboundKind,
    InboundLine,
    InboundState,
    OutboundDoc,
    OutboundDocLine,
    OutboundKind,
    Parcel,
    Receipt,
)
from crossdock.spec.errors import Rejected, Retryable, UnknownOutcome
from crossdock.spec.listing import Listing
from crossdock.spec.orders import FetchMode, Unreadable
from crossdock.spec.outbound import ItemResult, Stage
from crossdock.store import audit, book, documents, incidents, operations, quarantine, timeline
from crossdock.store.audit import By
from crossdock.store.documents import Wanted

BOTH = frozenset({"outbound", "inbound"})

ANNA = By(actor="anna", action="documents.repush", object="x")


class Oms:
    """Enters documents as the contract says; `script` holds what to do instead, call by call."""

    def __init__(self):
        self.script = deque()
        self.calls, self.revisions = [], {}
        self.refuses = {}

    async def apply_outbound(self, items):
        return self._apply(items)

    async def apply_inbound(self, items):
        return self._apply(items)

    def _apply(self, items):
        self.calls.append([(item.key, item.document.ref, item.document.revision) for item in items])
        failure = self.script.popleft() if self.script else None
        if isinstance(failure, UnknownOutcome) or failure is None:
            for item in items:
                if item.document.ref not in self.refuses:
                    held = self.revisions.setdefault(item.document.ref, [])
                    if not held or held[-1].revision < item.document.revision:
                        held.append(item.document)
        if failure is not None:
            raise failure
        return [
            ItemResult(
                ref=i.key, ok=i.document.ref not in self.refuses, code="bad", message=self.refuses.get(i.document.ref)
            )
            for i in items
        ]

    def counted(self):
        return {ref: [document.revision for document in held] for ref, held in self.revisions.items()}


class Wms:
    def __init__(self):
        self.pages = deque()

    async def fetch_outbound(self, window, cursor, limit):
        return self.pages.popleft()

    async def fetch_inbound(self, window, cursor, limit):
        return self.pages.popleft()


class Documents:
    """The bench, and what documents need beside it."""

    def __init__(self, bench, kit):
        self.bench, self.kit = bench, kit
        self.post, self.wms = Oms(), Wms()
        self.targets = Targets(takes={"oms": BOTH})
        self.runs = 0

    @property
    def desk(self):
        return Desk(self.bench.house.books, self.targets, self.bench.env.now())

    async def take(self, *found):
        return await self.bench.store.write(flow.absorb, "wms", found, self.desk)

    async def carry(self):
        """Carry out what is due for the OMS."""
        self.runs += 1
        lane = self.kit.lane(self.runs)
        lane.connection = "oms"
        handlers = {each.kind: each for each in (PostOutbound(self.post), PostInbound(self.post))}
        policy = OperationPolicy(limits=Limits(), settle=timedelta(seconds=60))
        await carry_out(handlers, self.bench.house, lane, policy, 50)
        return lane

    async def row(self, ref="D1", list_name=None):
        rows = await self.bench.store.read(documents.named, "wms", ref)
        (found,) = [row for row in rows if list_name in (None, row.list_name)]
        return found

    async def status(self, ref="D1"):
        return (await self.row(ref)).push_status

    async def troubles(self):
        return [i for i in await self.bench.store.read(incidents.page, 0, 100) if i.healed_at is None]

    async def operations(self):
        return await self.bench.store.read(_operations)

    async def repush(self, *refs):
        names = [DocumentName("wms", ref) for ref in refs]
        return await self.bench.store.write(repush_named, names, ANNA, self.desk)

    async def what(self, ref="D1"):
        row = await self.row(ref)
        return [event.what for event in await self.bench.store.read(documents.history, row.id)]


def _operations(tx):
    return [tuple(row) for row in tx.rows("SELECT revision, state FROM operations ORDER BY id LIMIT 100")]


@pytest.fixture
async def at(bench, kit):
    return Documents(bench, kit)


def outbound(kit, revision=1, stage=Stage.OUTBOUND, **fields):
    base = {
        "ref": "D1", "kind": OutboundKind.MANUAL, "revision": revision, "warehouse": "1", "stage": stage,
        "lines": (OutboundDocLine(line_no=1, sku="A", planned=Decimal(3)),),
        "updated_at": kit.NOW + timedelta(minutes=revision), "number": "N-D1",
    }  # fmt: skip
    return OutboundDoc(**{**base, **fields})


def inbound(kit, revision=1, state=InboundState.PENDING, **fields):
    base = {
        "ref": "I1", "kind": InboundKind.RECEIPT, "revision": revision, "warehouse": "1", "state": state,
        "lines": (InboundLine(line_no=1, sku="A", planned=Decimal(9)),),
        "updated_at": kit.NOW + timedelta(minutes=revision),
    }  # fmt: skip
    return InboundDoc(**{**base, **fields})


async def test_documents_of_a_code_that_two_warehouses_have_go_once_one_of_them_is_switched_off(at, kit):
    twin = Warehouse(code="TWIN", connection="wms", remote="1")
    saved = await at.bench.store.write(book.save, twin)
    await at.take(outbound(kit))
    assert [i.code for i in await at.troubles()] == ["several_warehouses"]
    await at.bench.store.write(book.save, msgspec.structs.replace(saved, enabled=False))
    await at.bench.store.write(reconsider, at.desk)
    assert (await at.status(), await at.troubles()) == (PushBack.PUSHING, [])


@pytest.mark.behaviour("R24", "R29")
@pytest.mark.parametrize("kind", OutboundKind)
async def test_an_outbound_document_of_every_kind_goes_to_the_oms(at, kit, kind):
    taken = await at.take(outbound(kit, kind=kind))
    assert taken.wake == {"oms", "wms"}  # what the warehouse says may move what is on its way to it
    assert await at.status() is PushBack.PUSHING
    await at.carry()
    row = await at.row()
    assert (row.push_status, row.pushed_revision, row.oms) == (PushBack.PUSHED, 1, "oms")
    assert at.post.counted() == {"D1": [1]}
    assert await at.what() == ["seen", "queued", "pushed"]


@pytest.mark.behaviour("R24", "R29")
@pytest.mark.parametrize("kind", InboundKind)
async def test_an_inbound_document_of_every_kind_goes_to_the_oms_in_its_names(at, kit, kind):
    await at.bench.store.write(book.save, Mapping(warehouse="WH", kind=MappingKind.SKU, ours="OURS", theirs="A"))
    await at.take(inbound(kit, kind=kind))
    await at.carry()
    (entered,) = at.post.revisions["I1"]
    assert (entered.warehouse, entered.lines[0].sku) == ("WH", "OURS")


@pytest.mark.behaviour("R24")
async def test_a_page_that_comes_again_changes_nothing(at, kit):
    await at.take(outbound(kit), inbound(kit))
    await at.carry()
    before = await at.row()
    taken = await at.take(outbound(kit), inbound(kit))
    await at.carry()
    assert (taken.totals.changed, taken.totals.unchanged) == (0, 2)
    assert await at.row() == before
    assert len(at.post.calls) == 2


@pytest.mark.behaviour("R24", "R29")
async def test_a_newer_revision_makes_the_pushed_one_stale_and_goes_out_by_itself(at, kit):
    await at.take(outbound(kit, 1))
    await at.carry()
    await at.take(outbound(kit, 2, note="more"))
    assert await at.status() is PushBack.PUSHING
    await at.carry()
    assert at.post.counted() == {"D1": [1, 2]}
    assert (await at.row()).pushed_revision == 2


@pytest.mark.behaviour("R24")
async def test_a_newer_revision_takes_the_place_of_one_that_was_not_sent(at, kit):
    await at.take(outbound(kit, 1))
    await at.take(outbound(kit, 2))
    await at.carry()
    assert at.post.counted() == {"D1": [2]}
    assert [state for _, state in await at.operations()] == [6, 5]


@pytest.mark.behaviour("R24")
async def test_revisions_that_come_out_of_order_leave_the_newest_and_never_go_back(at, kit):
    await at.take(outbound(kit, 3))
    await at.carry()
    await at.take(outbound(kit, 1, Stage.PICKING), outbound(kit, 2, Stage.PACKED))
    await at.carry()
    row = await at.row()
    assert (row.state, row.revision, row.push_status) == ("outbound", 3, PushBack.PUSHED)
    assert at.post.counted() == {"D1": [3]}


@pytest.mark.behaviour("R24", "R28")
async def test_several_receipts_each_go_out_once_and_add_up(at, kit):
    receipts = [Receipt(ref=f"R{n}", line_no=1, quantity=Decimal(3), at=kit.NOW) for n in range(3)]
    for n in range(3):
        await at.take(inbound(kit, n + 1, InboundState.PART_COMPLETE, receipts=tuple(receipts[: n + 1])))
        await at.carry()
    held = at.post.revisions["I1"][-1]
    assert at.post.counted() == {"I1": [1, 2, 3]}
    assert sum(each.quantity for each in held.receipts) == 9


@pytest.mark.behaviour("R28", "R29")
async def test_a_lost_answer_leaves_a_doubt_and_the_same_bytes_settle_it(at, kit):
    at.post.script.append(UnknownOutcome("the line went dead"))
    await at.take(outbound(kit))
    await at.carry()
    assert await at.status() is PushBack.IN_DOUBT
    at.bench.later(minutes=10)
    await at.carry()
    assert await at.status() is PushBack.PUSHED
    assert at.post.counted() == {"D1": [1]}
    assert at.post.calls[0] == at.post.calls[1]


@pytest.mark.behaviour("R28")
async def test_a_push_that_surely_had_no_effect_is_tried_again_by_itself(at, kit):
    at.post.script.append(Retryable("down"))
    await at.take(outbound(kit))
    await at.carry()
    assert await at.status() is PushBack.PUSHING
    at.bench.later(minutes=10)
    await at.carry()
    assert await at.status() is PushBack.PUSHED


async def test_a_newer_revision_waits_behind_one_in_doubt_and_both_are_counted(at, kit):
    at.post.script.append(UnknownOutcome("lost"))
    await at.take(outbound(kit, 1))
    await at.carry()
    await at.take(outbound(kit, 2))
    assert await at.status() is PushBack.IN_DOUBT
    at.bench.later(minutes=10)
    await at.carry()
    assert await at.status() is PushBack.PUSHED
    assert at.post.counted() == {"D1": [1, 2]}


@pytest.mark.behaviour("R25", "R26", "R27", "R29")
async def test_a_refused_document_is_failed_with_an_incident_and_goes_again_by_hand(at, kit):
    at.post.refuses = {"D1": "no such item", "I1": "no such item"}
    await at.take(outbound(kit), inbound(kit))
    await at.carry()
    row = await at.row()
    assert (row.push_status, row.error_text) == (PushBack.FAILED, "no such item")
    assert {trouble.cause for trouble in await at.troubles()} == {"refused"}
    at.post.refuses = {}
    answers = await at.repush("D1", "I1", "nowhere")
    assert [answer.done for answer in answers] == [True, True, False]
    assert await at.status("I1") is PushBack.PUSHING
    await at.carry()
    assert at.post.counted() == {"D1": [1], "I1": [1]}
    assert await at.troubles() == []
    (entry,) = await at.bench.store.read(audit.page, 0, 10)
    assert (entry.actor, entry.action, entry.result) == ("anna", "documents.repush", "partly")


async def test_a_refused_document_goes_again_when_it_changes(at, kit):
    at.post.refuses = {"D1": "no"}
    await at.take(outbound(kit, 1))
    await at.carry()
    at.post.refuses = {}
    await at.take(outbound(kit, 2))
    await at.carry()
    assert at.post.counted() == {"D1": [2]}
    assert await at.troubles() == []


async def test_a_refused_page_is_sent_one_by_one_so_that_one_document_holds_up_no_other(at, kit):
    at.post.script.append(Rejected("a bad batch"))
    await at.take(outbound(kit), outbound(kit, ref="D2"))
    await at.carry()
    assert at.post.counted() == {"D1": [1], "D2": [1]}
    assert [len(call) for call in at.post.calls] == [2, 1, 1]


@pytest.mark.behaviour("R25")
async def test_pushing_again_sends_the_current_revision_in_what_it_is_called_now(at, kit):
    at.post.refuses = {"D1": "unknown SKU A"}
    await at.take(outbound(kit, 1))
    await at.carry()
    await at.bench.store.write(book.save, Mapping(warehouse="WH", kind=MappingKind.SKU, ours="OURS", theirs="A"))
    at.post.refuses = {}
    await at.repush("D1")
    await at.carry()
    assert at.post.revisions["D1"][-1].lines[0].sku == "OURS"
    first, second = (call[0][0] for call in at.post.calls)
    assert first != second, "other bytes never go under the same key"


@pytest.mark.behaviour("R25")
async def test_a_pushed_document_goes_once_more_under_a_key_of_its_own_when_a_person_asks(at, kit):
    await at.take(outbound(kit))
    await at.carry()
    (answer,) = await at.repush("D1")
    assert answer.done
    await at.carry()
    assert at.post.counted() == {"D1": [1]}
    assert len({call[0][0] for call in at.post.calls}) == 2
    assert await at.status() is PushBack.PUSHED


async def test_what_is_on_its_way_is_not_sent_twice_because_a_person_is_impatient(at, kit):
    await at.take(outbound(kit))
    (answer,) = await at.repush("D1")
    assert not answer.done
    assert "on its way to oms already" in answer.text
    assert len(await at.operations()) == 1


@pytest.mark.behaviour("R25", "R26")
async def test_all_that_match_are_pushed_again_in_pages(at, kit):
    refs = [f"D{n:03d}" for n in range(130)]
    at.post.refuses = dict.fromkeys([*refs, "X1"], "no")
    await at.take(*(outbound(kit, ref=ref) for ref in refs))
    await at.take(outbound(kit, ref="X1", kind=OutboundKind.TRANSFER))
    await at.carry()
    wanted = Wanted(list_name="manual-outbound", status=PushBack.FAILED, warehouse="WH")
    first, more, count = await at.bench.store.write(repush_matching, wanted, 0, ANNA, at.desk)
    rest, end, left = await at.bench.store.write(repush_matching, wanted, more, ANNA, at.desk)
    assert (len(first), count, len(rest), left, end) == (100, 130, 30, 30, None)
    at.post.refuses = {}
    await at.carry()
    assert len(at.post.counted()) == 130
    assert await at.status("X1") is PushBack.FAILED


@pytest.mark.behaviour("R24", "R29")
async def test_a_document_with_an_unknown_sku_waits_and_goes_when_the_mapping_is_there(at, kit):
    await at.bench.store.write(book.save, Mapping(warehouse="WH", kind=MappingKind.SKU, ours="A", theirs="B"))
    await at.take(outbound(kit))
    row = await at.row()
    assert (row.push_status, row.held) == (PushBack.NOT_PUSHED, "unmapped_sku")
    (trouble,) = await at.troubles()
    assert (trouble.cause, trouble.missing) == ("mapping", "sku A")
    assert await at.bench.store.write(reconsider, at.desk) == (0, frozenset())
    await at.bench.store.write(book.save, Mapping(warehouse="WH", kind=MappingKind.SKU, ours="C", theirs="A"))
    assert await at.bench.store.write(reconsider, at.desk) == (1, {"oms"})
    await at.carry()
    assert at.post.revisions["D1"][0].lines[0].sku == "C"
    assert await at.troubles() == []


async def test_a_pushed_document_whose_newer_revision_cannot_go_is_stale(at, kit):
    await at.take(outbound(kit, 1))
    await at.carry()
    await at.bench.store.write(book.save, Mapping(warehouse="WH", kind=MappingKind.SKU, ours="A", theirs="B"))
    await at.take(outbound(kit, 2))
    row = await at.row()
    assert (row.push_status, row.pushed_revision, row.held) == (PushBack.STALE, 1, "unmapped_sku")
    (answer,) = await at.repush("D1")
    assert not answer.done
    assert "map it" in answer.text


async def test_a_revision_that_is_held_while_an_earlier_one_is_on_its_way_ends_stale(at, kit):
    await at.take(outbound(kit, 1))
    await at.bench.store.write(book.save, Mapping(warehouse="WH", kind=MappingKind.SKU, ours="A", theirs="B"))
    await at.take(outbound(kit, 2))
    assert await at.status() is PushBack.PUSHING
    await at.carry()
    row = await at.row()
    assert (row.push_status, row.held, row.error_code) == (PushBack.STALE, "unmapped_sku", "unmapped_sku")


async def test_an_oms_that_cannot_take_them_is_said_once_and_again_pushes_them_when_it_can(at, kit):
    at.targets = Targets(takes={"oms": frozenset()})
    await at.take(outbound(kit), outbound(kit, ref="D2"))
    row = await at.row()
    assert row.push_status is PushBack.NOT_PUSHED
    assert "not supported by this OMS" in row.error_text
    (trouble,) = await at.troubles()
    assert await at.bench.store.read(incidents.count, trouble.id) == 1
    at.targets = Targets(takes={"oms": BOTH})
    answers = await at.repush("D1", "D2")
    assert all(answer.done for answer in answers)
    assert await at.troubles() == []


@pytest.mark.behaviour("R24", "R26")
async def test_a_parcel_document_is_shown_with_its_order_with_every_tracking_number(at, kit):
    await at.bench.absorb(kit.order("7"))
    parcels = (Parcel(parcel_no="P1", tracking_number="TRACK1"), Parcel(parcel_no="P2"))
    await at.take(outbound(kit, kind=OutboundKind.PARCEL, order_ref="7", parcels=parcels))
    stored = await at.bench.stored("7")
    assert (await at.row()).order_id == stored.id
    (moment,) = [m for m in await at.bench.store.read(timeline.of_order, stored.id) if m.what == "document"]
    assert "P1 (TRACK1), P2 (no tracking number yet)" in moment.detail


async def test_a_parcel_document_finds_its_order_by_the_key_under_which_it_was_created(at, kit):
    await at.bench.absorb(kit.order("7"))
    await at.bench.push()
    key = at.bench.wms.received[0].key
    await at.take(outbound(kit, kind=OutboundKind.PARCEL, outbound_key=key))
    row = await at.row()
    assert (row.order_id, row.order_ref) == ((await at.bench.stored("7")).id, "7")
    await at.carry()
    (entered,) = at.post.revisions["D1"]
    assert entered.order_ref == "7"  # the OMS knows no keys of ours


async def made_twice(at, kit, *planned, **fields):
    """Order 7, of two units, is at its warehouse, which has a document for each of `planned` under its key."""
    if not at.bench.wms.received:
        await at.bench.absorb(kit.order("7", lines=(kit.line(quantity=2),)))
        await at.bench.push()
    key = at.bench.wms.received[0].key
    base = {"kind": OutboundKind.PARCEL, "stage": Stage.PENDING, "outbound_key": key, "order_ref": "7", **fields}
    made = []
    for number, quantity in enumerate(planned):
        line = OutboundDocLine(line_no=1, sku="A", planned=Decimal(quantity))
        made.append(outbound(kit, ref=f"D{number}", number=f"N-{number}", lines=(line,), **base))
    return made


async def doubled(at):
    await at.bench.decide()
    return [i for i in await at.troubles() if i.code == "doubled"]


@pytest.mark.behaviour("P2")
@pytest.mark.parametrize("together", [True, False])
async def test_documents_under_one_key_that_hold_more_than_was_ordered_are_an_incident_until_their_sum_fits(
    at, kit, together
):
    first, second = await made_twice(at, kit, 2, 2)
    for page in [(first, second)] if together else [(first,), (second,)]:
        assert await doubled(at) == []
        await at.take(*page)
    (found,) = await doubled(at)
    ((subject, _, text),) = await at.bench.store.read(incidents.subjects, found.id, "", 9)
    stored = await at.bench.stored("7")
    assert subject == f"order:{stored.id}"
    assert text == (
        f"documents N-0, N-1 under the key {first.outbound_key} hold 4 units of A, of 2 ordered; cancel one there"
    )
    assert (await at.bench.row("7")).changed
    await at.take(msgspec.structs.replace(second, revision=2, stage=Stage.PICKING))
    (done,) = (await at.bench.store.write(release_page, found.id, "", 9, ANNA, at.bench.desk)).answers
    assert (done.done, "cancel one of the documents" in done.text) == (False, True)
    assert len(await doubled(at)) == 1
    await at.take(msgspec.structs.replace(second, revision=3, stage=Stage.CANCELLED))
    assert (await doubled(at), (await at.bench.row("7")).changed) == ([], False)


@pytest.mark.parametrize("planned", [(1, 1), (2,), (5,), (2, 0)])
async def test_a_split_of_an_order_and_one_document_alone_are_not_doubled(at, kit, planned):
    await at.take(*await made_twice(at, kit, *planned))
    assert await doubled(at) == []


async def test_what_left_counts_of_a_document_that_has_ended(at, kit):
    first, second = await made_twice(at, kit, 2, 1)
    short = OutboundDocLine(line_no=1, sku="A", planned=Decimal(2), actual=Decimal(1))
    await at.take(first, second)
    assert len(await doubled(at)) == 1
    await at.take(msgspec.structs.replace(first, revision=2, stage=Stage.OUTBOUND, lines=(short,)))
    assert await doubled(at) == []


async def test_what_left_twice_is_closed_by_a_person_who_has_seen_it(at, kit):
    await at.take(*await made_twice(at, kit, 2, 2))
    left = await made_twice(at, kit, 2, 2, stage=Stage.OUTBOUND, revision=2)
    await at.take(*left)
    (found,) = await doubled(at)
    (done,) = (await at.bench.store.write(release_page, found.id, "", 9, ANNA, at.bench.desk)).answers
    assert (done.done, await doubled(at), (await at.bench.row("7")).changed) == (True, [], False)


async def test_a_parcel_of_an_order_that_comes_later_waits_for_it(at, kit):
    await at.take(outbound(kit, kind=OutboundKind.PARCEL, order_ref="7"))
    assert (await at.row()).held == "unknown_order"
    await at.bench.absorb(kit.order("7"))
    assert (await at.bench.store.write(reconsider, at.desk))[0] == 0
    at.bench.later(minutes=11)
    assert await at.bench.store.write(reconsider, at.desk) == (1, {"oms"})
    await at.carry()
    assert await at.status() is PushBack.PUSHED


async def test_an_order_that_never_comes_is_not_waited_for_for_ever(at, kit):
    await at.take(outbound(kit, kind=OutboundKind.PARCEL, order_ref="7"))
    at.bench.later(days=4)
    await at.bench.store.write(reconsider, at.desk)
    assert (await at.row()).again_at is None
    assert [trouble.code for trouble in await at.troubles()] == ["unknown_order"]


async def test_states_that_exclude_each_other_are_an_incident(at, kit):
    await at.take(outbound(kit, 1, Stage.CANCELLED))
    await at.take(outbound(kit, 2, Stage.OUTBOUND))
    assert [(t.cause, t.code) for t in await at.troubles()] == [("conflict", "contradicted")]


async def test_content_that_changes_under_one_revision_is_an_incident_until_the_revision_is_raised(at, kit):
    await at.take(outbound(kit, 1))
    await at.carry()
    await at.take(outbound(kit, 1, note="other", updated_at=kit.NOW + timedelta(hours=2)))
    assert [t.code for t in await at.troubles()] == ["revision_not_raised"]
    await at.carry()
    assert at.post.counted() == {"D1": [1]}
    await at.take(outbound(kit, 2, note="other", updated_at=kit.NOW + timedelta(hours=3)))
    assert await at.troubles() == []


async def test_content_that_changes_before_it_was_sent_goes_out_as_it_is_now(at, kit):
    await at.take(outbound(kit, 1))
    await at.take(outbound(kit, 1, note="other", updated_at=kit.NOW + timedelta(hours=2)))
    await at.carry()
    (entered,) = at.post.revisions["D1"]
    assert entered.note == "other"


async def test_a_redriven_operation_brings_its_document_along(at, kit):
    at.post.refuses = {"D1": "no"}
    await at.take(outbound(kit))
    await at.carry()
    at.post.refuses = {}
    failed = await at.bench.store.read(operations.failed, 0, 10)
    await at.bench.store.write(operations.requeue, [failed[0].id], 0)
    await at.carry()
    assert await at.status() is PushBack.PUSHED


async def test_a_document_keeps_a_bounded_history(at, kit):
    for revision in range(1, 130):
        await at.take(outbound(kit, revision))
    row = await at.row()
    assert len(await at.bench.store.read(documents.history, row.id)) == documents.KEPT
    kept = await at.bench.store.read(lambda tx: tx.one("SELECT COUNT(*) FROM document_history")[0])
    assert kept == documents.KEPT


@pytest.mark.behaviour("R24", "P2", "P7")
async def test_a_listing_takes_documents_in_and_sets_aside_what_cannot_be_read(at, kit):
    policy = PullPolicy(
        mode=FetchMode.CHANGED, overlap=timedelta(minutes=10), page_size=2, max_pages=10, initial=timedelta(days=1),
        ordered=True,
    )  # fmt: skip
    stream = flow.OutboundStream(at.wms, at.bench.house.books, lambda: at.targets)
    at.wms.pages.append(
        Listing(items=(outbound(kit),), unreadable=(Unreadable("D9", b"{", "no kind"),), next_cursor="2")
    )
    at.wms.pages.append(Listing(items=(outbound(kit, ref="D2"),)))
    pulled = await pull_stream("wms", stream, at.bench.house, policy, lambda: True)
    assert (pulled.totals.changed, pulled.totals.failed, pulled.wake) == (2, 1, {"oms", "wms"})
    assert [r.ref for _, r in await at.bench.store.read(quarantine.page, 0, 10)] == ["outbound:D9"]
    inbounds = flow.InboundStream(at.wms, at.bench.house.books, lambda: at.targets)
    at.wms.pages.append(Listing(items=(inbound(kit),)))
    assert (await pull_stream("wms", inbounds, at.bench.house, policy, lambda: True)).totals.changed == 1


async def test_what_is_stored_of_a_document_can_be_read_again(at, kit):
    document = outbound(kit, extra={"a": [1, {"b": None}]})
    await at.take(document)
    assert flow.read(await at.row()).document == msgspec.json.decode(msgspec.json.encode(document), type=OutboundDoc)


async def test_what_may_have_arrived_is_not_sent_under_another_key_because_its_content_changed(at, kit):
    at.post.script.append(UnknownOutcome("lost"))
    await at.take(outbound(kit, 1))
    await at.carry()
    await at.take(outbound(kit, 1, note="other", updated_at=kit.NOW + timedelta(hours=2)))
    assert await at.status() is PushBack.IN_DOUBT
    assert len(await at.operations()) == 1
    at.bench.later(minutes=10)
    await at.carry()
    assert at.post.calls[0] == at.post.calls[1]


async def test_a_document_stays_with_its_oms_although_its_warehouse_was_given_another(at, kit):
    await at.take(outbound(kit, 1))
    await at.carry()
    known = await at.bench.store.read(book.entries, Warehouse)
    await at.bench.store.write(book.save, msgspec.structs.replace(known[0], oms="other"))
    at.targets = Targets(takes={"oms": BOTH, "other": BOTH})
    await at.take(outbound(kit, 2), outbound(kit, 1, ref="D2"))
    assert ((await at.row()).oms, (await at.row("D2")).oms) == ("oms", "other")
    await at.carry()
    assert at.post.counted() == {"D1": [1, 2]}
