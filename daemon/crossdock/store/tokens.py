"""Tokens of the control API: kept by the hash of their text, never removed, so that what one did can be traced."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from crossdock.rules.tokens import Token, digest_of, text_of
from crossdock.store import audit, counters
from crossdock.store.orders import marks
from crossdock.store.times import from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crossdock.store.audit import By
    from crossdock.store.store import Transaction

MOST_LIVE = 500
"""Tokens that are good at a time, at most."""
MOST_KNOWN = 2000
"""Tokens that the daemon has at hand, the good ones first: of others it is not told any more why they are not good."""
FIELDS = Token.__struct_fields__
COLUMNS = ", ".join(FIELDS)
_INSERT = "INSERT INTO tokens (" + COLUMNS + ") VALUES (" + marks(len(FIELDS)) + ")"


class TooMany(Exception):
    """As many tokens are good as there may be; the message says so."""


def create(tx: Transaction, new: Token, secret: bytes, by: By) -> tuple[Token, str]:
    """Keep a new token; its number and its hash are given here. Return it with its text, which is kept nowhere."""
    now = to_ms(new.created_at)
    live = tx.one("SELECT COUNT(*) FROM tokens WHERE revoked_at IS NULL AND expires_at > ?", (now,))
    if live is not None and live[0] >= MOST_LIVE:
        raise TooMany(f"{MOST_LIVE} tokens are good at the moment, more are not made; revoke those that nobody uses")
    number = counters.take(tx, "tokens")
    text = text_of(number, secret)
    made = msgspec.structs.replace(new, id=number, digest=digest_of(text))
    tx.execute(_INSERT, _row(made))
    reason = f"for {made.user} as {','.join(made.roles)}, until {made.expires_at:%Y-%m-%d}"
    audit.write(tx, by.entry(object=f"token:{number}", reason=reason), now)
    kept = get(tx, number)
    assert kept is not None  # it was put there a moment ago in this transaction
    return kept, text


def revoke(tx: Transaction, number: int, by: By, now: datetime) -> Token | None:
    """Revoke a token, for good; one that is revoked stays as it is. None if there is no such token."""
    found = get(tx, number)
    if found is None:
        return None
    sql = "UPDATE tokens SET revoked_at = ?, revoked_by = ? WHERE id = ? AND revoked_at IS NULL"
    tx.execute(sql, (to_ms(now), by.actor, number))
    audit.write(tx, by.entry(object=f"token:{number}", reason=f"of {found.user}"), to_ms(now))
    return get(tx, number)


def get(tx: Transaction, number: int) -> Token | None:
    """Return a token."""
    row = tx.one("SELECT " + COLUMNS + " FROM tokens WHERE id = ?", (number,))
    return None if row is None else _token(row)


def known(tx: Transaction) -> list[Token]:
    """Return the tokens to have at hand."""
    sql = "SELECT " + COLUMNS + " FROM tokens ORDER BY revoked_at IS NOT NULL, expires_at DESC LIMIT ?"
    return [_token(row) for row in tx.rows(sql, (MOST_KNOWN,))]


class Sought(Struct, frozen=True, kw_only=True):
    """Which tokens a list shows; None is any. `state` is good, expired or revoked, as it is at `now` (UTC)."""

    now: datetime
    state: str | None = None
    user: str | None = None
    text: str | None = None


_OF_STATE = {
    "good": " AND revoked_at IS NULL AND expires_at > ?", "expired": " AND revoked_at IS NULL AND expires_at <= ?",
    "revoked": " AND revoked_at IS NOT NULL",
}  # fmt: skip


def page(tx: Transaction, before: int | None, limit: int, sought: Sought | None = None) -> list[Token]:
    """Return tokens with a number below `before`, newest first."""
    where, values = "id < ?", list[object]([2**62 if before is None else before])
    if sought is not None:
        where, values = _narrowed(sought, where, values)
    sql = "SELECT " + COLUMNS + " FROM tokens WHERE " + where + " ORDER BY id DESC LIMIT ?"
    return [_token(row) for row in tx.rows(sql, (*values, limit))]


def _narrowed(sought: Sought, where: str, values: list[object]) -> tuple[str, list[object]]:
    if sought.state is not None:
        where += _OF_STATE[sought.state]
        values += [to_ms(sought.now)] * _OF_STATE[sought.state].count("?")
    if sought.user is not None:
        where += " AND user = ?"
        values.append(sought.user)
    if sought.text is not None:
        where += " AND instr(lower(name || ' ' || user), lower(?)) > 0"
        values.append(sought.text)
    return where, values


def used(tx: Transaction, times: Mapping[int, datetime]) -> None:
    """Note when tokens were last used, by number."""
    sql = "UPDATE tokens SET last_used_at = ? WHERE id = ?"
    tx.execute_many(sql, [(to_ms(at), number) for number, at in times.items()])


_TIMES = ("created_at", "expires_at", "last_used_at", "revoked_at")


def _row(token: Token) -> tuple[object, ...]:
    values: dict[str, Any] = {name: getattr(token, name) for name in FIELDS}
    values["roles"] = ",".join(token.roles)
    for name in _TIMES:
        values[name] = None if values[name] is None else to_ms(values[name])
    return tuple(values[name] for name in FIELDS)


def _token(row: tuple[object, ...]) -> Token:
    values: dict[str, Any] = dict(zip(FIELDS, row, strict=True))
    values["roles"] = tuple(values["roles"].split(","))
    values["digest"] = bytes(values["digest"])
    for name in _TIMES:
        values[name] = from_ms(values[name])
    return Token(**values)
