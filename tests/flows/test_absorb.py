"""What becomes of orders as they arrive, change and are cancelled before anything was sent."""

from __future__ import annotations

import pytest

from crossdock.rules.push_states import PushState
from crossdock.spec.errors import ContractError
from crossdock.spec.orders import LineKind, OrderSlice, OrderStatus, Page, Unreadable


@pytest.mark.behaviour("R36", "P1")
async def test_a_new_eligible_order_is_queued_with_the_bytes_that_will_be_sent(bench, kit):
    absorbed = await bench.absorb(kit.order("1"))
    row = await bench.row("1")
    assert (row.state, row.warehouse, row.revision) == (PushState.QUEUED, "WH", 1)
    assert absorbed.wake == {"wms"}
    assert row.key.startswith("XD-")


@pytest.mark.behaviour("P3")
async def test_an_order_that_did_not_change_costs_nothing_and_changes_nothing(bench, kit):
    await bench.absorb(kit.order("1"))
    absorbed = await bench.absorb(kit.order("1"))
    assert absorbed.totals.changed == 0
    assert (await bench.stored("1")).revision == 1


async def test_other_bytes_that_say_the_same_are_no_change(bench, kit):
    bench.house.readers["oms"] = lambda raw: kit.order("1")
    arrivals = Page(slices=(OrderSlice("1", b'{"a":1}'),))
    await bench.pull(arrivals)
    await bench.pull(Page(slices=(OrderSlice("1", b'{"a": 1}'),)))
    assert (await bench.stored("1")).revision == 1


@pytest.mark.behaviour("R17")
async def test_an_order_shown_twice_in_one_page_counts_as_shown_last(bench, kit):
    await bench.absorb(kit.order("1"), kit.order("1", lines=(kit.line(quantity=5),)))
    await bench.push()
    assert [line.quantity for line in bench.wms.received[0].lines] == [5]


async def test_the_same_sku_twice_stays_two_lines(bench, kit):
    await bench.absorb(kit.order("1", lines=(kit.line(1, quantity=2), kit.line(2, quantity=3))))
    await bench.push()
    assert [(line.line_no, line.sku, line.quantity) for line in bench.wms.received[0].lines] == [
        (1, "A", 2),
        (2, "A", 3),
    ]


async def test_skus_that_differ_in_case_only_are_different_skus(bench, kit):
    await bench.absorb(kit.order("1", lines=(kit.line(1, sku="ab"), kit.line(2, sku="AB"))))
    await bench.push()
    assert [line.sku for line in bench.wms.received[0].lines] == ["ab", "AB"]


async def test_lines_that_are_no_goods_never_reach_a_warehouse(bench, kit):
    await bench.absorb(kit.order("1", lines=(kit.line(1), kit.line(2, sku="POST", kind=LineKind.SHIPPING))))
    await bench.push()
    assert [line.line_no for line in bench.wms.received[0].lines] == [1]


@pytest.mark.behaviour("R15")
async def test_an_order_without_goods_is_kept_with_its_reason(bench, kit):
    await bench.absorb(kit.order("1", lines=(kit.line(sku="POST", kind=LineKind.SHIPPING),)))
    row = await bench.row("1")
    assert row.state is PushState.NOT_PUSHED
    assert "goods" in row.why


@pytest.mark.behaviour("R17")
async def test_an_order_amended_before_its_push_is_pushed_as_amended(bench, kit):
    await bench.absorb(kit.order("1"))
    await bench.absorb(kit.order("1", lines=(kit.line(quantity=7),)))
    await bench.push()
    assert [(item.revision, item.lines[0].quantity) for item in bench.wms.received] == [(2, 7)]
    assert not (await bench.row("1")).changed


async def test_an_amended_order_keeps_its_place_in_the_queue(bench, kit):
    await bench.absorb(kit.order("1"))
    queued_at = (await bench.row("1")).queued_at
    bench.later(minutes=1)
    await bench.absorb(kit.order("2"))
    await bench.absorb(kit.order("1", lines=(kit.line(quantity=7),)))
    assert (await bench.row("1")).queued_at == queued_at


async def test_an_order_cancelled_before_its_push_is_never_sent(bench, kit):
    await bench.absorb(kit.order("1"))
    await bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    await bench.push()
    assert bench.wms.received == []
    assert (await bench.row("1")).state is PushState.CANCELLED
    assert await bench.moments("1") == ["fetched", "cancelled"]


async def test_an_order_first_seen_as_cancelled_is_stored_and_left(bench, kit):
    await bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    row = await bench.row("1")
    assert (row.state, row.unsettled) == (PushState.CANCELLED, None)


async def test_a_cancellation_that_is_taken_back_queues_the_order_again(bench, kit):
    await bench.absorb(kit.order("1"))
    key = (await bench.row("1")).key
    await bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    await bench.absorb(kit.order("1", lines=(kit.line(quantity=2),)))
    await bench.push()
    assert [(item.key, item.lines[0].quantity) for item in bench.wms.received] == [(key, 2)]
    assert (await bench.row("1")).unsettled is None


@pytest.mark.behaviour("P7")
async def test_a_record_that_cannot_be_read_is_set_aside_and_blocks_no_other(bench, kit):
    await bench.absorb(kit.order("1"), unreadable=[Unreadable("2", b"{", "cut off")])
    assert await bench.set_aside() == ["2"]
    assert (await bench.row("1")).state is PushState.QUEUED


@pytest.mark.behaviour("P7")
async def test_a_record_that_can_be_read_at_last_leaves_its_place_aside(bench, kit):
    await bench.absorb(unreadable=[Unreadable("2", b"{", "cut off")])
    await bench.absorb(kit.order("2"))
    assert await bench.set_aside() == []
    assert (await bench.row("2")).state is PushState.QUEUED


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"lines": "twice"}, "same line number"),
        ({"quantity": "NaN"}, "quantity NaN"),
        ({"quantity": "1e30"}, "quantity 1E+30"),
        ({"unit_price": "Infinity"}, "price Infinity"),
        ({"created_at": "naive"}, "no time zone"),
    ],
)
@pytest.mark.behaviour("P7")
async def test_a_record_that_makes_no_sense_is_set_aside_with_the_reason(bench, kit, changes, word):
    from decimal import Decimal

    fields: dict[str, object] = {}
    if changes.get("lines"):
        fields["lines"] = (kit.line(1), kit.line(1))
    elif "quantity" in changes:
        fields["lines"] = (kit.line(quantity=changes["quantity"]),)
    elif "unit_price" in changes:
        fields["lines"] = (kit.line(unit_price=Decimal(changes["unit_price"])),)
    else:
        fields["created_at"] = kit.NOW.replace(tzinfo=None)
    await bench.absorb(kit.order("1", **fields))
    assert await bench.set_aside() == ["1"]
    reason = bench.database.execute_sql("SELECT reason FROM quarantine").fetchone()[0]
    assert word in reason


async def test_slices_that_cannot_be_decoded_or_name_another_order_are_set_aside(bench, kit):
    def read(raw):
        if raw == b"{":
            raise ValueError("cut off")
        return kit.order(raw.decode())

    bench.house.readers["oms"] = read
    await bench.pull(Page(slices=(OrderSlice("1", b"{"), OrderSlice("2", b"3"), OrderSlice("4", b"4"))))
    assert await bench.set_aside() == ["1", "2"]
    assert (await bench.row("4")).state is PushState.QUEUED


async def test_a_stored_slice_cannot_be_read_without_its_connector(bench):
    with pytest.raises(ContractError, match="connector is not loaded"):
        bench.house.read_order("gone", b"1", True)


async def test_an_order_whose_connector_is_not_loaded_is_decided_later_and_not_forgotten(bench, kit):
    bench.house.readers["oms"] = lambda raw: kit.order("1", holds=("wait",))
    await bench.pull(Page(slices=(OrderSlice("1", b"1"),)))
    bench.house.readers.clear()
    bench.database.execute_sql("UPDATE pushes SET again_at = 0")
    await bench.decide()
    bench.house.readers["oms"] = lambda raw: kit.order("1")
    bench.later(minutes=11)
    await bench.decide()
    assert (await bench.row("1")).state is PushState.QUEUED
