"""Labels by tables: their steps, what they are made of, when they are stale, what a pull brought."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.rules.keys import outbound_key
from crossdock.rules.labels import (
    ALLOWED,
    LabelState,
    Made,
    Pulled,
    PullPolicy,
    UnlistedLabelStep,
    again_at,
    based_on,
    check_step,
    definite,
    delivery_key,
    is_stale,
    judged,
    may_pull_label,
    may_sync_label,
)
from crossdock.spec.orders import Address, LineKind, LogisticsKind, Order, OrderLine, OrderStatus, Recipient
from crossdock.spec.outbound import Stage

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LINE = OrderLine(line_no=1, sku="A", quantity=Decimal(1))
ORDER = Order(
    ref="1", status=OrderStatus.PAID, created_at=NOW, updated_at=NOW, lines=(LINE,), logistics="Flash",
    recipient=Recipient(name="สมชาย", phone="081", email="a@b.c", address=Address(lines=("1 Road",), country="TH")),
)  # fmt: skip


def changed(**fields):
    return msgspec.structs.replace(ORDER, **fields)


def recipient(**fields):
    return changed(recipient=msgspec.structs.replace(ORDER.recipient, **fields))


@pytest.mark.parametrize(("before", "after"), list(product(LabelState, LabelState)))
def test_a_step_is_taken_exactly_where_it_is_listed(before, after):
    if before is after or after in ALLOWED[before]:
        check_step(before, after)
    else:
        with pytest.raises(UnlistedLabelStep, match="nothing was changed"):
            check_step(before, after)


def test_nothing_leads_away_from_void_and_nothing_back_to_absent():
    assert ALLOWED[LabelState.VOIDED] == frozenset()
    assert not any(LabelState.ABSENT in afters for afters in ALLOWED.values())


@pytest.mark.behaviour("R22")
@pytest.mark.parametrize(
    "other",
    [
        recipient(name="สมหญิง"), recipient(phone="082"), recipient(address=Address(lines=("2 Road",), country="TH")),
        changed(logistics="Kerry"), changed(logistics_kind=LogisticsKind.INSTANT),
        changed(lines=(msgspec.structs.replace(LINE, quantity=Decimal(2)),)),
        changed(lines=(msgspec.structs.replace(LINE, sku="B"),)),
        changed(lines=(LINE, msgspec.structs.replace(LINE, line_no=2))),
    ],
)  # fmt: skip
def test_a_label_is_made_of_address_logistics_and_lines(other):
    assert based_on(other) != based_on(ORDER)


@pytest.mark.parametrize(
    "same",
    [
        changed(status=OrderStatus.SHIPPING), changed(updated_at=NOW + timedelta(days=1)), changed(buyer_note="please hurry"),
        recipient(email="x@y.z"), changed(lines=(msgspec.structs.replace(LINE, quantity=Decimal("1.00")),)),
        changed(lines=(LINE, OrderLine(line_no=9, sku="post", quantity=Decimal(1), kind=LineKind.SHIPPING))),
        changed(tracking_number="T"), changed(label_ready=True),
    ],
)  # fmt: skip
def test_what_stands_on_no_label_makes_none_stale(same):
    assert based_on(same) == based_on(ORDER)


@given(st.permutations([OrderLine(line_no=n, sku=f"S{n}", quantity=Decimal(n)) for n in range(1, 5)]))
def test_the_order_of_the_lines_does_not_matter(lines):
    assert based_on(changed(lines=tuple(lines))) == based_on(
        changed(lines=tuple(sorted(lines, key=lambda x: x.line_no)))
    )


@pytest.mark.parametrize(
    ("made", "now", "stale"),
    [
        (Made(based_on="a"), Made(based_on="a"), False),
        (Made(based_on="a"), Made(based_on="b"), True),
        (Made(based_on="a", tracking_number="T1"), Made(based_on="a", tracking_number="T1"), False),
        (Made(based_on="a", tracking_number="T1"), Made(based_on="a", tracking_number="T2"), True),
        (Made(based_on="a"), Made(based_on="a", tracking_number="T2"), False),
        (Made(based_on="a", tracking_number="T1"), Made(based_on="a"), False),
    ],
)
def test_when_a_label_is_stale(made, now, stale):
    assert is_stale(made, now) is stale


@pytest.mark.behaviour("R18", "R22")
@pytest.mark.parametrize("stage", [None, *Stage])
@pytest.mark.parametrize("parcel", [False, True])
def test_labels_follow_by_themselves_before_the_outbound_stage_and_by_hand_until_the_parcel_left(parcel, stage):
    assert may_sync_label(parcel_exists=parcel, stage=stage) is (not parcel and stage in (None, Stage.PENDING))
    assert may_pull_label(stage) is (stage not in (Stage.OUTBOUND, Stage.CANCELLED))


A, B = Made(based_on="a"), Made(based_on="b")


@pytest.mark.parametrize(
    ("newest", "known", "found", "now", "result"),
    [
        (None, {}, "h1", A, Pulled.NEW),
        (("h1", A), {"h1": "a"}, "h1", A, Pulled.SAME),
        (("h1", A), {"h1": "a"}, "h2", A, Pulled.NEW),
        (("h1", A), {"h1": "a"}, "h1", B, Pulled.OLD),
        (("h1", A), {"h1": "a"}, "h2", B, Pulled.NEW),
        (("h2", B), {"h1": "a", "h2": "b"}, "h1", B, Pulled.OLD),
        (("h2", B), {"h1": "a", "h2": "b"}, "h1", A, Pulled.NEW),
    ],
)
def test_what_a_pull_brought(newest, known, found, now, result):
    assert judged(newest, known, found, now) is result


def test_a_label_is_asked_for_with_growing_waits_and_given_up_only_after_often_and_long():
    policy = PullPolicy(base_s=2, cap_s=900, park_after=8, park_span=timedelta(days=1))
    chance = random.Random(1)
    for attempts in (1, 5, 50):
        wait = again_at(attempts, NOW, policy, NOW, chance) - NOW
        assert timedelta() < wait <= timedelta(seconds=min(900, 2 * 2 ** (attempts - 1)))
    assert again_at(7, NOW - timedelta(days=9), policy, NOW, chance) is not None
    assert again_at(8, NOW - timedelta(days=1), policy, NOW, chance) is None


def test_only_the_oms_own_word_is_definite():
    assert definite("no_label_for_pickup")
    assert not definite("label_type")


@given(st.integers(1, 2**31))
def test_a_delivery_key_fits_and_names_one_version(version):
    key = delivery_key(outbound_key("shop", "O-1", "WH", 1, 1), version)
    assert len(key) <= 50
    assert key.isascii()
    assert key != delivery_key(outbound_key("shop", "O-1", "WH", 1, 2), version)
