"""What of an order is personal, and what is left of it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.rules.changes import Change
from crossdock.rules.eligibility import OPEN
from crossdock.rules.personal import ENDED, HIDDEN, differs, hidden, without_personal_data
from crossdock.spec.orders import Address, Order, OrderLine, OrderStatus, Recipient
from crossdock.spec.outbound_changes import FieldGroup

pytestmark = pytest.mark.security("S16")
AT = datetime(2026, 5, 1, tzinfo=UTC)
CANARY = "Canary-7f3a"
words = st.text(max_size=8).map(lambda text: CANARY + text)
orders = st.builds(
    lambda name, phone, line, note, hold, extra: Order(
        ref="A", status=OrderStatus.DELIVERED, created_at=AT, updated_at=AT, shop="web", total=Decimal("9.50"),
        lines=(OrderLine(line_no=1, sku="S", quantity=Decimal(2)),), buyer_note=note, seller_note=note, holds=(hold,),
        extra={"x": extra}, recipient=Recipient(
            name=name, phone=phone, email=note, address=Address(
                lines=(line,), district=line, city=line, region=line, postcode=line, country="TH",
            ),
        ),
    ),
    words, words, words, words, words, words,
)  # fmt: skip


@given(orders)
def test_nothing_of_a_person_is_left_and_everything_of_the_goods_is(order):
    left = without_personal_data(order)
    assert CANARY.encode() not in msgspec.json.encode(left)
    assert (left.lines, left.total, left.shop, left.recipient.address.country) == (
        order.lines,
        order.total,
        "web",
        "TH",
    )


@given(orders)
def test_removing_twice_removes_nothing_more(order):
    once = without_personal_data(order)
    assert without_personal_data(once) == once


@given(orders, orders)
def test_an_order_whose_data_were_removed_differs_only_in_what_is_not_personal(order, other):
    known = without_personal_data(order)
    assert not differs(other, known, erased=True)
    assert differs(msgspec.structs.replace(other, status=OrderStatus.RETURNED), known, erased=True)
    assert differs(order, known, erased=False)


def test_every_status_is_open_or_ended():
    assert set(OPEN) | ENDED == set(OrderStatus)
    assert not set(OPEN) & ENDED


@pytest.mark.parametrize(
    ("group", "path", "shown"),
    [
        (FieldGroup.RECIPIENT, "recipient.name", False), (FieldGroup.NOTES, "buyer_note", False),
        (FieldGroup.OTHER, "extra.mystery", False), (FieldGroup.OTHER, "total", True),
        (FieldGroup.LINES, "lines[1].quantity", True), (FieldGroup.STATUS, "status", True),
    ],
)  # fmt: skip
def test_of_a_difference_only_what_is_surely_not_personal_is_shown(group, path, shown):
    found = hidden(Change(group, path, "old", None))
    assert (found.before, found.after) == ("old" if shown else HIDDEN, None)
