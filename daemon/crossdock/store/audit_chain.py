"""The chain of the audit: verified row by row, and shortened at its old end so that it can still be verified.

What is found: a row that was changed, removed, put in or moved, and rows cut off at either end. What cannot be found from
the database alone: somebody who may write to the file drops the triggers, cuts rows off the end and writes a fitting
audit_seal, or computes every later row anew. That is found with a hash that was noted elsewhere: the log gets one a day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.store import audit
from crossdock.store.audit import FIRST, Entry

if TYPE_CHECKING:
    from crossdock.store.audit import Audited, Seal
    from crossdock.store.store import Transaction

STEP = 1000
"""Rows verified in one transaction."""
PRUNED = "audit.prune"


class Bad(Struct, frozen=True):
    """The first row that is wrong, and the sentence that says how."""

    id: int
    text: str


class Walk(Struct, frozen=True, kw_only=True):
    """How far a verification came. `at` and `hash` are the last row that is good; `ended`: there is nothing behind it.

    `bad` ends it. `checked` counts the rows that were read.
    """

    at: int = 0
    hash: str = FIRST
    checked: int = 0
    bad: Bad | None = None
    ended: bool = False


def step(tx: Transaction, walk: Walk, limit: int = STEP) -> Walk:
    """Verify up to `limit` rows more. Rows may be added, and old ones removed by age, between two steps."""
    sealed = audit.seal(tx)
    if walk.at < sealed.pruned_to:
        if (bad := _unfounded(tx, sealed)) is not None:
            return Walk(at=walk.at, hash=walk.hash, checked=walk.checked, bad=bad)
        walk = Walk(at=sealed.pruned_to, hash=sealed.pruned_hash, checked=walk.checked)
    rows = audit.page(tx, walk.at, limit)
    at, known, checked = walk.at, walk.hash, walk.checked
    for row in rows:
        if (bad := _wrong(row, at, known)) is not None:
            return Walk(at=at, hash=known, checked=checked, bad=bad)
        at, known, checked = row.id, row.hash, checked + 1
    ended = len(rows) < limit
    cut = _cut(sealed, at, known) if ended else None
    return Walk(at=at, hash=known, checked=checked, bad=cut, ended=ended and cut is None)


def _wrong(row: Audited, at: int, known: str) -> Bad | None:
    if row.id != at + 1:
        missing = at + 1 if row.id == at + 2 else f"{at + 1} to {row.id - 1}"
        return Bad(at + 1, f"row {missing} was removed: behind row {at} comes row {row.id}")
    if row.previous != known:
        text = f"row {row.id} does not follow row {at}: rows were moved or put in, or row {at} was written anew"
        return Bad(row.id, text)
    if audit.digest(row) != row.hash:
        return Bad(row.id, f"row {row.id} was changed: its content does not fit its hash")
    return None


def _cut(sealed: Seal, at: int, known: str) -> Bad | None:
    if at < sealed.last_id:
        return Bad(at + 1, f"rows {at + 1} to {sealed.last_id} were cut off at the end")
    if at > sealed.last_id:
        return Bad(sealed.last_id + 1, f"rows behind {sealed.last_id} were added by something that is not crossdock")
    if known != sealed.last_hash:
        return Bad(at, f"row {at} was written anew: the last row that crossdock wrote had another hash")
    return None


def _unfounded(tx: Transaction, sealed: Seal) -> Bad | None:
    """Rows at the beginning may be missing only where a row of the chain says that they were removed by age."""
    sql = "SELECT 1 FROM audit WHERE action = ? AND object = ? AND after = ? LIMIT 1"
    if tx.one(sql, (PRUNED, _up_to(sealed.pruned_to), sealed.pruned_hash)) is not None:
        return None
    return Bad(1, f"rows 1 to {sealed.pruned_to} are missing, and no row says that crossdock removed them by age")


def _up_to(row: int) -> str:
    return f"rows up to {row}"


def prune(tx: Transaction, older_than: int, limit: int, now: int) -> int:
    """Remove up to `limit` rows older than `older_than` (milliseconds) from the old end; return how many.

    A row of the chain says up to where, and the hash of the last one, so that what is left can be verified.
    """
    sealed = audit.seal(tx)
    rows = tx.rows(
        "SELECT id, at, hash FROM audit WHERE id > ? AND id < ? ORDER BY id LIMIT ?",
        (sealed.pruned_to, sealed.last_id, limit),
    )
    old: list[tuple[int, str]] = []
    for number, at, known in rows:
        if at >= older_than:
            break
        old.append((int(number), str(known)))
    if not old:
        return 0
    last, known = old[-1]
    reason = f"{len(old)} rows were older than the audit is kept"
    gone = Entry(actor=audit.DAEMON, action=PRUNED, object=_up_to(last), after=known, reason=reason)
    audit.write(tx, gone, now)
    tx.execute("UPDATE audit_seal SET pruned_to = ?, pruned_hash = ? WHERE id = 1", (last, known))
    return tx.execute("DELETE FROM audit WHERE id <= ?", (last,))


def hash_at(tx: Transaction, number: int) -> str | None:
    """Return the hash that a row has now, to compare it with one that was noted elsewhere; None if it is not there."""
    row = tx.one("SELECT hash FROM audit WHERE id = ?", (number,))
    return None if row is None else str(row[0])
