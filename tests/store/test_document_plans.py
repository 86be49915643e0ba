"""Every query about documents uses an index: what SQLite says about the very statements that the store runs."""

from __future__ import annotations

import pytest
from tests.store.test_query_plans import MS, Recording, plans

from crossdock.rules.document_states import PushBack
from crossdock.rules.documents import LISTS
from crossdock.store import documents, migrate, sqlite
from crossdock.store.documents import Event, StoredDocument, Wanted


def row(number):
    lists = sorted(LISTS)
    return StoredDocument(
        id=number, connection="depot", list_name=lists[number % 6], ref=f"D{number}", number=f"N{number}",
        warehouse=f"WH{number % 3}", order_ref=f"O{number}" if number % 2 else None,
        order_id=number if number % 2 else None, state="pending", revision=1, content_hash=1, payload=b"{}",
        push_status=PushBack(number % 6) if number % 50 == 0 else PushBack.PUSHED, pushed_revision=1, generation=0,
        oms="shop", held="no_oms" if number % 100 == 0 else None, again_at=MS if number % 100 == 0 else None, decided=1,
        error_kind=None, error_code=None, error_text=None, updated_at=MS, first_at=MS, changed_at=MS, pushed_at=MS,
    )  # fmt: skip


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    opened = sqlite.connect(str(tmp_path_factory.mktemp("plans") / "crossdock.db"))
    opened.connect()
    migrate.migrate(opened)
    raw = opened.connection()
    raw.execute("BEGIN")
    filling = Recording(opened)
    for number in range(1, 2001):
        documents.insert(filling, row(number))
        documents.add_event(filling, Event(document_id=number, at=MS, revision=1, what="seen"))
    raw.execute("COMMIT")
    raw.execute("ANALYZE")
    yield opened
    opened.close()


@pytest.fixture
def tx(database):
    raw = database.connection()
    raw.execute("BEGIN")
    yield Recording(database)
    raw.execute("ROLLBACK")


FAILED = Wanted(list_name="manual-inbound", status=PushBack.FAILED)
HOT = {
    "load": (lambda tx: documents.load(tx, "depot", [f"D{n}" for n in range(200)]), "document_ref"),
    "get": (lambda tx: documents.get(tx, 5), "PRIMARY KEY"),
    "named": (lambda tx: documents.named(tx, "depot", "D5"), "document_ref"),
    "update": (lambda tx: documents.update(tx, row(5)), "PRIMARY KEY"),
    "held": (lambda tx: documents.held(tx, 9, 100), "document_held"),
    "due_again": (lambda tx: documents.due_again(tx, MS, 100), "document_again"),
    "next_again": (documents.next_again, "document_again"),
    "history": (lambda tx: documents.history(tx, 5), "document_history_of"),
    "add_event": (
        lambda tx: documents.add_event(tx, Event(document_id=5, at=MS, revision=1, what="seen")),
        "document_history_of",
    ),
    "of_order": (lambda tx: documents.of_order(tx, 5), "document_order"),
    "among_orders": (lambda tx: documents.among_orders(tx, range(1, 300)), "document_order"),
    "by_text": (lambda tx: documents.by_text(tx, "D5", 50), "document_number"),
    "page of a list": (lambda tx: documents.page(tx, Wanted(list_name="manual-inbound"), None, 50), "document_list"),
    "page of a status": (lambda tx: documents.page(tx, FAILED, None, 50), "document_list_status"),
    "page of a warehouse": (lambda tx: documents.page(tx, Wanted(warehouse="WH1"), None, 50), "document_warehouse"),
    "page of all": (lambda tx: documents.page(tx, Wanted(), None, 50), "PRIMARY KEY"),
    "matching": (lambda tx: documents.matching(tx, FAILED, 0, 100), "document_list_status"),
    "tries": (lambda tx: documents.tries(tx, range(1, 200)), "operation_entity"),
    "count": (lambda tx: documents.count(tx, FAILED, 0), "document_list_status"),
}


@pytest.mark.parametrize("name", HOT)
def test_a_query_about_documents_uses_its_index(database, tx, name):
    run, index = HOT[name]
    run(tx)
    found = plans(database, tx)
    assert any(index in line for _, lines in found for line in lines), found
    for sql, lines in found:
        for line in lines:
            assert "SCAN documents" not in line, (sql, line)
            assert "SCAN document_history" not in line, (sql, line)
