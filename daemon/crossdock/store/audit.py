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


class Entry(Struct, frozen=True, kw_only=True):
    """What somebody did. `object` names what it was done to; `before` and `after` are what it was and is, as JSON or a hash.

    `result` is "done", "refused" or what went wrong; `roles` are those by which it was allowed.
    """

    actor: str
    action: str
    object: str
    result: str = "done"
    uid: int | None = None
    roles: str = ""
    before: str = ""
    after: str = ""
    reason: str = ""


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


FIELDS = Audited.__struct_fields__
COLUMNS = ", ".join(FIELDS)
_INSERT = "INSERT INTO audit (" + COLUMNS + ") VALUES (" + ",".join("?" * len(FIELDS)) + ")"


def write(tx: Transaction, entry: Entry, now: int) -> Audited:
    """Add a row, in the transaction of what was done."""
    last = tx.one("SELECT hash FROM audit ORDER BY id DESC LIMIT 1")
    row = Audited(
        id=counters.take(tx, "audit"), at=now, actor=entry.actor, uid=entry.uid, roles=entry.roles, action=entry.action,
        object=entry.object, before=entry.before, after=entry.after, reason=entry.reason, result=entry.result,
        previous=FIRST if last is None else str(last[0]), hash="",
    )  # fmt: skip
    row = msgspec.structs.replace(row, hash=digest(row))
    tx.execute(_INSERT, tuple(getattr(row, name) for name in FIELDS))
    return row


def digest(row: Audited) -> str:
    """Return the SHA-256 of everything in a row but its own hash."""
    content = {name: getattr(row, name) for name in FIELDS if name != "hash"}
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()


def page(tx: Transaction, after: int, limit: int) -> list[Audited]:
    """Return rows with an id above `after`, oldest first."""
    sql = "SELECT " + COLUMNS + " FROM audit WHERE id > ? ORDER BY id LIMIT ?"
    return [Audited(**dict(zip(FIELDS, row, strict=True))) for row in tx.rows(sql, (after, limit))]
