"""Which of two observations of stock is newer, and what a warehouse's SKU is called here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.rules.book import Mapping, MappingKind, Warehouse, make_book
from crossdock.rules.stock import (
    Unsent,
    Unsound,
    contradictions,
    mark_of,
    names_back,
    oms_of,
    ours_of,
    supersedes,
    unsound,
    warehouse_of,
)
from crossdock.spec.stock import StockLevel

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
levels = st.builds(
    lambda seconds, sequence, quantity: StockLevel(
        sku="A", warehouse="W", on_hand=Decimal(quantity), observed_at=NOW + timedelta(microseconds=seconds),
        sequence=sequence,
    ),
    st.integers(0, 5), st.none() | st.integers(0, 5), st.integers(0, 9),
)  # fmt: skip


def newest(known, level):
    return level if known is None or supersedes(mark_of(level), mark_of(known)) else known


@given(st.lists(levels, min_size=1, max_size=8), st.data())
def test_any_order_and_multiplicity_of_observations_ends_at_the_same_mark(seen, data):
    shuffled = data.draw(st.permutations([*seen, *data.draw(st.lists(st.sampled_from(seen), max_size=8))]))
    assert mark_of(reduce(newest, shuffled, None)) == max(mark_of(level) for level in seen)


@given(levels, levels)
def test_an_older_or_equal_observation_takes_nobodys_place(one, other):
    first = supersedes(mark_of(one), mark_of(other))
    second = supersedes(mark_of(other), mark_of(one))
    assert not (first and second)
    assert (not first and not second) == (mark_of(one) == mark_of(other))


def a_level(**fields):
    return StockLevel(**{"sku": "A", "warehouse": "W", "on_hand": Decimal(1), "observed_at": NOW, **fields})


def test_of_two_levels_of_one_moment_the_one_that_promises_less_counts_in_any_order():
    few, many, later = a_level(on_hand=Decimal(2)), a_level(on_hand=Decimal(9)), a_level(observed_at=NOW + timedelta(1))
    for page in ([few, many, later, few], [many, few, few, later]):
        odd = contradictions(dict(enumerate(page)))
        assert list(odd.values()) == [many]
        assert [page[place] for place in odd] == [many]
    assert contradictions(dict(enumerate([many, many, later]))) == {}
    reserved = a_level(on_hand=Decimal(9), available=Decimal(1))
    assert list(contradictions(dict(enumerate([many, reserved, few]))).values()) == [many, few]


def test_where_the_warehouse_counts_its_clock_does_not_matter():
    late = a_level(sequence=2, observed_at=NOW - timedelta(days=1))
    assert supersedes(mark_of(late), mark_of(a_level(sequence=1)))
    assert not supersedes(mark_of(a_level(sequence=2)), mark_of(late))


def test_one_microsecond_is_newer():
    assert supersedes(mark_of(a_level(observed_at=NOW + timedelta(microseconds=1))), mark_of(a_level()))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, None),
        ({"observed_at": NOW + timedelta(minutes=11)}, Unsound.FUTURE),
        ({"observed_at": NOW + timedelta(minutes=9)}, None),
        ({"observed_at": NOW + timedelta(days=9), "sequence": 1}, None),
        ({"observed_at": NOW.replace(tzinfo=None)}, Unsound.NO_ZONE),
        ({"sequence": -1}, Unsound.SEQUENCE),
        ({"sequence": 2**63}, Unsound.SEQUENCE),
        ({"on_hand": Decimal("NaN")}, Unsound.NO_NUMBER),
        ({"on_hand": Decimal("-Infinity")}, Unsound.NO_NUMBER),
        ({"available": Decimal("1e30")}, Unsound.NO_NUMBER),
        ({"on_hand": Decimal(-3)}, None),
    ],
)
def test_a_level_that_cannot_be_taken_is_told_why(fields, said):
    assert unsound(a_level(**fields), NOW) is said


def a_book(*mappings, **warehouse):
    made = Warehouse(**{"code": "WH", "connection": "wms", "remote": "1", **warehouse})
    pairs = [Mapping(warehouse="WH", kind=MappingKind.SKU, ours=ours, theirs=theirs) for ours, theirs in mappings]
    return make_book(1, 30, [], [made], [], pairs)


@pytest.mark.parametrize(
    ("mappings", "theirs", "ours"),
    [
        ([], "A", "A"),
        ([("A", "X")], "X", "A"),
        ([("A", "X")], "A", Unsent.UNMAPPED),
        ([("A", "X"), ("B", "X")], "X", Unsent.AMBIGUOUS),
        ([("A", None)], "A", Unsent.UNMAPPED),
        ([("A", "a")], "a", "A"),
    ],
)
def test_a_warehouses_sku_is_called_here_as_the_mappings_say(mappings, theirs, ours):
    book = a_book(*mappings)
    assert ours_of(book, book.warehouses["WH"], names_back(book, "WH"), theirs) == ours


def test_a_warehouse_that_binds_nothing_by_itself_needs_a_mapping():
    book = a_book(auto_bind=False)
    assert ours_of(book, book.warehouses["WH"], {}, "A") is Unsent.UNMAPPED


@pytest.mark.parametrize(
    ("chosen", "able", "oms"),
    [("", ["a"], "a"), ("", [], Unsent.NO_OMS), ("", ["a", "b"], Unsent.NO_OMS), ("b", ["a", "b"], "b"),
     ("c", ["a"], Unsent.NO_OMS)],
)  # fmt: skip
def test_stock_goes_to_the_chosen_oms_or_the_only_one(chosen, able, oms):
    assert oms_of(chosen, able) == oms


def test_a_warehouse_that_is_switched_off_is_nobodys():
    assert warehouse_of(a_book(), "wms", "1").code == "WH"
    assert warehouse_of(a_book(enabled=False), "wms", "1") is None
    assert warehouse_of(a_book(), "other", "1") is None
