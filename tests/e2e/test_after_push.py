"""After the push, through the real daemon and the real sandbox warehouse: updates, cancellations, the list of packages."""

from __future__ import annotations

import json
import sys

import pytest
from msgspec.structs import replace
from tests.e2e.conftest import an_order

from crossdock.control.records.orders import OrderRef
from crossdock.spec.orders import Address, OrderStatus, Recipient
from crossdock.spec.outbound import Stage

STAGES = (Stage.PENDING, Stage.PICKING, Stage.PICKED, Stage.PACKED, Stage.OUTBOUND)


def ref_of(number: int) -> OrderRef:
    return OrderRef(connection="shop", ref=f"O-{number}")


async def pushed(world, *numbers: int):
    """Start the daemon with orders that their warehouse has; return them as they were."""
    made = {number: an_order(number) for number in numbers}
    world.oms.put(made.values())
    await world.start()
    await world.set_up()
    await world.until_arrived(*(order.ref for order in made.values()))
    for order in made.values():
        await world.until_state(order.ref, "pushed")
    return made


def key_of(world, number: int) -> str:
    return world.wms.books.by_order[f"O-{number}"][-1].key


def content(world, number: int):
    return world.wms.changes.content(key_of(world, number))


async def item(world, number: int):
    (found,) = (await world.client(lambda c: c.orders(text=f"O-{number}"))).items
    return found


async def says(world, number: int, note: str) -> bool:
    return content(world, number).seller_note == note


async def until(world, number: int, what: str, holds) -> None:
    async def stands() -> bool:
        return holds(await item(world, number))

    await world.until(stands, what)


async def crossdock(world, *words: str) -> str:
    import asyncio

    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from crossdock.cli.main import main; main()", "--config", str(world.config), *words,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await process.communicate()
    return out.decode()


@pytest.mark.behaviour("R17", "R18", "R21", "R23")
async def test_every_field_that_a_sync_compares_reaches_the_warehouse_and_the_order_is_marked(world):
    made = await pushed(world, 1)
    now = replace(
        made[1], recipient=Recipient(name="สมหญิง ใจดี", phone="0899999999", address=Address(lines=("2 ถนนใหม่",), country="TH")),
        lines=(replace(made[1].lines[0], quantity=made[1].lines[0].quantity + 5),), tracking_number="TRK-NEW", logistics="Kerry",
        buyer_note="ring twice", seller_note="fragile",
    )  # fmt: skip
    world.oms.put([now])
    await until(world, 1, "it is updated", lambda found: found.updated)
    said = content(world, 1)
    assert (said.recipient, said.tracking_number, said.logistics) == (now.recipient, "TRK-NEW", "Kerry")
    assert (said.buyer_note, said.seller_note) == ("ring twice", "fragile")
    assert [(line.line_no, line.quantity) for line in said.lines] == [(1, now.lines[0].quantity)]
    assert "(Updated)" in await crossdock(world, "orders", "list", "--text", "O-1")
    assert "(Updated)" in await crossdock(world, "explain", "O-1")
    assert "acknowledged" in await crossdock(world, "ack", "O-1")
    assert not (await item(world, 1)).updated
    assert world.created() == {"O-1": 1}


@pytest.mark.behaviour("R21")
async def test_a_label_that_becomes_ready_changes_nothing_in_a_package(world):
    made = await pushed(world, 1)
    world.oms.put([replace(made[1], label_ready=False), an_order(2)])
    await world.until_arrived("O-2")
    found = await item(world, 1)
    assert (found.updated, found.changed) == (False, False)
    assert found.state in ("pushed", "accepted")


@pytest.mark.behaviour("R23")
async def test_the_mark_goes_when_the_order_is_picked(world):
    made = await pushed(world, 1)
    world.oms.put([replace(made[1], buyer_note="a")])
    await until(world, 1, "it is updated", lambda found: found.updated)
    world.wms.changes.move(key_of(world, 1), Stage.PICKED)
    world.oms.put([replace(made[1], buyer_note="a", lines=(replace(made[1].lines[0], quantity=99),))])
    await until(world, 1, "a person is asked", lambda found: found.changed)
    assert not (await item(world, 1)).updated
    assert content(world, 1).lines[0].quantity == made[1].lines[0].quantity
    shown = await crossdock(world, "orders", "show", "O-1")
    assert "lines[1].quantity" in shown
    assert "ask" in shown


@pytest.mark.behaviour("R20", "R16")
async def test_a_sync_works_for_rows_of_every_list_of_packages(world):
    numbers = range(1, 7)
    made = await pushed(world, *numbers)
    for number, stage in zip(numbers, (*STAGES, Stage.CANCELLED), strict=True):
        if stage is Stage.CANCELLED:
            world.oms.cancel(f"O-{number}")
            await world.until_state(f"O-{number}", "cancelled")
            continue
        world.wms.changes.move(key_of(world, number), stage)
        world.oms.put([replace(made[number], logistics="Kerry")])
        if stage in (Stage.PENDING, Stage.PICKING, Stage.PICKED):
            await until(world, number, f"{stage} is updated", lambda found: found.updated_at is not None)
        else:
            await until(world, number, f"{stage} waits for a person", lambda found: found.changed)
    for number, stage in zip(numbers, (*STAGES, Stage.CANCELLED), strict=True):
        page = await world.client(lambda c, stage=stage: c.packages(stage=stage.value))
        assert [each.ref for each in page.items] == [f"O-{number}"], stage
        ref = f"O-{number}"
        world.oms.put([replace(world.oms.books.order(ref), seller_note=f"note {number}")])
        task = await world.client(lambda c, ref=ref: c.sync("shop", [ref]))

        async def taken(task=task) -> bool:
            shown = await world.client(lambda c: c.task(task.task_id))
            return shown.state == "succeeded"

        await world.until(taken, f"{ref} is synced")
    for number, stage in zip(numbers, STAGES, strict=False):
        if stage is not Stage.OUTBOUND:
            await world.until(lambda number=number: says(world, number, f"note {number}"), f"{stage} has the note")
    assert content(world, 5).seller_note is None
    assert content(world, 6).seller_note is None
    everything = await world.client(lambda c: c.packages())
    assert {each.ref for each in everything.items} == {f"O-{number}" for number in numbers}
    listed = json.loads(await crossdock(world, "packages", "list", "--stage", "outbound", "--json"))
    assert [each["ref"] for each in listed["items"]] == ["O-5"]


@pytest.mark.behaviour("R16", "R19")
async def test_a_sync_from_pending_in_progress_and_abnormal_takes_the_newest(world):
    made = await pushed(world, 1)
    world.wms.changes.move(key_of(world, 1), Stage.PACKED)
    world.oms.put([an_order(2, holds=("check",)), replace(made[1], lines=(replace(made[1].lines[0], quantity=50),))])
    world.oms.put([an_order(3, logistics="Kerry", buyer_note="x")])
    await world.until_state("O-2", "held")
    await world.until_state("O-3", "pushed")
    await until(world, 1, "a person is asked", lambda found: found.changed)
    for tab, ref in (("pending", "O-2"), ("in_progress", "O-3"), ("abnormal", "O-1")):
        page = await world.client(lambda c, tab=tab: c.orders(tab=tab))
        assert [each.ref for each in page.items] == [ref]
        world.oms.put([replace(world.oms.books.order(ref), seller_note=f"from {tab}")])
        task = await world.client(lambda c, ref=ref: c.sync("shop", [ref]))

        async def taken(task=task) -> bool:
            return (await world.client(lambda c: c.task(task.task_id))).state == "succeeded"

        await world.until(taken, f"{ref} is synced")
    assert (await world.client(lambda c: c.order("shop", "O-2"))).order.seller_note == "from pending"
    for number, note in ((3, "from in_progress"), (1, "from abnormal")):
        await world.until(lambda number=number, note=note: says(world, number, note), f"O-{number} has the note")


async def test_a_cancellation_is_told_to_the_oms_only_after_the_warehouse_confirmed_it(world):
    made = await pushed(world, 1, 2)
    world.wms.changes.move(key_of(world, 2), Stage.PACKED)
    for number in made:
        world.oms.cancel(f"O-{number}")
    await world.until_state("O-1", "cancelled")
    await world.until_state("O-2", "cancel_rejected")
    assert world.wms.changes.state(key_of(world, 1)).stage is Stage.CANCELLED

    async def reported(ref, status) -> bool:
        return any(name[:2] == (ref, status) for name in world.oms.books.reports)

    await world.until(lambda: reported("O-1", "cancelled"), "the OMS is told")
    assert not await reported("O-2", "cancelled")
    said = await crossdock(world, "packages", "decide", "O-2", "--choice", "ship", "--reason", "the van has left")
    assert "it ships" in said
    await world.until(lambda: reported("O-2", "cancel_refused"), "the OMS is told that it ships")
    assert (await item(world, 2)).state == "accepted"


async def test_a_person_cancels_an_order_which_is_held_then(world):
    await pushed(world, 1)
    assert "asked not to ship" in await crossdock(world, "cancel", "O-1", "--reason", "fraud")
    await world.until_state("O-1", "cancelled")
    assert (await item(world, 1)).hold.endswith("fraud")
    assert world.created() == {"O-1": 1}


@pytest.mark.behaviour("R9", "P11")
async def test_an_update_survives_a_kill_of_the_daemon(world):
    made = await pushed(world, 1)
    await world.kill()
    world.oms.put([replace(made[1], buyer_note="after the kill", status=OrderStatus.READY_TO_SHIP)])
    await world.start()
    await until(world, 1, "it is updated", lambda found: found.updated)
    assert content(world, 1).buyer_note == "after the kill"
