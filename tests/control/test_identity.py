"""Who is at the other end, and what is shown of a person to somebody who may not know."""

from __future__ import annotations

import grp
import os
import pwd
import socket

import pytest
from tests.control.world import FakeDirectory, order

from crossdock.control.identity import Identities, SystemDirectory, peer_of
from crossdock.control.shown import masked
from crossdock.env import Env
from crossdock.spec.orders import Address, Recipient

pytestmark = pytest.mark.security("S1")


class Transport:
    def __init__(self, sock):
        self.sock = sock

    def get_extra_info(self, name):
        return self.sock if name == "socket" else None


class Clock(Env):
    at = 0.0

    def monotonic(self):
        return self.at


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    yield ours, theirs
    ours.close()
    theirs.close()


def test_the_kernel_says_who_is_at_the_other_end(pair):
    assert peer_of(Transport(pair[0])) == (os.geteuid(), os.getegid())


def test_nobody_is_known_behind_another_kind_of_socket():
    with socket.socket(socket.AF_INET) as other:
        assert peer_of(Transport(other)) is None
    assert peer_of(None) is None


async def test_a_caller_that_the_kernel_does_not_name_is_nobody():
    assert await Identities({}, Env(), FakeDirectory()).of(None) is None


async def test_names_are_asked_again_after_half_a_minute(pair):
    clock, directory = Clock(), FakeDirectory("anna")
    identities = Identities({}, clock, directory)
    assert (await identities.of(Transport(pair[0]))).user == "anna"
    directory.user = "berta"
    assert (await identities.of(Transport(pair[0]))).user == "anna"
    clock.at = 31
    assert (await identities.of(Transport(pair[0]))).user == "berta"


def test_the_system_knows_this_user_and_its_groups():
    me = pwd.getpwuid(os.geteuid())
    name, groups = SystemDirectory().look_up(me.pw_uid, me.pw_gid)
    assert name == me.pw_name
    assert grp.getgrgid(me.pw_gid).gr_name in groups


def test_a_user_and_a_group_without_names_are_no_error():
    assert SystemDirectory().look_up(3_999_999_999, 3_999_999_999) == (None, frozenset())


@pytest.mark.security("S4")
@pytest.mark.parametrize(
    ("phone", "shown"),
    [("+66812345634", "+66•••••••34"), ("0812345634", "••••••••34"), ("12345", "•••"), (None, None), ("", "")],
)
def test_a_phone_number_keeps_its_country_and_two_digits(phone, shown):
    assert masked(order("A", recipient=Recipient(phone=phone))).recipient.phone == shown


@pytest.mark.security("S4")
def test_masking_keeps_what_a_warehouse_is_chosen_by():
    place = Address(lines=("1 Road",), district="D", city="C", region="North", postcode="50000", country="TH")
    shown = masked(order("A", recipient=Recipient(name="", address=place), extra={"passport": "AB1"}))
    assert shown.recipient.address == Address(
        lines=("•••",), district="•••", city="•••", region="North", postcode="50000", country="TH"
    )
    assert (shown.recipient.name, shown.extra) == ("", {"passport": "•••"})
    assert masked(shown) == shown
