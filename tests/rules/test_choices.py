"""Which choices apply: one rule for who decides and for what is shown."""

from __future__ import annotations

import pytest

from crossdock.rules.choices import Question, Verdict, choices, offered, refusal
from crossdock.rules.push_states import PushState as S
from crossdock.rules.troubles import LABEL, OUTBOUND_CANCEL, OUTBOUND_DOCUMENT, OUTBOUND_UPDATE


@pytest.mark.behaviour("R17")
@pytest.mark.parametrize(("state", "asked", "able", "expected"), [
    (S.ACCEPTED, (), True, ()),
    (S.ACCEPTED, (OUTBOUND_UPDATE,), True, ("force", "keep")),
    (S.ACCEPTED, (OUTBOUND_UPDATE,), False, ("keep",)),
    (S.ACCEPTED, (LABEL,), True, ()),
    (S.SHIPPED, (OUTBOUND_UPDATE,), True, ("keep",)),
    (S.SHIPPED, (OUTBOUND_CANCEL,), True, ("ship",)),
    (S.CLOSED_SHORT, (OUTBOUND_DOCUMENT,), True, ("keep",)),
    (S.CANCEL_REQUESTED, (OUTBOUND_UPDATE,), True, ()),
    (S.CANCEL_REJECTED, (OUTBOUND_CANCEL,), True, ("ship", "ask_again", "cancelled")),
    (S.CANCEL_REJECTED, (OUTBOUND_CANCEL,), False, ("ship", "cancelled")),
    (S.IN_DOUBT_CANCEL, (), True, ("cancelled",)),
    (S.REJECTED, (OUTBOUND_DOCUMENT,), True, ("again",)),
    (S.CANCELLED, (OUTBOUND_DOCUMENT,), True, ("keep",)),
    (S.CANCELLED, (), True, ()),
])  # fmt: skip
def test_what_applies_follows_from_where_it_stands_and_what_is_asked(state, asked, able, expected):
    question = Question(state=state, asked=asked, can_update=able, can_cancel=able)
    assert choices(question) == expected
    for verdict in Verdict:
        if verdict not in expected:
            assert refusal(verdict, question).endswith(f"; {offered(choices(question))}")


@pytest.mark.parametrize(("verdict", "state", "able", "said"), [
    ("force", S.SHIPPED, True, "goods of it have left the warehouse"),
    ("force", S.ACCEPTED, False, "takes no changes"),
    ("keep", S.ACCEPTED, True, "no change of it is to be decided"),
    ("ask_again", S.CANCEL_REJECTED, False, "takes no cancellations"),
    ("cancelled", S.SHIPPED, True, "take them back as a return"),
    ("ship", S.ACCEPTED, True, "no cancellation of it is to be decided"),
    ("again", S.ACCEPTED, True, "cancelled by itself"),
])  # fmt: skip
def test_a_refusal_says_why_and_what_applies(verdict, state, able, said):
    found = refusal(Verdict(verdict), Question(state=state, can_update=able, can_cancel=able))
    assert said in found
    assert ("nothing about it is to be decided" in found) is (state is not S.CANCEL_REJECTED)
