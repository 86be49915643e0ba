"""Who may decide a proposal, and which way a proposal may go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crossdock.rules.approval_states import ALLOWED, ApprovalState, Person, may_approve, may_decide

NOW = datetime(2026, 5, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
ANNA, BO = Person("anna", 1001), Person("bo", 1002)
pytestmark = pytest.mark.security("S5")


def test_another_person_may_approve_what_is_open():
    assert may_approve(ApprovalState.PROPOSED, ANNA, BO, LATER, NOW) is None


def test_nobody_approves_what_he_proposed():
    assert "yourself" in may_approve(ApprovalState.PROPOSED, ANNA, ANNA, LATER, NOW)


@pytest.mark.security("S2")
@pytest.mark.parametrize(("one", "other"), [
    (Person("anna", 1001), Person("anna", None)), (Person("anna", None), Person("anna", None)),
    (Person("anna", 1001), Person("Anna", None)), (Person("anna", 1001), Person("uid 1001", 1001)),
])  # fmt: skip
def test_a_user_is_one_person_by_socket_and_by_any_token(one, other):
    for first, second in ((one, other), (other, one)):
        assert "yourself" in may_approve(ApprovalState.PROPOSED, first, second, LATER, NOW)


@pytest.mark.security("S2")
def test_two_without_a_uid_are_not_one_person_for_that():
    assert may_approve(ApprovalState.PROPOSED, Person("anna", None), Person("bo", None), LATER, NOW) is None


def test_who_proposed_it_may_take_it_back():
    assert may_decide(ApprovalState.PROPOSED, LATER, NOW) is None


@pytest.mark.parametrize("at", [LATER, LATER + timedelta(days=1)])
def test_what_expired_is_not_approved(at):
    assert "expired" in may_approve(ApprovalState.PROPOSED, ANNA, BO, LATER, at)


@pytest.mark.parametrize("state", set(ApprovalState) - {ApprovalState.PROPOSED})
def test_what_was_decided_is_not_decided_again(state):
    assert state.name.lower() in may_approve(state, ANNA, BO, LATER, NOW)
    assert ALLOWED[state] == frozenset()
