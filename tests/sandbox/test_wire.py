"""Faults as a client meets them on a real connection."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
import pytest

from crossdock.testing.sandbox.faults import Fault, Match, Rule, Script
from crossdock.testing.sandbox.oms import SandboxOms
from crossdock.testing.sandbox.wms import SandboxWms


def script(fault: Fault, path: str = "/v1/*", **args: object) -> Script:
    return Script(rules=(Rule(fault=fault, args=args, match=Match(path=path)),))


async def raw(sandbox, path="/v1/check", method="GET", body=b"", seconds=5.0):
    """Send one request by hand and return every byte that comes before the connection ends or `seconds` pass."""
    reader, writer = await asyncio.open_connection(sandbox.host, sandbox.port)
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {sandbox.token}\r\nIdempotency-Key: k\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
    got = b""
    try:
        async with asyncio.timeout(seconds):
            while chunk := await reader.read(65_536):
                got += chunk
    except (ConnectionResetError, TimeoutError):
        pass
    finally:
        writer.close()
    return got


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.ACCEPTED_THEN_LOST])
async def test_nothing_is_answered(fault):
    async with SandboxOms(script=script(fault)) as oms:
        assert await raw(oms) == b""
        assert oms.calls == {"GET /v1/check": 1}


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault.S500, 500),
        (Fault.S502, 502),
        (Fault.S503, 503),
        (Fault.S504, 504),
        (Fault.AUTH_FAILED, 401),
        (Fault.CONFLICT_409, 409),
        (Fault.S429, 429),
    ],
)
async def test_a_status_is_answered_as_a_problem(client, fault, status):
    async with SandboxOms(script=script(fault)) as oms:
        got, problem, headers = await client(oms).get("/v1/check")
        assert (got, problem["status"], headers["Content-Type"]) == (status, status, "application/problem+json")


async def test_any_status_can_be_scripted(client):
    async with SandboxOms(script=script(Fault.STATUS, status=408, code="too_slow")) as oms:
        got, problem, _ = await client(oms).get("/v1/check")
        assert (got, problem["code"]) == (408, "too_slow")


@pytest.mark.parametrize(
    ("form", "value"), [("seconds", "7"), ("missing", None), ("absurd", "1000000000"), ("negative", "-5")]
)
async def test_retry_after_comes_in_every_form(client, form, value):
    async with SandboxOms(script=script(Fault.S429, retry_after=form, seconds=7)) as oms:
        _, _, headers = await client(oms).get("/v1/check")
        assert headers.get("Retry-After") == value


async def test_retry_after_comes_as_a_date(client):
    async with SandboxOms(script=script(Fault.S429, retry_after="date", seconds=3600)) as oms:
        _, _, headers = await client(oms).get("/v1/check")
        wait = parsedate_to_datetime(headers["Retry-After"]) - datetime.now(UTC)
        assert 3500 < wait.total_seconds() <= 3600


@pytest.mark.parametrize(
    ("form", "mark"),
    [("length", b"Content-Length: "), ("chunked", b"Transfer-Encoding: chunked"), ("close", b"close\r\n\r\n")],
)
async def test_a_body_is_cut_in_its_middle(form, mark):
    async with SandboxOms(script=script(Fault.TRUNCATED, form=form)) as oms:
        got = await raw(oms)
        assert got.startswith(b"HTTP/1.1 200 OK")
        assert mark in got
        assert b'"ok":true' in got
        assert b"server_time" not in got.rsplit(b'"', 1)[-1]
        assert b"0\r\n\r\n" not in got
        assert not got.endswith(b"}")


@pytest.mark.parametrize(
    ("fault", "args", "mark"),
    [
        (Fault.HTML_200, {}, b"<!doctype html>"),
        (Fault.NULL, {}, b"\r\n\r\nnull"),
        (Fault.EMPTY, {}, b"Content-Length: 0"),
        (Fault.WRONG_CONTENT_TYPE, {}, b"Content-Type: text/plain"),
        (Fault.BODY, {"body": '{"ok":NaN}'}, b'{"ok":NaN}'),
        (Fault.HUGE_HEADER, {}, b"X-Filler: " + b"x" * 20_000),
    ],
)
async def test_another_body_comes_with_status_200(fault, args, mark):
    async with SandboxOms(script=script(fault, **args)) as oms:
        got = await raw(oms)
        assert got.startswith(b"HTTP/1.1 200 OK")
        assert mark in got


async def test_a_huge_body_is_sent_and_a_client_may_leave_it(session):
    async with SandboxOms(script=script(Fault.HUGE, bytes=2**21)) as oms:
        assert len(await raw(oms)) > 2**21
        head = {"Authorization": f"Bearer {oms.token}"}
        async with session.get(f"{oms.url}/v1/check", headers=head) as answer:
            assert len(await answer.content.readexactly(1000)) == 1000


async def test_a_small_body_unpacks_to_a_huge_one():
    async with SandboxOms(script=script(Fault.HUGE, bytes=2**24, gzip=True)) as oms:
        assert len(await raw(oms)) < 2**16


async def test_a_slow_answer_comes_in_the_end(client):
    async with SandboxOms(script=script(Fault.SLOW, seconds=0.02)) as oms:
        started = time.monotonic()
        assert (await client(oms).get("/v1/check"))[0] == 200
        assert time.monotonic() - started >= 0.02


async def test_an_answer_comes_byte_by_byte(client):
    async with SandboxOms(script=script(Fault.LORIS, seconds=3600)) as oms:
        reader, writer = await asyncio.open_connection(oms.host, oms.port)
        writer.write(f"GET /v1/check HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {oms.token}\r\n\r\n".encode())
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK")
        assert await reader.read(100) == b"{"
        writer.close()


@pytest.mark.parametrize("effect", [True, False])
async def test_a_fault_in_the_answer_of_a_write_has_its_effect_unless_told_otherwise(client, request_of, effect):
    async with SandboxWms(script=script(Fault.NULL, effect=effect)) as wms:
        await client(wms).post("/v1/outbounds", {"items": [request_of()]})
        assert len(wms.books.documents) == int(effect)


async def test_the_same_page_comes_for_ever_under_ever_new_cursors(client, order):
    async with SandboxOms(script=script(Fault.SAME_PAGE_FOREVER)) as oms:
        oms.put([order(f"ORD-{n}") for n in range(3)])
        cursors, cursor = set(), ""
        for _ in range(4):
            _, page, _ = await client(oms).get(f"/v1/orders?limit=2&cursor={cursor}")
            cursor = page["next_cursor"]
            cursors.add(cursor)
            assert [o["ref"] for o in page["orders"]] == ["ORD-0", "ORD-1"]
        assert len(cursors) == 4
        oms.set_faults(Script())
        assert (await client(oms).get(f"/v1/orders?cursor={cursor}"))[0] == 200


async def test_a_cursor_leads_back_to_itself(client, order):
    async with SandboxOms(script=script(Fault.TOKEN_LOOP)) as oms:
        oms.put([order(f"ORD-{n}") for n in range(3)])
        _, first, _ = await client(oms).get("/v1/orders?limit=2")
        _, second, _ = await client(oms).get(f"/v1/orders?limit=2&cursor={first['next_cursor']}")
        assert first["next_cursor"] == second["next_cursor"]


async def test_a_closed_door_refuses_and_an_opened_one_serves_on_the_same_port(client):
    async with SandboxOms() as oms:
        before = oms.url
        assert (await client(oms).get("/v1/check"))[0] == 200
        await oms.close_door()
        with pytest.raises(aiohttp.ClientConnectorError):
            await client(oms).get("/v1/check")
        await oms.open_door()
        assert (oms.url, (await client(oms).get("/v1/check"))[0]) == (before, 200)


async def test_a_refusal_for_some_seconds_ends_by_itself(client):
    async with SandboxOms(script=Script(rules=(Rule(fault=Fault.REFUSED, args={"seconds": 0.05}, times=1),))) as oms:
        assert await raw(oms) == b""
        await oms.quiet()
        assert (await client(oms).get("/v1/check"))[0] == 200


async def test_faults_are_set_and_counted_behind_the_sandbox_path(client):
    async with SandboxOms() as oms:
        ask = client(oms)
        assert (await ask.post("/__sandbox/faults", script(Fault.S503), Authorization=""))[1] == {"rules": 1}
        await ask.get("/v1/check")
        _, counters, _ = await ask.get("/__sandbox/counters", Authorization="")
        assert counters == {"calls": {"GET /v1/check": 1}, "faults": {"503": 1}, "late": 0}
        assert (await ask.post("/__sandbox/faults", {"rules": [{"fault": "bogus"}]}))[0] == 422
