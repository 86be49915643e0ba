"""What waits in the database when the clock is set."""

from __future__ import annotations

import pytest

from crossdock.rules.push_states import PushState
from crossdock.store import clock, migrate, sqlite
from crossdock.store.store import Transaction

HOUR = 3_600_000
NOW = 1_800_000_000_000
"""The time on the clock that was set."""

INSERT = (
    "INSERT INTO pushes (id, order_id, oms, group_no, generation, latest, unsettled, connection, warehouse, key, state, "
    "strategy, origin, actor, why, next_at, report_at, settled_at, first_fault_at, attempts, faults, needs_person, doubted, "
    "cancel_wanted, changed, revision, queued_at) VALUES (?, ?, 'oms', 1, 1, 1, 1, 'wms', 'W', ?, ?, '', 'automatic', '', '', "
    "?, ?, ?, ?, 0, 0, 0, 0, 0, 0, 1, ?)"
)


@pytest.fixture
def tx(tmp_path):
    database = sqlite.connect(str(tmp_path / "crossdock.db"))
    database.connect()
    migrate.migrate(database)
    yield Transaction(database)
    database.close()


def put(tx, state, *, queued_at=NOW, next_at=None, report_at=None, settled_at=None, first_fault_at=None):
    number = tx.one("SELECT COUNT(*) FROM pushes")[0] + 1
    values = (number, number, f"K{number}", state, next_at, report_at, settled_at, first_fault_at, queued_at)
    tx.execute(INSERT, values)
    return number


def times(tx, number):
    return tx.one("SELECT next_at, report_at, settled_at, first_fault_at, again_at FROM pushes WHERE id = ?", (number,))


@pytest.mark.behaviour("P12")
@pytest.mark.parametrize("state", [PushState.QUEUED, PushState.PUSH_FAILED])
def test_what_would_wait_for_an_hour_after_the_clock_was_set_back_goes_at_once(tx, state):
    number = put(
        tx, state, queued_at=NOW + HOUR + 5, next_at=NOW + HOUR + 5, report_at=NOW + HOUR, first_fault_at=NOW + HOUR - 7
    )
    clock.moved(tx, -HOUR, NOW, {"wms": 60_000})
    assert times(tx, number) == (NOW, NOW, None, NOW - 7, NOW)
    assert tx.one("SELECT queued_at FROM pushes") == (NOW,)


@pytest.mark.behaviour("P12")
def test_what_was_to_be_tried_later_is_not_hurried_by_a_clock_set_ahead(tx):
    number = put(tx, PushState.PUSH_FAILED, next_at=NOW + 5, first_fault_at=NOW - HOUR - 7)
    clock.moved(tx, HOUR, NOW, {"wms": 60_000})
    assert times(tx, number) == (NOW + 5, None, None, NOW - 7, NOW)


@pytest.mark.behaviour("P4", "P12")
@pytest.mark.parametrize("by", [HOUR, -HOUR])
def test_the_quiet_time_of_a_doubt_begins_again(tx, by):
    doubt = put(tx, PushState.IN_DOUBT, next_at=NOW + by, settled_at=NOW + by - 10)
    asked = put(tx, PushState.IN_DOUBT, settled_at=NOW + by - 10)
    clock.moved(tx, by, NOW, {"wms": 60_000})
    assert times(tx, doubt)[:3] == (NOW + 60_000, None, NOW)
    assert times(tx, asked)[:3] == (None, None, NOW + by - 10)


@pytest.mark.behaviour("R10", "P12")
@pytest.mark.parametrize(("by", "before", "after"), [
    (HOUR, NOW - HOUR - 9, NOW - 9),
    (-HOUR, NOW + HOUR - 9, NOW - 9),
    (HOUR, NOW - 9, NOW),
])  # fmt: skip
def test_the_five_minute_limit_is_neither_cut_short_nor_drawn_out(tx, by, before, after):
    tx.execute("INSERT INTO throttles (scope, at) VALUES ('fetch:shop', ?)", (before,))
    clock.moved(tx, by, NOW, {})
    assert tx.one("SELECT at FROM throttles") == (after,)


def test_only_setting_the_clock_changes_how_it_stands_to_the_machine(tx):
    assert clock.since_last_time(tx, 7, 1000) == 0
    clock.note(tx, 7, 1000)
    assert clock.since_last_time(tx, 7, 1000) == 0
    assert clock.since_last_time(tx, 7, 1000 - HOUR) == -HOUR
    assert clock.since_last_time(tx, 8, 1000 - HOUR) == 0
