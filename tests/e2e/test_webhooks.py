"""Webhooks through the real daemon, sent by the sandboxes: they lead to a fetch long before polling would."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from tests.e2e.conftest import World, an_order

from crossdock.control.records.book import Warehouse
from crossdock.spec.stock import StockLevel

pytestmark = pytest.mark.security("S11")
WEBHOOKS = """
[webhooks]
listen = "127.0.0.1:{port}"
min_gap_s = 0.1
connections.shop.secrets = ["shop.hook"]
connections.depot.secrets = ["depot.hook"]
"""


class HookedWorld(World):
    """Nothing is polled but once at the start: what comes after that came by a hint."""

    def __init__(self, folder):
        super().__init__(folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.hook_port = free.getsockname()[1]

    def text(self):
        slow = super().text().replace("every_s = 0.2", "every_s = 86400")
        return slow.replace("[plugins]", WEBHOOKS.format(port=self.hook_port) + "[plugins]")

    async def up(self):
        await super().up()
        for name, system in (("shop", self.oms), ("depot", self.wms)):
            secret = self.folder / "secrets" / f"{name}.hook"
            secret.touch(mode=0o600)
            secret.write_text(f"a long enough secret of {name}")
            system.webhooks.register(
                f"http://127.0.0.1:{self.hook_port}/hooks/{name}", f"a long enough secret of {name}"
            )

    async def until_fetched(self):
        async def fetched():
            return self.oms.calls["GET /v1/orders"] > 0

        await self.until(fetched, "the first fetch is done")


@pytest.fixture
async def hooked(tmp_path):
    made = HookedWorld(tmp_path)
    await made.up()
    yield made
    await made.down()


async def test_an_order_is_fetched_by_name_when_the_oms_says_that_it_changed(hooked):
    await hooked.start()
    await hooked.set_up()
    await hooked.until_fetched()
    listed = hooked.oms.calls["GET /v1/orders"]
    hooked.oms.put([an_order(1), an_order(2)])
    await hooked.until_arrived("O-1", "O-2")
    assert hooked.oms.calls["GET /v1/orders"] == listed
    assert hooked.oms.calls["POST /v1/orders/get"] >= 1
    found = await hooked.client(lambda c: c.connections())
    assert {item.name: item.last_hint is not None for item in found.items} == {"depot": False, "shop": True}
    tasks = await hooked.client(lambda c: c.tasks())
    assert "webhook" in {task.origin for task in tasks.items}


async def test_stock_is_listed_when_the_wms_says_that_it_changed(hooked):
    await hooked.start()
    await hooked.client(lambda c: c.save_warehouse(Warehouse(code="WH", connection="depot", remote="W1")))
    await hooked.client(lambda c: c.switch_stock("WH", on=True))

    async def asked():
        return hooked.wms.calls["GET /v1/stock"] > 0

    await hooked.until(asked, "the first listing is done")
    level = StockLevel(sku="A", warehouse="W1", on_hand=Decimal(4), observed_at=datetime.now(UTC))
    hooked.wms.stock.put([level])

    async def told():
        return "WH/A" in hooked.oms.stock.levels.items

    await hooked.until(told, "the OMS was told")


async def test_a_forged_one_leads_to_no_fetch(hooked):
    hooked.oms.webhooks._to.clear()
    hooked.oms.webhooks.register(f"http://127.0.0.1:{hooked.hook_port}/hooks/shop", "a guess")
    await hooked.start()
    await hooked.until_fetched()
    hooked.oms.put([an_order(1)])

    async def counted():
        return "a webhook of shop was not used: forged" in hooked.output.read_text()

    await hooked.until(counted, "it is said")
    assert hooked.oms.calls["POST /v1/orders/get"] == 0
    assert (await hooked.client(lambda c: c.connections())).items[1].last_hint is None
