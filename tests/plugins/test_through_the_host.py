"""The default connectors as the daemon runs them: through the real host and its HTTP, against the sandbox systems."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from crossdock.config.model import Connection, HttpLimits, Timeouts
from crossdock.connectors.discovery import Plugins
from crossdock.connectors.host import PluginHost
from crossdock.env import Env
from crossdock.spec import errors
from crossdock.spec.orders import Order, OrderLine, OrderStatus, Unreadable, Window
from crossdock.spec.outbound import OutboundLine, OutboundRequest, PushReport, PushStatus
from crossdock.testing.sandbox.faults import Fault, Match, Rule, Script
from crossdock.testing.sandbox.oms import SandboxOms
from crossdock.testing.sandbox.wms import SandboxWms
from crossdock_oms_default import plugin as oms_plugin
from crossdock_wms_default import plugin as wms_plugin

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def order(number: int, **fields) -> Order:
    at = NOON + timedelta(minutes=number)
    line = OrderLine(line_no=1, sku="A", quantity=Decimal(2), name="เสื้อยืด")
    base = Order(ref=f"ORD-{number}", status=OrderStatus.PAID, created_at=at, updated_at=at, lines=(line, line))
    return msgspec.structs.replace(base, lines=(line,), **fields)


def request(key: str = "XD-1", **fields) -> OutboundRequest:
    line = OutboundLine(line_no=1, sku="A", quantity=Decimal(2))
    base = OutboundRequest(key=key, order_ref=f"O-{key}", revision=1, warehouse="BKK-1", lines=(line,), ordered_at=NOON)
    return msgspec.structs.replace(base, **fields)


def report(number: int) -> PushReport:
    return PushReport(order_ref=f"ORD-{number}", status="pushed", revision=1, warehouse="W", remote_id="R", at=NOON)


def met(fault: Fault, path: str, **args) -> Script:
    """Every request to a path meets a fault."""
    return Script(rules=(Rule(fault=fault, args=args, match=Match(path=path)),))


@pytest.fixture
async def link():
    """Open a connection to a sandbox: `link(sandbox, timeout_s=…, **settings)`."""
    plugins = Plugins()
    for module in (oms_plugin, wms_plugin):
        plugins.register(module.__name__, module)
    host = PluginHost(plugins, Env())
    made = []

    def connect(sandbox, *, timeout_s=5.0, token=None, **settings):
        kind = "oms_default" if isinstance(sandbox, SandboxOms) else "wms_default"
        config = Connection(
            type=kind,
            settings={"url": sandbox.url, "token": {"secret": "s.token"}, **settings},
            http=HttpLimits(allow_http=True, allow_private=("127.0.0.0/8",), timeout_s=timeout_s, max_bytes=2**20),
            timeouts=Timeouts(cancel_grace_s=0.2),
        )
        made.append(host.connect(f"{kind}-{len(made)}", config, lambda _name: token or sandbox.token))
        return made[-1]

    yield connect
    for each in made:
        await each.close()


async def walk(opened, limit=3):
    orders, cursor = [], None
    while True:
        page = await opened.fetch_orders(Window(), cursor, limit)
        orders += [opened.read_order(piece.raw) for piece in page.slices]
        cursor = page.next_cursor
        if cursor is None:
            return orders


async def test_a_listing_is_walked_and_read(link):
    async with SandboxOms() as oms:
        oms.put([order(n, buyer_note="ฝากไว้ที่ป้อมยาม 🎁") for n in range(8)], keep_updated_at=True)
        found = await walk(link(oms))
        assert [each.ref for each in found] == [f"ORD-{n}" for n in range(8)]
        assert found[0] == oms.books.order("ORD-0")
        assert oms.calls == {"GET /v1/orders": 3}


async def test_an_order_that_is_none_is_told_apart_when_it_is_read(link):
    async with SandboxOms() as oms:
        oms.put_raw("ORD-1", b'{"ref":"ORD-1","status":"paid","status":"cancelled"}')
        opened = link(oms)
        (piece,) = (await opened.fetch_orders(Window(), None, 10)).slices
        with pytest.raises(ValueError, match="'status' stands twice"):
            opened.read_order(piece.raw)


@pytest.mark.behaviour("P1")
async def test_a_page_with_two_lists_of_orders_is_refused_so_that_the_first_one_is_not_lost(link):
    body = '{"orders":[{"ref":"A"}],"orders":[{"ref":"B"}],"next_cursor":null}'
    async with SandboxOms(script=met(Fault.BODY, "/v1/orders", body=body)) as oms:
        with pytest.raises(errors.BadResponse, match="'orders' stands twice"):
            await link(oms).fetch_orders(Window(), None, 10)


async def test_chosen_orders_are_fetched_and_those_that_are_gone_are_none(link):
    async with SandboxOms() as oms:
        oms.put([order(1)], keep_updated_at=True)
        assert await link(oms).get_orders(["ORD-1", "ORD-2"]) == {"ORD-1": order(1), "ORD-2": None}


@pytest.mark.behaviour("P7")
@pytest.mark.parametrize(
    "raw", [b'{"ref":"ORD-2","status":"paid","status":"cancelled"}', b'{"ref":"ORD-2","note":"\\ud800"}']
)
async def test_an_order_that_cannot_be_trusted_blocks_no_other_whether_it_is_listed_or_asked_for(link, raw):
    async with SandboxOms() as oms:
        oms.put([order(1)], keep_updated_at=True)
        oms.put_raw("ORD-2", raw)
        opened = link(oms)
        found = await opened.get_orders(["ORD-1", "ORD-2"])
        assert found["ORD-1"] == order(1)
        assert (type(found["ORD-2"]), found["ORD-2"].raw) == (Unreadable, raw)
        page = await opened.fetch_orders(Window(), None, 10)
        assert opened.read_order(page.slices[0].raw) == order(1)
        assert raw in {piece.raw for piece in (*page.slices[1:], *page.unreadable)}


@pytest.mark.behaviour("P4")
async def test_a_report_that_comes_twice_changes_nothing(link):
    async with SandboxOms() as oms:
        oms.put([order(1)])
        opened = link(oms)
        first, second = [await opened.report_push([report(1)]) for _ in range(2)]
        assert [each.ok for each in first] == [True]
        assert first == second
        assert len(oms.books.reports) == 1


async def test_shops_carriers_warehouses_and_checks_are_listed(link):
    async with SandboxOms() as oms, SandboxWms() as wms:
        shop, depot = link(oms), link(wms)
        assert [choice.code for choice in await shop.list_shops()] == ["main"]
        assert [choice.kind for choice in await shop.list_logistics()] == ["standard", "instant"]
        assert [choice.code for choice in await depot.list_warehouses()] == ["BKK-1", "CNX-1"]
        assert [(await each.check()).account for each in (shop, depot)] == ["Sandbox OMS", "Sandbox WMS"]


@pytest.mark.behaviour("P4")
async def test_a_push_is_accepted_then_a_duplicate_then_found(link):
    async with SandboxWms() as wms:
        depot = link(wms)
        (first,), (second,) = [await depot.push_outbound([request()]) for _ in range(2)]
        found = await depot.find_outbound(["XD-1", "XD-2"])
        assert (first.status, second.status) == (PushStatus.ACCEPTED, PushStatus.DUPLICATE)
        assert first.remote_id == second.remote_id == found["XD-1"].remote_id
        assert found["XD-2"] is None
        assert wms.books.doubles() == {}


async def test_a_batch_gets_a_result_for_each(link):
    async with SandboxWms() as wms:
        results = await link(wms).push_outbound([request("XD-1"), request("XD-2", warehouse="NOPE")])
        assert {result.key: result.status for result in results} == {
            "XD-1": PushStatus.ACCEPTED,
            "XD-2": PushStatus.REJECTED,
        }


PUSH_FAULTS = [
    (Fault.S500, {}, errors.UnknownOutcome), (Fault.S502, {}, errors.UnknownOutcome), (Fault.S503, {}, errors.UnknownOutcome),
    (Fault.S504, {}, errors.UnknownOutcome), (Fault.STATUS, {"status": 408}, errors.UnknownOutcome),
    (Fault.STATUS, {"status": 302}, errors.UnknownOutcome), (Fault.STATUS, {"status": 422}, errors.Rejected),
    (Fault.STATUS, {"status": 404}, errors.NotFound), (Fault.CONFLICT_409, {}, errors.Conflict),
    (Fault.AUTH_FAILED, {}, errors.AuthFailed), (Fault.S429, {"retry_after": "seconds"}, errors.RateLimited),
    (Fault.S429, {"retry_after": "date"}, errors.RateLimited), (Fault.S429, {"retry_after": "absurd"}, errors.RateLimited),
    (Fault.S429, {"retry_after": "negative"}, errors.RateLimited), (Fault.S429, {"retry_after": "missing"}, errors.RateLimited),
    (Fault.HTML_200, {}, errors.UnknownOutcome), (Fault.WRONG_CONTENT_TYPE, {}, errors.UnknownOutcome),
    (Fault.EMPTY, {}, errors.UnknownOutcome), (Fault.NULL, {}, errors.UnknownOutcome),
    (Fault.BODY, {"body": '{"results":[],"results":[]}'}, errors.UnknownOutcome),
    (Fault.TRUNCATED, {"form": "length"}, errors.UnknownOutcome), (Fault.TRUNCATED, {"form": "chunked"}, errors.UnknownOutcome),
    (Fault.TRUNCATED, {"form": "close"}, errors.UnknownOutcome), (Fault.HUGE, {"bytes": 2**22}, errors.UnknownOutcome),
    (Fault.HUGE, {"bytes": 2**24, "gzip": True}, errors.UnknownOutcome), (Fault.HUGE_HEADER, {}, errors.UnknownOutcome),
    (Fault.ACCEPTED_THEN_LOST, {}, errors.UnknownOutcome), (Fault.ACCEPTED_THEN_500, {}, errors.UnknownOutcome),
]  # fmt: skip
TOOK_EFFECT = [fault for fault in PUSH_FAULTS if fault[0] not in (Fault.S429, Fault.STATUS, Fault.CONFLICT_409, Fault.AUTH_FAILED)
               and not fault[0].value.isdigit()]  # fmt: skip


@pytest.mark.behaviour("P4", "P8", "P9")
@pytest.mark.parametrize(
    ("fault", "args", "kind"), PUSH_FAULTS, ids=lambda value: str(getattr(value, "value", ""))[:20]
)
async def test_a_push_that_meets_a_fault_is_sent_once_and_says_what_is_known(link, fault, args, kind):
    async with SandboxWms(script=met(fault, "/v1/outbounds", **args)) as wms:
        with pytest.raises(errors.ConnectorError) as caught:
            await link(wms).push_outbound([request()])
        assert type(caught.value) is kind
        assert wms.calls["POST /v1/outbounds"] == 1


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize(
    ("fault", "args", "kind"), TOOK_EFFECT, ids=lambda value: str(getattr(value, "value", ""))[:20]
)
async def test_a_push_that_took_effect_unheard_is_found_and_is_a_duplicate(link, fault, args, kind):
    script = Script(rules=(Rule(fault=fault, args=args, match=Match(path="/v1/outbounds"), times=1),))
    async with SandboxWms(script=script) as wms:
        depot = link(wms)
        with pytest.raises(kind):
            await depot.push_outbound([request()])
        assert (await depot.find_outbound(["XD-1"]))["XD-1"] is not None
        assert [result.status for result in await depot.push_outbound([request()])] == [PushStatus.DUPLICATE]
        assert wms.books.doubles() == {}


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize(
    ("fault", "args"),
    [(Fault.SLOW, {"seconds": 30}), (Fault.LORIS, {"seconds": 0.1}), (Fault.ACCEPTED_LATE, {"seconds": 0})],
)
async def test_a_push_that_is_answered_too_late_is_in_doubt(link, fault, args):
    async with SandboxWms(script=met(fault, "/v1/outbounds", **args)) as wms:
        with pytest.raises(errors.UnknownOutcome):
            await link(wms, timeout_s=0.6).push_outbound([request()])
        await wms.quiet() if fault is Fault.ACCEPTED_LATE else None
        assert wms.calls["POST /v1/outbounds"] == 1


@pytest.mark.behaviour("P4")
async def test_a_batch_that_was_answered_in_part_or_in_disorder_or_with_strangers_names_what_is_known(link, caplog):
    items = [request(f"XD-{n}") for n in range(10)]
    for fault in (Fault.PARTIAL_BATCH, Fault.SHUFFLED, Fault.FOREIGN_KEY):
        async with SandboxWms(script=met(fault, "/v1/outbounds")) as wms:
            results = await link(wms).push_outbound(items)
        keys = {result.key for result in results}
        assert keys <= {item.key for item in items}
        assert (len(keys) < 10) == (fault is Fault.PARTIAL_BATCH)
    assert "XD-NOBODYASKED" in caplog.text


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize(("code", "kind"), [("unsupported", errors.Unsupported), ("not_found", errors.NotFound)])
async def test_a_wms_that_cannot_be_asked_says_so_by_its_code_and_a_wrong_address_does_not(link, code, kind):
    async with SandboxWms(script=met(Fault.STATUS, "/v1/outbounds/find", status=404, code=code)) as wms:
        with pytest.raises(errors.ConnectorError) as caught:
            await link(wms).find_outbound(["XD-1"])
        assert type(caught.value) is kind


READ_FAULTS = [
    (Fault.S500, {}, errors.Retryable), (Fault.S503, {}, errors.Retryable), (Fault.S429, {"retry_after": "seconds"}, errors.RateLimited),
    (Fault.STATUS, {"status": 408}, errors.Retryable), (Fault.AUTH_FAILED, {}, errors.AuthFailed),
    (Fault.STATUS, {"status": 302}, errors.BadResponse), (Fault.STATUS, {"status": 400}, errors.Rejected),
    (Fault.STATUS, {"status": 404}, errors.NotFound), (Fault.HTML_200, {}, errors.BadResponse),
    (Fault.WRONG_CONTENT_TYPE, {}, errors.BadResponse), (Fault.EMPTY, {}, errors.BadResponse), (Fault.NULL, {}, errors.BadResponse),
    (Fault.TRUNCATED, {"form": "length"}, errors.Retryable), (Fault.TRUNCATED, {"form": "chunked"}, errors.Retryable),
    (Fault.TRUNCATED, {"form": "close"}, errors.BadResponse), (Fault.HUGE, {"bytes": 2**22}, errors.BadResponse),
    (Fault.HUGE, {"bytes": 2**24, "gzip": True}, errors.BadResponse), (Fault.HUGE_HEADER, {}, errors.BadResponse),
    (Fault.REFUSED, {}, errors.Retryable),
]  # fmt: skip


@pytest.mark.behaviour("P8", "P9")
@pytest.mark.parametrize("call", ["fetch_orders", "get_orders"])
@pytest.mark.parametrize(
    ("fault", "args", "kind"), READ_FAULTS, ids=lambda value: str(getattr(value, "value", ""))[:20]
)
async def test_a_fetch_that_meets_a_fault_is_sent_once_and_says_what_is_known(link, fault, args, kind, call):
    async with SandboxOms(script=met(fault, "/v1/orders*", **args)) as oms:
        oms.put([order(1)])
        opened = link(oms)
        with pytest.raises(errors.ConnectorError) as caught:
            await (opened.fetch_orders(Window(), None, 10) if call == "fetch_orders" else opened.get_orders(["ORD-1"]))
        assert type(caught.value) is kind
        assert oms.calls.total() == 1


async def test_a_wrong_token_is_refused_and_not_shown(link, caplog):
    async with SandboxWms() as wms:
        with pytest.raises(errors.AuthFailed) as caught:
            await link(wms, token="canary-token").push_outbound([request()])
        assert "canary" not in f"{caught.value!r}{caught.value.detail}{caplog.text}"


async def test_a_closed_door_sent_nothing(link):
    async with SandboxWms() as wms:
        depot = link(wms)
        await wms.close_door()
        with pytest.raises(errors.Retryable, match="nothing was sent"):
            await depot.push_outbound([request()])
        await wms.open_door()
        assert [result.status for result in await depot.push_outbound([request()])] == [PushStatus.ACCEPTED]


@pytest.mark.parametrize("idempotency", ["key", "lookup", "none"])
async def test_what_a_connection_can_do_is_as_its_settings_say(link, idempotency):
    async with SandboxWms(idempotency=idempotency) as wms:
        depot = link(wms, idempotency=idempotency, max_batch=7, lookup_lag_s=3)
        assert (depot.capabilities.idempotency, depot.capabilities.max_batch) == (idempotency, 7)
        assert depot.capabilities.lookup_lag_s == 3
