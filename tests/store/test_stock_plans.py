"""Every query about stock and webhooks uses its index."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from crossdock.env import Env
from crossdock.rules.stock import Mark
from crossdock.spec.stock import StockLevel, StockMovement
from crossdock.store import migrate, sqlite, stock, webhooks
from crossdock.store.store import Store

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEVEL = StockLevel(sku="S1", warehouse="1", on_hand=Decimal(1), observed_at=NOW)
HOT = {
    "see": (lambda tx: stock.see(tx, "wms", LEVEL, 1), "connection=? AND warehouse=? AND sku=?"),
    "confirm": (lambda tx: stock.confirm(tx, 1, Mark(1, 1), 1), "INTEGER PRIMARY KEY"),
    "held": (lambda tx: stock.held(tx, "wms", 0, 50), "stock_level_held"),
    "of_warehouse": (lambda tx: stock.of_warehouse(tx, "wms", "1", "", 50), "connection=? AND warehouse=? AND sku>?"),
    "page": (lambda tx: stock.page(tx, 0, 50), "INTEGER PRIMARY KEY"),
    "page of a warehouse": (lambda tx: stock.page(tx, 0, 50, code="WH"), "stock_level_code"),
    "page of a sku": (lambda tx: stock.page(tx, 0, 50, sku="S1"), "stock_level_sku"),
    "page of both": (lambda tx: stock.page(tx, 0, 50, code="WH", sku="S1"), "stock_level_sku"),
    "page of what is held": (lambda tx: stock.page(tx, 0, 50, held=True), "stock_level_any_held"),
    "held movements": (lambda tx: stock.held_movements(tx, "wms", 0, 50), "stock_movement_held"),
    "switch": (lambda tx: stock.switch(tx, "WH"), "warehouse=?"),
    "forget webhooks": (lambda tx: webhooks.forget(tx, 5), "webhook_id_at"),
}


@pytest.fixture
def store():
    database = sqlite.connect(":memory:")
    database.connect()
    migrate.migrate(database)
    yield Store(database, Env(seed=1), inline=True)
    database.close()


@pytest.mark.parametrize("name", HOT)
async def test_the_query_uses_its_index_and_sorts_nothing(store, name):
    def look(tx):
        for n in range(50):
            number = stock.see(
                tx, "wms", StockLevel(sku=f"S{n}", warehouse="1", on_hand=Decimal(1), observed_at=NOW), 1
            )
            stock.route(tx, number, code="WH", ours="", oms="", held="unmapped" if n % 9 == 0 else None)
            moved = StockMovement(ref=f"m{n}", sku="A", warehouse="1", change=Decimal(1), at=NOW)
            stock.see_movement(tx, "wms", moved, 1)
        raw, seen = tx._connection, []
        raw.set_trace_callback(seen.append)
        HOT[name][0](tx)
        raw.set_trace_callback(None)
        return [row[3] for sql in seen if sql[:6] != "INSERT" for row in raw.execute(f"EXPLAIN QUERY PLAN {sql}")]

    plan = await store.write(look)
    assert any(HOT[name][1] in line for line in plan), plan
    assert not [line for line in plan if line.startswith("SCAN") or "TEMP B-TREE" in line], plan


async def test_a_mark_that_was_confirmed_never_moves_back(store):
    number = await store.write(stock.see, "wms", LEVEL, 1)
    for mark in (Mark(-1, 5), Mark(-1, 9), Mark(-1, 7), Mark(2, 0), Mark(1, 99), Mark(-1, 100)):
        await store.write(stock.confirm, number, mark, 1)
    assert (await store.read(stock.get, number)).confirmed == Mark(2, 0)
