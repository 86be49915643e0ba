"""What is asked of a new cost before it is taken: guards, a second person, and the planned amount that follows."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import Struct, field

from crossdock.rules.cost_ledger import EmptyStock
from crossdock.rules.money import EXACT, to_coin

if TYPE_CHECKING:
    from collections.abc import Iterable

ONE = Decimal(1)


class CostPolicy(Struct, frozen=True, kw_only=True):
    """How costs are treated; the configuration's [costs].

    `guard_percent`: a cost that is further from the average has to be confirmed. `second_person_above`: by currency, the
    value from which on a change of an actual cost needs a second person. `currency`: of documents that name none.
    """

    guard_percent: Decimal = Decimal(50)
    empty_stock: EmptyStock = EmptyStock.TAKE_INCOMING
    second_person_above: dict[str, Decimal] = field(default_factory=dict)
    currency: str | None = None
    check_after_s: float = 600


def guards(new: Decimal, currency: str, average: Decimal | None, ledger: str | None, policy: CostPolicy) -> list[str]:
    """Say what is odd about a new unit cost beside the average; each has to be confirmed."""
    found = []
    if new == 0:
        found.append("the cost is zero: that says the goods were free, not that their cost is unknown")
    if average is None or ledger != currency:
        return found
    limit = EXACT.multiply(average, EXACT.divide(policy.guard_percent, Decimal(100)))
    if abs(EXACT.subtract(new, average)) > limit:
        found.append(
            f"{new} {currency} is more than {policy.guard_percent:f} % away from the average purchase price "
            f"({to_coin(average, currency)} {currency})"
        )
    return found


def wrong_currency(currency: str, document: str | None, ledger: str | None) -> str | None:
    """Say why a cost cannot be in this currency, or None. There is no rate in here to convert it by."""
    for whose, theirs in (("its document is", document), ("the average purchase price of the SKU is", ledger)):
        if theirs is not None and theirs != currency:
            return f"the cost is in {currency}, and {whose} in {theirs}; give it in {theirs}"
    return None


def needs_second(
    old: Decimal | None, new: Decimal, quantity: Decimal, currency: str, policy: CostPolicy
) -> Decimal | None:
    """Return the threshold if the change's value is above it, so that a second person has to agree; else None.

    The value is the quantity times the change; all of the new cost, where the old one is not known.
    """
    threshold = policy.second_person_above.get(currency)
    if threshold is None:
        return None
    value = EXACT.multiply(quantity, abs(EXACT.subtract(new, old or Decimal(0))))
    return threshold if value > threshold else None


def plan_amount(lines: Iterable[tuple[Decimal, Decimal | None]], currency: str) -> Decimal | None:
    """Add up planned quantities times planned unit costs, rounded once to the smallest coin (DOMAIN A2).

    None if there is no line, or the cost of one is not known: a sum without it would be no smaller truth but a wrong one.
    """
    total, count = Decimal(0), 0
    for quantity, cost in lines:
        if cost is None:
            return None
        total, count = EXACT.add(total, EXACT.multiply(quantity, cost)), count + 1
    return to_coin(total, currency) if count else None
