"""The sandboxes as processes of their own."""

from __future__ import annotations

import asyncio
import signal
import sys

import aiohttp
import msgspec
import pytest

from crossdock.testing.sandbox.fault_scripts import flaky
from crossdock.testing.sandbox.oms import SandboxOms
from crossdock.testing.sandbox.serve import OmsOptions, WmsOptions, build

RUN = """
import sys, msgspec
from crossdock.testing.sandbox import serve
kind = {"oms": serve.OmsOptions, "wms": serve.WmsOptions}[sys.argv[1]]
run = {"oms": serve.run_oms, "wms": serve.run_wms}[sys.argv[1]]
run(msgspec.json.decode(sys.argv[2], type=kind))
"""


async def started(side: str, options: OmsOptions | WmsOptions):
    arguments = (sys.executable, "-c", RUN, side, msgspec.json.encode(options).decode())
    process = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
    return process, msgspec.json.decode(await process.stdout.readline())


async def ask(at, method, path, body=None):
    headers = {"Authorization": f"Bearer {at['token']}", "Idempotency-Key": "XD-1"}
    headers |= {} if body is None else {"Content-Type": "application/json"}
    data = None if body is None else msgspec.json.encode(body)
    async with aiohttp.request(method, at["url"] + path, data=data, headers=headers) as answer:
        return msgspec.json.decode(await answer.read())


async def ended(process, number):
    process.send_signal(number)
    rest, _ = await process.communicate()
    assert rest == b""
    return process.returncode


@pytest.mark.behaviour("P4")
async def test_what_a_warehouse_answered_survives_a_kill_of_it(tmp_path, request_of):
    options = WmsOptions(data=str(tmp_path / "wms.jsonl"), warehouses=("BKK-1",), token="kept")
    process, at = await started("wms", options)
    body = {"items": [request_of()]}
    first = await ask(at, "POST", "/v1/outbounds", body)
    assert await ended(process, signal.SIGKILL) == -signal.SIGKILL
    process, at = await started("wms", options)
    second = await ask(at, "POST", "/v1/outbounds", body)
    books = await ask(at, "GET", "/__sandbox/books?form=summary")
    assert await ended(process, signal.SIGTERM) == 0
    assert at["token"] == "kept"
    assert (first["results"][0]["status"], second["results"][0]["status"]) == ("accepted", "duplicate")
    assert first["results"][0]["remote_id"] == second["results"][0]["remote_id"]
    assert (books["received"], books["created"]) == (2, 1)


async def test_an_oms_serves_a_demo_day_and_stops_when_it_is_told(tmp_path):
    process, at = await started("oms", OmsOptions(demo_orders=30, seed=3, data=str(tmp_path / "oms.jsonl")))
    page = await ask(at, "GET", "/v1/orders?limit=500")
    shops = await ask(at, "GET", "/v1/shops")
    assert await ended(process, signal.SIGINT) == 0
    assert (len(page["orders"]), len(shops["choices"])) == (30, 4)


async def test_a_stream_that_cannot_be_read_ends_the_sandbox(tmp_path):
    arguments = ("oms", msgspec.json.encode(OmsOptions(stream=str(tmp_path / "absent.jsonl"))).decode())
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", RUN, *arguments, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    assert process.returncode != 0
    assert b"absent.jsonl" in errors


async def test_options_build_the_sandbox_they_describe():
    wms = build(WmsOptions(warehouses=("X",), idempotency="lookup", lookup_lag_s=3, faults="flaky", seed=9))
    assert (wms.books.warehouses, wms.books.idempotency, wms.books.lookup_lag.total_seconds()) == (("X",), "lookup", 3)
    assert wms.faults.script == flaky(9)
    assert isinstance(build(OmsOptions()), SandboxOms)
    with pytest.raises(ValueError, match="fault script"):
        build(OmsOptions(faults="/nowhere.json"))
