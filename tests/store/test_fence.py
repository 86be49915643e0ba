"""Runs of a lane, one after the other and one too late: only the newest may write."""

from __future__ import annotations

import pytest

from crossdock.rules.push_states import PushState
from crossdock.store import migrate, outbox, sqlite
from crossdock.store.outbox import Settled
from crossdock.store.store import Transaction

NOW = 1_800_000_000_000
INSERT = (
    "INSERT INTO pushes (id, order_id, oms, group_no, generation, latest, unsettled, connection, warehouse, key, state, "
    "strategy, origin, actor, why, next_at, attempts, faults, needs_person, doubted, cancel_wanted, changed, revision, "
    "queued_at) VALUES (1, 1, 'oms', 1, 1, 1, 1, 'wms', 'W', 'XD-1', ?, '', 'automatic', '', '', ?, 0, 0, 0, 0, 0, 0, 1, ?)"
)


@pytest.fixture
def tx(tmp_path):
    """One queued push."""
    database = sqlite.connect(str(tmp_path / "crossdock.db"))
    database.connect()
    migrate.migrate(database)
    made = Transaction(database)
    made.execute(INSERT, (PushState.QUEUED, NOW, NOW))
    made.execute("INSERT INTO push_bodies (push_id, body) VALUES (1, x'7b7d')")
    yield made
    database.close()


def state(tx):
    return PushState(tx.one("SELECT state FROM pushes")[0])


@pytest.mark.behaviour("P5", "P14")
def test_what_one_run_claimed_no_other_claims(tx):
    assert [claimed.id for claimed in outbox.claim(tx, 1, "wms", PushState.QUEUED, 10, NOW)] == [1]
    assert outbox.claim(tx, 2, "wms", PushState.QUEUED, 10, NOW) == []


@pytest.mark.behaviour("P4", "P14")
@pytest.mark.parametrize("ended", [PushState.PUSHED, PushState.PUSH_FAILED, PushState.QUEUED])
def test_a_run_that_was_overtaken_saves_nothing(tx, ended):
    outbox.claim(tx, 1, "wms", PushState.QUEUED, 10, NOW)
    assert outbox.take_over(tx, 2, "wms", NOW, NOW) == 1
    assert outbox.save(tx, 1, [Settled(id=1, state=ended, at=NOW)]) == 0
    assert state(tx) is PushState.IN_DOUBT


@pytest.mark.behaviour("P4", "P14")
def test_a_run_that_was_overtaken_gives_nothing_back(tx):
    claimed = outbox.claim(tx, 1, "wms", PushState.QUEUED, 10, NOW)
    outbox.take_over(tx, 2, "wms", NOW, NOW)
    outbox.give_back(tx, 1, claimed, NOW)
    assert state(tx) is PushState.IN_DOUBT
