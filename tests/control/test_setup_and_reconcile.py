"""The setup in one view, and reconciliation as it is asked for."""

from __future__ import annotations

import asyncio

import pytest
from tests.control.world import order

from crossdock.control.transport import Refusal


@pytest.mark.behaviour("R30", "R31", "R37")
async def test_the_setup_shows_every_warehouse_the_kinds_and_what_is_left(world, client):
    found = await client.setup()
    (place,) = found.warehouses
    assert (place.code, place.connection, place.strategies, place.auto_push, place.works) == (
        "WH1",
        "wms",
        ("std",),
        True,
        True,
    )
    assert "waits for no gifts" in place.odd[0]
    assert set(found.explained) == {"standard", "advance", "custom_advance", "manual_only"}
    assert [step.done for step in found.steps] == [True] * len(found.steps)


@pytest.mark.behaviour("R30")
async def test_a_fresh_installation_is_told_what_comes_first(build):
    world = await build()
    async with world.client() as client:
        found = await client.setup()
    assert found.warehouses == ()
    left = [step.command for step in found.steps if not step.done]
    assert left[0].startswith("crossdock strategies set")
    assert "--connection wms" in left[1]


async def over(client, number):
    async with asyncio.timeout(20):
        while (task := await client.task(number)).state not in ("succeeded", "partial", "failed"):
            await asyncio.sleep(0.005)
    return task


@pytest.mark.behaviour("P6")
async def test_a_reconciliation_is_a_task_that_tells_what_it_compared(world, client):
    world.serve(order("A"))
    await world.fetch()
    await world.until("A", "pushed")
    queued = await client.reconcile(dry_run=True)
    task = await over(client, queued.task_id)
    assert (task.kind, task.state, task.actor, task.orders) == ("reconcile", "succeeded", "admin", 0)
    assert "2 compared over 30 days: nothing is wrong; a dry run" in task.outcome


@pytest.mark.behaviour("P6")
async def test_one_at_a_time(world, client):
    gate = asyncio.Event()
    fetch = world.oms.fetch_orders

    async def slow(window, cursor, limit):
        await gate.wait()
        return await fetch(window, cursor, limit)

    world.oms.fetch_orders = slow
    queued = await client.reconcile()
    with pytest.raises(Refusal) as refused:
        await client.reconcile()
    assert refused.value.code == "under_way"
    gate.set()
    await over(client, queued.task_id)
    assert (await client.reconcile()).task_id > queued.task_id


@pytest.mark.behaviour("P6", "R42")
@pytest.mark.security("S5")
async def test_only_an_administrator_overrides_the_brake(world, client):
    world.become("operator")
    with pytest.raises(Refusal) as refused:
        await client.reconcile(force=True)
    assert refused.value.code == "forbidden"
    await over(client, (await client.reconcile()).task_id)
    world.become("viewer")
    with pytest.raises(Refusal):
        await client.reconcile()


@pytest.mark.parametrize(
    ("wrong", "text"),
    [({"warehouse": "NO"}, "no warehouse 'NO'"), ({"force": True, "dry_run": True}, "nothing to force")],
)
async def test_what_makes_no_sense_is_refused(world, client, wrong, text):
    with pytest.raises(Refusal, match=text):
        await client.reconcile(**wrong)
