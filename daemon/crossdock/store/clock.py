"""A clock that was set: what is due is counted from the new time, and nothing in doubt looks older than it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.rules.push_states import PushState
from crossdock.store import labels, operations, pushes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crossdock.store.store import Transaction

_OFFSET, _BOOT = "clock.offset", "clock.boot"
_SET = "INSERT INTO counters (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"


def since_last_time(tx: Transaction, boot: int, offset: int) -> int:
    """Return by how much the clock was set since it was noted last, in milliseconds; 0 after a new start of the machine.

    `offset` is the wall clock less the time since the machine started: only setting the clock changes it.
    """
    known = dict(tx.rows("SELECT name, value FROM counters WHERE name IN (?, ?)", (_BOOT, _OFFSET)))
    return offset - int(known[_OFFSET]) if known.get(_BOOT) == boot else 0


def note(tx: Transaction, boot: int, offset: int) -> None:
    """Keep how the wall clock stands."""
    tx.execute_many(_SET, [(_BOOT, boot), (_OFFSET, offset)])


def moved(tx: Transaction, by: int, now: int, quiet: Mapping[str, int]) -> None:
    """Count everything that waits from `now`, on a clock that was set by `by` milliseconds.

    What was to wait for a while goes at once if its moment lies ahead now: earlier does no harm, an hour late does. Only
    a doubt is never asked about too early: its quiet time (`quiet`, by connection, in milliseconds) begins again.
    """
    for connection, wait in quiet.items():
        tx.execute(
            "UPDATE pushes SET settled_at = ?, next_at = ? WHERE connection = ? AND state = ? AND next_at IS NOT NULL",
            (now, now + wait, connection, PushState.IN_DOUBT),
        )
    if by < 0:
        tx.execute("UPDATE pushes SET next_at = ? WHERE next_at > ? AND state <> ?", (now, now, PushState.IN_DOUBT))
        # a push that is decided again keeps its place in the queue, hence its moment
        tx.execute("UPDATE pushes SET queued_at = ? WHERE unsettled = 1 AND queued_at > ?", (now, now))
        tx.execute("UPDATE pushes SET report_at = ? WHERE report_at > ?", (now, now))
    tx.execute(
        "UPDATE pushes SET first_fault_at = first_fault_at + ? WHERE unsettled = 1 AND first_fault_at IS NOT NULL",
        (by,),
    )
    tx.execute("UPDATE throttles SET at = CASE WHEN at + ? < ? THEN at + ? ELSE ? END", (by, now, by, now))
    operations.moved(tx, by, now, quiet)
    labels.moved(tx, by, now)
    pushes.decide_again(tx, now)  # an age, or a time of day, may have been judged by the wrong clock
