"""Every hot query about costs uses its index."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.store.test_query_plans import MS, Recording, plans

from crossdock.store import cost_checkpoints, costs, migrate, sqlite

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HOT = {
    "document": (lambda tx: costs.document(tx, "wms", "IN-1"), "connection"),
    "document by id": (lambda tx: costs.document_by_id(tx, 1), "PRIMARY KEY"),
    "find": (lambda tx: costs.find(tx, "PO-1", None), "cost_document_number"),
    "page": (lambda tx: costs.page(tx, 0, 50), "PRIMARY KEY"),
    "newest": (lambda tx: costs.page(tx, 0, 50, newest=True), "PRIMARY KEY"),
    "page of a connection": (lambda tx: costs.page(tx, 0, 50, "wms", newest=True), "cost_document_connection"),
    "lines": (lambda tx: costs.lines(tx, 1), "document_id"),
    "page of lines": (lambda tx: costs.lines(tx, 1, 7, 50), "document_id=? AND line_no>?"),
    "states": (lambda tx: costs.states(tx, 0, 50), "PRIMARY KEY"),
    "states of a sku": (lambda tx: costs.states(tx, 0, 50, "A"), "cost_state_sku"),
    "states to settle": (lambda tx: costs.states(tx, 0, 50, unsettled=True), "cost_state_settle"),
    "events of a sku": (lambda tx: costs.events_of_sku(tx, "oms", "A"), "cost_event_sku"),
    "events of a document": (lambda tx: costs.events_of_document(tx, 1), "cost_event_document"),
    "heard at": (lambda tx: costs.heard_at(tx, "x"), "cost_event_about"),
    "history": (lambda tx: costs.history(tx, "oms", "A", 100), "cost_event_heard"),
    "state": (lambda tx: costs.state(tx, "oms", "A"), "oms"),
    "checkpoint before": (lambda tx: cost_checkpoints.before(tx, "oms", "A", (NOW, "x")), "oms"),
    "checkpoints dropped": (lambda tx: cost_checkpoints.drop(tx, "oms", "A", (NOW, "x")), "oms"),
    "due checks": (lambda tx: costs.due_checks(tx, "oms", MS, (0, ""), 100), "cost_state_check"),
}


@pytest.fixture
def database(tmp_path):
    opened = sqlite.connect(str(tmp_path / "crossdock.db"))
    opened.connect()
    migrate.migrate(opened)
    yield opened
    opened.close()


@pytest.mark.parametrize("name", HOT)
def test_a_hot_query_about_costs_uses_its_index(database, name):
    unit, index = HOT[name]
    tx = Recording(database)
    unit(tx)
    lines = [line for _, found in plans(database, tx) for line in found]
    assert any(index in line for line in lines), lines
    assert not any("SCAN" in line and "USING" not in line for line in lines), lines
    assert not any("TEMP B-TREE" in line for line in lines), lines
