"""The setup in one view: what each warehouse does, what is odd, and what is still to be done, in order."""

from __future__ import annotations

import pytest

from crossdock.rules.book import AllocationRule, Book, GiftGate, PushStrategy, StrategyKind, Warehouse, make_book
from crossdock.rules.setup import Connected, places, steps

SHOP = Connected(name="shop", kind="oms", open=True)
DEPOT = Connected(name="depot", kind="wms", open=True)
BOTH = {"shop": SHOP, "depot": DEPOT}


def a_book(*, gate=GiftGate.OFF, rules=True, enabled=True, **warehouse):
    strategy = PushStrategy(name="std", kind=StrategyKind.STANDARD, gift_gate=gate, enabled=enabled)
    values = {"code": "WH", "connection": "depot", "remote": "1", "strategies": ("std",), "auto_push": True}
    place = Warehouse(**{**values, **warehouse})
    return make_book(1, 30, [strategy], [place], [AllocationRule(position=5, warehouse="WH")] if rules else [], [])


@pytest.mark.parametrize(
    ("book", "connections", "works", "said"),
    [
        (a_book(gate=GiftGate.WAIT_FLAG), BOTH, True, []),
        (a_book(), BOTH, True, ["auto push is on and strategy std waits for no gifts"]),
        (a_book(auto_push=False), BOTH, False, ["auto push is off"]),
        (a_book(gate=GiftGate.WAIT_FLAG, strategies=()), BOTH, False, ["no strategy in use"]),
        (a_book(strategies=("nope",)), BOTH, False, ["no strategy in use", "there is no strategy 'nope'"]),
        (a_book(enabled=False), BOTH, False, ["no strategy in use", "strategy std is switched off"]),
        (a_book(gate=GiftGate.WAIT_FLAG, enabled=True, connection="x"), BOTH, False, ["connection x is not configured"]),
        (a_book(gate=GiftGate.WAIT_FLAG, connection="shop"), BOTH, False, ["is an OMS"]),
        (a_book(gate=GiftGate.WAIT_FLAG), {"depot": Connected(name="depot", kind="", open=False)}, False, ["is not open"]),
    ],
)  # fmt: skip
@pytest.mark.behaviour("R30", "R37")
def test_a_warehouse_says_whether_orders_reach_it_by_themselves_and_what_is_odd(book, connections, works, said):
    (place,) = places(book, connections)
    assert place.works is works
    assert len(place.odd) == len(said)
    for text, part in zip(place.odd, said, strict=True):
        assert part in text


@pytest.mark.behaviour("R30")
def test_the_steps_lead_from_nothing_to_orders_that_go_by_themselves():
    assert [step.done for step in steps(Book(), {})] == [False, False, False]
    fresh = steps(Book(), BOTH)
    assert [(step.kind, step.about) for step in fresh][:3] == [("oms", ""), ("wms", ""), ("strategy", "")]
    assert ("warehouse", "depot") in [(step.kind, step.about) for step in fresh]
    assert [step.done for step in fresh] == [True, True, False, False]
    assert "--connection depot" in fresh[-1].command
    assert all(step.done for step in steps(a_book(), BOTH))


@pytest.mark.behaviour("R30")
def test_a_rule_is_proposed_behind_all_others():
    book = a_book(rules=False, auto_push=False)
    left = [step.command for step in steps(book, BOTH) if not step.done]
    assert left == ["crossdock allocation set 10 --warehouse WH", "crossdock warehouses auto-push WH on"]
