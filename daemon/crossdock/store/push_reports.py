"""Which pushes their OMS has to be told of, and what it took. A report that is due is the `report_at` of its push."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from crossdock.rules.push_states import PushState

if TYPE_CHECKING:
    from crossdock.store.store import Transaction


class DueReport(Struct, frozen=True, kw_only=True):
    """What a report is made of. `settled_at` is milliseconds; `report_as` is said where the state alone does not say it."""

    push_id: int
    ref: str
    state: PushState
    revision: int
    warehouse: str
    remote_id: str | None
    error_text: str | None
    settled_at: int
    report_as: Literal["cancelled", "cancel_refused"] | None


_DUE = (
    "SELECT p.id, o.ref, p.state, p.revision, p.warehouse, p.remote_id, p.error_text, p.settled_at, p.report_as "
    "FROM pushes p JOIN orders o ON o.id = p.order_id WHERE p.oms = ? AND p.report_at <= ? ORDER BY p.report_at LIMIT ?"
)


def due(tx: Transaction, oms: str, now: int, limit: int) -> list[DueReport]:
    """Return what is due to an OMS, oldest first."""
    names = DueReport.__struct_fields__
    rows = [dict(zip(names, row, strict=True)) for row in tx.rows(_DUE, (oms, now, limit))]
    return [DueReport(**(row | {"state": PushState(row["state"])})) for row in rows]


def next_due(tx: Transaction, oms: str) -> int | None:
    """Return when the next report to an OMS is due (milliseconds), or None."""
    row = tx.one("SELECT MIN(report_at) FROM pushes WHERE oms = ? AND report_at IS NOT NULL", (oms,))
    return None if row is None or row[0] is None else int(row[0])


def put_off(tx: Transaction, push_id: int, settled_at: int | None, later: int) -> None:
    """Have a push reported at `later`, unless it ended otherwise since `settled_at`: then its newer report stands."""
    tx.execute("UPDATE pushes SET report_at = ? WHERE id = ? AND settled_at = ?", (later, push_id, settled_at))


def done(tx: Transaction, push_id: int, settled_at: int | None, said: str) -> bool:
    """Note what the OMS was told; False if the push ended otherwise since `settled_at`: then its newer report stands."""
    sql = "UPDATE pushes SET report_at = NULL, reported = ? WHERE id = ? AND settled_at = ?"
    return tx.execute(sql, (said, push_id, settled_at)) == 1
