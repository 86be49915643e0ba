"""The HTTP server around a sandbox: bearer token, faults, /__sandbox/ for tests, start and stop."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections import Counter
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

from crossdock.testing.sandbox.call import JSON, Call, Core, Refused, decode, ok, problem
from crossdock.testing.sandbox.faults import Faults, Script
from crossdock.testing.sandbox.wire import Wire, plain

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from crossdock.testing.sandbox.call import Answer

ADMIN = "/__sandbox"
MAX_REQUEST = 256 * 2**20


def utc_now() -> datetime:
    """The real clock, aware UTC."""
    return datetime.now(UTC)


def on_loopback(request: web.Request) -> bool:
    """Say whether the client is on this machine."""
    try:
        return ip_address(request.remote or "").is_loopback
    except ValueError:
        return False


def check_media(call: Call) -> None:
    """Make sure that a body says it is JSON. Raises Refused 415."""
    media = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if call.body and media != JSON:
        raise Refused(415, "unsupported_media_type", f"A body is {JSON}, this one {media[:60]!r}")


class Sandbox:
    """A sandbox on a real port of this machine; base of SandboxOms and SandboxWms.

    `calls` counts the requests of the contract by "METHOD path", `faults.met` the faults they met. `token` is what a
    client must present; what stands behind /__sandbox/ asks clients on this machine for none.
    """

    def __init__(self, core: Core, *, token: str | None = None, script: Script | None = None) -> None:
        self.token = token or secrets.token_hex(16)
        self.faults = Faults(script)
        self.calls: Counter[str] = Counter()
        self.host = "127.0.0.1"
        self.port = 0
        self._core = core
        self._wire = Wire(core, self._start_late, self.refuse)
        self._late: set[asyncio.Task[None]] = set()
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None

    @property
    def url(self) -> str:
        """The base address to configure a connection with."""
        return f"http://{self.host}:{self.port}"

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> None:
        """Listen; port 0 takes a free one."""
        application = web.Application(client_max_size=MAX_REQUEST)
        application.router.add_route("*", "/{tail:.*}", self._handle)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        self.host, self.port = host, port
        await self._listen()

    async def stop(self) -> None:
        """Stop listening, drop connections and what would have taken effect late."""
        for task in list(self._late):
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = self._site = None

    async def quiet(self) -> None:
        """Wait until everything that takes effect late has done so."""
        while self._late:
            await asyncio.gather(*self._late)

    def set_faults(self, script: Script) -> None:
        """Go on with another fault script; its counts begin at nothing."""
        self.faults = Faults(script)

    async def close_door(self) -> None:
        """Refuse connections from now on and cut those that are open."""
        if self._site is not None:
            await self._site.stop()
            self._site = None
        if self._runner is not None and self._runner.server is not None:
            for connection in self._runner.server.connections:
                if connection.transport is not None:
                    connection.transport.abort()

    async def open_door(self) -> None:
        """Listen again on the same port."""
        if self._site is None and self._runner is not None:
            await self._listen()

    async def refuse(self, seconds: float) -> None:
        """Refuse connections for so long."""
        await self.close_door()
        await asyncio.sleep(seconds)
        await self.open_door()

    async def _listen(self) -> None:
        if self._runner is None:
            raise RuntimeError("The sandbox is not started")
        self._site = web.TCPSite(self._runner, self.host, self.port, reuse_address=True)
        await self._site.start()
        self.port = self._runner.addresses[0][1]

    def _start_late(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        call = Call(
            method=request.method,
            path=request.path,
            query=request.query,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read() if request.can_read_body else b"",
        )
        try:
            if call.path.startswith(ADMIN + "/"):
                if not on_loopback(request):
                    self._authorise(call)
                return plain(self._admin(call))
            return await self._contract(request, call)
        except Refused as refusal:
            return plain(problem(refusal.status, refusal.code, refusal.detail, field=refusal.field))

    async def _contract(self, request: web.Request, call: Call) -> web.StreamResponse:
        self.calls[f"{call.method} {call.path}"] += 1
        self._authorise(call)
        check_media(call)
        hit = self.faults.meet(call.method, call.path, self._core.subjects(call))
        if hit is None:
            return plain(self._core.answer(call))
        return await self._wire.perform(hit, request, call)

    def _authorise(self, call: Call) -> None:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        given = token.encode("utf-8", "surrogateescape")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given, self.token.encode()):
            raise Refused(401, "unauthorized", "The bearer token is missing or wrong")

    def _admin(self, call: Call) -> Answer:
        inner = Call(method=call.method, path=call.path.removeprefix(ADMIN), query=call.query, body=call.body)
        if inner.path == "/faults" and inner.method == "POST":
            self.set_faults(decode(inner.body, Script, "a fault script"))
            return ok({"rules": len(self.faults.script.rules)})
        if inner.path == "/counters" and inner.method == "GET":
            return ok(self.counters())
        return self._core.admin(inner)

    def counters(self) -> dict[str, Any]:
        """Return how many requests came, by method and path, and which faults they met."""
        return {"calls": dict(self.calls), "faults": dict(self.faults.met), "late": len(self._late)}

    async def __aenter__(self) -> Self:
        """Start on a free port."""
        await self.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        """Stop."""
        await self.stop()
