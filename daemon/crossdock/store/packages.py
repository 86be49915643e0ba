"""The list of package outbound: what warehouses have, by how far they are; newest first, paged by id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.rules.mutability import RANK
from crossdock.rules.push_states import AT_WAREHOUSE, PushState
from crossdock.spec.outbound import Stage
from crossdock.store import counters, views
from crossdock.store.orders import marks

if TYPE_CHECKING:
    from crossdock.store.store import Transaction
    from crossdock.store.views import Listed, Wanted

_THERE = tuple(sorted(AT_WAREHOUSE))
_HELD = "p.state IN (" + marks(len(_THERE)) + ")"
_SPAN = "p.id < ? AND p.id >= ? AND "
_LIVE = tuple(state for state in _THERE if state is not PushState.REJECTED)
_PENDING = _SPAN + "p.state IN (" + marks(len(_LIVE)) + ") AND (p.stage IS NULL OR p.stage = 0)"
_ALL = _SPAN + "(" + _HELD + " OR (p.state = ? AND p.sent_at IS NOT NULL))"
_STAGE = "p.stage IS NOT NULL AND p.stage = ? AND p.id < ? AND p.state <> 7 AND p.state <> 13"
_OF_STAGE = {
    None: " AND (" + _HELD + " OR (p.state = 7 AND p.sent_at IS NOT NULL))",
    Stage.PENDING: " AND p.state IN (" + marks(len(_LIVE)) + ") AND (p.stage IS NULL OR p.stage = 0)",
    Stage.CANCELLED: " AND (p.state = 13 OR (p.state = 7 AND p.sent_at IS NOT NULL))",
}
_STATES: dict[Stage | None, tuple[PushState, ...]] = {None: _THERE, Stage.PENDING: _LIVE, Stage.CANCELLED: ()}
_CANCELLED = "p.state = 7 AND p.id < ? AND p.sent_at IS NOT NULL"
_REJECTED = "p.state >= 8 AND p.state = ? AND p.id < ?"


def page(
    tx: Transaction, stage: Stage | None, wanted: Wanted, before: int | None, limit: int
) -> tuple[list[Listed], int | None]:
    """Return up to `limit` packages at a stage (None: at any) with an id below `before`, and the id to go on from.

    What its warehouse cancelled, asked or by itself, is at that stage and at none that it was told to be at before.
    A page may be shorter than `limit`, even empty, although there is more: what was looked through is bounded.
    """
    start = counters.current(tx, "pushes") + 1 if before is None else before
    if wanted.updated:
        return views.cut(_updated(tx, stage, wanted, start, limit), limit)
    match stage:
        case None:
            return views.spans(tx, _ALL, (*_THERE, PushState.CANCELLED), wanted, start, limit)
        case Stage.PENDING:
            return views.spans(tx, _PENDING, _LIVE, wanted, start, limit)
        case Stage.CANCELLED:
            found = views.indexed(tx, _CANCELLED, (start,), wanted, limit)
            found += views.indexed(tx, _REJECTED, (PushState.REJECTED, start), wanted, limit)
            return views.cut(sorted(found, key=lambda row: row.id, reverse=True), limit)
        case _:
            return views.cut(views.indexed(tx, _STAGE, (RANK[stage], start), wanted, limit), limit)


def _updated(tx: Transaction, stage: Stage | None, wanted: Wanted, start: int, limit: int) -> list[Listed]:
    """Those with the mark "(Updated)": few, so their index is read whatever the stage."""
    if stage is None or stage in _OF_STAGE:
        return views.indexed(tx, views.UPDATED + _OF_STAGE[stage], (start, *_STATES[stage]), wanted, limit)
    live = " AND p.stage = ? AND p.state <> 7 AND p.state <> 13"
    return views.indexed(tx, views.UPDATED + live, (start, RANK[stage]), wanted, limit)
