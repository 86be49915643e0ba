"""What changed, as hints: whoever hears of a topic reads again what it shows of it. The database stays the truth."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from crossdock.control.records.events import Changed, Topic

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterable

    from crossdock.env import Env

MAX_LISTENERS = 50
"""Streams that are open at a time, at most."""
GAP_S = 0.25
"""Seconds between two events of a stream, at least: what changes meanwhile goes into one."""
ALIVE_S = 10.0
"""A stream on which nothing happens says so this often, so that both ends notice when the other is gone."""

OF_TABLE: dict[str, Topic] = {
    "orders": "orders",
    "pushes": "orders",
    "amendments": "orders",
    "timeline": "orders",
    "documents": "documents",
    "document_history": "documents",
    "tasks": "tasks",
    "task_items": "tasks",
    "connections": "connections",
    "cursors": "connections",
    "incidents": "incidents",
    "incident_refs": "incidents",
    "labels": "labels",
    "label_versions": "labels",
    "product_bindings": "products",
    "product_seen": "products",
    "product_brakes": "products",
    "product_conflicts": "products",
    "product_plans": "products",
    "product_plan_items": "products",
    "cost_documents": "costs",
    "cost_lines": "costs",
    "cost_events": "costs",
    "cost_states": "costs",
    "stock_levels": "stock",
    "stock_switches": "stock",
    "book": "book",
    "operations": "operations",
    "approvals": "approvals",
    "audit": "audit",
    "tokens": "tokens",
    "quarantine": "quarantine",
    "throttles": "throttles",
}
"""What a client calls the things that a table holds; a table that is not here holds nothing that anybody is shown."""


class TooMany(Exception):
    """As many streams are open as there may be; the message says so."""


class Listener:
    """One stream: gathers the topics that changed since it was last read."""

    def __init__(self, env: Env) -> None:
        self._env = env
        self._pending: set[Topic] = set()
        self._woken = asyncio.Event()
        self._open = True

    def note(self, topics: Iterable[Topic]) -> None:
        """Gather what changed."""
        self._pending.update(topics)
        self._woken.set()

    def end(self) -> None:
        """Let the stream end with what it has."""
        self._open = False
        self._woken.set()

    async def changes(self) -> AsyncIterator[frozenset[Topic]]:
        """Yield what changed; an empty set where nothing did for ALIVE_S seconds."""
        while self._open:
            try:
                async with asyncio.timeout(ALIVE_S):
                    await self._woken.wait()
            except TimeoutError:
                yield frozenset()
                continue
            self._woken.clear()
            topics, self._pending = frozenset(self._pending), set()
            if topics:
                yield topics
                await self._env.sleep(GAP_S)


class Events:
    """Tells every open stream what changed. `wrote` may be called from any thread."""

    def __init__(self, env: Env) -> None:
        self._env = env
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listeners: set[Listener] = set()

    def start(self) -> None:
        """Tell streams from now on; called in the loop that serves them."""
        self._loop = asyncio.get_running_loop()

    def stop(self) -> None:
        """Let every stream end."""
        self._loop = None
        for listener in self._listeners:
            listener.end()

    def wrote(self, tables: frozenset[str]) -> None:
        """Note that rows of these tables were written."""
        self.note({OF_TABLE[table] for table in tables if table in OF_TABLE})

    def note(self, topics: Iterable[Topic]) -> None:
        """Note that something of these topics changed."""
        loop = self._loop
        if loop is not None and self._listeners and topics:
            try:
                loop.call_soon_threadsafe(self._tell, tuple(topics))
            except RuntimeError:
                return  # the loop has ended meanwhile, and with it everybody who listened

    def _tell(self, topics: tuple[Topic, ...]) -> None:
        for listener in self._listeners:
            listener.note(topics)

    def listen(self) -> AsyncGenerator[bytes]:
        """Return server-sent events (WHATWG HTML, section 9.2) of Changed; comments while nothing happens. Raises TooMany."""
        if len(self._listeners) >= MAX_LISTENERS:
            raise TooMany(f"{MAX_LISTENERS} streams are open, more are not; close a dashboard, or ask again")
        listener = Listener(self._env)
        self._listeners.add(listener)
        return self._stream(listener)

    async def _stream(self, listener: Listener) -> AsyncGenerator[bytes]:
        try:
            yield b": connected\n\n"
            async for topics in listener.changes():
                yield _event(topics) if topics else b": alive\n\n"
        finally:
            self._listeners.discard(listener)


def _event(topics: frozenset[Topic]) -> bytes:
    return b"data: " + msgspec.json.encode(Changed(topics=tuple(sorted(topics)))) + b"\n\n"
