"""Orders that change or are cancelled while their push is under way, in doubt, or done."""

from __future__ import annotations

import pytest

from crossdock.rules.push_states import PushState
from crossdock.spec.errors import RateLimited, Retryable, UnknownOutcome
from crossdock.spec.orders import OrderStatus
from crossdock.spec.outbound import PushStatus
from crossdock.store import outbox

LOST = UnknownOutcome("the answer was lost")


async def test_an_order_amended_while_it_was_claimed_but_not_sent_goes_as_amended(bench, kit):
    await bench.absorb(kit.order("1"))
    claimed = await bench.store.write(outbox.claim, 1, "wms", PushState.QUEUED, 10, 10**15)
    await bench.absorb(kit.order("1", lines=(kit.line(quantity=4),)))
    await bench.store.write(outbox.give_back, 1, claimed, 0)
    bench.runs = 1
    await bench.push()
    assert bench.wms.received == []  # it is decided first
    await bench.decide()
    await bench.push()
    assert [item.lines[0].quantity for item in bench.wms.received] == [4]
    assert not (await bench.row("1")).changed


@pytest.mark.behaviour("R17")
async def test_an_order_changed_after_its_push_is_shown_with_the_difference(bench, kit):
    await bench.absorb(kit.order("1"))
    await bench.push()
    await bench.absorb(kit.order("1", lines=(kit.line(quantity=9),)))
    assert (await bench.row("1")).changed
    detail = bench.database.execute_sql("SELECT detail FROM timeline WHERE what = 'changed'").fetchone()[0]
    assert '"path":"lines[1].quantity","before":"1","after":"9"' in detail
    assert len(bench.wms.received) == 1


async def test_a_tracking_number_that_comes_after_the_push_is_noted_and_no_open_problem(bench, kit):
    """Orders pushed ahead of time all get theirs later; counted as changed they would hide those that need a person."""
    await bench.absorb(kit.order("1"))
    await bench.push()
    await bench.absorb(kit.order("1", tracking_number="TH1"))
    assert not (await bench.row("1")).changed
    assert await bench.moments("1") == ["fetched", "changed"]
    await bench.absorb(kit.order("1", tracking_number="TH1", lines=(kit.line(quantity=9),)))
    assert (await bench.row("1")).changed
    await bench.absorb(kit.order("1", tracking_number="TH1"))
    assert not (await bench.row("1")).changed


async def test_a_tracking_number_that_changes_after_the_push_is_an_open_problem(bench, kit):
    await bench.absorb(kit.order("1", tracking_number="TH1"))
    await bench.push()
    await bench.absorb(kit.order("1", tracking_number="TH2"))
    assert (await bench.row("1")).changed


async def test_an_order_changed_back_after_its_push_is_no_longer_shown(bench, kit):
    await bench.absorb(kit.order("1"))
    await bench.push()
    await bench.absorb(kit.order("1", lines=(kit.line(quantity=9),)))
    await bench.absorb(kit.order("1"))
    assert not (await bench.row("1")).changed
    assert await bench.moments("1") == ["fetched", "changed", "fetched", "changed_back"]


async def test_an_order_cancelled_after_its_push_is_shown_as_such(bench, kit):
    await bench.absorb(kit.order("1"))
    await bench.push()
    await bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    row = await bench.row("1")
    assert (row.state, row.changed) == (PushState.PUSHED, True)


@pytest.mark.behaviour("P4")
async def test_an_order_cancelled_in_doubt_is_asked_for_and_ends_cancelled_if_it_is_absent(bench, kit):
    await bench.absorb(kit.order("1"))
    bench.wms.script.append(LOST)
    await bench.push()
    await bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    bench.later(seconds=59)
    await bench.push()
    assert bench.wms.asked == []
    bench.later(minutes=1)
    await bench.push()
    assert (await bench.row("1")).state is PushState.CANCELLED
    assert len(bench.wms.received) == 1


@pytest.mark.behaviour("P4")
async def test_an_order_cancelled_in_doubt_that_did_arrive_ends_pushed_and_changed(bench, kit):
    await bench.absorb(kit.order("1"))
    bench.wms.script.append(LOST)
    await bench.push()
    bench.wms.holds[(await bench.row("1")).key] = "it"
    await bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    bench.later(minutes=2)
    await bench.push()
    row = await bench.row("1")
    assert (row.state, row.changed, len(bench.wms.received)) == (PushState.PUSHED, True, 1)


async def test_a_cancellation_in_doubt_that_cannot_be_asked_about_waits_for_a_person(bench, kit):
    bench.can_find = False
    await bench.absorb(kit.order("1"))
    bench.wms.script.append(LOST)
    await bench.push()
    await bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    bench.later(minutes=2)
    await bench.push()
    row = await bench.row("1")
    assert (row.state, row.needs_person, len(bench.wms.received)) == (PushState.IN_DOUBT, True, 1)


async def test_a_cancellation_taken_back_in_doubt_lets_the_same_bytes_go_again(bench, kit):
    await bench.absorb(kit.order("1"))
    bench.wms.script.append(LOST)
    await bench.push()
    await bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    await bench.absorb(kit.order("1"))
    bench.later(minutes=2)
    await bench.push()
    row = await bench.row("1")
    assert (row.state, row.changed) == (PushState.PUSHED, False)
    assert bench.wms.asked == []


@pytest.mark.behaviour("P1")
@pytest.mark.parametrize("amended", [False, True])
async def test_a_cancellation_taken_back_while_the_warehouse_is_asked_lets_the_order_go_again(bench, kit, amended):
    """The simulation found it (seed 859, profile file): the order stayed cancelled for ever."""
    back = kit.order("1", lines=(kit.line(quantity=4),)) if amended else kit.order("1")
    await bench.absorb(kit.order("1"))
    bench.wms.script.append(LOST)
    await bench.push()
    await bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    bench.later(minutes=2)
    bench.wms.on_ask = lambda: _during(bench, back)
    await bench.push()
    bench.wms.on_ask = lambda: None
    assert [len(keys) for keys in bench.wms.asked] == [1]
    bench.later(minutes=2)
    await bench.decide()
    await bench.push()
    row = await bench.row("1")
    assert (row.state, row.cancel_wanted, len(bench.wms.received)) == (PushState.PUSHED, False, 2)
    assert bench.wms.received[0] == bench.wms.received[1], "in doubt once, so the same bytes go again"
    assert bool(row.changed) is amended


@pytest.mark.parametrize("failure", [RateLimited("429"), Retryable("refused")])
async def test_an_order_cancelled_while_it_was_sent_and_surely_not_taken_is_cancelled(bench, kit, failure):
    await bench.absorb(kit.order("1"))
    bench.wms.script.append(failure)
    bench.wms.on_call = lambda: _during(bench, kit.order("1", status=OrderStatus.CANCELLED))
    await bench.push()
    bench.wms.on_call = lambda: None
    bench.later(minutes=2)
    await bench.decide()
    await bench.push()
    assert (await bench.row("1")).state is PushState.CANCELLED
    assert len(bench.wms.received) == 1


async def test_an_order_amended_while_it_was_sent_and_surely_not_taken_goes_as_amended(bench, kit):
    await bench.absorb(kit.order("1"))
    bench.wms.script.append(RateLimited("429"))
    bench.wms.on_call = lambda: _during(bench, kit.order("1", lines=(kit.line(quantity=6),)))
    await bench.push()
    bench.wms.on_call = lambda: None
    await bench.decide()
    await bench.push()
    first, second = bench.wms.received
    assert (first.lines[0].quantity, second.lines[0].quantity) == (1, 6)
    assert first.key != second.key
    assert not (await bench.row("1")).changed


async def test_an_order_mended_while_it_was_refused_is_sent_again_by_itself(bench, kit):
    await bench.absorb(kit.order("1", lines=(kit.line(sku="BAD"),)))
    bench.wms.script.append(kit.answer(PushStatus.REJECTED, code="sku"))
    bench.wms.on_call = lambda: _during(bench, kit.order("1"))
    await bench.push()
    bench.wms.on_call = lambda: None
    await bench.decide()
    await bench.push()
    assert (await bench.row("1")).state is PushState.PUSHED


def _during(bench, order):
    """Take an order in while a call is under way."""
    from crossdock.flows.absorb import Arrival, Batch, absorb, content_hash
    from crossdock.flows.house import encode

    raw = encode(order)
    batch = Batch(connection="oms", arrivals=[Arrival(order, content_hash(raw), raw, False)])
    bench.store._run("BEGIN IMMEDIATE", absorb, (batch, bench.house.books, bench.house.read_order, bench.env.now()), {})
