"""The client's calls of a screen that stays open: what changes, the log, trends, countdowns."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import aiohttp
import msgspec

from crossdock.control.records.events import Changed, LogPage, Throttles, Trend
from crossdock.control.transport import Refusal, Transport, Unreachable, problem_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SILENCE_S = 30.0
"""A stream that says nothing for so long, not even that it is alive, is lost."""


class LiveCalls(Transport):
    """What a screen that stays open asks for."""

    async def events(self) -> AsyncIterator[frozenset[str]]:
        """Yield the topics of which something changed; an empty set at first, once it is listened. Raises Unreachable, Refusal."""
        async with contextlib.AsyncExitStack() as stack:
            try:
                answer = await stack.enter_async_context(self.opened("/v1/events", SILENCE_S))
                if answer.status != 200:
                    raise Refusal(problem_of(await answer.read(), answer.status))
                yield frozenset()
                async for line in answer.content:
                    if line.startswith(b"data: "):
                        yield frozenset(msgspec.json.decode(line[6:], type=Changed).topics)
            # aiohttp says RuntimeError where it is to read on of a connection that it has closed
            except (TimeoutError, aiohttp.ClientError, RuntimeError, ValueError, msgspec.DecodeError) as error:
                raise Unreachable(self.lost(error)) from None
        raise Unreachable(self.lost(None))

    async def log(self, **query: object) -> LogPage:
        """Show the newest lines of the log; the parameters are LogQuery's."""
        return await self.call("GET", "/v1/log", LogPage, **query)

    async def trends(self) -> Trend:
        """Show how much happened a minute in the last hour."""
        return await self.call("GET", "/v1/trends", Trend)

    async def throttles(self) -> Throttles:
        """List what may not be asked for again yet."""
        return await self.call("GET", "/v1/throttles", Throttles)
