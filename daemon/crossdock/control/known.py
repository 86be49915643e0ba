"""Names by which a list is narrowed: one that nothing has is refused, for an empty list would look like "nothing is there"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.control.problems import not_valid
from crossdock.flows import after_push, cost_ledgers, label_changes, post_documents, product_writes, sync_stock
from crossdock.store import views

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crossdock.engine.engine import Engine

KINDS = frozenset({
    after_push.UPDATE, after_push.CANCEL, after_push.HOLD, label_changes.KIND, post_documents.OUTBOUND_KIND,
    post_documents.INBOUND_KIND, product_writes.WRITE, product_writes.LOOK, cost_ledgers.KIND, sync_stock.LEVEL,
    sync_stock.MOVEMENT,
})  # fmt: skip
"""The kinds of operations."""


async def check(
    engine: Engine, *, warehouse: str | None = None, connection: str | None = None, kind: str | None = None
) -> None:
    """Refuse what is neither set up nor stands with anything that is stored. Raises ApiProblem."""
    if warehouse is not None:
        there = (await engine.store.read(engine.books.current)).warehouses
        if warehouse not in there and not await engine.store.read(views.has_warehouse, warehouse):
            raise not_valid(_unknown("warehouse", warehouse, there))
    if connection is not None:
        configured = engine.config.connections
        if connection not in configured and not await engine.store.read(views.has_connection, connection):
            raise not_valid(_unknown("connection", connection, configured))
    if kind is not None and kind not in KINDS and not await engine.store.read(views.has_kind, kind):
        raise not_valid(_unknown("kind of operation", kind, KINDS))


def _unknown(what: str, name: str, there: Iterable[str]) -> str:
    return f"there is no {what} '{name}' (known: {', '.join(sorted(there)) or 'none'})"
