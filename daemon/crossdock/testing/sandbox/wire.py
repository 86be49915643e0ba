"""Sends an answer over a real connection, or fails to, as a fault says."""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING

from aiohttp import web

from crossdock.testing.sandbox.call import Refused
from crossdock.testing.sandbox.fault_answers import PAGE, body_instead, damaged, status
from crossdock.testing.sandbox.faults import Fault, Hit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from crossdock.testing.sandbox.call import Answer, Call, Core

CHUNK = 256 * 1024
GONE_POLL_S = 0.01


def plain(answer: Answer) -> web.StreamResponse:
    """Turn an answer into a response that aiohttp sends as it is."""
    headers = {**answer.headers, "Content-Type": answer.content_type}
    return web.Response(status=answer.status, body=answer.body, headers=headers)


def drop(request: web.Request) -> web.StreamResponse:
    """Cut the connection at once; the client never gets an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=499)


class Wire:
    """Performs faults on a connection. `late` starts a write that takes effect later, `refuse` closes the listener."""

    def __init__(
        self, core: Core, late: Callable[[Awaitable[None]], None], refuse: Callable[[float], Awaitable[None]]
    ) -> None:
        self._core = core
        self._late = late
        self._refuse = refuse

    async def perform(self, hit: Hit, request: web.Request, call: Call) -> web.StreamResponse:
        """Let `call` meet its fault and answer it accordingly, if at all. Raises Refused."""
        answer = status(hit)
        if answer is not None:
            return plain(answer)
        other = body_instead(hit)
        if other is not None:
            self._take_effect(hit, call)
            return plain(other)
        answer = damaged(hit, self._core, call)
        if answer is not None:
            return plain(answer)
        return await self._on_the_connection(hit, request, call)

    async def _on_the_connection(self, hit: Hit, request: web.Request, call: Call) -> web.StreamResponse:
        match hit.fault:
            case Fault.REFUSED:
                return await self._refused(hit, request)
            case Fault.SLOW:
                await asyncio.sleep(hit.number("seconds", 1))
                return plain(self._core.answer(call))
            case Fault.ACCEPTED_THEN_LOST:
                self._take_effect(hit, call)
                return drop(request)
            case Fault.ACCEPTED_LATE:
                return await self._accepted_late(hit, request, call)
            case Fault.TRUNCATED:
                return await truncated(hit, request, self._core.answer(call))
            case Fault.LORIS:
                return await loris(hit, request, self._core.answer(call))
            case Fault.HUGE:
                self._take_effect(hit, call)
                return await huge(hit, request)
            case _:
                return plain(self._core.answer(call))

    def _take_effect(self, hit: Hit, call: Call) -> None:
        if not hit.args.get("effect", True):
            return
        try:
            self._core.answer(call)
        except Refused:
            return  # what is refused takes no effect, and nobody is told

    async def _refused(self, hit: Hit, request: web.Request) -> web.StreamResponse:
        seconds = hit.number("seconds", 0)
        if seconds > 0:
            self._late(self._refuse(seconds))
        return drop(request)

    async def _accepted_late(self, hit: Hit, request: web.Request, call: Call) -> web.StreamResponse:
        """Hold the connection until the client has had enough, then let the write take effect."""
        deadline = asyncio.get_running_loop().time() + hit.number("hold_s", 30)
        while asyncio.get_running_loop().time() < deadline and not gone(request):  # noqa: ASYNC110 - a lost connection sets no event
            await asyncio.sleep(GONE_POLL_S)

        async def effect() -> None:
            await asyncio.sleep(hit.number("seconds", 0.5))
            self._take_effect(hit, call)

        self._late(effect())
        return drop(request)


def gone(request: web.Request) -> bool:
    """Say whether the client closed the connection."""
    return request.transport is None or request.transport.is_closing()


async def truncated(hit: Hit, request: web.Request, answer: Answer) -> web.StreamResponse:
    """Send half of the body and cut: with a length that promises more, in chunks without an end, or by closing."""
    form = hit.args.get("form", "length")
    if form == "close":
        return cut_by_closing(request, answer)
    response = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.content_type})
    if form == "length":
        response.content_length = len(answer.body)
    else:
        response.enable_chunked_encoding()
    await response.prepare(request)
    await response.write(answer.body[: len(answer.body) // 2])
    if request.transport is not None:
        request.transport.close()  # after what was written, unlike abort
    return response


def cut_by_closing(request: web.Request, answer: Answer) -> web.StreamResponse:
    """Send half of a body that only ends with the connection, so that nothing but its content tells."""
    head = f"HTTP/1.1 {answer.status} OK\r\nContent-Type: {answer.content_type}\r\nConnection: close\r\n\r\n"
    if request.transport is not None:
        request.transport.write(head.encode() + answer.body[: len(answer.body) // 2])
        request.transport.close()
    return web.Response(status=499)


async def loris(hit: Hit, request: web.Request, answer: Answer) -> web.StreamResponse:
    """Send the body byte by byte, slowly, until the client has had enough."""
    response = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.content_type})
    response.content_length = len(answer.body)
    await response.prepare(request)
    for number in range(len(answer.body)):
        if gone(request):
            break
        await response.write(answer.body[number : number + 1])
        await asyncio.sleep(hit.number("seconds", 0.2))
    return response


async def huge(hit: Hit, request: web.Request) -> web.StreamResponse:
    """Send a body of `bytes` bytes (64 MiB unless told), compressed to a thousandth of it if `gzip` is set."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    left = int(hit.number("bytes", 64 * 2**20))
    squeeze = zlib.compressobj(wbits=31) if hit.args.get("gzip") else None
    if squeeze is not None:
        response.headers["Content-Encoding"] = "gzip"
    await response.prepare(request)
    try:
        while left > 0 and not gone(request):
            chunk = b" " * min(CHUNK, left)
            left -= len(chunk)
            await response.write(chunk if squeeze is None else squeeze.compress(chunk))
        await response.write((squeeze.flush() if squeeze else b"") + PAGE)
    except ConnectionResetError:
        return response  # the client had enough, as it should
    return response
