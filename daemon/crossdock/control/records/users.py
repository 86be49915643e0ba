"""Who may do what: the users and groups that the configuration gives roles, the users of tokens, and the roles."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from crossdock.control.records.base import Limit
from crossdock.control.records.tokens import RoleName

UserKind = Literal["user", "token", "group"]


class UserQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is listed: of this kind, with this role, with `text` in the name. `after` is `next` of the page before."""

    kind: UserKind | None = None
    role: RoleName | None = None
    text: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    after: Annotated[str, Meta(max_length=500)] = ""
    limit: Limit = 50


class UserItem(Struct, frozen=True, kw_only=True):
    """Somebody who may do something. `kind`: a user of the daemon's machine, a group of it, or who acts by tokens only.

    `known` False: the machine has no such user or group, so that nobody gets these roles. `by` are the groups that give a
    user roles, `members` whom a group lists, `tokens` the numbers of the good tokens. `born`: root or the daemon's own user, who is
    admin without the configuration saying so.
    """

    kind: UserKind
    name: str
    roles: tuple[str, ...]
    rights: tuple[str, ...]
    known: bool = True
    born: bool = False
    by: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    tokens: tuple[int, ...] = ()


class UserPage(Struct, frozen=True, kw_only=True):
    """People: users, then those who act by tokens, then groups, by name."""

    items: tuple[UserItem, ...]
    next: str | None = None


class RoleItem(Struct, frozen=True, kw_only=True):
    """A role: the rights that it gives, and whom the configuration gives it to."""

    name: str
    rights: tuple[str, ...]
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


class Roles(Struct, frozen=True, kw_only=True):
    """Every role there is."""

    items: tuple[RoleItem, ...]
