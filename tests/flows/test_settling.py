"""Results that were judged on a clock that has been set before they are saved."""

from __future__ import annotations

import pytest

from crossdock.flows.settling import counted_from
from crossdock.rules.push_states import PushState
from crossdock.store.outbox import Settled

NOW, HOUR = 1_800_000_000_000, 3_600_000


@pytest.mark.behaviour("P4", "P12")
@pytest.mark.parametrize("by", [HOUR, 0, -HOUR])
@pytest.mark.parametrize("state", [PushState.IN_DOUBT, PushState.PUSH_FAILED, PushState.QUEUED])
def test_what_a_push_waits_for_is_counted_from_the_moment_it_is_saved(by, state):
    judged = NOW - by
    saved = counted_from(Settled(id=1, state=state, at=judged, next_at=judged + 500), NOW)
    assert (saved.at, saved.next_at) == (NOW, NOW + 500)


@pytest.mark.behaviour("P12")
def test_what_waits_for_nothing_goes_on_waiting_for_nothing():
    assert counted_from(Settled(id=1, state=PushState.IN_DOUBT, at=NOW - 5), NOW).next_at is None


@pytest.mark.behaviour("P12")
@pytest.mark.parametrize(("judged", "saved"), [(NOW - 5, NOW - 5), (NOW + HOUR, NOW)])
def test_a_push_did_not_arrive_in_the_future(judged, saved):
    assert counted_from(Settled(id=1, state=PushState.PUSHED, at=judged), NOW).at == saved
