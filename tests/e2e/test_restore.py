"""A database that was put back, or lost: what the warehouses hold and it does not know is not sent a second time."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from tests.e2e.conftest import an_order

from crossdock.control.records.asks import SettleOrder

COUNT = 12


def back_up(world):
    with sqlite3.connect(world.folder / "crossdock.db") as source, sqlite3.connect(world.folder / "backup.db") as copy:
        source.backup(copy)
    source.close()
    copy.close()


def put_back(world):
    lose(world)
    (world.folder / "backup.db").rename(world.folder / "crossdock.db")


def lose(world):
    for name in ("crossdock.db", "crossdock.db-wal", "crossdock.db-shm"):
        (world.folder / name).unlink(missing_ok=True)


def empty(world):
    lose(world)
    (world.folder / "crossdock.db").touch()


ALL = [f"O-{number}" for number in range(1, COUNT + 1)]


async def shipped_once(world):
    """A daemon whose backup knows of no order, and whose warehouse has them all."""
    await world.start()
    await world.set_up()
    back_up(world)
    world.oms.put([an_order(number) for number in range(1, COUNT + 1)])
    for ref in ALL:
        await world.until_state(ref, "pushed")
    assert await world.stop() == 0


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize("world", [("key",), ("lookup",)], indirect=True)
@pytest.mark.parametrize("spoil", [put_back, lose, empty])
async def test_a_database_that_was_put_back_or_lost_sends_nothing_twice(world, spoil):
    await shipped_once(world)
    spoil(world)
    await world.start()
    if spoil is not put_back:
        await world.set_up()
    for ref in ALL:
        await world.until_state(ref, "pushed")
    world.oms.put([an_order(COUNT + 1, created_at=datetime.now(UTC) + timedelta(hours=1))])
    await world.until_state(f"O-{COUNT + 1}", "pushed")
    assert set(world.created().values()) == {1}
    assert world.wms.books.doubles() == {}
    told = "put back" if spoil is put_back else "is new"
    assert told in world.output.read_text()
    assert await world.stop() == 0


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize("world", [("none",)], indirect=True)
async def test_where_nobody_can_be_asked_a_person_looks_first(world):
    await shipped_once(world)
    put_back(world)
    await world.start()
    for ref in ALL:
        await world.until_state(ref, "in_doubt")
    open_now = (await world.client(lambda c: c.incidents())).items
    (incident,) = [
        each for each in open_now if each.code != "unknown_order"
    ]  # what the warehouse listed before its orders came
    assert (incident.connection, incident.holds, "settle" in incident.command) == ("depot", COUNT, True)
    told = await world.client(lambda c: c.explain("O-1"))
    assert "put back" in told.verdict
    asked = SettleOrder(connection="shop", ref="O-1", settlement="absent", reason="it was thrown away there")
    assert (await world.client(lambda c: c.settle(asked))).results[0].done
    await world.until_state("O-1", "pushed")
    assert sorted(world.created().values()) == [1] * (COUNT - 1) + [2]
    assert await world.stop() == 0


@pytest.mark.parametrize("world", [("lookup",)], indirect=True)
async def test_a_start_on_the_same_database_asks_about_nothing(world):
    await world.start()
    await world.set_up()
    assert await world.stop() == 0
    world.process = None
    await world.start()
    assert await world.stop() == 0
    assert world.output.read_text().count("is new") == 1
    assert "put back" not in world.output.read_text()
