"""A small context over aiohttp, so that the default connectors can be tried against the sandbox without the daemon."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp
import msgspec
import pytest

from crossdock.spec.errors import (
    AuthFailed,
    BadResponse,
    Conflict,
    NotFound,
    RateLimited,
    Rejected,
    Retryable,
    UnknownOutcome,
)

BY_STATUS = {401: AuthFailed, 404: NotFound, 409: Conflict, 429: RateLimited}


class FakeAnswer:
    def __init__(self, status, headers, body, write):
        self.status, self.headers, self.body, self._write = status, headers, body, write

    def json(self, kind, *, unique_keys=True):
        try:
            if not self.headers.get("Content-Type", "").startswith("application/json"):
                raise ValueError("another content type")
            return msgspec.json.decode(self.body, type=kind)
        except (ValueError, RecursionError) as error:
            raise (UnknownOutcome if self._write else BadResponse)(str(error)) from error


class FakeHttp:
    def __init__(self, session, url):
        self.session, self.url = session, url
        self.sent = []

    async def get(self, path, *, params=None, headers=None):
        return await self._call("GET", path, None, params, headers, write=False)

    async def post(self, path, body, *, params=None, headers=None, write=True):
        return await self._call("POST", path, body, params, headers, write=write)

    async def _call(self, method, path, body, params, headers, *, write):
        self.sent.append((method, path, dict(headers or {}), body))
        typed = {"Content-Type": "application/json", **(headers or {})}
        try:
            async with self.session.request(method, self.url + path, data=body, params=params, headers=typed) as answer:
                content = await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise (UnknownOutcome if write else Retryable)(str(error)) from error
        if answer.status in BY_STATUS:
            raise BY_STATUS[answer.status](content.decode())
        if answer.status >= 500:
            raise (UnknownOutcome if write else Retryable)(content.decode())
        if answer.status >= 400:
            raise Rejected(content.decode(), code=msgspec.json.decode(content)["code"])
        return FakeAnswer(answer.status, answer.headers, content, write)


class FakeContext:
    connection = "under-test"
    log = logging.getLogger("under-test")

    def __init__(self, session, settings, token):
        self.settings = settings
        self.http = FakeHttp(session, settings.url)
        self._token = token

    def secret(self, name):
        assert name == "token"
        return self._token

    def now(self):
        return datetime.now(UTC)


@pytest.fixture
def connect():
    """Open a context and a connector of a type for a sandbox: `async with connect(TYPE, sandbox, **settings) as (connector, ctx)`."""

    @asynccontextmanager
    async def opened(kind, sandbox, *, token=None, timeout=2.0, **settings):
        given = {"url": sandbox.url, "token": {"secret": "s.token"}, **settings}
        decoded = msgspec.convert(given, type=kind.settings)
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=timeout)) as session:
            yield kind.factory(decoded), FakeContext(session, decoded, token or sandbox.token)

    return opened
