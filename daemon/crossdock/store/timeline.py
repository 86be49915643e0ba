"""What happened to orders off the straight path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.store import counters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.store.store import Transaction


class Moment(Struct, frozen=True, gc=False):
    """One thing that happened to an order; `detail` is a sentence, or JSON where `what` is "changed"."""

    order_id: int
    at: int
    what: str
    actor: str = ""
    detail: str = ""


def add(tx: Transaction, moments: Sequence[Moment]) -> None:
    """Write moments down."""
    if not moments:
        return
    first = counters.take(tx, "timeline", len(moments))
    tx.execute_many(
        "INSERT INTO timeline (id, order_id, at, what, actor, detail) VALUES (?, ?, ?, ?, ?, ?)",
        [(first + n, m.order_id, m.at, m.what, m.actor, m.detail) for n, m in enumerate(moments)],
    )


def of_order(tx: Transaction, order_id: int, limit: int = 200) -> list[Moment]:
    """Return the newest `limit` moments of an order, oldest first."""
    sql = "SELECT order_id, at, what, actor, detail FROM timeline WHERE order_id = ? ORDER BY id DESC LIMIT ?"
    return [Moment(*row) for row in reversed(tx.rows(sql, (order_id, limit)))]
