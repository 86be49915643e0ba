"""A stream of shop events and the orders it leads to."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from crossdock.spec.orders import LineKind, LogisticsKind, OrderLine, OrderStatus
from crossdock.testing.sandbox.oms import SandboxOms
from crossdock.testing.sandbox.stream import Event, StreamFeed, feed_sandbox, read_events, reduced

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def event(kind: str, ref: str, lines: list[tuple], *, minute: int = 0, **fields: object) -> Event:
    names = ("line_no", "sku", "qty", "type")
    whole = [{"type": "product", **dict(zip(names, line, strict=False))} for line in lines]
    base = {
        "kind": kind,
        "order_ref": ref,
        "store": "trade-gb",
        "created_at": (NOON + timedelta(minutes=minute)).isoformat(),
        "currency": "GBP",
        "source_country": "EIRE",
        "country": "IE",
        "lines": [{"name": " A  NAME ", "unit_price": "2.55", **line} for line in whole],
        **fields,
    }
    return msgspec.convert(base, type=Event)


def cancel(lines: list[tuple], cancels: dict[str, int], **fields: object) -> Event:
    named = [{"order_ref": ref, "qty": quantity} for ref, quantity in cancels.items()]
    return event("cancel", "C1", lines, cancels=named, **fields)


def shown(feed: StreamFeed, ref: str) -> list[tuple]:
    return [(line.line_no, line.sku, int(line.quantity)) for line in feed.orders[ref].lines]


def test_an_order_is_mapped_as_it_stands():
    person = {"name": "<b>ไทย\u202e</b>", "phone": "", "email": None, "address": {"lines": ["1/2"], "country": None}}
    lines = [
        (1, "85123A", 6),
        (2, "85123a", 6),
        (3, "POST", 1, "shipping"),
        (4, "GIFT_0001", 1, "voucher"),
        (5, "M", 1, "manual"),
    ]
    made = event(
        "order", "536365", lines, recipient=person, logistics={"name": "Lalamove", "kind": "INSTANT"}, buyer_note="\x00"
    )
    (order,) = StreamFeed().apply(made)
    assert (order.ref, order.number, order.shop, order.status, order.label_ready) == (
        "536365",
        "536365",
        "trade-gb",
        OrderStatus.READY_TO_SHIP,
        True,
    )
    assert [line.kind for line in order.lines] == [
        LineKind.GOODS,
        LineKind.GOODS,
        LineKind.SHIPPING,
        LineKind.GIFT_CARD,
        LineKind.OTHER,
    ]
    assert [line.sku for line in order.lines[:2]] == ["85123A", "85123a"]
    assert (order.lines[0].name, order.lines[0].unit_price) == (" A  NAME ", Decimal("2.55"))
    assert (order.recipient.name, order.recipient.address.country, order.buyer_note) == (person["name"], "IE", "\x00")
    assert (order.extra, order.logistics_kind) == ({"source_country": "EIRE", "country": "IE"}, LogisticsKind.INSTANT)


def test_an_address_keeps_its_own_country():
    person = {"name": "n", "address": {"country": "th"}}
    (order,) = StreamFeed().apply(event("order", "1", [(1, "A", 1)], recipient=person))
    assert (order.recipient.address.country, order.extra["country"]) == ("th", "IE")


def test_an_amend_appends_its_lines():
    feed = StreamFeed()
    feed.apply(event("order", "1", [(1, "A", 1)]))
    (order,) = feed.apply(event("amend", "1", [(2, "A", 3)], minute=1))
    assert shown(feed, "1") == [(1, "A", 1), (2, "A", 3)]
    assert (order.created_at, order.updated_at) == (NOON, NOON + timedelta(minutes=1))


def test_a_cancel_takes_from_the_last_lines_first_and_drops_those_that_reach_nothing():
    feed = StreamFeed()
    feed.apply(event("order", "1", [(1, "A", 5), (2, "B", 1), (3, "A", 2), (4, "a", 9)]))
    (order,) = feed.apply(cancel([(1, "A", -4)], {"1": 4}, minute=9))
    assert shown(feed, "1") == [(1, "A", 3), (2, "B", 1), (4, "a", 9)]
    assert (order.status, order.updated_at) == (OrderStatus.READY_TO_SHIP, NOON + timedelta(minutes=9))


def test_a_cancel_over_several_orders_takes_from_each_what_it_names():
    feed = StreamFeed()
    for ref in ("1", "2"):
        feed.apply(event("order", ref, [(1, "A", 5), (2, "B", 5)]))
    changed = feed.apply(cancel([(1, "A", -6), (2, "B", -1)], {"2": 6, "1": 1}))
    assert [order.ref for order in changed] == ["2", "1"]
    assert (shown(feed, "2"), shown(feed, "1")) == ([(2, "B", 4)], [(1, "A", 4), (2, "B", 5)])
    assert (feed.counts["reduced_orders"], feed.counts["cancel_unplaced_qty"]) == (2, 0)


def test_an_order_whose_goods_are_gone_is_cancelled():
    feed = StreamFeed()
    feed.apply(event("order", "1", [(1, "A", 5), (2, "POST", 1, "shipping")]))
    (order,) = feed.apply(cancel([(1, "A", -5)], {"1": 5}))
    assert (order.status, shown(feed, "1")) == (OrderStatus.CANCELLED, [(2, "POST", 1)])


def test_a_cancel_that_names_no_order_is_shown_as_a_cancelled_order_of_its_own_that_only_takes_back():
    feed = StreamFeed()
    feed.apply(event("order", "1", [(1, "A", 5)]))
    (alone,) = feed.apply(cancel([(1, "A", -5)], {}))
    assert (alone.status, [line.quantity for line in alone.lines]) == (OrderStatus.CANCELLED, [-5])
    assert feed.unnamed == [alone.ref]
    assert list(feed.orders) == ["1"]
    assert shown(feed, "1") == [(1, "A", 5)]


def test_what_names_no_order_or_an_unknown_one_is_counted_and_changes_no_order():
    feed = StreamFeed()
    feed.apply(event("order", "1", [(1, "A", 5)]))
    feed.apply(cancel([(1, "A", -5)], {}))
    assert feed.apply(cancel([(1, "A", -5)], {"NOPE": 5})) == []
    assert feed.apply(event("adjustment", "7", [(1, "A", -5)])) == []
    assert feed.apply(event("finance", "A7", [(1, "B", 1, "finance")])) == []
    assert shown(feed, "1") == [(1, "A", 5)]
    assert (feed.counts["cancel_unnamed"], feed.counts["cancel_unknown_order"]) == (1, 1)
    assert (feed.counts["adjustment"], feed.counts["finance"]) == (1, 1)


def test_a_cancel_that_takes_back_no_goods_is_counted_apart():
    feed = StreamFeed()
    feed.apply(cancel([(1, "A", -5)], {}))
    feed.apply(cancel([(1, "POST", -1, "shipping")], {}))
    assert (feed.counts["cancel_unnamed"], feed.counts["cancel_unnamed_goods"]) == (2, 1)


@given(
    st.lists(st.tuples(st.sampled_from("AaB"), st.integers(1, 9)), max_size=8),
    st.sampled_from("AaB"),
    st.integers(0, 30),
)
def test_taking_back_neither_invents_nor_loses_a_piece(pieces, sku, most):
    lines = tuple(OrderLine(line_no=n, sku=s, quantity=Decimal(q)) for n, (s, q) in enumerate(pieces))
    left, taken = reduced(lines, sku, most)
    held, kept = (Counter() for _ in range(2))
    for line in lines:
        held[line.sku] += int(line.quantity)
    for line in left:
        kept[line.sku] += int(line.quantity)
    assert taken == min(most, held[sku])
    assert held - kept == Counter({sku: taken} if taken else {})
    assert all(line.quantity > 0 for line in left)
    assert [line.line_no for line in left] == sorted(line.line_no for line in left)


async def test_a_sandbox_is_fed_and_goes_on_after_a_restart_where_it_was(tmp_path):
    events = [
        event("order", "1", [(1, "A", 5)]),
        event("order", "2", [(1, "A", 5)], minute=1),
        cancel([(1, "A", -5)], {"1": 5}, minute=2),
        event("amend", "2", [(2, "B", 1)], minute=3),
    ]
    path = str(tmp_path / "oms.jsonl")
    first = SandboxOms(path=path, now=lambda: NOON)
    await feed_sandbox(first, events[:3])
    await first.stop()
    second = SandboxOms(path=path, now=lambda: NOON + timedelta(hours=1))
    feed = await feed_sandbox(second, events)
    changed_late = {ref for ref, stored in second.books.orders.items() if stored.updated_at > NOON}
    assert changed_late == {"2"}
    assert second.books.order("1").status is OrderStatus.CANCELLED
    assert [line.line_no for line in second.books.order("2").lines] == [1, 2]
    assert feed.counts["order"] == 2
    await second.stop()


async def test_a_stream_can_be_moved_to_the_present_and_keeps_its_gaps():
    oms = SandboxOms(now=lambda: NOON + timedelta(days=400))
    await feed_sandbox(
        oms, [event("order", "1", [(1, "A", 5)]), event("order", "2", [(1, "A", 5)], minute=7)], rebase=True
    )
    assert oms.books.order("1").created_at == NOON + timedelta(days=400)
    assert oms.books.order("2").created_at == NOON + timedelta(days=400, minutes=7)
    await oms.stop()


async def test_speed_divides_the_gaps():
    oms = SandboxOms()
    await feed_sandbox(
        oms, [event("order", "1", [(1, "A", 5)]), event("order", "2", [(1, "A", 5)], minute=1)], speed=3000
    )
    first, second = (oms.books.orders[ref].updated_at for ref in ("1", "2"))
    assert second - first >= timedelta(seconds=0.019)
    await oms.stop()


def test_events_are_read_from_a_file_line_by_line(tmp_path):
    path = tmp_path / "stream.jsonl"
    events = [event("order", "1", [(1, "A", 5)]), cancel([(1, "A", -5)], {"1": 5})]
    path.write_bytes(b"\n".join(msgspec.json.encode(e) for e in events) + b"\n\n")
    assert list(read_events(path)) == events
