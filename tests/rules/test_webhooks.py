"""Is a webhook genuine and fresh, and how much is let in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.rules.hints import MOST_REFS, Due, Hints
from crossdock.rules.webhooks import ID, SIGNATURE, TIMESTAMP, Bucket, Gate, Verdict, check, sign
from crossdock.spec.webhooks import Hint, Subject

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BODY = b'{"data": {"subject": "order"}}'


def signed(secret="s", body=BODY, at=NOW, name="msg_1"):
    seconds = int(at.timestamp())
    return {ID: name, TIMESTAMP: str(seconds), SIGNATURE: sign(secret, name, seconds, body)}


@pytest.mark.security("S11")
def test_the_signature_is_that_of_standard_webhooks():
    """The example of the specification's own libraries."""
    secret, name, seconds = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330
    assert sign(secret, name, seconds, b'{"test": 2432232314}') == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.security("S11")
@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({}, Verdict.TAKEN),
        ({ID: ""}, Verdict.UNSIGNED),
        ({TIMESTAMP: ""}, Verdict.UNSIGNED),
        ({SIGNATURE: ""}, Verdict.UNSIGNED),
        ({ID: "msg_2"}, Verdict.FORGED),
        ({ID: "msg.1"}, Verdict.FORGED),
        ({TIMESTAMP: "soon"}, Verdict.FORGED),
        ({TIMESTAMP: "²"}, Verdict.FORGED),
        ({TIMESTAMP: "-1"}, Verdict.FORGED),
        ({TIMESTAMP: str(int(NOW.timestamp()) + 1)}, Verdict.FORGED),
        ({SIGNATURE: "v1,AAAA"}, Verdict.FORGED),
        ({SIGNATURE: "v1,ไทย"}, Verdict.FORGED),
        ({SIGNATURE: "v2," + signed()[SIGNATURE][3:]}, Verdict.FORGED),
        ({SIGNATURE: signed()[SIGNATURE][3:]}, Verdict.FORGED),
        ({SIGNATURE: "v1,AAAA " + signed()[SIGNATURE]}, Verdict.TAKEN),
        ({SIGNATURE: "v1,AAAA " * 10 + signed()[SIGNATURE]}, Verdict.FORGED),
    ],
)
def test_whatever_is_changed_of_a_signed_webhook_is_noticed(changed, verdict):
    assert check({**signed(), **changed}, BODY, ["s"], NOW).verdict is verdict


@pytest.mark.security("S11")
@given(st.binary(max_size=60))
def test_only_the_very_bytes_that_were_signed_are_genuine(body):
    assert (check(signed(), body, ["s"], NOW).verdict is Verdict.TAKEN) is (body == BODY)


@pytest.mark.security("S11")
def test_a_body_that_was_written_anew_is_not_genuine():
    assert check(signed(), BODY.replace(b": ", b":"), ["s"], NOW).verdict is Verdict.FORGED


@pytest.mark.security("S11")
@pytest.mark.parametrize(
    ("off", "verdict"),
    [(0, Verdict.TAKEN), (300, Verdict.TAKEN), (-300, Verdict.TAKEN), (301, Verdict.SKEWED), (-301, Verdict.SKEWED)],
)
def test_a_webhook_is_five_minutes_off_at_most(off, verdict):
    assert check(signed(at=NOW + timedelta(seconds=off)), BODY, ["s"], NOW).verdict is verdict


@pytest.mark.security("S11")
def test_while_a_secret_is_replaced_both_are_live():
    assert check(signed("old"), BODY, ["new", "old"], NOW).verdict is Verdict.TAKEN
    assert check(signed("new"), BODY, ["new", "old"], NOW).verdict is Verdict.TAKEN
    assert check(signed("old"), BODY, ["new"], NOW).verdict is Verdict.FORGED
    assert check(signed("old"), BODY, [], NOW).verdict is Verdict.FORGED


@given(st.lists(st.floats(0, 100), max_size=200).map(sorted))
def test_a_bucket_lets_no_more_through_than_its_rate(moments):
    bucket = Bucket(2, 5, 0)
    let_in = sum(bucket.take(moment) for moment in moments)
    assert let_in <= 5 + 2 * (moments[-1] if moments else 0)


@pytest.mark.security("S11")
def test_a_flood_is_bounded_for_each_peer_and_in_all_and_so_are_the_peers_remembered():
    gate = Gate(5, 20, 0, most_peers=10)
    assert sum(gate.take("one", 0) for _ in range(10_000)) == 5
    assert sum(gate.take(f"peer {n}", 0) for n in range(10_000)) == 15
    assert gate.peers == 10


def test_many_hints_are_one_fetch():
    hints = Hints(5)
    for _ in range(10_000):
        hints.add("shop", [Hint(Subject.ORDER, "O-1"), Hint(Subject.ORDER, "O-2"), Hint(Subject.STOCK)])
    assert hints.due(0) == [Due("shop", Subject.ORDER, ("O-1", "O-2")), Due("shop", Subject.STOCK)]
    assert hints.due(0) == []


def test_hints_that_come_after_a_fetch_wait_for_the_gap():
    hints = Hints(5)
    hints.add("shop", [Hint(Subject.ORDER, "O-1")])
    hints.due(0)
    hints.add("shop", [Hint(Subject.ORDER, "O-1")])
    assert (hints.due(4.9), hints.next_at()) == ([], 5)
    assert hints.due(5) == [Due("shop", Subject.ORDER, ("O-1",))]
    assert hints.next_at() is None


@pytest.mark.behaviour("P9")
def test_more_orders_than_can_be_named_are_listed_instead():
    hints = Hints(5)
    hints.add("shop", [Hint(Subject.ORDER, f"O-{n}") for n in range(MOST_REFS + 1)])
    hints.add("shop", [Hint(Subject.ORDER, "O-1")])
    assert hints.due(0) == [Due("shop", Subject.ORDER)]


@pytest.mark.parametrize("ref", [None, "two\nlines"])
def test_an_order_that_cannot_be_named_has_the_changes_listed(ref):
    hints = Hints(5)
    hints.add("shop", [Hint(Subject.ORDER, "O-1"), Hint(Subject.ORDER, ref)])
    assert hints.due(0) == [Due("shop", Subject.ORDER)]


def test_a_connection_that_is_gone_is_forgotten():
    hints = Hints(5)
    hints.add("shop", [Hint(Subject.ORDER)])
    hints.forget("shop")
    assert hints.due(0) == []
