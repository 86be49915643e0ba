"""Secrets and query strings stay where they belong: no error, log line or repr shows them."""

from __future__ import annotations

import contextlib
import io
import logging
import traceback

import pytest
from tests.connectors.conftest import RawServer, Settings, always, answer
from tests.connectors.test_calls import NOON
from tests.connectors.test_http_wire import CHUNKED, reset

from crossdock.config.model import Log
from crossdock.ops.logging import StderrHandler, configure
from crossdock.ops.masks import Masks
from crossdock.spec import errors
from crossdock.spec.hooks import hookimpl
from crossdock.spec.outbound import CheckResult, OutboundRequest

CANARY = "canary/+secret=="
QUERY = "query-canary"
CUSTOMER = "customer-canary"
REQUEST = OutboundRequest(
    key="K-1", order_ref="O-1", revision=1, warehouse="W", lines=(), ordered_at=NOON, buyer_note=CUSTOMER
)
SERVED = {
    "ok": always(answer(b'{"ok":true}')), "401": always(answer(status=401)), "403": always(answer(status=403)),
    "404": always(answer(status=404)), "409": always(answer(status=409)), "422": always(answer(status=422)),
    "429": always(answer(status=429)), "500": always(answer(status=500)), "302": always(answer(b"", "Location: /", status=302)),
    "html": always(answer(b"<html>", media="text/html")), "no json": always(answer(b"{")), "null": always(answer(b"null")),
    "truncated": always(answer(b"{", length=9)), "chunks": always(CHUNKED + b"zz\r\n"), "reset": reset, "nothing": always(b""),
    "huge": always(answer(b"x" * 20_000)), "header": always(answer(b"{}", "X: " + "y" * 20_000)), "no http": always(b"SSH-2.0\r\n"),
}  # fmt: skip


class Leaky:
    """Sends its secret in a header and, unwisely, in the query; `bug` makes it fail with the secret in its hand."""

    def __init__(self, settings) -> None:
        self.settings = settings

    async def _send(self, ctx, path="/x", **headers):
        headers = {"Authorization": f"Bearer {ctx.secret('token')}", **headers}
        params = {"key": ctx.secret("token"), "name": QUERY}
        if self.settings.note == "path":
            path, params = f"{path}?name={QUERY}", None
        made = await ctx.http.post(path, REQUEST.buyer_note.encode(), params=params, headers=headers)
        if self.settings.note == "bug":
            raise KeyError(ctx.secret("token"))
        return made.json(CheckResult)

    @hookimpl
    async def check(self, ctx) -> CheckResult:
        ctx.log.info("checking with %s and %r", ctx.secret("token"), ctx.settings)
        return await self._send(ctx)

    @hookimpl
    async def push_outbound(self, ctx, items):
        await self._send(ctx)
        return []


@pytest.fixture
def logged():
    """Everything the daemon would log, at its most talkative, as text."""
    masks, stream = Masks(), io.StringIO()
    masks.add(CANARY, "shop.token")
    root = logging.getLogger()
    level, handlers, levels = (
        root.level,
        list(root.handlers),
        {name: logging.getLogger(name).level for name in ("aiohttp", "asyncio")},
    )
    configure(Log(level="debug", format="json"), masks, stream=stream)
    yield stream
    for handler in [each for each in root.handlers if isinstance(each, StderrHandler)]:
        root.removeHandler(handler)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def shown(error: BaseException) -> str:
    """All that can be seen of an error: its texts, its traceback, and what hangs on it."""
    texts = [str(error), repr(error), *map(str, error.args), "".join(traceback.format_exception(error))]
    texts += [str(value) for value in vars(error).values()]
    return "\n".join(texts)


@pytest.mark.security("S8")
@pytest.mark.parametrize("note", ["", "path", "bug"])
@pytest.mark.parametrize("served", SERVED)
async def test_whatever_a_server_does_no_secret_and_no_query_is_shown(connect, logged, served, note):
    async with RawServer(SERVED[served]) as remote:
        settings = {"url": f"http://127.0.0.1:{remote.port}", "token": {"secret": "shop.token"}, "note": note}
        link = connect(Leaky, shape=Settings, settings=settings, secret=lambda _name: CANARY, max_bytes=10_000)
        seen = repr(link) + repr(vars(link)) + repr(link._context) + repr(link._http) + repr(link._context.settings)
        for call in (link.check, lambda: link.push_outbound([REQUEST])):
            with contextlib.suppress(errors.ConnectorError):
                try:
                    await call()
                except errors.ConnectorError as error:
                    seen += shown(error)
                    raise
    assert any(CANARY.encode() in request or b"canary%2F" in request for request in remote.requests)
    for text in (seen, logged.getvalue()):
        for secret in (CANARY, "canary%2F", "canary\\/", QUERY, CUSTOMER):
            assert secret not in text


@pytest.mark.security("S8")
@pytest.mark.parametrize("status", [200, 400, 401, 409, 422, 429, 500])
@pytest.mark.parametrize(
    "form", [CANARY, f"Bearer {CANARY}", CANARY.replace("/", "\\/")], ids=["token", "header", "escaped"]
)
async def test_a_server_that_repeats_our_credentials_does_not_get_them_shown(connect, logged, status, form):
    body = f'{{"title":"x","detail":"you sent {form}, {form}","code":"{form}","field":"{form}"}}'.encode()
    async with RawServer(always(answer(body, status=status))) as remote:
        settings = {"url": f"http://127.0.0.1:{remote.port}", "token": {"secret": "shop.token"}}
        link = connect(Leaky, shape=Settings, settings=settings, secret=lambda _name: CANARY)
        with pytest.raises(errors.ConnectorError) as caught:
            await link.check()
    assert CANARY not in shown(caught.value)
    assert CANARY not in logged.getvalue()


@pytest.mark.security("S8")
@pytest.mark.parametrize("where", ["http://127.0.0.1:1", "https://127.0.0.1:1"])
async def test_a_server_that_is_not_there_makes_nothing_show_either(connect, logged, where):
    settings = {"url": where, "token": {"secret": "shop.token"}}
    link = connect(Leaky, shape=Settings, settings=settings, secret=lambda _name: CANARY)
    with pytest.raises(errors.Retryable) as caught:
        await link.push_outbound([REQUEST])
    for text in (shown(caught.value), logged.getvalue()):
        assert CANARY not in text
        assert QUERY not in text
