"""The demo: played to its end, and its verdict: what it calls well, what not, and that it says so."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import struct
import sys
import termios

import msgspec
import pytest

from crossdock.app import demo_desk, demo_goods, demo_live, demo_orders
from crossdock.app.demo_books import NEVER, Outcome, compare, tell
from crossdock.app.demo_desk import Desk, NotSeen, Told, played, sure
from crossdock.control.records.audit import AuditItem, AuditPage
from crossdock.env import REAL
from crossdock.spec.orders import OrderStatus
from crossdock.testing.sandbox.demo_day import Case
from crossdock.testing.sandbox.oms import SandboxOms
from crossdock.testing.sandbox.wms import SandboxWms

CASES = {"P1": Case.PLAIN, "P2": Case.GIFT, "R": Case.REFUSED, "H": Case.HOLD}
WELL = {"P1": 1, "P2": 1}


def wrong(arrived, refused):
    found = compare(CASES, arrived, refused)
    return {name: refs for name in ("lost", "doubled", "unexpected", "misjudged") if (refs := getattr(found, name))}


def test_each_eligible_order_once_and_the_refused_one_refused_is_well():
    assert compare(CASES, WELL, {"R"}).eligible == 2
    assert wrong(WELL, {"R"}) == {}


@pytest.mark.parametrize(
    ("arrived", "refused", "said"),
    [
        ({"P1": 1}, {"R"}, {"lost": ("P2",)}),
        ({"P1": 1}, {"R", "P2"}, {"lost": ("P2",), "misjudged": ("P2",)}),
        ({**WELL, "P1": 2}, {"R"}, {"doubled": ("P1",)}),
        ({**WELL, "H": 1}, {"R"}, {"unexpected": ("H",)}),
        ({**WELL, "R": 1}, {"R"}, {"unexpected": ("R",)}),
        (WELL, set(), {"misjudged": ("R",)}),
        (WELL, {"R", "P1"}, {"misjudged": ("P1",)}),
    ],
)
def test_what_is_not_well_is_named(arrived, refused, said):
    assert wrong(arrived, refused) == said


def test_a_refused_order_is_no_order_that_is_never_pushed():
    assert Case.REFUSED not in NEVER


def test_the_summary_says_of_failed_orders_how_many_and_why_and_that_there_are_none(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    outcome = Outcome(
        ok=True, orders=2, eligible=1, pushed=1, lost=(), doubled=(), unexpected=(), misjudged=(), cancelled=0, waiting={},
        failed={}, settled_doubts=0, still_in_doubt=0, faults={}, reported=1, seconds=1.0,
    )  # fmt: skip
    tell(outcome)
    assert re.search(r" 0 [│|] failed", capsys.readouterr().out)
    tell(msgspec.structs.replace(outcome, failed={"No warehouse 'HKT'": 1}, ok=False, misjudged=("R",)))
    shown = capsys.readouterr().out
    assert re.search(r" 1 [│|] failed: No warehouse 'HKT'", shown)
    assert "refused, or not, against what the warehouse says: R" in shown
    assert (
        "every eligible order arrived exactly once; NOT exactly what a warehouse refused is known as refused" in shown
    )
    tell(msgspec.structs.replace(outcome, ok=False, lost=("P1",)))
    assert "NOT every eligible order arrived exactly once" in capsys.readouterr().out


PARTS = [name for name, _ in (*demo_orders.PARTS, *demo_goods.PARTS)]
DEMO = "from crossdock.cli.main import main; main()"


async def ran(*words, out=asyncio.subprocess.PIPE):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", DEMO, "demo", *words, stdout=out, stderr=asyncio.subprocess.PIPE, env={**os.environ, "COLUMNS": "400"}
    )  # fmt: skip
    shown, said = await asyncio.wait_for(process.communicate(), 120)
    return process.returncode, (shown or b"").decode(), said.decode()


@pytest.mark.behaviour("R1", "R17", "R22", "R24", "R40", "R41", "R4")
async def test_the_working_day_is_played_to_its_end_and_every_part_of_it_went_well():
    code, shown, said = await ran("--orders", "30", "--seed", "4", "--json")
    outcome = msgspec.json.decode(shown, type=Outcome)
    assert [(told.part, told.ok, told.text) for told in outcome.day if not told.ok] == []
    assert (code, outcome.ok, said) == (0, True, "")
    assert sorted(told.part for told in outcome.day) == sorted(PARTS)
    assert outcome.orders == 30 + 10


async def test_in_a_terminal_it_tells_the_day_as_it_happens_and_what_became_of_each_part():
    ours, theirs = pty.openpty()
    reader = asyncio.get_running_loop().run_in_executor(None, drained, ours)
    code, _, said = await ran("--orders", "30", out=theirs)
    os.close(theirs)
    shown = (await reader).decode()
    os.close(ours)
    assert (code, said) == (0, "")
    for text in (
        "gives another address", "a van takes 6 parcels", "two more", "three values", "from 110.00 to 113.00", "version 2",
        "all 9 parts of the day went as they should", "every eligible order arrived exactly once",
    ):  # fmt: skip
        assert text in shown


def drained(end) -> bytes:
    found = b""
    while True:
        try:
            part = os.read(end, 65_536)
        except OSError:  # the other end is closed
            return found
        if not part:
            return found
        found += part


@pytest.fixture
async def desk(monkeypatch):
    monkeypatch.setattr(demo_desk, "PATIENCE_S", 0.0)
    said = []
    async with SandboxOms() as oms, SandboxWms(warehouses=("BKK",)) as wms:
        yield Desk(client=None, oms=oms, wms=wms, connection="bangkok", warehouse="BKK", say=said.append)


async def test_what_is_not_seen_in_time_or_not_so_is_told_as_not_as_it_should_be(desk):
    async def late(desk: Desk) -> str:
        await desk.until_seen(lambda: False, "the OMS has it")
        return "never said"

    async def wrong(desk: Desk) -> str:
        sure(desk.reported("O-1", "cancelled"), "the OMS was told")
        return "never said"

    async def well(_: Desk) -> str:
        return "it went well"

    told = [await played((play.__name__, play), desk) for play in (late, wrong, well)]
    assert [(each.part, each.ok) for each in told] == [("late", False), ("wrong", False), ("well", True)]
    assert told[0].text == "NOT as it should be: not within 0 s: the OMS has it"
    assert told[1].text == "NOT as it should be: the OMS was told"


def test_a_part_that_went_wrong_is_counted_in_the_verdict(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    outcome = Outcome(
        ok=False, orders=1, eligible=1, pushed=1, lost=(), doubled=(), unexpected=(), misjudged=(), cancelled=0, waiting={},
        failed={}, settled_doubts=0, still_in_doubt=0, faults={}, reported=1, seconds=1.0,
        day=(Told(part="stock", ok=True, text="it is so"), Told(part="costs", ok=False, text="NOT as it should be: x")),
    )  # fmt: skip
    tell(outcome)
    shown = capsys.readouterr().out
    assert "1 of 2 parts of the day went wrong" in shown
    assert "NOT as it should be: x" in shown


async def test_stock_that_went_back_in_time_or_is_not_what_the_warehouse_holds_is_seen(desk):
    from datetime import timedelta
    from decimal import Decimal

    from crossdock.spec.stock import StockLevel

    now = REAL.now()
    level = StockLevel(sku="A", warehouse="BKK", on_hand=Decimal(5), observed_at=now)
    desk.wms.stock.put([level])
    assert not demo_goods.in_step(desk)
    desk.oms.stock.levels.put([level])
    desk.oms.stock.history.append(level)
    assert demo_goods.in_step(desk)
    desk.oms.stock.history.append(msgspec.structs.replace(level, observed_at=now - timedelta(seconds=1)))
    assert not demo_goods.in_step(desk)


async def test_a_label_of_the_old_address_is_not_taken_for_the_new_one(desk):
    (order,) = (o for o in demo_orders.story_orders(1, now=REAL.now(), shop="s") if o.ref == demo_orders.MOVES)
    desk.oms.put([order])
    with pytest.raises(NotSeen, match="version 1 of the label"):
        await demo_orders.label_given(desk, order.ref, 1)
    with pytest.raises(NotSeen, match="has no order"):
        demo_orders.known(desk, "nobody")
    with pytest.raises(NotSeen, match="has no document"):
        desk.document("XD-none")


def test_the_orders_of_the_day_are_ready_to_ship_and_the_same_for_the_same_seed():
    now = REAL.now()
    made = demo_orders.story_orders(7, now=now, shop="s")
    assert made == demo_orders.story_orders(7, now=now, shop="s")
    assert len({order.ref for order in made}) == 10
    assert {order.status for order in made} == {OrderStatus.READY_TO_SHIP}
    assert all(order.label_ready and order.shop == "s" for order in made)


async def test_in_a_terminal_the_dashboard_opens_on_it_and_leaving_that_ends_it_with_its_summary():
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 140, 0, 0))
    shown = bytearray()
    loop = asyncio.get_running_loop()
    loop.add_reader(ours, lambda: shown.extend(os.read(ours, 65_536)))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", DEMO, "demo", "--orders", "30", "--seed", "4",
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, env={**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"},
    )  # fmt: skip

    async def until(*wanted):
        async with asyncio.timeout(100):
            while not any(each.encode() in shown for each in wanted):
                await asyncio.sleep(0.05)

    await until("Dashboard")
    os.write(ours, b"2")
    await until("outbound in progress")
    os.write(ours, b"q")
    await until("the dashboard was left")
    await until("eligible order arrived exactly once")
    assert await asyncio.wait_for(process.wait(), 30) == 0
    loop.remove_reader(ours)
    os.close(theirs)
    os.close(ours)
    assert b"done by hand" not in shown


async def test_orders_keep_coming_and_their_buyers_change_pay_and_cancel():
    async with SandboxOms() as oms:
        stream = demo_live.Stream(oms, 7)
        for _ in range(100):
            stream.step()
        assert len(stream.cases) + len(stream.moved) == len(oms.books.orders) == 100
        assert not stream.moved & set(stream.cases)
        moved = {oms.books.order(ref).status for ref in stream.moved}
        assert {OrderStatus.CANCELLED, OrderStatus.READY_TO_SHIP} <= moved


class Audited:
    """A client whose audit has these rows, newest first, two a page."""

    def __init__(self, *rows):
        self.rows = rows

    async def audit(self, *, limit, after=None):
        start = 0 if after is None else after
        page = self.rows[start : start + min(limit, 2)]
        return AuditPage(items=page, next=start + len(page) if start + len(page) < len(self.rows) else None)


def audited(number, action, thing, result="done"):
    return AuditItem(id=number, at=REAL.now(), actor="anna", action=action, object=thing, result=result)


async def test_what_a_person_did_in_the_dashboard_is_told_apart_from_what_the_demo_plays():
    client = Audited(
        audited(9, "hold", "shop/O-1"), audited(8, "hold", "shop/O-2", "refused"), audited(7, "pii.reveal", "shop/O-1"),
        audited(6, "decide_packages", "shop/DAY-2"), audited(5, "stock.switch", "BKK"), audited(4, "push_orders", "shop/O-3"),
        audited(3, "save_allocation", "10/CNX"),
    )  # fmt: skip
    assert await demo_live.newest_row(client) == 9
    assert await demo_live.done_by_hand(client, 3) == ("hold shop/O-1", "push_orders shop/O-3")
    assert await demo_live.done_by_hand(client, 9) == ()
    assert await demo_live.newest_row(Audited()) == 0
