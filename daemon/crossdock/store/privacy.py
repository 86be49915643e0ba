"""Personal data of orders that ended: found when its time has come, and removed. Keys and hashes stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.store.orders import COLUMNS, StoredOrder, marks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.store.store import Transaction

WHOLE, WITHOUT_BODIES, NOTHING = 2, 1, 0
"""What is stored of an order's personal data: everything, all but the bytes that were sent, nothing."""

_AT_WAREHOUSE = "('outbound_update', 'outbound_cancel', 'outbound_hold', 'label')"
"""Kinds of operations whose refusal is no open end once the order has ended: nobody tells the warehouse any more."""
_OPEN_W = "(w.state NOT IN (4, 5, 6) OR (w.state = 4 AND w.kind NOT IN " + _AT_WAREHOUSE + "))"
_DUE = (
    "SELECT " + ", ".join("o." + name for name in COLUMNS.split(", ")) + " FROM orders o WHERE o.personal = ? "
    "AND o.personal > 0 AND o.status IN ('shipping', 'delivered', 'cancelled', 'returned') AND o.fetched_at <= ? "
    "AND NOT EXISTS (SELECT 1 FROM pushes p WHERE p.order_id = o.id AND (p.state IN (2, 3, 4, 5) OR p.settled_at > ?)) "
    "AND NOT EXISTS (SELECT 1 FROM operations w WHERE w.order_id = o.id AND (" + _OPEN_W + " OR w.settled_at > ?)) "
    "ORDER BY o.fetched_at LIMIT ?"
)  # fmt: skip
_UNSAID = (
    "UPDATE pushes SET error_text = NULL, why = '', reported = CASE WHEN reported LIKE 'refused:%' THEN 'refused' "
    "ELSE reported END WHERE order_id = ?"
)
_OPEN_PUSH = "SELECT 1 FROM pushes WHERE order_id = ? AND state IN (2, 3, 4, 5) LIMIT 1"
_OPEN_OPERATION = "SELECT 1 FROM operations w WHERE w.order_id = ? AND " + _OPEN_W + " LIMIT 1"


class Told(Struct, frozen=True):
    """A moment of a timeline whose text may hold personal data."""

    id: int
    what: str
    detail: str


def due(tx: Transaction, level: int, before: int, limit: int) -> list[StoredOrder]:
    """Return orders that ended at or before `before` (milliseconds) and of which `level` is stored, oldest first.

    Ended: the OMS says so, no push may still leave or is in doubt or failed, and nothing else is to be written about it.
    """
    rows = tx.rows(_DUE, (level, before, before, before, limit))
    return [StoredOrder(**dict(zip(StoredOrder.__struct_fields__, row, strict=True))) for row in rows]


def is_open(tx: Transaction, order_id: int) -> bool:
    """Tell whether anything about an order is still to be sent, in doubt, or waits for a person because it failed."""
    return tx.one(_OPEN_PUSH, (order_id,)) is not None or tx.one(_OPEN_OPERATION, (order_id,)) is not None


def remove_bodies(tx: Transaction, ids: Sequence[int]) -> None:
    """Remove the bytes that were sent for these orders. At most 1,000 ids."""
    within = "(" + marks(len(ids)) + ")"
    tx.execute("DELETE FROM push_bodies WHERE push_id IN (SELECT id FROM pushes WHERE order_id IN " + within + ")", ids)
    tx.execute("UPDATE operations SET body = x'' WHERE state IN (4, 5, 6) AND order_id IN " + within, ids)
    tx.execute("UPDATE orders SET personal = 1 WHERE personal = 2 AND id IN " + within, ids)


def remove_label_bytes(tx: Transaction, ids: Sequence[int]) -> None:
    """Remove the bytes of these orders' shipping labels, and what was said of labels that could not be had. At most 1,000."""
    within = "(" + marks(len(ids)) + ")"
    sql = "DELETE FROM label_bytes WHERE label_id IN (SELECT id FROM labels WHERE order_id IN " + within + ")"
    tx.execute(sql, ids)
    tx.execute("UPDATE labels SET error_text = NULL, next_at = NULL WHERE order_id IN " + within, ids)


def empty_proposals(tx: Transaction, names: Sequence[tuple[str, str]]) -> None:
    """Remove what was written into decided proposals about orders (connection, ref)."""
    sql = "UPDATE approvals SET text = '', body = x'', outcome = '' WHERE object = ? AND decided_at IS NOT NULL"
    tx.execute_many(sql, [(f"{connection}/{ref}",) for connection, ref in names])


def empty_task_items(tx: Transaction, refs: Sequence[str]) -> None:
    """Remove what tasks said about orders."""
    tx.execute_many(
        "UPDATE task_items SET detail = '', diff = '' WHERE ref = ? AND detail <> ''", [(ref,) for ref in refs]
    )


def replace_payload(tx: Transaction, order_id: int, payload: bytes) -> None:
    """Keep `payload`, a record without personal data, of an order. Its content hash stays, so that it is known again."""
    sql = (
        "UPDATE orders SET payload = ?, sliced = ?, personal = 0, hold = CASE WHEN hold IS NULL THEN NULL ELSE ? END "
        "WHERE id = ?"
    )
    tx.execute(sql, (payload, False, "it was held before its personal data were removed", order_id))


def remove_words(tx: Transaction, order_id: int) -> None:
    """Remove what warehouses and the OMS said about an order, which may quote it."""
    tx.execute(_UNSAID, (order_id,))
    tx.execute("UPDATE operations SET error_text = NULL WHERE order_id = ?", (order_id,))
    tx.execute("UPDATE incident_refs SET text = '' WHERE subject = ?", (f"order:{order_id}",))


def told(tx: Transaction, order_id: int) -> list[Told]:
    """Return the moments of an order's timeline, oldest first, at most 5,000."""
    sql = "SELECT id, what, detail FROM timeline WHERE order_id = ? AND detail <> '' ORDER BY id LIMIT 5000"
    return [Told(*row) for row in tx.rows(sql, (order_id,))]


def retell(tx: Transaction, told_anew: Sequence[tuple[int, str]]) -> None:
    """Replace the text of moments."""
    tx.execute_many("UPDATE timeline SET detail = ? WHERE id = ?", [(text, number) for number, text in told_anew])


def forget_quarantined(tx: Transaction, connection: str, ref: str) -> int:
    """Remove a record that could not be read."""
    return tx.execute("DELETE FROM quarantine WHERE connection = ? AND ref = ?", (connection, ref))


def empty_quarantined(tx: Transaction, before: int, reason: str, limit: int) -> int:
    """Remove the content of records that nobody has shown us since `before`; that there was one stays. Return how many."""
    sql = (
        "UPDATE quarantine SET content = x'', reason = ? WHERE id IN "
        "(SELECT id FROM quarantine WHERE last_at <= ? AND content <> x'' ORDER BY last_at LIMIT ?)"
    )
    return tx.execute(sql, (reason, before, limit))
