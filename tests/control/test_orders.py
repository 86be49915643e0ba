"""Lists of orders, one order, and what of it is personal."""

from __future__ import annotations

import pytest
from tests.control.world import order

from crossdock.control.client import Refusal
from crossdock.control.records.orders import OrderRef
from crossdock.spec.orders import OrderStatus


@pytest.fixture
async def stocked(world):
    """Two pushed, one unpaid, one cancelled, one held by a person."""
    world.serve(
        order("P1"), order("P2"), order("U1", status=OrderStatus.UNPAID), order("C1", status=OrderStatus.CANCELLED),
        order("H1", holds=("address is checked",)),
    )  # fmt: skip
    await world.fetch()
    await world.until("P1", "pushed")
    await world.until("P2", "pushed")
    return world


@pytest.mark.parametrize(
    ("query", "refs"),
    [
        ({}, {"P1", "P2", "U1", "C1", "H1"}),
        ({"tab": "pending"}, {"U1", "H1"}),
        ({"tab": "in_progress"}, {"P1", "P2"}),
        ({"tab": "abnormal"}, set()),
        ({"tab": "done"}, {"C1"}),
        ({"state": "held"}, {"H1"}),
        ({"state": "held", "tab": "done"}, set()),
        ({"warehouse": "WH1", "tab": "in_progress"}, {"P1", "P2"}),
        ({"connection": "oms"}, {"P1", "P2", "U1", "C1", "H1"}),
        ({"connection": "off"}, set()),
        ({"text": "U1"}, {"U1"}),
        ({"text": "N-U1"}, {"U1"}),
        ({"text": "u1"}, set()),
        ({"text": "U1", "state": "pushed"}, set()),
        ({"text": "U1", "connection": "off"}, set()),
    ],
)
@pytest.mark.behaviour("R19")
async def test_orders_are_found_in_their_tab_state_and_by_their_name(stocked, client, query, refs):
    assert {item.ref for item in (await client.orders(**query)).items} == refs


@pytest.fixture
async def amended(stocked):
    """Of the two that were pushed, one was cancelled since."""
    stocked.serve(order("P1", status=OrderStatus.CANCELLED), order("U1", status=OrderStatus.UNPAID))
    await stocked.fetch()
    return stocked


@pytest.mark.behaviour("R19")
@pytest.mark.parametrize(
    ("query", "refs"),
    [
        ({"tab": "abnormal"}, {"P1"}),
        ({"tab": "in_progress"}, {"P2"}),
        ({"state": "pushed"}, {"P2"}),
        ({"state": "cancel_rejected", "tab": "abnormal"}, {"P1"}),
        ({"changed": True}, {"P1"}),
        ({"changed": True, "state": "held"}, set()),
        ({"changed": True, "tab": "in_progress"}, set()),
        ({"changed": True, "text": "P1"}, {"P1"}),
        ({"changed": True, "text": "P2"}, set()),
        ({"tab": "in_progress", "text": "P1"}, set()),
    ],
)
async def test_an_order_that_was_cancelled_after_its_push_is_abnormal(amended, client, query, refs):
    assert {item.ref for item in (await client.orders(**query)).items} == refs


async def test_a_list_says_that_a_person_has_to_decide_about_a_changed_order(amended, client):
    (item,) = (await client.orders(changed=True)).items
    assert (item.state, item.tab, item.changed) == ("cancel_rejected", "abnormal", True)
    (why,) = item.why
    assert why.startswith("it was to be cancelled after its push, and its warehouse did not cancel it: decide")


async def test_orders_that_changed_after_their_push_are_counted_and_warned_of(amended, client):
    status = await client.status()
    assert (status.changed, status.level) == (1, "warning")
    assert "1 orders changed or were cancelled after their push" in status.reasons[0]
    assert "crossdock orders list --changed" in status.reasons[0]


@pytest.mark.security("S21")
@pytest.mark.parametrize("query", [{}, {"tab": "pending"}, {"state": "held"}])
async def test_pages_hold_every_order_once(world, client, query):
    world.serve(*(order(f"O{number:02}", holds=("wait",)) for number in range(23)))
    await world.fetch()
    seen, after, pages = [], None, 0
    while True:
        page = await client.orders(**query, limit=5, after=after)
        assert len(page.items) <= 5
        seen += [item.ref for item in page.items]
        pages += 1
        if page.next is None:
            break
        after = page.next
    assert seen == sorted((f"O{number:02}" for number in range(23)), reverse=True)
    assert pages == 5


async def test_a_list_says_why_an_order_waits(stocked, client):
    items = {item.ref: item for item in (await client.orders()).items}
    assert items["H1"].why == ("it is on hold: address is checked",)
    assert "waits for paid" in items["U1"].why[0]


async def test_one_order_is_shown_whole_to_those_who_may_see_it(stocked, client):
    found = await client.order("oms", "P1")
    assert not found.masked
    assert found.order.recipient.phone == "+66812345634"
    assert found.order.lines[0].sku == "A"
    assert [(push.state, push.remote_id) for push in found.pushes] == [("pushed", "R-P1")]


async def test_personal_data_is_masked_without_the_right_to_see_it(stocked, client):
    stocked.become("viewer")
    found = await client.order("oms", "P1")
    recipient = found.order.recipient
    assert found.masked
    assert recipient.name == "ส. ใ."
    assert recipient.phone == "+66•••••••34"
    assert recipient.address.postcode == "10110"
    assert recipient.address.country == "TH"
    shown = str(found)
    for secret in ("somchai", "Sukhumvit", "Bangkok", "wife", "812345"):
        assert secret not in shown


async def test_a_change_of_the_address_is_masked_in_the_timeline_and_the_differences(stocked, client):
    moved = order("P1", buyer_note="leave it with the neighbour", extra={"passport": "AB123"})
    stocked.serve(moved)
    await stocked.fetch()
    for role, hidden in (("viewer", True), ("operator", False)):
        stocked.become(role)
        shown = str(await client.order("oms", "P1")) + str(await client.explain("P1"))
        assert ("neighbour" not in shown) is hidden
        assert ("AB123" not in shown) is hidden
        assert "buyer_note" in shown


async def test_an_order_that_does_not_exist_is_told_so(client):
    with pytest.raises(Refusal, match="there is no order X of oms"):
        await client.order("oms", "X")


@pytest.mark.parametrize("ref", ["a/b", "a b", "ก/ข?x=1#y", "..", "100%", "a+b", "a%2Fb", "\x1b[2J", "';--"])
async def test_any_reference_can_be_named(world, client, ref):
    world.serve(order(ref))
    await world.fetch()
    assert (await client.order("oms", ref)).row.ref == ref
    assert (await client.explain(ref)).row.ref == ref
    assert (await client.hold([OrderRef(connection="oms", ref=ref)], "stop")).results[0].order == ref


async def test_an_order_whose_connector_is_not_loaded_is_shown_without_its_content(stocked, client):
    await stocked.store.write(lambda tx: tx.execute("UPDATE orders SET sliced = TRUE WHERE ref = 'P1'"))
    found = await client.order("oms", "P1")
    assert found.order is None
    assert "not loaded" in found.unreadable
    assert (await client.explain("P1")).verdict == "it was pushed: warehouse WH1 has it as R-P1"
