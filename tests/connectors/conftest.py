"""Raw servers, a host with connectors written on the spot, and bounded HTTP to the loopback."""

from __future__ import annotations

import asyncio
import contextlib

import msgspec
import pytest
from msgspec import Struct

from crossdock.config.model import Connection, HttpLimits, Timeouts, Tls
from crossdock.connectors.discovery import Plugins
from crossdock.connectors.host import PluginHost
from crossdock.connectors.http import BoundedHttp
from crossdock.env import Env
from crossdock.spec.connector import ConnectorType, SecretRef

LOOPBACK = ("127.0.0.0/8", "::1/128")


class RawServer:
    """Reads requests from a socket and hands each to `serve(writer, number)`; keeps what it read in `requests`.

    `serve` writes what it likes. What it returns says whether the connection is kept for another request.
    """

    def __init__(self, serve, *, tls=None, host="127.0.0.1") -> None:
        self.serve, self.tls, self.host = serve, tls, host
        self.requests: list[bytes] = []
        self.connections = 0
        self._open: dict[asyncio.Task, asyncio.StreamWriter] = {}

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._connected, self.host, 0, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()
        for task, writer in list(self._open.items()):
            task.cancel()
            writer.transport.abort()
        await asyncio.gather(*self._open, return_exceptions=True)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def _connected(self, reader, writer):
        task = asyncio.current_task()
        self._open[task] = writer
        self.connections += 1
        task.add_done_callback(lambda done: self._open.pop(done, None))
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.requests.append(head + await reader.readexactly(_length(head)))
                if not await self.serve(writer, len(self.requests)):
                    break
        writer.close()


def _length(head: bytes) -> int:
    lines = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return int(lines[0].split(b":")[1]) if lines else 0


def answer(
    body: bytes = b"{}", *headers: str, status: int = 200, media: str = "application/json", length=None
) -> bytes:
    """Write a whole HTTP answer; `length` lies about the body's, "none" leaves it out."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Type: {media}"]
    if length != "none":
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


def always(served: bytes, *, keep: bool = False):
    """Answer every request with the same bytes."""

    async def serve(writer, _number):
        writer.write(served)
        await writer.drain()
        return keep

    return serve


def connection(settings=None, *, kind="t", tls=None, timeouts=None, **limits) -> Connection:
    """Configure a connection to the loopback."""
    values = {"allow_http": True, "allow_private": LOOPBACK, "timeout_s": 20, **limits}
    return Connection(
        type=kind,
        settings=settings or {},
        http=HttpLimits(**values),
        tls=Tls(**(tls or {})),
        timeouts=Timeouts(**(timeouts or {})),
    )


@pytest.fixture
async def http():
    """Make bounded HTTP to a port (or to a whole address) of this machine: `http(port, timeout_s=…)`."""
    made: list[BoundedHttp] = []

    def make(where, *, tls=None, env=None, **limits) -> BoundedHttp:
        base = where if isinstance(where, str) else f"http://127.0.0.1:{where}"
        made.append(BoundedHttp("shop", base, connection(tls=tls, **limits), env or Env()))
        return made[-1]

    yield make
    for client in made:
        await client.close()


class NoSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """A connector without settings."""


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings most connectors have."""

    url: str
    token: SecretRef
    note: str = ""


@pytest.fixture
async def connect():
    """Open a connection to a connector class: `connect(Connector, settings=…, kind=Settings, **config)`."""
    plugins = Plugins()
    host = PluginHost(plugins, Env())
    made = []

    def make(connector, *, name="shop", settings=None, shape=NoSettings, secret=None, capabilities=None, **config):
        type_name = f"type{len(plugins.types)}"
        extra = {} if capabilities is None else {"capabilities": capabilities}
        factory = connector if shape is not NoSettings else lambda _settings: connector()
        plugins._add(
            "plugin:test", ConnectorType(name=type_name, kind="both", settings=shape, factory=factory, **extra)
        )
        times = {"fetch_s": 20, "push_s": 20, "check_s": 20, "cancel_grace_s": 0.05, **config.pop("timeouts", {})}
        configured = connection(settings, kind=type_name, timeouts=times, **config)
        made.append(host.connect(name, configured, secret or (lambda reference: f"value of {reference}"), whole=False))
        return made[-1]

    make.plugins, make.host = plugins, host
    yield make
    for link in made:
        await link.close()


def encoded(value) -> bytes:
    """Encode as JSON."""
    return msgspec.json.encode(value)
