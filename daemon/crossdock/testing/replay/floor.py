"""The people of a replay's warehouse: each document is picked, packed and sent out some hours after it was created."""

from __future__ import annotations

import heapq
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from crossdock.spec.outbound import Stage
from crossdock.testing.sandbox.wms_changes import ORDER

if TYPE_CHECKING:
    from crossdock.testing.sandbox.wms_books import WmsBooks
    from crossdock.testing.sandbox.wms_changes import Changes

AFTER = {
    Stage.PICKING: timedelta(hours=2),
    Stage.PICKED: timedelta(hours=4),
    Stage.PACKED: timedelta(hours=6),
    Stage.OUTBOUND: timedelta(hours=10),
}


class Floor:
    """Moves what is due; what is cancelled is left alone, what is held waits."""

    def __init__(self, books: WmsBooks, changes: Changes) -> None:
        self._books, self._changes = books, changes
        self._seen = 0
        self._due: list[tuple[datetime, str, int]] = []

    def work(self, now: datetime) -> None:
        """Do what is due by `now`."""
        for document in self._books.documents[self._seen :]:
            for stage, after in AFTER.items():
                heapq.heappush(self._due, (document.at + after, document.key, ORDER.index(stage)))
        self._seen = len(self._books.documents)
        while self._due and self._due[0][0] <= now:
            _, key, rank = heapq.heappop(self._due)
            state = self._changes.state(key)
            if state.stage is not Stage.CANCELLED and not state.held:
                self._changes.move(key, ORDER[rank])
