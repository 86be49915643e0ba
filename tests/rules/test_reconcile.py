"""What a comparison finds, what is done about it, when it stops, and when it is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.rules.push_states import PushState
from crossdock.rules.reconcile import (
    COUNTED,
    REMEDIES,
    SENTENCES,
    Brake,
    Finding,
    OfOms,
    OfWms,
    Remedy,
    braked,
    drift,
    mending,
    next_run,
    of_oms,
    of_wms,
)
from crossdock.spec.outbound import OutboundLine, OutboundRequest, RemoteOutbound, Stage

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
REQUEST = OutboundRequest(
    key="XD-1", order_ref="1", revision=1, warehouse="W", lines=(OutboundLine(line_no=1, sku="A", quantity=Decimal(1)),),
    ordered_at=NOW,
)  # fmt: skip
OTHER = msgspec.structs.replace(REQUEST, lines=(OutboundLine(line_no=1, sku="A", quantity=Decimal(2)),))


def remote(**fields):
    return RemoteOutbound(key="XD-1", remote_id="R", **fields)


def ours(state=PushState.PUSHED, **fields):
    return OfWms(**{"state": state, "quiet": True, **fields})


@pytest.mark.parametrize(
    ("seen", "found"),
    [
        ((NOW - timedelta(hours=1), False, NOW), Finding.MISSING_HERE),
        ((NOW - timedelta(hours=1), True, NOW), Finding.STALE_HERE),
        ((NOW + timedelta(hours=1), False, NOW), None),
        ((NOW + timedelta(hours=1), True, NOW), None),
        ((NOW, False, None), None),
    ],
)
@pytest.mark.behaviour("P6")
def test_only_what_a_listing_should_have_shown_is_missing(seen, found):
    updated, known, covered = seen
    assert of_oms(OfOms(updated_at=updated, known=known, covered=covered)) is found


@pytest.mark.parametrize(
    ("push", "found"),
    [
        (ours(), Finding.MISSING_THERE),
        (ours(quiet=False), None),
        (ours(held=True), None),
        (ours(found=remote()), None),
        (ours(found=remote(stage=Stage.CANCELLED)), Finding.CANCELLED_THERE),
        (ours(found=remote(stage=Stage.CANCELLED), cancelled=True), Finding.CANCELLED_THERE),
        (ours(PushState.ACCEPTED), Finding.MISSING_THERE),
        (ours(PushState.ACCEPTED, found=remote(content=OTHER), sent=REQUEST), Finding.DRIFTED),
        (ours(PushState.CANCEL_REJECTED), Finding.VANISHED),
        (ours(PushState.CANCEL_REJECTED, cancelled=True, found=remote(stage=Stage.CANCELLED)), Finding.CANCELLED_THERE),
        (ours(PushState.CANCEL_REJECTED, found=remote(content=OTHER), sent=REQUEST), None),
        (ours(PushState.PARTIALLY_SHIPPED), Finding.VANISHED),
        (ours(PushState.PARTIALLY_SHIPPED, quiet=False), None),
        (ours(PushState.PARTIALLY_SHIPPED, found=remote(stage=Stage.CANCELLED)), None),
        (ours(PushState.UPDATE_PENDING), None),
        (ours(PushState.UPDATE_PENDING, found=remote(content=OTHER), sent=REQUEST), None),
        (ours(PushState.CANCEL_REQUESTED), None),
        (ours(PushState.IN_DOUBT_CANCEL, found=remote(stage=Stage.CANCELLED)), None),
        (ours(PushState.REJECTED), None),
        (ours(PushState.SHIPPED), None),
        (ours(found=remote(content=REQUEST), sent=REQUEST), None),
        (ours(found=remote(content=OTHER), sent=REQUEST), Finding.DRIFTED),
        (ours(found=remote(content=OTHER), sent=REQUEST, cancelled=True), None),
        (ours(found=remote(content=OTHER), sent=REQUEST, repaired=True), Finding.DRIFTED_AGAIN),
        (ours(found=remote(content=REQUEST), sent=REQUEST, repaired=True), None),
        (ours(found=remote(content=OTHER)), None),
        (ours(PushState.IN_DOUBT), None),
        (ours(PushState.IN_DOUBT, found=remote()), Finding.ARRIVED),
        (ours(PushState.IN_DOUBT, found=remote(), held=True), None),
        (ours(PushState.PUSH_FAILED, found=remote()), Finding.ARRIVED),
        (ours(PushState.PUSH_FAILED), None),
        (ours(PushState.QUEUED, found=remote()), None),
    ],
)
@pytest.mark.behaviour("P6")
def test_a_push_is_judged_by_what_the_warehouse_holds(push, found):
    assert of_wms(push) is found


def test_a_drift_names_where_the_contents_differ():
    assert "quantity" in drift(ours(found=remote(content=OTHER), sent=REQUEST))


@given(
    state=st.sampled_from(PushState), quiet=st.booleans(), held=st.booleans(), cancelled=st.booleans(), repaired=st.booleans(),
    there=st.booleans(), stage=st.sampled_from([None, *Stage]), content=st.sampled_from([None, REQUEST, OTHER]),
)  # fmt: skip
def test_nothing_is_ever_pushed_because_of_a_comparison_and_mending_twice_is_mending_once(
    state, quiet, held, cancelled, repaired, there, stage, content
):
    push = OfWms(
        state=state, quiet=quiet, held=held, cancelled=cancelled, repaired=repaired, sent=REQUEST,
        found=remote(stage=stage, content=content) if there else None,
    )  # fmt: skip
    found = of_wms(push)
    if found is None:
        return
    states = {Remedy.DOUBT: PushState.IN_DOUBT, Remedy.SETTLE: PushState.PUSHED, Remedy.AMEND: PushState.UPDATE_PENDING}
    after = states.get(REMEDIES[found])
    assert after not in (PushState.QUEUED, PushState.SENDING)
    if after is not None:
        again = of_wms(msgspec.structs.replace(push, state=after))
        assert again is None or REMEDIES[again] in (Remedy.INCIDENT, Remedy.FOLLOW, Remedy.AMEND)


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_an_order_that_was_fetched_since_is_not_found_again(updated, covered):
    """Once the order is held as the OMS shows it, nobody asks; and a newer mark never makes a finding vanish."""
    before = of_oms(OfOms(updated_at=updated, known=False, covered=covered))
    later = of_oms(
        OfOms(updated_at=updated, known=False, covered=covered + timedelta(days=1) if covered.year < 9000 else covered)
    )
    assert before is None or later is before


def test_every_finding_has_a_remedy_and_a_sentence():
    assert set(REMEDIES) == set(SENTENCES) == set(Finding)
    assert mending([Finding.MISSING_HERE, Finding.GONE, Finding.ARRIVED, Finding.MISSING_THERE]) == 3
    assert PushState.PUSHED in COUNTED


@pytest.mark.parametrize(
    ("actions", "compared", "held"),
    [(0, 0, False), (20, 20, False), (21, 21, True), (21, 1000, False), (51, 1000, True), (501, 10**6, True), (500, 10**6, False), (30, 0, False)],
)  # fmt: skip
@pytest.mark.behaviour("P6")
def test_the_brake_holds_above_a_share_or_a_number_but_not_for_a_handful(actions, compared, held):
    assert bool(braked(actions, compared, Brake())) is held


JITTER = timedelta(minutes=10)


@pytest.mark.parametrize(
    ("last", "now", "due"),
    [
        (None, "03-01 12:00", None),
        ("03-01 03:35", "03-01 12:00", "03-02 03:40"),
        ("02-28 03:35", "03-01 03:20", "03-01 03:40"),
        ("02-28 03:35", "03-01 03:35", "03-01 03:40"),
        ("02-20 03:35", "03-01 02:00", "02-28 03:40"),
        ("03-01 20:00", "03-01 12:00", "03-02 03:40"),
    ],
)
@pytest.mark.behaviour("P6", "P12")
def test_it_is_due_once_a_day_and_at_once_where_a_day_was_missed(last, now, due):
    def at(text):
        return None if text is None else datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)

    assert next_run(at(last), at(now), "03:30", JITTER) == at(due)


@given(
    st.datetimes(min_value=NOW.replace(tzinfo=None), max_value=NOW.replace(tzinfo=None, year=2027), timezones=st.just(UTC)),
    st.integers(0, 23), st.integers(0, 1200),
)  # fmt: skip
def test_after_it_began_it_is_not_due_again_on_the_same_day(now, hour, jitter):
    due = next_run(now, now, f"{hour:02d}:30", timedelta(seconds=jitter))
    assert due > now
    assert due - now <= timedelta(days=1, seconds=jitter)
