"""A warehouse and an OMS of before documents, products, stock and costs: orders flow, and the connections are well."""

from __future__ import annotations

import pytest
from tests.e2e.conftest import an_order

from crossdock.testing.sandbox.faults import Fault, Match, Rule, Script

OF_WMS = ("/v1/outbound-documents", "/v1/inbound-documents", "/v1/products*", "/v1/stock*", "/v1/costs*")
OF_OMS = ("/v1/products*", "/v1/costs*", "/v1/documents*", "/v1/outbound-documents*", "/v1/inbound-documents*")


def without(paths, status):
    return Script(
        rules=tuple(Rule(fault=Fault.STATUS, args={"status": status}, match=Match(path=path)) for path in paths)
    )


@pytest.mark.behaviour("P15")
@pytest.mark.parametrize("status", [404, 405, 501])
async def test_systems_without_the_newer_lists_are_well_and_orders_flow(world, status):
    world.wms.set_faults(without(OF_WMS, status))
    world.oms.set_faults(without(OF_OMS, status))
    await world.start()
    await world.set_up()
    world.oms.put([an_order(1)])
    await world.until_arrived("O-1")
    await world.until_state("O-1", "pushed")

    async def said() -> bool:
        found = (await world.client(lambda c: c.incidents())).items
        return {(each.connection, each.code, each.missing) for each in found} == {
            ("depot", "not_offered", "outbound"), ("depot", "not_offered", "inbound"),
        }  # fmt: skip

    await world.until(said, "it is said once which lists are not there")
    status_now = await world.client(lambda c: c.status())
    assert {each.name: each.state for each in status_now.connections} == {"shop": "ok", "depot": "ok"}
    world.oms.put([an_order(2)])
    await world.until_state("O-2", "pushed")
    assert status_now.level != "critical"
    assert (world.wms.calls["GET /v1/outbound-documents"], world.wms.calls["GET /v1/inbound-documents"]) == (1, 1)
    assert world.wms.calls["GET /v1/products"] == world.oms.calls["GET /v1/products"] == 0


async def test_a_list_that_is_there_after_a_restart_is_fetched_and_the_incident_heals(world):
    world.wms.set_faults(without(OF_WMS, 404))
    await world.start()
    await world.set_up()

    async def told(count) -> bool:
        return len((await world.client(lambda c: c.incidents())).items) == count

    await world.until(lambda: told(2), "it is said which lists are not there")
    world.wms.set_faults(Script())
    assert await world.stop() == 0
    await world.start()
    await world.until(lambda: told(0), "both are fetched")
    assert len((await world.client(lambda c: c.incidents(state="healed"))).items) == 2
