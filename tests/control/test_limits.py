"""A request is bounded: its size, its depth, its time, how many there are."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from crossdock.config.model import Control, Role
from crossdock.control.intake import read_body, too_deep
from crossdock.control.permissions import PUBLIC, Right
from crossdock.control.problems import ApiProblem
from crossdock.control.route import Nothing, Route
from crossdock.control.server import ControlApi

pytestmark = pytest.mark.security("S21")

ADMIN = {"admin": Role(users=("admin",))}


@pytest.fixture
async def world(build):
    return await build(control=Control(roles=ADMIN, max_body_bytes=2048, max_concurrent=2, timeout_s=0.2))


async def test_a_body_that_says_it_is_too_large_is_refused_unread(raw):
    status, body, _ = await raw("POST", "/v1/hold", b"x" * 4096)
    assert (status, body["code"]) == (413, "too_large")


async def test_a_body_that_grows_too_large_is_refused(world):
    reader, writer = await asyncio.open_unix_connection(str(world.socket))
    chunk = b"400\r\n" + b"x" * 1024 + b"\r\n"
    writer.write(b"POST /v1/hold HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 4)
    answer = await asyncio.wait_for(reader.readuntil(b"}"), 10)
    assert b" 413 " in answer.splitlines()[0]
    assert b"too_large" in answer
    writer.close()


async def test_a_body_that_never_ends_is_given_up(world):
    reader, writer = await asyncio.open_unix_connection(str(world.socket))
    writer.write(b"POST /v1/hold HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    answer = await asyncio.wait_for(reader.readuntil(b"}"), 10)
    assert b" 504 " in answer.splitlines()[0]
    writer.close()


async def test_more_requests_than_allowed_are_told_to_come_again(world, raw):
    entered, leave = asyncio.Event(), asyncio.Event()
    count = 0

    async def slow(_call):
        """Wait."""
        nonlocal count
        count += 1
        if count == 2:
            entered.set()
        await leave.wait()
        return {}

    async def quick(_call):
        """Answer."""
        return {}

    table = (
        Route(method="GET", path="/slow", permission=Right.VIEW, handler=slow, answer=dict),
        Route(method="GET", path="/livez", permission=PUBLIC, handler=quick, answer=dict, query=Nothing),
    )
    await world.api.stop()
    world.api = ControlApi(world.engine, world.requests, world.providers(), table=table, directory=world.directory)
    world.api._limits = msgspec.structs.replace(world.api._limits, timeout_s=30)
    await world.api.start(world.socket)
    waiting = [asyncio.ensure_future(raw("GET", "/slow")) for _ in range(2)]
    await entered.wait()
    status, body, headers = await raw("GET", "/slow")
    assert (status, body["code"], headers["Retry-After"]) == (503, "busy", "1")
    assert (await raw("GET", "/livez"))[0] == 200, "the watchdog's probe is answered under any flood"
    leave.set()
    assert [status for status, _, _ in await asyncio.gather(*waiting)] == [200, 200]
    leave.set()
    assert (await raw("GET", "/slow"))[0] == 200


async def test_a_handler_that_takes_too_long_is_cut_off_with_an_error_and_leaves_room_for_others(world, raw):
    cut_off = asyncio.Event()

    async def slow(_call):
        """Never answer."""
        try:
            await asyncio.Event().wait()
        finally:
            cut_off.set()

    table = (Route(method="GET", path="/slow", permission=Right.VIEW, handler=slow, answer=dict),)
    await world.api.stop()
    world.api = ControlApi(world.engine, world.requests, world.providers(), table=table, directory=world.directory)
    await world.api.start(world.socket)
    for _ in range(5):  # of two at once: one that was cut off takes no place any more
        status, body, _ = await raw("GET", "/slow")
        assert (status, body["code"]) == (504, "timeout")
    assert cut_off.is_set()


def test_a_body_with_too_many_levels_is_refused():
    with pytest.raises(ApiProblem, match="levels"):
        read_body(b"[" * 100_000, dict)


@pytest.mark.parametrize(
    ("raw_body", "deep"),
    [
        (b'"' + b"[" * 500 + b'"', False),
        (b'"\\"' + b"{" * 500 + b'"', False),
        (b"[]" * 500, False),
        (b"[" * 32 + b"]" * 32, False),
        (b"[" * 33 + b"]" * 33, True),
    ],
)
def test_depth_counts_what_is_open_and_no_text(raw_body, deep):
    assert too_deep(raw_body, 32) is deep


@pytest.mark.parametrize("path", ["/v1/orders", "/v1/tasks", "/v1/quarantine", "/v1/strategies", "/v1/mappings"])
async def test_no_list_gives_more_than_200_rows_at_once(raw, path):
    status, body, _ = await raw("GET", f"{path}?limit=201")
    assert status == 400
    assert "limit" in body["detail"]


async def test_more_than_a_thousand_orders_in_one_request_are_refused(build, raw, world):
    world.api._limits = msgspec.structs.replace(world.api._limits, max_body_bytes=2**20)
    await world.api.stop()
    world.api = ControlApi(world.engine, world.requests, world.providers(), directory=world.directory)
    world.api._limits = msgspec.structs.replace(world.api._limits, max_body_bytes=2**20, timeout_s=30)
    await world.api.start(world.socket)
    orders = [{"connection": "oms", "ref": str(number)} for number in range(1001)]
    status, body, _ = await raw("POST", "/v1/push", {"orders": orders})
    assert status == 400
    assert "1000" in body["detail"]


async def test_a_flood_of_requests_leaves_the_daemon_answering(world, raw):
    statuses = [status for status, _, _ in await asyncio.gather(*(raw("GET", "/v1/status") for _ in range(200)))]
    assert set(statuses) <= {200, 503, 504}
    assert (await raw("GET", "/v1/status"))[0] == 200
