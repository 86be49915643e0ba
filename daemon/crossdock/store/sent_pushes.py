"""What was sent to a warehouse, read for a reconciliation: in spans of push ids, from the newest down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.store.orders import marks
from crossdock.store.pushes import FIELDS, Push, to_push

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from crossdock.rules.push_states import PushState
    from crossdock.store.store import Transaction


class SentPush(Struct, frozen=True, kw_only=True):
    """One of our pushes, and its order's reference and status."""

    push: Push
    ref: str
    status: str


class Generation(Struct, frozen=True):
    """What the keys of an order's pushes are made of; earlier generations had lower numbers."""

    oms: str
    warehouse: str
    group_no: int
    generation: int


_SENT = (
    "SELECT " + ", ".join("p." + name for name in FIELDS) + ", o.ref, o.status FROM pushes p "
    "JOIN orders o ON o.id = p.order_id WHERE p.id < ? AND p.id >= ? AND p.connection = ? AND p.key IS NOT NULL "
    "AND p.attempts > 0 AND o.created_at >= ? AND (p.warehouse = ? OR ? IS NULL) AND p.state IN ("
)
_YOUNG = "SELECT 1 FROM pushes p JOIN orders o ON o.id = p.order_id WHERE p.id < ? AND p.id >= ? AND o.created_at >= ? LIMIT 1"
_GENERATIONS = (
    "SELECT p.oms, p.warehouse, p.group_no, p.generation FROM orders o JOIN pushes p ON p.order_id = o.id "
    "WHERE o.connection = ? AND o.ref = ? AND p.warehouse IS NOT NULL LIMIT 20"
)


def below(
    tx: Transaction,
    connection: str,
    warehouse: str | None,
    states: Collection[PushState],
    upper: int,
    span: int,
    since: int,
) -> tuple[list[SentPush], bool]:
    """Read what was sent through a connection, in the span of ids below `upper`; True if it is wholly older than `since`.

    Orders are numbered as they are first seen, so no order of the last days has a number far below one from before.
    `since` is when the order was created, in milliseconds.
    """
    values = (upper, upper - span, connection, since, warehouse, warehouse, *sorted(states), span)
    rows = tx.rows(_SENT + marks(len(states)) + ") ORDER BY p.id DESC LIMIT ?", values)
    found = [SentPush(push=to_push(tuple(row[:-2])), ref=row[-2], status=row[-1]) for row in rows]
    return found, tx.one(_YOUNG, (upper, upper - span, since)) is None


def known_keys(tx: Transaction, keys: Sequence[str]) -> frozenset[str]:
    """Return those of these keys that belong to a push as it is now. At most 1,000 keys."""
    if not keys:
        return frozenset()
    rows = tx.rows("SELECT key FROM pushes WHERE key IN (" + marks(len(keys)) + ")", tuple(keys))
    return frozenset(row[0] for row in rows)


def generations(tx: Transaction, ref: str) -> list[Generation]:
    """Return what the keys of the orders with a reference are made of, of any OMS, at most 20 of each."""
    sources = tx.rows("SELECT DISTINCT connection FROM cursors WHERE stream = 'orders'")
    return [Generation(*row) for (source,) in sources for row in tx.rows(_GENERATIONS, (source, ref))]
