"""Shipping labels through the daemon as shipped: OMS, daemon and warehouse are real processes and servers."""

from __future__ import annotations

import asyncio
import hashlib
import signal
import stat
import sys

import pytest
from msgspec.structs import replace
from tests.e2e.conftest import RUN, World, an_order

from crossdock.control.client import Refusal
from crossdock.control.records.orders import OrderRef
from crossdock.spec.orders import Address
from crossdock.testing.sandbox.oms_labels import LabelIn, made_of

NAMED = OrderRef(connection="shop", ref="O-1")


def digest(data):
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def moved(order, street):
    return replace(order, recipient=replace(order.recipient, address=Address(lines=(street,), country="TH")))


class Labelled(World):
    """A world whose shop may give labels by address, from itself."""

    def text(self) -> str:
        host = self.oms.url.removeprefix("http://")
        shop, depot = super().text().split("[connections.depot]")
        shop = shop.replace("timeout_s = 2", f'timeout_s = 2, label_hosts = ["{host}"]')
        return f"{shop}[connections.depot]{depot}"

    async def until_label(self, version, state="ready"):
        async def stands():
            try:
                found = await self.label()
            except Refusal:
                return False
            return (found.row.version, found.row.state) == (version, state)

        await self.until(stands, f"the label is {state} at version {version}")

    async def label(self):
        return await self.client(lambda c: c.label("shop", "O-1"))

    async def until_delivered(self, version):
        async def has():
            held = self.wms.labels.of_order("O-1")
            return held is not None and held.version == version

        await self.until(has, f"the warehouse has version {version} of the label")

    async def begin(self, **environ):
        await self.start(**environ)
        await self.set_up()

    async def order(self):
        (item,) = (await self.client(lambda c: c.orders(text="O-1"))).items
        return item


@pytest.fixture
async def world(tmp_path):
    made = Labelled(tmp_path)
    await made.up()
    yield made
    await made.down()


@pytest.mark.behaviour("R18", "R22")
async def test_the_label_of_a_pushed_order_reaches_its_warehouse_by_itself(world):
    await world.begin()
    world.oms.put([an_order(1)])
    await world.until_delivered(1)
    held = world.wms.labels.of_order("O-1")
    assert held.digest == digest(made_of(world.oms.books.order("O-1")))
    assert held.outbound_key in world.wms.books.by_key
    await world.until_label(1)
    assert await world.stop() == 0


@pytest.mark.behaviour("R22")
async def test_after_a_change_of_address_the_warehouse_gets_the_new_label(world):
    await world.begin()
    world.oms.put([an_order(1)])
    await world.until_delivered(1)
    world.oms.put([moved(an_order(1), "2 ถนนสุขุมวิท")])
    await world.until_delivered(2)
    await world.until_label(2)
    new, old = (await world.label()).versions
    assert (new.state, old.state) == ("ready", "voided")
    assert world.wms.labels.of_order("O-1").digest == digest(made_of(world.oms.books.order("O-1")))


@pytest.mark.behaviour("R22")
async def test_a_printed_label_that_is_stale_makes_the_order_abnormal_until_it_is_replaced(world):
    await world.begin()
    world.oms.put([an_order(1)])
    await world.until_delivered(1)
    (done,) = (await world.client(lambda c: c.labels_printed([NAMED]))).results
    assert done.done
    world.oms.labels.put(LabelIn(ref="O-1", absent=True))
    world.oms.put([moved(an_order(1), "2 ถนนสุขุมวิท")])
    await world.until_label(1, "requested")
    detail = await world.label()
    assert [(v.state, v.printed_count) for v in detail.versions] == [("stale", 1)]
    assert len(detail.problems) == 1
    assert "printed" in detail.problems[0]
    assert (await world.order()).tab == "abnormal"
    world.oms.labels.put(LabelIn(ref="O-1"))
    await world.until_delivered(2)

    async def healed():
        return (await world.label()).problems == ()

    await world.until(healed, "the incident is closed")


@pytest.mark.behaviour("R22", "R10", "R11", "R13")
async def test_a_label_is_pulled_by_hand_as_a_task_under_the_five_minute_limit(tmp_path):
    world = Labelled(tmp_path, interval=300)
    await world.up()
    try:
        await world.begin()
        world.oms.put([an_order(1, label_ready=False)])
        await world.client(lambda c: c.sync("shop", ["O-1"]))
        await world.until_state("O-1", "not_pushed")  # its strategy waits for the label
        await world.client(lambda c: c.push([NAMED]))
        await world.until_state("O-1", "pushed")
        queued = await world.client(lambda c: c.pull_labels("shop", ["O-1"]))
        with pytest.raises(Refusal) as caught:
            await world.client(lambda c: c.pull_labels("shop", ["O-1"]))
        assert (caught.value.code, caught.value.again_at is None) == ("too_soon", False)

        async def ended():
            return (await world.client(lambda c: c.task(queued.task_id))).state not in ("queued", "running")

        await world.until(ended, "the task has ended")
        task = await world.client(lambda c: c.task(queued.task_id))
        assert (task.kind, task.state, task.failed) == ("pull_label", "partial", 1)
        (item,) = (await world.client(lambda c: c.task_results(queued.task_id))).items
        assert (item.ref, item.result) == ("O-1", "absent")
        assert "no label" in item.detail
        world.oms.labels.put(LabelIn(ref="O-1", data=b"^XAby hand^XZ"))
        await world.until_delivered(1)
    finally:
        await world.down()


@pytest.mark.behaviour("R22", "P11")
@pytest.mark.parametrize(
    "point", ["labels.fetched", "labels.stored", "operations.before_send", "operations.after_send"]
)
async def test_a_kill_between_download_and_delivery_loses_no_label_and_gives_none_twice(world, point):
    await world.begin(CROSSDOCK_FAILPOINT=point)
    world.oms.labels.put(LabelIn(ref="O-1", url="file"))
    world.oms.put([an_order(1)])
    assert await asyncio.wait_for(world.process.wait(), 30) == -signal.SIGKILL
    await world.start()
    await world.until_delivered(1)
    await world.until_label(1)
    held = world.wms.labels.of_order("O-1")
    assert held.digest == digest(made_of(world.oms.books.order("O-1")))
    assert list(held.received) == [f"{held.outbound_key}-label-1"]
    assert [v.version for v in (await world.label()).versions] == [1]


@pytest.mark.behaviour("R22")
@pytest.mark.security("S10")
async def test_an_address_that_was_not_declared_is_not_asked_and_the_order_goes_all_the_same(world):
    await world.begin()
    world.oms.labels.put(LabelIn(ref="O-1", url="http://169.254.169.254/latest/meta-data?secret=hush"))
    world.oms.put([an_order(1)])
    await world.until_state("O-1", "pushed")
    await world.until_label(0, "requested")

    async def refused():
        return (await world.label()).row.error_code == "label_host"

    await world.until(refused, "the address is refused")
    row = (await world.label()).row
    assert "label_hosts" in row.error
    assert "hush" not in row.error + world.output.read_text()
    world.oms.labels.put(LabelIn(ref="O-1"))
    await world.until_delivered(1)


@pytest.mark.behaviour("R22")
@pytest.mark.security("S16")
async def test_the_command_line_pulls_shows_and_saves_a_label_for_its_user_alone(world):
    await world.begin()
    world.oms.put([an_order(1)])
    await world.until_delivered(1)
    await world.until_label(1)

    async def typed(*words):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", RUN, "--socket", str(world.folder / "control.sock"), *words,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        out, _ = await process.communicate()
        return process.returncode, out.decode()

    file = world.folder / "label.zpl"
    code, out = await typed("labels", "save", "O-1", str(file))
    assert code == 0, out
    assert file.read_bytes() == made_of(world.oms.books.order("O-1"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.write_bytes(b"mine")
    code, out = await typed("labels", "save", "O-1", str(file))
    assert (code, "not overwritten" in out, file.read_bytes()) == (1, True, b"mine")
    code, out = await typed("labels", "list", "--state", "ready")
    assert (code, "O-1" in out) == (0, True)
    code, out = await typed("labels", "printed", "O-1")
    assert (code, "printed 1 time" in out) == (0, True)
    code, out = await typed("labels", "confirm", "O-1", "--reason", "looked at it")
    assert (code, "NOT DONE" in out) == (1, True)
    code, out = await typed("labels", "show", "O-1")
    assert (code, "printed" in out, "application/zpl" in out) == (0, True, True)
    code, out = await typed("labels", "pull", "O-1")
    assert (code, "queued as task" in out) == (0, True)
    assert "สมชาย" not in out
