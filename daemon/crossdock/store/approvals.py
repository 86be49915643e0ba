"""Proposals that a second person approves: kept whole, decided once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from crossdock.rules.approval_states import ApprovalState
from crossdock.store import counters
from crossdock.store.orders import marks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.store.store import Transaction


class Approval(Struct, frozen=True, kw_only=True):
    """A proposal's row. Times are milliseconds UTC.

    `action` names what is carried out, with `body`; `needs` is the right that both persons must hold; `object` what it is
    done to, and `text` the sentence that the second person decides by. Who acts by a token has no uid.
    """

    id: int
    action: str
    needs: str
    object: str
    text: str
    body: bytes
    state: ApprovalState
    proposed_by: str
    proposed_uid: int | None
    proposed_at: int
    expires_at: int
    decided_by: str
    decided_uid: int | None
    decided_at: int | None
    outcome: str


FIELDS = Approval.__struct_fields__
COLUMNS = ", ".join(FIELDS)
_NO_UID = -1
"""Stands in the column of who proposed, which takes no null: there is no such uid."""
_INSERT = "INSERT INTO approvals (" + COLUMNS + ") VALUES (" + marks(len(FIELDS)) + ")"


def propose(tx: Transaction, new: Approval) -> Approval:
    """Keep a proposal; its id is given here."""
    values = {name: getattr(new, name) for name in FIELDS} | {"id": counters.take(tx, "approvals")}
    stored = values | {"proposed_uid": _NO_UID if new.proposed_uid is None else new.proposed_uid}
    tx.execute(_INSERT, tuple(stored[name] for name in FIELDS))
    return Approval(**values)


def get(tx: Transaction, number: int) -> Approval | None:
    """Return a proposal."""
    row = tx.one("SELECT " + COLUMNS + " FROM approvals WHERE id = ?", (number,))
    return None if row is None else _approval(row)


def open_for(tx: Transaction, action: str, about: str, now: int) -> Approval | None:
    """Return the proposal of an action on an object that can still be decided, if there is one."""
    sql = (
        "SELECT " + COLUMNS + " FROM approvals WHERE object = ? AND action = ? AND state = ? AND expires_at > ? "
        "ORDER BY id LIMIT 1"
    )  # fmt: skip
    row = tx.one(sql, (about, action, ApprovalState.PROPOSED, now))
    return None if row is None else _approval(row)


def decided(
    tx: Transaction, number: int, state: ApprovalState, by: str, uid: int | None, at: int, outcome: str
) -> bool:
    """Note how a proposal was decided; False if it was decided already."""
    sql = (
        "UPDATE approvals SET state = ?, decided_by = ?, decided_uid = ?, decided_at = ?, outcome = ? "
        "WHERE id = ? AND state = ?"
    )
    return tx.execute(sql, (state, by, uid, at, outcome, number, ApprovalState.PROPOSED)) == 1


def page(
    tx: Transaction, rights: Sequence[str], user: str, state: ApprovalState | None, before: int | None, limit: int,
    text: str | None = None,
) -> list[Approval]:  # fmt: skip
    """Return proposals that need one of these rights, or that `user` proposed, newest first; only those that say `text`."""
    sql = (
        "SELECT " + COLUMNS + " FROM approvals WHERE id < ? AND (proposed_by = ? OR needs IN ("
        + marks(len(rights)) + "))"
    )  # fmt: skip
    values: list[object] = [2**62 if before is None else before, user, *rights]
    if state is not None:
        sql += " AND state = ?"
        values.append(state)
    if text is not None:
        sql += " AND instr(lower(object || ' ' || text || ' ' || proposed_by), lower(?)) > 0"
        values.append(text)
    return [_approval(row) for row in tx.rows(sql + " ORDER BY id DESC LIMIT ?", (*values, limit))]


def expired(tx: Transaction, now: int, limit: int) -> list[Approval]:
    """Return open proposals whose time is over, at most `limit`."""
    sql = "SELECT " + COLUMNS + " FROM approvals WHERE state = 0 AND expires_at <= ? ORDER BY id LIMIT ?"
    return [_approval(row) for row in tx.rows(sql, (now, limit))]


def _approval(row: tuple[object, ...]) -> Approval:
    values: dict[str, Any] = dict(zip(FIELDS, row, strict=True))
    values["state"] = ApprovalState(values["state"])
    values["body"] = bytes(values["body"])
    if values["proposed_uid"] == _NO_UID:
        values["proposed_uid"] = None
    return Approval(**values)
