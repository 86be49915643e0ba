"""Pushes as stored: the outbox of outbound documents. A retry is a row with `next_at`, never a sleeping task."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.rules.mutability import RANK
from crossdock.rules.push_states import AT_WAREHOUSE, PushState, Shipped
from crossdock.spec.outbound import Stage
from crossdock.store import counters
from crossdock.store.orders import marks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crossdock.store.store import Transaction


class Push(Struct, kw_only=True, gc=False):
    """An order's way to one warehouse (fulfilment request) and the create that is due for it. Times are milliseconds UTC.

    `next_at` is set while something is due (send, ask, try again), `run_id` while a run holds the row, `again_at` while
    time alone may change the decision, `report_at` while its OMS has to be told, `unsettled` until it is settled for good.

    `changed`: before a warehouse surely has it, it is not any more what was sent; afterwards, a person has to decide about
    it (rules.troubles.QUESTIONS), so that it stands in the tab Abnormal.

    `stage` is how far its warehouse is, as rules.mutability.RANK numbers it (None: it has not told). `updated_revision` and
    `updated_at` say what the warehouse was told last after the push, and when. `report_as` is what its OMS is told, where
    the state alone does not say it.
    """

    id: int
    order_id: int
    oms: str
    group_no: int = 1
    generation: int = 1
    latest: bool = True
    unsettled: int | None = 1
    warehouse: str | None = None
    connection: str | None = None
    key: str | None = None
    state: PushState = PushState.NOT_PUSHED
    strategy: str = ""
    origin: str = "automatic"
    actor: str = ""
    why: str = ""
    again_at: int | None = None
    next_at: int | None = None
    run_id: int | None = None
    attempts: int = 0
    faults: int = 0
    first_fault_at: int | None = None
    needs_person: bool = False
    doubted: bool = False
    cancel_wanted: bool = False
    changed: bool = False
    revision: int = 0
    queued_at: int | None = None
    sent_at: int | None = None
    settled_at: int | None = None
    remote_id: str | None = None
    error_kind: str | None = None
    error_code: str | None = None
    error_text: str | None = None
    report_at: int | None = None
    reported: str | None = None
    stage: int | None = None
    shipped: Shipped = Shipped.NOTHING
    updated_revision: int | None = None
    updated_at: int | None = None
    acknowledged_at: int | None = None
    report_as: str | None = None

    @property
    def at_stage(self) -> Stage:
        """How far its warehouse is, as far as is known; goods that have left count as the last stage."""
        if self.shipped is not Shipped.NOTHING:
            return Stage.OUTBOUND
        return STAGE_OF[self.stage or 0]

    @property
    def marked_updated(self) -> bool:
        """Carries the mark "(Updated)": until somebody acknowledged it, or it was picked (DOMAIN A12)."""
        return marked(self.updated_at, self.acknowledged_at, self.stage)


def marked(updated_at: int | None, acknowledged_at: int | None, stage: int | None) -> bool:
    """Tell whether a push carries the mark "(Updated)", from its columns."""
    picked = stage is not None and stage >= RANK[Stage.PICKED]
    return updated_at is not None and acknowledged_at is None and not picked


STAGE_OF = {rank: stage for stage, rank in RANK.items()}
FIELDS = Push.__struct_fields__
COLUMNS = ", ".join(FIELDS)
_FIRST = (
    "id", "order_id", "oms", "revision", "state", "unsettled", "settled_at", "why", "again_at", "warehouse", "connection",
    "strategy", "key", "next_at", "queued_at",
)  # fmt: skip
"""What a first decision may set; everything else of a new row is as a Push begins."""
_first_of = attrgetter(*_FIRST)
_INSERT_FIRST = (
    "INSERT INTO pushes (" + ", ".join(_FIRST) + ", group_no, generation, latest, origin, actor, attempts, faults, "
    "needs_person, doubted, cancel_wanted, changed) VALUES ("
    + marks(len(_FIRST))
    + ", 1, 1, TRUE, 'automatic', '', 0, 0, "
    "FALSE, FALSE, FALSE, FALSE)"
)
_DECIDED = (
    "generation", "warehouse", "connection", "key", "state", "strategy", "origin", "actor", "why", "again_at",
    "next_at", "attempts", "revision", "queued_at", "cancel_wanted", "changed", "needs_person", "doubted", "unsettled",
    "report_at", "settled_at", "remote_id", "error_kind", "error_code", "error_text", "faults", "first_fault_at",
    "stage", "shipped", "updated_revision", "updated_at", "acknowledged_at", "report_as",
)  # fmt: skip
_UPDATE = "UPDATE pushes SET " + ", ".join(name + " = ?" for name in _DECIDED) + " WHERE id = ? AND state = ?"
_BODY = "INSERT INTO push_bodies (push_id, body) VALUES (?, ?) ON CONFLICT (push_id) DO UPDATE SET body = excluded.body"


def reserve(tx: Transaction, count: int) -> int:
    """Reserve `count` push ids; return the first."""
    return counters.take(tx, "pushes", count)


def insert_first(tx: Transaction, pushes: Sequence[Push]) -> None:
    """Store the pushes of new orders as their first decision left them: only the fields of _FIRST may be set."""
    tx.execute_many(_INSERT_FIRST, list(map(_first_of, pushes)))


def save_bodies(tx: Transaction, bodies: Iterable[tuple[int, bytes]]) -> None:
    """Store the bytes to send, by push id. A push that may have left keeps its bytes: never call it for one."""
    tx.execute_many(_BODY, bodies)


def body(tx: Transaction, push_id: int) -> bytes | None:
    """Return the stored bytes of a push."""
    row = tx.one("SELECT body FROM push_bodies WHERE push_id = ?", (push_id,))
    return None if row is None else bytes(row[0])


def decided(tx: Transaction, push: Push, before: PushState) -> bool:
    """Save a new decision about a push that stood at `before`; False if it does not stand there any more."""
    values = tuple(getattr(push, name) for name in _DECIDED)
    return tx.execute(_UPDATE, (*values, push.id, before)) == 1


def mark(tx: Transaction, order_id: int, *, changed: bool) -> None:
    """Mark an order that its warehouse has as one about which a person has to decide, or not any more.

    The mark stays on one that is looked at again by itself: that look decides.
    """
    there = tuple(sorted(AT_WAREHOUSE))
    sql = "UPDATE pushes SET changed = ? WHERE order_id = ? AND latest = ? AND changed = ? AND state IN ("
    only = "" if changed else " AND again_at IS NULL"
    tx.execute(sql + marks(len(there)) + ")" + only, (changed, order_id, True, not changed, *there))


def of_orders(tx: Transaction, order_ids: Sequence[int]) -> dict[int, Push]:
    """Return the newest generation of each order's push, by order id. At most 1,000 ids."""
    if not order_ids:
        return {}
    sql = "SELECT " + COLUMNS + " FROM pushes WHERE order_id IN (" + marks(len(order_ids)) + ") AND latest = ?"
    return {push.order_id: push for push in map(to_push, tx.rows(sql, (*order_ids, True)))}


def by_ids(tx: Transaction, ids: Sequence[int]) -> list[Push]:
    """Return pushes by id. At most 1,000 ids."""
    if not ids:
        return []
    return [
        to_push(row)
        for row in tx.rows("SELECT " + COLUMNS + " FROM pushes WHERE id IN (" + marks(len(ids)) + ")", tuple(ids))
    ]


def by_keys(tx: Transaction, connection: str, keys: Sequence[str]) -> dict[str, Push]:
    """Return the pushes through a connection with these keys. At most 1,000 keys."""
    if not keys:
        return {}
    sql = "SELECT " + COLUMNS + " FROM pushes WHERE key IN (" + marks(len(keys)) + ") AND connection = ?"
    return {push.key or "": push for push in map(to_push, tx.rows(sql, (*keys, connection)))}


def of_order(tx: Transaction, order_id: int) -> list[Push]:
    """Return every generation of an order's push, oldest first, at most 200."""
    sql = "SELECT " + COLUMNS + " FROM pushes WHERE order_id = ? ORDER BY group_no, generation LIMIT 200"
    return [to_push(row) for row in tx.rows(sql, (order_id,))]


def due_again(tx: Transaction, now: int, limit: int) -> list[Push]:
    """Return pushes that are to be decided again because time has passed, oldest first."""
    sql = "SELECT " + COLUMNS + " FROM pushes WHERE again_at <= ? ORDER BY again_at LIMIT ?"
    return [to_push(row) for row in tx.rows(sql, (now, limit))]


def decide_again(tx: Transaction, now: int) -> int:
    """Have every push that surely has not left decided again, because people changed what the decision rests on."""
    states = (PushState.NOT_PUSHED, PushState.HELD, PushState.QUEUED, PushState.PUSH_FAILED)
    sql = "UPDATE pushes SET again_at = ? WHERE unsettled = 1 AND state IN (?, ?, ?, ?)"
    return tx.execute(sql, (now, *states))


def to_push(row: tuple[object, ...]) -> Push:
    """Make a Push of a row with the columns of COLUMNS."""
    push = Push(**dict(zip(FIELDS, row, strict=True)))  # type: ignore[arg-type]  # columns in the order of the fields
    push.state = PushState(push.state)
    push.shipped = Shipped(push.shipped)
    return push


def owner_of_key(tx: Transaction, key: str) -> tuple[int, str, str] | None:
    """Return the order (id, OMS, reference) that was pushed under a key, or None."""
    sql = "SELECT o.id, p.oms, o.ref FROM pushes p JOIN orders o ON o.id = p.order_id WHERE p.key = ?"
    row = tx.one(sql, (key,))
    return None if row is None else (int(row[0]), row[1], row[2])


def order_of(tx: Transaction, push_id: int) -> int | None:
    """Return the id of the order of a push, or None."""
    row = tx.one("SELECT order_id FROM pushes WHERE id = ?", (push_id,))
    return None if row is None else int(row[0])


def decide_at(tx: Transaction, push_id: int, again_at: int | None) -> None:
    """Have a push decided again at this time (milliseconds); None: time alone changes nothing about it."""
    tx.execute("UPDATE pushes SET again_at = ? WHERE id = ?", (again_at, push_id))
