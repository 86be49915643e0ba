"""The receiver of webhooks: on an address of its own, verified, bounded, answered before anything is done about them."""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from aiohttp import web
from msgspec import Struct

from crossdock.rules import webhooks as rules
from crossdock.rules.webhooks import Checked, Gate, Verdict
from crossdock.spec.text import clean
from crossdock.store import webhooks
from crossdock.store.store import StoreError
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from crossdock.config.model import Webhooks
    from crossdock.env import Env
    from crossdock.spec.webhooks import Hint
    from crossdock.store.store import Store

log = logging.getLogger("crossdock.webhooks")

WAITING = 1000
"""Webhooks that were taken and not looked at yet, at most; more are refused for the moment."""
READING = 64
"""Bodies that are read at a time, at most."""
SAID_EVERY_S = 60.0
"""The same trouble of a connection is logged at most so often; the metrics count each."""
FORGET_EVERY_S = 600.0
STATUS = {
    Verdict.TAKEN: HTTPStatus.ACCEPTED,
    Verdict.REPLAYED: HTTPStatus.ACCEPTED,
    Verdict.UNSIGNED: HTTPStatus.UNAUTHORIZED,
    Verdict.FORGED: HTTPStatus.UNAUTHORIZED,
    Verdict.SKEWED: HTTPStatus.UNAUTHORIZED,
    Verdict.UNREADABLE: HTTPStatus.ACCEPTED,
    Verdict.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Verdict.TOO_MANY: HTTPStatus.TOO_MANY_REQUESTS,
    Verdict.TOO_SLOW: HTTPStatus.REQUEST_TIMEOUT,
    Verdict.UNKNOWN: HTTPStatus.NOT_FOUND,
}


class Source(Protocol):
    """The part of an open connection that reads webhooks; each is None where its connector has no such hook."""

    parse_webhook: Callable[[Mapping[str, str], bytes], list[Hint]] | None
    verify_webhook: Callable[[Mapping[str, str], bytes, str, datetime], str | None] | None


class Taken(Struct, frozen=True):
    """A genuine webhook that waits to be looked at."""

    connection: str
    id: str
    headers: dict[str, str]
    body: bytes


class WebhookReceiver:
    """Serves POST /hooks/{connection}.

    `sources` are the open connections, as they are now; `secrets` returns the live secrets of one (it may raise, then
    nothing of it is taken); `hinted` is told what a webhook is about; `counted` counts them by connection and verdict.
    """

    def __init__(
        self,
        config: Webhooks,
        env: Env,
        store: Store,
        sources: Mapping[str, Source],
        secrets: Callable[[str], Sequence[str]],
        hinted: Callable[[str, Sequence[Hint]], None],
        counted: Callable[[str, str], None],
    ) -> None:
        self._config, self._env, self._store = config, env, store
        self._sources, self._secrets, self._hinted, self._counted = sources, secrets, hinted, counted
        self._gate = Gate(config.per_peer_per_s, config.per_s, env.monotonic())
        self._waiting: asyncio.Queue[Taken] = asyncio.Queue(WAITING)
        self._reading = 0
        self._said: dict[tuple[str, Verdict], float] = {}
        self._runner: web.AppRunner | None = None
        self._working: asyncio.Task[None] | None = None
        self._forgot_at = float("-inf")
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        """Listen. Raises OSError for an address that cannot be had."""
        application = web.Application(client_max_size=self._config.max_body_bytes)
        application.router.add_post("/hooks/{connection}", self._serve)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0, keepalive_timeout=15.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port, backlog=128).start()
        self.port = self._runner.addresses[0][1]
        self._working = asyncio.create_task(self._work(), name="webhooks")
        log.info("webhooks are taken at http://%s:%s/hooks/CONNECTION", host, self.port)

    async def stop(self) -> None:
        """Stop. What was taken and not looked at is found by polling."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        if self._working is not None:
            self._working.cancel()
            await asyncio.gather(self._working, return_exceptions=True)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["connection"]
        verdict = await self._judge(name, request)
        if verdict is not Verdict.TAKEN:
            self._note(name, verdict)
        headers = {"Retry-After": "1"} if verdict is Verdict.TOO_MANY else {}
        if verdict in {Verdict.TOO_LARGE, Verdict.TOO_SLOW, Verdict.TOO_MANY}:
            headers["Connection"] = "close"  # the rest of the body is not read
        return web.Response(status=STATUS[verdict], text=f"{verdict.value}\n", headers=headers)

    async def _judge(self, name: str, request: web.Request) -> Verdict:
        if not self._gate.take(self._peer(request), self._env.monotonic()) or self._reading >= READING:
            return Verdict.TOO_MANY
        source = self._sources.get(name)
        if source is None or name not in self._config.connections or source.parse_webhook is None:
            return Verdict.UNKNOWN
        self._reading += 1
        try:
            async with asyncio.timeout(self._config.read_s):
                body = await self._body(request)
        except TimeoutError:
            return Verdict.TOO_SLOW
        finally:
            self._reading -= 1
        if body is None:
            return Verdict.TOO_LARGE
        headers = {key.lower(): value for key, value in request.headers.items()}
        found = self.check(name, source, headers, body)
        if found.verdict is Verdict.TAKEN:
            try:
                self._waiting.put_nowait(Taken(name, found.id, headers, body))
            except asyncio.QueueFull:
                return Verdict.TOO_MANY
        return found.verdict

    async def _body(self, request: web.Request) -> bytes | None:
        """Read the body, as far as it may be read; None if it is longer."""
        most = self._config.max_body_bytes
        if (request.content_length or 0) > most:
            return None
        read = bytearray()
        async for chunk in request.content.iter_any():
            read += chunk
            if len(read) > most:
                return None
        return bytes(read)

    def check(self, name: str, source: Source, headers: Mapping[str, str], body: bytes) -> Checked:
        """Check where a webhook comes from, by the connector's own way where it has one."""
        try:
            secrets = self._secrets(name)
        except Exception as error:  # noqa: BLE001 - whatever hinders reading a secret, nothing is taken without it
            log.error("no webhook of %s can be checked: %s", name, clean(str(error)))
            return Checked(Verdict.FORGED)
        now = self._env.now()
        if source.verify_webhook is None:
            return rules.check(headers, body, secrets, now)
        for secret in secrets:
            if (found := source.verify_webhook(headers, body, secret, now)) is not None:
                return Checked(Verdict.TAKEN, found)
        return Checked(Verdict.FORGED)

    def _peer(self, request: web.Request) -> str:
        """Name who sends: behind a proxy the last address that it added, which is the one it saw itself."""
        if self._config.behind_proxy:
            given = request.headers.get("X-Forwarded-For", "")
            if last := given.rsplit(",", 1)[-1].strip()[:60]:
                return last
        return request.remote or ""

    async def _work(self) -> None:
        """Look at what was taken, as much as there is at once: one unit of work for all of it."""
        while True:
            batch = [await self._waiting.get()]
            while not self._waiting.empty() and len(batch) < WAITING:
                batch.append(self._waiting.get_nowait())
            try:
                await self._look(batch)
            except StoreError as error:
                log.error("%s webhooks led to no fetch, polling finds what they are about: %s", len(batch), error)
            except Exception:
                log.exception("%s webhooks led to no fetch, polling finds what they are about", len(batch))

    async def _look(self, batch: Sequence[Taken]) -> None:
        now = to_ms(self._env.now())
        fresh = await self._store.write(webhooks.remember, [(each.connection, each.id) for each in batch], now)
        for each, new in zip(batch, fresh, strict=True):
            self._note(each.connection, self._hint(each) if new else Verdict.REPLAYED)
        if self._env.monotonic() - self._forgot_at > FORGET_EVERY_S:
            self._forgot_at = self._env.monotonic()
            await self._store.write(webhooks.forget, now - int(rules.REMEMBERED.total_seconds() * 1000))

    def _hint(self, taken: Taken) -> Verdict:
        source = self._sources.get(taken.connection)
        if source is None or source.parse_webhook is None:
            return Verdict.UNKNOWN
        try:
            hints = source.parse_webhook(taken.headers, taken.body)
        except ValueError:
            return Verdict.UNREADABLE
        self._hinted(taken.connection, hints)
        return Verdict.TAKEN

    def _note(self, name: str, verdict: Verdict) -> None:
        """Count it, and say what is wrong once in a while; never what was in it."""
        known = name if name in self._config.connections else ""
        self._counted(known, verdict.value)
        if verdict is Verdict.TAKEN:
            return
        now = self._env.monotonic()
        if now - self._said.get((known, verdict), float("-inf")) >= SAID_EVERY_S:
            self._said[known, verdict] = now
            log.warning(
                "a webhook of %s was not used: %s. It changed nothing; polling finds what it was about. More of this kind "
                "within a minute are counted only",
                known or "no known connection", verdict.value,
            )  # fmt: skip
