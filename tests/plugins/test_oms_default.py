"""The oms_default connector against the sandbox OMS."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.spec.errors import AuthFailed, BadResponse, Retryable
from crossdock.spec.orders import FetchMode, Order, OrderLine, OrderStatus, Page, Unreadable, Window
from crossdock.spec.outbound import PushReport
from crossdock.testing.sandbox.faults import Fault, Match, Rule, Script
from crossdock.testing.sandbox.oms import SandboxOms
from crossdock_oms_default.plugin import OMS_DEFAULT, crossdock_connectors

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def order(ref: str, *, minutes: int = 0, **fields: object) -> Order:
    at = NOON + timedelta(minutes=minutes)
    line = OrderLine(line_no=1, sku="A", quantity=Decimal(2))
    base = Order(ref=ref, status=OrderStatus.READY_TO_SHIP, created_at=at, updated_at=at, lines=(line,))
    return msgspec.structs.replace(base, **fields)


async def walk(connector, ctx, window, limit=2):
    pages, cursor = [], None
    while True:
        page = await connector.fetch_orders(ctx, window, cursor, limit)
        pages.append(page)
        cursor = page.next_cursor
        if cursor is None:
            return pages


def refs(pages):
    return [piece.ref for page in pages for piece in page.slices]


async def test_a_listing_is_walked_page_by_page_and_its_slices_decode_to_the_orders(connect):
    orders = [order(f"ORD-{n}", minutes=n // 3, buyer_note="ฝากไว้ที่ป้อมยาม 🎁") for n in range(7)]
    async with SandboxOms() as oms, connect(OMS_DEFAULT, oms) as (connector, ctx):
        oms.put(orders, keep_updated_at=True)
        pages = await walk(connector, ctx, Window())
        assert [connector.read_order(piece.raw) for page in pages for piece in page.slices] == orders
        assert [page.watermark for page in pages] == [NOON + timedelta(minutes=m) for m in (0, 1, 1, 2)]


@pytest.mark.behaviour("P2")
async def test_a_listing_can_be_started_again_from_any_cursor(connect):
    async with SandboxOms() as oms, connect(OMS_DEFAULT, oms) as (connector, ctx):
        oms.put([order(f"ORD-{n}") for n in range(6)], keep_updated_at=True)
        first, second, third = await walk(connector, ctx, Window())
        again = await connector.fetch_orders(ctx, Window(), first.next_cursor, 2)
        assert again == second
        assert refs([first, second, third]) == [f"ORD-{n}" for n in range(6)]


@pytest.mark.behaviour("P3")
async def test_both_ends_of_a_window_are_included(connect):
    async with SandboxOms() as oms, connect(OMS_DEFAULT, oms) as (connector, ctx):
        oms.put([order(f"ORD-{n}", minutes=n) for n in range(5)], keep_updated_at=True)
        window = Window(since=NOON + timedelta(minutes=1), until=NOON + timedelta(minutes=3))
        assert refs(await walk(connector, ctx, window)) == ["ORD-1", "ORD-2", "ORD-3"]


async def test_a_sweep_lists_what_is_open_or_young(connect):
    async with SandboxOms() as oms, connect(OMS_DEFAULT, oms) as (connector, ctx):
        done = {"status": OrderStatus.DELIVERED}
        oms.put(
            [order("OLD-OPEN"), order("OLD-DONE", **done), order("NEW-DONE", minutes=9, **done)], keep_updated_at=True
        )
        window = Window(mode=FetchMode.SWEEP, created_since=NOON + timedelta(minutes=9))
        assert refs(await walk(connector, ctx, window)) == ["OLD-OPEN", "NEW-DONE"]


@pytest.mark.behaviour("P7")
async def test_an_order_without_a_ref_spoils_nothing_else(connect):
    async with SandboxOms() as oms, connect(OMS_DEFAULT, oms) as (connector, ctx):
        oms.put([order("ORD-1")])
        oms.put_raw("hidden", b'{"reference":"ORD-2"}')
        oms.put_raw("hidden too", b'{"ref":""}')
        page = await connector.fetch_orders(ctx, Window(), None, 10)
        assert refs([page]) == ["ORD-1"]
        assert {piece.raw for piece in page.unreadable} == {b'{"reference":"ORD-2"}', b'{"ref":""}'}
        assert len({piece.ref for piece in page.unreadable}) == 2
        assert page == await connector.fetch_orders(ctx, Window(), None, 10)


@given(raw=st.binary(max_size=300) | st.text().map(lambda text: msgspec.json.encode({"ref": text, "lines": text})))
def test_a_slice_that_is_no_order_is_a_value_error(raw):
    connector = OMS_DEFAULT.factory(
        msgspec.convert({"url": "http://x", "token": {"secret": "t"}}, OMS_DEFAULT.settings)
    )
    with pytest.raises(ValueError):
        connector.read_order(raw)


async def test_orders_are_got_by_ref_and_none_stands_for_what_is_gone(connect):
    async with SandboxOms() as oms, connect(OMS_DEFAULT, oms) as (connector, ctx):
        oms.put([order("ORD-1")], keep_updated_at=True)
        assert await connector.get_orders(ctx, ["ORD-1", "NOPE"]) == {"ORD-1": order("ORD-1"), "NOPE": None}


LONE = b'{"ref":"ORD-2","status":"paid","buyer_note":"\\ud800"}'


@pytest.mark.behaviour("P7")
@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (LONE, "ORD-2"),
        (b'{"ref":"ORD-2","note":"a\x01b"}', "ORD-2"),
        (b'{"ref":"ORD-2","total":NaN}', "ORD-2"),
        (b'{"ref":"\\ud800","note":1}', None),
        (b'{"note":"\\udc00"}', None),
    ],
)
async def test_an_order_that_is_no_json_is_set_aside_and_the_others_of_its_page_are_taken(connect, raw, name):
    async with SandboxOms() as oms, connect(OMS_DEFAULT, oms) as (connector, ctx):
        oms.put([order(f"ORD-{n}") for n in (1, 3, 4)], keep_updated_at=True)
        good = await connector.fetch_orders(ctx, Window(), None, 10)
        oms.put_raw("bad", raw)
        oms.put([order("ORD-9")])
        page, rest = await walk(connector, ctx, Window(), 4)
        assert page.slices == good.slices
        (bad,) = page.unreadable
        assert bad.raw == raw
        assert bad.ref == name or (name is None and bad.ref.startswith("unreadable-"))
        assert page.watermark is not None
        assert (refs([rest]), rest.unreadable) == (["ORD-9"], ())


@pytest.mark.parametrize(
    "body",
    [
        '{"next_cursor":null,"watermark":null,"orders":[{"ref":"A","n":"\\ud800"}],"orders":[{"ref":"B"}]}',
        '{"watermark":null,"orders":[{"ref":"A","n":"\\ud800"}],"next_cursor":7}',
        '{"next_cursor":null,"watermark":null,"orders":[{"ref":"A","n":"\\ud800"}]} and more',
        '{"next_cursor":null,"watermark":null,"orders":[{"ref":"A","n":"\\ud800"}',
        '{"next_cursor":null,"watermark":null,"orders":[{"ref":"A","n":"\\ud800"},]}',
        '{"next_cursor":null,"watermark":null,"orders":["\\ud800"]}',
        '{"next_cursor":null,"watermark":null,"orders":' + "[" * 5000 + "]" * 5000 + "}",
        '{"watermark":null,"next_cursor":"\\ud800","orders":[{"ref":"A"}]}',
    ],
)
async def test_a_page_that_is_wrong_otherwise_is_refused_as_a_whole(connect, body):
    script = Script(rules=(Rule(fault=Fault.BODY, args={"body": body}),))
    async with SandboxOms(script=script) as oms, connect(OMS_DEFAULT, oms) as (connector, ctx):
        with pytest.raises(BadResponse):
            await connector.fetch_orders(ctx, Window(), None, 10)
        with pytest.raises(BadResponse):
            await connector.get_orders(ctx, ["A"])


@pytest.mark.behaviour("P1")
@pytest.mark.parametrize("order", ['{"ref":"A"}', '{"ref":"A","n":"\\ud800"}'])
@pytest.mark.parametrize("rest", ['"watermark":null', '"next_cursor":null', '"nextCursor":"c2","watermark":null'])
async def test_a_page_without_its_cursor_or_watermark_is_not_taken_for_the_last_one(connect, order, rest):
    script = Script(rules=(Rule(fault=Fault.BODY, args={"body": f'{{"orders":[{order}],{rest}}}'}),))
    async with SandboxOms(script=script) as oms, connect(OMS_DEFAULT, oms) as (connector, ctx):
        with pytest.raises(BadResponse):
            await connector.fetch_orders(ctx, Window(), None, 10)


async def test_what_is_said_to_be_no_json_is_not_searched_for_orders(connect):
    args = {"body": '{"orders":[{"ref":"A","n":"\\ud800"}]}', "content_type": "text/plain"}
    script = Script(rules=(Rule(fault=Fault.BODY, args=args),))
    async with SandboxOms(script=script) as oms, connect(OMS_DEFAULT, oms) as (connector, ctx):
        with pytest.raises(BadResponse):
            await connector.fetch_orders(ctx, Window(), None, 10)


@pytest.mark.behaviour("P7")
@pytest.mark.parametrize("raw", [LONE, b'{"ref":"ORD-2"}', b'"no order"', b'{"ref":"ORD-2","status":"odd"}'])
async def test_one_of_the_orders_named_that_cannot_be_decoded_is_unreadable_and_the_others_are_had(connect, raw):
    async with SandboxOms() as oms, connect(OMS_DEFAULT, oms) as (connector, ctx):
        oms.put([order("ORD-1")], keep_updated_at=True)
        oms.put_raw("ORD-2", raw)
        found = await connector.get_orders(ctx, ["ORD-1", "ORD-2", "NOPE"])
        assert (found["ORD-1"], found["NOPE"]) == (order("ORD-1"), None)
        bad = found["ORD-2"]
        assert (type(bad), bad.ref, bad.raw) == (Unreadable, "ORD-2", raw)


async def test_a_report_that_comes_twice_is_kept_once(connect):
    report = PushReport(order_ref="ORD-1", status="pushed", revision=1, warehouse="BKK-1", remote_id="WMS-1")
    stranger = PushReport(order_ref="NOPE", status="pushed", revision=1, warehouse="BKK-1")
    async with SandboxOms() as oms, connect(OMS_DEFAULT, oms) as (connector, ctx):
        oms.put([order("ORD-1")])
        await connector.report_push(ctx, [report])
        results = await connector.report_push(ctx, [report, stranger])
        assert [(result.ref, result.ok, result.code) for result in results] == [
            ("ORD-1", True, None),
            ("NOPE", False, "unknown_order"),
        ]
        assert list(oms.books.reports.values()) == [report]
        assert oms.books.reported.total() == 2


async def test_the_same_reports_are_sent_under_the_same_key(connect):
    report = PushReport(order_ref="ORD-1", status="pushed", revision=1, warehouse="BKK-1")
    async with SandboxOms() as oms, connect(OMS_DEFAULT, oms) as (connector, ctx):
        await connector.report_push(ctx, [report])
        await connector.report_push(ctx, [report])
        first, second = ctx.http.sent
        assert first == second
        assert 1 <= len(first[2]["Idempotency-Key"]) <= 50


async def test_shops_carriers_and_the_check_are_read(connect):
    async with SandboxOms() as oms, connect(OMS_DEFAULT, oms) as (connector, ctx):
        assert [shop.code for shop in await connector.list_shops(ctx)] == ["main"]
        assert {carrier.kind for carrier in await connector.list_logistics(ctx)} == {"standard", "instant"}
        check = await connector.check(ctx)
        assert (check.ok, check.account, check.server_time.tzinfo) == (True, "Sandbox OMS", UTC)


async def test_a_wrong_token_is_refused(connect):
    async with SandboxOms() as oms, connect(OMS_DEFAULT, oms, token="wrong") as (connector, ctx):
        with pytest.raises(AuthFailed):
            await connector.check(ctx)


@pytest.mark.parametrize(
    ("fault", "args", "error"),
    [
        (Fault.S500, {}, Retryable),
        (Fault.HTML_200, {}, BadResponse),
        (Fault.NULL, {}, BadResponse),
        (Fault.EMPTY, {}, BadResponse),
        (Fault.WRONG_CONTENT_TYPE, {}, BadResponse),
        (Fault.TRUNCATED, {"form": "length"}, Retryable),
        (Fault.TRUNCATED, {"form": "close"}, BadResponse),
        (Fault.BODY, {"body": '{"orders":[NaN]}'}, BadResponse),
        (Fault.BODY, {"body": '\ufeff{"orders":[]}'}, BadResponse),
    ],
)
async def test_a_damaged_page_is_an_error_and_the_next_try_works(connect, fault, args, error):
    script = Script(rules=(Rule(fault=fault, args=args, match=Match(nth=1)),))
    async with SandboxOms(script=script) as oms, connect(OMS_DEFAULT, oms) as (connector, ctx):
        oms.put([order("ORD-1")])
        with pytest.raises(error):
            await connector.fetch_orders(ctx, Window(), None, 10)
        assert refs([await connector.fetch_orders(ctx, Window(), None, 10)]) == ["ORD-1"]
        assert len(ctx.http.sent) == 2


def test_the_plugin_offers_one_type_whose_settings_refuse_what_they_do_not_know():
    assert crossdock_connectors() == [OMS_DEFAULT]
    with pytest.raises(msgspec.ValidationError, match="tokn"):
        msgspec.convert({"url": "http://x", "tokn": {"secret": "t"}}, OMS_DEFAULT.settings)
    with pytest.raises(msgspec.ValidationError, match="token"):
        msgspec.convert({"url": "http://x"}, OMS_DEFAULT.settings)


def test_an_empty_page_is_a_page():
    assert Page(slices=()) == Page()
