"""What happens on the wire: broken, endless, huge and slow answers, dropped connections, and what they mean."""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct
import tracemalloc

import pytest
from tests.connectors.conftest import RawServer, always, answer

from crossdock.spec import errors

CALLS = {
    "GET": (lambda client: client.get("/x"), False),
    "POST as a read": (lambda client: client.post("/x", b"{}", write=False), False),
    "POST": (lambda client: client.post("/x", b"{}"), True),
    "PUT": (lambda client: client.put("/x", b"{}"), True),
    "DELETE": (lambda client: client.delete("/x"), True),
}
CHUNKED = b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"


async def failure(client, method: str) -> errors.ConnectorError:
    call, _ = CALLS[method]
    with pytest.raises(errors.ConnectorError) as caught:
        (await call(client)).json(dict)
    return caught.value


def expected(method: str, read: type[errors.ConnectorError]) -> type[errors.ConnectorError]:
    return errors.UnknownOutcome if CALLS[method][1] else read


async def reset(writer, _number):
    """Drop the connection with RST."""
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    return False


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize("method", CALLS)
@pytest.mark.parametrize(
    ("served", "read"),
    [
        (answer(b'{"a":1', length=500), errors.Retryable),
        (CHUNKED + b'6\r\n{"a":1\r\n', errors.Retryable),
        (answer(b'{"a":[1,2', "Connection: close", length="none"), errors.BadResponse),
        (b"", errors.Retryable),
        (b"HTTP/1.1 200 X\r\nContent-Ty", errors.Retryable),
        (b"SSH-2.0-OpenSSH_9.2\r\n", errors.BadResponse),
        (CHUNKED + b"zz\r\n{}\r\n", errors.BadResponse),
        (answer(b"{}", "X-Big: " + "y" * 20_000), errors.BadResponse),
        (answer(b"not gzip at all", "Content-Encoding: gzip"), errors.BadResponse),
    ],
    ids=["length", "chunks", "closed", "nothing", "half-head", "no-http", "bad-chunk", "header", "no-gzip"],
)
async def test_a_broken_answer_may_be_asked_for_again_but_a_write_is_in_doubt(http, served, read, method):
    async with RawServer(always(served)) as remote:
        error = await failure(http(remote.port), method)
    assert type(error) is expected(method, read)
    assert len(remote.requests) == 1


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize("method", CALLS)
async def test_a_reset_connection_leaves_a_write_in_doubt(http, method):
    async with RawServer(reset) as remote:
        error = await failure(http(remote.port), method)
    assert type(error) is expected(method, errors.Retryable)
    assert len(remote.requests) == 1


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize("drop", [reset, always(b"")], ids=["reset", "closed"])
@pytest.mark.parametrize("method", CALLS)
async def test_a_call_on_a_kept_connection_that_is_dropped_is_never_sent_again(http, method, drop):
    async def serve(writer, number):
        return await (always(answer(), keep=True) if number == 1 else drop)(writer, number)

    async with RawServer(serve) as remote:
        client = http(remote.port)
        await client.get("/first")
        error = await failure(client, method)
    assert type(error) is expected(method, errors.Retryable)
    assert (len(remote.requests), remote.connections) == (2, 1)


@pytest.mark.behaviour("P9")
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_answer_that_drips_in_byte_by_byte_ends_with_the_whole_time(http, method):
    async def loris(writer, _number):
        for byte in answer(b'{"a":"' + b"x" * 5000 + b'"}'):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.005)
        return False

    async with RawServer(loris) as remote:
        error = await failure(http(remote.port, timeout_s=0.6), method)
    assert type(error) is expected(method, errors.Retryable)
    assert len(remote.requests) == 1


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_no_answer_in_time_after_the_request_left_puts_a_write_in_doubt(http, method):
    async def silent(_writer, _number):
        await asyncio.sleep(30)

    async with RawServer(silent) as remote:
        error = await failure(http(remote.port, timeout_s=0.6), method)
    assert type(error) is expected(method, errors.Retryable)


@pytest.fixture
def full_backlog():
    """A port whose queue of connections is full, so that nobody answers a further SYN."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    waiting = []
    for _ in range(3):
        waiting.append(socket.socket())
        waiting[-1].setblocking(False)
        waiting[-1].connect_ex(listener.getsockname())
    yield listener.getsockname()[1]
    for each in (*waiting, listener):
        each.close()


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "limits",
    [{"connect_s": 0.1, "timeout_s": 30}, {"connect_s": 10, "timeout_s": 1}],
    ids=["connect", "connect longer than whole"],
)
async def test_a_connection_that_never_stands_sent_nothing(http, full_backlog, method, limits):
    error = await failure(http(full_backlog, **limits), method)
    assert type(error) is errors.Retryable
    assert "nothing was sent" in error.message


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_resolver_that_hangs_sent_nothing(http, method, monkeypatch):
    never = asyncio.get_running_loop().create_future()

    async def getaddrinfo(*_args, **_more):
        await never

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    error = await failure(http("http://shop.test", timeout_s=30, connect_s=0.1), method)
    assert type(error) is errors.Retryable
    assert "nothing was sent" in error.message
    never.cancel()


@pytest.mark.behaviour("P4", "P8")
@pytest.mark.parametrize("method", CALLS)
@pytest.mark.parametrize("number", [socket.EAI_NONAME, socket.EAI_AGAIN, socket.EAI_FAIL])
async def test_a_name_that_cannot_be_resolved_sent_nothing_and_may_pass(http, method, number, monkeypatch):
    async def getaddrinfo(*_args, **_more):
        raise socket.gaierror(number, "as the resolver words it")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    error = await failure(http("http://shop.test"), method)
    assert (type(error), error.setup) == (errors.Retryable, False)
    assert "could not be resolved; nothing was sent" in error.message


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize("method", CALLS)
async def test_a_refused_connection_sent_nothing(http, method):
    async with RawServer(always(b"")) as gone:
        port = gone.port
    error = await failure(http(port), method)
    assert (type(error), error.setup) == (errors.Retryable, False)
    assert "nothing was sent" in error.message


@pytest.mark.behaviour("P4")
async def test_a_call_that_found_no_free_connection_sent_nothing(http):
    release = asyncio.Event()

    async def busy(writer, number):
        await release.wait()
        return await always(answer())(writer, number)

    async with RawServer(busy) as remote:
        client = http(remote.port, timeout_s=30, connect_s=0.5)
        most = client._config.push.concurrency + 4
        flying = [asyncio.create_task(client.post("/x", b"{}")) for _ in range(most)]
        while len(remote.requests) < most:
            await asyncio.sleep(0.001)
        error = await failure(client, "POST")
        release.set()
        await asyncio.gather(*flying)
    assert type(error) is errors.Retryable
    assert len(remote.requests) == most


@pytest.mark.behaviour("P9")
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("form", ["length", "chunked", "closed"])
async def test_a_body_without_end_is_cut_at_the_bound(http, method, form):
    block = b"x" * 65_536

    async def endless(writer, _number):
        head = {"length": answer(length=2**40, body=b""), "chunked": CHUNKED, "closed": answer(b"", length="none")}
        writer.write(head[form])
        while True:
            writer.write(b"10000\r\n" + block + b"\r\n" if form == "chunked" else block)
            await writer.drain()

    async with RawServer(endless) as remote:
        error = await failure(http(remote.port, max_bytes=100_000), method)
    assert type(error) is expected(method, errors.BadResponse)
    assert "100000" in error.message


@pytest.mark.behaviour("P9")
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_gzip_bomb_is_cut_at_the_bound_and_never_unpacked_whole(http, method):
    bomb = gzip.compress(b" " * 64 * 2**20, 6)
    async with RawServer(always(answer(bomb, "Content-Encoding: gzip"))) as remote:
        tracemalloc.start()
        try:
            error = await failure(http(remote.port, max_bytes=2**20), method)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert type(error) is expected(method, errors.BadResponse)
    assert peak < 16 * 2**20


async def test_a_packed_answer_within_the_bound_is_unpacked(http):
    async with RawServer(always(answer(gzip.compress(b'{"a":1}'), "Content-Encoding: gzip"))) as remote:
        assert (await http(remote.port).get("/x")).json(dict) == {"a": 1}


@pytest.mark.security("S10")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", CALLS)
async def test_a_redirect_is_never_followed(http, status, method):
    async with RawServer(always(answer())) as elsewhere:
        there = answer(b"", f"Location: http://127.0.0.1:{elsewhere.port}/", status=status)
        async with RawServer(always(there)) as remote:
            error = await failure(http(remote.port), method)
    assert type(error) is expected(method, errors.BadResponse)
    assert (len(remote.requests), len(elsewhere.requests)) == (1, 0)


async def test_a_cookie_is_not_sent_back(http):
    async with RawServer(always(answer(b"{}", "Set-Cookie: session=1"), keep=True)) as remote:
        client = http(remote.port)
        await client.get("/x")
        await client.get("/x")
    assert b"cookie" not in remote.requests[1].lower()


@pytest.mark.parametrize("path", ["x", "", "/../x", "/a/..", "/a/%2e%2E/x", "//../x", "http://elsewhere/x"])
async def test_a_path_that_leaves_the_base_address_is_refused_before_anything_is_sent(http, path):
    async with RawServer(always(answer())) as remote:
        client = http(remote.port)
        with pytest.raises(errors.ContractError, match="nothing was sent"):
            await client.get(path)
        with pytest.raises(errors.Rejected, match="nothing was sent"):  # definite: the order is not in doubt
            await client.post(path, b"{}")
    assert remote.connections == 0


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\0", "a\x7f", "\ud800"])
async def test_a_header_that_cannot_be_sent_is_refused_before_anything_is_sent_and_not_shown(http, value):
    async with RawServer(always(answer())) as remote:
        client = http(remote.port)
        with pytest.raises(errors.ConfigError, match="the header Authorization") as caught:
            await client.post("/x", b"{}", headers={"Authorization": f"Bearer canary{value}"})
    assert "canary" not in str(caught.value)
    assert remote.connections == 0


async def test_headers_of_a_call_are_sent_and_only_with_that_call(http):
    async with RawServer(always(answer(), keep=True)) as remote:
        client = http(remote.port)
        await client.post("/x", b"<a/>", headers={"Content-Type": "application/xml", "X-Api-Key": "k"})
        await client.post("/x", b"{}", params={"page": "2"})
    assert b"Content-Type: application/xml" in remote.requests[0]
    assert b"X-Api-Key: k" in remote.requests[0]
    assert b"X-Api-Key" not in remote.requests[1]
    assert b"Content-Type: application/json" in remote.requests[1]
    assert remote.requests[1].startswith(b"POST /x?page=2 HTTP/1.1\r\n")


async def test_a_closed_client_sends_nothing_more(http):
    async with RawServer(always(answer())) as remote:
        client = http(remote.port)
        await client.close()
        await client.close()
        with pytest.raises(errors.Retryable, match="closed; nothing was sent"):
            await client.post("/x", b"{}")
    assert remote.connections == 0


async def test_a_call_that_is_cancelled_lets_go_of_its_socket(http):
    async def silent(_writer, _number):
        await asyncio.sleep(30)

    async with RawServer(silent) as remote:
        client = http(remote.port)
        call = asyncio.create_task(client.post("/x", b"{}"))
        while not remote.requests:
            await asyncio.sleep(0.001)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert not client._session.connector._acquired
