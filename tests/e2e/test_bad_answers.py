"""A connection that answers rubbish is paused; the daemon goes on with the others."""

from __future__ import annotations

import asyncio

import pytest
from tests.e2e.conftest import CONNECTION, an_order

from crossdock.testing.sandbox.faults import Fault, Match, Rule, Script
from crossdock.testing.sandbox.oms import SandboxOms


@pytest.fixture
async def other():
    async with SandboxOms() as made:
        yield made


@pytest.mark.behaviour("P7", "P8", "P15")
async def test_three_unreadable_answers_pause_one_oms_and_the_other_goes_on(world, other):
    secret = world.folder / "secrets" / "other.token"
    secret.touch(mode=0o600)
    secret.write_text(other.token)
    more = CONNECTION.format(name="other", kind="oms", url=other.url, more="", timeout=2)
    world.config.write_text(world.text() + more)
    other.set_faults(Script(rules=(Rule(fault=Fault.HTML_200, match=Match(path="/v1/orders")),)))
    await world.start()
    await world.set_up()

    async def paused() -> bool:
        found = {each.name: each for each in (await world.client(lambda c: c.connections())).items}
        return found["other"].state == "paused" and found["other"].error_kind == "BadResponse"

    await world.until(paused, "the OMS that answers HTML is paused")
    assert other.calls["GET /v1/orders"] == 3
    world.oms.put([an_order(n) for n in range(5)])
    await world.until_arrived(*(f"O-{n}" for n in range(5)))
    status = await world.client(lambda c: c.status())
    assert status.level == "critical"
    assert status.reasons == ("other is paused", "open incidents: 1 (`crossdock incidents list`)")
    assert other.calls["GET /v1/orders"] == 3, "a system that is paused is left alone"
    other.set_faults(Script())
    assert (await world.client(lambda c: c.reload())).taken
    other.put([an_order(9)])
    await world.until_arrived("O-9")
    assert await asyncio.wait_for(world.stop(), 30) == 0


@pytest.mark.behaviour("P7", "P15")
async def test_documents_that_cannot_be_read_stop_no_order(world):
    path = "/v1/outbound-documents"
    world.wms.set_faults(Script(rules=(Rule(fault=Fault.HTML_200, match=Match(path=path)),)))
    await world.start()
    await world.set_up()

    async def told() -> bool:
        found = (await world.client(lambda c: c.incidents())).items
        return [(each.code, each.missing) for each in found] == [("unreadable_list", "outbound")]

    await world.until(told, "the incident says that the documents cannot be read")
    assert world.wms.calls[f"GET {path}"] >= 3
    world.oms.put([an_order(n) for n in range(5)])
    await world.until_arrived(*(f"O-{n}" for n in range(5)))
    states = {each.name: each.state for each in (await world.client(lambda c: c.connections())).items}
    assert states["depot"] in ("ok", "idle")
    world.wms.set_faults(Script())

    async def healed() -> bool:
        return not (await world.client(lambda c: c.incidents())).items

    await world.until(healed, "the incident closes when they can be read")
    assert await asyncio.wait_for(world.stop(), 30) == 0
