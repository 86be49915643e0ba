"""What is watched while the simulation runs: every change of state, every request before it leaves, every restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from crossdock.rules.push_states import ALLOWED, PushState
from crossdock.spec.orders import LineKind, Order
from crossdock.store.orders import marks

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from crossdock.spec.outbound import OutboundRequest

_read_order = msgspec.json.Decoder(Order).decode
_TRIGGERS = """
CREATE TEMP TABLE moves (push_id INTEGER, before INTEGER, after INTEGER, run INTEGER, order_id INTEGER);
CREATE TEMP TRIGGER moved AFTER UPDATE OF state ON main.pushes WHEN OLD.state <> NEW.state
BEGIN INSERT INTO moves VALUES (NEW.id, OLD.state, NEW.state, OLD.run_id, NEW.order_id); END;
CREATE TEMP TABLE marks (before TEXT, after TEXT);
CREATE TEMP TRIGGER marked AFTER UPDATE OF watermark ON main.cursors
WHEN OLD.watermark IS NOT NEW.watermark BEGIN INSERT INTO marks VALUES (OLD.watermark, NEW.watermark); END;
CREATE TEMP TABLE turns (scope TEXT, before INTEGER, after INTEGER);
CREATE TEMP TRIGGER turned AFTER UPDATE ON main.throttles BEGIN INSERT INTO turns VALUES (NEW.scope, OLD.at, NEW.at); END;
"""

_QUEUED, _SENDING, _DOUBT, _FAILED = PushState.QUEUED, PushState.SENDING, PushState.IN_DOUBT, PushState.PUSH_FAILED
_STRUCTURE = {
    "an order without exactly one push": "SELECT o.ref FROM orders o LEFT JOIN pushes p ON p.order_id = o.id GROUP BY o.id "
    "HAVING COUNT(p.id) <> 1",
    "a push without its order": "SELECT p.id FROM pushes p LEFT JOIN orders o ON o.id = p.order_id WHERE o.id IS NULL",
    "queued, but never due": f"SELECT id FROM pushes WHERE state = {_QUEUED} AND (next_at IS NULL OR key IS NULL)",  # noqa: S608
    "queued without bytes": f"SELECT p.id FROM pushes p LEFT JOIN push_bodies b ON b.push_id = p.id WHERE p.state = {_QUEUED} "  # noqa: S608
    "AND b.body IS NULL",
    "sending, but nobody does": f"SELECT id FROM pushes WHERE state = {_SENDING} AND run_id IS NULL",  # noqa: S608
    "in doubt, and nobody will ask": f"SELECT id FROM pushes WHERE state = {_DOUBT} AND next_at IS NULL AND run_id IS NULL "  # noqa: S608
    "AND NOT needs_person",
    "held by a run in a state of rest": f"SELECT id FROM pushes WHERE run_id IS NOT NULL AND state NOT IN ({_SENDING}, {_DOUBT})",  # noqa: S608
    "failed without a reason": f"SELECT id FROM pushes WHERE state = {_FAILED} AND error_text IS NULL",  # noqa: S608
}


_SENT = (
    "SELECT p.key, p.sent_at, p.attempts, p.doubted, o.status, o.payload, o.fetched_at, o.ref FROM pushes p "
    "JOIN orders o ON o.id = p.order_id WHERE p.key IN ("
)


def _says(item: OutboundRequest, order: Order) -> bool:
    """Tell whether a request says what the order says; a revision that changed nothing of it may go under the old number."""
    lines = [(line.line_no, line.quantity) for line in order.lines if line.kind is LineKind.GOODS]
    return [(line.line_no, line.quantity) for line in item.lines] == lines and item.recipient == order.recipient


class Audit:
    """Collects violations."""

    def __init__(self) -> None:
        self.violations: list[str] = []

    def install(self, connection: sqlite3.Connection) -> None:
        """Have every change of state noted; the triggers live as long as the connection."""
        connection.executescript(_TRIGGERS)

    def say(self, text: str) -> None:
        """Note a violation, once."""
        if text not in self.violations:
            self.violations.append(text)

    def structure(self, connection: sqlite3.Connection, looks: Mapping[str, str] = _STRUCTURE) -> None:
        """Look for rows that nothing would ever move again, as a crash may leave them."""
        for name, sql in looks.items():
            found = connection.execute(sql + " LIMIT 3").fetchall()
            if found:
                self.say(f"{name}: {', '.join(str(row[0]) for row in found)}")

    def watch(self, connection: sqlite3.Connection, items: Sequence[OutboundRequest]) -> None:
        """Look at requests that are about to leave, beside what was known of their orders when they were claimed."""
        rows = connection.execute(_SENT + marks(len(items)) + ")", [item.key for item in items]).fetchall()
        known = {row[0]: row[1:] for row in rows}
        for item in items:
            if item.key not in known:
                self.say(f"{item.order_ref} is sent under a key that is not its own")
                continue
            sent_at, attempts, doubted, status, payload, fetched_at, ref = known[item.key]
            if ref != item.order_ref:
                self.say(f"{item.order_ref} is sent under the key of {ref}")
            if fetched_at >= sent_at:
                continue  # it changed while it was claimed
            if status == "cancelled":
                self.say(f"{ref} is sent (attempt {attempts}) although its cancellation was known")
            elif not doubted and attempts == 1 and not _says(item, _read_order(payload)):
                self.say(f"{ref} is sent as it was in revision {item.revision}, although it was known to have changed")

    def moves(self, connection: sqlite3.Connection) -> None:
        """Judge every change that was noted."""
        for push_id, before, after in connection.execute("SELECT DISTINCT push_id, before, after FROM moves"):
            if PushState(after) not in ALLOWED[PushState(before)]:
                self.say(f"push {push_id} went from {PushState(before).name} to {PushState(after).name}")
        for state, what in ((_DOUBT, "in_doubt"), (_FAILED, "push_failed"), (PushState.CANCELLED, "cancelled")):
            sql = (
                "SELECT m.order_id FROM moves m WHERE m.after = ? AND NOT EXISTS "
                "(SELECT 1 FROM timeline t WHERE t.order_id = m.order_id AND t.what IN (?, 'settled_by_hand')) LIMIT 3"
            )
            for (order_id,) in connection.execute(sql, (state, what)):
                self.say(f"order {order_id} became {what} without a moment in its timeline")
        for before, after in connection.execute(
            "SELECT before, after FROM marks WHERE after IS NULL OR after < before"
        ):
            self.say(f"the watermark went back from {before} to {after}")

    def turns(self, connection: sqlite3.Connection, interval_ms: int) -> None:
        """Judge the distance of any two turns of one scope."""
        sql = "SELECT scope, before, after FROM turns WHERE after - before < ? LIMIT 3"
        for scope, before, after in connection.execute(sql, (interval_ms,)):
            self.say(f"{scope} ran after {after - before} ms, less than {interval_ms} ms")
