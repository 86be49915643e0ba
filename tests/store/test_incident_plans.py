"""The queries of incidents, simulations and reconciliations use their indexes, in a database full of what went well."""

from __future__ import annotations

import pytest
from tests.store.test_query_plans import MS, Recording, plans

from crossdock.flows import reconcile_oms, reconcile_plan, simulate, troubles
from crossdock.flows.reconcile_plan import Plan
from crossdock.flows.reconsider import Desk
from crossdock.rules.push_states import PushState
from crossdock.rules.reconcile import ASKED
from crossdock.rules.troubles import PUSH, Cause, Held, Trouble
from crossdock.store import incidents, migrate, open_pushes, reconciled, sent_pushes, sqlite
from crossdock.store.book import BookCache
from crossdock.store.times import from_ms

TROUBLE = Trouble(
    cause=Cause.MAPPING, connection="wms", operation=PUSH, code="sku", missing="A", warehouse="WH", text="t"
)


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """A database in its third month: 3,000 orders are pushed, 300 incidents are healed, one holds 100 orders."""
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
    raw.executemany(
        "INSERT INTO pushes (id, order_id, oms, group_no, generation, latest, unsettled, connection, warehouse, key, "
        "state, strategy, origin, actor, why, attempts, faults, needs_person, doubted, cancel_wanted, changed, revision) "
        "VALUES (?, ?, 'oms', 1, 1, 1, ?, 'wms', 'WH1', ?, ?, '', 'automatic', '', '', 1, 0, 0, 0, 0, 0, 1)",
        [
            (n, n, 1 if n % 30 == 0 else None, f"XD-{n}", PushState.HELD if n % 30 == 0 else PushState.PUSHED)
            for n in numbers
        ],
    )
    raw.executemany(
        "INSERT INTO incidents (id, fingerprint, cause, connection, operation, code, missing, text, opened_at, last_at, owner, healed_at) "
        "VALUES (?, ?, 'mapping', 'wms', 'push', 'sku', ?, 't', 1, 1, '', 2)",
        [(n, f"old{n}", f"{n}") for n in range(1, 301)],
    )  # fmt: skip
    for name, value in (("orders", 3000), ("pushes", 3000), ("incidents", 300)):
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


def cannot_read(*_):
    raise ValueError


DESK = Desk(BookCache(30), cannot_read, from_ms(MS))
QUERIES = {
    "report": lambda tx: incidents.report(tx, TROUBLE, "order:30", 1),
    "keep": lambda tx: incidents.keep(tx, "order:30", PUSH, [Held(TROUBLE)], 1),
    "heal": lambda tx: (incidents.report(tx, TROUBLE, "order:30", 1), incidents.heal(tx, "order:30", 1, operation=PUSH)),
    "subjects": lambda tx: incidents.subjects(tx, 1, "", 100),
    "count": lambda tx: incidents.count(tx, 1),
    "open": lambda tx: incidents.page(tx, 0, 50),
    "healed": lambda tx: incidents.page(tx, 0, 50, healed=True),
    "by size": lambda tx: (incidents.report(tx, TROUBLE, "order:30", 1), incidents.by_size(tx, 0, 50)),
    "behind the largest": lambda tx: (incidents.report(tx, TROUBLE, "order:30", 1), incidents.by_size(tx, 301, 50)),
    "tally": lambda tx: incidents.tally(tx, 1),
    "waiting": incidents.waiting,
    "largest": lambda tx: incidents.largest(tx, 1, 5),
    "take": lambda tx: incidents.take(tx, 1, owner="ann"),
    "doubts": lambda tx: troubles.note_doubts(tx, "wms", 1),
    "simulate": lambda tx: simulate.look(tx, DESK, simulate.Wanted(), 0),
    "waiting at the OMS": lambda tx: open_pushes.named(tx, "oms", reconcile_oms.WAITING, 0, 0, 50),
    "counted": lambda tx: sent_pushes.below(tx, "wms", None, ASKED, 3001, 5_000, 0),
    "close healed": lambda tx: reconcile_plan.close_healed(tx, Plan(), 1),
    "last daily": reconciled.last,
    "begin daily": lambda tx: reconciled.begin(tx, 1),
    "waiting tasks": reconciled.waiting,
    "ask": lambda tx: reconciled.ask(tx, "{}", 1, origin="user"),
}  # fmt: skip


@pytest.mark.parametrize("name", QUERIES)
@pytest.mark.behaviour("P9")
def test_the_query_reads_no_table_from_end_to_end(database, tx, name):
    QUERIES[name](tx)
    assert tx.seen
    for sql, lines in plans(database, tx):
        for line in lines:
            scanned = line.startswith("SCAN") and "INDEX" not in line and "CONSTANT ROW" not in line
            assert not scanned, (sql, lines)


@pytest.mark.parametrize("name", ["subjects", "open", "healed", "simulate", "waiting at the OMS", "counted"])
def test_a_page_is_not_sorted_to_be_cut(database, tx, name):
    QUERIES[name](tx)
    for sql, lines in plans(database, tx):
        assert not any("TEMP B-TREE FOR ORDER BY" in line for line in lines), (sql, lines)


def test_a_simulation_and_a_list_write_nothing(database, tx):
    for name in ("simulate", "open", "healed", "subjects", "count", "tally", "waiting at the OMS", "counted"):
        QUERIES[name](tx)
    assert all(sql.startswith("SELECT") for sql, _ in tx.seen)
