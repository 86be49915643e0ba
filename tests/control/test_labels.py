"""Labels on the control API: who may do what, and what is said where there is none."""

from __future__ import annotations

import pytest
from tests.control.world import FakeOms, FakeWms, World, order

from crossdock.control.client import Refusal
from crossdock.control.records.orders import OrderRef
from crossdock.spec.labels import Label
from crossdock.spec.orders import OrderStatus
from crossdock.spec.outbound import PushResult, PushStatus

PDF = b"%PDF-1.7 somchai"


class LabelOms(FakeOms):
    hooks = FakeOms.hooks | {"fetch_label"}

    async def fetch_label(self, ref, package_ref):
        return Label(content_type="application/pdf", data=PDF)


class LabelWms(FakeWms):
    hooks = FakeWms.hooks | {"push_label"}

    async def push_label(self, item):
        return PushResult(key=item.key, status=PushStatus.ACCEPTED)


@pytest.fixture
async def world(tmp_path):
    made = World(tmp_path)
    made.oms, made.wms = LabelOms(), LabelWms()
    await made.start()
    await made.settings()
    made.serve(order("A"))
    await made.fetch()
    await made.until("A", "pushed")
    yield made
    await made.stop()


async def ready(world):
    async with world.client() as client:
        while True:
            page = await client.labels(state="ready", connection="oms")
            if page.items:
                return page
            await world.env.sleep(0.005)


@pytest.mark.behaviour("R22", "R42")
@pytest.mark.security("S16")
async def test_the_bytes_of_a_label_are_personal_data(world):
    page = await ready(world)
    assert [(item.ref, item.version) for item in page.items] == [("A", 1)]
    async with world.client() as client:
        content = await client.label_content("oms", "A")
        assert (content.data, content.content_type, content.version) == (PDF, "application/pdf", 1)
        world.become("viewer")
        detail = await client.label("oms", "A")
        assert (detail.row.state, detail.versions[0].size, detail.versions[0].kept) == ("ready", len(PDF), True)
        for ask in (
            client.label_content("oms", "A"), client.pull_labels("oms", ["A"]),
            client.labels_printed([OrderRef(connection="oms", ref="A")]),
            client.confirm_labels([OrderRef(connection="oms", ref="A")], "seen"),
        ):  # fmt: skip
            with pytest.raises(Refusal) as caught:
                await ask
            assert caught.value.code == "forbidden"


@pytest.mark.parametrize(("ref", "version"), [("B", None), ("A", 9)])
async def test_what_is_not_there_is_not_found_and_named(world, ref, version):
    await ready(world)
    async with world.client() as client:
        with pytest.raises(Refusal, match=ref) as caught:
            await client.label_content("oms", ref, version)
        assert caught.value.code == "not_found"


@pytest.mark.behaviour("R10", "R22")
async def test_lists_of_labels_have_a_limit_of_their_own_and_only_connections_with_labels_are_asked(world):
    await ready(world)
    async with world.client() as client:
        assert (await client.pull_labels("oms", ["A", "B"])).task_id
        with pytest.raises(Refusal, match="one order alone") as caught:
            await client.pull_labels("oms", ["A", "C"])
        assert caught.value.code == "too_soon"
        assert (await client.pull_labels("oms", ["A"])).task_id
        with pytest.raises(Refusal, match="gives shipping labels"):
            await client.pull_labels("wms", ["A"])
        with pytest.raises(Refusal):
            await client.pull_labels("oms", ["A\nB"])


@pytest.mark.behaviour("R22")
async def test_the_label_of_a_cancelled_order_says_that_it_must_not_be_used(world):
    await ready(world)
    world.serve(order("A", status=OrderStatus.CANCELLED))
    await world.fetch()
    async with world.client() as client:
        await world.until("A", "cancel_rejected")
        assert (await client.label_content("oms", "A")).warning is None  # its warehouse ships it, as far as is known
        await client.decide_packages([OrderRef(connection="oms", ref="A")], "cancelled", "cancelled there")
        (item,) = (await client.labels()).items
        assert "must not be used" in item.unusable
        assert (await client.label("oms", "A")).row.unusable == item.unusable
        assert (await client.label_content("oms", "A")).warning == item.unusable
        printed = await client.labels_printed([OrderRef(connection="oms", ref="A")])
        assert item.unusable in printed.results[0].text
