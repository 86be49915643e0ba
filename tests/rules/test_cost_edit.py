"""Guards, second persons and planned amounts."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from crossdock.rules.cost_edit import CostPolicy, guards, needs_second, plan_amount, wrong_currency

POLICY = CostPolicy(second_person_above={"THB": D(1000)})


@pytest.mark.parametrize(("new", "asks"), [("5", False), ("15", False), ("15.01", True), ("4.99", True), ("0", True)])
def test_a_cost_more_than_half_away_from_the_average_is_asked_about(new, asks):
    assert bool(guards(D(new), "THB", D(10), "THB", POLICY)) is asks


def test_without_an_average_nothing_is_far_away_but_free_is_odd():
    assert guards(D(999), "THB", None, None, POLICY) == []
    assert len(guards(D(0), "THB", None, None, POLICY)) == 1


@pytest.mark.parametrize(
    ("document", "ledger", "said"),
    [("THB", "THB", None), (None, None, None), ("USD", None, "document"), ("THB", "USD", "average")],
)
def test_a_cost_is_in_the_currency_of_its_document_and_its_average(document, ledger, said):
    found = wrong_currency("THB", document, ledger)
    assert (found is None) if said is None else said in found


@pytest.mark.security("S5")
@pytest.mark.parametrize(
    ("old", "new", "quantity", "currency", "needs"),
    [
        ("10", "20", 100, "THB", False), ("10", "20", 101, "THB", True), ("20", "10", 101, "THB", True),
        (None, "10", 100, "THB", False), (None, "10", 101, "THB", True), ("1", "999999", 1000, "USD", False),
    ],
)  # fmt: skip
def test_a_change_worth_more_than_the_threshold_needs_a_second_person(old, new, quantity, currency, needs):
    found = needs_second(None if old is None else D(old), D(new), D(quantity), currency, POLICY)
    assert (found is not None) is needs


@pytest.mark.behaviour("R40")
@pytest.mark.parametrize(
    ("lines", "currency", "amount"),
    [
        ([("10", "2.50"), ("4", "1.25")], "THB", "30.00"), ([("3", "0.3333")], "THB", "1.00"),
        ([("1", "0.005")], "THB", "0.01"), ([("2", "0.6")], "JPY", "1"), ([("1", "0")], "KWD", "0.000"),
        ([("10", "2.50"), ("4", None)], "THB", None), ([], "THB", None),
    ],
)  # fmt: skip
def test_the_planned_amount_is_the_sum_rounded_once_and_unknown_if_a_cost_is(lines, currency, amount):
    found = plan_amount([(D(q), None if c is None else D(c)) for q, c in lines], currency)
    assert (None if found is None else str(found)) == amount
