"""The control API: one table of routes, every request identified, permitted and bounded, whichever way it came in."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from crossdock.config.checks import address_of
from crossdock.control import auditing, intake, known, problems, sockets
from crossdock.control.auditing import Auditor
from crossdock.control.door import DOOR, NetworkDoor, SocketDoor
from crossdock.control.events import Events
from crossdock.control.identity import NOBODY, Identities
from crossdock.control.network import Network
from crossdock.control.permissions import PUBLIC, allowed
from crossdock.control.problems import ApiProblem, bad_request
from crossdock.control.route import Call, Raw, Stream, WithStatus, check_table
from crossdock.control.routes import TABLE
from crossdock.control.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from aiohttp.typedefs import Middleware

    from crossdock.config.model import Role, RoleName
    from crossdock.control.door import Door
    from crossdock.control.identity import Caller, Directory
    from crossdock.control.route import Providers, Route
    from crossdock.engine.engine import Engine
    from crossdock.engine.requests import Requests

log = logging.getLogger("crossdock.control")

STOP_S = 2.0
"""Seconds that requests under way have at stop."""


class ControlApi:
    """Serves the route table. Raises BadTable if the table itself is wrong."""

    def __init__(
        self,
        engine: Engine,
        requests: Requests,
        providers: Providers,
        *,
        table: Sequence[Route] = TABLE,
        directory: Directory | None = None,
    ) -> None:
        check_table(table)
        self._engine, self._requests, self._providers = engine, requests, providers
        self._limits = engine.config.control
        self._directory = directory
        self.use_roles(self._limits.roles)
        self._table = table
        self._busy = 0
        self.events = Events(engine.env)
        self.tokens = Tokens(engine.store, engine.env)
        self.network: Network | None = None
        self._runner: web.AppRunner | None = None
        self._path: Path | None = None
        self._file: tuple[int, int] | None = None

    async def start(self, path: Path) -> None:
        """Listen at `path`, and where the configuration says. Raises SocketRefused, StoreError, ConfigError, OSError."""
        await self.tokens.load()
        listener = sockets.bind(path)
        self._path, self._file = path, sockets.identity_of(path)
        application = self.application(SocketDoor(lambda: self.identities))
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=STOP_S)
        await self._runner.setup()
        self.events.start()
        self._engine.store.wrote = self.events.wrote
        await web.SockSite(self._runner, listener, backlog=128).start()
        log.info("the control socket is %s", path)
        await self._start_network()

    async def _start_network(self) -> None:
        tcp = self._limits.tcp
        if tcp.listen is None:
            return
        host, port = address_of(tcp.listen)
        door = NetworkDoor(tcp, host, self._engine, self.tokens, self._providers.refused)
        self.network = Network(tcp, self.application(door, door.guard), STOP_S)
        await self.network.start(host, port)
        self.tokens.start()

    async def stop(self) -> None:
        """Let requests under way end, then stop and remove the socket if it is still ours."""
        self._engine.store.wrote = None
        self.events.stop()
        if self.network is not None:
            await self.network.stop()
            self.network = None
        await self.tokens.stop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        if self._path is not None and self._file is not None and sockets.identity_of(self._path) == self._file:
            self._path.unlink()
        self._path = self._file = None

    def use_roles(self, roles: Mapping[RoleName, Role]) -> None:
        """Take over the roles of a configuration that was read again."""
        self.identities = Identities(roles, self._engine.env, self._directory)

    def application(self, door: Door, *guards: Middleware) -> web.Application:
        """Make the application of the table behind a door; guards see every request, also of paths that there are not."""
        application = web.Application(client_max_size=self._limits.max_body_bytes, middlewares=(_errors, *guards))
        application[DOOR] = door
        application.on_response_prepare.append(_say_little)
        for route in self._table:
            application.router.add_route(route.method, route.path, self._serving(route))
        return application

    def _serving(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            if route.permission == PUBLIC:
                return await self._bounded(route, request)
            if self._busy >= self._limits.max_concurrent:
                text = f"{self._busy} requests are under way, more are not taken; ask again"
                raise ApiProblem(HTTPStatus.SERVICE_UNAVAILABLE, "busy", text, headers={"Retry-After": "1"})
            self._busy += 1
            try:
                return await self._bounded(route, request)
            finally:
                self._busy -= 1

        async def stream(request: web.Request) -> web.StreamResponse:
            async with asyncio.timeout(self._limits.timeout_s):
                answer = await self._answer(route, request)
            return await self._streamed(route, request, answer) if isinstance(answer, Stream) else _written(answer)

        return stream if route.answer is Stream else serve

    async def _bounded(self, route: Route, request: web.Request) -> web.StreamResponse:
        async with asyncio.timeout(self._limits.timeout_s):
            return _written(await self._answer(route, request))

    async def _answer(self, route: Route, request: web.Request) -> object:
        caller = NOBODY if route.probe else await request.app[DOOR].known(request)
        if route.method != "GET" and not route.look:
            return await self._audited(route, request, caller)
        _permit(route, caller)
        return await route.handler(await self._read(route, request, caller))

    async def _streamed(self, route: Route, request: web.Request, stream: Stream) -> web.StreamResponse:
        """Write until one side ends it; who lost the right meanwhile is not told any more, nor who does not read."""
        response = web.StreamResponse(headers={"Content-Type": stream.content_type, "Cache-Control": "no-store"})
        async with contextlib.aclosing(stream.chunks):
            await response.prepare(request)
            async for chunk in stream.chunks:
                caller = await request.app[DOOR].still(request)
                if caller is None or not allowed(caller.rights, route.permission):
                    break
                try:
                    async with asyncio.timeout(self._limits.timeout_s):
                        await response.write(chunk)
                except (ConnectionError, TimeoutError):
                    break  # the other side is gone, or does not read
        return response

    async def _audited(self, route: Route, request: web.Request, caller: Caller) -> object:
        """The one way of everything that changes something: no row in the audit, no change."""
        auditor = Auditor(self._engine)
        by = auditor.by(route, caller, auditing.about(request.match_info, None, route.kind))
        try:
            _permit(route, caller)
            call = await self._read(route, request, caller)
        except (ApiProblem, web.HTTPException) as error:
            await auditor.refused(by, problems.explained(error))
            raise
        by = msgspec.structs.replace(by, object=auditing.about(call.path, call.body, route.kind))
        if not route.audited_within:
            await auditor.begun(by)
        try:
            answer = await route.handler(replace(call, by=by))
        except Exception as error:
            problem = problems.explained(error)
            await auditor.ended(by, auditing.refusal(problem))
            raise problem from error
        if not route.audited_within:
            await auditor.ended(by, auditing.ending(answer))
        return answer

    async def _read(self, route: Route, request: web.Request, caller: Caller) -> Call[Any, Any]:
        path = intake.read_path(request.match_info)
        query = intake.read_query(request.query.items(), route.query)
        body = None
        if route.body is not None:
            raw = await self._body(request)
            body = intake.read_body(raw, route.body)
        elif request.can_read_body:
            raise bad_request("this route takes no body")
        await known.check(
            self._engine, warehouse=getattr(query, "warehouse", None), connection=getattr(query, "connection", None)
        )
        return Call(
            body=body, query=query, path=path, caller=caller, engine=self._engine, requests=self._requests,
            providers=self._providers, events=self.events, tokens=self.tokens, identities=self.identities,
        )  # fmt: skip

    async def _body(self, request: web.Request) -> bytes:
        length = request.content_length
        if length is not None and length > self._limits.max_body_bytes:
            raise web.HTTPRequestEntityTooLarge(self._limits.max_body_bytes, length)
        return await request.read()


def _permit(route: Route, caller: Caller) -> None:
    """Refuse what is not theirs: before a byte of the body is read. Raises ApiProblem."""
    if not allowed(caller.rights, route.permission):
        held = ", ".join(caller.roles) or "none"
        given = "[control.roles] gives roles" if caller.token is None else f"token {caller.token} carries them"
        text = f"{caller.user} lacks the right '{route.permission}' (roles: {held}); {given}"
        raise ApiProblem(HTTPStatus.FORBIDDEN, "forbidden", text)


def _written(answer: object) -> web.Response:
    status = 200
    if isinstance(answer, WithStatus):
        status, answer = answer.status, answer.record
    if isinstance(answer, Raw):
        return web.Response(body=answer.body, status=status, headers={"Content-Type": answer.content_type})
    return web.Response(body=msgspec.json.encode(answer), status=status, content_type="application/json")


async def _say_little(_request: web.Request, response: web.StreamResponse) -> None:
    """Tell no versions, and have nobody on the way keep what was answered or take it for something else."""
    response.headers["Server"] = "crossdock"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("Cache-Control", "no-store")


@web.middleware
async def _errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """The one place where an exception becomes an answer."""
    try:
        return await handler(request)
    except Exception as error:  # noqa: BLE001 - explained() logs what nobody foresaw
        return problems.response(problems.explained(error))
