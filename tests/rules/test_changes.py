"""What differs between what was sent and what would be sent now."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.rules.changes import Change, differences, same_content
from crossdock.spec.orders import Address, LogisticsKind, Recipient
from crossdock.spec.outbound import OutboundLine, OutboundRequest
from crossdock.spec.outbound_changes import FieldGroup


def a_request(**changes) -> OutboundRequest:
    values = {
        "key": "K", "order_ref": "1", "revision": 1, "warehouse": "W", "ordered_at": datetime(2026, 3, 1, tzinfo=UTC),
        "lines": (OutboundLine(line_no=1, sku="A", quantity=Decimal(2)),),
    }  # fmt: skip
    return OutboundRequest(**{**values, **changes})


@pytest.mark.behaviour("R18")
@pytest.mark.parametrize(
    ("changes", "group", "path", "after"),
    [
        ({"tracking_number": "T2"}, FieldGroup.LOGISTICS, "tracking_number", "T2"),
        ({"logistics": "Flash"}, FieldGroup.LOGISTICS, "logistics", "Flash"),
        ({"logistics_kind": LogisticsKind.INSTANT}, FieldGroup.LOGISTICS, "logistics_kind", "instant"),
        ({"recipient": Recipient(name="แดง")}, FieldGroup.RECIPIENT, "recipient.name", "แดง"),
        ({"recipient": Recipient(address=Address(lines=("1 High St",)))}, FieldGroup.RECIPIENT, "recipient.address.lines[0]", "1 High St"),
        ({"buyer_note": "leave it"}, FieldGroup.NOTES, "buyer_note", "leave it"),
        ({"seller_note": "fragile"}, FieldGroup.NOTES, "seller_note", "fragile"),
        ({"total": Decimal("9.50")}, FieldGroup.OTHER, "total", "9.50"),
        ({"extra": {"vip": True}}, FieldGroup.OTHER, "extra.vip", "True"),
    ],
)  # fmt: skip
def test_each_field_is_shown_in_its_group(changes, group, path, after):
    assert differences(a_request(), a_request(**changes)) == (Change(group, path, None, after),)


@pytest.mark.behaviour("R17")
def test_lines_are_compared_by_their_number_whatever_their_order_and_sku():
    one, two = (OutboundLine(line_no=n, sku="A", quantity=Decimal(n)) for n in (1, 2))
    assert differences(a_request(lines=(one, two)), a_request(lines=(two, one))) == ()
    more = msgspec.structs.replace(two, quantity=Decimal(5))
    found = differences(a_request(lines=(one, two)), a_request(lines=(one, more)))
    assert found == (Change(FieldGroup.LINES, "lines[2].quantity", "2", "5"),)
    gone = differences(a_request(lines=(one, two)), a_request(lines=(one,)))
    assert {(change.path, change.after) for change in gone} == {
        ("lines[2].line_no", None), ("lines[2].quantity", None), ("lines[2].sku", None),
    }  # fmt: skip


def test_what_is_absent_and_what_is_nothing_are_the_same():
    assert differences(a_request(), a_request(extra={"gift": None})) == ()


def test_what_crossdock_adds_itself_is_no_difference():
    other = a_request(key="K2", revision=9, strategy="s", warehouse="V")
    assert differences(a_request(), other) == ()
    assert same_content(a_request(), other)


QUANTITIES = st.lists(st.integers(1, 99).map(Decimal), min_size=1, max_size=5)


@given(QUANTITIES, QUANTITIES)
def test_two_requests_say_the_same_exactly_if_nothing_differs(before, after):
    requests = [
        a_request(lines=tuple(OutboundLine(line_no=n, sku="A", quantity=q) for n, q in enumerate(quantities)))
        for quantities in (before, after)
    ]
    assert same_content(*requests) == (differences(*requests) == ())
    assert differences(requests[0], requests[0]) == ()
