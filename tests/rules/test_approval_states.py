"""Who may decide a proposal, and which way a proposal may go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crossdock.rules.approval_states import ALLOWED, ApprovalState, may_approve, may_decide

NOW = datetime(2026, 5, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
pytestmark = pytest.mark.security("S5")


def test_another_person_may_approve_what_is_open():
    assert may_approve(ApprovalState.PROPOSED, 1, 2, LATER, NOW) is None


def test_nobody_approves_what_he_proposed():
    assert "yourself" in may_approve(ApprovalState.PROPOSED, 1, 1, LATER, NOW)


def test_who_proposed_it_may_take_it_back():
    assert may_decide(ApprovalState.PROPOSED, LATER, NOW) is None


@pytest.mark.parametrize("at", [LATER, LATER + timedelta(days=1)])
def test_what_expired_is_not_approved(at):
    assert "expired" in may_approve(ApprovalState.PROPOSED, 1, 2, LATER, at)


@pytest.mark.parametrize("state", set(ApprovalState) - {ApprovalState.PROPOSED})
def test_what_was_decided_is_not_decided_again(state):
    assert state.name.lower() in may_approve(state, 1, 2, LATER, NOW)
    assert ALLOWED[state] == frozenset()
