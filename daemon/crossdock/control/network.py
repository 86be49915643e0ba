"""Where the control API listens on a network address: TLS, and how many strangers may knock at a time."""

from __future__ import annotations

import asyncio
import logging
import ssl
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from crossdock.spec.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from crossdock.config.model import Tcp

log = logging.getLogger("crossdock.control")

MOST_CONNECTIONS = 200
"""Connections at a time; more are closed at once, so that strangers do not use up the files that the daemon may open."""
HANDSHAKE_S = 10.0
"""Seconds that a TLS handshake may take."""
FIRST_REQUEST_S = 20.0
"""Seconds that whoever connects has to send a whole first request."""
IDLE_S = 60.0
"""A connection without a request is closed after so long."""
LINGER_S = 2.0
"""A body that nobody reads is waited for so long, so that the answer arrives."""
_UNSAID = logging.getLogger("crossdock.control.unsaid")
_UNSAID.disabled = True
"""What strangers send that is no HTTP is not logged: it may be anything, a token among it, and as much as they like."""


class Network:
    """Serves an application at the address that the configuration names."""

    def __init__(self, tcp: Tcp, application: web.Application, stop_s: float) -> None:
        application.middlewares.insert(0, self._heard)
        self._tcp = tcp
        self._runner = web.AppRunner(application, shutdown_timeout=stop_s)
        self._server: asyncio.Server | None = None
        self._silent: set[web.RequestHandler] = set()
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        """Listen. Raises ConfigError for a certificate that cannot be used, OSError for an address that cannot be had."""
        context = tls_of(self._tcp)
        await self._runner.setup()
        handshake_s = None if context is None else HANDSHAKE_S
        self._server = await asyncio.get_running_loop().create_server(
            self._accept, host, port, ssl=context, backlog=128, ssl_handshake_timeout=handshake_s
        )
        self.port = self._server.sockets[0].getsockname()[1]
        scheme = "http" if context is None else "https"
        shown = f"[{host}]" if ":" in host else host
        log.info("the control API is at %s://%s:%s, for clients with a token", scheme, shown, self.port)

    async def stop(self) -> None:
        """Let requests under way end, then stop."""
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._runner.cleanup()

    def _accept(self) -> asyncio.Protocol:
        server = self._runner.server
        if server is None or len({*server.connections, *self._silent}) >= MOST_CONNECTIONS:
            return _Refused()
        loop = asyncio.get_running_loop()
        handler = _Handler(
            server, loop=loop, access_log=_UNSAID, logger=_UNSAID, keepalive_timeout=IDLE_S, lingering_time=LINGER_S
        )
        self._silent.add(handler)
        loop.call_later(FIRST_REQUEST_S, self._hurry, handler)
        return handler

    def _hurry(self, handler: web.RequestHandler) -> None:
        """Close a connection on which no whole request came."""
        if handler in self._silent:
            self._silent.discard(handler)
            handler.force_close()

    @web.middleware
    async def _heard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        self._silent.discard(request.protocol)
        return await handler(request)


class _Handler(web.RequestHandler):
    """Says of what is no HTTP nothing but that."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it would quote what was sent
    ) -> web.StreamResponse:
        """Answer it, in words that quote nothing of it."""
        answer = super().handle_error(request, status, exc, "this is no request")
        answer.headers.update({"Server": "crossdock", "Cache-Control": "no-store"})
        return answer


class _Refused(asyncio.Protocol):
    """A connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Close it."""
        transport.close()


def tls_of(tcp: Tcp) -> ssl.SSLContext | None:
    """Return what TLS needs; None where there is none. Raises ConfigError."""
    if tcp.cert_file is None or tcp.key_file is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if Path(tcp.key_file).stat().st_mode & stat.S_IROTH:
            raise ConfigError(f"control.tcp.key_file: everybody may read {tcp.key_file}; chmod 600 it")
        context.load_cert_chain(tcp.cert_file, tcp.key_file, password=lambda: "")
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        text = f"control.tcp: the certificate {tcp.cert_file} with the key {tcp.key_file} cannot be used: {reason}"
        raise ConfigError(text) from None
    return context
