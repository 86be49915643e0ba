"""Every query of labels uses its index, and their pages end."""

from __future__ import annotations

import re

import pytest
from tests.store.test_query_plans import MS, Recording, plans

from crossdock.rules.labels import LabelState, UnlistedLabelStep
from crossdock.store import labels, migrate, sqlite
from crossdock.store.labels import LabelVersion


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """Many labels that are well, a few for which something is due."""
    opened = sqlite.connect(str(tmp_path_factory.mktemp("labels") / "crossdock.db"))
    opened.connect()
    migrate.migrate(opened)
    raw = opened.connection()
    raw.execute("BEGIN")
    numbers = range(1, 2001)
    raw.executemany(
        "INSERT INTO orders (id, connection, ref, number, content_hash, payload, sliced, status, shop, logistics, "
        "created_at, revision, fetched_at, gift_released) VALUES (?, 'oms', ?, ?, 1, x'', 0, 'paid', '', '', ?, 1, ?, 0)",
        [(n, f"O{n}", f"N{n}", MS, MS) for n in numbers],
    )
    raw.executemany(
        "INSERT INTO labels (id, order_id, oms, state, version, parcel_exists, look, attempts, next_at) "
        "VALUES (?, ?, 'oms', ?, 1, 0, 0, 0, ?)",
        [
            (n, n, LabelState.REQUESTED if n % 100 == 0 else LabelState.READY, MS if n % 100 == 0 else None)
            for n in numbers
        ],
    )
    raw.executemany(
        "INSERT INTO label_versions (label_id, version, state, content_type, content_hash, size, based_on, fetched_at, "
        "printed_count) VALUES (?, 1, 2, 'application/pdf', ?, 1, 'a', ?, 0)",
        [(n, f"h{n}", MS) for n in numbers],
    )
    raw.execute("COMMIT")
    yield opened
    opened.close()


@pytest.fixture
def tx(database):
    raw = database.connection()
    raw.execute("BEGIN")
    yield Recording(database)
    raw.execute("ROLLBACK")


HOT = {
    "due": (lambda tx: labels.due(tx, "oms", MS, 2), "label_due"),
    "next due": (lambda tx: labels.next_due(tx, "oms"), "label_due"),
    "due of the tick": (lambda tx: labels.due_connections(tx, MS), "label_due"),
    "of orders": (lambda tx: labels.of_orders(tx, list(range(1, 201))), "order_id"),
    "pushed": (lambda tx: labels.pushed(tx, [(MS, 1)]), "order_id"),
    "parcel": (lambda tx: labels.parcel_known(tx, 1, "picking"), "order_id"),
    "one": (lambda tx: labels.get(tx, 1), "PRIMARY KEY"),
    "version": (lambda tx: labels.version(tx, 1, 1), "label_id"),
    "versions": (lambda tx: labels.versions(tx, 1), "label_id"),
    "content": (lambda tx: labels.content(tx, 1, 1), "label_id"),
    "has content": (lambda tx: labels.has_content(tx, 1, 1), "label_id"),
    "dropping": (lambda tx: labels.drop_older(tx, 1, 2), "operation_entity"),
    "a state": (lambda tx: labels.page(tx, LabelState.REQUESTED, None, 0, 50), "label_state"),
    "all": (lambda tx: labels.page(tx, None, None, 0, 50), "PRIMARY KEY"),
}


@pytest.mark.parametrize("name", HOT)
def test_a_query_of_labels_uses_its_index(database, tx, name):
    unit, index = HOT[name]
    unit(tx)
    found = plans(database, tx)
    assert any(index in line for _, lines in found for line in lines), found
    for sql, lines in found:
        for line in lines:
            if re.search(r"\bSCAN (l|o|labels|label_versions|label_bytes|orders|operations)\b", line):
                assert "USING" in line, (sql, line)


def test_pages_go_on_where_they_ended_until_all_were_seen(tx):
    seen, after = [], 0
    while page := labels.page(tx, LabelState.REQUESTED, "oms", after, 7):
        seen += [row.ref for row in page]
        after = page[-1].head.id
    assert seen == [f"O{n}" for n in range(100, 2001, 100)]
    assert labels.page(tx, None, "other", 0, 7) == []


def test_a_step_that_is_not_listed_changes_nothing(tx):
    head = labels.get(tx, 1)
    with pytest.raises(UnlistedLabelStep):
        labels.save(tx, head, state=LabelState.ABSENT)
    held = labels.newest(tx, head)
    with pytest.raises(UnlistedLabelStep):
        labels.keep(tx, held, state=LabelState.REQUESTED)
    assert (labels.get(tx, 1), labels.newest(tx, head)) == (head, held)


def test_a_clock_that_is_set_back_lets_nothing_wait_longer(tx):
    labels.pushed(tx, [(MS + 3_600_000, 1)])
    labels.moved(tx, -3_600_000, MS)
    assert labels.get(tx, 1).next_at == MS


def test_a_version_is_kept_with_its_bytes(tx):
    version = LabelVersion(
        label_id=1, version=2, state=LabelState.READY, content_type="application/pdf", content_hash="h", size=3,
        based_on="b", tracking_number=None, fetched_at=MS,
    )  # fmt: skip
    labels.add(tx, version, b"\x00\xffx")
    assert (labels.version(tx, 1, 2), labels.content(tx, 1, 2)) == (version, b"\x00\xffx")
    assert labels.drop_older(tx, 1, 3) == 1
    assert (labels.version(tx, 1, 2), labels.content(tx, 1, 2)) == (version, None)
