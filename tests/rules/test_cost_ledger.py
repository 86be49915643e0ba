"""The cost ledger against an independent calculation with fractions."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from crossdock.rules.cost_ledger import (
    Balance,
    EmptyStock,
    Event,
    EventKind,
    Flag,
    Source,
    follow,
    movements,
    replay,
)

T0 = datetime(2026, 3, 1, tzinfo=UTC)
AW = Path(__file__).parents[3] / "shared" / "data" / "adventureworks"
PRECISION = Fraction(1, 10**40)


def at(minute):
    return T0 + timedelta(minutes=minute)


def receipt(name, quantity, cost, minute=0, revision=0, **fields):
    values = {"currency": "USD", **fields}
    return Event(
        about=name, kind=EventKind.RECEIPT, effective_at=at(minute), quantity=D(quantity), revision=revision,
        unit_cost=None if cost is None else D(cost), **values,
    )  # fmt: skip


def revised(name, cost, revision, minute=0, **fields):
    return Event(
        about=name, kind=EventKind.COST_REVISION, effective_at=at(minute), revision=revision, currency="USD",
        unit_cost=None if cost is None else D(cost), **fields,
    )  # fmt: skip


def issue(name, quantity, minute=0):
    return Event(about=name, kind=EventKind.ISSUE, effective_at=at(minute), quantity=D(quantity))


def setting(name, cost, minute=0, quantity=0):
    return Event(
        about=name, kind=EventKind.MANUAL_SET, effective_at=at(minute), unit_cost=D(cost), quantity=D(quantity),
        currency="USD",
    )  # fmt: skip


def average(*events, policy=EmptyStock.TAKE_INCOMING):
    return replay(events, policy).average


# --- tables ---


@pytest.mark.behaviour("R41")
def test_the_average_weighs_what_was_there_and_what_came():
    assert average(receipt("a", 10, "2.00"), receipt("b", 30, "4.00", 1)) == D("3.5")


def test_goods_that_left_weigh_no_more():
    assert average(receipt("a", 10, 2), issue("x", 8, 1), receipt("b", 2, 4, 2)) == D(3)


@pytest.mark.behaviour("R41")
def test_an_unknown_cost_blocks_the_average_and_not_the_receipt():
    balance = replay([receipt("a", 10, 2), receipt("b", 10, None, 1)])
    assert (balance.average, balance.quantity, balance.blocked, balance.by) == (None, 20, Flag.UNKNOWN_COST, "b")


def test_zero_is_a_cost_and_none_is_not():
    assert average(receipt("a", 10, 2), receipt("b", 10, 0, 1)) == D(1)
    assert average(receipt("a", 10, 2), receipt("b", 10, None, 1)) is None


def test_a_cost_that_becomes_known_later_gives_the_average_that_it_would_have_given_at_once():
    late = (receipt("a", 10, 2), receipt("b", 10, None, 1), receipt("c", 20, 8, 2), revised("b", 4, 1, 1))
    at_once = (receipt("a", 10, 2), receipt("b", 10, 4, 1), receipt("c", 20, 8, 2))
    assert average(*late) == average(*at_once) == D("5.5")


def test_of_two_revisions_the_higher_counts_whatever_came_last():
    assert average(revised("a", 3, 2), receipt("a", 10, 1), revised("a", 2, 1)) == D(3)


def test_at_one_revision_the_warehouse_is_right():
    ours = revised("a", 9, 1, source=Source.CROSSDOCK)
    assert (
        average(receipt("a", 1, 1), ours, revised("a", 5, 1))
        == average(revised("a", 5, 1), ours, receipt("a", 1, 1))
        == D(5)
    )


def test_a_receipt_that_was_taken_back_counts_no_more_until_a_newer_document_has_it_again():
    gone = Event(about="b", kind=EventKind.REVERSAL, effective_at=at(1), document_revision=2)
    first = (receipt("a", 10, 2), receipt("b", 10, 4, 1, document_revision=1), gone)
    assert average(*first) == D(2)
    assert average(*first, receipt("b", 10, 4, 1, document_revision=3)) == D(3)


def test_another_currency_is_never_blended():
    balance = replay([receipt("a", 10, 2), receipt("b", 10, 70, 1, currency="THB")])
    assert (balance.average, balance.blocked, balance.currency) == (None, Flag.OTHER_CURRENCY, "USD")


def test_goods_that_move_between_own_warehouses_change_nothing():
    assert replay([receipt("a", 10, 2), receipt("t", 5, 99, 1, moved=True)]).average == D(2)


def test_goods_that_come_back_without_a_cost_are_worth_what_the_others_are():
    balance = replay([receipt("a", 10, 2), receipt("r", 5, None, 1, at_average=True), receipt("b", 15, 4, 2)])
    assert (balance.average, balance.quantity) == (D(3), 30)


@pytest.mark.parametrize(
    ("policy", "expected", "blocked"),
    [
        (EmptyStock.TAKE_INCOMING, D(8), None), (EmptyStock.BLEND_ABS, D(6), None),
        (EmptyStock.BLOCK, None, Flag.EMPTY_STOCK),
    ],
)  # fmt: skip
def test_what_a_receipt_does_below_zero_is_the_policys_affair_and_is_flagged(policy, expected, blocked):
    balance = replay([receipt("a", 5, 2), issue("x", 10, 1), receipt("b", 10, 8, 2)], policy)
    assert (balance.average, balance.blocked) == (expected, blocked)
    assert Flag.EMPTY_STOCK in balance.flags


@pytest.mark.parametrize("policy", EmptyStock)
def test_the_very_first_receipt_is_no_odd_one(policy):
    assert replay([receipt("a", 5, 2)], policy) == Balance(
        quantity=D(5), average=D(2), currency="USD", last=(at(0), "a")
    )


def test_a_setting_ends_a_block():
    balance = replay([receipt("a", 5, None), setting("s", 3, 1), receipt("b", 5, 5, 2)])
    assert (balance.average, balance.blocked, balance.flags) == (D(4), None, frozenset())


def test_an_opening_with_its_quantity_weighs_as_much():
    assert average(setting("s", 3, 0, quantity=30), receipt("b", 10, 7, 1)) == D(4)


# --- properties ---

COSTS = st.decimals(0, 10_000, places=4, allow_nan=False)
QUANTITIES = st.decimals(0, 1000, places=2, allow_nan=False)


@st.composite
def histories(draw):
    """Events with revisions, doubles and reversals, and their order shuffled."""
    events = []
    for n in range(draw(st.integers(1, 12))):
        minute, quantity = draw(st.integers(0, 5)), draw(QUANTITIES)
        if draw(st.integers(0, 3)) == 0:
            events.append(issue(f"i{n}", quantity, minute))
            continue
        events.append(receipt(f"r{n}", quantity, draw(st.none() | COSTS), minute))
        revisions = range(1, draw(st.integers(1, 4)))
        events += [revised(f"r{n}", draw(COSTS), revision, minute) for revision in revisions]
        if draw(st.integers(0, 5)) == 0:
            events.append(Event(about=f"r{n}", kind=EventKind.REVERSAL, effective_at=at(minute), document_revision=1))
    return events


@given(histories(), st.sampled_from(EmptyStock), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_any_order_and_any_number_of_times_gives_the_same_end(events, policy, random):
    mixed = events + random.sample(events, random.randint(0, len(events)))
    random.shuffle(mixed)
    assert replay(mixed, policy) == replay(events, policy)


@given(histories(), st.sampled_from(EmptyStock), st.data())
@settings(deadline=None)
def test_a_replay_gives_what_going_on_from_anywhere_gives(events, policy, data):
    whole = movements(events)
    cut = data.draw(st.integers(0, len(whole)))
    half = follow(Balance(), whole[:cut], policy)
    assert follow(half, whole[cut:], policy) == replay(events, policy)


def exact(events, policy):
    """Another calculation, by fractions, of (quantity, average or None)."""
    receipts, costs, gone, moves = {}, {}, set(), []
    for event in {id(each): each for each in events}.values():
        if event.kind is EventKind.REVERSAL:
            gone.add(event.about)
        elif event.kind is EventKind.COST_REVISION or event.kind is EventKind.RECEIPT:
            if event.kind is EventKind.RECEIPT:
                receipts[event.about] = event
            if event.revision >= costs.get(event.about, (-1, None))[0]:
                costs[event.about] = (event.revision, event.unit_cost)
        else:
            moves.append((event.effective_at, event.about, -Fraction(event.quantity), None))
    for name, event in receipts.items():
        if name not in gone:
            moves.append((event.effective_at, name, Fraction(event.quantity), costs[name][1]))
    held, mean, seen, stuck = Fraction(0), None, False, False
    for _, _, change, cost in sorted(moves, key=lambda move: move[:2]):
        if change <= 0:
            held += change
            continue
        if cost is None:
            mean, stuck = None, True
        elif not seen and not stuck and held == 0:
            mean = Fraction(cost)
        elif held > 0:
            if mean is not None:
                mean = (held * mean + change * Fraction(cost)) / (held + change)
        elif policy is EmptyStock.TAKE_INCOMING:
            mean, stuck = Fraction(cost), False
        elif policy is EmptyStock.BLOCK:
            mean, stuck = None, True
        elif mean is not None:
            mean = (abs(held) * mean + change * Fraction(cost)) / (abs(held) + change)
        elif not stuck:
            mean = Fraction(cost)
        seen, held = True, held + change
    return held, mean


def same(balance, expected):
    quantity, mean = expected
    if (balance.average is None) != (mean is None):
        return False
    close = mean is None or abs(Fraction(balance.average) - mean) <= PRECISION * max(1, abs(mean))
    return close and Fraction(balance.quantity) == quantity


@given(histories(), st.sampled_from(EmptyStock))
@settings(deadline=None, max_examples=150)
def test_the_average_is_that_of_an_exact_calculation_to_forty_digits(events, policy):
    assert same(replay(events, policy), exact(events, policy)), exact(events, policy)


@pytest.mark.behaviour("R41")
class Ledger(RuleBasedStateMachine):
    """Events as a warehouse sends them: out of order, twice, revised; the running balance is always the exact one."""

    def __init__(self):
        super().__init__()
        self.events, self.count = [], 0
        self.balance = Balance()

    def hear(self, event):
        known = any(event.about == each.about for each in self.events)
        self.events.append(event)
        (new,) = movements([event]) or [None]
        if (
            new is not None
            and not known
            and (self.balance.last is None or (new.effective_at, new.about) > self.balance.last)
        ):
            self.balance = follow(self.balance, [new], EmptyStock.TAKE_INCOMING)
        else:
            self.balance = replay(self.events)

    @rule(quantity=QUANTITIES, cost=st.none() | COSTS, minute=st.integers(0, 50))
    def receive(self, quantity, cost, minute):
        self.count += 1
        self.hear(receipt(f"r{self.count:03}", quantity, cost, minute))

    @rule(quantity=QUANTITIES, minute=st.integers(0, 50))
    def ship(self, quantity, minute):
        self.count += 1
        self.hear(issue(f"i{self.count:03}", quantity, minute))

    @rule(data=st.data(), cost=COSTS)
    def revise(self, data, cost):
        receipts = [each for each in self.events if each.kind is EventKind.RECEIPT]
        if receipts:
            of = data.draw(st.sampled_from(receipts))
            revision = 1 + max(each.revision for each in self.events if each.about == of.about)
            self.events.append(revised(of.about, cost, revision, 0))
            self.balance = replay(self.events)

    @rule(data=st.data())
    def repeat(self, data):
        if self.events:
            self.events.append(data.draw(st.sampled_from(self.events)))
            self.balance = replay(self.events)

    @invariant()
    def the_running_balance_is_the_exact_one(self):
        assert self.balance == replay(self.events)
        assert same(self.balance, exact(self.events, EmptyStock.TAKE_INCOMING))


TestLedger = Ledger.TestCase
TestLedger.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


@pytest.mark.behaviour("R41")
def test_the_averages_of_a_real_purchase_history_are_exact():
    """8,845 purchase lines: short, rejected, several prices a product; rejected goods are no stock."""
    if not AW.exists():
        pytest.skip(f"the purchase history is not here ({AW})")
    with (AW / "PurchaseOrderDetail.csv").open(encoding="utf-8") as file:
        rows = list(csv.reader(file, delimiter="\t"))
    assert len(rows) == 8845
    ledgers, value, stock = {}, {}, {}
    for _, detail, due, _, product, price, _, received, rejected, stocked, _ in rows:
        assert D(received) - D(rejected) == D(stocked)
        event = receipt(detail.zfill(6), stocked, price, 0)
        event = Event(
            **{
                **{n: getattr(event, n) for n in Event.__struct_fields__},
                "effective_at": datetime.fromisoformat(due).replace(tzinfo=UTC),
            }
        )
        ledgers.setdefault(product, []).append(event)
        value[product] = value.get(product, 0) + Fraction(stocked) * Fraction(price)
        stock[product] = stock.get(product, 0) + Fraction(stocked)
    assert len(ledgers) == 265
    for product, events in ledgers.items():
        balance = replay(events)
        assert Fraction(balance.quantity) == stock[product]
        assert abs(Fraction(balance.average) - value[product] / stock[product]) < PRECISION, product
        assert balance.blocked is None
