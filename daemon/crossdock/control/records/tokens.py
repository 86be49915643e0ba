"""Tokens of the control API over TCP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from crossdock.control.records.base import Id, Limit

RoleName = Literal["viewer", "operator", "warehouse", "buyer", "admin"]
UserName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,59}$")]
"""A user of a token: no space, so that it is never taken for a user of the machine that has no name ("uid 7")."""
MAX_DAYS = 366


TokenState = Literal["good", "expired", "revoked"]


class TokenQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which tokens are listed: of this state, of this user, with `text` in their name or user. `after` is `next` of the page before."""

    state: TokenState | None = None
    user: Annotated[str, Meta(min_length=1, max_length=60)] | None = None
    text: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    after: Id | None = None
    limit: Limit = 50


class TokenItem(Struct, frozen=True, kw_only=True):
    """A token, without its text, which nobody has but who got it. `user` is who acts by it, `roles` what they may do.

    `last_used_at` is right to about a minute.
    """

    id: int
    name: str
    user: str
    roles: tuple[str, ...]
    state: TokenState
    created_at: datetime
    created_by: str
    expires_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_by: str = ""


class TokenPage(Struct, frozen=True, kw_only=True):
    """Tokens, newest first."""

    items: tuple[TokenItem, ...]
    next: int | None = None


class CreateToken(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Make a token for somebody: `user` is named in timelines and the audit, `name` says what the token is for."""

    user: UserName
    roles: Annotated[tuple[RoleName, ...], Meta(min_length=1, max_length=5)]
    name: Annotated[str, Meta(max_length=100)] = ""
    expires_days: Annotated[int, Meta(ge=1, le=MAX_DAYS)] = 90


class CreatedToken(Struct, frozen=True, kw_only=True):
    """A new token. `token` is its text: it stands in this answer and nowhere else."""

    item: TokenItem
    token: str
