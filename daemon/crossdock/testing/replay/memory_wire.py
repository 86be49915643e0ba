"""An aiohttp session whose requests end in a sandbox of the same process: everything but the socket is as shipped."""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp
from multidict import CIMultiDict

from crossdock.testing.sandbox.call import Call, Refused, problem
from crossdock.testing.sandbox.fault_answers import body_instead, damaged, status
from crossdock.testing.sandbox.faults import Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from crossdock.env import Env
    from crossdock.testing.sandbox.call import Answer, Core
    from crossdock.testing.sandbox.faults import Faults, Hit

ON_THE_WAY_S = (0.02, 0.4)
"""Seconds that a request takes, at least and at most."""


class MemoryResponse:
    """The part of aiohttp's response that BoundedHttp reads; `cut` ends the body before its end."""

    def __init__(self, answer: Answer, *, cut: bool = False) -> None:
        self.status = answer.status
        self.headers = CIMultiDict({**answer.headers, "Content-Type": answer.content_type})
        self.content_length = len(answer.body)
        self._body, self._cut = answer.body, cut

    async def read(self) -> bytes:
        """Return the body. Raises aiohttp.ClientPayloadError if it was cut."""
        if self._cut:
            raise aiohttp.ClientPayloadError("the body was cut in the middle")
        return self._body

    @property
    def content(self) -> MemoryResponse:
        """The body as a stream."""
        return self

    async def iter_any(self) -> AsyncIterator[bytes]:
        """Yield the body. Raises aiohttp.ClientPayloadError if it was cut."""
        yield await self.read()


class MemorySession:
    """The part of aiohttp.ClientSession that BoundedHttp calls. Faults are met as on the sandbox's real port."""

    def __init__(self, core: Core, faults: Faults, env: Env, token: str, seed: str) -> None:
        self._core, self._faults, self._env = core, faults, env
        self._authorization = f"Bearer {token}"
        self._random = random.Random(seed)

    @asynccontextmanager
    async def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
        allow_redirects: bool = False,  # noqa: ARG002 - the sandbox never redirects
    ) -> AsyncIterator[MemoryResponse]:
        """Serve one request. Raises what aiohttp raises when a connection breaks."""
        given = {name.lower(): value for name, value in (headers or {}).items()}
        call = Call(method=method, path=urlsplit(url).path, query=params or {}, headers=given, body=data or b"")
        await self._env.sleep(self._random.uniform(*ON_THE_WAY_S))
        response = self._served(call)
        await self._env.sleep(self._random.uniform(*ON_THE_WAY_S))
        yield response

    async def close(self) -> None:
        """Nothing is open."""

    def _served(self, call: Call) -> MemoryResponse:
        if call.headers.get("authorization") != self._authorization:
            return MemoryResponse(problem(401, "unauthorized", "The bearer token is missing or wrong"))
        hit = self._faults.meet(call.method, call.path, self._core.subjects(call))
        try:
            return MemoryResponse(self._core.answer(call)) if hit is None else self._faulty(hit, call)
        except Refused as refusal:
            return MemoryResponse(problem(refusal.status, refusal.code, refusal.detail))

    def _faulty(self, hit: Hit, call: Call) -> MemoryResponse:
        answer = status(hit)
        if answer is not None:
            return MemoryResponse(self._dated(answer))
        if (other := body_instead(hit)) is not None:
            self._take_effect(call)
            return MemoryResponse(other)
        if (answer := damaged(hit, self._core, call)) is not None:
            return MemoryResponse(answer)
        return self._broken(hit, call)

    def _broken(self, hit: Hit, call: Call) -> MemoryResponse:
        match hit.fault:
            case Fault.ACCEPTED_THEN_LOST:
                self._take_effect(call)
                raise aiohttp.ServerDisconnectedError
            case Fault.ACCEPTED_LATE:
                asyncio.get_running_loop().call_later(hit.number("seconds", 0.5), self._take_effect, call)
                raise aiohttp.ServerDisconnectedError
            case Fault.TRUNCATED:
                return MemoryResponse(self._core.answer(call), cut=True)
            case _:
                raise ValueError(
                    f"the fault {hit.fault.value} needs a real connection; leave it out of a replay's script"
                )

    def _take_effect(self, call: Call) -> None:
        try:
            self._core.answer(call)
        except Refused:
            return  # what is refused takes no effect, and nobody is told

    def _dated(self, answer: Answer) -> Answer:
        """A Retry-After that is a date names one of the replay's time, not of today."""
        if "GMT" in answer.headers.get("Retry-After", ""):
            soon = format_datetime(self._env.now() + timedelta(seconds=1), usegmt=True)
            return problem(answer.status, "rate_limited", "Too many requests", {"Retry-After": soon})
        return answer
