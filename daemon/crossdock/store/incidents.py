"""Incidents: one row a cause, with everything that it holds; they close when the last of it is healed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.rules.troubles import Cause, Held, Trouble
from crossdock.store import counters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.store.store import Transaction


__all__ = ["Cause", "Held", "Trouble"]


class Incident(Struct, frozen=True, kw_only=True):
    """An incident's row. Times are milliseconds UTC; `healed_at` None: it is open."""

    id: int
    fingerprint: str
    cause: str
    connection: str
    operation: str
    code: str
    missing: str
    warehouse: str
    text: str
    opened_at: int
    last_at: int
    healed_at: int | None
    owner: str
    muted_until: int | None


FIELDS = Incident.__struct_fields__
COLUMNS = ", ".join(FIELDS)
_OPEN = (
    "INSERT INTO incidents (id, fingerprint, cause, connection, operation, code, missing, warehouse, text, opened_at, last_at, owner) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '') ON CONFLICT (fingerprint) DO UPDATE SET last_at = excluded.last_at, "
    "text = excluded.text, opened_at = CASE WHEN incidents.healed_at IS NULL THEN incidents.opened_at ELSE excluded.opened_at END, "
    "owner = CASE WHEN incidents.healed_at IS NULL THEN incidents.owner ELSE '' END, "
    "muted_until = CASE WHEN incidents.healed_at IS NULL THEN incidents.muted_until END, healed_at = NULL"
)
_HOLD = (
    "INSERT INTO incident_refs (incident_id, subject, at, text) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (incident_id, subject) DO UPDATE SET text = excluded.text"
)
_CLOSE = (
    "UPDATE incidents SET healed_at = ? WHERE id = ? AND healed_at IS NULL "
    "AND NOT EXISTS (SELECT 1 FROM incident_refs r WHERE r.incident_id = incidents.id)"
)


def report(tx: Transaction, trouble: Trouble, subject: str, now: int, text: str = "") -> int:
    """Say that `subject` (such as "order:17") is held by a trouble; return the incident's id.

    `text` is what is particular about this subject. Saying it again changes nothing but the text.
    """
    known = tx.one("SELECT id FROM incidents WHERE fingerprint = ?", (trouble.fingerprint,))
    number = int(known[0]) if known is not None else counters.take(tx, "incidents")
    values = (
        number, trouble.fingerprint, trouble.cause.value, trouble.connection, trouble.operation, trouble.code,
        trouble.missing, trouble.warehouse, trouble.text, now, now,
    )  # fmt: skip
    tx.execute(_OPEN, values)
    tx.execute(_HOLD, (number, subject, now, text))
    return number


def keep(tx: Transaction, subject: str, operation: str, held: Sequence[Held], now: int) -> None:
    """Have a subject held by exactly these troubles of an operation; it leaves those that do not hold it any more."""
    wanted = {report(tx, each.trouble, subject, now, each.text) for each in held}
    sql = (
        "SELECT r.incident_id FROM incident_refs r JOIN incidents i ON i.id = r.incident_id "
        "WHERE r.subject = ? AND i.operation = ? LIMIT 1000"
    )
    for (number,) in tx.rows(sql, (subject, operation)):
        if number not in wanted:
            leave(tx, number, subject, now)


def leave(tx: Transaction, number: int, subject: str, now: int) -> None:
    """Take a subject out of one incident, which closes if it was the last."""
    tx.execute("DELETE FROM incident_refs WHERE incident_id = ? AND subject = ?", (number, subject))
    tx.execute(_CLOSE, (now, number))


def heal(tx: Transaction, subject: str, now: int, *, operation: str | None = None) -> int:
    """Take a subject out of its incidents (only those about `operation`, if it is named); the emptied ones close."""
    sql = (
        "SELECT r.incident_id FROM incident_refs r JOIN incidents i ON i.id = r.incident_id "
        "WHERE r.subject = ? AND (i.operation = ? OR ? IS NULL) LIMIT 1000"
    )
    found = [row[0] for row in tx.rows(sql, (subject, operation, operation))]
    for number in found:
        leave(tx, number, subject, now)
    return len(found)


def heal_all(tx: Transaction, fingerprint: str, now: int) -> bool:
    """Close an incident as a whole; False if it is not open."""
    row = tx.one("SELECT id FROM incidents WHERE fingerprint = ? AND healed_at IS NULL", (fingerprint,))
    if row is None:
        return False
    tx.execute("DELETE FROM incident_refs WHERE incident_id = ?", (row[0],))
    return tx.execute("UPDATE incidents SET healed_at = ? WHERE id = ?", (now, row[0])) == 1


def get(tx: Transaction, number: int) -> Incident | None:
    """Return an incident."""
    row = tx.one("SELECT " + COLUMNS + " FROM incidents WHERE id = ?", (number,))
    return None if row is None else _incident(row)


def of_subject(tx: Transaction, subject: str) -> list[Incident]:
    """Return the open incidents that hold a subject, at most 100."""
    sql = (
        "SELECT " + ", ".join(f"i.{name}" for name in FIELDS) + " FROM incident_refs r JOIN incidents i "
        "ON i.id = r.incident_id WHERE r.subject = ? ORDER BY i.id LIMIT 100"
    )
    return [_incident(row) for row in tx.rows(sql, (subject,))]


def subjects(tx: Transaction, number: int, after: str, limit: int) -> list[tuple[str, int, str]]:
    """Return (subject, since, text) of what an incident holds, in the order of the names behind `after`."""
    sql = "SELECT subject, at, text FROM incident_refs WHERE incident_id = ? AND subject > ? ORDER BY subject LIMIT ?"
    return [(row[0], int(row[1]), row[2]) for row in tx.rows(sql, (number, after, limit))]


def count(tx: Transaction, number: int) -> int:
    """Count what an incident holds."""
    return int(tx.one("SELECT COUNT(*) FROM incident_refs WHERE incident_id = ?", (number,))[0])


def page(tx: Transaction, after: int, limit: int, *, healed: bool = False, cause: str | None = None) -> list[Incident]:
    """Return open incidents (or healed ones) with an id above `after`, oldest first; of one cause, if it is named."""
    wanted = "IS NOT NULL" if healed else "IS NULL"
    sql = "SELECT " + COLUMNS + " FROM incidents WHERE id > ? AND healed_at " + wanted
    return [
        _incident(row)
        for row in tx.rows(sql + " AND (cause = ? OR ? IS NULL) ORDER BY id LIMIT ?", (after, cause, cause, limit))
    ]


def by_size(tx: Transaction, after: int, limit: int, cause: str | None = None) -> list[tuple[Incident, int]]:
    """Return open incidents with how many each holds, those that hold the most first; behind the incident `after`.

    All that is held is counted for that, by its index.
    """
    holds = count(tx, after) if after else None
    counted = "(SELECT COUNT(*) FROM incident_refs r WHERE r.incident_id = incidents.id)"
    sql = (
        "SELECT "
        + COLUMNS
        + ", "
        + counted
        + " AS holds FROM incidents WHERE healed_at IS NULL AND (cause = ? OR ? IS NULL) "
        "AND (? IS NULL OR holds < ? OR (holds = ? AND id > ?)) ORDER BY holds DESC, id LIMIT ?"
    )
    rows = tx.rows(sql, (cause, cause, holds, holds, holds, after, limit))
    return [(_incident(row[:-1]), int(row[-1])) for row in rows]


class Tally(Struct, frozen=True):
    """How many incidents are open, by cause, and how many of them nobody wants to hear of now."""

    open: dict[str, int]
    muted: int


def tally(tx: Transaction, now: int) -> Tally:
    """Count the open incidents."""
    sql = "SELECT cause, COUNT(*), SUM(CASE WHEN muted_until > ? THEN 1 ELSE 0 END) FROM incidents WHERE healed_at IS NULL GROUP BY cause"
    rows = tx.rows(sql, (now,))
    return Tally({row[0]: int(row[1]) for row in rows}, sum(int(row[2]) for row in rows))


class Waiting(Struct, frozen=True):
    """How much waits for a person: orders, and whatever else incidents hold; what heals by itself does not count."""

    orders: int
    others: int


_WAITING = (
    "SELECT COUNT(DISTINCT CASE WHEN r.subject LIKE 'order:%' THEN r.subject END), COUNT(DISTINCT r.subject) "
    "FROM incidents i JOIN incident_refs r ON r.incident_id = i.id WHERE i.healed_at IS NULL AND i.cause <> ?"
)
_LARGEST = (
    "SELECT " + ", ".join("i." + name for name in FIELDS) + ", (SELECT COUNT(*) FROM incident_refs r "
    "WHERE r.incident_id = i.id) AS held FROM incidents i WHERE i.healed_at IS NULL AND i.cause <> ? "
    "AND (i.muted_until IS NULL OR i.muted_until <= ?) ORDER BY held DESC, i.id LIMIT ?"
)  # fmt: skip


def waiting(tx: Transaction) -> Waiting:
    """Count what open incidents hold, each thing once however many hold it."""
    orders, everything = tx.one(_WAITING, (Cause.TRANSIENT.value,))
    return Waiting(int(orders), int(everything) - int(orders))


def largest(tx: Transaction, now: int, limit: int) -> list[tuple[Incident, int]]:
    """Return the open incidents that hold most, each with how many; not those that are muted or heal by themselves."""
    rows = tx.rows(_LARGEST, (Cause.TRANSIENT.value, now, limit))
    return [(_incident(row[:-1]), int(row[-1])) for row in rows]


def take(tx: Transaction, number: int, *, owner: str) -> bool:
    """Note who looks after an incident."""
    return tx.execute("UPDATE incidents SET owner = ? WHERE id = ?", (owner, number)) == 1


def mute(tx: Transaction, number: int, until: int | None) -> bool:
    """Note until when an incident is not to be shown as news (milliseconds; None: it is)."""
    return tx.execute("UPDATE incidents SET muted_until = ? WHERE id = ?", (until, number)) == 1


def of_subjects(tx: Transaction, names: Sequence[str]) -> dict[str, list[Incident]]:
    """Return the open incidents of several subjects that have any. At most 1,000 names."""
    if not names:
        return {}
    sql = (
        "SELECT r.subject, " + ", ".join(f"i.{name}" for name in FIELDS) + " FROM incident_refs r JOIN incidents i "
        "ON i.id = r.incident_id WHERE r.subject IN (" + ", ".join("?" * len(names)) + ") ORDER BY i.id"
    )  # fmt: skip
    found: dict[str, list[Incident]] = {}
    for subject, *row in tx.rows(sql, tuple(names)):
        found.setdefault(subject, []).append(_incident(tuple(row)))
    return found


def _incident(row: tuple[object, ...]) -> Incident:
    return Incident(**dict(zip(FIELDS, row, strict=True)))  # type: ignore[arg-type]  # columns in the order of the fields


def open_of(tx: Transaction, operation: str, cause: Cause) -> list[tuple[int, str, str | None]]:
    """Return (number, fingerprint, connection) of the open incidents of an operation and cause, at most 1,000."""
    sql = (
        "SELECT id, fingerprint, connection FROM incidents "
        "WHERE healed_at IS NULL AND operation = ? AND cause = ? LIMIT 1000"
    )
    return [(row[0], row[1], row[2]) for row in tx.rows(sql, (operation, cause.value))]
