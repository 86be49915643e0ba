"""What people ask to be done with orders."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tests.control.world import order

from crossdock.control.client import Refusal
from crossdock.control.records.asks import Redrive, SettleOrder
from crossdock.control.records.orders import OrderRef
from crossdock.rules.book import StrategyKind
from crossdock.spec.outbound import PushStatus


def ref(name):
    return OrderRef(connection="oms", ref=name)


async def ended(client, number):
    async with asyncio.timeout(20):
        while (task := await client.task(number)).state in ("queued", "running"):
            await asyncio.sleep(0.005)
    return task


@pytest.mark.behaviour("R11", "R12", "R14")
async def test_obtaining_new_orders_makes_a_task_that_tells_what_it_found(build):
    world = await build(interval=0)
    await world.settings(auto_push=False)
    world.serve(order("A"), order("B"))
    async with world.client() as client:
        asked = await client.obtain("oms", "WH1")
        task = await ended(client, asked.task_id)
        results = await client.task_results(task.id)
        await world.until("A", "pushed")
    assert (task.kind, task.state, task.actor, task.found) == ("obtain_new", "succeeded", "admin", 2)
    assert {(item.ref, item.result) for item in results.items} >= {("A", "queued"), ("B", "queued")}


@pytest.mark.behaviour("R14")
async def test_obtaining_tells_how_many_orders_it_queued_although_nothing_was_fetched(build):
    world = await build()
    await world.settings(auto_push=False)
    world.serve(order("A"), order("B"))
    await world.fetch()
    async with world.client() as client:
        task = await ended(client, (await client.obtain("oms", "WH1")).task_id)
        assert task.outcome == "0 found, 0 changed, 0 unchanged; queued: 2 for warehouse WH1"
        world.env.ahead += timedelta(seconds=301)
        world.serve(order("A"), order("B"))
        task = await ended(client, (await client.obtain("oms", "WH1")).task_id)
        assert task.outcome.endswith("; none queued")


async def test_a_task_counts_what_auto_push_queued_while_it_fetched(build):
    world = await build(interval=0)
    await world.settings()
    world.serve(order("A"), order("B", holds=("wait",)))
    async with world.client() as client:
        task = await ended(client, (await client.obtain("oms", "WH1")).task_id)
        assert task.outcome == "2 found, 2 changed, 0 unchanged; queued: 1 for warehouse WH1"
        world.serve(order("A"), order("B"))
        task = await ended(client, (await client.sync("oms", ["B"])).task_id)
        assert task.outcome == "1 found, 1 changed, 0 unchanged; queued: 1 for warehouse WH1"


@pytest.mark.behaviour("R10")
async def test_asking_again_within_five_minutes_is_refused_and_says_when(world, client, raw):
    await client.obtain("oms", "WH1")
    status, problem, headers = await raw("POST", "/v1/obtain", {"connection": "oms", "warehouse": "WH1"})
    assert (status, problem["code"]) == (429, "too_soon")
    assert 295 <= int(headers["Retry-After"]) <= 301
    assert problem["again_at"][:10] == f"{world.env.now() + timedelta(minutes=5):%Y-%m-%d}"
    with pytest.raises(Refusal, match="it may run again at") as refusal:
        await client.obtain("oms", "WH1")
    assert refusal.value.again_at is not None
    world.env.ahead += timedelta(seconds=301)
    assert (await client.obtain("oms", "WH1")).task_id > 0


@pytest.mark.behaviour("R10", "R16")
async def test_the_limit_of_a_list_names_its_scope_and_leaves_single_orders_alone(world, client):
    await client.sync("oms", ["A", "B"])
    with pytest.raises(Refusal) as refusal:
        await client.sync("oms", ["C", "D"])
    said = (
        "a list of orders of oms was synced less than 300 s ago; ask for one order alone, which has a limit of its own; "
        "it may run again at "
    )
    assert str(refusal.value).startswith(said)
    await client.sync("oms", ["C"])
    with pytest.raises(Refusal, match="order C of oms was synced less than 300 s ago; it may run again at"):
        await client.sync("oms", ["C"])


@pytest.mark.behaviour("R16", "R17")
async def test_syncing_an_order_takes_over_what_differs(world, client):
    world.serve(order("A", holds=("wait",)))
    await world.fetch()
    world.serve(order("A", holds=()))
    task = await ended(client, (await client.sync("oms", ["A"])).task_id)
    assert (task.state, task.changed) == ("succeeded", 1)
    await world.until("A", "pushed")


async def test_an_unknown_oms_or_warehouse_is_told_with_what_there_is(world, client):
    with pytest.raises(Refusal, match=r"no OMS connection 'nope' \(known: oms\)"):
        await client.sync("nope", ["A"])
    with pytest.raises(Refusal, match=r"no warehouse 'nope' \(known: WH1\)"):
        await client.obtain("oms", "nope")


@pytest.mark.behaviour("R38")
async def test_an_order_that_no_strategy_pushes_is_pushed_by_hand(build):
    world = await build()
    await world.settings(kind=StrategyKind.MANUAL_ONLY)
    world.serve(order("A"))
    await world.fetch()
    async with world.client() as client:
        done = await client.push([ref("A"), ref("X")])
        await world.until("A", "pushed")
        story = (await client.explain("A")).happened
    assert [(each.order, each.done) for each in done.results] == [("A", True), ("X", False)]
    assert ("overridden", "admin") in [(moment.what, moment.actor) for moment in story]


async def test_a_held_order_waits_until_it_is_released(world, client):
    await world.requests.pause("wms", "test", "me")
    world.serve(order("A"))
    await world.fetch()
    await world.until("A", "queued")
    held = await client.hold([ref("A")], "the buyer called")
    assert held.results[0].done
    assert (await client.orders(text="A")).items[0].hold == "the buyer called"
    await world.requests.resume("wms", "me")
    assert (await client.orders(text="A")).items[0].state == "held"
    assert (await client.release([ref("A")])).results[0].text == "released and queued"
    await world.until("A", "pushed")
    assert not (await client.hold([ref("A")], "too late")).results[0].done


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize(("settlement", "state", "sent"), [("arrived", "pushed", 1), ("absent", "pushed", 2)])
async def test_a_person_settles_what_nobody_else_can(build, settlement, state, sent):
    world = await build(idempotency="none")
    await world.settings()
    world.wms.answer = PushStatus.UNKNOWN
    world.serve(order("A"))
    await world.fetch()
    await world.until("A", "in_doubt")
    world.wms.answer = PushStatus.ACCEPTED
    body = SettleOrder(connection="oms", ref="A", settlement=settlement, reason="I looked")
    async with world.client() as client:
        assert (await client.status()).level == "critical"
        assert (await client.settle(body)).results[0].done
        await world.until("A", state)
        assert not (await client.settle(body)).results[0].done
    assert world.wms.got == {"A": sent}


async def test_an_order_that_is_absent_has_no_remote_id(client):
    body = SettleOrder(connection="oms", ref="A", settlement="absent", reason="x", remote_id="R")
    with pytest.raises(Refusal, match="remote_id"):
        await client.settle(body)


@pytest.mark.behaviour("P7", "R25")
@pytest.mark.parametrize("everything", [True, False])
async def test_failed_orders_are_sent_again(world, client, everything):
    world.wms.answer = PushStatus.REJECTED
    world.serve(order("A"), order("B"))
    await world.fetch()
    await world.until("A", "push_failed")
    await world.until("B", "push_failed")
    status = await client.status()
    assert (status.parked, status.level) == (2, "warning")
    world.wms.answer = PushStatus.ACCEPTED
    wanted = Redrive(all_failed=True) if everything else Redrive(orders=(ref("A"), ref("B"), ref("X")))
    done = {each.order: each.done for each in (await client.redrive(wanted)).results}
    assert done == ({"A": True, "B": True} if everything else {"A": True, "B": True, "X": False})
    await world.until("A", "pushed")
    await world.until("B", "pushed")


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Redrive(), "one of the two"),
        (Redrive(orders=(ref("A"),), all_failed=True), "one of the two"),
        (Redrive(orders=(ref("A"),), warehouse="WH1"), "all_failed only"),
    ],
)
async def test_a_redrive_says_what_it_means(client, wanted, said):
    with pytest.raises(Refusal, match=said):
        await client.redrive(wanted)


@pytest.mark.behaviour("R11", "R13")
async def test_a_task_that_has_not_started_can_be_cancelled(world, client):
    await world.requests.pause("oms", "test", "me")
    number = (await client.sync("oms", ["A"])).task_id
    assert [task.id for task in (await client.tasks(state="queued")).items] == [number]
    assert (await client.cancel_task(number)).state == "cancelled"
    with pytest.raises(Refusal, match="only a queued task") as refusal:
        await client.cancel_task(number)
    assert refusal.value.code == "too_late"
    with pytest.raises(Refusal, match="there is no task 99"):
        await client.cancel_task(99)


async def test_tasks_are_paged_newest_first(build):
    world = await build(interval=0)
    await world.requests.pause("oms", "test", "me")
    async with world.client() as client:
        numbers = [(await client.sync("oms", [str(each)])).task_id for each in range(5)]
        first = await client.tasks(limit=2)
        second = await client.tasks(limit=2, after=first.next)
        third = await client.tasks(limit=2, after=second.next)
    assert [task.id for page in (first, second, third) for task in page.items] == numbers[::-1]
    assert third.next is None
