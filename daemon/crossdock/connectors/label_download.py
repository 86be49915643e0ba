"""Gets the bytes of a label that an OMS gives by address: from declared hosts only, bounded, nothing followed (S10, P9)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

import aiohttp
import msgspec
from yarl import URL

from crossdock.connectors import label_bytes, tls
from crossdock.connectors.guard import Forbidden, Guard
from crossdock.connectors.label_bytes import MAX_BYTES, NoLabel
from crossdock.spec.errors import ConfigError, Rejected

if TYPE_CHECKING:
    from crossdock.config.model import Connection
    from crossdock.env import Env
    from crossdock.spec.labels import Label

_PORTS = {"https": 443, "http": 80}
_QUIET = ("User-Agent", "Accept", "Accept-Encoding")


class LabelDownload:
    """Makes labels whole. What it refuses is Rejected with a code that begins with "label_"; no text holds the address.

    A connection's credentials are never sent along: the host is another one's, as a rule.
    """

    def __init__(self, connection: str, config: Connection, env: Env) -> None:
        self._connection, self._config, self._env = connection, config, env
        self._hosts = frozenset(host.lower() for host in config.http.label_hosts)
        self._guard = Guard(config.http.allow_private)
        self._session: aiohttp.ClientSession | None = None

    async def whole(self, label: Label) -> Label:
        """Return the label with its bytes, checked. Raises Rejected."""
        try:
            if label.data is not None:
                label_bytes.check(label.content_type, label.data)
                return label
            if label.url is None:
                raise NoLabel("label_empty", "it has neither bytes nor an address")  # noqa: TRY301 - told like the others
            content_type, data = await self._get(self._checked(label.url, label))
            label_bytes.check(content_type, data)
        except NoLabel as error:
            text = f"the shipping label that {self._connection} gave was not taken: {error}"
            raise Rejected(text, code=error.code) from None
        return msgspec.structs.replace(label, content_type=label_bytes.media_of(content_type), data=data, url=None)

    async def close(self) -> None:
        """Close every socket."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _checked(self, url: str, label: Label) -> str:
        """Make sure that an address may be asked at all, before anything is resolved. Raises NoLabel."""
        parts, port = _split(url)
        http = self._config.http
        if parts.scheme != "https" and not (parts.scheme == "http" and http.allow_http):
            raise NoLabel("label_url", "its address is not https")
        if "@" in parts.netloc:
            raise NoLabel("label_url", "its address holds a user name or password")
        host = (parts.hostname or "").lower()
        wanted = host if port == _PORTS[parts.scheme] else f"{host}:{port}"
        if not host or wanted not in self._hosts:
            text = (
                f"its host {wanted[:100]!r} is not declared; name it in connections.{self._connection}.http.label_hosts"
            )
            raise NoLabel("label_host", text)
        if label.expires_at is not None and label.expires_at <= self._env.now():
            raise NoLabel("label_expired", "its address does not work any more")
        return url

    async def _get(self, url: str) -> tuple[str, bytes]:
        """Read the whole answer. Raises NoLabel."""
        try:
            session = self._session or self._open()
            async with asyncio.timeout(self._config.http.timeout_s):
                async with session.get(URL(url, encoded=True), allow_redirects=False) as response:
                    if response.status != 200:
                        raise NoLabel("label_status", f"its address answered {response.status}")
                    content_type = response.headers.get("Content-Type", "")
                    label_bytes.check_type(content_type)
                    return content_type, await _read(response)
        except ConfigError as error:
            raise NoLabel("label_unreachable", error.message) from None
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, asyncio.IncompleteReadError) as error:
            if isinstance(error, NoLabel):
                raise
            if isinstance(refusal := getattr(error, "os_error", None), Forbidden):
                raise NoLabel("label_host", f"its host leads to {refusal}") from None
            # the text of such an error may hold the address, which may be a secret
            raise NoLabel("label_unreachable", f"its address could not be read ({type(error).__name__})") from None

    def _open(self) -> aiohttp.ClientSession:
        limits = self._config.http
        connector = aiohttp.TCPConnector(
            limit=4, ssl=tls.context(self._connection, self._config.tls), socket_factory=self._guard.make_socket,
            ttl_dns_cache=60, force_close=True,
        )  # fmt: skip
        connect = min(limits.connect_s, limits.timeout_s / 2)
        self._session = aiohttp.ClientSession(
            connector=connector, timeout=aiohttp.ClientTimeout(total=None, connect=connect),
            cookie_jar=aiohttp.DummyCookieJar(), skip_auto_headers=_QUIET, auto_decompress=True, trust_env=False,
        )  # fmt: skip
        # aiohttp would ask again by itself; what failed is asked for again from the stored row, with its waits
        self._session._retry_connection = False  # noqa: SLF001
        return self._session


def _split(url: str) -> tuple[SplitResult, int]:
    """Cut an address apart. Raises NoLabel."""
    if not url.isprintable() or not url.isascii() or " " in url or "\\" in url or len(url) > 4096:
        raise NoLabel("label_url", "its address holds a character that no address has, or is too long")
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        raise NoLabel("label_url", "its address is none") from None
    return parts, port


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Read a body, never more than a label has, however it is packed. Raises NoLabel."""
    if response.content_length is not None and response.content_length > MAX_BYTES:
        raise NoLabel("label_too_large", f"it has {response.content_length} bytes, a label has at most {MAX_BYTES}")
    parts, size = [], 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > MAX_BYTES:
            response.close()
            raise NoLabel("label_too_large", f"it has more than {MAX_BYTES} bytes")
        parts.append(part)
    return b"".join(parts)
