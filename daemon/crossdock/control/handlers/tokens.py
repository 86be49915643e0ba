"""Tokens: listed, made, revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, cast

from crossdock.control.problems import conflict, not_found, not_valid
from crossdock.control.records.tokens import CreatedToken, TokenItem, TokenPage
from crossdock.rules.tokens import Token
from crossdock.spec.text import clean
from crossdock.store import audit, tokens

if TYPE_CHECKING:
    from crossdock.control.records.tokens import CreateToken, TokenQuery, TokenState
    from crossdock.control.route import Call


async def list_tokens(call: Call[None, TokenQuery]) -> TokenPage:
    """List the tokens of the control API, newest first; none of them with its text."""
    query = call.query
    sought = tokens.Sought(state=query.state, user=query.user, text=query.text, now=call.engine.env.now())
    found = await call.engine.store.read(tokens.page, query.after, query.limit + 1, sought)
    more = found[query.limit - 1].id if len(found) > query.limit else None
    return TokenPage(items=tuple(_item(call, token) for token in found[: query.limit]), next=more)


async def create_token(call: Call[CreateToken, object]) -> CreatedToken:
    """Make a token for the control API over TCP. Its text stands in this answer and is kept nowhere."""
    body, now = call.body, call.engine.env.now()
    if body.user.casefold() == audit.DAEMON:
        raise not_valid(
            f"'{audit.DAEMON}' is what the daemon itself is called in timelines and the audit; name a person"
        )
    new = Token(
        id=0, name=clean(body.name), user=body.user, roles=tuple(sorted(set(body.roles))), digest=b"", created_at=now,
        created_by=call.actor, expires_at=now + timedelta(days=body.expires_days),
    )  # fmt: skip
    try:
        made, text = await call.tokens.create(new, call.audited())
    except tokens.TooMany as error:
        raise conflict("too_many", str(error)) from None
    return CreatedToken(item=_item(call, made), token=text)


async def revoke_token(call: Call[None, object]) -> TokenItem:
    """Revoke a token, for good: from this moment on it is refused, and streams that it opened end."""
    number = call.path["id"]
    found = await call.tokens.revoke(number, call.audited())
    if found is None:
        raise not_found(f"there is no token {number}")
    return _item(call, found)


def _item(call: Call[object, object], token: Token) -> TokenItem:
    verdict = token.verdict(call.engine.env.now()).value
    return TokenItem(
        id=token.id, name=token.name, user=token.user, roles=token.roles,
        state=cast("TokenState", verdict), created_at=token.created_at,
        created_by=token.created_by, expires_at=token.expires_at, last_used_at=call.tokens.used_at(token),
        revoked_at=token.revoked_at, revoked_by=token.revoked_by,
    )  # fmt: skip
