"""Personal data go in time, or when a person asks; what is left still knows its order again."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from tests.control.world import order

from crossdock.control.client import Refusal
from crossdock.engine.housekeeping import Housekeeping
from crossdock.flows import forget as flow
from crossdock.spec.orders import Address, OrderStatus, Recipient
from crossdock.spec.outbound import PushStatus
from crossdock.store import audit, orders, privacy, pushes

pytestmark = pytest.mark.security("S16")
CANARIES = ("สมชาย", "+66812345634", "somchai@example.com", "99 Sukhumvit Rd", "call my wife", '"10110"')
"""The postcode as a record writes it: its digits alone stand in many a time."""


async def kept_of(world):
    """Everything that the database holds, as text."""

    def everything(tx):
        names = [row[0] for row in tx.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [row for name in names for row in tx.rows(f"SELECT * FROM {name}")]
        return " ".join(
            cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell) for row in rows for cell in row
        )

    return await world.store.read(everything)


async def has_personal_data(world):
    text = await kept_of(world)
    return [canary for canary in CANARIES if canary in text or msgspec.json.encode(canary)[1:-1].decode() in text]


async def keep_house(world):
    """Run the housekeeping until it has nothing to do."""
    house = Housekeeping(world.engine.house, lambda: world.config)
    while await house.run_once(1) is not None:
        pass


def ended(ref, **fields):
    return order(ref, status=OrderStatus.DELIVERED, **fields)


@pytest.fixture
async def shipped(world):
    """Order A was pushed and has been delivered since; a reader of the data did look at it meanwhile."""
    made = order("A")
    world.serve(made)
    await world.fetch()
    await world.until("A", "pushed")
    world.serve(msgspec.structs.replace(made, status=OrderStatus.DELIVERED, buyer_note="call my wife twice"))
    await world.fetch()
    assert await has_personal_data(world)
    return world


async def test_the_bytes_that_were_sent_go_first_and_everything_else_later(shipped):
    async def left():
        await keep_house(shipped)
        row = await shipped.store.read(orders.load, "oms", ["A"])
        return row["A"].personal, await shipped.store.read(pushes.body, 1) is not None

    assert await left() == (privacy.WHOLE, True)
    shipped.env.ahead = timedelta(days=13, hours=23)
    assert await left() == (privacy.WHOLE, True)
    shipped.env.ahead = timedelta(days=14, minutes=1)
    assert await left() == (privacy.WITHOUT_BODIES, False)
    assert await has_personal_data(shipped)
    shipped.env.ahead = timedelta(days=30, minutes=1)
    assert await left() == (privacy.NOTHING, False)
    assert await has_personal_data(shipped) == []
    (row,) = await shipped.store.read(audit.newest, audit.Sought(actor="crossdock"), None, 9)
    assert (row.action, row.object) == ("privacy.erase", "1 orders")


@pytest.mark.parametrize("state", [PushStatus.UNKNOWN, PushStatus.REJECTED])
async def test_an_order_whose_push_is_open_keeps_everything_however_old_it_is(build, state):
    world = await build(idempotency="none")
    await world.settings()
    world.wms.answer = state
    made = order("A")
    world.serve(made)
    await world.fetch()
    await world.until("A", "in_doubt" if state is PushStatus.UNKNOWN else "push_failed")
    if state is PushStatus.UNKNOWN:
        world.serve(msgspec.structs.replace(made, status=OrderStatus.DELIVERED))
        await world.fetch()
    world.env.ahead = timedelta(days=400)
    await keep_house(world)
    assert set(CANARIES) <= {*await has_personal_data(world)}


async def test_an_order_that_its_oms_does_not_call_ended_keeps_everything(world):
    world.serve(order("A"))
    await world.fetch()
    await world.until("A", "pushed")
    world.env.ahead = timedelta(days=400)
    await keep_house(world)
    assert await has_personal_data(world)


@pytest.mark.parametrize("status", [OrderStatus.CANCELLED, OrderStatus.SHIPPING, OrderStatus.RETURNED])
async def test_an_order_that_was_never_pushed_and_ended_loses_its_data_too(world, status):
    world.serve(order("A", status=status, holds=("ask สมชาย",)))
    await world.fetch()
    world.env.ahead = timedelta(days=31)
    await keep_house(world)
    assert await has_personal_data(world) == []


async def test_an_order_fetched_again_unchanged_is_known_and_brings_nothing_back(shipped):
    shipped.env.ahead = timedelta(days=31)
    await keep_house(shipped)
    before = (await shipped.store.read(orders.load, "oms", ["A"]))["A"]
    await shipped.fetch()
    assert (await shipped.store.read(orders.load, "oms", ["A"]))["A"] == before
    assert await has_personal_data(shipped) == []


async def test_an_order_fetched_again_with_other_personal_data_only_brings_nothing_back(shipped):
    shipped.env.ahead = timedelta(days=31)
    await keep_house(shipped)
    (known,) = shipped.oms.orders.values()
    moved = Recipient(name="สมชาย", address=Address(lines=("elsewhere",), country="TH"))
    later = known.updated_at + timedelta(days=31)
    shipped.serve(msgspec.structs.replace(known, recipient=moved, updated_at=later))
    await shipped.fetch()
    assert await has_personal_data(shipped) == []


async def test_an_order_that_really_changed_is_taken_whole_and_forgotten_again(shipped, client):
    shipped.env.ahead = timedelta(days=31)
    await keep_house(shipped)
    (known,) = shipped.oms.orders.values()
    shipped.serve(msgspec.structs.replace(known, status=OrderStatus.CANCELLED))
    await shipped.fetch()
    found = await client.order("oms", "A")
    assert (found.forgotten, found.row.status, found.row.changed) == (False, "cancelled", True)
    assert await has_personal_data(shipped)
    shipped.env.ahead = timedelta(days=31 + 29)
    await keep_house(shipped)
    assert await has_personal_data(shipped)
    shipped.env.ahead = timedelta(days=31 + 31)
    await keep_house(shipped)
    assert await has_personal_data(shipped) == []


async def test_an_order_whose_connector_is_gone_is_forgotten_by_its_columns(shipped, client):
    await shipped.store.write(lambda tx: tx.execute("UPDATE orders SET sliced = 1"))
    shipped.env.ahead = timedelta(days=31)
    await keep_house(shipped)
    assert await has_personal_data(shipped) == []
    assert (await client.order("oms", "A")).order.lines == ()


async def test_what_warehouses_and_people_said_goes_and_what_crossdock_says_stays(shipped, client):
    shipped.env.ahead = timedelta(days=31)
    await keep_house(shipped)
    told = {moment.what: moment.text for moment in (await client.explain("A", "oms")).happened}
    assert "XD-" in told["sent"]
    assert "•••" in told["changed"]


async def test_a_record_that_cannot_be_read_loses_its_content_when_nobody_shows_it_any_more(world, client):
    world.serve(unreadable=["U"])
    await world.fetch()
    world.env.ahead = timedelta(days=31)
    await keep_house(world)
    (item,) = (await client.quarantine()).items
    assert (item.bytes, "was removed after" in item.reason) == (0, True)


@pytest.mark.parametrize("days", [0, 3])
async def test_the_configuration_says_how_long(shipped, days):
    shipped.config = msgspec.structs.replace(
        shipped.config, privacy=msgspec.structs.replace(shipped.config.privacy, keep_days=days, keep_bodies_days=99)
    )
    shipped.env.ahead = timedelta(days=days, seconds=1)
    await keep_house(shipped)
    assert await has_personal_data(shipped) == []


async def test_removal_goes_in_small_steps_and_misses_nothing(world):
    world.serve(*(ended(f"A{n}") for n in range(25)))
    await world.fetch()
    world.env.ahead = timedelta(days=31)
    flow_chunk, flow.CHUNK = flow.CHUNK, 4
    try:
        assert await world.store.write(flow.remove_bodies_due, keeping(), world.env.now()) == 4
        await keep_house(world)
    finally:
        flow.CHUNK = flow_chunk
    assert await has_personal_data(world) == []


def keeping():
    return flow.Keeping(bodies=timedelta(days=14), everything=timedelta(days=30))


async def test_another_holder_of_personal_data_is_told_which_orders_ended(shipped):
    told = []
    shipped.env.ahead = timedelta(days=31)
    before, flow.ERASERS = flow.ERASERS, (lambda tx, ids: told.extend(ids),)
    try:
        await keep_house(shipped)
    finally:
        flow.ERASERS = before
    assert told == [1]


# --- because a person asks ---


async def test_a_person_has_an_order_forgotten_at_once(shipped, client):
    done = await client.forget("oms", "A")
    assert (done.done, done.text) == (True, "its personal data are removed")
    assert await has_personal_data(shipped) == []
    found = await client.order("oms", "A")
    assert found.forgotten
    assert [line.sku for line in found.order.lines] == ["A"]
    assert found.timeline[-1].what == "forgotten"
    (row,) = await shipped.store.read(audit.newest, audit.Sought(action="forget_order"), None, 9)
    assert (row.actor, row.object, row.result) == ("admin", "oms/A", "done")


async def test_an_open_order_is_not_forgotten(world, client):
    world.serve(order("A"))
    await world.fetch()
    await world.until("A", "pushed")
    refused = await client.forget("oms", "A")
    assert (refused.done, "the order is open" in refused.text) == (False, True)
    assert await has_personal_data(world)
    (row,) = await world.store.read(audit.newest, audit.Sought(action="forget_order"), None, 9)
    assert row.result == "refused"


async def test_an_order_in_doubt_is_not_forgotten(build):
    world = await build(idempotency="none")
    await world.settings()
    world.wms.answer = PushStatus.UNKNOWN
    made = order("A")
    world.serve(made)
    await world.fetch()
    await world.until("A", "in_doubt")
    world.serve(msgspec.structs.replace(made, status=OrderStatus.DELIVERED))
    await world.fetch()
    async with world.client() as client:
        assert "settle that first" in (await client.forget("oms", "A")).text


async def test_a_record_in_quarantine_can_be_forgotten(world, client):
    world.serve(unreadable=["U"])
    await world.fetch()
    assert (await client.forget("oms", "U")).done
    assert (await client.quarantine()).items == ()
    assert not (await client.forget("oms", "U")).done


async def test_forgetting_needs_the_right_to_administer(shipped, client):
    shipped.become("operator")
    with pytest.raises(Refusal, match=r"user\.admin"):
        await client.forget("oms", "A")
    assert await has_personal_data(shipped)


async def test_a_forgotten_order_cannot_be_pushed_without_an_address(shipped, client):
    await client.forget("oms", "A")
    from crossdock.control.records.orders import OrderRef

    done = await client.push([OrderRef(connection="oms", ref="A")])
    assert not done.results[0].done


async def test_a_forgotten_order_that_was_never_pushed_cannot_be_pushed_either(world, client):
    world.serve(ended("A"))
    await world.fetch()
    await client.forget("oms", "A")
    from crossdock.control.records.orders import OrderRef

    done = await client.push([OrderRef(connection="oms", ref="A")])
    assert not done.results[0].done
    assert world.wms.got == {}
