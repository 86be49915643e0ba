"""The hot path of the outbox: claim what is due, save how it ended, both fenced by the run that did it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from crossdock.rules.push_states import PushState
from crossdock.store import timeline
from crossdock.store.orders import marks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.store.store import Transaction


class Claimed(Struct, frozen=True, gc=False):
    """A push that a run holds: the stored bytes are what is sent."""

    id: int
    key: str
    body: bytes
    attempts: int
    faults: int
    first_fault_at: int | None
    oms: str
    cancel_wanted: bool
    order_id: int
    doubted: bool
    state: PushState


class Settled(Struct, frozen=True, kw_only=True, gc=False):
    """How a claimed push ended. Times are milliseconds."""

    id: int
    state: PushState
    at: int
    next_at: int | None = None
    faults: int = 0
    first_fault_at: int | None = None
    needs_person: bool = False
    remote_id: str | None = None
    error_kind: str | None = None
    error_code: str | None = None
    error_text: str | None = None
    report: bool = False
    order_id: int = 0
    note: str | None = None
    cancelled_there: str | None = None


_CLAIM = (
    "SELECT p.id, p.key, b.body, p.attempts, p.faults, p.first_fault_at, p.oms, p.cancel_wanted, p.order_id, p.doubted, p.state "
    "FROM pushes p JOIN push_bodies b ON b.push_id = p.id "
    "WHERE p.connection = ? AND p.next_at <= ? AND p.state = ? AND p.needs_person = FALSE AND p.cancel_wanted = FALSE "
    "AND (p.changed = FALSE OR p.doubted = TRUE) ORDER BY p.next_at LIMIT ?"
)
_MARK = (
    "UPDATE pushes SET state = ?, run_id = ?, sent_at = ?, next_at = NULL, again_at = NULL, attempts = attempts + 1 "
    "WHERE state = ? AND id IN ("
)
_SENT_BEFORE = (
    "SELECT p.order_id, p.sent_at, p.warehouse, p.key, p.attempts, p.error_kind FROM pushes p WHERE p.sent_at IS NOT NULL "
    "AND NOT EXISTS (SELECT 1 FROM timeline t WHERE t.order_id = p.order_id AND t.what = 'sent' AND t.at = p.sent_at) "
    "AND p.id IN ("
)
_GIVE_BACK = (
    "UPDATE pushes SET state = ?, run_id = NULL, next_at = ?, attempts = attempts - 1, sent_at = CASE WHEN attempts > 1 "
    "THEN (SELECT t.at FROM timeline t WHERE t.order_id = pushes.order_id AND t.what = 'sent' ORDER BY t.id DESC LIMIT 1) "
    "END, again_at = CASE WHEN changed THEN ? ELSE again_at END WHERE id = ? AND run_id = ?"
)
_PUSHED = (
    "UPDATE pushes SET state = ?, run_id = NULL, settled_at = ?, remote_id = ?, unsettled = NULL, report_at = ?, "
    "error_kind = NULL, error_code = NULL, error_text = NULL, next_at = NULL, again_at = CASE WHEN changed THEN ? END "
    "WHERE id = ? AND run_id = ?"
)
_ENDED = (
    "UPDATE pushes SET settled_at = CASE WHEN state = ? AND ? = state THEN settled_at ELSE ? END, state = ?, "
    "run_id = NULL, next_at = ?, faults = ?, first_fault_at = ?, "
    "needs_person = ?, error_kind = ?, error_code = ?, error_text = ?, report_at = ?, unsettled = ?, doubted = (doubted OR ?), "
    "again_at = CASE WHEN changed THEN ? ELSE again_at END "
    "WHERE id = ? AND run_id = ?"
)
_LEFT = "SELECT id, order_id FROM pushes WHERE connection = ? AND run_id < ?"
_TAKE_OVER = (
    "UPDATE pushes SET state = ?, run_id = NULL, settled_at = ?, next_at = ?, needs_person = ?, doubted = TRUE, error_kind = ?, "
    "error_text = ? WHERE connection = ? AND run_id < ?"
)
_QUEUE_FAILED = "UPDATE pushes SET state = ? WHERE connection = ? AND next_at <= ? AND state = ?"


_TO_ASK = (
    "SELECT p.id, p.key, b.body, p.attempts, p.faults, p.first_fault_at, p.oms, p.cancel_wanted, p.order_id, p.doubted, p.state "
    "FROM pushes p JOIN push_bodies b ON b.push_id = p.id WHERE p.connection = ? AND p.next_at <= ? AND p.state = ? "
    "AND p.needs_person = FALSE AND p.settled_at <= ? AND (p.cancel_wanted = TRUE OR ?) ORDER BY p.next_at LIMIT ?"
)
_ASKING = "UPDATE pushes SET run_id = ?, next_at = NULL WHERE id = ? AND state = ?"


def claim_to_ask(
    tx: Transaction, run: int, connection: str, cancelled_only: bool, doubted_before: int, limit: int, now: int
) -> list[Claimed]:
    """Hold pushes in doubt since `doubted_before`, about which the warehouse is to be asked; they stay in doubt."""
    values = (connection, now, PushState.IN_DOUBT, doubted_before, not cancelled_only, limit)
    rows = tx.rows(_TO_ASK, values)
    tx.execute_many(_ASKING, [(run, row[0], PushState.IN_DOUBT) for row in rows])
    return [_claimed(row) for row in rows]


def _claimed(row: tuple[Any, ...]) -> Claimed:
    return Claimed(*row[:-1], PushState(row[-1]))  # type: ignore[call-arg]  # columns in the order of the fields


def claim(tx: Transaction, run: int, connection: str, state: PushState, limit: int, now: int) -> list[Claimed]:
    """Mark up to `limit` due pushes of a connection that stand at `state` as sending by `run`, oldest first.

    When an earlier attempt was made goes to the timeline before the column takes the time of this one.
    """
    rows = tx.rows(_CLAIM, (connection, now, state, limit))
    if rows:
        if again := [row[0] for row in rows if row[3]]:
            before = tx.rows(_SENT_BEFORE + marks(len(again)) + ")", tuple(again))
            timeline.add(tx, [timeline.sent(*each) for each in before])
        tx.execute(_MARK + marks(len(rows)) + ")", (PushState.SENDING, run, now, state, *[row[0] for row in rows]))
    return [_claimed(row) for row in rows]


def save(tx: Transaction, run: int, settled: Sequence[Settled]) -> int:
    """Save how pushes ended; those that another run took over meanwhile are left alone. Return how many were saved."""
    pushed = [
        (PushState.PUSHED, s.at, s.remote_id, s.at if s.report else None, s.at, s.id, run)
        for s in settled
        if s.state is PushState.PUSHED
    ]
    ended = [_ended(s, run) for s in settled if s.state is not PushState.PUSHED]
    saved = tx.execute_many(_PUSHED, pushed) if pushed else 0
    return saved + (tx.execute_many(_ENDED, ended) if ended else 0)


def _ended(s: Settled, run: int) -> tuple[object, ...]:
    unsettled = None if s.state is PushState.CANCELLED else 1
    return (
        PushState.IN_DOUBT, s.state, s.at, s.state, s.next_at, s.faults, s.first_fault_at, s.needs_person, s.error_kind, s.error_code,
        s.error_text, s.at if s.report else None, unsettled, s.state is PushState.IN_DOUBT, _decided_at(s), s.id, run,
    )  # fmt: skip


def _decided_at(s: Settled) -> int | None:
    """What surely was not taken is decided again at once if its order changed or was cancelled while it was sent."""
    return s.at if s.state in (PushState.QUEUED, PushState.PUSH_FAILED) else None


def wanted_again(tx: Transaction, ids: Sequence[int]) -> set[int]:
    """Return those of these pushes whose order is not cancelled any more. At most 1,000 ids."""
    sql = "SELECT id FROM pushes WHERE cancel_wanted = FALSE AND id IN (" + marks(len(ids)) + ")"
    return {row[0] for row in tx.rows(sql, tuple(ids))}


_SETTLED_BY = {
    "key": "; the same bytes are sent again under the same key, which cannot create a second document",
    "lookup": "; the warehouse is asked before anything is sent again",
    "none": "; a person looks into the warehouse before anything is sent again",
}


def take_over(tx: Transaction, run: int, connection: str, now: int, ask_at: int | None, idempotency: str = "") -> int:
    """Put in doubt what an earlier run of this lane left as sending.

    It is asked for at `ask_at`; None leaves it to a person, because the warehouse cannot be asked. `idempotency` of the
    warehouse says how the doubt is settled, which is told with the order.
    """
    left = tx.rows(_LEFT, (connection, run))
    if not left:
        return 0
    text = "crossdock stopped while this was being sent" + _SETTLED_BY.get(idempotency, "")
    timeline.add(tx, [timeline.Moment(order_id, now, "in_doubt", "", text) for _, order_id in left])
    values = (PushState.IN_DOUBT, now, ask_at, ask_at is None, "interrupted", text, connection, run)
    return tx.execute(_TAKE_OVER, values)


def unvetted(tx: Transaction, ids: Sequence[int], caution: int, before: int) -> set[int]:
    """Return those of these pushes whose order was created before `before` and whose key nobody asked about since `caution`."""
    if not ids:
        return set()
    sql = (
        "SELECT p.id FROM pushes p JOIN orders o ON o.id = p.order_id WHERE p.id IN (" + marks(len(ids)) + ") "
        "AND o.created_at < ? AND (p.vetted IS NULL OR p.vetted <> ? || ':' || p.key)"
    )
    return {row[0] for row in tx.rows(sql, (*ids, before, str(caution)))}


def doubt_unsent(
    tx: Transaction, ids: Sequence[int], caution: int, since: int, ask_at: int | None, kind: str, text: str
) -> None:
    """Put queued pushes in doubt as of `since`, once for each key and `caution`; `ask_at` None leaves them to a person."""
    sql = (
        "UPDATE pushes SET state = ?, settled_at = ?, next_at = ?, needs_person = ?, doubted = TRUE, error_kind = ?, "
        "error_text = ?, vetted = ? || ':' || key WHERE id IN (" + marks(len(ids)) + ")"
    )
    tx.execute(sql, (PushState.IN_DOUBT, since, ask_at, ask_at is None, kind, text, str(caution), *ids))


def queue_failed(tx: Transaction, connection: str, now: int) -> int:
    """Queue what failed for a passing reason and whose time to be tried again has come."""
    return tx.execute(_QUEUE_FAILED, (PushState.QUEUED, connection, now, PushState.PUSH_FAILED))


def leave_to_a_person(tx: Transaction, connection: str, *, cancelled_only: bool) -> int:
    """Take pushes in doubt out of the queue where the warehouse cannot be asked.

    `cancelled_only`: the others are asked for by sending the same bytes again, which would create a cancelled one.
    """
    sql = (
        "UPDATE pushes SET needs_person = TRUE, next_at = NULL WHERE connection = ? AND next_at IS NOT NULL "
        "AND state = ? AND (cancel_wanted = TRUE OR ?)"
    )
    return tx.execute(sql, (connection, PushState.IN_DOUBT, not cancelled_only))


def next_due(tx: Transaction, connection: str) -> int | None:
    """Return when the next push of a connection is due, or None."""
    row = tx.one("SELECT MIN(next_at) FROM pushes WHERE connection = ? AND next_at IS NOT NULL", (connection,))
    return None if row is None or row[0] is None else int(row[0])


def give_back(tx: Transaction, run: int, claimed: Sequence[Claimed], now: int) -> None:
    """Put claimed pushes back as they were: they were surely not sent this time. A changed order is decided again."""
    tx.execute_many(_GIVE_BACK, [(push.state, now, now, push.id, run) for push in claimed])


def due_connections(tx: Transaction, now: int) -> list[str]:
    """List the WMS connections that have something to send."""
    sql = "SELECT DISTINCT connection FROM pushes WHERE next_at IS NOT NULL AND next_at <= ? AND connection IS NOT NULL"
    return [row[0] for row in tx.rows(sql, (now,))]


def left_to_people(tx: Transaction, connection: str, after: int, limit: int) -> list[int]:
    """Return the ids above `after` of pushes in doubt that only a person can settle, in order."""
    sql = (
        "SELECT id FROM pushes WHERE unsettled = 1 AND state = ? AND id > ? AND connection = ? AND needs_person = TRUE "
        "ORDER BY id LIMIT ?"
    )
    return [row[0] for row in tx.rows(sql, (PushState.IN_DOUBT, after, connection, limit))]
