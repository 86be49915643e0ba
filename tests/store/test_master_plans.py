"""The queries of master data use their indexes, at a size where it matters."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from tests.store.test_query_plans import Recording, plans

from crossdock.spec.products import Product
from crossdock.store import bindings, conflicts, master_plans, migrate, operations, products, sqlite
from crossdock.store.conflicts import Three
from crossdock.store.master_plans import PlanItem
from crossdock.store.store import Transaction

pytestmark = pytest.mark.behaviour("R4")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
MS = 1_700_000_000_000


@pytest.fixture(scope="module")
def database():
    opened = sqlite.connect(":memory:")
    opened.connect()
    migrate.migrate(opened)
    raw = opened.connection()
    raw.execute("BEGIN")
    tx = Transaction(opened)
    for number in range(600):
        product = Product(sku=f"S{number}", updated_at=NOW, name=f"N{number}")
        for connection in ("oms", "wms"):
            products.see(tx, connection, product, MS)
        if number < 5:
            three = Three(base=None, oms="o", wms="w")
            conflicts.keep_open(tx, "W", product.sku, "name", three, 0, "both_changed", MS)
    bindings.enrol(tx, "W", "oms", "wms", MS)
    tx.execute("UPDATE product_bindings SET dirty = NULL WHERE id > 20")
    tx.execute("UPDATE product_bindings SET pending = 1 WHERE id < 10")
    for _ in range(3):
        plan = master_plans.begin(tx, "W", 1, "ann", MS)
        for number in range(600):
            master_plans.add(tx, plan, "t|t", PlanItem(sku=f"S{number}"))
        master_plans.move(tx, plan, "applied")
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
    "seen": (lambda tx: products.get_many(tx, "oms", ["S1", "S2"]), "sqlite_autoindex_product_seen_1"),
    "twins": (lambda tx: products.twins(tx, "oms", "s1"), "product_twins"),
    "dirty": (lambda tx: bindings.dirty(tx, "W", "", 100), "binding_dirty"),
    "waiting": (lambda tx: bindings.waiting(tx, "W", 51), "binding_dirty"),
    "approve": (lambda tx: bindings.approve(tx, "W", 10**9), "binding_dirty"),
    "to plan": (lambda tx: bindings.to_plan(tx, "W", "", 100), "binding_plan"),
    "bound": (lambda tx: bindings.bound(tx, "W"), "binding_state"),
    "counts": (lambda tx: bindings.counts(tx, "W"), "binding_state"),
    "by state": (lambda tx: bindings.page(tx, "W", "bound", "", 100), "binding_state"),
    "all": (lambda tx: bindings.page(tx, "W", None, "", 100), "warehouse"),
    "one": (lambda tx: bindings.get(tx, "W", "S1"), "warehouse"),
    "touch": (lambda tx: bindings.looked(tx, ["W"], "S1", 2), "product_bindings"),
    "open of a product": (lambda tx: conflicts.open_of(tx, "W", "S1"), "conflict_sku"),
    "open conflicts": (lambda tx: conflicts.page(tx, "W", 0, 100), "conflict_page"),
    "open conflicts of a field": (lambda tx: conflicts.page(tx, "W", 0, 100, "name"), "conflict_field"),
    "conflicts of a field": (lambda tx: conflicts.page(tx, "W", 0, 100, "name", decided=True), "conflict_field_all"),
    "conflicts of a product": (lambda tx: conflicts.page(tx, "W", 0, 100, None, "S1"), "conflict_sku"),
    "beginning": (lambda tx: bindings.page(tx, "W", None, "S1", 100, "S"), "warehouse=? AND sku>? AND sku<?"),
    "beginning in a state": (lambda tx: bindings.page(tx, "W", "bound", "", 100, "S"), "sku>? AND sku<?)"),
    "newest plan": (lambda tx: master_plans.newest(tx, "W"), "plan_warehouse"),
    "all conflicts": (lambda tx: conflicts.page(tx, "W", 0, 100, decided=True), "conflict_all"),
    "count of conflicts": (lambda tx: conflicts.count(tx, "W"), "conflict_"),
    "items of a plan": (lambda tx: master_plans.items(tx, 3, "", 100), "product_plan_items"),
    "to apply": (lambda tx: master_plans.to_apply(tx, 3, "", 100), "product_plan_items"),
    "stale": (lambda tx: master_plans.stale(tx, 3, "oms", "wms"), "product_plan_items"),
    "a newer write": (lambda tx: operations.supersede(tx, "wms", "product:S1", "product", MS), "operation_"),
    "begin a plan": (lambda tx: master_plans.begin(tx, "W", 1, "ann", MS), "plan_warehouse"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOT)
def test_a_hot_query_of_master_data_uses_its_index(database, tx, name):
    unit, index = HOT[name]
    unit(tx)
    found = plans(database, tx)
    assert any(index in line and "SEARCH" in line for _, lines in found for line in lines), found
    for sql, lines in found:
        assert not any(re.match(r"SCAN (product_\w+|operations|[iow])$", line) for line in lines), (sql, lines)
