"""How a client talks to a daemon: one request and its answer, over the Unix socket or the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import quote, urlencode

import aiohttp
import msgspec
from yarl import URL

from crossdock.control.records.base import Problem
from crossdock.control.remote import RemoteWay, SocketWay
from crossdock.spec.text import clean

if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType

    from crossdock.control.remote import Remote, Way

T = TypeVar("T")

TIMEOUT_S = 60.0
"""Longest wait for one answer; the daemon itself gives up earlier."""


class Unreachable(Exception):
    """No daemon can be talked to there; the message says where, and what to do."""


class Refusal(Exception):
    """The daemon did not do it. The message is its sentence, fit for a terminal; `code` is for programs."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(clean(problem.detail))
        self.problem = problem

    @property
    def code(self) -> str:
        """What kind of refusal it is."""
        return self.problem.code

    @property
    def again_at(self) -> datetime | None:
        """When it may be asked again, where that is known."""
        return self.problem.again_at


class Transport:
    """One daemon, behind its Unix socket or at a network address (raises BadRemote). Calls raise Unreachable, Refusal."""

    def __init__(self, at: str | Remote) -> None:
        self._way: Way = SocketWay(at) if isinstance(at, str) else RemoteWay(at)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Get ready; nothing is connected yet."""
        self._session = aiohttp.ClientSession(
            connector=self._way.connector(),
            headers=self._way.headers(),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(self, method: str, path: str, answer: type[T], body: object = None, **query: object) -> T:
        """Call a route. `path` is encoded already; parameters that are None are left out."""
        raw, status = await self.exchange(method, path, body, query)
        if status >= 400:
            raise Refusal(problem_of(raw, status))
        try:
            return msgspec.json.decode(raw, type=answer)
        except msgspec.DecodeError as error:
            raise Unreachable(
                f"what answers at {self._way.shown} is no crossdock daemon of this version ({error}); are both the same?"
            ) from None

    def opened(self, path: str, silence_s: float) -> aiohttp.client._RequestContextManager:
        """Begin an answer that goes on; it is lost when nothing comes for `silence_s` seconds."""
        assert self._session is not None  # used as a context
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=TIMEOUT_S, sock_read=silence_s)
        url = URL(f"{self._way.base}{path}", encoded=True)
        return self._session.get(url, timeout=timeout, allow_redirects=False)

    def lost(self, error: Exception | None) -> str:
        """Say that an answer that goes on has ended, and why."""
        if isinstance(error, aiohttp.ClientConnectorError):
            return self._way.not_there(error)
        why = "it ended" if error is None else type(error).__name__
        return f"the daemon at {self._way.shown} is not heard any more ({why}); it may be stopping"

    async def exchange(self, method: str, path: str, body: object, query: dict[str, object]) -> tuple[bytes, int]:
        """Make one request; return the answer's body and status. Raises Unreachable."""
        assert self._session is not None  # used as a context
        given = urlencode({name: value for name, value in query.items() if value is not None}, quote_via=quote)
        url = URL(f"{self._way.base}{path}" + (f"?{given}" if given else ""), encoded=True)
        data = None if body is None else msgspec.json.encode(body)
        headers = {"Content-Type": "application/json"} if data is not None else None
        try:
            async with self._session.request(method, url, data=data, headers=headers, allow_redirects=False) as answer:
                raw, status = await answer.read(), answer.status
        except (aiohttp.ClientConnectorError, PermissionError) as error:
            raise Unreachable(self._way.not_there(error)) from None
        except (aiohttp.ClientError, TimeoutError, RuntimeError) as error:  # RuntimeError: it was closed in between
            text = f"the daemon at {self._way.shown} did not answer to the end ({type(error).__name__}); ask again"
            raise Unreachable(text) from None
        if 300 <= status < 400:
            text = f"what answers at {self._way.shown} sends elsewhere, and no token is taken elsewhere; name the daemon itself"
            raise Unreachable(text)
        return raw, status


def problem_of(raw: bytes, status: int) -> Problem:
    """Read an error answer, whatever it is."""
    try:
        return msgspec.json.decode(raw, type=Problem)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Problem(title="error", status=status, code="unknown", detail=f"the daemon answered with status {status}")


def part(text: Any) -> str:
    """Encode one part of a path, so that no character of it means anything there."""
    return quote(str(text), safe="")
