"""The documents that pushes made, as the sandbox WMS lists them: worked out of its books whenever somebody asks."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING, Any

from crossdock.spec.documents import OutboundDoc, OutboundDocLine, OutboundKind, Parcel, ParcelLine
from crossdock.spec.outbound import Stage
from crossdock.testing.sandbox.shelf import Listed

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.spec.orders import Window
    from crossdock.testing.sandbox.wms_books import Document, WmsBooks
    from crossdock.testing.sandbox.wms_changes import Changes


class CreatedOutbounds:
    """Lists what was created, as it is now. Only the place of each document in the listing is kept, nothing of it twice.

    `hidden` are keys under which a test put a document of its own: that one is shown instead.
    """

    def __init__(self, books: WmsBooks, changes: Changes, hidden: set[str]) -> None:
        self._books, self._changes, self._hidden = books, changes, hidden
        self._gone: set[str] = set()
        self._seen = self._lost = 0
        self._by_ref: dict[str, Document] = {}
        self._stamps: dict[str, datetime] = {}
        self._listed: Listed[OutboundDoc] = Listed(
            lambda document: document.ref, lambda document: document.updated_at, self._look,
            lambda document: document.stage in (Stage.OUTBOUND, Stage.CANCELLED),
        )  # fmt: skip

    def page(self, window: Window, cursor: str | None, limit: int) -> dict[str, Any]:
        """List one page, as a shelf does; documents under hidden keys are left out. Raises Refused 400 for a bad cursor."""
        self._catch_up()
        return self._listed.page(window, cursor, limit)

    def of_key(self, key: str) -> OutboundDoc | None:
        """Return the newest document that was created under a key."""
        found = self._books.by_key.get(key)
        return self._shown(found[-1]) if found else None

    def _look(self, ref: str) -> OutboundDoc:
        return self._shown(self._by_ref[ref])

    def _catch_up(self) -> None:
        """Give what was created or changed since the last page its place."""
        lost = self._books.filed - len(self._books.documents)
        if lost != self._lost:
            self._lost = lost
            self._listed.order.clear()
            self._by_ref.clear()
            self._stamps.clear()
            self._gone.clear()
            self._seen, self._changes.unseen = 0, {*self._changes.states}
        for document in self._books.documents[self._seen :]:
            self._by_ref[document.remote_id] = document
            stamp = self._stamps[document.remote_id] = self._stamp(document)
            insort(self._listed.order, (stamp, document.remote_id))
        self._seen = len(self._books.documents)
        for key in {*self._changes.unseen, *(self._hidden - self._gone)}:
            for document in self._books.by_key.get(key, ()):
                self._move(document)
        self._changes.unseen.clear()

    def _move(self, document: Document) -> None:
        ref, order = document.remote_id, self._listed.order
        before = self._stamps[ref]
        if document.key not in self._gone:
            del order[bisect_left(order, (before, ref))]
        if document.key in self._hidden:
            self._gone.add(document.key)
            return
        self._stamps[ref] = self._stamp(document)
        insort(order, (self._stamps[ref], ref))

    def _stamp(self, document: Document) -> datetime:
        """When a document changed last. What is noted of a key may be older than a second document under it."""
        noted = self._changes.state(document.key).at
        return document.at if noted is None else max(noted, document.at)

    def _shown(self, document: Document) -> OutboundDoc:
        state = self._changes.state(document.key)
        left = state.stage is Stage.OUTBOUND
        told = self._changes.content(document.key) if left or self._changes.updated(document.key) else None
        said = document.lines if told is None else told.lines
        return OutboundDoc(
            ref=document.remote_id, kind=OutboundKind.PARCEL, revision=state.changes + 1, warehouse=document.warehouse,
            stage=state.stage, updated_at=self._stamp(document), number=document.remote_id, created_at=document.at,
            order_ref=document.order_ref, outbound_key=document.key,
            lines=tuple(
                OutboundDocLine(line_no=line.line_no, sku=line.sku, planned=line.quantity, actual=line.quantity if left else None)
                for line in said
            ),
            parcels=(parcel(document, told, state.at),) if left and told is not None else (),
            shipped_at=state.at if left else None,
        )  # fmt: skip


def parcel(document: Document, told: Any, at: datetime | None) -> Parcel:
    """Return the one parcel in which a document leaves; a carrier that gave no tracking number gives one at the door."""
    return Parcel(
        parcel_no=f"{document.remote_id}-1",
        tracking_number=told.tracking_number or f"SB{document.remote_id.removeprefix('WMS-')}TH",
        logistics=told.logistics,
        shipped_at=at,
        lines=tuple(ParcelLine(line_no=line.line_no, quantity=line.quantity) for line in told.lines),
    )
