"""A write that took effect is not undone by a request that fails after it in the same hook; and a page is no answer of an API."""

from __future__ import annotations

import asyncio

import pytest
from tests.connectors.conftest import RawServer, Settings, answer
from tests.connectors.test_calls import REQUEST

from crossdock.spec import errors
from crossdock.spec.hooks import hookimpl
from crossdock.spec.outbound import PushResult, PushStatus

PROBLEM = b'{"code": "no_stock", "detail": "none left"}'


def serving(*answers):
    async def serve(writer, number):
        writer.write(answers[number - 1])
        await writer.drain()
        return True

    return serve


class Steps:
    """Sends what `steps` says, one request after the other."""

    steps = ("post", "get")

    def __init__(self, settings): ...

    @hookimpl
    async def push_outbound(self, ctx, items):
        for step in self.steps:
            await (ctx.http.get("/look") if step == "get" else ctx.http.post("/made", b"{}"))
        return [PushResult(key=items[0].key, status=PushStatus.ACCEPTED)]


async def pushed(connect, steps, *answers, items=(REQUEST,), kind=Steps):
    async with RawServer(serving(*answers)) as server:
        settings = {"url": f"http://127.0.0.1:{server.port}", "token": {"secret": "t"}}
        link = connect(type("Now", (kind,), {"steps": steps}), settings=settings, shape=Settings)
        try:
            return await link.push_outbound(list(items))
        except errors.ConnectorError as error:
            return error
        finally:
            await link.close()


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize(
    "second",
    [
        answer(status=503),
        answer(status=429),
        answer(status=401),
        answer(PROBLEM, status=422),
        answer(status=404),
        answer(b"", status=404, media="text/html"),
    ],
)
@pytest.mark.parametrize("steps", [("post", "get"), ("post", "post")])
async def test_what_fails_after_a_write_that_took_effect_leaves_the_outcome_unknown(connect, second, steps):
    """It was sent again and made two documents: a look afterwards that is answered 503 surely had no effect, the write had."""
    found = await pushed(connect, steps, answer(status=201), second)
    assert type(found) is errors.UnknownOutcome
    assert "POST /made" in found.message


@pytest.mark.parametrize(
    ("steps", "answers", "kind"),
    [
        (("post",), [answer(PROBLEM, status=422)], errors.Rejected),
        (("post",), [answer(status=429)], errors.RateLimited),
        (("post",), [answer(status=401)], errors.AuthFailed),
        (("get", "post"), [answer(), answer(PROBLEM, status=409)], errors.Conflict),
        (("get",), [answer(status=503)], errors.Retryable),
        (("post",), [answer(status=503)], errors.UnknownOutcome),
    ],
)
async def test_a_definite_answer_to_the_write_itself_stays_definite(connect, steps, answers, kind):
    assert type(await pushed(connect, steps, *answers)) is kind


async def test_a_write_that_is_given_up_by_the_connector_itself_may_have_taken_effect(connect):
    class Impatient(Steps):
        @hookimpl
        async def push_outbound(self, ctx, items):
            try:
                async with asyncio.timeout(0.1):
                    await ctx.http.post("/made", b"{}")
            except TimeoutError:
                raise errors.Retryable("it took too long") from None

    async def serve(writer, number):
        await asyncio.sleep(5)

    async with RawServer(serve) as server:
        settings = {"url": f"http://127.0.0.1:{server.port}", "token": {"secret": "t"}}
        link = connect(Impatient, settings=settings, shape=Settings)
        with pytest.raises(errors.UnknownOutcome, match="it took too long"):
            await link.push_outbound([REQUEST])
        await link.close()


async def test_a_batch_that_is_refused_stays_refused_for_the_flow_knows_what_that_leaves(connect):
    other = REQUEST.__class__(
        key="K-2", order_ref="O-2", revision=1, warehouse="W", lines=(), ordered_at=REQUEST.ordered_at
    )
    found = await pushed(connect, ("post", "post"), answer(), answer(PROBLEM, status=422), items=(REQUEST, other))
    assert type(found) is errors.Rejected


@pytest.mark.parametrize("status", [404, 405])
@pytest.mark.parametrize("media", ["text/html", "text/plain", ""])
async def test_a_page_instead_of_an_api_is_a_fault_of_the_connection_and_the_order_stays_queued(connect, status, media):
    found = await pushed(connect, ("post",), answer(b"<html>not found", status=status, media=media))
    assert type(found) is errors.Retryable
    assert found.setup
    assert "is the address right?" in found.message


async def test_a_404_that_an_api_gives_is_said_of_the_order(connect):
    found = await pushed(connect, ("post",), answer(PROBLEM, status=404, media="application/problem+json"))
    assert (type(found), found.code) == (errors.NotFound, "no_stock")
