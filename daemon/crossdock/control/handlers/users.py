"""Who may do what. Roles come from the configuration, those of tokens from the tokens; here they are only shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from crossdock.control.permissions import ROLES, Right, rights_of
from crossdock.control.records.users import RoleItem, Roles, UserItem, UserPage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crossdock.config.model import RoleName
    from crossdock.control.identity import Identities
    from crossdock.control.records.users import UserQuery
    from crossdock.control.route import Call
    from crossdock.rules.tokens import Token

MOST_MEMBERS = 200
"""Members of a group that are named, at most."""
_KINDS = ("user", "token", "group")


async def list_users(call: Call[None, UserQuery]) -> UserPage:
    """List who may do what: users and groups that the configuration gives roles, and the users of good tokens."""
    query, identities = call.query, call.identities
    every = [*await _users(identities), *_by_token(call.tokens.all_good()), *await _groups(identities)]
    fitting = sorted((each for each in every if _fits(each, query)), key=_place)
    start = _place_of(query.after)
    left = [each for each in fitting if _place(each) > start]
    shown = tuple(left[: query.limit])
    return UserPage(items=shown, next=f"{shown[-1].kind}:{shown[-1].name}" if len(left) > len(shown) else None)


async def list_roles(call: Call[None, object]) -> Roles:
    """List the roles: the rights of each, and whom the configuration gives it to."""
    given = call.identities.roles
    items = []
    for name, rights in ROLES.items():
        who = given.get(cast("RoleName", name))
        users, groups = ((), ()) if who is None else (who.users, who.groups)
        items.append(RoleItem(name=name, rights=_sorted(rights), users=users, groups=groups))
    return Roles(items=tuple(items))


async def _users(identities: Identities) -> list[UserItem]:
    born = await identities.born_admins()
    given = {user for who in identities.roles.values() for user in who.users}
    found = []
    for name in given | born:
        caller, by = await identities.named(name)
        found.append(
            UserItem(
                kind="user", name=name, roles=caller.roles, rights=_sorted(caller.rights), known=caller.uid is not None,
                born=name not in given and not by, by=tuple(sorted(by)),
            )
        )  # fmt: skip
    return found


async def _groups(identities: Identities) -> list[UserItem]:
    named = {group for who in identities.roles.values() for group in who.groups}
    found = []
    for name in named:
        roles = tuple(role for role, who in sorted(identities.roles.items()) if name in who.groups)
        members = await identities.members(name)
        found.append(
            UserItem(
                kind="group", name=name, roles=roles, rights=_sorted(rights_of(roles)), known=members is not None,
                members=(members or ())[:MOST_MEMBERS],
            )
        )  # fmt: skip
    return found


def _by_token(tokens: Iterable[Token]) -> list[UserItem]:
    of: dict[str, list[Token]] = {}
    for token in tokens:
        of.setdefault(token.user, []).append(token)
    found = []
    for user, held in of.items():
        roles = tuple(sorted({role for token in held for role in token.roles}))
        numbers = tuple(sorted(token.id for token in held))
        found.append(UserItem(kind="token", name=user, roles=roles, rights=_sorted(rights_of(roles)), tokens=numbers))
    return found


def _sorted(rights: frozenset[Right]) -> tuple[str, ...]:
    return tuple(right.value for right in Right if right in rights)


def _fits(item: UserItem, query: UserQuery) -> bool:
    return (
        query.kind in (None, item.kind)
        and (query.role is None or query.role in item.roles)
        and (query.text is None or query.text.casefold() in item.name.casefold())
    )


def _place(item: UserItem) -> tuple[int, str]:
    return _KINDS.index(item.kind), item.name


def _place_of(after: str) -> tuple[int, str]:
    """Return where a list goes on; from the beginning where `after` is none of ours."""
    kind, _, name = after.partition(":")
    return (_KINDS.index(kind), name) if kind in _KINDS else (-1, "")
