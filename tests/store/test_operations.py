"""Operations, incidents and the audit as stored."""

from __future__ import annotations

import sqlite3

import pytest

from crossdock.env import Env
from crossdock.rules.operation_states import OperationState
from crossdock.store import audit, incidents, migrate, operations, sqlite
from crossdock.store.audit import Entry
from crossdock.store.incidents import Cause, Trouble
from crossdock.store.operations import Ended, NewOperation
from crossdock.store.store import Store, StoreError

S = OperationState
MS = 1_700_000_000_000


@pytest.fixture
async def store():
    database = sqlite.connect(":memory:")
    database.connect()
    migrate.migrate(database)
    yield Store(database, Env(seed=1), inline=True)
    database.close()


def new(key, subject="s", **fields):
    values = {
        "connection": "wms", "kind": "note", "subject": subject, "entity_id": 1, "revision": 1, "key": key, "body": b"x",
    }  # fmt: skip
    return NewOperation(**{**values, **fields})


async def test_a_key_is_written_down_once_and_its_bytes_stay(store):
    assert await store.write(operations.enqueue, new("k"), MS) is True
    assert await store.write(operations.enqueue, new("k", body=b"other"), MS) is False
    assert (await store.read(operations.by_key, "k")).body == b"x"


async def test_given_back_is_as_it_was(store):
    await store.write(operations.enqueue, new("k"), MS)
    before = await store.read(operations.by_key, "k")
    claimed = await store.write(operations.claim, 1, "wms", 9, MS)
    await store.write(operations.give_back, 1, claimed, MS)
    after = await store.read(operations.by_key, "k")
    assert (after.state, after.attempts, after.next_at) == (before.state, before.attempts, before.next_at)


async def test_another_runs_rows_are_neither_saved_nor_given_back(store):
    await store.write(operations.enqueue, new("k"), MS)
    claimed = await store.write(operations.claim, 2, "wms", 9, MS)
    await store.write(operations.save, 1, [Ended(id=claimed[0].id, state=S.DONE, at=MS)])
    await store.write(operations.give_back, 1, claimed, MS)
    assert (await store.read(operations.by_key, "k")).state is S.SENDING
    assert await store.read(operations.held, 2, [claimed[0].id]) == {claimed[0].id}


async def test_what_is_not_chosen_stays_unclaimed(store):
    for key in ("a", "b", "c"):
        await store.write(operations.enqueue, new(key, subject=key), MS)
    claimed = await store.write(operations.claim, 1, "wms", 9, MS, lambda found: found[:2])
    assert [o.key for o in claimed] == ["a", "b"]
    assert (await store.read(operations.by_key, "c")).state is S.QUEUED


async def test_a_step_that_is_not_listed_is_not_saved(store):
    with pytest.raises(ValueError, match="SUPERSEDED"):
        await store.write(operations.save, 1, [Ended(id=1, state=S.SUPERSEDED, at=MS)])


async def test_only_failed_ones_are_listed_and_queued_again(store):
    for key in ("a", "b"):
        await store.write(operations.enqueue, new(key, subject=key), MS)
    claimed = await store.write(operations.claim, 1, "wms", 9, MS)
    ends = (S.FAILED, S.DONE)
    ended = [Ended(id=o.id, state=state, at=MS, faults=3) for o, state in zip(claimed, ends, strict=True)]
    await store.write(operations.save, 1, ended)
    assert [o.key for o in await store.read(operations.failed, 0, 9)] == ["a"]
    assert await store.write(operations.requeue, [o.id for o in claimed], MS) == 1
    again = await store.read(operations.by_key, "a")
    assert (again.state, again.faults, again.next_at) == (S.QUEUED, 0, MS)


async def test_a_clock_set_back_lets_nothing_wait_too_long(store):
    await store.write(operations.enqueue, new("k"), MS + 3_600_000)
    await store.write(operations.moved, -3_600_000, MS, {"wms": 1000})
    assert await store.read(operations.next_due, "wms") == MS


A = Trouble(cause=Cause.MAPPING, connection="wms", operation="stock", missing="SKU x", text="SKU x has no mapping")


async def test_one_cause_is_one_incident_and_closes_with_the_last_that_it_holds(store):
    number = await store.write(incidents.report, A, "order:1", MS)
    assert await store.write(incidents.report, A, "order:2", MS) == number
    assert await store.write(incidents.report, A, "order:2", MS + 1, "again") == number
    assert await store.read(incidents.count, number) == 2
    await store.write(incidents.heal, "order:1", MS + 2)
    assert (await store.read(incidents.get, number)).healed_at is None
    await store.write(incidents.heal, "order:2", MS + 3)
    assert (await store.read(incidents.get, number)).healed_at == MS + 3
    assert await store.read(incidents.page, 0, 10) == []


async def test_an_incident_that_comes_back_is_open_again_since_then(store):
    number = await store.write(incidents.report, A, "order:1", MS)
    await store.write(incidents.heal_all, A.fingerprint, MS + 1)
    assert await store.write(incidents.heal_all, A.fingerprint, MS + 1) is False
    await store.write(incidents.report, A, "order:1", MS + 5)
    again = await store.read(incidents.get, number)
    assert (again.healed_at, again.opened_at) == (None, MS + 5)


async def test_healing_of_one_operation_leaves_the_others_trouble(store):
    other = Trouble(cause=Cause.REFUSED, connection="wms", operation="cost", text="no")
    await store.write(incidents.report, A, "sku:1", MS)
    await store.write(incidents.report, other, "sku:1", MS)
    assert await store.write(incidents.heal, "sku:1", MS, operation="stock") == 1
    assert [i.operation for i in await store.read(incidents.of_subject, "sku:1")] == ["cost"]


async def test_what_an_incident_holds_is_read_page_by_page(store):
    for n in range(5):
        number = await store.write(incidents.report, A, f"order:{n}", MS)
    first = await store.read(incidents.subjects, number, "", 3)
    rest = await store.read(incidents.subjects, number, first[-1][0], 3)
    assert [name for name, _, _ in (*first, *rest)] == [f"order:{n}" for n in range(5)]


async def test_each_row_of_the_audit_holds_the_hash_of_the_one_before(store):
    written = [
        await store.write(audit.write, Entry(actor="ann", action="stock.switch", object=f"warehouse:{n}"), MS + n)
        for n in range(3)
    ]
    rows = await store.read(audit.page, 0, 10)
    assert rows == written
    assert rows[0].previous == audit.FIRST
    assert [row.previous for row in rows[1:]] == [row.hash for row in rows[:-1]]
    assert all(audit.digest(row) == row.hash for row in rows)


@pytest.mark.parametrize("column", ["actor", "object", "at", "reason", "previous"])
async def test_a_row_of_the_audit_that_was_changed_does_not_match_its_hash(store, column):
    await store.write(audit.write, Entry(actor="ann", action="a", object="o"), MS)
    try:
        await store.write(lambda tx: tx.execute(f"UPDATE audit SET {column} = '7'"))
    except (StoreError, sqlite3.Error):
        return  # the table refuses to be changed at all
    row = (await store.read(audit.page, 0, 10))[0]
    assert audit.digest(row) != row.hash


HOT = {
    "claim": (lambda tx: operations.claim(tx, 1, "wms", 400, MS), "operation_due"),
    "the subject's turn": (lambda tx: operations.claim(tx, 1, "wms", 400, MS), "operation_open"),
    "take_over": (lambda tx: operations.take_over(tx, 9, "wms", MS, MS), "operation_run"),
    "next_due": (lambda tx: operations.next_due(tx, "wms"), "operation_due"),
    "open_of": (lambda tx: operations.open_of(tx, "wms", "s1"), "operation_open"),
    "of_entity": (lambda tx: operations.of_entity(tx, "note", 1), "operation_entity"),
    "failed": (lambda tx: operations.failed(tx, 0, 50), "operation_failed"),
    "requeue": (lambda tx: operations.requeue(tx, [1, 2], MS), "operation_open"),
    "incidents of a subject": (lambda tx: incidents.of_subject(tx, "order:1"), "incident_subject"),
    "what an incident holds": (lambda tx: incidents.subjects(tx, 1, "", 50), "incident_refs"),
}


@pytest.mark.parametrize("name", HOT)
async def test_hot_queries_use_their_index(store, name):
    def look(tx):
        raw = tx._connection
        for n in range(50):
            operations.enqueue(tx, new(f"k{n}", subject=f"s{n}"), MS)
        seen = []
        raw.set_trace_callback(seen.append)
        HOT[name][0](tx)
        raw.set_trace_callback(None)
        return [row[3] for sql in seen if sql[:6] != "INSERT" for row in raw.execute(f"EXPLAIN QUERY PLAN {sql}")]

    plan = await store.write(look)
    assert any(HOT[name][1] in line for line in plan), plan
    assert not [line for line in plan if line.startswith(("SCAN operations", "SCAN incidents", "SCAN incident_refs"))
                and "USING" not in line], plan  # fmt: skip
