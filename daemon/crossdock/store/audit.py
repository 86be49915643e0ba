"""The audit: who did what. Rows are only added, and each holds the hash of the one before it (SECURITY S6)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from crossdock.store import counters

if TYPE_CHECKING:
    from crossdock.store.store import Transaction

FIRST = "0" * 64
"""Stands for the hash of a row before the first."""
DAEMON = "crossdock"
"""The actor of what the daemon does by itself."""
BEGUN, DONE, PARTLY, REFUSED, FORBIDDEN, PROPOSED = "begun", "done", "partly", "refused", "forbidden", "proposed"
"""Results: a request that was let in, and how it ended. Between the first and the others the daemon may have stopped."""


class Entry(Struct, frozen=True, kw_only=True):
    """What somebody did. `object` names what it was done to; `before` and `after` are hashes of what it was and is.

    `result` is "done", "refused", "forbidden" or another word for how it ended; `roles` are those of the actor.
    `request` is the same in all rows that one request left. No field may hold personal data or a secret.
    """

    actor: str
    action: str
    object: str
    result: str = DONE
    uid: int | None = None
    roles: str = ""
    before: str = ""
    after: str = ""
    reason: str = ""
    request: str = ""


class By(Struct, frozen=True, kw_only=True):
    """Who makes a change by which request: handed to a unit of work that writes its own row of the audit."""

    actor: str
    action: str
    object: str
    uid: int | None = None
    roles: str = ""
    request: str = ""

    def entry(
        self,
        *,
        result: str = DONE,
        before: str = "",
        after: str = "",
        reason: str = "",
        object: str = "",  # noqa: A002
    ) -> Entry:
        """Say how it ended; `object` where the unit of work knows better what it was about."""
        return Entry(
            actor=self.actor, action=self.action, object=object or self.object, uid=self.uid, roles=self.roles,
            request=self.request, result=result, before=before, after=after, reason=reason,
        )  # fmt: skip


class Audited(Struct, frozen=True, kw_only=True):
    """A row of the audit; `at` is milliseconds UTC."""

    id: int
    at: int
    actor: str
    uid: int | None
    roles: str
    action: str
    object: str
    before: str
    after: str
    reason: str
    result: str
    previous: str
    hash: str
    request: str = ""


FIELDS = Audited.__struct_fields__
COLUMNS = ", ".join(FIELDS)
_INSERT = "INSERT INTO audit (" + COLUMNS + ") VALUES (" + ",".join("?" * len(FIELDS)) + ")"
_SEAL = "UPDATE audit_seal SET last_id = ?, last_hash = ? WHERE id = 1"


class Seal(Struct, frozen=True, kw_only=True):
    """Where the chain begins and ends. Rows up to `pruned_to` were removed by age; the last of them had `pruned_hash`."""

    pruned_to: int
    pruned_hash: str
    last_id: int
    last_hash: str


def seal(tx: Transaction) -> Seal:
    """Return where the chain begins and ends."""
    row = tx.one("SELECT pruned_to, pruned_hash, last_id, last_hash FROM audit_seal WHERE id = 1")
    if row is None:
        return Seal(pruned_to=0, pruned_hash=FIRST, last_id=0, last_hash=FIRST)
    return Seal(pruned_to=int(row[0]), pruned_hash=str(row[1]), last_id=int(row[2]), last_hash=str(row[3]))


def write(tx: Transaction, entry: Entry, now: int) -> Audited:
    """Add a row, in the transaction of what was done; it follows the last row that was written, even if that is gone."""
    row = Audited(
        id=counters.take(tx, "audit"), at=now, actor=entry.actor, uid=entry.uid, roles=entry.roles, action=entry.action,
        object=entry.object, before=entry.before, after=entry.after, reason=entry.reason, result=entry.result,
        previous=seal(tx).last_hash, hash="", request=entry.request,
    )  # fmt: skip
    row = msgspec.structs.replace(row, hash=digest(row))
    tx.execute(_INSERT, tuple(getattr(row, name) for name in FIELDS))
    tx.execute(_SEAL, (row.id, row.hash))
    return row


def digest(row: Audited) -> str:
    """Return the SHA-256 of everything in a row but its own hash."""
    left_out = {"hash"} if row.request else {"hash", "request"}  # rows of before that column keep their hash
    content = {name: getattr(row, name) for name in FIELDS if name not in left_out}
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()


def counted(done: int, of: int, what: str) -> dict[str, str]:
    """Say for `By.entry` how a request about several things ended: all, some, or none of them was done."""
    result = DONE if done == of else PARTLY if done else REFUSED
    return {"result": result, "reason": f"{done} of {of} {what}"}


def hash_of(value: object) -> str:
    """Return the SHA-256 of a record, for `before` and `after`; nothing for None."""
    if value is None:
        return ""
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()


def page(tx: Transaction, after: int, limit: int) -> list[Audited]:
    """Return rows with an id above `after`, oldest first."""
    sql = "SELECT " + COLUMNS + " FROM audit WHERE id > ? ORDER BY id LIMIT ?"
    return [_audited(row) for row in tx.rows(sql, (after, limit))]


class Sought(Struct, frozen=True, kw_only=True):
    """Which rows a list shows; None is any. `since` is milliseconds UTC."""

    actor: str | None = None
    action: str | None = None
    object: str | None = None
    result: str | None = None
    since: int | None = None


_UNENDED = (
    " AND (result <> 'begun' OR NOT EXISTS (SELECT 1 FROM audit e WHERE e.request = audit.request AND e.request <> '' "
    "AND e.result <> 'begun'))"
)


def newest(tx: Transaction, sought: Sought, before: int | None, limit: int) -> list[Audited]:
    """Return rows with an id below `before`, newest first; of a request that ended only the row that says how."""
    where, values = "id < ?", [2**62 if before is None else before]
    for column in ("actor", "action", "object", "result"):
        value = getattr(sought, column)
        if value is not None:
            where += " AND " + column + " = ?"
            values.append(value)
    if sought.since is not None:
        where += " AND id >= COALESCE((SELECT a.id FROM audit a WHERE a.at >= ? ORDER BY a.at, a.id LIMIT 1), 9223372036854775807)"
        values.append(sought.since)
    sql = "SELECT " + COLUMNS + " FROM audit WHERE " + where + _UNENDED + " ORDER BY id DESC LIMIT ?"
    return [_audited(row) for row in tx.rows(sql, (*values, limit))]


def last_at(tx: Transaction, actor: str, action: str, name: str) -> int | None:
    """Return when somebody last did something to something, in milliseconds, or None."""
    row = tx.one(
        "SELECT at FROM audit WHERE object = ? AND action = ? AND actor = ? ORDER BY id DESC LIMIT 1",
        (name, action, actor),
    )
    return None if row is None else int(row[0])


def _audited(row: tuple[object, ...]) -> Audited:
    return Audited(**dict(zip(FIELDS, row, strict=True)))  # type: ignore[arg-type]  # columns in the order of the fields
