"""Operations as stored: the outbox of everything but the creation of outbound documents. A retry is a row with `next_at`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from crossdock.rules.operation_states import UNSETTLED, OperationState, check_step
from crossdock.store import counters
from crossdock.store.orders import marks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from crossdock.store.store import Transaction


class Operation(Struct, frozen=True, kw_only=True, gc=False):
    """An operation's row. Times are milliseconds UTC.

    `connection` is where it goes, `kind` names its handler. `subject` is what it changes: at most one operation on a
    subject is under way, and they take effect in the order of their ids. `entity_id` and `revision` lead to the row that
    it was made of; `order_id` to the order whose timeline tells of it, if there is one.
    """

    id: int
    connection: str
    kind: str
    subject: str
    entity_id: int
    order_id: int | None
    revision: int
    key: str
    body: bytes
    state: OperationState
    attempts: int
    faults: int
    first_fault_at: int | None
    next_at: int | None
    run_id: int | None
    actor: str
    remote_id: str | None
    error_kind: str | None
    error_code: str | None
    error_text: str | None
    queued_at: int
    sent_at: int | None
    settled_at: int | None


class NewOperation(Struct, frozen=True, kw_only=True, gc=False):
    """What is to be written; see Operation."""

    connection: str
    kind: str
    subject: str
    entity_id: int
    revision: int
    key: str
    body: bytes
    order_id: int | None = None
    actor: str = ""


class Ended(Struct, frozen=True, kw_only=True, gc=False):
    """How a claimed operation ended. Times are milliseconds."""

    id: int
    state: OperationState
    at: int
    next_at: int | None = None
    faults: int = 0
    first_fault_at: int | None = None
    remote_id: str | None = None
    error_kind: str | None = None
    error_code: str | None = None
    error_text: str | None = None


FIELDS = Operation.__struct_fields__
COLUMNS = ", ".join(FIELDS)
_INSERT = (
    "INSERT INTO operations (id, connection, kind, subject, entity_id, order_id, revision, key, body, state, unsettled, "
    "attempts, faults, next_at, actor, queued_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 0, 0, ?, ?, ?) "
    "ON CONFLICT (key) DO NOTHING"
)
_CLAIM = (
    "SELECT "
    + ", ".join(f"o.{name}" for name in FIELDS)
    + " FROM operations o WHERE o.connection = ? AND o.next_at <= ? AND NOT EXISTS (SELECT 1 FROM operations e "
    "WHERE e.connection = o.connection AND e.subject = o.subject AND e.unsettled IS NOT NULL AND e.id < o.id) "
    "ORDER BY o.next_at, o.id LIMIT ?"
)
_MARK = (
    "UPDATE operations SET state = ?, run_id = ?, sent_at = ?, next_at = NULL, attempts = attempts + 1 "
    "WHERE next_at IS NOT NULL AND id IN ("
)
_SAVE = (
    "UPDATE operations SET state = ?, unsettled = ?, run_id = NULL, settled_at = ?, next_at = ?, faults = ?, "
    "first_fault_at = ?, remote_id = COALESCE(?, remote_id), error_kind = ?, error_code = ?, error_text = ? "
    "WHERE id = ? AND run_id = ?"
)
_TAKE_OVER = (
    "UPDATE operations SET state = ?, run_id = NULL, next_at = ?, settled_at = ?, error_kind = 'interrupted', "
    "error_text = ? WHERE connection = ? AND run_id < ?"
)
INTERRUPTED = "crossdock stopped while this was being sent; it is asked about, or the same bytes are sent again"


def enqueue(tx: Transaction, new: NewOperation, now: int) -> bool:
    """Write an operation down as queued; False if there is one under this key already (it is left as it is)."""
    number = counters.take(tx, "operations")
    values = (
        number, new.connection, new.kind, new.subject, new.entity_id, new.order_id, new.revision, new.key, new.body,
        OperationState.QUEUED, now, new.actor, now,
    )  # fmt: skip
    return tx.execute(_INSERT, values) == 1


def supersede(tx: Transaction, connection: str, subject: str, kind: str, now: int) -> int:
    """A newer operation takes the place of those of its kind that surely had no effect. Return how many."""
    change = (
        "UPDATE operations SET state = ?, unsettled = NULL, next_at = NULL, settled_at = ? "
        "WHERE connection = ? AND subject = ? AND kind = ? AND "
    )
    values = (OperationState.SUPERSEDED, now, connection, subject, kind)
    # two statements, each with an index of its own: one that says "0 or 4" would read the whole table
    return tx.execute(change + "unsettled IS NOT NULL AND state = 0", values) + tx.execute(change + "state = 4", values)


def claim(
    tx: Transaction,
    run: int,
    connection: str,
    limit: int,
    now: int,
    choose: Callable[[list[Operation]], list[Operation]] = list,
) -> list[Operation]:
    """Mark up to `limit` due operations of a connection as sending by `run`, oldest first; none whose subject is busy.

    `choose` may leave some of them for later. What is returned shows each as it stood before.
    """
    found = choose([read_row(row) for row in tx.rows(_CLAIM, (connection, now, limit))])
    for operation in found:
        check_step(operation.state, OperationState.SENDING)
    if found:
        values = (OperationState.SENDING, run, now, *[operation.id for operation in found])
        tx.execute(_MARK + marks(len(found)) + ")", values)
    return found


def held(tx: Transaction, run: int, ids: Sequence[int]) -> frozenset[int]:
    """Return those of these operations that the run still holds."""
    if not ids:
        return frozenset()
    sql = "SELECT id FROM operations WHERE run_id = ? AND id IN (" + marks(len(ids)) + ")"
    return frozenset(row[0] for row in tx.rows(sql, (run, *ids)))


def save(tx: Transaction, run: int, ended: Sequence[Ended]) -> None:
    """Save how operations ended; those that another run took over meanwhile are left alone."""
    for each in ended:
        check_step(OperationState.SENDING, each.state)
    rows = [
        (
            e.state, 1 if e.state in UNSETTLED else None, e.at, e.next_at, e.faults, e.first_fault_at, e.remote_id,
            e.error_kind, e.error_code, e.error_text, e.id, run,
        )
        for e in ended
    ]  # fmt: skip
    tx.execute_many(_SAVE, rows)


def give_back(tx: Transaction, run: int, claimed: Sequence[Operation], now: int) -> None:
    """Put claimed operations back as they were: they were surely not sent this time."""
    tx.execute_many(
        "UPDATE operations SET state = ?, run_id = NULL, next_at = ?, attempts = attempts - 1 WHERE id = ? AND run_id = ?",
        [(operation.state, now, operation.id, run) for operation in claimed],
    )


def take_over(tx: Transaction, run: int, connection: str, now: int, ask_at: int) -> int:
    """Put in doubt what an earlier run of this lane left as sending; it goes on at `ask_at`."""
    return tx.execute(_TAKE_OVER, (OperationState.IN_DOUBT, ask_at, now, INTERRUPTED, connection, run))


def next_due(tx: Transaction, connection: str) -> int | None:
    """Return when the next operation of a connection is due, or None."""
    row = tx.one("SELECT MIN(next_at) FROM operations WHERE connection = ? AND next_at IS NOT NULL", (connection,))
    return None if row is None or row[0] is None else int(row[0])


def requeue(tx: Transaction, ids: Sequence[int], now: int) -> int:
    """Send failed operations again as they are; their failures are counted afresh. At most 1,000 ids.

    One with a later operation on its subject under way is left as it is: it would take effect out of order. So is one
    whose content was removed with the personal data of its order.
    """
    if not ids:
        return 0
    sql = (
        "UPDATE operations SET state = ?, unsettled = 1, next_at = ?, faults = 0, first_fault_at = NULL WHERE state = ? "
        "AND body <> ? AND id IN (" + marks(len(ids)) + ") AND NOT EXISTS (SELECT 1 FROM operations e WHERE "
        "e.connection = operations.connection AND e.subject = operations.subject AND e.unsettled IS NOT NULL "
        "AND e.id > operations.id)"
    )
    return tx.execute(sql, (OperationState.QUEUED, now, OperationState.FAILED, b"", *ids))


def by_ids(tx: Transaction, ids: Sequence[int]) -> list[Operation]:
    """Return operations by id. At most 1,000 ids."""
    if not ids:
        return []
    sql = "SELECT " + COLUMNS + " FROM operations WHERE id IN (" + marks(len(ids)) + ")"
    return [read_row(row) for row in tx.rows(sql, tuple(ids))]


def of_entity(tx: Transaction, kind: str, entity_id: int) -> list[Operation]:
    """Return the operations of a kind that were made of a row, oldest first, at most 200."""
    sql = "SELECT " + COLUMNS + " FROM operations WHERE kind = ? AND entity_id = ? ORDER BY id LIMIT 200"
    return [read_row(row) for row in tx.rows(sql, (kind, entity_id))]


def by_key(tx: Transaction, key: str) -> Operation | None:
    """Return the operation under a key."""
    row = tx.one("SELECT " + COLUMNS + " FROM operations WHERE key = ?", (key,))
    return None if row is None else read_row(row)


def open_of(tx: Transaction, connection: str, subject: str) -> list[Operation]:
    """Return what is not settled yet of a subject, in the order in which it takes effect."""
    sql = (
        "SELECT " + COLUMNS + " FROM operations WHERE connection = ? AND subject = ? AND unsettled IS NOT NULL "
        "ORDER BY id LIMIT 200"
    )
    return [read_row(row) for row in tx.rows(sql, (connection, subject))]


def failed_of(tx: Transaction, connection: str, subject: str, kind: str) -> int | None:
    """Return the newest operation of a kind on a subject, if it failed."""
    sql = "SELECT MAX(id) FROM operations WHERE connection = ? AND subject = ? AND kind = ? AND state = 4"
    row = tx.one(sql, (connection, subject, kind))
    return None if row is None or row[0] is None else int(row[0])


def failed(tx: Transaction, after: int, limit: int, kind: str | None = None) -> list[Operation]:
    """Return failed operations with an id above `after`, oldest first."""
    sql = (
        "SELECT "
        + COLUMNS
        + " FROM operations WHERE state = 4 AND id > ? AND (kind = ? OR ? IS NULL) ORDER BY id LIMIT ?"
    )
    return [read_row(row) for row in tx.rows(sql, (after, kind, kind, limit))]


def moved(tx: Transaction, by: int, now: int, quiet: Mapping[str, int]) -> None:
    """The clock was set by `by` milliseconds: what would wait too long goes at once, and a doubt's quiet time begins again.

    `quiet` names by connection how many milliseconds a doubt waits before it is asked about.
    """
    for connection, wait in quiet.items():
        tx.execute(
            "UPDATE operations SET next_at = ? WHERE connection = ? AND state = ? AND next_at IS NOT NULL",
            (now + wait, connection, OperationState.IN_DOUBT),
        )
    if by < 0:
        tx.execute(
            "UPDATE operations SET next_at = ? WHERE next_at > ? AND state <> ?", (now, now, OperationState.IN_DOUBT)
        )
    tx.execute(
        "UPDATE operations SET first_fault_at = first_fault_at + ? WHERE unsettled = 1 AND first_fault_at IS NOT NULL",
        (by,),
    )


def read_row(row: tuple[object, ...]) -> Operation:
    """Read a row of COLUMNS."""
    values: dict[str, Any] = dict(zip(FIELDS, row, strict=True))
    values["state"] = OperationState(values["state"])
    values["body"] = bytes(values["body"])
    return Operation(**values)


def due_connections(tx: Transaction, now: int) -> list[str]:
    """List the connections that have operations to carry out."""
    sql = "SELECT DISTINCT connection FROM operations WHERE next_at IS NOT NULL AND next_at <= ?"
    return [row[0] for row in tx.rows(sql, (now,))]
