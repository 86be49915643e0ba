"""What a draft stands for, and when the outlook of an order is another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.rules.book import AllocationRule, PushStrategy, StrategyKind, Warehouse, make_book
from crossdock.rules.decision import Asked, decide
from crossdock.rules.push_states import PushState
from crossdock.rules.simulation import Draft, Past, Would, drafted, foresee, is_draft, released
from crossdock.spec.orders import Order, OrderLine, OrderStatus

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BOOK = make_book(
    1, 30, [PushStrategy(name="std", kind=StrategyKind.STANDARD)],
    [Warehouse(code="WH", connection="wms", remote="1", strategies=("std",), oms_code="BKK")],
    [AllocationRule(position=1, warehouse="WH")], [],
)  # fmt: skip
ORDER = Order(
    ref="1", status=OrderStatus.PAID, created_at=NOW - timedelta(hours=1), updated_at=NOW, tracking_number="T",
    label_ready=True, lines=(OrderLine(line_no=1, sku="A", quantity=Decimal(1)),),
)  # fmt: skip


def outlook(draft, state=PushState.NOT_PUSHED, **past):
    return foresee(ORDER, Past(state=state, **past), drafted(BOOK, draft), NOW, Asked())


@pytest.mark.parametrize(
    ("draft", "would", "by"),
    [
        (Draft(), Would.KEEP, ""),
        (Draft(warehouse="WH", auto_push=True), Would.PUSH, "std"),
        (Draft(warehouse="WH", auto_push=True, strategy=PushStrategy(name="x", kind=StrategyKind.ADVANCE), use="x"), Would.PUSH, "x"),
        (Draft(warehouse="WH", auto_push=True, strategy=PushStrategy(name="std", kind=StrategyKind.MANUAL_ONLY)), Would.KEEP, ""),
        (Draft(settings=Warehouse(code="WH", connection="wms", remote="1", strategies=("std",), auto_push=True)), Would.PUSH, "std"),
    ],
)  # fmt: skip
@pytest.mark.behaviour("R31")
def test_a_draft_stands_for_what_is_saved(draft, would, by):
    found, _ = outlook(draft)
    assert (found.would, found.strategy) == (would, by)


def test_the_oms_code_leads_to_the_draft_of_a_warehouse():
    settings = Warehouse(code="WH", connection="wms", remote="9", oms_code="BKK")
    assert drafted(BOOK, Draft(settings=settings)).by_oms_code["BKK"].remote == "9"


def test_what_is_saved_is_left_as_it_is():
    drafted(
        BOOK,
        Draft(warehouse="WH", auto_push=True, strategy=PushStrategy(name="new", kind=StrategyKind.ADVANCE), use="new"),
    )
    assert set(BOOK.strategies) == {"std"}
    assert not BOOK.warehouses["WH"].auto_push


@pytest.mark.parametrize("draft", [Draft(warehouse="NO"), Draft(warehouse="WH", use="no")])
def test_a_draft_that_names_what_does_not_exist_is_refused(draft):
    with pytest.raises(ValueError, match="there is no"):
        drafted(BOOK, draft)


def test_naming_a_warehouse_alone_is_no_draft():
    assert not is_draft(Draft(warehouse="WH"))
    assert is_draft(Draft(warehouse="WH", auto_push=False))


@pytest.mark.parametrize(("due", "would", "code"), [(True, Would.PUSH, "failed"), (False, Would.KEEP, "parked")])
def test_a_push_that_failed_goes_when_its_retry_is_due_and_is_kept_where_it_is_parked(due, would, code):
    draft = Draft(warehouse="WH", auto_push=True)
    found, decision = outlook(draft, PushState.PUSH_FAILED, failure="no stock", due=due)
    assert (found.would, found.clauses[0].code) == (would, code)
    assert released(found, decision).would is Would.PUSH
    kept, decision = outlook(Draft(), PushState.PUSH_FAILED, failure="no stock")
    assert released(kept, decision) is kept


@given(st.booleans(), st.sampled_from(list(OrderStatus)), st.booleans())
def test_an_outlook_is_what_the_decision_would_be_and_differs_from_itself_never(auto, status, label):
    import msgspec

    order = msgspec.structs.replace(ORDER, status=status, label_ready=label)
    book = drafted(BOOK, Draft(warehouse="WH", auto_push=auto))
    found, _ = foresee(order, Past(state=PushState.NOT_PUSHED), book, NOW, Asked())
    assert (found.would is Would.PUSH) is (decide(order, PushState.NOT_PUSHED, book, NOW).state is PushState.QUEUED)
    assert not found.differs(found)
