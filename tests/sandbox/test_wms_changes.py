"""The sandbox warehouse after the creation: it changes, cancels and holds once a key, and says what came too late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from crossdock.spec.orders import Window
from crossdock.spec.outbound import OutboundLine, OutboundRequest, PushResult, PushStatus, RemoteOutbound, Stage
from crossdock.spec.outbound_changes import FieldGroup, OutboundCancel, OutboundHold, OutboundUpdate
from crossdock.testing.sandbox.call import Call
from crossdock.testing.sandbox.wms import WmsCore
from crossdock.testing.sandbox.wms_books import WmsBooks
from crossdock.testing.sandbox.wms_changes import Changes
from crossdock.testing.sandbox.wms_outbounds import CreatedOutbounds

AT = datetime(2026, 3, 1, tzinfo=UTC)


def request(**fields) -> OutboundRequest:
    base = OutboundRequest(
        key="XD-1", order_ref="O-1", revision=1, warehouse="A", ordered_at=AT,
        lines=(OutboundLine(line_no=1, sku="A", quantity=Decimal(1)),),
    )  # fmt: skip
    return msgspec.structs.replace(base, **fields)


class Depot:
    def __init__(self, path=None, asks_from=None) -> None:
        self.books = WmsBooks(("A",), path=path)
        self.changes = Changes(self.books, None if path is None else f"{path}.changes", asks_from)
        self.core = WmsCore(self.books, lambda: AT, (self.changes,))
        if "XD-1" not in self.books.by_key:
            self.books.create([request()], AT)

    def post(self, path, body, kind):
        headers = {"content-type": "application/json", "idempotency-key": "k"}
        answer = self.core.answer(Call(method="POST", path=path, headers=headers, body=msgspec.json.encode(body)))
        return msgspec.json.decode(answer.body, type=kind)

    def update(self, key="U-1", groups=(FieldGroup.NOTES,), **fields) -> PushResult:
        changed = request(**{"revision": 2, "buyer_note": "n", **fields})
        item = OutboundUpdate(key=key, base_revision=1, groups=groups, request=changed)
        return self.post("/v1/outbounds/update", {"items": [item]}, dict[str, list[PushResult]])["results"][0]

    def cancel(self, key="C-1") -> PushResult:
        item = OutboundCancel(key=key, outbound_key="XD-1", order_ref="O-1", warehouse="A")
        return self.post("/v1/outbounds/cancel", item, PushResult)

    def hold(self, key="H-1", *, on=True) -> PushResult:
        item = OutboundHold(key=key, outbound_key="XD-1", order_ref="O-1", warehouse="A", on=on)
        return self.post("/v1/outbounds/hold", item, PushResult)

    def found(self) -> RemoteOutbound:
        return self.post("/v1/outbounds/find", {"keys": ["XD-1"]}, dict[str, dict[str, RemoteOutbound]])["found"][
            "XD-1"
        ]


def test_an_update_counts_once_and_is_what_the_warehouse_shows():
    depot = Depot()
    assert [depot.update().status, depot.update().status] == [PushStatus.ACCEPTED, PushStatus.DUPLICATE]
    shown = depot.found()
    assert (shown.content.buyer_note, shown.revision, shown.stage) == ("n", 2, Stage.PENDING)
    assert depot.changes.counts["updates"] == 1


def test_an_update_that_is_older_than_the_document_changes_nothing():
    depot = Depot()
    depot.update(revision=5)
    assert depot.update("U-0", revision=4, buyer_note="old").status is PushStatus.DUPLICATE
    assert depot.found().content.buyer_note == "n"


@pytest.mark.parametrize(("stage", "group", "status"), [
    (Stage.PENDING, FieldGroup.LINES, PushStatus.ACCEPTED), (Stage.PICKING, FieldGroup.LINES, PushStatus.REJECTED),
    (Stage.PICKING, FieldGroup.RECIPIENT, PushStatus.ACCEPTED), (Stage.PACKED, FieldGroup.NOTES, PushStatus.ACCEPTED),
    (Stage.OUTBOUND, FieldGroup.NOTES, PushStatus.REJECTED), (Stage.CANCELLED, FieldGroup.NOTES, PushStatus.REJECTED),
])  # fmt: skip
def test_what_comes_too_late_is_refused_as_such(stage, group, status):
    depot = Depot()
    depot.changes.move("XD-1", stage)
    result = depot.update(groups=(group,))
    assert (result.status, result.code) == (status, "too_late" if status is PushStatus.REJECTED else None)


def test_a_cancellation_counts_once_and_comes_too_late_when_it_is_packed():
    depot = Depot()
    assert [depot.cancel().status, depot.cancel().status, depot.cancel("C-2").status] == [
        PushStatus.ACCEPTED, PushStatus.DUPLICATE, PushStatus.DUPLICATE,
    ]  # fmt: skip
    assert (depot.found().stage, depot.changes.counts["cancels"]) == (Stage.CANCELLED, 1)
    late = Depot()
    late.changes.move("XD-1", Stage.PACKED)
    assert late.cancel().code == "too_late"


def test_a_cancellation_may_be_passed_on_to_people():
    depot = Depot(asks_from=Stage.PENDING)
    assert depot.cancel().status is PushStatus.REQUESTED
    assert depot.found().stage is Stage.PENDING
    depot.changes.move("XD-1", Stage.CANCELLED)
    assert depot.found().stage is Stage.CANCELLED


def test_a_hold_is_shown_and_ends():
    depot = Depot()
    assert depot.hold().status is PushStatus.ACCEPTED
    assert depot.found().held
    depot.hold("H-2", on=False)
    assert not depot.found().held


def test_the_books_tell_what_was_shipped_although_it_was_cancelled():
    depot = Depot()
    depot.cancel()
    depot.changes.move("XD-1", Stage.OUTBOUND)
    assert depot.changes.counts["shipped_although_cancelled"] == 1


def test_everything_survives_a_kill(tmp_path):
    path = str(tmp_path / "wms")
    depot = Depot(path)
    depot.update()
    depot.hold()
    again = Depot(path)
    assert (again.found(), again.update().status) == (depot.found(), PushStatus.DUPLICATE)


def test_what_no_document_has_is_refused():
    depot = Depot()
    assert depot.update(key="U-9").status is PushStatus.ACCEPTED
    item = OutboundCancel(key="C-9", outbound_key="XD-9", order_ref="O", warehouse="A")
    assert depot.post("/v1/outbounds/cancel", item, PushResult).code == "not_found"


def test_twenty_thousand_documents_keep_the_books_small():
    books = WmsBooks(("A",))
    made = [request(key=f"XD-{n}", order_ref=f"O-{n}", buyer_note=f"note {n}") for n in range(20_000)]
    for start in range(0, len(made), 50):
        books.create(made[start : start + 50], AT)
    assert sum(map(len, books.contents.values())) < 10_000_000


def test_a_second_document_under_one_key_has_its_place_in_the_listing():
    """It is newer than what was noted of the key: a cursor that stood still would list it for ever."""
    books = WmsBooks(("A",), idempotency="lookup")
    changes = Changes(books, None, None)
    listed = CreatedOutbounds(books, changes, set())
    window = Window()
    books.create([request()], AT)
    changes.move("XD-1", Stage.PICKING)
    listed.page(window, None, 10)
    books.create([request()], datetime.now(UTC) + timedelta(hours=1))
    books.create([request(key="XD-2", order_ref="O-2")], datetime.now(UTC) + timedelta(hours=2))
    found, cursors, cursor = [], [], None
    while len(cursors) < 9 and (not cursors or cursor is not None):
        page = listed.page(window, cursor, 1)
        found += [item.ref for item in page["items"]]
        cursor = page["next_cursor"]
        cursors.append(cursor)
    assert (len(found), len(set(found)), len(set(cursors))) == (3, 3, len(cursors))
