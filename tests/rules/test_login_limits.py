"""How many refused tokens are looked at, and for how long a peer is not heard after too many."""

from __future__ import annotations

import pytest

from crossdock.rules.login_limits import IN_ALL, MOST_PEERS, PER_PEER, LoginGate, Note, peer_of

pytestmark = pytest.mark.security("S3")


def attempt(gate, peer, now):
    """Try a wrong token; return whether it was looked at."""
    if gate.wait(peer, now) > 0:
        return False
    gate.failed(peer, now)
    return True


def test_of_a_thousand_tries_of_one_peer_five_are_looked_at():
    gate = LoginGate()
    assert sum(attempt(gate, "a", n / 100) for n in range(1000)) == PER_PEER


def test_of_a_thousand_tries_of_as_many_peers_fifty_are_looked_at():
    gate = LoginGate()
    assert sum(attempt(gate, f"p{n}", n / 100) for n in range(1000)) == IN_ALL


def test_four_failures_a_minute_lock_nobody():
    gate = LoginGate()
    assert all(attempt(gate, "a", n * 15.1) for n in range(100))


def test_a_lock_is_twice_as_long_as_the_one_before_up_to_a_quarter_of_an_hour():
    gate, now, locks = LoginGate(), 0.0, []
    for _ in range(7):
        while attempt(gate, "a", now):
            pass
        locks.append(gate.wait("a", now))
        now += locks[-1]
    assert locks == [60, 120, 240, 480, 900, 900, 900]


def test_who_was_quiet_long_enough_begins_anew():
    gate, now = LoginGate(), 0.0
    for _ in range(4):
        while attempt(gate, "a", now):
            pass
        now += gate.wait("a", now)
    now += 900
    while attempt(gate, "a", now):
        pass
    assert gate.wait("a", now) == 60


def test_a_lock_holds_for_a_token_that_is_good_too_and_for_no_other_peer():
    gate = LoginGate()
    gate.worked("a", 0)
    while attempt(gate, "a", 1):
        pass
    assert gate.wait("a", 2) == 59
    assert gate.wait("b", 2) == 0


def test_while_all_together_fail_too_often_only_peers_are_heard_whose_token_worked_lately():
    gate = LoginGate()
    gate.worked("friend", 0)
    gate.worked("old friend", -600)
    for n in range(IN_ALL):
        attempt(gate, f"p{n}", 1)
    assert gate.wait("friend", 2) == 0
    assert gate.wait("old friend", 2) == 59
    assert gate.wait("stranger", 2) == 59
    assert gate.wait("stranger", 61) == 0


def test_a_known_peer_fails_no_more_often_than_any_other_in_a_flood():
    gate = LoginGate()
    gate.worked("friend", 0)
    for n in range(IN_ALL):
        attempt(gate, f"p{n}", 1)
    assert sum(attempt(gate, "friend", 2) for _ in range(100)) == PER_PEER


def test_what_is_said_is_the_first_failure_of_a_minute_each_lock_and_a_flood():
    gate = LoginGate()
    assert [gate.failed("a", n).notes for n in range(PER_PEER)] == [(Note.FIRST,), (), (), (), (Note.LOCKED,)]
    said = [note for n in range(IN_ALL) for note in gate.failed(f"p{n}", 10).notes]
    assert said.count(Note.ALL_LOCKED) == 1
    assert gate.failed("a", 30).notes == ()
    assert gate.failed("b", 69).notes == (Note.FIRST,), "the flood is told once a minute"
    assert gate.failed("a", 70).notes[0] is Note.FIRST


def test_what_is_remembered_is_bounded_and_a_friend_is_not_forgotten_for_strangers():
    gate = LoginGate()
    gate.worked("friend", 0)
    for n in range(3 * MOST_PEERS):
        gate.failed(f"p{n}", 1)
    assert gate.remembered == MOST_PEERS + 1
    assert gate.wait("friend", 2) == 0


@pytest.mark.parametrize(("address", "peer"), [
    ("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ("fe80::1%eth0", "fe80::/64"), ("::1", "::/64"), ("", ""), ("no address", "no address"),
])  # fmt: skip
def test_failures_are_counted_for_an_address_or_the_network_that_one_customer_has(address, peer):
    assert peer_of(address) == peer
