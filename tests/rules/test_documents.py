"""What is known of a document does not depend on the order or number of the pages that told of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import reduce

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from crossdock.rules.document_states import (
    INBOUND_ALLOWED,
    OUTBOUND_ALLOWED,
    PUSH_ALLOWED,
    OutboundState,
    PushBack,
    UnlistedPushStep,
    contradict,
    further,
    outbound_state,
    step,
)
from crossdock.rules.documents import (
    LISTS,
    Known,
    changes,
    list_of,
    merge_inbound,
    merge_outbound,
    posting_key,
)
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

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def outbound(revision=1, stage=Stage.PENDING, **fields):
    base = {
        "ref": "D1", "kind": OutboundKind.PARCEL, "revision": revision, "warehouse": "W1", "stage": stage,
        "lines": (OutboundDocLine(line_no=1, sku="A", planned=Decimal(3)),),
        "updated_at": NOW + timedelta(minutes=revision),
    }  # fmt: skip
    return OutboundDoc(**{**base, **fields})


def inbound(revision=1, state=InboundState.PENDING, **fields):
    base = {
        "ref": "I1", "kind": InboundKind.RECEIPT, "revision": revision, "warehouse": "W1", "state": state,
        "lines": (InboundLine(line_no=1, sku="A", planned=Decimal(9)),),
        "updated_at": NOW + timedelta(minutes=revision),
    }  # fmt: skip
    return InboundDoc(**{**base, **fields})


def parcel(no, quantity, **fields):
    return Parcel(parcel_no=no, lines=(ParcelLine(line_no=1, quantity=Decimal(quantity)),), **fields)


def receipt(ref, quantity, **fields):
    return Receipt(ref=ref, line_no=1, quantity=Decimal(quantity), at=NOW, **fields)


parcels = st.lists(
    st.builds(parcel, st.sampled_from(["P1", "P2", "P3"]), st.integers(1, 3), tracking_number=st.sampled_from([None, "T1", "T2"])),
    max_size=3, unique_by=lambda each: each.parcel_no,
).map(tuple)  # fmt: skip
receipts = st.lists(
    st.builds(receipt, st.sampled_from(["R1", "R2", "R3"]), st.integers(1, 3), cost_revision=st.integers(0, 2)),
    max_size=3, unique_by=lambda each: each.ref,
).map(tuple)  # fmt: skip
stamps = st.integers(0, 3).map(lambda n: NOW + timedelta(minutes=n))
outbounds = st.lists(
    st.builds(
        outbound, st.integers(0, 4), st.sampled_from(Stage), parcels=parcels, updated_at=stamps,
        note=st.sampled_from(["", "a", "b"]), short_closed=st.booleans(),
    ),
    min_size=1, max_size=5,
)  # fmt: skip
inbounds = st.lists(
    st.builds(inbound, st.integers(0, 4), st.sampled_from(InboundState), receipts=receipts, updated_at=stamps),
    min_size=1, max_size=5,
)  # fmt: skip


def fold(merge, documents):
    return reduce(merge, documents, None)


@pytest.mark.behaviour("R24")
@unhurried
@given(outbounds, st.data())
def test_pages_of_outbound_documents_in_any_order_and_number_come_to_the_same(documents, data):
    replayed = data.draw(st.permutations([*documents, *data.draw(st.lists(st.sampled_from(documents), max_size=4))]))
    assert fold(merge_outbound, replayed) == fold(merge_outbound, documents)


@pytest.mark.behaviour("R24")
@unhurried
@given(inbounds, st.data())
def test_pages_of_inbound_documents_in_any_order_and_number_come_to_the_same(documents, data):
    replayed = data.draw(st.permutations([*documents, *data.draw(st.lists(st.sampled_from(documents), max_size=4))]))
    assert fold(merge_inbound, replayed) == fold(merge_inbound, documents)


@unhurried
@given(outbounds)
def test_what_was_stored_and_read_again_is_the_same(documents):
    known = fold(merge_outbound, documents)
    assert msgspec.json.decode(msgspec.json.encode(known), type=Known[OutboundDoc]) == known


@unhurried
@given(outbounds)
def test_an_outbound_document_never_goes_back(documents):
    known = None
    for document in documents:
        before, known = known, merge_outbound(known, document)
        if before is not None:
            old, new = OutboundState(before.state), OutboundState(known.state)
            assert new is old or new in OUTBOUND_ALLOWED[old] or known.contradicted
            assert further(old, new) is new
            assert known.document.revision >= before.document.revision
            assert {p.parcel_no for p in before.document.parcels} <= {p.parcel_no for p in known.document.parcels}


@unhurried
@given(inbounds)
def test_an_inbound_document_never_goes_back(documents):
    known = None
    for document in documents:
        before, known = known, merge_inbound(known, document)
        if before is not None:
            old, new = InboundState(before.state), InboundState(known.state)
            assert new is old or new in INBOUND_ALLOWED[old] or known.contradicted


@unhurried
@given(inbounds)
def test_what_was_received_is_what_the_receipts_say_each_counted_once(documents):
    known = fold(merge_inbound, documents)
    said = {}
    for document in documents:
        for each in document.receipts:
            said.setdefault(each.ref, set()).add(each.quantity)
    assert {each.ref for each in known.document.receipts} == set(said)
    assert all(each.quantity in said[each.ref] for each in known.document.receipts)
    assert sum(each.quantity for each in known.document.receipts) <= sum(max(found) for found in said.values())


def test_the_newest_revision_counts_and_an_older_one_changes_only_what_it_alone_tells():
    newest = outbound(5, Stage.PICKING, note="five", parcels=(parcel("P1", 1, tracking_number="NEW"),))
    older = outbound(3, Stage.PACKED, note="three", parcels=(parcel("P1", 1, tracking_number="OLD"), parcel("P2", 2)))
    known = fold(merge_outbound, [newest, older])
    assert (known.document.revision, known.document.note) == (5, "five")
    assert (known.document.stage, known.state) == (Stage.PACKED, "packed")
    assert [(p.parcel_no, p.tracking_number) for p in known.document.parcels] == [("P1", "NEW"), ("P2", None)]


def test_of_two_states_with_one_revision_the_later_change_stamp_counts():
    early, late = outbound(2, note="early"), outbound(2, note="late", updated_at=NOW + timedelta(hours=1))
    assert fold(merge_outbound, [late, early]).document.note == "late"


def test_a_corrected_cost_of_a_receipt_counts_before_a_newer_page_with_the_old_one():
    corrected = inbound(2, receipts=(receipt("R1", 4, cost_revision=1, unit_cost=Decimal(7)),))
    newer = inbound(3, receipts=(receipt("R1", 4, unit_cost=Decimal(5)),))
    assert fold(merge_inbound, [corrected, newer]).document.receipts[0].unit_cost == 7


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"stage": Stage.PICKED}, "picked"),
        ({}, "outbound"),
        ({"short_closed": True}, "short_closed"),
        ({"parcels": (parcel("P1", 2),)}, "part_complete"),
        ({"parcels": (parcel("P1", 2), parcel("P2", 1))}, "complete"),
        ({"lines": (OutboundDocLine(line_no=1, sku="A", planned=Decimal(3), actual=Decimal(2)),)}, "part_complete"),
        ({"lines": (OutboundDocLine(line_no=1, sku="A", planned=Decimal(3), actual=Decimal(3)),)}, "complete"),
    ],
)
def test_where_an_outbound_document_stands(fields, state):
    assert outbound_state(outbound(**{"stage": Stage.OUTBOUND, **fields})).value == state


@pytest.mark.parametrize("order", [(Stage.CANCELLED, Stage.OUTBOUND), (Stage.OUTBOUND, Stage.CANCELLED)])
def test_cancelled_and_left_contradict_each_other_in_either_order_and_what_left_has_left(order):
    known = fold(merge_outbound, [outbound(n, stage) for n, stage in enumerate(order)])
    assert known.contradicted
    assert (known.state, known.document.stage) == ("outbound", Stage.OUTBOUND)


def test_complete_and_invalid_contradict_each_other():
    assert contradict(InboundState.COMPLETE, InboundState.INVALID)
    assert not contradict(InboundState.PART_COMPLETE, InboundState.INVALID)
    assert not contradict(InboundState.COMPLETE, InboundState.COMPLETE)


@pytest.mark.behaviour("R29")
@pytest.mark.parametrize("before", PushBack)
@pytest.mark.parametrize("after", PushBack)
def test_a_push_status_goes_only_where_it_may(before, after):
    if before is after or after in PUSH_ALLOWED[before]:
        assert step(before, after) is after
    else:
        with pytest.raises(UnlistedPushStep, match=r"nothing was changed"):
            step(before, after)


def test_steps_are_checked_one_by_one():
    assert step(PushBack.PUSHED, PushBack.STALE, PushBack.PUSHING) is PushBack.PUSHING
    with pytest.raises(UnlistedPushStep):
        step(PushBack.NOT_PUSHED, PushBack.PUSHING, PushBack.STALE)


@pytest.mark.behaviour("R26", "R27")
def test_each_kind_of_document_has_a_list_of_its_own():
    found = [list_of(outbound(kind=kind)) for kind in OutboundKind] + [
        list_of(inbound(kind=kind)) for kind in InboundKind
    ]
    assert found == list(LISTS)


NAMES = st.tuples(
    st.text(max_size=20), st.sampled_from(sorted(LISTS)), st.text(min_size=1, max_size=30), st.integers(0, 2**40),
    st.integers(0, 5),
)  # fmt: skip


@unhurried
@given(NAMES, NAMES)
def test_a_key_is_short_printable_stable_and_of_one_revision_only(one, other):
    assume("\x1f" not in "".join((one[0], one[2], other[0], other[2])))
    key = posting_key(*one)
    assert len(key) <= 50
    assert key.isascii()
    assert key.isprintable()
    assert (key == posting_key(*other)) == (one == other)


def test_what_changed_is_said_in_words():
    first = fold(merge_outbound, [outbound(1)])
    second = merge_outbound(first, outbound(2, Stage.PACKED, parcels=(parcel("P1", 1),)))
    assert changes(None, first) == "first seen at revision 1: pending"
    assert changes(first, second) == "revision 1 → 2; pending → packed; new: P1"
    assert (
        changes(second, merge_outbound(second, outbound(2, Stage.PACKED, note="x", updated_at=NOW + timedelta(days=1))))
        == "its content changed"
    )
