"""What happened to orders off the straight path, and what of it a repeated step would have overwritten.

Nothing of it is changed, except that personal data are taken out when their time is over (store/privacy.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.store import counters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.store.orders import StoredOrder
    from crossdock.store.pushes import Push
    from crossdock.store.store import Transaction


class Moment(Struct, frozen=True, gc=False):
    """One thing that happened to an order; `detail` is a sentence, or JSON where `what` is "changed"."""

    order_id: int
    at: int
    what: str
    actor: str = ""
    detail: str = ""


def fetched(stored: StoredOrder) -> Moment:
    """Say what the columns of an order say: which revision was fetched, and when."""
    text = f"revision {stored.revision} was fetched from {stored.connection} ({stored.status})"
    return Moment(stored.id, stored.fetched_at, "fetched", "", text)


def queued(push: Push) -> Moment:
    """Say what the columns of a push say that was queued (`queued_at` is not None)."""
    assert push.queued_at is not None
    by = f"strategy {push.strategy}" if push.strategy else "no strategy"
    text = f"queued for {push.warehouse or 'the warehouse'} ({push.origin}, {by})"
    return Moment(push.order_id, push.queued_at, "queued", push.actor, text)


def sent(order_id: int, at: int, warehouse: str | None, key: str | None, attempts: int) -> Moment:
    """Say what the columns of a push say that was sent."""
    text = f"sent to {warehouse or 'the warehouse'} under key {key} (attempt {attempts})"
    return Moment(order_id, at, "sent", "", text)


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
