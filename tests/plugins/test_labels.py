"""The label hooks of the default connectors against the sandboxes."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from crossdock.spec.errors import BadResponse, NotFound, UnknownOutcome
from crossdock.spec.labels import LabelDelivery
from crossdock.spec.orders import Order, OrderLine, OrderStatus
from crossdock.spec.outbound import OutboundLine, OutboundRequest, PushStatus
from crossdock.testing.sandbox.faults import Fault, Match, Rule, Script
from crossdock.testing.sandbox.oms import SandboxOms
from crossdock.testing.sandbox.oms_labels import made_of
from crossdock.testing.sandbox.wms import SandboxWms
from crossdock_oms_default.plugin import OMS_DEFAULT
from crossdock_wms_default.plugin import WMS_DEFAULT

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ITEM = LabelDelivery(
    key="XD-1-label-1", outbound_key="XD-1", order_ref="1", warehouse="BKK-1", version=1,
    content_type="application/pdf", data=b"%PDF-1.7\x00\xff",
)  # fmt: skip


def an_order(ref, **fields):
    line = OrderLine(line_no=1, sku="A", quantity=Decimal(1))
    return Order(ref=ref, status=OrderStatus.PAID, created_at=NOW, updated_at=NOW, lines=(line,), **fields)


@pytest.mark.behaviour("R22")
async def test_the_label_of_an_order_is_fetched_with_its_bytes(connect):
    async with SandboxOms() as oms, connect(OMS_DEFAULT, oms) as (connector, ctx):
        oms.put([an_order("A/1 ก", label_ready=True, tracking_number="T1"), an_order("2")])
        label = await connector.fetch_label(ctx, "A/1 ก", None)
        assert label.data == made_of(oms.books.order("A/1 ก"))
        assert label.tracking_number == "T1"
        assert await connector.fetch_label(ctx, "2", "box 1") is None
        with pytest.raises(NotFound):
            await connector.fetch_label(ctx, "3", None)


async def test_an_answer_that_names_no_label_is_not_taken_for_none(connect):
    script = Script(rules=(Rule(fault=Fault.BODY, args={"body": '{"labl": null}'}, match=Match(path="/v1/labels")),))
    async with SandboxOms(script=script) as oms, connect(OMS_DEFAULT, oms) as (connector, ctx):
        oms.put([an_order("1")])
        with pytest.raises(BadResponse):
            await connector.fetch_label(ctx, "1", None)


@pytest.mark.behaviour("R22")
async def test_a_label_is_given_to_its_document_under_its_own_key(connect):
    async with SandboxWms() as wms, connect(WMS_DEFAULT, wms) as (connector, ctx):
        assert (await connector.push_label(ctx, ITEM)).code == "unknown_outbound"
        line = OutboundLine(line_no=1, sku="A", quantity=Decimal(1))
        request = OutboundRequest(
            key="XD-1", order_ref="1", revision=1, warehouse="BKK-1", lines=(line,), ordered_at=NOW
        )
        await connector.push_outbound(ctx, [request])
        results = [await connector.push_label(ctx, ITEM) for _ in range(2)]
        assert [result.status for result in results] == [PushStatus.ACCEPTED, PushStatus.DUPLICATE]
        assert wms.labels.held.get("XD-1").size == len(ITEM.data)
        assert ctx.http.sent[-1][2]["Idempotency-Key"] == ITEM.key


@pytest.mark.behaviour("P4")
async def test_an_answer_that_cannot_be_read_leaves_a_label_in_doubt(connect):
    script = Script(rules=(Rule(fault=Fault.HTML_200, match=Match(path="/v1/outbounds/label")),))
    async with SandboxWms(script=script) as wms, connect(WMS_DEFAULT, wms) as (connector, ctx):
        with pytest.raises(UnknownOutcome):
            await connector.push_label(ctx, ITEM)
