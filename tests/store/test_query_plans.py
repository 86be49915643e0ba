"""Every hot query uses its index: what SQLite says about the very statements that the store runs."""

from __future__ import annotations

import re

import pytest

from crossdock.env import Env
from crossdock.rules.book import PushStrategy
from crossdock.rules.connection_health import ConnectionHealth
from crossdock.rules.push_states import PushState, Tab
from crossdock.spec.outbound import Stage
from crossdock.store import (
    amendments,
    book,
    connections,
    counters,
    cursors,
    migrate,
    orders,
    outbox,
    packages,
    push_reports,
    pushes,
    quarantine,
    sqlite,
    tasks,
    throttles,
    timeline,
    views,
)
from crossdock.store.outbox import Claimed, Settled
from crossdock.store.store import Store, Transaction

MS = 1_700_000_000_000


class Recording(Transaction):
    """Keeps every statement that a unit of work runs, with values that stand for themselves."""

    def __init__(self, database):
        super().__init__(database)
        self.seen = []

    def execute(self, sql, values=()):
        self.seen.append((sql, values))
        return super().execute(sql, values)

    def execute_many(self, sql, rows):
        rows = list(rows)
        self.seen += [(sql, row) for row in rows[:1]]
        return super().execute_many(sql, rows)

    def rows(self, sql, values=()):
        self.seen.append((sql, values))
        return super().rows(sql, values)

    def one(self, sql, values=()):
        self.seen.append((sql, values))
        return super().one(sql, values)


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """A database as it looks in the third month: nearly everything is pushed, little is open."""
    opened = sqlite.connect(str(tmp_path_factory.mktemp("plans") / "crossdock.db"))
    opened.connect()
    migrate.migrate(opened)
    raw = opened.connection()
    raw.execute("BEGIN")
    numbers = range(1, 3001)
    raw.executemany(
        "INSERT INTO orders (id, connection, ref, number, content_hash, payload, sliced, status, shop, logistics, "
        "created_at, revision, fetched_at, gift_released) VALUES (?, 'oms', ?, ?, 1, x'', 0, 'paid', '', '', ?, 1, ?, 0)",
        [(n, f"O{n}", f"N{n}", MS, MS) for n in numbers],
    )
    states = {
        n: PushState(n % 6) if n % 100 == 0 else PushState.CANCELLED if n % 97 == 0 else PushState.PUSHED
        for n in numbers
    }
    raw.executemany(
        "INSERT INTO pushes (id, order_id, oms, group_no, generation, latest, unsettled, connection, warehouse, key, "
        "state, strategy, origin, actor, why, again_at, next_at, attempts, faults, needs_person, doubted, cancel_wanted, "
        "changed, revision, queued_at, report_at) "
        "VALUES (?, ?, 'oms', 1, 1, 1, ?, 'wms', 'WH1', ?, ?, '', 'automatic', '', '', ?, ?, 0, 0, 0, 0, 0, ?, 1, ?, NULL)",
        [
            (
                n, n, None if state in views.SETTLED else 1, f"XD-{n}", state, MS if state == PushState.HELD else None,
                MS if state == PushState.QUEUED else None, n % 50 == 7, MS,
            )
            for n, state in states.items()
        ],
    )  # fmt: skip
    for name, value in (("orders", 3000), ("pushes", 3000)):
        raw.execute("INSERT INTO counters (name, value) VALUES (?, ?)", (name, value))
    raw.execute("INSERT INTO cursors (connection, stream) VALUES ('oms', 'orders')")
    raw.execute("COMMIT")
    yield opened
    opened.close()


@pytest.fixture
def tx(database):
    """A transaction that records, and is undone."""
    raw = database.connection()
    raw.execute("BEGIN")
    yield Recording(database)
    raw.execute("ROLLBACK")


def plans(database, tx):
    """Return (statement, plan) of everything that was run."""
    raw = database.connection()
    found = []
    for sql, values in tx.seen:
        if sql.lstrip().upper().startswith("INSERT") and "SELECT" not in sql.upper():
            continue
        lines = [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
        found.append((sql, lines))
    return found


def claimed(**fields):
    base = {
        "id": 1,
        "key": "k",
        "body": b"",
        "attempts": 0,
        "faults": 0,
        "first_fault_at": None,
        "oms": "oms",
        "cancel_wanted": False,
        "order_id": 1,
        "doubted": False,
        "state": PushState.QUEUED,
    }
    known = {name: value for name, value in {**base, **fields}.items() if name in Claimed.__struct_fields__}
    return Claimed(**known)


REFS = [f"O{n}" for n in range(200)]
IDS = list(range(1, 201))
HOT = {
    "claim": (lambda tx: outbox.claim(tx, 1, "wms", PushState.QUEUED, 400, MS), "push_due"),
    "attempts before": (lambda tx: tx.rows(outbox._SENT_BEFORE + "?, ?)", (1, 2)), "PRIMARY KEY"),
    "claim_to_ask": (lambda tx: outbox.claim_to_ask(tx, 1, "wms", False, MS, 100, MS), "push_due"),
    "take_over": (lambda tx: outbox.take_over(tx, 1, "wms", MS, MS), "push_run"),
    "leave_to_a_person": (lambda tx: outbox.leave_to_a_person(tx, "wms", cancelled_only=True), "push_due"),
    "next_due": (lambda tx: outbox.next_due(tx, "wms"), "push_due"),
    "save": (
        lambda tx: outbox.save(
            tx, 1, [Settled(id=1, state=PushState.PUSHED, at=MS), Settled(id=2, state=PushState.IN_DOUBT, at=MS)]
        ),
        "PRIMARY KEY",
    ),
    "give_back": (lambda tx: outbox.give_back(tx, 1, [claimed()], MS), "PRIMARY KEY"),
    "due_again": (lambda tx: pushes.due_again(tx, MS, 200), "push_again"),
    "decide_again": (lambda tx: pushes.decide_again(tx, MS), "push_open"),
    "of_orders": (lambda tx: pushes.of_orders(tx, IDS), "order_id"),
    "by_ids": (lambda tx: pushes.by_ids(tx, IDS), "PRIMARY KEY"),
    "of_order": (lambda tx: pushes.of_order(tx, 1), "order_id"),
    "body": (lambda tx: pushes.body(tx, 1), "PRIMARY KEY"),
    "known_hashes": (lambda tx: orders.known_hashes(tx, "oms", REFS), "connection"),
    "load": (lambda tx: orders.load(tx, "oms", REFS), "connection"),
    "load_ids": (lambda tx: orders.load_ids(tx, IDS), "PRIMARY KEY"),
    "reports": (lambda tx: push_reports.due(tx, "oms", MS, 100), "push_report"),
    "timeline": (lambda tx: timeline.of_order(tx, 1), "order_id"),
    "task item that ends": (lambda tx: tasks.end_as(tx, 1, [tasks.Item("A", "queued", "for W")]), "task_item_ref"),
    "task items": (lambda tx: tasks.items(tx, 1, 0, 50), "task_id"),
    "queued tasks": (lambda tx: tasks.queued(tx, "oms"), "state"),
    "running tasks": (tasks.requeue_running, "state"),
    "cursor": (lambda tx: cursors.load(tx, "oms"), "sqlite_autoindex_cursors"),
    "throttle": (lambda tx: throttles.again_at(tx, "x", 1, MS), "sqlite_autoindex_throttles"),
    "running throttles": (lambda tx: throttles.running(tx, 300_000, MS, 200), "throttle_at"),
    "old throttles": (lambda tx: throttles.forget(tx, MS, 500), "throttle_at"),
    "counter": (lambda tx: counters.current(tx, "pushes"), "sqlite_autoindex_counters"),
    "quarantined": (lambda tx: quarantine.among(tx, "oms", ["A"]), "quarantinerow_connection_ref"),
    "quarantine page": (lambda tx: quarantine.page(tx, 0, 50), "PRIMARY KEY"),
    "book": (lambda tx: book.entries(tx, PushStrategy), "sqlite_autoindex_book"),
    "failed": (lambda tx: views.failed_pushes(tx, views.Wanted(), 0, 1000), "push_open"),
    "count of failed": (lambda tx: views.count_failed(tx, views.Wanted(warehouse="WH1")), "push_open"),
    "parked": (lambda tx: views.order_page(tx, views.Wanted(parked=True), None, 50), "push_open"),
    "tab of open orders": (
        lambda tx: views.order_page(tx, views.Wanted(states=(PushState.NOT_PUSHED, PushState.HELD)), None, 50),
        "push_open",
    ),
    "one open state": (
        lambda tx: views.order_page(tx, views.Wanted(states=(PushState.IN_DOUBT,), warehouse="WH1"), None, 50),
        "push_open",
    ),
    "cancelled": (lambda tx: views.order_page(tx, views.Wanted(states=(PushState.CANCELLED,)), None, 50), "push_cancelled"),
    "tab of abnormal orders": (
        lambda tx: views.order_page(tx, views.Wanted(tab=Tab.ABNORMAL, warehouse="WH1"), None, 50),
        "push_changed",
    ),
    "changed": (lambda tx: views.order_page(tx, views.Wanted(changed=True), None, 50), "push_changed"),
    "aged": (lambda tx: views.order_page(tx, views.Wanted(aged=True), None, 50), "push_aged"),
    "aged at one state": (
        lambda tx: views.order_page(tx, views.Wanted(aged=True, states=(PushState.HELD,)), None, 50),
        "push_aged",
    ),
    "changed at one state": (
        lambda tx: views.order_page(tx, views.Wanted(changed=True, states=(PushState.PUSHED,)), None, 50),
        "push_changed",
    ),
    "updated": (lambda tx: views.order_page(tx, views.Wanted(updated=True, warehouse="WH1"), None, 50), "push_updated"),
    "updated of a tab": (
        lambda tx: views.order_page(tx, views.Wanted(updated=True, tab=Tab.IN_PROGRESS), None, 50), "push_updated",
    ),
    "packages that were updated": (lambda tx: packages.page(tx, None, views.Wanted(updated=True), None, 50), "push_updated"),
    "pending packages that were updated": (
        lambda tx: packages.page(tx, Stage.PENDING, views.Wanted(updated=True), None, 50), "push_updated",
    ),
    "pushed": (
        lambda tx: views.order_page(tx, views.Wanted(states=(PushState.PUSHED,)), None, 50),
        "PRIMARY KEY",
    ),
    "all orders": (lambda tx: views.order_page(tx, views.Wanted(), 2000, 50), "PRIMARY KEY"),
    "rows of orders": (lambda tx: views.of_order_ids(tx, IDS), "order_id"),
    "one state after the push": (
        lambda tx: views.order_page(tx, views.Wanted(states=(PushState.SHIPPED,)), None, 50), "push_followed",
    ),
    "pushes by key": (lambda tx: pushes.by_keys(tx, "wms", [f"XD-{n}" for n in range(500)]), "pushrow_key"),
    "amendment": (lambda tx: amendments.load(tx, 1), "PRIMARY KEY"),
    "amendments": (lambda tx: amendments.of_pushes(tx, IDS), "PRIMARY KEY"),
    "packages at a stage": (lambda tx: packages.page(tx, Stage.PICKED, views.Wanted(), None, 50), "push_stage"),
    "packages cancelled": (lambda tx: packages.page(tx, Stage.CANCELLED, views.Wanted(), None, 50), "push_cancelled"),
    "packages pending": (lambda tx: packages.page(tx, Stage.PENDING, views.Wanted(), None, 50), "PRIMARY KEY"),
    "all packages": (lambda tx: packages.page(tx, None, views.Wanted(warehouse="WH1"), 2000, 50), "PRIMARY KEY"),
    "by ref or number": (lambda tx: views.find_orders(tx, "N7", None), "order_number"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOT)
def test_a_hot_query_uses_its_index(database, tx, name):
    unit, index = HOT[name]
    unit(tx)
    found = plans(database, tx)
    assert any(index in line for _, lines in found for line in lines), found
    for sql, lines in found:
        for line in lines:
            if re.search(r"\bSCAN (p|o|b|pushes|orders|push_bodies|timeline|task_items|throttles)\b", line):
                assert "USING" in line, (sql, line)


@pytest.mark.parametrize("wanted", [views.Wanted(tab=Tab.ABNORMAL), views.Wanted(changed=True)], ids=["tab", "changed"])
def test_orders_that_changed_are_found_by_their_index_alone(database, tx, wanted):
    views.order_page(tx, wanted, None, 50)
    for sql, lines in plans(database, tx):
        for line in lines:
            if re.search(r"(SCAN|SEARCH) p\b", line):
                assert any(name in line for name in ("push_changed", "push_open", "push_followed")), (sql, line)


def test_counting_reads_no_row_of_what_went_well(database, tx):
    counted = views.counts(tx)
    assert counted.states[PushState.PUSHED] == int(
        database.execute_sql("SELECT COUNT(*) FROM pushes WHERE state = 6").fetchone()[0]
    )
    for sql, lines in plans(database, tx):
        for line in lines:
            if re.search(r"(SCAN|SEARCH) pushes", line):
                used = ("push_open", "push_cancelled", "push_changed", "push_followed", "push_updated")
                assert any(name in line for name in used), (sql, line)


def test_due_connections_of_the_tick_come_from_the_index(database):
    raw = database.connection()
    raw.execute("BEGIN")
    recording = Recording(database)
    assert outbox.due_connections(recording, MS) == ["wms"]
    raw.execute("ROLLBACK")
    assert all("push_due" in line for _, lines in plans(database, recording) for line in lines if "pushes" in line)


def test_a_health_that_is_saved_is_found_by_name(database, tx):
    connections.save_health(tx, "oms", ConnectionHealth())
    assert connections.load_health(tx) == {"oms": ConnectionHealth()}


async def test_the_store_runs_views_in_a_reader(tmp_path):
    opened = sqlite.connect(str(tmp_path / "crossdock.db"))
    opened.connect()
    migrate.migrate(opened)
    store = Store(opened, Env())
    counted = await store.read(views.counts)
    store.close()
    assert set(counted.states.values()) == {0}
