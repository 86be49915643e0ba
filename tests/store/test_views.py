"""What people look at: pages that hold every order once, counts that are exact."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossdock.rules.book import PushStrategy, StrategyKind
from crossdock.rules.push_states import AT_WAREHOUSE, PushState, Tab, tab_of
from crossdock.store import book, migrate, sqlite, views
from crossdock.store.store import Transaction

INSERT_ORDER = (
    "INSERT INTO orders (id, connection, ref, number, content_hash, payload, sliced, status, shop, logistics, created_at, "
    "revision, fetched_at, gift_released) VALUES (?, ?, ?, ?, 1, x'', 0, 'paid', '', '', 1, 1, 1, 0)"
)
INSERT_PUSH = (
    "INSERT INTO pushes (id, order_id, oms, group_no, generation, latest, unsettled, connection, warehouse, key, state, "
    "strategy, origin, actor, why, next_at, attempts, faults, needs_person, doubted, cancel_wanted, changed, revision, "
    "queued_at) VALUES (?, ?, ?, 1, 1, 1, ?, 'wms', ?, ?, ?, '', 'automatic', '', '', ?, 0, 0, ?, 0, 0, ?, 1, ?)"
)


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    opened = sqlite.connect(str(tmp_path_factory.mktemp("views") / "crossdock.db"))
    opened.connect()
    migrate.migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def fill(database):
    """Store orders at these (state, warehouse, oms, changed or not), one a push id from 1; all is undone at the end."""
    raw = database.connection()

    def filled(rows):
        if raw.in_transaction:
            raw.execute("ROLLBACK")
        raw.execute("BEGIN")
        for number, (state, warehouse, oms, *rest) in enumerate(rows, start=1):
            changed = bool(rest and rest[0])
            raw.execute(INSERT_ORDER, (number, oms, f"O{number}", f"N{number}"))
            settled = state in views.SETTLED
            next_at = number if state in (PushState.QUEUED, PushState.PUSH_FAILED) and number % 2 else None
            raw.execute(
                INSERT_PUSH,
                (number, number, oms, None if settled else 1, warehouse, f"XD-{number}", state, next_at, number % 2, changed, 1000 - number),
            )  # fmt: skip
        raw.execute("INSERT INTO counters (name, value) VALUES ('pushes', ?)", (len(rows),))
        return Transaction(database)

    yield filled
    if raw.in_transaction:
        raw.execute("ROLLBACK")


def every_page(tx, wanted, limit):
    found, before, pages = [], None, 0
    while True:
        rows, before = views.order_page(tx, wanted, before, limit)
        assert len(rows) <= limit
        found += rows
        pages += 1
        if before is None:
            return found
        assert pages < 1000


rows = st.lists(
    st.tuples(st.sampled_from(PushState), st.sampled_from(["W1", "W2"]), st.sampled_from(["a", "b"]), st.booleans()),
    max_size=60,
)
wanteds = st.builds(
    views.Wanted,
    states=st.none() | st.sets(st.sampled_from(PushState), min_size=1).map(lambda found: tuple(sorted(found))),
    tab=st.none() | st.sampled_from(Tab),
    changed=st.booleans(),
    oms=st.none() | st.sampled_from(["a", "b"]),
    warehouse=st.none() | st.sampled_from(["W1", "W2"]),
)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(rows=rows, wanted=wanteds, limit=st.integers(1, 20), window=st.integers(1, 30))
def test_the_pages_hold_exactly_what_is_wanted_newest_first(fill, rows, wanted, limit, window):
    tx = fill(rows)
    before = views.WINDOW, views.WINDOWS
    views.WINDOW, views.WINDOWS = window, 2
    try:
        found = [row.id for row in every_page(tx, wanted, limit)]
    finally:
        views.WINDOW, views.WINDOWS = before
    expected = [
        number
        for number, (state, warehouse, oms, changed) in enumerate(rows, start=1)
        if (wanted.states is None or state in wanted.states)
        and (wanted.tab is None or tab_of(state, changed=changed) is wanted.tab)
        and (changed or not wanted.changed)
        and wanted.oms in (None, oms)
        and wanted.warehouse in (None, warehouse)
    ]
    assert found == expected[::-1]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(rows=rows)
def test_the_counts_are_exact(fill, rows):
    counted = views.counts(fill(rows))
    states = [state for state, _, _, _ in rows]
    assert counted.states == {state: states.count(state) for state in PushState}
    numbered = list(enumerate(states, start=1))
    assert counted.needs_person == sum(1 for n, state in numbered if state is PushState.IN_DOUBT and n % 2)
    assert counted.parked == sum(1 for n, state in numbered if state is PushState.PUSH_FAILED and n % 2 == 0)
    assert counted.changed == sum(1 for state, _, _, changed in rows if state in AT_WAREHOUSE and changed)
    for state in (PushState.QUEUED, PushState.IN_DOUBT):
        queued = [1000 - n for n, each in numbered if each is state]
        assert counted.oldest.get(state) == (min(queued) if queued else None)


def test_an_order_is_found_by_ref_first_then_by_number(fill):
    tx = fill([(PushState.HELD, "W1", "a"), (PushState.HELD, "W1", "b"), (PushState.HELD, "W1", "a")])
    tx.execute("INSERT INTO cursors (connection, stream) VALUES ('a', 'orders'), ('b', 'orders')")
    tx.execute("UPDATE orders SET number = 'O1' WHERE id = 3")
    assert [order.id for order in views.find_orders(tx, "O1", None)] == [1]
    assert [order.id for order in views.find_orders(tx, "N2", None)] == [2]
    assert views.find_orders(tx, "N2", "a") == []
    assert views.find_orders(tx, "n2", None) == []


def test_failed_pushes_are_listed_oldest_first_and_paged(fill):
    failed = (PushState.PUSH_FAILED, "W1", "a")
    tx = fill([failed, (PushState.PUSHED, "W1", "a"), failed, (PushState.PUSH_FAILED, "W2", "b"), failed])
    assert views.failed_pushes(tx, views.Wanted(), 0, 2) == [(1, 1), (3, 3)]
    assert views.failed_pushes(tx, views.Wanted(), 3, 9) == [(4, 4), (5, 5)]
    assert views.failed_pushes(tx, views.Wanted(oms="a", warehouse="W1"), 0, 9) == [(1, 1), (3, 3), (5, 5)]
    assert views.failed_pushes(tx, views.Wanted(oms="b"), 0, 9) == [(4, 4)]
    tx.execute("UPDATE pushes SET next_at = NULL")
    tx.execute("UPDATE pushes SET next_at = 1 WHERE id = 4")
    assert views.failed_pushes(tx, views.Wanted(parked=True), 0, 9) == [(1, 1), (3, 3), (5, 5)]
    assert (views.count_failed(tx, views.Wanted()), views.count_failed(tx, views.Wanted(), 2)) == (4, 2)
    assert views.count_failed(tx, views.Wanted(parked=True, oms="b")) == 0
    assert [row.id for row in views.order_page(tx, views.Wanted(parked=True), None, 9)[0]] == [5, 3, 1]


def test_one_entry_is_read_with_its_revision(fill):
    tx = fill([])
    book.save(tx, PushStrategy(name="std", kind=StrategyKind.ADVANCE))
    assert views.entry(tx, PushStrategy, "std") == PushStrategy(name="std", kind=StrategyKind.ADVANCE, revision=1)
    assert views.entry(tx, PushStrategy, "other") is None
