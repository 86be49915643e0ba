"""The two ways in: a Unix socket, where the kernel says who asks, and a network address, where a token does."""

from __future__ import annotations

import ipaddress
import logging
import re
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from aiohttp import web

from crossdock.control.identity import by_token
from crossdock.control.problems import ApiProblem
from crossdock.rules.login_limits import Failed, LoginGate, Note, peer_of
from crossdock.rules.tokens import Checked, Verdict
from crossdock.store import audit
from crossdock.store.audit import FORBIDDEN, Entry
from crossdock.store.store import StoreError
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from crossdock.config.model import Tcp
    from crossdock.control.identity import Caller, Identities
    from crossdock.control.tokens import Tokens
    from crossdock.engine.engine import Engine
    from crossdock.store.store import Transaction

log = logging.getLogger("crossdock.control")

REFUSED, LOCKED = "token.refused", "token.locked"
"""Actions of the audit that are no request."""
STRANGER = "(unknown)"
"""The actor of a token that nobody has; no user is called so."""
_NOT_GOOD = "this needs a token that is good: `crossdock tokens create` makes one"
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^\s:\[\]]+)(?P<port>:[0-9]{1,5})?")
_BEARER = re.compile(r"bearer +(?P<token>\S+)", re.IGNORECASE)
LET_IN_BY = web.RequestKey("let_in_by", int)
"""Where a request keeps the number of the token that let it in."""


class Door(Protocol):
    """A way in."""

    async def known(self, request: web.Request) -> Caller:
        """Say who asks. Raises ApiProblem if that cannot be told, or they may not come in."""
        ...

    async def still(self, request: web.Request) -> Caller | None:
        """Say who it is that was let in with this request; None if they are not any more."""
        ...


DOOR: web.AppKey[Door] = web.AppKey("door", Door)


class SocketDoor:
    """The Unix socket. `identities` are asked for each time, for the roles change with the configuration."""

    def __init__(self, identities: Callable[[], Identities]) -> None:
        self._identities = identities

    async def known(self, request: web.Request) -> Caller:
        """Say who asks: what the kernel says. Raises ApiProblem."""
        found = await self.still(request)
        if found is None:
            text = "it cannot be told who asks; use the Unix socket itself"
            raise ApiProblem(HTTPStatus.FORBIDDEN, "forbidden", text)
        return found

    async def still(self, request: web.Request) -> Caller | None:
        """Say who it is, with the roles of this moment."""
        return await self._identities().of(request.transport)


class NetworkDoor:
    """A network address. `refused` is told the reason of every refusal, for the metrics."""

    def __init__(self, tcp: Tcp, host: str, engine: Engine, tokens: Tokens, refused: Callable[[str], None]) -> None:
        self._engine, self._env, self._tokens, self._refused = engine, engine.env, tokens, refused
        self._hosts = allowed_hosts(host, tcp.hosts)
        self._gate = LoginGate()

    @web.middleware
    async def guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Refuse what a web page may send, before anything else is looked at.

        A browser that was lured here shows the page's Origin, or, by a name that was bound to this address anew, a Host
        that is none of ours. It is no failure of a token: else any page could lock out the browser's whole machine.
        """
        if "Origin" in request.headers:
            self._refused("origin")
            raise ApiProblem(HTTPStatus.FORBIDDEN, "origin", "requests of web pages are not taken (there is an Origin)")
        given = request.headers.getall("Host", [])
        if len(given) != 1 or name_of(given[0]) not in self._hosts:
            self._refused("host")
            text = "this daemon is not called by that name; [control.tcp] hosts in its configuration names those it has"
            raise ApiProblem(HTTPStatus.MISDIRECTED_REQUEST, "host", text)
        return await handler(request)

    async def known(self, request: web.Request) -> Caller:
        """Say whose token was shown. Raises ApiProblem, which does not tell what is wrong with it."""
        peer, now = peer_of(request.remote or ""), self._env.monotonic()
        if (wait := self._gate.wait(peer, now)) > 0:
            self._refused("locked")
            raise self._locked(wait)
        found = self._tokens.check(shown_in(request.headers.getall("Authorization", [])))
        if found.verdict is Verdict.GOOD and found.token is not None:
            self._gate.worked(peer, now)
            request[LET_IN_BY] = found.token.id
            return by_token(found.token)
        self._refused(found.verdict.value)
        await self._note(peer, found, self._gate.failed(peer, now))
        headers = {"WWW-Authenticate": 'Bearer realm="crossdock"'}
        raise ApiProblem(HTTPStatus.UNAUTHORIZED, "unauthorized", _NOT_GOOD, headers=headers)

    async def still(self, request: web.Request) -> Caller | None:
        """Say who it is, if the token was neither revoked nor expired meanwhile."""
        found = self._tokens.good(request[LET_IN_BY])
        return None if found is None else by_token(found)

    def _locked(self, wait: float) -> ApiProblem:
        again_at = self._env.now() + timedelta(seconds=wait)
        text = f"too many tokens were refused; nothing from there is looked at before {again_at:%Y-%m-%d %H:%M:%S} UTC"
        headers = {"Retry-After": str(int(wait) + 1)}
        return ApiProblem(HTTPStatus.TOO_MANY_REQUESTS, "locked", text, again_at=again_at, headers=headers)

    async def _note(self, peer: str, found: Checked, failed: Failed) -> None:
        """Keep in the audit what is worth it; the refusal stands whether or not that can be written."""
        rows = [_row(note, peer, found, failed) for note in failed.notes]
        if not rows:
            return
        for row in rows:
            log.warning("%s: %s, %s", row.action, row.object, row.reason)
        try:
            await self._engine.store.write(_write, rows, to_ms(self._env.now()))
        except StoreError as error:
            log.error("that tokens of %s were refused is not in the audit: %s", peer, error)


def _write(tx: Transaction, rows: Iterable[Entry], now: int) -> None:
    for row in rows:
        audit.write(tx, row, now)


def _row(note: Note, peer: str, found: Checked, failed: Failed) -> Entry:
    token, which = found.token, f"peer {peer}"
    if note is Note.FIRST:
        what = found.verdict.value if token is None else f"{found.verdict.value}: token {token.id}"
        reason = f"{what}; more of this peer within a minute are counted only"
        actor = STRANGER if token is None else token.user
        return Entry(actor=actor, action=REFUSED, object=which, result=FORBIDDEN, reason=reason)
    if note is Note.LOCKED:
        reason = f"too many refused tokens; not heard for {failed.lock_s:.0f} s"
        return Entry(actor=STRANGER, action=LOCKED, object=which, result=FORBIDDEN, reason=reason)
    reason = "too many refused tokens of all peers; only those whose token worked lately are heard"
    return Entry(actor=STRANGER, action=LOCKED, object="all peers", result=FORBIDDEN, reason=reason)


def shown_in(headers: list[str]) -> str | None:
    """Return the token that a request shows: in its one Authorization header, never elsewhere."""
    found = _BEARER.fullmatch(headers[0].strip()) if len(headers) == 1 else None
    return None if found is None else found["token"]


def allowed_hosts(listen: str, named: Iterable[str]) -> frozenset[str]:
    """Return the names by which clients may call the daemon, as `name_of` returns them."""
    address = ipaddress.ip_address(listen)
    found = {each.lower().strip("[]") for each in named}
    if not address.is_unspecified:
        found.add(str(address))
    return frozenset(found | {"localhost", "127.0.0.1", "::1"} if address.is_loopback else found)


def name_of(host: str) -> str:
    """Return the name in a Host header, without its port; nothing if it is none."""
    found = _HOST.fullmatch(host.strip().lower())
    return "" if found is None else found["name"].strip("[]")
