"""Money: amounts with their currency, its smallest coin by ISO 4217, and what is no amount at all."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal

EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
"""Costs are added, multiplied and divided in it. 60 digits are exact for every sum and product of checked amounts and
quantities; only a division leaves a remainder, in the sixtieth digit."""

LARGEST = Decimal(10) ** 15
"""Amounts and quantities stay below it."""
UNIT_EXTRA = 4
"""So many decimals more than the currency's smallest coin may a unit cost have: a screw costs less than a cent."""
QUANTITY_DECIMALS = 6

_NONE = frozenset(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]
)
_THREE = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])
_FOUR = frozenset(("CLF", "UYW"))
_NO_COIN = frozenset(["XAG", "XAU", "XBA", "XBB", "XBC", "XBD", "XDR", "XPD", "XPT", "XSU", "XTS", "XUA", "XXX"])
"""ISO 4217, table A.1 of 2026-01-01: the currencies whose minor unit is not 2, and the codes that have none."""


class BadMoney(ValueError):
    """An amount or a currency that cannot be used; the message says which and why."""


def minor_units(currency: str) -> int:
    """Return how many decimals the smallest coin of a currency has: 0, 2, 3 or 4 (ISO 4217).

    A code that the table does not name has 2, so that a new currency needs no new release. Raises BadMoney for what is no
    code of three letters, and for a code that stands for no coin (gold, a test).
    """
    if len(currency) != 3 or not (currency.isascii() and currency.isalpha() and currency.isupper()):
        raise BadMoney(f"{currency[:20]!r} is no currency; name one by its ISO 4217 code, such as THB")
    if currency in _NO_COIN:
        raise BadMoney(f"{currency} is no currency that goods are paid in (ISO 4217 gives it no smallest coin)")
    if currency in _NONE:
        return 0
    if currency in _THREE:
        return 3
    return 4 if currency in _FOUR else 2


def check_amount(amount: Decimal, currency: str, *, what: str = "a unit cost") -> Decimal:
    """Return the amount if it can be a cost: a number, not negative, not huge, no more decimals than `currency` bears.

    Raises BadMoney.
    """
    most = minor_units(currency) + UNIT_EXTRA
    if not amount.is_finite():
        raise BadMoney(f"{what} must be a number, and this is none ({amount})")
    if amount.is_signed() and amount != 0:
        raise BadMoney(f"{what} cannot be negative; goods that went back are a reversal, not a negative cost")
    if amount.adjusted() >= 15:
        raise BadMoney(f"{what} must be less than {LARGEST:.0f}; this one has {amount.adjusted() + 1} digits")
    if decimals(amount) > most:
        raise BadMoney(f"{what} in {currency} has at most {most} decimals, this one has {decimals(amount)}")
    return abs(amount)


def check_quantity(quantity: Decimal) -> Decimal:
    """Return the quantity if it is one: a number, not negative, not huge, at most 6 decimals. Raises BadMoney."""
    if not quantity.is_finite() or (quantity.is_signed() and quantity != 0):
        raise BadMoney(f"a quantity must be a number that is not negative, and this is {quantity}")
    if quantity.adjusted() >= 15 or decimals(quantity) > QUANTITY_DECIMALS:
        raise BadMoney(f"a quantity is below {LARGEST:.0f} and has at most {QUANTITY_DECIMALS} decimals")
    return abs(quantity)


def decimals(number: Decimal) -> int:
    """Count the decimals of a finite number that are not trailing zeros."""
    _, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int) or not any(digits):
        return 0
    text = "".join(map(str, digits))
    return max(0, -exponent - (len(text) - len(text.rstrip("0"))))


def to_coin(amount: Decimal, currency: str) -> Decimal:
    """Round to the smallest coin, half up (decision 0021). Raises BadMoney for what is no currency."""
    return EXACT.quantize(amount, Decimal(1).scaleb(-minor_units(currency)))


def to_unit(amount: Decimal, currency: str) -> Decimal:
    """Round a cost of one unit to the precision in which it is sent: the smallest coin's decimals and four more."""
    return EXACT.quantize(amount, Decimal(1).scaleb(-(minor_units(currency) + UNIT_EXTRA)))


def agree(exact: Decimal, held: Decimal, currency: str) -> bool:
    """Tell whether a remote system that rounds holds `exact` as `held`.

    It keeps as many decimals as it shows, and no fewer than the smallest coin has; the two agree if they differ by no more
    than half a unit of the last of these.
    """
    last = max(minor_units(currency), decimals(held))
    return abs(EXACT.subtract(exact, held)) <= Decimal(5).scaleb(-last - 1)
