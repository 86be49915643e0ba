"""Labels as stored: one row an order, one a version, the bytes apart. What is due for a label is its `next_at`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from crossdock.rules.labels import LabelState, Made, check_step
from crossdock.rules.push_states import PushState
from crossdock.store import counters
from crossdock.store.orders import marks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.store.store import Transaction


class LabelHead(Struct, frozen=True, kw_only=True, gc=False):
    """The label of an order. Times are milliseconds UTC; `version` 0: it never had one.

    `next_at` is when something is due: to ask the OMS, or to deliver. `attempts` counts the asking since `asked_at`.
    `parcel_exists` and `stage` are what the warehouse told of the order. `look`: the OMS is to be asked although a version is
    at hand.
    """

    id: int
    order_id: int
    oms: str
    state: LabelState
    version: int = 0
    parcel_exists: bool = False
    stage: str | None = None
    look: bool = False
    attempts: int = 0
    asked_at: int | None = None
    next_at: int | None = None
    error_code: str | None = None
    error_text: str | None = None


class LabelVersion(Struct, frozen=True, kw_only=True, gc=False):
    """One version of a label. `content_hash` is the BLAKE2b of its bytes; `delivered_key` names the document that has it."""

    label_id: int
    version: int
    state: LabelState
    content_type: str
    content_hash: str
    size: int
    based_on: str
    tracking_number: str | None
    fetched_at: int
    printed_at: int | None = None
    printed_count: int = 0
    delivered_at: int | None = None
    delivered_key: str | None = None

    @property
    def made(self) -> Made:
        """What it was made of."""
        return Made(based_on=self.based_on, tracking_number=self.tracking_number)


class Listed(Struct, frozen=True, kw_only=True, gc=False):
    """A row of a list of labels: its order, where that order's push stands, and the newest version, where there is one."""

    head: LabelHead
    ref: str
    number: str
    push: PushState | None = None


HEAD = LabelHead.__struct_fields__
VERSION = LabelVersion.__struct_fields__
HEADS = ", ".join(HEAD)
VERSIONS = ", ".join(VERSION)
_INSERT = (
    "INSERT INTO labels (id, order_id, oms, state, version, parcel_exists, look, attempts, next_at) "
    "VALUES (?, ?, ?, ?, 0, FALSE, FALSE, 0, ?) ON CONFLICT (order_id) DO NOTHING"
)
_SAVED = (
    "state",
    "version",
    "parcel_exists",
    "stage",
    "look",
    "attempts",
    "asked_at",
    "next_at",
    "error_code",
    "error_text",
)
_SAVE = "UPDATE labels SET " + ", ".join(name + " = ?" for name in _SAVED) + " WHERE id = ?"
_ADD = "INSERT INTO label_versions (" + VERSIONS + ") VALUES (" + marks(len(VERSION)) + ")"
_KEPT = ("state", "based_on", "tracking_number", "printed_at", "printed_count", "delivered_at", "delivered_key")
_KEEP = (
    "UPDATE label_versions SET " + ", ".join(name + " = ?" for name in _KEPT) + " WHERE label_id = ? AND version = ?"
)
_DROP = (
    "DELETE FROM label_bytes WHERE label_id = ? AND version < ? AND NOT EXISTS (SELECT 1 FROM operations o "
    "WHERE o.kind = 'label' AND o.entity_id = label_bytes.label_id AND o.revision = label_bytes.version "
    "AND o.unsettled IS NOT NULL)"
)


def expect(tx: Transaction, oms: str, wanted: Sequence[tuple[int, int | None]]) -> None:
    """Note that orders have a label to be had: (order id, when to ask for it or None: once it is pushed)."""
    if not wanted:
        return
    first = counters.take(tx, "labels", len(wanted))
    rows = [(first + n, order_id, oms, LabelState.ABSENT, at) for n, (order_id, at) in enumerate(wanted)]
    tx.execute_many(_INSERT, rows)


def pushed(tx: Transaction, orders: Sequence[tuple[int, int]]) -> None:
    """Warehouses have orders now: (when, order id). Their labels, if any are to be had, are looked at at once."""
    tx.execute_many("UPDATE labels SET next_at = ? WHERE order_id = ?", orders)


def parcel_known(tx: Transaction, order_id: int, stage: str | None) -> None:
    """Note that a parcel document of the order exists, and how far it is: from now on labels come by Pull label only."""
    sql = "UPDATE labels SET parcel_exists = TRUE, stage = ? WHERE order_id = ?"
    if tx.execute(sql, (stage, order_id)) == 0 and (
        row := tx.one("SELECT connection FROM orders WHERE id = ?", (order_id,))
    ):
        expect(tx, row[0], [(order_id, None)])
        tx.execute(sql, (stage, order_id))


def of_orders(tx: Transaction, order_ids: Sequence[int]) -> dict[int, LabelHead]:
    """Return the labels of these orders, by order id. At most 1,000 ids."""
    if not order_ids:
        return {}
    sql = "SELECT " + HEADS + " FROM labels WHERE order_id IN (" + marks(len(order_ids)) + ")"
    return {head.order_id: head for head in map(_head, tx.rows(sql, tuple(order_ids)))}


def of_order(tx: Transaction, order_id: int) -> LabelHead | None:
    """Return the label of an order."""
    return of_orders(tx, [order_id]).get(order_id)


def get(tx: Transaction, label_id: int) -> LabelHead | None:
    """Return a label."""
    row = tx.one("SELECT " + HEADS + " FROM labels WHERE id = ?", (label_id,))
    return None if row is None else _head(row)


def save(tx: Transaction, before: LabelHead, **changes: Any) -> LabelHead:
    """Change a label. Raises UnlistedLabelStep."""
    after = msgspec.structs.replace(before, **changes)
    check_step(before.state, after.state)
    tx.execute(_SAVE, (*(getattr(after, name) for name in _SAVED), after.id))
    return after


def add(tx: Transaction, version: LabelVersion, content: bytes) -> None:
    """Keep a version with its bytes."""
    tx.execute(_ADD, tuple(getattr(version, name) for name in VERSION))
    tx.execute(
        "INSERT INTO label_bytes (label_id, version, content) VALUES (?, ?, ?)",
        (version.label_id, version.version, content),
    )


def keep(tx: Transaction, before: LabelVersion, **changes: Any) -> LabelVersion:
    """Change what is known of a version; its bytes never change. Raises UnlistedLabelStep."""
    after = msgspec.structs.replace(before, **changes)
    check_step(before.state, after.state)
    tx.execute(_KEEP, (*(getattr(after, name) for name in _KEPT), after.label_id, after.version))
    return after


def version(tx: Transaction, label_id: int, number: int) -> LabelVersion | None:
    """Return one version."""
    sql = "SELECT " + VERSIONS + " FROM label_versions WHERE label_id = ? AND version = ?"
    row = tx.one(sql, (label_id, number))
    return None if row is None else _version(row)


def newest(tx: Transaction, head: LabelHead) -> LabelVersion | None:
    """Return the version at hand."""
    return version(tx, head.id, head.version)


def versions(tx: Transaction, label_id: int, limit: int = 100) -> list[LabelVersion]:
    """Return the versions of a label, newest first."""
    sql = "SELECT " + VERSIONS + " FROM label_versions WHERE label_id = ? ORDER BY version DESC LIMIT ?"
    return [_version(row) for row in tx.rows(sql, (label_id, limit))]


def content(tx: Transaction, label_id: int, number: int) -> bytes | None:
    """Return the bytes of a version, None if they were dropped."""
    sql = "SELECT content FROM label_bytes WHERE label_id = ? AND version = ?"
    row = tx.one(sql, (label_id, number))
    return None if row is None else bytes(row[0])


def drop_older(tx: Transaction, label_id: int, number: int) -> int:
    """Drop the bytes of versions below `number` that are not on their way any more; what is known of them stays."""
    return tx.execute(_DROP, (label_id, number))


def has_content(tx: Transaction, label_id: int, number: int) -> bool:
    """Tell whether the bytes of a version are kept still."""
    return tx.one("SELECT 1 FROM label_bytes WHERE label_id = ? AND version = ?", (label_id, number)) is not None


def due(tx: Transaction, oms: str, now: int, limit: int) -> list[LabelHead]:
    """Return labels of an OMS for which something is due, oldest first."""
    sql = "SELECT " + HEADS + " FROM labels WHERE oms = ? AND next_at <= ? ORDER BY next_at LIMIT ?"
    return [_head(row) for row in tx.rows(sql, (oms, now, limit))]


def next_due(tx: Transaction, oms: str) -> int | None:
    """Return when something is due next for a label of an OMS, or None."""
    row = tx.one("SELECT MIN(next_at) FROM labels WHERE oms = ? AND next_at IS NOT NULL", (oms,))
    return None if row is None or row[0] is None else int(row[0])


def page(tx: Transaction, state: LabelState | None, oms: str | None, after: int, limit: int) -> list[Listed]:
    """Return labels with an id above `after`, oldest first."""
    narrowed, values = "", []
    if state is not None:
        narrowed, values = " AND l.state = ?", [int(state)]
    columns = ", ".join(f"l.{name}" for name in HEAD)
    sql = (
        "SELECT " + columns + ", o.ref, o.number, p.state FROM labels l JOIN orders o ON o.id = l.order_id "
        "LEFT JOIN pushes p ON p.order_id = l.order_id AND p.latest = TRUE WHERE l.id > ?"
    )
    rows = tx.rows(
        sql + narrowed + " AND (l.oms = ? OR ? IS NULL) ORDER BY l.id LIMIT ?", (after, *values, oms, oms, limit)
    )
    return [
        Listed(head=_head(row[:-3]), ref=row[-3], number=row[-2], push=None if row[-1] is None else PushState(row[-1]))
        for row in rows
    ]


def moved(tx: Transaction, by: int, now: int) -> None:
    """The clock was set by `by` milliseconds: what would wait too long is looked at at once."""
    if by < 0:
        tx.execute("UPDATE labels SET next_at = ? WHERE next_at > ?", (now, now))


def _head(row: Sequence[Any]) -> LabelHead:
    values = dict(zip(HEAD, row, strict=True))
    flags = {name: bool(values[name]) for name in ("parcel_exists", "look")}
    return LabelHead(**{**values, **flags, "state": LabelState(values["state"])})


def _version(row: Sequence[Any]) -> LabelVersion:
    values = dict(zip(VERSION, row, strict=True))
    return LabelVersion(**{**values, "state": LabelState(values["state"])})


def due_connections(tx: Transaction, now: int) -> list[str]:
    """List the OMS connections for whose labels something is due."""
    sql = "SELECT DISTINCT oms FROM labels WHERE next_at IS NOT NULL AND next_at <= ?"
    return [row[0] for row in tx.rows(sql, (now,))]
