"""When a strategy lets an order go, and when to look again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.rules.book import EXPLAINED, GiftGate, PushStrategy, StrategyKind, Warehouse, make_book
from crossdock.rules.decision import Asked, Trigger, decide
from crossdock.rules.eligibility import logistics, skus
from crossdock.rules.push_states import PushState, Tab, tab_of
from crossdock.rules.reasons import Clause, failing
from crossdock.rules.strategy import choose, gift_gate, match, next_opening
from crossdock.spec.orders import LineKind, Order, OrderLine, OrderStatus

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def an_order(**changes) -> Order:
    values = {
        "ref": "1", "status": OrderStatus.PAID, "created_at": NOW - timedelta(minutes=10), "updated_at": NOW,
        "lines": (OrderLine(line_no=1, sku="A", quantity=Decimal(1)),), "shop": "web", "logistics": "Flash",
    }  # fmt: skip
    return Order(**{**values, **changes})


def a_strategy(kind=StrategyKind.ADVANCE, **fields) -> PushStrategy:
    return PushStrategy(name="s", kind=kind, **fields)


def a_book(*strategies, names=None, **warehouse):
    made = Warehouse(
        code="WH", connection="wms", remote="1", strategies=names or tuple(s.name for s in strategies), auto_push=True, **warehouse
    )  # fmt: skip
    return make_book(1, 30, list(strategies), [made], [], []), made


@pytest.mark.behaviour("R31")
def test_each_kind_of_strategy_is_explained_in_a_sentence():
    assert set(EXPLAINED) == set(StrategyKind)
    assert all(text.endswith(".") for text in EXPLAINED.values())


@pytest.mark.behaviour("R31", "R32", "R34")
@pytest.mark.parametrize(
    ("strategy", "refusal"),
    [
        (a_strategy(), None),
        (a_strategy(enabled=False), "switched off"),
        (a_strategy(StrategyKind.MANUAL_ONLY), "never pushes by itself"),
        (a_strategy(shops=("app",)), "store 'web'"),
        (a_strategy(shops=("app", "web")), None),
        (a_strategy(logistics=("Kerry",)), "logistics 'Flash'"),
        (a_strategy(logistics=("Kerry", "Flash")), None),
        (a_strategy(minimum_status=OrderStatus.READY_TO_SHIP), "waits for ready_to_ship"),
        (a_strategy(StrategyKind.STANDARD), "no tracking number"),
        (a_strategy(delay_minutes=5), None),
        (a_strategy(delay_minutes=60), "waits until 2026-11-25 12:50 UTC"),
        (a_strategy(not_before="09:00", not_after="17:00"), None),
        (a_strategy(not_before="13:00", not_after="17:00"), "between 13:00 and 17:00"),
    ],
)
def test_a_strategy_matches_or_says_why_not(strategy, refusal):
    found = match(strategy, an_order(), NOW)
    assert (found.refusal is None) == (refusal is None)
    assert refusal is None or refusal in found.refusal


@pytest.mark.behaviour("R31")
def test_a_standard_strategy_waits_for_the_tracking_number_and_then_for_the_label():
    standard = a_strategy(StrategyKind.STANDARD)
    assert "shipping label" in match(standard, an_order(tracking_number="T"), NOW).refusal
    assert match(standard, an_order(tracking_number="T", label_ready=True), NOW).refusal is None


@pytest.mark.behaviour("R35")
def test_the_first_strategy_that_matches_wins_and_all_refusals_are_named_if_none_does():
    late = PushStrategy(name="late", kind=StrategyKind.ADVANCE, delay_minutes=60)
    later = PushStrategy(name="later", kind=StrategyKind.ADVANCE, delay_minutes=90)
    now = PushStrategy(name="now", kind=StrategyKind.ADVANCE)
    book, warehouse = a_book(late, later, now)
    assert choose(an_order(), warehouse, book, NOW)[0] is now
    book, warehouse = a_book(late, later, names=("later", "late", "missing"))
    chosen, clause, again = choose(an_order(), warehouse, book, NOW)
    assert (chosen, again) == (None, NOW + timedelta(minutes=50))
    assert "missing: there is no such strategy" in clause.facts[1]
    book, warehouse = a_book()
    assert choose(an_order(), warehouse, book, NOW)[1].facts == ("WH", "it has none")


@pytest.mark.behaviour("R37")
@pytest.mark.parametrize(
    ("gate", "pending", "open_", "until"),
    [
        (GiftGate.OFF, True, True, None),
        (GiftGate.WAIT_FLAG, True, False, None),
        (GiftGate.WAIT_FLAG, False, True, None),
        (GiftGate.WAIT_MINUTES, False, False, NOW + timedelta(minutes=5)),
    ],
)
def test_the_gift_gate_waits_for_a_flag_or_for_its_minutes(gate, pending, open_, until):
    clause, again = gift_gate(a_strategy(gift_gate=gate, gift_minutes=15), an_order(gifts_pending=pending), NOW)
    assert (clause.ok, again) == (open_, until)


@pytest.mark.behaviour("R37")
def test_the_gift_gate_is_open_once_its_minutes_are_over():
    clause, again = gift_gate(a_strategy(gift_gate=GiftGate.WAIT_MINUTES, gift_minutes=10), an_order(), NOW)
    assert (clause.ok, again) == (True, None)


@pytest.mark.behaviour("R38")
def test_a_push_by_hand_that_overrides_nothing_carries_no_warning():
    book, _ = a_book(a_strategy())
    decision = decide(an_order(warehouse="WH"), PushState.NOT_PUSHED, book, NOW, Asked(trigger=Trigger.MANUAL))
    assert "overridden" not in {clause.code for clause in decision.clauses}


@pytest.mark.behaviour("R36")
def test_a_warehouse_that_is_switched_off_gets_nothing():
    book, _ = a_book(a_strategy(), enabled=False)
    decision = decide(an_order(warehouse="WH"), PushState.NOT_PUSHED, book, NOW)
    assert [clause.code for clause in decision.reasons] == ["warehouse_enabled"]
    assert failing(decision.clauses) == decision.reasons


@pytest.mark.behaviour("R15")
def test_a_warehouse_may_have_an_age_limit_of_its_own():
    book, _ = a_book(a_strategy(), max_age_days=1)
    old = an_order(warehouse="WH", created_at=NOW - timedelta(days=2))
    assert [clause.code for clause in decide(old, PushState.NOT_PUSHED, book, NOW).reasons] == ["age"]


def test_lines_that_are_no_goods_need_no_sku_and_a_carrier_may_be_forbidden():
    from crossdock.rules.book import Mapping, MappingKind

    mappings = [
        Mapping(warehouse="WH", kind=MappingKind.SKU, ours="B", theirs="X"),
        Mapping(warehouse="WH", kind=MappingKind.LOGISTICS, ours="Flash", theirs=None),
    ]
    warehouse = Warehouse(code="WH", connection="wms", remote="1", auto_bind=False)
    book = make_book(1, 30, [], [warehouse], [], mappings)
    lines = (
        OrderLine(line_no=1, sku="POST", quantity=Decimal(1), kind=LineKind.SHIPPING),
        OrderLine(line_no=2, sku="B", quantity=Decimal(1)),
    )
    assert skus(an_order(lines=lines), warehouse, book) == Clause("skus", True)
    assert logistics(an_order(), warehouse, book) == Clause("logistics", False, ("Flash", "WH"))


@pytest.mark.behaviour("R19")
def test_every_state_stands_in_exactly_one_tab():
    assert {tab_of(state) for state in PushState} == set(Tab)
    assert tab_of(PushState.QUEUED) is Tab.PENDING
    assert tab_of(PushState.PUSHED) is Tab.IN_PROGRESS
    assert tab_of(PushState.IN_DOUBT) is Tab.ABNORMAL
    assert tab_of(PushState.PUSHED, changed=True) is Tab.ABNORMAL
    assert tab_of(PushState.QUEUED, changed=True) is Tab.PENDING
    assert tab_of(PushState.CANCELLED) is Tab.DONE


CLOCK = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.integers(0, 59))


@given(CLOCK, CLOCK, st.integers(0, 50_000_000).map(lambda minutes: NOW + timedelta(minutes=minutes)))
def test_when_a_time_of_day_opens_next_it_is_open_and_at_most_a_day_away(start, end, now):
    opening = next_opening(start, end, now)
    assert now <= opening <= now + timedelta(days=1)
    assert next_opening(start, end, opening) == opening


@given(
    st.sampled_from(sorted(OrderStatus)), st.booleans(), st.booleans(), st.integers(0, 40), st.sampled_from(sorted(Trigger)),
    st.booleans(), st.sampled_from([PushState.NOT_PUSHED, PushState.HELD, PushState.QUEUED, PushState.PUSH_FAILED]),
)  # fmt: skip
def test_an_order_is_queued_exactly_if_no_clause_keeps_it(status, pending, held, days, trigger, auto, state):
    made = Warehouse(code="WH", connection="wms", remote="1", strategies=("s",), auto_push=auto)
    book = make_book(1, 30, [a_strategy(gift_gate=GiftGate.WAIT_FLAG)], [made], [], [])
    order = an_order(
        status=status, gifts_pending=pending, holds=("h",) if held else (), created_at=NOW - timedelta(days=days), warehouse="WH"
    )  # fmt: skip
    decision = decide(order, state, book, NOW, Asked(trigger=trigger))
    assert (decision.state is PushState.QUEUED) == (not decision.reasons)
    assert decision.state in (PushState.QUEUED, PushState.HELD, PushState.NOT_PUSHED)
    assert decision.again_at is None or decision.again_at > NOW
