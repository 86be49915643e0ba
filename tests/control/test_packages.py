"""Packages over the control API: lists, decisions, and who may decide what."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from tests.control.world import order

from crossdock.control.client import Refusal
from crossdock.control.records.orders import OrderRef
from crossdock.control.records.packages import Acknowledge
from crossdock.spec.orders import OrderLine, OrderStatus

A = OrderRef(connection="oms", ref="A")


@pytest.fixture
async def changed(world):
    """An order that changed after its push, at a warehouse that takes no changes."""
    made = order("A")
    world.serve(made)
    await world.fetch()
    await world.until("A", "pushed")
    world.serve(msgspec.structs.replace(made, lines=(OrderLine(line_no=1, sku="A", quantity=Decimal(9)),)))
    await world.fetch()
    return world


@pytest.mark.behaviour("R20")
async def test_a_package_whose_warehouse_tells_nothing_counts_as_pending(changed, client):
    assert [each.ref for each in (await client.packages(stage="pending")).items] == ["A"]
    assert [each.ref for each in (await client.packages()).items] == ["A"]
    for stage in ("picking", "picked", "packed", "outbound", "cancelled"):
        assert (await client.packages(stage=stage)).items == ()
    with pytest.raises(Refusal, match="there is no warehouse 'elsewhere'"):
        await client.packages(warehouse="elsewhere")


async def test_what_was_decided_about_a_difference_is_shown_with_the_order(changed, client):
    (found,) = (await client.order("oms", "A")).decisions
    assert (found.path, found.before, found.after, found.decision) == ("lines[1].quantity", "2", "9", "ask")


@pytest.mark.behaviour("R42")
@pytest.mark.parametrize(("user", "choice", "may"), [
    ("viewer", "keep", False), ("buyer", "keep", False), ("warehouse", "keep", True), ("warehouse", "force", False),
    ("warehouse", "ship", False), ("operator", "keep", True), ("operator", "force", True), ("operator", "ship", True),
])  # fmt: skip
async def test_each_choice_needs_its_right(changed, client, user, choice, may):
    changed.become(user)
    if not may:
        with pytest.raises(Refusal) as refusal:
            await client.decide_packages([A], choice, "because")
        assert refusal.value.code == "forbidden"
        return
    (result,) = (await client.decide_packages([A], choice, "because")).results
    assert result.done is (choice == "keep")  # this warehouse takes no changes, and nothing is to be cancelled


async def test_a_person_lets_it_ship_that_was_cancelled_too_late(changed, client):
    changed.serve(order("A", status=OrderStatus.CANCELLED))
    await changed.fetch()
    await changed.until("A", "cancel_rejected")
    (result,) = (await client.decide_packages([A], "ship", "the van has left")).results
    assert result.done
    await changed.until("A", "pushed")


async def test_what_no_warehouse_has_cannot_be_cancelled_there(world, client):
    world.serve(order("A", holds=("wait",)))
    await world.fetch()
    (result,) = (await client.cancel([A], "fraud")).results
    assert not result.done
    assert "no warehouse has it" in result.text
    (result,) = (await client.acknowledge([A])).results
    assert not result.done


def took_a_change(tx, refs):
    for ref in refs:
        tx.execute(
            "UPDATE pushes SET updated_at = 1, updated_revision = 2 WHERE order_id = (SELECT id FROM orders WHERE ref = ?)", (ref,)
        )  # fmt: skip


@pytest.fixture
async def updated(world):
    """Three orders at their warehouse; A and B took a change there."""
    world.serve(*map(order, "ABC"))
    await world.fetch()
    for each in "ABC":
        await world.until(each, "pushed")
    await world.store.write(took_a_change, "AB")
    return world


@pytest.mark.behaviour("R23")
async def test_orders_that_were_updated_are_listed_and_counted_until_somebody_acknowledged_all_of_them(updated, client):
    assert [each.ref for each in (await client.orders(updated=True)).items] == ["B", "A"]
    assert [each.ref for each in (await client.packages(updated=True, stage="pending")).items] == ["B", "A"]
    assert [each.ref for each in (await client.orders(updated=True, text="A")).items] == ["A"]
    assert (await client.orders(updated=True, text="C")).items == ()
    for narrower in ({"tab": "abnormal"}, {"connection": "off"}, {"changed": True}):
        assert (await client.orders(updated=True, **narrower)).items == ()
    assert (await client.packages(updated=True, stage="picked")).items == ()
    first = await client.orders(updated=True, limit=1)
    assert [each.ref for each in (await client.orders(updated=True, after=first.next)).items] == ["A"]
    assert (await client.status()).updated == 2
    with pytest.raises(Refusal, match="there is no warehouse 'elsewhere'"):
        await client.acknowledge_wanted(Acknowledge(all_updated=True, warehouse="elsewhere"))
    done = await client.acknowledge_wanted(Acknowledge(all_updated=True))
    assert {(each.order, each.done) for each in done.results} == {("A", True), ("B", True)}
    assert (await client.status()).updated == 0
    assert (await client.packages(updated=True)).items == ()


@pytest.mark.parametrize("wanted", [
    Acknowledge(), Acknowledge(orders=(A,), all_updated=True), Acknowledge(orders=(A,), warehouse="WH1"),
])  # fmt: skip
async def test_an_acknowledgement_names_orders_or_all_of_them(client, wanted):
    with pytest.raises(Refusal, match=r"one of the two|go with all_updated"):
        await client.acknowledge_wanted(wanted)


async def test_the_choices_that_apply_stand_wherever_the_order_is_shown(changed, client):
    (row,) = (await client.packages()).items
    assert row.choices == ("keep",)  # this warehouse takes no changes
    assert "decide by keep" in row.why[0]
    assert (await client.order("oms", "A")).row.choices == ("keep",)
    explained = await client.explain("A")
    assert (explained.row.choices, explained.next[0].person) == (("keep",), True)
    (incident,) = (await client.incidents()).items
    assert [each.choices for each in (await client.held(incident.id)).items] == [("keep",)]
    (refused,) = (await client.decide_packages([A], "ship", "because")).results
    assert refused.text.endswith("what applies is keep (`crossdock packages decide`)")


async def test_what_was_cancelled_after_goods_left_can_only_be_shipped(changed, client):
    await changed.store.write(lambda tx: tx.execute("UPDATE pushes SET state = 15, shipped = 2"))
    changed.serve(order("A", status=OrderStatus.CANCELLED))
    await changed.fetch()
    assert (await client.order("oms", "A")).row.choices == ("ship",)
    for choice in ("force", "keep", "ask_again", "cancelled", "again"):
        (refused,) = (await client.decide_packages([A], choice, "because")).results
        assert (refused.done, "what applies is ship" in refused.text) == (False, True)
    (done,) = (await client.decide_packages([A], "ship", "the van has left")).results
    assert done.done
    assert (await client.order("oms", "A")).row.choices == ()


async def test_what_is_listed_as_cancelled_says_that_it_is(changed, client):
    await changed.store.write(lambda tx: tx.execute("UPDATE pushes SET state = 7, stage = 0, changed = FALSE"))
    assert [each.stage for each in (await client.packages(stage="cancelled")).items] == ["cancelled"]
    assert (await client.packages(stage="pending")).items == ()
    await changed.store.write(lambda tx: tx.execute("UPDATE pushes SET state = 13, stage = 1"))
    assert [each.stage for each in (await client.packages(stage="cancelled")).items] == ["cancelled"]
    assert (await client.packages(stage="picking")).items == ()
