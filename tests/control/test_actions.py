"""What people ask to be done with orders."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import msgspec
import pytest
from tests.control.world import order

from crossdock.control.client import Refusal
from crossdock.control.records.asks import Redrive, SettleOrder, SyncList
from crossdock.control.records.orders import OrderRef
from crossdock.rules.book import AllocationRule, StrategyKind, Warehouse
from crossdock.spec.orders import Address, Recipient
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
        "a list of orders of oms that have no warehouse yet was synced less than 300 s ago; ask for one order alone, which has a "
        "limit of its own, or for a list of other warehouses; it may run again at "
    )
    assert str(refusal.value).startswith(said)
    await client.sync("oms", ["C"])
    with pytest.raises(Refusal, match="order C of oms was synced less than 300 s ago; it may run again at"):
        await client.sync("oms", ["C"])


async def two_warehouses(world):
    """Orders of each country go to a warehouse of their own: A and B to WH1, C and D to WH2."""
    await world.requests.save_entry(Warehouse(code="WH2", connection="wms", remote="W2", strategies=("std",)))
    await world.requests.save_entry(AllocationRule(position=0, warehouse="WH2", countries=("DE",)))
    there = Recipient(address=Address(country="DE"))
    world.serve(order("A"), order("B"), order("C", recipient=there), order("D", recipient=there))
    await world.fetch()
    await world.until("A", "pushed")
    await world.until("B", "pushed")


@pytest.mark.behaviour("R10", "R16", "R20")
async def test_a_list_of_one_warehouse_holds_up_no_list_of_another(world, client):
    await two_warehouses(world)
    await client.sync("oms", ["A", "B"])
    await client.sync("oms", ["C", "D"])
    for refs in (["A", "B"], ["C", "D"], ["A", "C"]):
        with pytest.raises(Refusal, match=r"of warehouse WH[12] was synced less than 300 s ago"):
            await client.sync("oms", refs)
    waiting = {(each.action, each.about) for each in (await client.throttles()).items}
    assert {("sync_list", "WH1"), ("sync_list", "WH2")} <= waiting


async def test_a_list_that_is_refused_for_one_warehouse_takes_no_turn_of_another(world, client):
    await two_warehouses(world)
    await client.sync("oms", ["A", "B"])
    with pytest.raises(Refusal, match="WH1"):
        await client.sync("oms", ["A", "C"])
    await client.sync("oms", ["C", "D"])


@pytest.mark.behaviour("R16", "R20")
@pytest.mark.parametrize(("wanted", "refs"), [
    ({"tab": "in_progress"}, "BA"), ({"tab": "pending"}, "DC"), ({"tab": "in_progress", "warehouse": "WH1"}, "BA"),
    ({"stage": "pending"}, "BA"), ({"stage": "all"}, "BA"),
])  # fmt: skip
async def test_every_order_of_a_list_is_synced(world, client, wanted, refs):
    await two_warehouses(world)
    asked = await client.sync_list(SyncList(connection="oms", **wanted))
    task = await ended(client, asked.task_ids[0])
    assert (asked.orders, asked.next, len(asked.task_ids)) == (2, None, 1)
    assert (task.kind, task.found, task.unchanged) == ("sync_order", 2, 2)
    assert [item.ref for item in (await client.task_results(task.id)).items] == list(refs)
    with pytest.raises(Refusal) as refused:
        await client.sync_list(SyncList(connection="oms", **wanted))
    assert refused.value.code == "too_soon"


async def test_a_list_is_cut_into_tasks_and_says_where_to_go_on(world, client, monkeypatch):
    monkeypatch.setattr("crossdock.engine.sync_requests.MAX_SYNC", 1)
    monkeypatch.setattr("crossdock.engine.sync_requests.MAX_TASKS", 2)
    world.serve(*(order(ref, holds=("wait",)) for ref in "ABC"))
    await world.fetch()
    wanted = SyncList(connection="oms", tab="pending")
    first = await client.sync_list(wanted)
    assert (len(first.task_ids), first.orders) == (2, 2)
    assert f"going on after {first.next}" in first.text
    world.env.ahead += timedelta(seconds=301)
    rest = await client.sync_list(msgspec.structs.replace(wanted, after=first.next))
    assert (rest.orders, rest.next) == (1, None)


@pytest.mark.parametrize(("wanted", "said"), [
    ({}, "one of the two"), ({"tab": "pending", "stage": "all"}, "one of the two"), ({"tab": "abnormal"}, "no order is in this list"),
])  # fmt: skip
async def test_a_list_that_cannot_be_synced_is_refused(client, wanted, said):
    with pytest.raises(Refusal, match=said):
        await client.sync_list(SyncList(connection="oms", **wanted))


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


HOLD_ENDED = "the hold set here is ended; it is queued for warehouse WH1"


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
    assert (await client.release([ref("A")])).results[0].text == HOLD_ENDED
    await world.until("A", "pushed")
    assert not (await client.hold([ref("A")], "too late")).results[0].done


@pytest.mark.behaviour("R37")
async def test_a_release_that_is_repeated_opens_no_gift_gate(world, client):
    std = await client.strategy("std")
    await client.save_strategy(msgspec.structs.replace(std, gift_gate="wait_flag"))
    world.serve(order("A", gifts_pending=True))
    await world.fetch()
    await world.until("A", "held")
    await client.hold([ref("A")], "the buyer called")
    for done in (True, False):
        assert (await client.release([ref("A")])).results[0].done is done
        waiting = await world.until("A", "held")
        assert (waiting.hold, waiting.gift_gate) == (None, True)
    assert (await client.release([ref("A")], "gift_gate")).results[0].text.startswith("its gift gate is opened")
    assert not (await world.until("A", "pushed")).gift_gate


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


@pytest.mark.parametrize("idempotency", ["lookup", "none"])
async def test_a_warehouse_is_asked_now_about_a_doubt_where_it_can_be_asked(build, idempotency):
    world = await build(idempotency=idempotency, settle_s=1)
    await world.settings()
    world.wms.answer = PushStatus.UNKNOWN
    world.serve(order("A"))
    await world.fetch()
    await world.until("A", "in_doubt")
    async with world.client() as client:
        world.wms.answer = PushStatus.ACCEPTED
        await world.store.write(lambda tx: tx.execute("UPDATE pushes SET next_at = next_at + 86400000"))
        first, missing = (await client.probe([ref("A"), ref("X")])).results
        assert idempotency == "none" or "once it is sure" in first.text
        assert (first.order, first.done, missing.done) == ("A", idempotency == "lookup", False)
        if idempotency == "none":
            assert "settle it by hand" in first.text
            return
        world.env.ahead = timedelta(minutes=5)
        assert (await client.probe([ref("A")])).results[0].text == "its warehouse is asked now"
        await world.until("A", "pushed")
        (again,) = (await client.probe([ref("A")])).results
        assert "it is not in doubt" in again.text


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
    assert ((await client.count_failed()).count, (await client.count_failed(parked=True)).count) == (2, 2)
    with pytest.raises(Refusal, match="there is no warehouse 'elsewhere'"):
        await client.count_failed(warehouse="elsewhere")
    assert [each.ref for each in (await client.orders(parked=True)).items] == ["B", "A"]
    assert [each.ref for each in (await client.orders(parked=True, text="A")).items] == ["A"]
    wanted = Redrive(all_failed=True, parked=True) if everything else Redrive(orders=(ref("A"), ref("B"), ref("X")))
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
