"""The lists and counts of operations are found by an index, however many are done."""

from __future__ import annotations

import pytest
from tests.store.test_query_plans import Recording, plans

from crossdock.rules.operation_states import OperationState
from crossdock.store import migrate, operations_list, sqlite
from crossdock.store.operations_list import Sought

HOT = {
    "open": (lambda tx: operations_list.page(tx, Sought(), 0, 50), "operation_unsettled"),
    "in doubt": (lambda tx: operations_list.page(tx, Sought(state=OperationState.IN_DOUBT), 0, 50), "operation_unsettled"),
    "failed": (lambda tx: operations_list.page(tx, Sought(state=OperationState.FAILED, kind="x"), 0, 50), "operation_failed"),
    "count of failed": (lambda tx: operations_list.count_failed(tx, "x", "y"), "operation_failed"),
    "counts": (operations_list.counts, "operation_failed"),
    "one": (lambda tx: operations_list.get(tx, 1), "PRIMARY KEY"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOT)
def test_a_list_of_operations_uses_its_index(tmp_path, name):
    database = sqlite.connect(str(tmp_path / "crossdock.db"))
    database.connect()
    migrate.migrate(database)
    unit, index = HOT[name]
    tx = Recording(database)
    unit(tx)
    lines = [line for _, found in plans(database, tx) for line in found]
    database.close()
    assert any(index in line for line in lines), lines
    assert not [line for line in lines if line == "SCAN operations"]
