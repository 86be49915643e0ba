"""What hinders a call before it left says nothing about its orders; a definite status counts whatever body follows it."""

from __future__ import annotations

import asyncio
import gzip

import msgspec
import pytest
from tests.connectors.conftest import RawServer, always, answer

from crossdock.connectors import strict_json
from crossdock.spec import errors
from crossdock.spec.hooks import hookimpl
from crossdock.spec.outbound import CheckResult


class Locked:
    """A connector whose opening fails; it counts what was sent all the same."""

    fault: BaseException
    sent = 0

    @hookimpl
    async def open(self, ctx):
        raise type(self).fault

    @hookimpl
    async def check(self, ctx):
        type(self).sent += 1
        return CheckResult(ok=True)

    @hookimpl
    async def push_outbound(self, ctx, items):
        type(self).sent += 1
        return []


def locked(fault: BaseException) -> type[Locked]:
    return type("LockedNow", (Locked,), {"fault": fault})


@pytest.mark.behaviour("P4", "P7")
@pytest.mark.parametrize(
    ("fault", "setup"),
    [
        (errors.Rejected("no such account"), True),
        (errors.NotFound("no such account"), True),
        (errors.Conflict("another session"), True),
        (errors.BadResponse("HTML"), True),
        (errors.ContractError("of the wrong type"), True),
        (ValueError("a fault of the plugin"), True),
        (errors.UnknownOutcome("the answer to the login was lost"), False),
        (errors.PluginTimeout("the login took too long"), True),
        (errors.Unsupported("no login"), True),
    ],
)
async def test_an_opening_that_fails_neither_parks_an_order_nor_puts_it_in_doubt(connect, fault, setup):
    connector = locked(fault)
    with pytest.raises(errors.Retryable, match=r"could not be opened.*nothing was sent") as caught:
        await connect(connector).push_outbound([])
    assert type(caught.value) is errors.Retryable
    assert caught.value.setup is setup
    assert connector.sent == 0


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (errors.Rejected("no such account"), errors.Retryable),
        (errors.NotFound("no such account"), errors.Retryable),
        (errors.BadResponse("HTML"), errors.BadResponse),
        (errors.ContractError("of the wrong type"), errors.ContractError),
        (errors.PluginTimeout("the login took too long"), errors.ContractError),
        (errors.Unsupported("no login"), errors.Retryable),
    ],
)
async def test_a_read_whose_opening_fails_is_never_refused_for_what_it_asked(connect, fault, expected):
    connector = locked(fault)
    with pytest.raises(errors.ConnectorError) as caught:
        await connect(connector).check()
    assert type(caught.value) is expected
    assert connector.sent == 0


@pytest.mark.parametrize(
    "fault",
    [errors.AuthFailed("no"), errors.ConfigError("no"), errors.RateLimited("wait")],
)
async def test_an_opening_that_fails_for_a_reason_of_the_connection_says_that_reason(connect, fault):
    connector = locked(fault)
    with pytest.raises(type(fault)) as caught:
        await connect(connector).push_outbound([])
    assert caught.value is fault
    assert connector.sent == 0


class Deaf:
    """Swallows cancellations in `deaf_in` until it is let go."""

    let_go: asyncio.Event
    deaf_in = "check"
    pushed = 0

    async def _stay(self, hook):
        while hook == self.deaf_in and not self.let_go.is_set():
            try:
                await self.let_go.wait()
            except asyncio.CancelledError:
                continue

    @hookimpl
    async def open(self, ctx):
        await self._stay("open")

    @hookimpl
    async def check(self, ctx):
        await self._stay("check")
        return CheckResult(ok=True)

    @hookimpl
    async def push_outbound(self, ctx, items):
        await self._stay("push_outbound")
        type(self).pushed += 1
        return []


@pytest.fixture
async def deaf():
    """Make deaf connectors, and let them go at the end."""
    let_go = asyncio.Event()
    yield lambda hook: type("DeafNow", (Deaf,), {"let_go": let_go, "deaf_in": hook})
    let_go.set()
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.behaviour("P4", "P15")
async def test_a_push_through_a_connection_that_is_stuck_already_is_no_doubt(connect, deaf):
    connector = deaf("check")
    link = connect(connector, timeouts={"check_s": 0.05})
    with pytest.raises(errors.PluginStuck):
        await link.check()
    with pytest.raises(errors.ConfigError, match=r"stuck.*nothing was sent"):
        await link.push_outbound([])
    assert connector.pushed == 0


@pytest.mark.behaviour("P4", "P15")
async def test_a_push_that_got_stuck_itself_may_have_been_sent(connect, deaf):
    link = connect(deaf("push_outbound"), timeouts={"push_s": 0.05})
    with pytest.raises(errors.PluginStuck):
        await link.push_outbound([])
    assert link.stuck


@pytest.mark.behaviour("P4", "P15")
async def test_a_push_whose_connection_got_stuck_while_it_opened_is_no_doubt(connect, deaf):
    connector = deaf("open")
    link = connect(connector, timeouts={"check_s": 0.05})
    with pytest.raises(errors.ConfigError, match="nothing was sent"):
        await link.push_outbound([])
    assert link.stuck
    assert connector.pushed == 0


# a definite status and a body that cannot be had ---------------------------------------------------------------------

BROKEN = {
    "truncated": ((b'{"code":"no"}',), {"length": 500}),
    "chunks that break off": ((b"5\r\n{", "Transfer-Encoding: chunked"), {"length": "none"}),
    "no gzip": ((b"no gzip", "Content-Encoding: gzip"), {}),
    "a bomb": ((gzip.compress(b" " * 2**24), "Content-Encoding: gzip"), {}),
    "larger than allowed": ((b"x" * 200_000,), {}),
}


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize("write", [False, True])
@pytest.mark.parametrize("body", BROKEN)
@pytest.mark.parametrize(
    ("status", "read_error", "write_error"),
    [
        (400, errors.Rejected, errors.Rejected),
        (401, errors.AuthFailed, errors.AuthFailed),
        (404, errors.NotFound, errors.NotFound),
        (408, errors.Retryable, errors.UnknownOutcome),
        (409, errors.Conflict, errors.Conflict),
        (429, errors.RateLimited, errors.RateLimited),
        (500, errors.Retryable, errors.UnknownOutcome),
        (503, errors.Retryable, errors.UnknownOutcome),
    ],
)
async def test_a_status_counts_whatever_body_follows_it(http, status, read_error, write_error, body, write):
    (content, *headers), options = BROKEN[body]
    served = answer(content, *headers, "Retry-After: 7", "Connection: close", status=status, **options)
    async with RawServer(always(served)) as remote:
        client = http(remote.port, max_bytes=100_000)
        with pytest.raises(errors.ConnectorError) as caught:
            await (client.post("/x", b"{}") if write else client.get("/x"))
    assert type(caught.value) is (write_error if write else read_error)
    assert len(caught.value.detail) <= 300
    if isinstance(caught.value, errors.Retryable):
        assert caught.value.after.total_seconds() == 7


async def test_a_status_counts_although_its_body_never_ends_in_time(http):
    async def stays(writer, _number):
        writer.write(answer(b"{", "Retry-After: 7", status=429, length=10))
        await asyncio.Event().wait()

    async with RawServer(stays) as remote:
        with pytest.raises(errors.RateLimited):
            await http(remote.port, timeout_s=0.3).post("/x", b"{}")


# what is sent --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [2**20, 2**20 + 1, 3 * 2**20])
async def test_a_large_body_arrives_as_it_is(http, size):
    body = b'"' + b"x" * (size - 2) + b'"'
    async with RawServer(always(answer(), keep=True)) as remote:
        client = http(remote.port)
        await client.post("/x", body)
        await client.put("/x", body)
    for request in remote.requests:
        head, _, sent = request.partition(b"\r\n\r\n")
        assert sent == body
        assert f"content-length: {size}\r\n".encode() in head.lower() + b"\r\n"
        assert b"content-type: application/json\r\n" in head.lower() + b"\r\n"


@pytest.mark.parametrize("write", [False, True])
async def test_a_path_of_which_a_part_would_be_cut_off_is_refused(http, write):
    async with RawServer(always(answer())) as remote:
        client = http(remote.port)
        with pytest.raises(errors.Rejected if write else errors.ContractError, match="nothing was sent"):
            await (client.post("/orders/A#1", b"{}") if write else client.get("/orders/A#1"))
    assert remote.connections == 0


def test_escapes_do_not_hide_a_repeated_key_nor_make_one():
    strict_json.refuse_repeated_keys(rb'{"\u0e01": "\u0e02", "a": "\u005c\u0022", "b\u0022": 1, "b": "\\u0022"}')
    for raw in (
        rb'{"a": 1, "\u0061": 2}',
        rb'{"\u0e01": 1, "x": {"\u0022": 1, "\"": 2}}',
        rb'{"q": "\u0022", "q": ""}',
    ):
        with pytest.raises(strict_json.RepeatedKey):
            strict_json.refuse_repeated_keys(raw)
    assert msgspec.json.decode(rb'"\u0e01"') == "ก"
