"""What a sandbox keeps in a file survives it."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Struct

from crossdock.testing.sandbox.journal import Journal
from crossdock.testing.sandbox.oms_books import OmsBooks, Progress, stored_order
from crossdock.testing.sandbox.wms_books import WmsBooks

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Note(Struct, frozen=True):
    text: str


def test_entries_come_back_and_one_that_was_cut_short_is_dropped(tmp_path):
    path = tmp_path / "journal"
    journal = Journal(path, Note)
    assert list(journal.replay()) == []
    journal.append(Note("ฝนตก"))
    journal.close()
    with path.open("ab") as file:
        file.write(b'{"text":"half')
    again = Journal(path, Note)
    assert list(again.replay()) == [Note("ฝนตก")]
    again.append(Note("two"))
    again.close()
    assert list(Journal(path, Note).replay()) == [Note("ฝนตก"), Note("two")]


def test_the_wms_books_come_back_with_counts_and_documents(tmp_path, request_of):
    path = str(tmp_path / "wms.jsonl")
    books = WmsBooks(("BKK-1",), path=path)
    books.create([request_of("XD-1"), request_of("XD-2", lines=())], NOON)
    again = WmsBooks(("BKK-1",), path=path)
    assert (again.received, again.documents) == (books.received, books.documents)
    (result,) = again.create([request_of("XD-1")], NOON)
    assert (result.status, result.remote_id) == ("duplicate", books.documents[0].remote_id)
    books.close()
    again.close()


def test_the_number_of_a_document_that_the_warehouse_lost_is_not_given_again(request_of):
    books = WmsBooks(("BKK-1",))
    numbers = [books.create([request_of(key)], NOON)[0].remote_id for key in ("XD-1", "XD-2")]
    books.documents.remove(books.by_key.pop("XD-1")[0])
    (again,) = books.create([request_of("XD-1")], NOON)
    assert again.remote_id not in numbers


def test_the_oms_books_come_back_with_orders_reports_and_progress(tmp_path, order):
    path = str(tmp_path / "oms.jsonl")
    books = OmsBooks(path)
    books.put([stored_order(order("B")), stored_order(order("A"))], Progress(7, 1.5))
    books.put([stored_order(order("B", minutes=3))])
    again = OmsBooks(path)
    assert again.orders == books.orders
    assert again.progress == Progress(7, 1.5)
    assert again.order("B") == order("B", minutes=3)
    books.close()
    again.close()
