"""The audit's chain: whatever is done to a row is found, and what is removed by age leaves the rest verifiable."""

from __future__ import annotations

import sqlite3

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossdock.store import audit, audit_chain, migrate, sqlite
from crossdock.store.audit import Entry
from crossdock.store.store import Transaction

pytestmark = pytest.mark.security("S6")
DAY = 86_400_000
ROWS = 12


@pytest.fixture
def database(tmp_path):
    opened = sqlite.connect(str(tmp_path / "crossdock.db"))
    opened.connect()
    migrate.migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def tx(database):
    return Transaction(database)


def fill(tx, count=ROWS):
    for number in range(count):
        entry = Entry(actor="anna", action="settle", object=f"oms/{number}", reason="seen", uid=1000, roles="operator")
        audit.write(tx, entry, number * DAY)


def verified(tx, limit=5):
    walk = audit_chain.Walk()
    while not walk.ended and walk.bad is None:
        walk = audit_chain.step(tx, walk, limit)
    return walk


def unlocked(tx):
    """Somebody who may write to the file takes the triggers away first."""
    for name in ("audit_no_update", "audit_no_delete"):
        tx.execute(f"DROP TRIGGER {name}")


@pytest.mark.parametrize("limit", [1, 3, ROWS, 100])
def test_a_chain_that_nobody_touched_is_whole_however_it_is_read(tx, limit):
    fill(tx)
    walk = verified(tx, limit)
    assert (walk.bad, walk.checked, walk.at) == (None, ROWS, ROWS)


def test_an_audit_without_rows_is_whole(tx):
    assert verified(tx).bad is None


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit SET actor = 'bo' WHERE id = 3", "DELETE FROM audit WHERE id = 3", "DELETE FROM audit",
     "REPLACE INTO audit SELECT * FROM audit WHERE id = 3"],
)  # fmt: skip
def test_the_database_refuses_to_change_or_remove_a_row(tx, statement):
    fill(tx)
    with pytest.raises(sqlite3.IntegrityError, match="audit"):
        tx.execute(statement)
    assert verified(tx).bad is None


COLUMNS = ["at", "actor", "uid", "roles", "action", "object", "before", "after", "reason", "result", "previous", "hash",
           "request"]  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(row=st.integers(1, ROWS), column=st.sampled_from(COLUMNS))
def test_a_row_that_was_changed_is_named_whichever_it_is_and_whatever_was_changed(tmp_path_factory, row, column):
    opened = sqlite.connect(str(tmp_path_factory.mktemp("changed") / "x.db"))
    opened.connect()
    migrate.migrate(opened)
    tx = Transaction(opened)
    fill(tx)
    unlocked(tx)
    value = 77 if column in ("at", "uid") else "f" * 64
    tx.execute(f"UPDATE audit SET {column} = ? WHERE id = ?", (value, row))
    assert verified(tx).bad.id == row
    opened.close()


@pytest.mark.parametrize("row", range(1, ROWS + 1))
def test_a_row_that_was_removed_is_named(tx, row):
    fill(tx)
    unlocked(tx)
    tx.execute("DELETE FROM audit WHERE id = ?", (row,))
    found = verified(tx).bad
    assert found.id == row
    assert "cut off" in found.text if row == ROWS else "removed" in found.text


def test_rows_that_changed_places_are_named(tx):
    fill(tx)
    unlocked(tx)
    for before, after in ((4, 99), (7, 4), (99, 7)):
        tx.execute("UPDATE audit SET id = ? WHERE id = ?", (after, before))
    assert verified(tx).bad.id == 4


def test_rows_cut_off_at_the_end_are_found_and_stay_found_when_more_is_written(tx):
    fill(tx)
    unlocked(tx)
    tx.execute("DELETE FROM audit WHERE id > 9")
    assert "rows 10 to 12 were cut off" in verified(tx).bad.text
    fill(tx, 1)
    assert verified(tx).bad.id == 10


def test_a_row_put_in_at_the_end_is_found(tx):
    fill(tx)
    forged = msgspec.structs.replace(
        audit.page(tx, 11, 1)[0], id=13, actor="root", previous=audit_chain.hash_at(tx, 12)
    )
    forged = msgspec.structs.replace(forged, hash=audit.digest(forged))
    tx.execute(audit._INSERT, tuple(getattr(forged, name) for name in audit.FIELDS))
    assert verified(tx).bad.id == 13


def test_rows_cut_off_with_a_mended_seal_are_found_by_a_hash_that_was_noted_elsewhere_only(tx):
    fill(tx)
    noted = audit.seal(tx).last_hash
    unlocked(tx)
    tx.execute("DELETE FROM audit WHERE id > 9")
    tx.execute("UPDATE audit_seal SET last_id = 9, last_hash = (SELECT hash FROM audit WHERE id = 9)")
    assert verified(tx).bad is None
    assert audit_chain.hash_at(tx, 12) != noted


def test_old_rows_are_removed_by_age_and_the_rest_stays_verifiable(tx):
    fill(tx)
    assert audit_chain.prune(tx, 5 * DAY, 3, 100 * DAY) == 3
    assert audit_chain.prune(tx, 5 * DAY, 3, 100 * DAY) == 2
    assert audit_chain.prune(tx, 5 * DAY, 3, 100 * DAY) == 0
    walk = verified(tx)
    assert (walk.bad, walk.checked) == (None, ROWS - 5 + 2)
    assert [row.action for row in audit.page(tx, ROWS, 9)] == ["audit.prune", "audit.prune"]


def test_what_crossdock_does_not_say_it_removed_was_not_removed_by_age(tx):
    fill(tx)
    known = audit_chain.hash_at(tx, 4)
    tx.execute("UPDATE audit_seal SET pruned_to = 4, pruned_hash = ?", (known,))
    tx.execute("DELETE FROM audit WHERE id <= 4")
    assert "no row says that crossdock removed them" in verified(tx).bad.text


def test_removal_by_age_goes_on_while_it_is_verified(tx):
    fill(tx)
    walk = audit_chain.step(tx, audit_chain.Walk(), 3)
    audit_chain.prune(tx, 8 * DAY, 100, 100 * DAY)
    while not walk.ended and walk.bad is None:
        walk = audit_chain.step(tx, walk, 3)
    assert walk.bad is None


def test_the_last_row_is_never_removed_so_that_the_chain_goes_on(tx):
    fill(tx)
    audit_chain.prune(tx, 1000 * DAY, 100, 1000 * DAY)
    fill(tx, 2)
    assert verified(tx).bad is None


def test_of_a_request_that_ended_only_the_end_is_listed(tx):
    for request, results in (("r1", ["begun", "done"]), ("r2", ["begun"])):
        for result in results:
            audit.write(tx, Entry(actor="anna", action="push", object="x", result=result, request=request), 1)
    listed = audit.newest(tx, audit.Sought(), None, 10)
    assert [(row.request, row.result) for row in listed] == [("r2", "begun"), ("r1", "done")]


@pytest.mark.parametrize(
    ("sought", "found"),
    [
        ({"actor": "bo"}, [3]),
        ({"action": "hold"}, [2]),
        ({"object": "oms/B"}, [3, 2]),
        ({"since": 20}, [3, 2]),
        ({"since": 31}, []),
        ({"actor": "nobody"}, []),
    ],
)
def test_rows_are_found_by_who_what_and_when(tx, sought, found):
    rows = (("anna", "push", "oms/A"), ("anna", "hold", "oms/B"), ("bo", "push", "oms/B"))
    for number, (actor, action, name) in enumerate(rows, 1):
        audit.write(tx, Entry(actor=actor, action=action, object=name), number * 10)
    assert [row.id for row in audit.newest(tx, audit.Sought(**sought), None, 10)] == found
    assert [row.id for row in audit.newest(tx, audit.Sought(**sought), 3, 10)] == [n for n in found if n < 3]
