"""Documents of a warehouse move the pushes that made them: in any order, any number of times, never backwards."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.flows.conftest import Bench, an_order

from crossdock.flows.decide_by_hand import Verdict, decide_by_hand
from crossdock.flows.documents import absorb
from crossdock.flows.post_documents import Desk as PostingDesk
from crossdock.flows.settle_by_hand import Settlement, settle_by_hand
from crossdock.flows.shipping import follow, shipped_of
from crossdock.rules.posting import Targets
from crossdock.rules.push_states import PushState, Shipped
from crossdock.spec.documents import OutboundDoc, OutboundDocLine, OutboundKind, Parcel
from crossdock.spec.errors import UnknownOutcome
from crossdock.spec.orders import OrderStatus
from crossdock.spec.outbound import Stage
from crossdock.store import incidents

AT = datetime(2026, 3, 1, 13, tzinfo=UTC)


def document(key, stage, *, revision=1, actual=None, short=False, parcels=0, kind=OutboundKind.PARCEL, planned=2):
    line = OutboundDocLine(
        line_no=1, sku="A", planned=Decimal(planned), actual=None if actual is None else Decimal(actual)
    )
    made = tuple(Parcel(parcel_no=str(n), shipped_at=AT) for n in range(parcels))
    return OutboundDoc(
        ref=f"D-{key}", kind=kind, revision=revision, warehouse="1", stage=stage, lines=(line,), updated_at=AT,
        outbound_key=key, short_closed=short, parcels=made,
    )  # fmt: skip


async def pushed(bench):
    await bench.absorb(an_order("1"))
    await bench.push()
    return (await bench.row("1")).key


async def told(bench, *documents):
    await bench.store.write(follow, "wms", documents, bench.env.now())
    return await bench.row("1")


async def choose(bench, verdict):
    (answer,) = await bench.store.write(
        decide_by_hand, [("oms", "1")], verdict, "the customer was called", "ann", bench.desk
    )
    return answer


async def held_by(bench):
    stored = await bench.stored("1")
    found = await bench.store.read(incidents.of_subject, f"order:{stored.id}")
    return [(each.operation, each.code) for each in found]


@pytest.mark.parametrize(("stage", "actual", "short", "parcels", "what"), [
    (Stage.PACKED, None, False, 0, Shipped.NOTHING), (Stage.PACKED, 1, False, 0, Shipped.NOTHING),
    (Stage.PACKED, 1, False, 1, Shipped.PART), (Stage.OUTBOUND, None, False, 0, Shipped.ALL),
    (Stage.OUTBOUND, 2, False, 2, Shipped.ALL), (Stage.OUTBOUND, 1, False, 1, Shipped.PART),
    (Stage.OUTBOUND, 1, True, 1, Shipped.SHORT), (Stage.CANCELLED, 1, False, 1, Shipped.NOTHING),
])  # fmt: skip
def test_how_much_has_left_is_read_off_the_document(stage, actual, short, parcels, what):
    assert shipped_of(document("k", stage, actual=actual, short=short, parcels=parcels)) is what


async def test_a_push_goes_with_its_document_to_its_end(bench):
    key = await pushed(bench)
    row = await told(bench, document(key, Stage.PICKING))
    assert (row.state, row.at_stage) == (PushState.ACCEPTED, Stage.PICKING)
    row = await told(bench, document(key, Stage.OUTBOUND, actual=1, parcels=1))
    assert row.state is PushState.PARTIALLY_SHIPPED
    row = await told(bench, document(key, Stage.OUTBOUND, actual=2, parcels=2))
    assert (row.state, await held_by(bench)) == (PushState.SHIPPED, [])


async def test_a_document_that_is_closed_short_is_told_to_a_person(bench):
    key = await pushed(bench)
    row = await told(bench, document(key, Stage.OUTBOUND, actual=1, short=True))
    assert (row.state, await held_by(bench)) == (PushState.CLOSED_SHORT, [("outbound_document", "short")])
    assert not (await choose(bench, Verdict.AGAIN)).done
    assert (await choose(bench, Verdict.KEEP)).done
    assert ((await bench.row("1")).state, await held_by(bench)) == (PushState.CLOSED_SHORT, [])
    assert not (await choose(bench, Verdict.KEEP)).done


async def test_a_warehouse_that_cancels_by_itself_leaves_it_to_a_person(bench):
    key = await pushed(bench)
    row = await told(bench, document(key, Stage.CANCELLED))
    assert (row.state, await held_by(bench)) == (PushState.REJECTED, [("outbound_document", "rejected")])
    assert not (await choose(bench, Verdict.KEEP)).done
    await bench.absorb(an_order("1", status=OrderStatus.CANCELLED))
    assert ((await bench.row("1")).state, await held_by(bench)) == (PushState.CANCELLED, [])


async def test_what_is_shipped_although_its_cancellation_was_confirmed_becomes_an_incident(bench):
    key = await pushed(bench)
    await told(bench, document(key, Stage.CANCELLED))
    await bench.absorb(an_order("1", status=OrderStatus.CANCELLED))
    row = await told(bench, document(key, Stage.OUTBOUND))
    assert row.state is PushState.CANCELLED
    assert await held_by(bench) == [("outbound_document", "shipped_cancelled")]
    assert (await choose(bench, Verdict.KEEP)).done
    assert await held_by(bench) == []


async def test_documents_of_others_and_of_other_connections_move_nothing(bench):
    key = await pushed(bench)
    await bench.store.write(follow, "elsewhere", [document(key, Stage.OUTBOUND)], bench.env.now())
    await bench.store.write(follow, "wms", [document("XD-UNKNOWN", Stage.OUTBOUND)], bench.env.now())
    assert (await bench.row("1")).state is PushState.PUSHED


STEPS = st.lists(
    st.sampled_from([
        (Stage.PENDING, None, 0), (Stage.PICKING, None, 0), (Stage.PICKED, None, 0), (Stage.PACKED, 1, 1),
        (Stage.OUTBOUND, 1, 1), (Stage.OUTBOUND, 2, 2),
    ]),
    min_size=1, max_size=8,
)  # fmt: skip


@given(steps=STEPS, data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_any_order_and_number_of_documents_ends_the_same(steps, data):
    import asyncio

    def ended(sequence):
        async def run():
            bench = Bench()
            await bench.fill()
            key = await pushed(bench)
            before = await bench.row("1")
            for stage, actual, parcels in sequence:
                row = await told(bench, document(key, stage, actual=actual, parcels=parcels))
                assert (row.stage or 0) >= (before.stage or 0)
                assert row.shipped >= before.shipped
                before = row
            bench.database.close()
            return before.state, before.stage, before.shipped

        return asyncio.run(run())

    shuffled = data.draw(st.permutations(steps + steps))
    assert ended(steps) == ended(shuffled)


@pytest.mark.behaviour("P3", "R29")
@pytest.mark.parametrize(("stage", "ends"), [
    (Stage.PICKING, PushState.ACCEPTED), (Stage.OUTBOUND, PushState.SHIPPED), (Stage.CANCELLED, PushState.REJECTED),
])  # fmt: skip
async def test_what_a_warehouse_shows_of_a_document_while_its_push_is_in_doubt_counts_once_that_is_settled(
    bench, stage, ends
):
    bench.wms.script.append(UnknownOutcome("the answer was lost"))
    key = await pushed(bench)
    desk = PostingDesk(bench.house.books, Targets(takes={}), bench.env.now())
    await bench.store.write(absorb, "wms", [document(key, stage)], desk)
    assert (await bench.row("1")).state is PushState.IN_DOUBT
    bench.later(seconds=120)
    await bench.push()
    assert (await bench.row("1")).state is ends


async def test_a_person_who_settles_a_doubt_has_the_push_follow_its_document_too(bench):
    bench.wms.script.append(UnknownOutcome("the answer was lost"))
    key = await pushed(bench)
    desk = PostingDesk(bench.house.books, Targets(takes={}), bench.env.now())
    await bench.store.write(absorb, "wms", [document(key, Stage.PACKED)], desk)
    said = {"remote_id": "R-1", "reason": "looked", "actor": "ann", "now": bench.env.now()}
    await bench.store.write(partial(settle_by_hand, **said), "oms", "1", Settlement.ARRIVED)
    assert (await bench.row("1")).state is PushState.ACCEPTED


async def test_a_warehouse_that_cancels_before_it_could_be_asked_confirms_what_was_wanted(bench):
    """Its connection was not open when the order was cancelled, so that nothing was asked."""
    key = await pushed(bench)
    await bench.absorb(an_order("1", status=OrderStatus.CANCELLED))
    assert (await bench.row("1")).state is PushState.PUSHED
    assert (await told(bench, document(key, Stage.CANCELLED))).state is PushState.CANCELLED
