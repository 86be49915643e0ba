"""Trouble of a remote system or of the way to it that passes: nobody has to do anything."""

from __future__ import annotations

import asyncio
import socket

import pytest
from tests.e2e.conftest import an_order

from crossdock.spec.errors import Retryable


def by_name(running):
    """Have the systems named, and an open breaker tried again soon."""
    text = running.path.read_text().replace("http://127.0.0.1", "http://sandbox.test")
    running.path.write_text(text.replace("retry =", "breaker = { open_s = 0.1 }\nretry ="))


@pytest.mark.behaviour("P1", "P8")
@pytest.mark.parametrize("number", [socket.EAI_NONAME, socket.EAI_AGAIN])
async def test_names_that_cannot_be_resolved_for_a_while_pause_nothing(running, monkeypatch, number):
    real, asked, broken = asyncio.get_running_loop().getaddrinfo, [], True

    async def getaddrinfo(host, port, **more):
        asked.append(host)
        if broken:
            raise socket.gaierror(number, "as the resolver words it")
        return await real("127.0.0.1", port, **more)

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    running.before_opening = lambda: by_name(running)
    running.oms.put([an_order(1)])
    await running.open()

    async def asked_often():
        return len(asked) > 6

    await running.until(asked_often)
    states = {each.name: each.state for each in (await running.ask(lambda c: c.connections())).items}
    assert states["shop"] in ("retrying", "breaker_open")
    broken = False

    async def stored():
        return (await running.ask(lambda c: c.orders(text="O-1"))).items

    await running.until(stored)


@pytest.mark.behaviour("P8")
async def test_a_warehouse_that_failed_once_and_has_nothing_to_do_is_no_worry_for_long(running):
    """Its last order went another way meanwhile, so no call would show that it is well."""
    await running.open()

    async def level():
        return (await running.ask(lambda c: c.status())).level

    engine = running.rooms.engine
    await engine._drain(list(engine.streams))  # a fetch of documents would show it, too
    engine.keeper.failed("depot", Retryable("no answer"))
    assert await level() == "warning"

    async def well():
        return await level() == "ok"

    await running.until(well)
    assert running.wms.calls["GET /v1/check"] == 1
