"""A daemon in which every screen has something to show, and whose clock stands still while it is looked at."""

from __future__ import annotations

import contextlib
import os
import pwd
import sqlite3
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from msgspec.structs import replace
from tests.e2e.conftest import CONNECTION, RUN, TwoWarehouses, an_order
from tests.e2e.test_costs import inbound, receipt
from tests.e2e.test_documents import outbound, until_status
from tests.e2e.test_master_data import MANUAL, a_product
from tests.e2e.test_stock import a_level
from tests.tui.test_push_status import LOST, REFUSED, labelled
from tests.tui.test_tokens import Near

from crossdock.control.records.asks import SettleOrder
from crossdock.control.records.book import Allocation, Mapping, Strategy, Warehouse
from crossdock.control.records.orders import OrderRef
from crossdock.control.records.tokens import CreateToken
from crossdock.spec.documents import InboundKind, OutboundKind
from crossdock.spec.orders import Address, OrderLine, Recipient
from crossdock.spec.outbound import Stage
from crossdock.testing.sandbox.faults import Script
from crossdock.testing.sandbox.oms import SandboxOms

BEGIN = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
"""When the daemon is set up; that takes some seconds, and may take minutes where the machine is busy."""
SEEN = BEGIN + timedelta(minutes=90)
"""The moment that is looked at: whatever happened before is an hour old, however long it took."""
AT = """
import sys, time_machine
from datetime import datetime
from crossdock.env import Env, SteadyEnv
SteadyEnv.boot = Env.boot
at, goes_on = datetime.fromisoformat(sys.argv.pop(1)), sys.argv.pop(1) == "goes on"
if not goes_on:
    SteadyEnv.now = Env.now
time_machine.travel(at, tick=goes_on).start()
"""
"""Begins a daemon at a moment, from which its clock goes on, or at which it stands still."""
EVIL = "[bold red]\x1b[31mX\x1b]0;pwn\x07[@click=app.quit]\u202egone\u2066[/]\u200b\ufeff\u061c"
LONG = "บริษัท สยามการค้าและโลจิสติกส์ระหว่างประเทศ (ประเทศไทย) จำกัด (มหาชน) สำนักงานใหญ่"


class Furnished(TwoWarehouses, Near):
    """One OMS, two warehouses, and something of everything: in order, failed, in doubt, held, to be decided."""

    def __init__(self, folder) -> None:
        super().__init__(folder)
        self.idempotency = "none"
        self.oms = SandboxOms(cost_actual="set_average")
        self.fetches = 0.1

    def text(self) -> str:
        me = pwd.getpwuid(os.getuid()).pw_name
        people = {"buyer": (me,), "admin": (me,), "operator": ("somchai",), "viewer": ("mali",)}
        roles = "".join(f"[control.roles.{role}]\nusers = {list(users)}\n" for role, users in people.items())
        more = f"{roles}[control.two_person]\nsettle = true\n[costs]\ncheck_after_s = 0.3\n"
        annex = CONNECTION.format(name="annex", kind="wms", url=self.second.url, more="", timeout=2)
        return (
            super().text().replace("[connections.shop]", f"{more}[connections.shop]")
            .replace('shop.token" }', 'shop.token" }, cost_actual = "set_average"').replace('name = "shop.token"', "")
            .replace("settle_s = 1.5", "settle_s = 86400").replace("timeout_s = 0.5", "timeout_s = 10")
            .replace("every_s = 0.2", f"every_s = {self.fetches}")
            + annex.replace("every_s = 0.2", f"every_s = {self.fetches}")
        )  # fmt: skip

    async def furnish(self) -> None:
        """Let everything happen that is to be seen; then start again at the moment that is looked at."""
        for system, warehouse in ((self.oms, None), (self.wms, "W1"), (self.second, "W2")):
            system.products.put([a_product(sku) for sku in ("A", "B", "C")] + [a_product("D", name=EVIL)])
            if warehouse:
                system.stock.put([replace(a_level("A", 5), warehouse=warehouse)])
        await self.start(run=(AT + RUN, datetime.now(UTC).isoformat(), "goes on"))
        for part in (self._book, self._goods, self._orders, self._documents, self._people):
            await part()
            await self._settled()
        assert await self.stop() == 0
        self._forget_the_schedule()
        self.fetches = 86_400
        self.config.write_text(self.text())
        await self.start(run=(AT + RUN, SEEN.isoformat(), "stands"))

        async def compared() -> bool:
            tasks = (await self.client(lambda c: c.tasks())).items
            return tasks[0].kind == "reconcile" and all(each.finished_at is not None for each in tasks)

        await self.until(compared, "both sides are compared")

    def _forget_the_schedule(self) -> None:
        """Leave out the tasks that nobody asked for: how many there were depends on how long it took."""
        with contextlib.closing(sqlite3.connect(self.folder / "crossdock.db")) as database, database:
            database.execute("DELETE FROM task_items WHERE task_id IN (SELECT id FROM tasks WHERE origin = 'schedule')")
            database.execute("DELETE FROM tasks WHERE origin = 'schedule'")
            database.execute("UPDATE task_items SET task_id = 1")
            database.execute("UPDATE tasks SET id = 1")
            database.execute("UPDATE counters SET value = 1 WHERE name = 'tasks'")

    async def _book(self) -> None:
        await self.set_up(name="Bangkok", oms_code="BKK", need_logistics_mapping=True)
        for strategy in (
            Strategy(name="early", kind="advance", shops=("web",), minimum_status="paid", delay_minutes=30),
            Strategy(name="evening", kind="custom_advance", logistics=("Flash", "Kerry"), not_before="10:00", not_after="14:00"),
            Strategy(name="by hand", kind="manual_only", enabled=False),
        ):  # fmt: skip
            await self.client(lambda c, each=strategy: c.save_strategy(each))
        annex = Warehouse(code="ANNEX", name=LONG, connection="annex", remote="W2", strategies=("early", "evening"))
        await self.client(lambda c: c.save_warehouse(annex))
        await self.client(
            lambda c: c.save_allocation(Allocation(position=2, warehouse="ANNEX", countries=("LA", "KH"), logistics=("Kerry",)))
        )  # fmt: skip
        for each in (
            Mapping(warehouse="WH", kind="logistics", ours="Flash", theirs="FLASH"),
            Mapping(warehouse="WH", kind="sku", ours="GIFT", theirs=None),
        ):
            await self.client(lambda c, each=each: c.save_mapping(each))

    async def _goods(self) -> None:
        for code in ("WH", "ANNEX"):
            found = await self.client(lambda c, code=code: c.master_settings(code))
            plain = {name: getattr(found, name) for name in found.__struct_fields__}
            fields = {**found.fields, "name": MANUAL}
            await self.client(lambda c, p={**plain, "enabled": True, "fields": fields}, f=found: c.save_master_settings(type(f)(**p)))  # fmt: skip
            await self._until_products(code, "proposed", 4)
        plan = await self.client(lambda c: c.master_plan("WH"))
        await self.client(lambda c: c.apply_master_plan("WH", plan.id))
        await self._until_products("WH", "bound", 4)
        for sku, theirs in (("A", "Beaker"), ("B", "แก้วน้ำพลาสติกมีฝาปิด ขนาดใหญ่พิเศษ")):
            self.oms.products.edit(sku, name="Mug")
            self.wms.products.edit(sku, name=theirs)

        async def apart() -> bool:
            return (await self.client(lambda c: c.master_status("WH"))).conflicts == 2

        await self.until(apart, "two conflicts")
        self.wms.stock.put([a_level("B", 7)])
        await self.client(lambda c: c.switch_stock("WH", on=True))

        async def told() -> bool:
            return len(self.oms.stock.levels.items) == 2

        await self.until(told, "the OMS has the levels")

    async def _until_products(self, code: str, state: str, count: int) -> None:
        async def stand() -> bool:
            return (await self.client(lambda c: c.master_status(code))).products.get(state, 0) == count

        await self.until(stand, f"{count} products of {code} are {state}")

    async def _orders(self) -> None:
        made = {number: an_order(number) for number in (1, 2, 3)}
        for order in made.values():
            await self._one(order, "pushed")
            await labelled(self, order.ref)
        await self.client(lambda c: c.labels_printed([OrderRef(connection="shop", ref="O-3")]))
        self.wms.books.warehouses = ("W9",)
        await self._one(an_order(4), "push_failed")
        self.wms.books.warehouses = ("W1",)
        self.wms.set_faults(LOST)
        for number in (5, 6):
            await self._one(an_order(number), "in_doubt")
        self.wms.set_faults(Script())
        lines = (OrderLine(line_no=1, sku="แก้ว-พิเศษ", quantity=Decimal(2)),)
        await self._one(an_order(7, logistics="ด่วนพิเศษ", lines=lines), "held")
        person = Recipient(name=EVIL, phone="0", address=Address(lines=(EVIL, LONG), country="TH"))
        await self._one(
            an_order(8, number=EVIL, shop=LONG, logistics=EVIL, buyer_note=EVIL, recipient=person, lines=lines), "held"
        )
        await self._one(an_order(9, logistics="ด่วนพิเศษ"), "held")
        await self.client(lambda c: c.hold([OrderRef(connection="shop", ref="O-9")], "ลูกค้าขอเปลี่ยนที่อยู่"))
        await self.until_state("O-9", "held")
        self.oms.put_raw("BAD-1", b'{"ref": "BAD-1", "status": 7, "who": "Nok"}')

        async def aside() -> bool:
            return (await self.client(lambda c: c.status())).quarantine == 1

        await self.until(aside, "a record is put aside")
        await self._settled()
        self.wms.changes.move(self.wms.books.by_order["O-1"][-1].key, Stage.PACKED)
        await self._settled()
        self.oms.cancel("O-1")
        await self.until_state("O-1", "cancel_rejected")
        await self._settled()
        self.oms.put([replace(made[2], buyer_note="ring twice")])

        async def updated() -> bool:
            return (await self.client(lambda c: c.status())).updated == 1

        await self.until(updated, "O-2 is updated")

    async def _one(self, order, state: str) -> None:
        self.oms.put([order])
        await self.until_state(order.ref, state)
        await self._settled()

    async def _documents(self) -> None:
        now = datetime.now(UTC)
        self.wms.documents.put_inbound(
            inbound("IN-1", receipts=[receipt(), receipt("R2", "10", "4.00", 1)], updated_at=now),
            inbound("IN-2", cost=None, updated_at=now),
            inbound("IN-3", kind=InboundKind.TRANSFER, updated_at=now),
        )

        async def priced() -> bool:
            found = self.oms.costs.priced.get("A")
            return found is not None and found.average == Decimal("3.00")

        await self.until(priced, "the average is known")
        await self._settled()
        self.oms.set_faults(REFUSED)
        for document in (outbound("OUT-1"), outbound("OUT-2", kind=OutboundKind.TRANSFER)):
            self.wms.documents.put_outbound(document)
            await until_status(self, document.ref, "failed")
            await self._settled()
        self.oms.set_faults(Script())
        self.wms.documents.put_outbound(outbound("OUT-3"))
        await until_status(self, "OUT-3", "pushed")

    async def _people(self) -> None:
        created = await self.client(lambda c: c.create_token(CreateToken(user="anna", roles=("operator",))))
        await self.client(lambda c: c.create_token(CreateToken(user="mali", roles=("viewer",), name=LONG)))
        asked = SettleOrder(connection="shop", ref="O-5", settlement="arrived", reason="อยู่บนชั้นวาง", remote_id="R-7")
        async with self.far(created.token) as client:
            await client.settle(asked)
        await self.client(lambda c: c.pause("annex", "stocktaking"))
        await self.client(lambda c: c.sync("shop", ["O-2"]))

        async def synced() -> bool:
            tasks = (await self.client(lambda c: c.tasks())).items
            return bool(tasks) and all(each.finished_at is not None for each in tasks)

        await self.until(synced, "the task is done")

    async def _settled(self) -> None:
        """Wait until everything was fetched twice more and nothing is under way, so that what follows finds no other order."""
        lists = ((self.oms.calls, "GET /v1/orders"), (self.wms.calls, "GET /v1/outbound-documents"), (self.wms.calls, "GET /v1/inbound-documents"))  # fmt: skip
        before = [calls[path] for calls, path in lists]

        async def quiet() -> bool:
            if any(calls[path] < known + 2 for (calls, path), known in zip(lists, before, strict=True)):
                return False
            status, documents = await self.client(lambda c: c.status()), await self.client(lambda c: c.documents())
            waits = [each.ref for each in documents.items if each.push_status not in ("pushed", "failed")]
            return not waits and not status.operations_open and not status.tasks_queued and not status.tasks_running

        await self.until(quiet, "nothing is under way")
