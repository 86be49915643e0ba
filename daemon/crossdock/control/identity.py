"""Who asks. On the socket: the kernel's word for the user, the system's word for the groups; elsewhere a token's."""

from __future__ import annotations

import asyncio
import grp
import os
import pwd
import socket
import struct
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from crossdock.control.permissions import Right, rights_of

if TYPE_CHECKING:
    from asyncio import BaseTransport
    from collections.abc import Mapping

    from crossdock.config.model import Role, RoleName
    from crossdock.env import Env
    from crossdock.rules.tokens import Token

_PEER = struct.Struct("3i")  # struct ucred: pid, uid, gid
REMEMBERED_S = 30.0
"""Names and groups of a user are asked of the system again after so long."""


class Caller(Struct, frozen=True, kw_only=True):
    """Who asks: `user` names them in timelines, `rights` say what they may do.

    Who shows a token has no uid; `token` is its number and `until` when it expires.
    """

    uid: int | None
    user: str
    roles: tuple[str, ...]
    rights: frozenset[Right]
    token: int | None = None
    until: datetime | None = None

    @property
    def roles_noted(self) -> str:
        """The roles as the audit has them, with the token that gave them."""
        return ",".join(self.roles if self.token is None else (*self.roles, f"token {self.token}"))


NOBODY = Caller(uid=None, user="", roles=(), rights=frozenset())
"""Who asks for a probe: nobody looks who it is."""


class Directory(Protocol):
    """Where users and groups are looked up."""

    def look_up(self, uid: int, gid: int) -> tuple[str | None, frozenset[str]]:
        """Return the user's name, None if it has none, and the names of all its groups. May block."""
        ...

    def find(self, user: str) -> tuple[int, int] | None:
        """Return the uid and gid of a user, None if there is none of this name. May block."""
        ...

    def members(self, group: str) -> tuple[str, ...] | None:
        """Return whom a group lists as its members, None if there is none of this name. May block."""
        ...


class SystemDirectory:
    """Users and groups as this machine knows them."""

    def look_up(self, uid: int, gid: int) -> tuple[str | None, frozenset[str]]:
        """Return the user's name and its primary and supplementary groups' names."""
        try:
            user = pwd.getpwuid(uid)
        except KeyError:
            return None, _names([gid])
        return user.pw_name, _names([gid, *os.getgrouplist(user.pw_name, user.pw_gid)])

    def find(self, user: str) -> tuple[int, int] | None:
        """Return the uid and gid of a user."""
        try:
            found = pwd.getpwnam(user)
        except (KeyError, ValueError):  # ValueError: what stands in the configuration can be no name
            return None
        return found.pw_uid, found.pw_gid

    def members(self, group: str) -> tuple[str, ...] | None:
        """Return whom a group lists; whose main group it is, it does not."""
        try:
            return tuple(sorted(grp.getgrnam(group).gr_mem))
        except (KeyError, ValueError):
            return None


def _names(gids: list[int]) -> frozenset[str]:
    names = set()
    for gid in gids:
        try:
            names.add(grp.getgrgid(gid).gr_name)
        except KeyError:
            continue  # a group without a name cannot stand in the configuration
    return frozenset(names)


class Identities:
    """Knows callers by their peer credentials. `roles` is control.roles of the configuration."""

    def __init__(self, roles: Mapping[RoleName, Role], env: Env, directory: Directory | None = None) -> None:
        self.roles = roles
        self._env = env
        self._directory = directory or SystemDirectory()
        self._known: dict[tuple[int, int], tuple[float, tuple[str | None, frozenset[str]]]] = {}

    async def of(self, transport: BaseTransport | None) -> Caller | None:
        """Return who is at the other end; None if the kernel does not say."""
        peer = peer_of(transport)
        if peer is None:
            return None
        name, groups = await self._look_up(*peer)
        return caller(peer[0], name, groups, self.roles)

    async def named(self, user: str) -> tuple[Caller, frozenset[str]]:
        """Return who a user of this name would be, without a uid where there is none; and the groups that give it roles."""
        found = await asyncio.to_thread(self._directory.find, user)
        if found is None:
            held = roles_of(user, frozenset(), self.roles)
            return Caller(uid=None, user=user, roles=held, rights=rights_of(held)), frozenset()
        name, groups = await self._look_up(*found)
        given = {group for who in self.roles.values() for group in who.groups}
        return caller(found[0], name or user, groups, self.roles), groups & given

    async def born_admins(self) -> frozenset[str]:
        """Return the names of root and of the daemon's own user."""
        found = [await self._look_up(0, 0), await self._look_up(os.geteuid(), os.getegid())]
        return frozenset(name for name, _ in found if name is not None)

    async def members(self, group: str) -> tuple[str, ...] | None:
        """Return whom a group lists as its members; None if there is no such group."""
        return await asyncio.to_thread(self._directory.members, group)

    async def _look_up(self, uid: int, gid: int) -> tuple[str | None, frozenset[str]]:
        known = self._known.get((uid, gid))
        now = self._env.monotonic()
        if known is not None and now - known[0] < REMEMBERED_S:
            return known[1]
        found = await asyncio.to_thread(self._directory.look_up, uid, gid)
        self._known[uid, gid] = (now, found)
        return found


def peer_of(transport: BaseTransport | None) -> tuple[int, int] | None:
    """Ask the kernel for the uid and gid at the other end of a Unix socket."""
    sock = None if transport is None else transport.get_extra_info("socket")
    if sock is None or sock.family != socket.AF_UNIX:
        return None
    _, uid, gid = _PEER.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    return uid, gid


def by_token(token: Token) -> Caller:
    """Take a token for its user. It carries its roles itself; one that there is not any more gives no right."""
    return Caller(
        uid=None, user=token.user, roles=token.roles, rights=rights_of(token.roles), token=token.id, until=token.expires_at
    )  # fmt: skip


def caller(uid: int, name: str | None, groups: frozenset[str], roles: Mapping[RoleName, Role]) -> Caller:
    """Give a user its roles. Root and the daemon's own user are admin unless the configuration gives them roles."""
    held = roles_of(name, groups, roles)
    if not held and uid in (0, os.geteuid()):
        held = ("admin",)
    return Caller(uid=uid, user=name or f"uid {uid}", roles=held, rights=rights_of(held))


def roles_of(name: str | None, groups: frozenset[str], roles: Mapping[RoleName, Role]) -> tuple[str, ...]:
    """Return the roles that the configuration gives a user and its groups."""
    return tuple(
        role
        for role, who in sorted(roles.items())
        if (name is not None and name in who.users) or groups.intersection(who.groups)
    )
