"""Unit tests of the default connectors through the daemon's own HTTP, with aioresponses in place of the network."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import aiohttp
import msgspec
import pytest
from aioresponses import aioresponses
from yarl import URL

from crossdock.config.model import Connection
from crossdock.connectors.discovery import Plugins
from crossdock.connectors.host import PluginHost
from crossdock.env import Env
from crossdock.spec import errors
from crossdock.spec.orders import Window
from crossdock.spec.outbound import OutboundRequest, PushReport, PushStatus
from crossdock.testing.aioresponses_shim import Responses
from crossdock_oms_default import plugin as oms_plugin
from crossdock_wms_default import plugin as wms_plugin

BASE = "https://system.test/api"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def test_aioresponses_still_needs_the_shim():
    """When this fails, delete crossdock/testing/aioresponses_shim.py and use aioresponses itself."""
    async with aiohttp.ClientSession() as session:
        with aioresponses() as mocked:
            mocked.get(BASE, payload={})
            with pytest.raises(TypeError, match="stream_writer"):
                await session.get(BASE)


@pytest.fixture
def mocked():
    with Responses() as responses:
        yield responses


@pytest.fixture
async def link():
    plugins = Plugins()
    for module in (oms_plugin, wms_plugin):
        plugins.register(module.__name__, module)
    made = []

    def connect(kind):
        config = Connection(type=kind, settings={"url": f"{BASE}/", "token": {"secret": "s.token"}})
        made.append(PluginHost(plugins, Env()).connect(kind, config, lambda name: f"value of {name}"))
        return made[-1]

    yield connect
    for each in made:
        await each.close()


def sent(mocked, method: str, path: str):
    """The one request of this method to this path, whatever its query: (headers, body decoded, query)."""
    (found,) = [
        (call.kwargs, url.query)
        for (name, url), calls in mocked.requests.items()
        for call in calls
        if (name, url.path) == (method, f"/api{path}")
    ]
    kwargs, query = found
    body = kwargs["data"] and msgspec.json.decode(kwargs["data"])
    return dict(kwargs["headers"]), body, dict(kwargs["params"] or query)


async def test_a_page_is_asked_for_with_its_window_cursor_and_limit(link, mocked):
    order = {"ref": "O-1", "status": "paid"}
    mocked.get(
        re.compile(f"^{BASE}/v1/orders"),
        payload={"orders": [order], "next_cursor": "c2", "watermark": "2026-03-01T12:00:00Z"},
    )
    page = await link("oms_default").fetch_orders(Window(since=NOON), "c1", 50)
    headers, _, query = sent(mocked, "GET", "/v1/orders")
    assert query == {"mode": "changed", "limit": "50", "since": "2026-03-01T12:00:00Z", "cursor": "c1"}
    assert headers == {"Authorization": "Bearer value of s.token"}
    assert [piece.ref for piece in page.slices] == ["O-1"]
    assert (page.next_cursor, page.watermark) == ("c2", NOON)


async def test_reports_carry_a_key_of_their_content(link, mocked):
    mocked.post(f"{BASE}/v1/push-reports", payload={"results": [{"ref": "O-1", "ok": False, "code": "unknown_order"}]})
    report = PushReport(order_ref="O-1", status="pushed", revision=1, warehouse="W")
    (result,) = await link("oms_default").report_push([report])
    headers, body, _ = sent(mocked, "POST", "/v1/push-reports")
    assert re.fullmatch("XR-[0-9a-f]{32}", headers["Idempotency-Key"])
    assert body == {"reports": [{"order_ref": "O-1", "status": "pushed", "revision": 1, "warehouse": "W"}]}
    assert (result.ok, result.code) == (False, "unknown_order")


async def test_a_single_push_carries_its_own_key_as_json(link, mocked):
    mocked.post(
        f"{BASE}/v1/outbounds", payload={"results": [{"key": "XD-1", "status": "accepted", "remote_id": "R-1"}]}
    )
    item = OutboundRequest(key="XD-1", order_ref="O-1", revision=1, warehouse="W", lines=(), ordered_at=NOON)
    (result,) = await link("wms_default").push_outbound([item])
    headers, body, _ = sent(mocked, "POST", "/v1/outbounds")
    assert (headers["Idempotency-Key"], headers["Content-Type"]) == ("XD-1", "application/json")
    assert body["items"][0]["key"] == "XD-1"
    assert (result.status, result.remote_id) == (PushStatus.ACCEPTED, "R-1")


async def test_a_look_up_is_a_read_in_the_form_of_a_post(link, mocked):
    mocked.post(f"{BASE}/v1/outbounds/find", status=500)
    with pytest.raises(errors.Retryable):
        await link("wms_default").find_outbound(["XD-1"])
    headers, body, _ = sent(mocked, "POST", "/v1/outbounds/find")
    assert "Idempotency-Key" not in headers
    assert body == {"keys": ["XD-1"]}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"status": 503}, errors.UnknownOutcome),
        ({"status": 429, "headers": {"Retry-After": "7"}}, errors.RateLimited),
        ({"status": 422, "payload": {"code": "sku_unknown", "detail": "SKU A is unknown"}}, errors.Rejected),
        ({"body": "<html>", "content_type": "text/html"}, errors.UnknownOutcome),
        ({"exception": aiohttp.ServerDisconnectedError()}, errors.UnknownOutcome),
        ({"exception": aiohttp.ConnectionTimeoutError()}, errors.Retryable),
        ({"timeout": True}, errors.UnknownOutcome),
    ],
    ids=["503", "429", "422", "html", "dropped", "not connected", "late"],
)
async def test_a_push_tells_what_is_known_of_it(link, mocked, answer, kind):
    mocked.post(f"{BASE}/v1/outbounds", **answer)
    item = OutboundRequest(key="XD-1", order_ref="O-1", revision=1, warehouse="W", lines=(), ordered_at=NOON)
    with pytest.raises(errors.ConnectorError) as caught:
        await link("wms_default").push_outbound([item])
    assert type(caught.value) is kind
    assert [len(calls) for calls in mocked.requests.values()] == [1]
    assert list(mocked.requests) == [("POST", URL(f"{BASE}/v1/outbounds"))]
