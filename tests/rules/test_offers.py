"""What is designated and nobody offers is said; what is not known to be offered is not doubted."""

from __future__ import annotations

import pytest

from crossdock.rules.book import AllocationRule, PushStrategy, StrategyKind, Warehouse, make_book
from crossdock.rules.offers import LOGISTICS, SHOPS, Offered, of_book, of_rule, of_strategy, of_warehouse, unasked

KNOWN = Offered(
    shops={"s1": "Shop one"}, logistics={"grab": "Grab"}, warehouses={"depot": {"W1": "Bangkok"}}
)  # fmt: skip


def strategy(**fields):
    return PushStrategy(name="inst", kind=StrategyKind.CUSTOM_ADVANCE, **fields)


@pytest.mark.behaviour("R2", "R34")
@pytest.mark.parametrize(("fields", "offered", "said"), [
    ({"shops": ("s1",), "logistics": ("grab",)}, KNOWN, []),
    ({}, KNOWN, []),
    ({"shops": ("nope",)}, KNOWN, ["strategy inst names the store 'nope', which no OMS offers: no order matches it"]),
    ({"logistics": ("No Such", "grab")}, KNOWN, ["names the carrier 'No Such', which no OMS offers"]),
    ({"shops": ("Shop One",)}, KNOWN, ["which no OMS offers (its code is 's1')"]),
    ({"shops": ("nope",)}, Offered(), []),
    ({"shops": ("nope",), "logistics": ("x",)}, Offered(shops={}), ["the store 'nope'"]),
])  # fmt: skip
def test_a_strategy_says_what_no_oms_offers(fields, offered, said):
    found = of_strategy(strategy(**fields), offered)
    assert len(found) == len(said)
    assert all(part in text for part, text in zip(said, found, strict=True))


@pytest.mark.behaviour("R2")
def test_rules_and_warehouses_say_it_too():
    rule = AllocationRule(position=7, warehouse="WH", shops=("nope",))
    assert "allocation rule 7 names the store 'nope'" in of_rule(rule, KNOWN)[0]
    assert of_warehouse(Warehouse(code="WH", connection="depot", remote="W1"), KNOWN) == ()
    assert of_warehouse(Warehouse(code="WH", connection="other", remote="W9"), KNOWN) == ()
    (text,) = of_warehouse(Warehouse(code="WH", connection="depot", remote="bangkok"), KNOWN)
    assert "depot offers no warehouse 'bangkok' (its code is 'W1')" in text
    assert len(of_book(make_book(1, 30, [strategy(shops=("x",))], [], [rule], []), KNOWN)) == 2


def test_what_could_not_be_asked_is_said_once_for_each_kind():
    offered = Offered(unasked=frozenset({SHOPS}))
    assert len(unasked(offered, SHOPS, LOGISTICS)) == 1
    assert unasked(offered, LOGISTICS) == ()
