"""What the rules decide about an order, and why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.rules.book import (
    AllocationRule,
    GiftGate,
    Mapping,
    MappingKind,
    PushStrategy,
    StrategyKind,
    Warehouse,
    make_book,
    problems_of,
)
from crossdock.rules.decision import Asked, Trigger, decide
from crossdock.rules.keys import outbound_key
from crossdock.rules.outbound import to_request
from crossdock.rules.push_states import ALLOWED, PushState, UnlistedTransition, check_transition
from crossdock.rules.reasons import sentence
from crossdock.rules.strategy import next_opening
from crossdock.spec.orders import Address, LineKind, LogisticsKind, Order, OrderLine, OrderStatus, Recipient

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
STANDARD = PushStrategy(name="standard", kind=StrategyKind.STANDARD)
ADVANCE = PushStrategy(name="advance", kind=StrategyKind.ADVANCE)
INSTANT = PushStrategy(name="instant", kind=StrategyKind.CUSTOM_ADVANCE, shops=("web", "app"), logistics=("Lalamove",))
MANUAL = PushStrategy(name="manual", kind=StrategyKind.MANUAL_ONLY)


def an_order(**changes) -> Order:
    values = {
        "ref": "1", "status": OrderStatus.READY_TO_SHIP, "created_at": NOW - timedelta(days=1), "updated_at": NOW,
        "lines": (OrderLine(line_no=1, sku="A", quantity=Decimal(1)),), "shop": "web", "logistics": "Flash",
        "tracking_number": "T1", "label_ready": True, "recipient": Recipient(address=Address(country="TH")),
    }  # fmt: skip
    return Order(**{**values, **changes})


def a_book(*strategies, mappings=(), allocation=None, **warehouse):
    values = {"code": "WH", "connection": "wms", "remote": "W1", "auto_push": True, "oms_code": "OMS1"}
    made = Warehouse(**{**values, "strategies": tuple(s.name for s in strategies), **warehouse})
    rules = [AllocationRule(position=9, warehouse="WH")] if allocation is None else allocation
    return make_book(1, 30, list(strategies), [made], rules, list(mappings))


def codes(decision):
    return {clause.code for clause in decision.reasons}


@pytest.mark.behaviour("R15", "R36")
def test_an_eligible_order_is_queued_for_its_warehouse_by_the_first_strategy_that_matches():
    decision = decide(an_order(), PushState.NOT_PUSHED, a_book(MANUAL, STANDARD, ADVANCE), NOW)
    assert decision.state is PushState.QUEUED
    assert (decision.warehouse.code, decision.strategy, decision.reasons) == ("WH", "standard", ())


@pytest.mark.behaviour("R15")
@pytest.mark.parametrize(
    ("changes", "code", "state"),
    [
        ({"created_at": NOW - timedelta(days=30, seconds=1)}, "age", PushState.NOT_PUSHED),
        ({"status": OrderStatus.CANCELLED}, "status", PushState.NOT_PUSHED),
        ({"status": OrderStatus.SHIPPING}, "status", PushState.NOT_PUSHED),
        ({"status": OrderStatus.DELIVERED}, "status", PushState.NOT_PUSHED),
        ({"lines": ()}, "goods", PushState.NOT_PUSHED),
        (
            {"lines": (OrderLine(line_no=1, sku="POST", quantity=Decimal(1), kind=LineKind.SHIPPING),)},
            "goods",
            PushState.NOT_PUSHED,
        ),
        ({"lines": (OrderLine(line_no=7, sku="A", quantity=Decimal(0)),)}, "quantity", PushState.NOT_PUSHED),
        ({"warehouse": "elsewhere"}, "warehouse", PushState.HELD),
        ({"holds": ("fraud check",)}, "hold", PushState.HELD),
        ({"tracking_number": None}, "strategy", PushState.NOT_PUSHED),
        ({"label_ready": False}, "strategy", PushState.NOT_PUSHED),
        ({"status": OrderStatus.UNPAID}, "strategy", PushState.NOT_PUSHED),
    ],
)
def test_each_clause_keeps_an_order_with_its_reason(changes, code, state):
    decision = decide(an_order(**changes), PushState.NOT_PUSHED, a_book(STANDARD), NOW)
    assert (decision.state, codes(decision)) == (state, {code})
    assert all(sentence(clause) for clause in decision.clauses)


@pytest.mark.behaviour("R15")
def test_an_order_of_exactly_thirty_days_is_still_young_enough():
    decision = decide(an_order(created_at=NOW - timedelta(days=30)), PushState.NOT_PUSHED, a_book(STANDARD), NOW)
    assert decision.state is PushState.QUEUED


@pytest.mark.behaviour("R15")
@pytest.mark.parametrize("state", [PushState.SENDING, PushState.IN_DOUBT, PushState.PUSHED, PushState.CANCELLED])
def test_an_order_that_left_or_ended_is_not_eligible(state):
    assert "state" in codes(decide(an_order(), state, a_book(STANDARD), NOW))


@pytest.mark.behaviour("R31", "R32", "R34")
@pytest.mark.parametrize(
    ("shop", "logistics", "state"),
    [
        ("web", "Lalamove", PushState.QUEUED),
        ("app", "Lalamove", PushState.QUEUED),
        ("market", "Lalamove", PushState.NOT_PUSHED),
        ("web", "Flash", PushState.NOT_PUSHED),
        ("web", "lalamove", PushState.NOT_PUSHED),
    ],
)
def test_a_custom_advance_strategy_needs_both_ticked_conditions_and_any_of_their_values(shop, logistics, state):
    order = an_order(
        shop=shop, logistics=logistics, logistics_kind=LogisticsKind.INSTANT, tracking_number=None, label_ready=False
    )
    assert decide(order, PushState.NOT_PUSHED, a_book(INSTANT), NOW).state is state


@pytest.mark.behaviour("R36", "R38")
def test_with_auto_push_off_only_a_person_or_obtaining_queues_the_order():
    book = a_book(STANDARD, auto_push=False)
    states = {t: decide(an_order(), PushState.NOT_PUSHED, book, NOW, Asked(trigger=t)).state for t in Trigger}
    assert states == {
        Trigger.AUTOMATIC: PushState.NOT_PUSHED, Trigger.OBTAIN: PushState.QUEUED, Trigger.MANUAL: PushState.QUEUED
    }  # fmt: skip


@pytest.mark.behaviour("R37", "R38")
def test_a_push_by_hand_overrides_strategy_and_gift_gate_with_a_warning_but_no_hold():
    gated = msgspec.structs.replace(STANDARD, gift_gate=GiftGate.WAIT_FLAG)
    by_hand = Asked(trigger=Trigger.MANUAL, actor="ann")
    pushed = decide(an_order(gifts_pending=True), PushState.NOT_PUSHED, a_book(gated), NOW, by_hand)
    assert pushed.state is PushState.QUEUED
    assert "ann pushed it by hand" in sentence(pushed.clauses[-1])
    held = Asked(trigger=Trigger.MANUAL, actor="ann", hold="wait for the boss")
    assert decide(an_order(), PushState.NOT_PUSHED, a_book(STANDARD), NOW, held).state is PushState.HELD
    never = decide(an_order(), PushState.NOT_PUSHED, a_book(MANUAL), NOW, by_hand)
    assert never.state is PushState.QUEUED


def warned(order, *strategies, **asked):
    pushed = decide(order, PushState.NOT_PUSHED, a_book(*strategies), NOW, Asked(trigger=Trigger.MANUAL, **asked))
    assert pushed.state is PushState.QUEUED
    return [clause.facts[1] for clause in pushed.clauses if clause.code == "overridden"]


@pytest.mark.behaviour("R37", "R38")
def test_a_push_by_hand_names_payment_and_gifts_whichever_strategy_refused_it():
    gated = msgspec.structs.replace(MANUAL, gift_gate=GiftGate.WAIT_FLAG)
    unpaid = an_order(status=OrderStatus.UNPAID, gifts_pending=True)
    (said,) = warned(unpaid, gated)
    assert said.startswith("it is not paid (unpaid); ")
    assert said.endswith("; gifts: until the OMS says that they are complete")
    (said,) = warned(unpaid, gated, gift_released=True)
    assert "gifts" not in said
    (said,) = warned(an_order(status=OrderStatus.UNPAID, cash_on_delivery=True), MANUAL)
    assert "not paid" not in said
    assert warned(an_order(), STANDARD) == []


@pytest.mark.behaviour("R37")
def test_the_gift_gate_holds_until_its_time_and_says_when_to_look_again():
    gated = msgspec.structs.replace(STANDARD, gift_gate=GiftGate.WAIT_MINUTES, gift_minutes=30)
    order = an_order(created_at=NOW - timedelta(minutes=10))
    held = decide(order, PushState.NOT_PUSHED, a_book(gated), NOW)
    assert (held.state, codes(held), held.again_at) == (PushState.HELD, {"gift"}, NOW + timedelta(minutes=20))
    assert decide(order, PushState.HELD, a_book(gated), held.again_at).state is PushState.QUEUED
    released = Asked(gift_released=True)
    assert decide(order, PushState.HELD, a_book(gated), NOW, released).state is PushState.QUEUED


@pytest.mark.behaviour("R3", "R35")
def test_the_oms_assigns_the_warehouse_else_the_first_rule_that_matches():
    rules = [
        AllocationRule(position=1, warehouse="ELSEWHERE", countries=("GB",)),
        AllocationRule(position=2, warehouse="WH", countries=("TH",), shops=("web",)),
    ]
    book = a_book(STANDARD, allocation=rules)
    assert decide(an_order(warehouse="OMS1"), PushState.NOT_PUSHED, book, NOW).warehouse.code == "WH"
    small = an_order(recipient=Recipient(address=Address(country="th")))
    assert decide(small, PushState.NOT_PUSHED, book, NOW).warehouse.code == "WH"
    nowhere = decide(an_order(shop="app"), PushState.NOT_PUSHED, book, NOW)
    assert (nowhere.state, nowhere.warehouse) == (PushState.HELD, None)
    unknown = an_order(recipient=Recipient(address=Address(country="GB")))
    assert "no warehouse here" in sentence(decide(unknown, PushState.NOT_PUSHED, book, NOW).reasons[0])


@pytest.mark.parametrize("sku", ["", "  "])
@pytest.mark.parametrize("mapped", [True, False])
def test_goods_without_a_sku_are_not_bound_to_anything(sku, mapped):
    lines = (
        OrderLine(line_no=1, sku="A", quantity=Decimal(1)),
        OrderLine(line_no=2, sku=sku, quantity=Decimal(1)),
        OrderLine(line_no=3, sku="", quantity=Decimal(1), kind=LineKind.SHIPPING),
    )
    mappings = [Mapping(warehouse="WH", kind=MappingKind.SKU, ours="A", theirs="X-9")] if mapped else []
    found = decide(an_order(lines=lines), PushState.NOT_PUSHED, a_book(STANDARD, mappings=mappings), NOW)
    assert (found.state, codes(found)) == (PushState.HELD, {"sku_missing"})
    assert sentence(found.reasons[0]).startswith("line 2 has no SKU")
    good = decide(an_order(lines=(lines[0], lines[2])), PushState.NOT_PUSHED, a_book(STANDARD, mappings=mappings), NOW)
    assert good.state is PushState.QUEUED


def test_a_sku_is_bound_by_its_exact_text_or_by_its_mapping_only():
    mapped = Mapping(warehouse="WH", kind=MappingKind.SKU, ours="A", theirs="X-9")
    lines = (OrderLine(line_no=1, sku="A", quantity=Decimal(1)), OrderLine(line_no=2, sku="a", quantity=Decimal(2)))
    order = an_order(lines=lines)
    book = a_book(STANDARD, mappings=[mapped])
    decision = decide(order, PushState.NOT_PUSHED, book, NOW)
    request = to_request(order, decision.warehouse, book, "K", 1, "standard")
    assert [(line.line_no, line.sku) for line in request.lines] == [(1, "X-9"), (2, "a")]
    strict = decide(order, PushState.NOT_PUSHED, a_book(STANDARD, mappings=[mapped], auto_bind=False), NOW)
    assert (strict.state, codes(strict), strict.reasons[0].facts) == (PushState.HELD, {"skus"}, ("a", "WH"))
    blocked = Mapping(warehouse="WH", kind=MappingKind.SKU, ours="A", theirs=None)
    assert codes(decide(order, PushState.NOT_PUSHED, a_book(STANDARD, mappings=[blocked]), NOW)) == {"skus"}


def test_a_carrier_that_must_be_mapped_holds_the_order_until_it_is():
    book = a_book(STANDARD, need_logistics_mapping=True)
    assert codes(decide(an_order(), PushState.NOT_PUSHED, book, NOW)) == {"logistics"}
    mapped = Mapping(warehouse="WH", kind=MappingKind.LOGISTICS, ours="Flash", theirs="FLSH")
    book = a_book(STANDARD, mappings=[mapped], need_logistics_mapping=True)
    decision = decide(an_order(), PushState.NOT_PUSHED, book, NOW)
    assert to_request(an_order(), decision.warehouse, book, "K", 1, "").logistics == "FLSH"


@pytest.mark.parametrize(
    ("clock", "opening"),
    [("08:59", "09:00"), ("09:00", "09:00"), ("16:59", "16:59"), ("17:00", "+09:00")],
)
def test_a_time_of_day_opens_next_when_it_says(clock, opening):
    now = NOW.replace(hour=int(clock[:2]), minute=int(clock[3:]))
    day = timedelta(days=1 if opening[0] == "+" else 0)
    opening = opening.lstrip("+")
    assert next_opening("09:00", "17:00", now) == NOW.replace(hour=int(opening[:2]), minute=int(opening[3:])) + day


def test_a_time_of_day_may_run_over_midnight():
    late = NOW.replace(hour=23)
    assert next_opening("22:00", "06:00", late) == late
    assert next_opening("22:00", "06:00", NOW) == NOW.replace(hour=22)


@pytest.mark.parametrize(
    ("strategy", "word"),
    [
        (PushStrategy(name="x", kind=StrategyKind.CUSTOM_ADVANCE), "designated"),
        (PushStrategy(name="x", kind=StrategyKind.STANDARD, shops=()), "none is chosen"),
        (PushStrategy(name="x", kind=StrategyKind.STANDARD, logistics=()), "none is chosen"),
        (PushStrategy(name="x", kind=StrategyKind.STANDARD, gift_gate=GiftGate.WAIT_MINUTES), "gift_minutes"),
        (PushStrategy(name="x", kind=StrategyKind.STANDARD, not_before="09:00"), "both"),
        (PushStrategy(name="x", kind=StrategyKind.STANDARD, minimum_status=OrderStatus.DELIVERED), "minimum_status"),
    ],
)
def test_a_strategy_that_could_never_work_is_refused(strategy, word):
    assert word in " ".join(problems_of(strategy))
    assert problems_of(INSTANT) == ()


@pytest.mark.behaviour("P4")
def test_a_key_is_the_same_for_ever_and_fits_a_document_number():
    key = outbound_key("shop", "O-1", "WH", 1, 1)
    assert key == "XD-" + key[3:]
    assert len(key) == 23
    assert set(key[3:]) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    assert outbound_key("shop", "O-1", "WH", 1, 1) == key
    assert outbound_key("shop", "O-1", "WH", 1, 2) != key


@pytest.mark.behaviour("P4")
@given(st.tuples(st.text(), st.text(), st.text()), st.tuples(st.text(), st.text(), st.text()))
def test_different_orders_have_different_keys(one, other):
    apart = [text.replace("\x1f", "") for text in (*one, *other)]
    same = apart[:3] == apart[3:]
    assert (outbound_key(*apart[:3], 1, 1) == outbound_key(*apart[3:], 1, 1)) == same


@pytest.mark.parametrize("before", list(PushState))
@pytest.mark.parametrize("after", list(PushState))
def test_only_listed_transitions_are_allowed(before, after):
    if before is after or after in ALLOWED[before]:
        check_transition(before, after)
    else:
        with pytest.raises(UnlistedTransition, match="nothing was changed"):
            check_transition(before, after)
