"""HTTP for connectors: one bounded session a connection, no redirects, errors mapped once."""

from __future__ import annotations

import asyncio
import io
import ssl
from functools import partial
from typing import TYPE_CHECKING

import aiohttp

from crossdock.connectors import tls, written
from crossdock.connectors.answers import HttpAnswer, to_error, unreadable
from crossdock.connectors.deadlines import Deadlines
from crossdock.connectors.guard import Forbidden, Guard, check_base
from crossdock.spec import errors

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from crossdock.config.model import Connection
    from crossdock.env import Env

_SMALL = 64 * 1024
_LARGE = 2**20
"""aiohttp wants larger bodies than this as a stream, or it warns."""
_JSON = {"Content-Type": "application/json"}
_NO_HEADERS: Mapping[str, str] = {}
_PASSING_ALERTS = frozenset({"TLSV1_ALERT_INTERNAL_ERROR", "TLSV1_ALERT_USER_CANCELLED"})
"""What a server says in the handshake when it has trouble of its own, such as a load balancer that is starting."""
_QUIET = ("User-Agent", "Accept", "Accept-Encoding")


class TooLarge(Exception):
    """A body is larger than the connection allows."""


class BoundedHttp:
    """HTTP to one base address (spec.context.Http)."""

    def __init__(self, connection: str, base: str, config: Connection, env: Env) -> None:
        self._connection, self._config, self._env = connection, config, env
        self._base = check_base(base, allow_http=config.http.allow_http, fail=self._wrong)
        self._guard = Guard(config.http.allow_private)
        self._deadlines = Deadlines(config.http.timeout_s)
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    async def get(
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        accept: Collection[int] = (),
    ) -> HttpAnswer:
        """Read."""
        return await self._call("GET", path, params, headers, None, write=False, accept=accept)

    async def post(
        self,
        path: str,
        body: bytes,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        write: bool = True,
        accept: Collection[int] = (),
    ) -> HttpAnswer:
        """Send; a write unless said otherwise."""
        return await self._call("POST", path, params, headers, body, write=write, accept=accept)

    async def put(
        self, path: str, body: bytes, *, headers: Mapping[str, str] | None = None, accept: Collection[int] = ()
    ) -> HttpAnswer:
        """Replace."""
        return await self._call("PUT", path, None, headers, body, write=True, accept=accept)

    async def delete(
        self, path: str, *, headers: Mapping[str, str] | None = None, accept: Collection[int] = ()
    ) -> HttpAnswer:
        """Remove."""
        return await self._call("DELETE", path, None, headers, None, write=True, accept=accept)

    def _wrong(self, text: str) -> errors.ConfigError:
        return errors.ConfigError(f"connection {self._connection}: {text}")

    async def close(self) -> None:
        """Close every socket; later calls are refused."""
        self._closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()
        self._deadlines.close()

    async def _call(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        body: bytes | None,
        *,
        write: bool,
        accept: Collection[int],
    ) -> HttpAnswer:
        sent = written.current.get() if write else None
        if sent is None:
            return await self._exchange(method, path, params, headers, body, write=write, accept=accept)
        create, what = sent.hook == "push_outbound", f"{method} {path.partition('?')[0]}"
        try:
            answer = await self._exchange(
                method, path, params, headers, body, write=write, accept=accept, create=create
            )
        except errors.UnknownOutcome:
            sent.note(what)
            raise
        except errors.ConnectorError:
            raise  # a definite no, or nothing was sent
        except BaseException:
            sent.note(what)  # it was cancelled under way
            raise
        if not 400 <= answer.status < 500 or answer.status == 408:
            sent.note(what)
        return answer

    async def _exchange(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        body: bytes | None,
        *,
        write: bool,
        accept: Collection[int],
        create: bool = False,
    ) -> HttpAnswer:
        if not path.startswith("/") or "/.." in path or "#" in path or "%2e" in path.lower():
            text = f"{self._connection}: a path must begin with '/' and stay below the base address; nothing was sent"
            # A write says so of the one record whose name made the path: in doubt it is not, for nothing was sent.
            raise errors.Rejected(text, code="bad_path") if write else errors.ContractError(text)
        what = f"{method} {path.partition('?')[0]} of {self._connection}"
        for name, value in headers.items() if headers else ():
            if not value.isprintable():
                raise self._wrong(f"the header {name} would hold a control character; nothing was sent")
        sent = {**_JSON, **(headers or {})} if body is not None else headers
        data = io.BytesIO(body) if body is not None and len(body) > _LARGE else body
        session = self._session or self._open()
        refusal: list[bytes] = []
        status, answered = 0, _NO_HEADERS
        try:
            with self._deadlines.within():
                async with session.request(
                    method, self._base + path, params=params, headers=sent, data=data, allow_redirects=False
                ) as response:
                    status, answered = response.status, response.headers
                    whole = 200 <= status < 300 or status in accept
                    content = await self._read(response) if whole else await _beginning(response, refusal)
        except (TooLarge, aiohttp.ClientError, TimeoutError, OSError, ValueError, asyncio.IncompleteReadError) as error:
            if status < 300:
                raise self._failed(error, what, write=write) from None
            content, accept = b"".join(refusal), ()  # the status of a refusal is definite, whatever follows it
        if 200 <= status < 300:
            return HttpAnswer(status, answered, content, what, write, headers)
        now, cap = self._env.now(), self._config.retry.retry_after_cap_s
        refused = partial(
            to_error, status, answered, content, what, write=write, now=now, cap_s=cap, sent=headers, create=create
        )
        if status in accept:
            return HttpAnswer(status, answered, content, what, write, headers, refused)
        raise refused()

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        """Read the whole body, never more than the connection allows, however it is packed."""
        most = self._config.http.max_bytes
        length = response.content_length
        if length is not None and length > most:
            raise TooLarge(f"its body has {length} bytes, more than {most}")
        if length is not None and length <= _SMALL and "Content-Encoding" not in response.headers:
            return await response.read()
        parts, size = [], 0
        async for part in response.content.iter_any():
            size += len(part)
            if size > most:
                response.close()
                raise TooLarge(f"its body has more than {most} bytes")
            parts.append(part)
        return b"".join(parts)

    def _failed(self, error: Exception, what: str, *, write: bool) -> errors.ConnectorError:
        """Say what a broken call means: only before the connection stood it surely had no effect."""
        if isinstance(error, TooLarge):
            return unreadable(what, str(error), "", write=write)
        if (unsent := _never_sent(error, what)) is not None:
            return unsent
        if write:
            text = f"{what} was sent and its answer was lost ({_cause(error)}); nobody knows whether it took effect"
            return errors.UnknownOutcome(text)
        packed_wrongly = isinstance(error.__cause__, aiohttp.http_exceptions.ContentEncodingError)
        if packed_wrongly or isinstance(error, aiohttp.ClientResponseError | ValueError):
            return errors.BadResponse(f"{what}: the answer was broken ({_cause(error)})")
        return errors.Retryable(f"{what} was not answered ({_cause(error)})")

    def _open(self) -> aiohttp.ClientSession:
        if self._closed:
            raise errors.Retryable(f"{self._connection} is closed; nothing was sent")
        limits = self._config.http
        connector = aiohttp.TCPConnector(
            limit=self._config.push.concurrency + 4,
            ssl=tls.context(self._connection, self._config.tls) if self._base.startswith("https") else True,
            socket_factory=self._guard.make_socket,
            ttl_dns_cache=60,
            keepalive_timeout=30,
        )
        # The time to connect, with resolving and TLS, must end before the whole: what was not sent by then never was.
        connect = min(limits.connect_s, limits.timeout_s / 2)
        timeout = aiohttp.ClientTimeout(total=None, connect=connect, ceil_threshold=2 * limits.timeout_s)
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_QUIET,
            raise_for_status=False,
            auto_decompress=True,
            trust_env=False,
        )
        # aiohttp would send GET, PUT and DELETE again by itself on a kept-alive connection that was dropped; the
        # daemon is the only one that repeats a call.
        self._session._retry_connection = False  # noqa: SLF001
        return self._session


def _never_sent(error: Exception, what: str) -> errors.ConnectorError | None:
    """Say what hindered a call before the connection stood; None if it stood."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        text = f"{what}: the server's TLS certificate was not accepted or the handshake failed ({_cause(error)})"
        return errors.Retryable(text, setup=not _broke_off(error))
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        # Also "no such name" passes: a resolver or a link that comes up late says it of every name.
        return errors.Retryable(f"{what}: the name of the server could not be resolved; nothing was sent")
    if isinstance(refusal := getattr(error, "os_error", None), Forbidden):
        return errors.ConfigError(f"{what}: {refusal}")
    if isinstance(error, aiohttp.InvalidURL):
        return errors.ConfigError(f"{what}: the setting url is not a valid address")
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return errors.Retryable(f"{what}: no connection could be made ({_cause(error)}); nothing was sent")
    return None


async def _beginning(response: aiohttp.ClientResponse, parts: list[bytes]) -> bytes:
    """Read what can be had of the body of an answer that is no success, into `parts` as it comes."""
    size = 0
    async for part in response.content.iter_any():
        parts.append(part[: _SMALL - size])
        size += len(part)
        if size >= _SMALL:
            response.close()
            break
    return b"".join(parts)


def _broke_off(error: aiohttp.ClientConnectorError) -> bool:
    """Tell whether a handshake ended for a reason that passes, not because one side does not accept the other."""
    cause = error.os_error
    if isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError | ssl.SSLSyscallError):
        return True
    return getattr(cause, "reason", None) in _PASSING_ALERTS


def _cause(error: Exception) -> str:
    """Name an error's kind; its text may hold an address with a query, so it is left out."""
    inner = getattr(error, "os_error", None) or error.__cause__
    return type(error).__name__ if inner is None else f"{type(error).__name__}, {type(inner).__name__}"
