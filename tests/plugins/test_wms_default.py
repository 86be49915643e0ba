"""The wms_default connector against the sandbox WMS."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from crossdock.spec.errors import Conflict, RateLimited, Rejected, UnknownOutcome, Unsupported
from crossdock.spec.outbound import OutboundLine, OutboundRequest, PushStatus
from crossdock.testing.sandbox.faults import Fault, Match, Rule, Script
from crossdock.testing.sandbox.wms import SandboxWms
from crossdock_wms_default.plugin import WMS_DEFAULT, crossdock_connectors

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def request(key: str = "XD-1", *, quantity: int = 2, **fields: object) -> OutboundRequest:
    base = OutboundRequest(
        key=key,
        order_ref=f"ORD-{key}",
        revision=1,
        warehouse="BKK-1",
        lines=(OutboundLine(line_no=1, sku="A", quantity=Decimal(quantity)),),
        ordered_at=NOON,
    )
    return msgspec.structs.replace(base, **fields)


def once(fault: Fault, **args: object) -> Script:
    return Script(rules=(Rule(fault=fault, args=args, match=Match(path="/v1/outbounds", nth=1)),))


async def test_a_batch_gets_one_result_per_item(connect):
    async with SandboxWms() as wms, connect(WMS_DEFAULT, wms) as (connector, ctx):
        results = await connector.push_outbound(ctx, [request("XD-1"), request("XD-2", warehouse="NOPE")])
        assert [(r.key, r.status, r.code) for r in results] == [
            ("XD-1", PushStatus.ACCEPTED, None),
            ("XD-2", PushStatus.REJECTED, "unknown_warehouse"),
        ]
        assert wms.books.received == {"XD-1": 1, "XD-2": 1}
        assert [document.remote_id for document in wms.books.documents] == [results[0].remote_id]


@pytest.mark.behaviour("P4")
async def test_a_key_that_comes_again_is_a_duplicate_with_the_same_document(connect):
    async with SandboxWms() as wms, connect(WMS_DEFAULT, wms) as (connector, ctx):
        (first,) = await connector.push_outbound(ctx, [request()])
        (second,) = await connector.push_outbound(ctx, [request()])
        assert (second.status, second.remote_id) == (PushStatus.DUPLICATE, first.remote_id)
        assert (wms.books.received["XD-1"], len(wms.books.documents), wms.books.doubles()) == (2, 1, {})


async def test_a_key_that_comes_again_with_another_order_is_refused(connect):
    async with SandboxWms() as wms, connect(WMS_DEFAULT, wms) as (connector, ctx):
        await connector.push_outbound(ctx, [request()])
        (second,) = await connector.push_outbound(ctx, [request(quantity=3)])
        assert (second.status, second.code) == (PushStatus.REJECTED, "key_reused")


@pytest.mark.parametrize("idempotency", ["lookup", "none"])
async def test_a_wms_without_keys_makes_a_double_that_its_books_show(connect, idempotency):
    async with (
        SandboxWms(idempotency=idempotency) as wms,
        connect(WMS_DEFAULT, wms, idempotency=idempotency) as (connector, ctx),
    ):
        await connector.push_outbound(ctx, [request()])
        await connector.push_outbound(ctx, [request()])
        assert wms.books.doubles() == {"ORD-XD-1": ["XD-1", "XD-1"]}


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize("fault", [Fault.ACCEPTED_THEN_LOST, Fault.ACCEPTED_THEN_500, Fault.HTML_200, Fault.TRUNCATED])
async def test_a_write_whose_answer_is_lost_is_unknown_and_can_be_found(connect, fault):
    async with SandboxWms(script=once(fault)) as wms, connect(WMS_DEFAULT, wms) as (connector, ctx):
        with pytest.raises(UnknownOutcome):
            await connector.push_outbound(ctx, [request()])
        found = await connector.find_outbound(ctx, ["XD-1", "XD-9"])
        assert found["XD-1"] is not None
        assert found["XD-1"].remote_id == wms.books.documents[0].remote_id
        assert found["XD-9"] is None


@pytest.mark.behaviour("P4")
async def test_a_write_that_takes_effect_late_is_absent_first_and_found_later(connect):
    script = once(Fault.ACCEPTED_LATE, seconds=0.05)
    async with SandboxWms(script=script) as wms, connect(WMS_DEFAULT, wms, timeout=0.1) as (connector, ctx):
        with pytest.raises(UnknownOutcome):
            await connector.push_outbound(ctx, [request()])
        assert wms.books.documents == []
        while not wms.books.documents:
            await wms.quiet()
            await connector.check(ctx)
        assert (await connector.find_outbound(ctx, ["XD-1"]))["XD-1"] is not None


@pytest.mark.parametrize(
    ("fault", "error"), [(Fault.S429, RateLimited), (Fault.CONFLICT_409, Conflict), (Fault.S500, UnknownOutcome)]
)
async def test_a_status_without_effect_is_raised_and_nothing_is_created(connect, fault, error):
    async with SandboxWms(script=once(fault)) as wms, connect(WMS_DEFAULT, wms) as (connector, ctx):
        with pytest.raises(error):
            await connector.push_outbound(ctx, [request()])
        assert (wms.books.received, len(ctx.http.sent)) == ({}, 1)


async def test_a_partial_batch_answers_for_some_items_only(connect):
    items = [request(f"XD-{n}") for n in range(10)]
    async with SandboxWms(script=once(Fault.PARTIAL_BATCH)) as wms, connect(WMS_DEFAULT, wms) as (connector, ctx):
        results = await connector.push_outbound(ctx, items)
        answered = {result.key for result in results}
        taken = set(wms.books.by_key)
        assert answered < taken < {item.key for item in items}


async def test_results_may_come_in_another_order_and_with_a_foreign_key(connect):
    items = [request("XD-1"), request("XD-2")]
    rules = tuple(
        Rule(fault=f, match=Match(path="/v1/outbounds", nth=n))
        for f, n in [(Fault.SHUFFLED, 1), (Fault.FOREIGN_KEY, 1)]
    )
    async with SandboxWms(script=Script(rules=rules)) as wms, connect(WMS_DEFAULT, wms) as (connector, ctx):
        assert [r.key for r in await connector.push_outbound(ctx, items)] == ["XD-2", "XD-1"]
        assert [r.key for r in await connector.push_outbound(ctx, items)] == ["XD-1", "XD-2", "XD-NOBODYASKED"]


async def test_the_header_carries_the_key_of_a_single_item_and_a_digest_of_a_batch(connect):
    async with SandboxWms() as wms, connect(WMS_DEFAULT, wms) as (connector, ctx):
        await connector.push_outbound(ctx, [request("XD-1")])
        await connector.push_outbound(ctx, [request("XD-1"), request("XD-2")])
        single, batch = (headers["Idempotency-Key"] for _, _, headers, _ in ctx.http.sent)
        assert single == "XD-1"
        assert batch.startswith("XB-")
        assert len(batch) <= 50


async def test_what_cannot_be_asked_is_unsupported(connect):
    async with (
        SandboxWms(idempotency="none") as wms,
        connect(WMS_DEFAULT, wms, idempotency="none") as (connector, ctx),
    ):
        with pytest.raises(Unsupported):
            await connector.find_outbound(ctx, ["XD-1"])


async def test_a_batch_that_is_too_large_is_refused_as_a_whole(connect):
    async with SandboxWms() as wms, connect(WMS_DEFAULT, wms) as (connector, ctx):
        with pytest.raises(Rejected) as refused:
            await connector.push_outbound(ctx, [request(f"XD-{n}") for n in range(51)])
        assert (refused.value.code, wms.books.received) == ("batch_size", {})


async def test_warehouses_and_the_check_are_read(connect):
    async with SandboxWms(warehouses=("A", "B")) as wms, connect(WMS_DEFAULT, wms) as (connector, ctx):
        assert [choice.code for choice in await connector.list_warehouses(ctx)] == ["A", "B"]
        assert (await connector.check(ctx)).ok


def test_a_connection_declares_what_its_settings_say():
    given = {"url": "http://x", "token": {"secret": "t"}, "idempotency": "lookup", "lookup_lag_s": 5, "max_batch": 7}
    capabilities = WMS_DEFAULT.factory(msgspec.convert(given, WMS_DEFAULT.settings)).capabilities
    assert (capabilities.idempotency, capabilities.lookup_lag_s, capabilities.max_batch) == ("lookup", 5, 7)
    assert crossdock_connectors() == [WMS_DEFAULT]
    assert (WMS_DEFAULT.capabilities.idempotency, WMS_DEFAULT.capabilities.max_batch) == ("key", 50)
