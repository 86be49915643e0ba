"""The demo's made-up day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from crossdock.spec.orders import LineKind, LogisticsKind, Order, OrderStatus
from crossdock.testing.sandbox.demo_day import UNKNOWN_WAREHOUSE, WEIGHTS, Case, demo_day

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def day():
    return demo_day(7, now=NOON)


def of(day, case):
    return [order for order in day.orders if day.cases[order.ref] is case]


def test_the_same_seed_makes_the_same_day_and_another_seed_another(day):
    assert demo_day(7, now=NOON) == day
    assert demo_day(8, now=NOON) != day


def test_the_day_has_300_orders_in_the_order_of_their_change(day):
    assert len({order.ref for order in day.orders}) == 300
    stamps = [order.updated_at for order in day.orders]
    assert stamps == sorted(stamps)
    assert NOON - timedelta(days=1) <= stamps[0] <= stamps[-1] <= NOON


def test_every_case_is_in_it_and_looks_like_it(day):
    assert set(day.cases.values()) == set(WEIGHTS) == set(Case) - {Case.REFUSED}
    assert {o.status for o in of(day, Case.UNPAID)} == {OrderStatus.UNPAID}
    assert {o.status for o in of(day, Case.CANCELLED)} == {OrderStatus.CANCELLED}
    assert all(o.created_at < NOON - timedelta(days=30) for o in of(day, Case.OLD))
    assert all(line.kind is not LineKind.GOODS for o in of(day, Case.NO_GOODS) for line in o.lines)
    assert all(o.holds for o in of(day, Case.HOLD))
    assert all(o.gifts_pending for o in of(day, Case.GIFTS_PENDING))
    assert all(o.lines[-1].gift for o in of(day, Case.GIFT))
    assert {o.logistics_kind for o in of(day, Case.INSTANT)} == {LogisticsKind.INSTANT, LogisticsKind.SAME_DAY}
    assert all(len({line.sku for line in o.lines}) < len(o.lines) for o in of(day, Case.TWICE))
    assert all(o.recipient.address.country != "TH" for o in of(day, Case.ABROAD))


def test_every_order_passes_the_contract_and_names_a_known_shop_and_carrier(day):
    shops, carriers = {c.code for c in day.shops}, {c.code for c in day.logistics}
    for order in day.orders:
        assert msgspec.json.decode(msgspec.json.encode(order), type=Order) == order
        assert order.shop in shops
        assert order.logistics in carriers
        assert len({line.line_no for line in order.lines}) == len(order.lines)
        assert order.total == sum(line.quantity * line.unit_price for line in order.lines)


def test_one_plain_order_may_be_sent_to_a_warehouse_that_the_wms_does_not_know(day):
    other = demo_day(7, now=NOON, refused=True)
    (ref,) = (ref for ref, case in other.cases.items() if case is Case.REFUSED)
    assert day.cases[ref] is Case.PLAIN
    assert [order.ref for order in other.orders if order.warehouse == UNKNOWN_WAREHOUSE] == [ref]
    assert [o.ref for o in other.orders if o not in day.orders] == [ref]


def test_both_scripts_are_written(day):
    thai = sum(any("\u0e00" <= letter <= "\u0e7f" for letter in order.recipient.name) for order in day.orders)
    assert 100 < thai < 270


def test_a_day_may_be_of_any_size():
    assert [len(demo_day(1, now=NOON, count=count).orders) for count in (0, 1, 12, 40)] == [0, 1, 12, 40]
