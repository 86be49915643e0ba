"""The sandboxes' labels: made of the order, or as a test puts them; and what a warehouse holds of them."""

from __future__ import annotations

import base64

import pytest
from msgspec.structs import replace

from crossdock.spec.orders import Recipient
from crossdock.testing.sandbox.faults import Fault, Match, Rule, Script
from crossdock.testing.sandbox.oms import SandboxOms
from crossdock.testing.sandbox.oms_labels import LabelIn, made_of
from crossdock.testing.sandbox.wms import SandboxWms


def delivery(version=1, data=b"^XA^XZ", key="XD-1", **fields):
    base = {
        "key": f"{key}-label-{version}", "outbound_key": key, "order_ref": "ORD-XD-1", "warehouse": "BKK-1",
        "version": version, "content_type": "application/zpl", "data": base64.b64encode(data).decode(),
    }  # fmt: skip
    return {**base, **fields}


async def test_a_label_is_made_of_its_order_and_differs_as_the_order_does(client, order):
    async with SandboxOms() as oms:
        oms.put([order(), order("ORD-2", label_ready=True), order("ORD-3", label_ready=True)])
        ask = client(oms)
        assert (await ask.get("/v1/labels?ref=ORD-1"))[1] == {"label": None}
        first = (await ask.get("/v1/labels?ref=ORD-2"))[1]["label"]
        assert base64.b64decode(first["data"]) == made_of(oms.books.order("ORD-2"))
        oms.put([order("ORD-2", label_ready=True, recipient=Recipient(name="ใหม่"))])
        assert (await ask.get("/v1/labels?ref=ORD-2"))[1]["label"]["data"] != first["data"]
        status, problem, _ = await ask.get("/v1/labels?ref=ORD-9")
        assert (status, problem["code"]) == (404, "unknown_order")


async def test_a_test_says_what_the_label_is_and_it_may_stand_behind_an_address(client, order, session):
    async with SandboxOms() as oms:
        oms.put([order(label_ready=True)])
        ask = client(oms)
        await ask.post("/__sandbox/labels", {"ref": "ORD-1", "absent": True})
        assert (await ask.get("/v1/labels?ref=ORD-1"))[1] == {"label": None}
        data = base64.b64encode(b"%PDF-1.7").decode()
        put = {"ref": "ORD-1", "data": data, "content_type": "application/pdf", "url": "file"}
        await ask.post("/__sandbox/labels", put)
        label = (await ask.get("/v1/labels?ref=ORD-1"))[1]["label"]
        assert "data" not in label
        async with session.get(label["url"]) as answer:
            assert (await answer.read(), answer.content_type) == (b"%PDF-1.7", "application/pdf")
        assert (await ask.get("/__sandbox/label-file?ref=ORD-9"))[0] == 404
        await ask.post("/__sandbox/labels", {"ref": "ORD-1"})
        assert "data" in (await ask.get("/v1/labels?ref=ORD-1"))[1]["label"]


async def test_what_was_put_survives_a_kill(tmp_path, order):
    path = str(tmp_path / "oms")
    async with SandboxOms(path=path) as oms:
        oms.put([order()])
        oms.labels.put(LabelIn(ref="ORD-1", data=b"x"))
    async with SandboxOms(path=path) as oms:
        assert oms.labels.wanted.get("ORD-1").data == b"x"


async def test_a_newer_version_takes_the_place_and_an_older_and_a_repeat_change_nothing(client, request_of, tmp_path):
    path = str(tmp_path / "wms")
    async with SandboxWms(path=path) as wms:
        ask = client(wms)
        await ask.post("/v1/outbounds", {"items": [request_of()]})
        said = [
            (await ask.post("/v1/outbounds/label", each))[1]["status"]
            for each in (
                delivery(),
                delivery(),
                delivery(2, b"^XAnew^XZ"),
                delivery(),
                delivery(2, b"^XAother^XZ"),
                delivery(3, b""),
            )
        ]
        assert said == ["accepted", "duplicate", "accepted", "duplicate", "rejected", "rejected"]
        held = wms.labels.of_order("ORD-XD-1")
        assert (held.version, held.size, held.received["XD-1-label-1"]) == (2, 9, 3)
    async with SandboxWms(path=path) as wms:
        books = (await client(wms).get("/__sandbox/labels"))[1]["labels"]
        assert books["XD-1"]["version"] == 2


@pytest.mark.parametrize(("left", "key", "code"), [(False, "XD-9", "unknown_outbound"), (True, "XD-1", "too_late")])
async def test_a_label_that_cannot_be_taken_is_rejected(client, request_of, left, key, code):
    async with SandboxWms() as wms:
        ask = client(wms)
        await ask.post("/v1/outbounds", {"items": [request_of()]})
        if left:
            await ask.post("/__sandbox/labels/left", {"outbound_key": "XD-1"})
        result = (await ask.post("/v1/outbounds/label", delivery(key=key)))[1]
        assert (result["status"], result["code"]) == ("rejected", code)


async def test_faults_meet_labels_too(client, request_of, order):
    script = Script(rules=(Rule(fault=Fault.S500, match=Match(path="/v1/*label*"), times=1),))
    async with SandboxOms(script=script) as oms, SandboxWms(script=script) as wms:
        oms.put([replace(order(), label_ready=True)])
        await client(wms).post("/v1/outbounds", {"items": [request_of()]})
        statuses = [(await client(oms).get("/v1/labels?ref=ORD-1"))[0] for _ in range(2)]
        statuses += [(await client(wms).post("/v1/outbounds/label", delivery()))[0] for _ in range(2)]
    assert statuses == [500, 200, 500, 200]
