"""What each fault of a remote system means for a read and for a write: real servers, real sockets."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta

import pytest

from crossdock.config.model import Connection, HttpLimits, Retry
from crossdock.connectors.guard import Guard
from crossdock.connectors.http import BoundedHttp
from crossdock.connectors.strict_json import refuse_repeated_keys
from crossdock.env import Env
from crossdock.spec import errors

LOOPBACK = ("127.0.0.0/8",)


class Server:
    """Answers every request with the same bytes, then closes or not; counts requests."""

    def __init__(self, answer: bytes, *, close: bool = True, wait_s: float = 0) -> None:
        self.answer, self.close, self.wait_s, self.requests = answer, close, wait_s, 0
        self.open = {}

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()
        for task, writer in list(self.open.items()):
            task.cancel()
            writer.transport.abort()
        await asyncio.gather(*self.open, return_exceptions=True)
        await asyncio.sleep(0.01)

    async def serve(self, reader, writer):
        task = asyncio.current_task()
        self.open[task] = writer
        task.add_done_callback(lambda done: self.open.pop(done, None))
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                for line in head.split(b"\r\n"):
                    if line.lower().startswith(b"content-length:"):
                        await reader.readexactly(int(line.split(b":")[1]))
                self.requests += 1
                await asyncio.sleep(self.wait_s)
                writer.write(self.answer)
                await writer.drain()
                if self.close:
                    break
        writer.close()


def answer(status: int, body: bytes = b"{}", *headers: str, media: str = "application/json", length: int | None = None):
    lines = [
        f"HTTP/1.1 {status} X",
        f"Content-Type: {media}",
        f"Content-Length: {len(body) if length is None else length}",
    ]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


def http(port: int, **limits) -> BoundedHttp:
    values = {"allow_http": True, "allow_private": LOOPBACK, "timeout_s": 0.5, "max_bytes": 10_000, **limits}
    config = Connection(type="t", http=HttpLimits(**values), retry=Retry(retry_after_cap_s=3600))
    return BoundedHttp("shop", f"http://127.0.0.1:{port}", config, Env())


async def outcome(served: bytes, *, write: bool, decode: bool = True, **server):
    """Return the error of one call (None: it went well), and how many requests the server saw."""
    async with Server(served, **server) as remote:
        client = http(remote.port)
        try:
            made = await (client.post("/x", b"{}") if write else client.get("/x"))
            if decode:
                made.json(dict)
        except errors.ConnectorError as error:
            return error, remote.requests
        else:
            return None, remote.requests
        finally:
            await client.close()


@pytest.mark.behaviour("P4", "P8")
@pytest.mark.parametrize(
    ("status", "read", "write"),
    [
        (200, None, None),
        (301, errors.BadResponse, errors.UnknownOutcome),
        (400, errors.Rejected, errors.Rejected),
        (401, errors.AuthFailed, errors.AuthFailed),
        (403, errors.AuthFailed, errors.AuthFailed),
        (404, errors.NotFound, errors.NotFound),
        (408, errors.Retryable, errors.UnknownOutcome),
        (409, errors.Conflict, errors.Conflict),
        (422, errors.Rejected, errors.Rejected),
        (429, errors.RateLimited, errors.RateLimited),
        (500, errors.Retryable, errors.UnknownOutcome),
        (502, errors.Retryable, errors.UnknownOutcome),
        (503, errors.Retryable, errors.UnknownOutcome),
        (504, errors.Retryable, errors.UnknownOutcome),
    ],
)
async def test_a_status_says_what_happens_next(status, read, write):
    for kind, is_write in ((read, False), (write, True)):
        error, requests = await outcome(answer(status), write=is_write)
        assert (type(error) if error else None) is kind
        assert requests == 1


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize(
    "served",
    [
        answer(200, b"<html>login</html>", media="text/html"),
        answer(200, b"<html>"),
        answer(200, b""),
        answer(200, b"null"),
        answer(200, b"\xef\xbb\xbf{}"),
        answer(200, b'{"a":NaN}'),
        answer(200, b'{"a":1e999}'),
        answer(200, b'{"a":1,"a":2}'),
        answer(200, b'{"a":"\\ud800"}'),
        answer(200, b'{"a":' + b"9" * 5000 + b"}"),
        answer(200, b'{"a":' * 1500 + b"1" + b"}" * 1500),
        answer(200, b'{"a":1', length=500),
        answer(200, b"x" * 20_000),
        answer(200, b"{}", "X-Big: " + "y" * 20_000),
        b'HTTP/1.1 200 X\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":',
        b"",
    ],
)
async def test_an_answer_that_cannot_be_read_is_bad_for_a_read_and_unknown_for_a_write(served):
    read, _ = await outcome(served, write=False)
    assert isinstance(read, errors.BadResponse | errors.Retryable)
    write, requests = await outcome(served, write=True)
    assert isinstance(write, errors.UnknownOutcome)
    assert requests == 1


@pytest.mark.behaviour("P4")
async def test_a_late_answer_is_unknown_for_a_write():
    write, _ = await outcome(answer(200), write=True, wait_s=2)
    assert isinstance(write, errors.UnknownOutcome)
    read, _ = await outcome(answer(200), write=False, wait_s=2)
    assert isinstance(read, errors.Retryable)


@pytest.mark.behaviour("P4")
async def test_a_kept_connection_that_is_dropped_never_repeats_a_call():
    """The first answer keeps the connection; the second request is read and never answered."""
    seen = []

    async def serve(reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            seen.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer(200))
            await writer.drain()
            seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.transport.abort()

    for write, kind in ((True, errors.UnknownOutcome), (False, errors.Retryable)):
        seen.clear()
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        client = http(server.sockets[0].getsockname()[1])
        await client.get("/x")
        with pytest.raises(kind):
            await (client.post("/x", b"") if write else client.get("/x"))
        assert len(seen) == 2
        await client.close()
        server.close()
        await asyncio.sleep(0.01)


@pytest.mark.behaviour("P4")
async def test_a_refused_connection_sent_nothing_so_even_a_write_may_be_tried_again():
    async with Server(b"") as gone:
        port = gone.port
    client = http(port)
    with pytest.raises(errors.Retryable, match="nothing was sent"):
        await client.post("/x", b"{}")
    await client.close()


@pytest.mark.behaviour("P8")
@pytest.mark.parametrize(
    ("header", "after"),
    [
        (("Retry-After: 7",), timedelta(seconds=7)),
        (("Retry-After: 1000000000",), timedelta(hours=1)),
        (("Retry-After: -5",), None),
        (("Retry-After: soon",), None),
        (("Retry-After: Wed, 21 Oct 2015 07:28:00 GMT",), None),
        (("Retry-After: Wed, 21 Oct 2115 07:28:00 GMT",), timedelta(hours=1)),
        ((), None),
    ],
)
async def test_retry_after_is_honoured_in_both_forms_and_capped(header, after):
    error, _ = await outcome(answer(429, b"{}", *header), write=True)
    assert isinstance(error, errors.RateLimited)
    assert error.after == after


async def test_a_problem_says_its_code_and_reason():
    body = b'{"title":"No","detail":"SKU A is unknown","code":"sku_unknown","field":"lines[0].sku"}'
    error, _ = await outcome(answer(422, body, media="application/problem+json"), write=True)
    assert (error.code, error.field) == ("sku_unknown", "lines[0].sku")
    assert "SKU A is unknown" in str(error)


@pytest.mark.security("S10")
@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "0.0.0.0", "10.0.0.1", "169.254.169.254", "192.168.1.1", "100.64.0.1", "224.0.0.1", "::1", "::",
        "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "nonsense",
    ],
)  # fmt: skip
def test_an_address_that_is_not_global_is_refused_unless_its_network_is_named(address):
    assert not Guard(()).allows(address)
    assert Guard(()).allows("8.8.8.8")
    assert Guard(()).allows("2001:4860:4860::8888")
    assert Guard(("10.0.0.0/8",)).allows("10.0.0.1")
    assert not Guard(("10.0.0.0/8",)).allows("127.0.0.1")


@pytest.mark.security("S10")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001"])
async def test_a_forbidden_address_is_refused_before_anything_is_sent(host):
    async with Server(answer(200)) as remote:
        config = Connection(type="t", http=HttpLimits(allow_http=True, timeout_s=2))
        client = BoundedHttp("shop", f"http://{host}:{remote.port}", config, Env())
        with pytest.raises((errors.ConfigError, errors.Retryable)):
            await client.get("/x")
        assert remote.requests == 0
        await client.close()


@pytest.mark.security("S10")
@pytest.mark.parametrize("url", ["http://h", "ftp://h", "https://u:p@h", "https://h?x=1", "https://h#x", "h", ""])
def test_a_base_address_that_is_not_plain_https_is_refused(url):
    with pytest.raises(errors.ConfigError):
        BoundedHttp("shop", url, Connection(type="t"), Env())


@pytest.mark.security("S8")
async def test_an_error_names_no_query():
    async with Server(answer(500)) as remote:
        client = http(remote.port)
        with pytest.raises(errors.Retryable) as caught:
            await client.get("/x", params={"token": "canary"})
        assert "canary" not in str(caught.value)
        assert caught.value.__cause__ is None
        await client.close()


@pytest.mark.parametrize(
    "text",
    [b'{"a" :1,"a":2}', b'{"a":[{"b":1},{"b":2,"b":3}]}', b'{"\\u0061":1,"a":2}', b'{"a":1,"a":"\\u0022\\u0022"}'],
)
def test_a_repeated_key_is_found_however_it_is_written(text):
    with pytest.raises(ValueError, match="twice"):
        refuse_repeated_keys(text)
    refuse_repeated_keys(b'{"a":"\\":\\":","b":"x\\\\","c" : [{"d":1},{"d":2}]}')
