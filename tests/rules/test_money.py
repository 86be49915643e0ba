"""Money: smallest coins, what is no amount, rounding."""

from __future__ import annotations

import re
from decimal import Decimal as D
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.rules.money import (
    BadMoney,
    agree,
    check_amount,
    check_quantity,
    decimals,
    minor_units,
    to_coin,
    to_unit,
)

TABLE = Path(__file__).parents[3] / "shared" / "data" / "iso4217" / "table-2026-01-01.xml"


@pytest.mark.parametrize(
    ("currency", "units"),
    [("JPY", 0), ("VND", 0), ("THB", 2), ("USD", 2), ("KWD", 3), ("BHD", 3), ("CLF", 4), ("UYW", 4)],
)
def test_the_smallest_coin_is_that_of_iso_4217(currency, units):
    assert minor_units(currency) == units


def test_every_currency_of_the_published_list_has_its_coin():
    if not TABLE.exists():
        pytest.skip(f"the published list is not here ({TABLE})")
    text = TABLE.read_text(encoding="utf-8")
    found = dict(re.findall(r"<Ccy>(\w+)</Ccy>\s*<CcyNbr>\d+</CcyNbr>\s*<CcyMnrUnts>([^<]+)</CcyMnrUnts>", text))
    assert len(found) > 170
    for currency, units in found.items():
        if units == "N.A.":
            with pytest.raises(BadMoney):
                minor_units(currency)
        else:
            assert minor_units(currency) == int(units), currency


@pytest.mark.parametrize("text", ["", "th", "thb", "THBX", "T1B", "ＴＨＢ", "XXX", "XAU", "\x1b[2"])
def test_what_is_no_currency_is_refused(text):
    with pytest.raises(BadMoney):
        minor_units(text)


@pytest.mark.security("S5")
@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("NaN", "must be a number"), ("sNaN", "must be a number"), ("Infinity", "must be a number"),
        ("-0.01", "negative"), ("-1e-30", "negative"), ("1e30", "less than"), ("1e15", "less than"),
        ("1e999999", "less than"), ("0.123456789", "at most 6 decimals"), ("1e-999999", "at most 6 decimals"),
    ],
)  # fmt: skip
def test_what_is_no_cost_is_refused_with_a_sentence(amount, said):
    with pytest.raises(BadMoney, match=said):
        check_amount(D(amount), "USD")


@pytest.mark.parametrize(("amount", "currency"), [("0", "USD"), ("-0", "USD"), ("999999999999999", "USD"), ("0.0001", "JPY"), ("1.12345678", "CLF"), ("5.0000000000", "JPY")])  # fmt: skip
def test_what_is_a_cost_is_taken(amount, currency):
    assert check_amount(D(amount), currency) == D(amount)


@pytest.mark.parametrize("quantity", ["NaN", "-1", "1e15", "0.0000001", "Infinity"])
def test_what_is_no_quantity_is_refused(quantity):
    with pytest.raises(BadMoney):
        check_quantity(D(quantity))


@pytest.mark.parametrize(
    ("amount", "currency", "coin"),
    [("1.005", "USD", "1.01"), ("1.015", "USD", "1.02"), ("2.5", "JPY", "3"), ("0.0005", "KWD", "0.001"), ("1.004999", "USD", "1.00")],
)  # fmt: skip
def test_an_amount_is_rounded_half_up_to_the_coin(amount, currency, coin):
    assert str(to_coin(D(amount), currency)) == coin


def test_a_unit_cost_keeps_four_decimals_more_than_the_coin():
    assert str(to_unit(D(1) / 3, "USD")) == "0.333333"
    assert str(to_unit(D(1) / 3, "JPY")) == "0.3333"


@pytest.mark.parametrize(
    ("exact", "held", "same"),
    [("3.3333333", "3.33", True), ("3.3333333", "3.333", True), ("3.3333333", "3.3", False), ("3.335", "3.34", True), ("3.3333333", "3.34", False), ("0.0012", "0.0012", True), ("0.0012", "0.0013", False), ("10", "10", True)],
)  # fmt: skip
def test_a_system_that_rounds_agrees_with_what_it_rounded(exact, held, same):
    assert agree(D(exact), D(held), "USD") is same


@given(st.decimals(0, 10**9, places=6, allow_nan=False))
def test_what_was_rounded_agrees_with_what_it_was_rounded_from(amount):
    assert agree(amount, to_coin(amount, "USD"), "USD")
    assert agree(amount, to_unit(amount, "USD"), "USD")


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**8), max_value=10**8))
def test_the_decimals_of_a_number_are_those_that_say_something(number):
    assert number == number.quantize(D(1).scaleb(-decimals(number)))
