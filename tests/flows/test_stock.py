"""Stock from a WMS to an OMS: through the real stream, store and operations, whatever order pages and answers come in."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossdock.flows.listing import PullPolicy
from crossdock.flows.operations import carry_out
from crossdock.flows.pull_stream import pull_stream
from crossdock.flows.sync_stock import LevelStream, MovementStream, StockHandler, send_unconfirmed
from crossdock.rules.book import Mapping, MappingKind
from crossdock.rules.connection_health import Limits
from crossdock.rules.operation_outcome import OperationPolicy
from crossdock.spec import errors
from crossdock.spec.listing import Listing
from crossdock.spec.orders import FetchMode
from crossdock.spec.outbound import ItemResult
from crossdock.spec.stock import StockLevel, StockMovement, level_name
from crossdock.store import book, incidents, operations, stock
from crossdock.store.times import to_ms

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_level(sku="A", on_hand=1, minutes=0, **fields):
    values = {
        "sku": sku,
        "warehouse": "1",
        "on_hand": Decimal(on_hand),
        "observed_at": NOW - timedelta(minutes=minutes),
    }
    return StockLevel(**{**values, **fields})


def a_movement(ref, change=1, sku="A"):
    return StockMovement(ref=ref, sku=sku, warehouse="1", change=Decimal(change), at=NOW)


class Wms:
    def __init__(self):
        self.pages = deque()

    async def fetch_stock(self, window, cursor, limit):
        return self.pages.popleft()

    fetch_movements = fetch_stock


class Oms:
    """Takes over stock as the contract says; answers with the next entry of `script`."""

    def __init__(self):
        self.levels, self.history, self.moved, self.script, self.calls = {}, [], {}, deque(), []

    async def apply_stock(self, levels):
        self.calls.append([level_name(level) for level in levels])
        said = self.script.popleft() if self.script else "ok"
        if said == "refused":
            return [ItemResult(ref=level_name(level), ok=False, code="unknown_sku") for level in levels]
        for level in levels:
            held = self.levels.get(level_name(level))
            if held is None or level.observed_at > held.observed_at:
                self.levels[level_name(level)] = level
                self.history.append(level)
        if said == "lost":
            raise errors.UnknownOutcome("the answer was lost")
        return [ItemResult(ref=level_name(level), ok=True) for level in levels]

    async def apply_movements(self, movements):
        self.calls.append([movement.ref for movement in movements])
        for movement in movements:
            self.moved.setdefault(movement.ref, movement)
        if self.script and self.script.popleft() == "lost":
            raise errors.UnknownOutcome("the answer was lost")
        return [ItemResult(ref=movement.ref, ok=True) for movement in movements]


class Stock:
    """One WMS, one OMS, and what lies between them."""

    def __init__(self, bench, kit, able=("oms",), batch=10):
        self.bench, self.kit, self.wms, self.oms = bench, kit, Wms(), Oms()
        self.able = list(able)
        self.levels = LevelStream("wms", self.wms, bench.house.books, lambda: self.able)
        self.movements = MovementStream("wms", self.wms, bench.house.books, lambda: self.able)
        self.handlers = {kind: StockHandler(self.oms, batch, kind) for kind in ("stock", "movement")}

    async def switch(self, on=True, oms=""):
        await self.bench.store.write(stock.set_switch, "WH", on=on, oms=oms)

    async def see(self, *items, stream=None):
        self.wms.pages.append(Listing(items=items))
        policy = PullPolicy(
            mode=FetchMode.CHANGED, overlap=timedelta(), page_size=99, max_pages=9, initial=timedelta(days=1),
            ordered=True,
        )  # fmt: skip
        return await pull_stream("wms", stream or self.levels, self.bench.house, policy, lambda: True)

    async def send(self):
        self.bench.runs += 1
        lane = self.kit.lane(self.bench.runs)
        lane.connection = "oms"
        policy = OperationPolicy(limits=Limits(), settle=timedelta(seconds=60))
        await carry_out(self.handlers, self.bench.house, lane, policy, 4)

    async def known(self):
        return {row.level.sku: row for row in await self.bench.store.read(stock.page, 0, 100)}

    async def incidents(self):
        return [i.code for i in await self.bench.store.read(incidents.page, 0, 10)]

    async def map(self, ours, theirs):
        entry = Mapping(warehouse="WH", kind=MappingKind.SKU, ours=ours, theirs=theirs)
        await self.bench.store.write(book.save, entry)


@pytest.fixture
async def world(bench, kit):
    made = Stock(bench, kit)
    await made.switch()
    return made


async def test_a_level_goes_to_the_oms_under_our_names(bench, world):
    await world.map("OUR-A", "A")
    done = await world.see(a_level(on_hand=7))
    assert done.wake == {"oms"}
    await world.send()
    assert {name: level.on_hand for name, level in world.oms.levels.items()} == {"WH/OUR-A": 7}
    known = (await world.known())["A"]
    assert known.confirmed == known.mark


async def test_the_mark_of_what_the_oms_holds_moves_only_after_it_confirmed(world):
    await world.see(a_level())
    assert (await world.known())["A"].confirmed is None
    world.oms.script.append("lost")
    await world.send()
    assert (await world.known())["A"].confirmed is None
    world.bench.later(minutes=20)
    await world.send()
    assert (await world.known())["A"].confirmed is not None
    assert world.oms.calls == [["WH/A"], ["WH/A"]]


async def test_an_older_level_is_refused_and_an_equal_one_is_no_change(world):
    await world.see(a_level(on_hand=5, minutes=1))
    await world.see(a_level(on_hand=9, minutes=2), a_level(on_hand=8, minutes=1))
    await world.send()
    assert [level.on_hand for level in world.oms.history] == [5]


async def test_a_newer_level_takes_the_place_of_one_that_was_not_sent(world):
    for minutes in (9, 8, 7):
        await world.see(a_level(on_hand=minutes, minutes=minutes))
    await world.send()
    assert [level.on_hand for level in world.oms.history] == [7]
    assert world.oms.calls == [["WH/A"]]


async def test_a_newer_level_waits_for_the_doubt_about_an_older_one(world):
    await world.see(a_level(on_hand=9, minutes=9))
    world.oms.script.append("lost")
    await world.send()
    await world.see(a_level(on_hand=8, minutes=8))
    world.bench.later(minutes=20)
    await world.send()
    assert [level.on_hand for level in world.oms.history] == [9, 8]
    known = (await world.known())["A"]
    assert known.confirmed == known.mark


async def test_many_levels_go_in_one_call(world):
    await world.see(*(a_level(f"S{n}") for n in range(10)))
    await world.send()
    assert [len(call) for call in world.oms.calls] == [10]


async def test_a_level_from_the_future_is_not_taken(world):
    done = await world.see(a_level(minutes=-60), a_level("B"))
    assert (done.totals.failed, set(await world.known())) == (1, {"B"})


async def test_levels_that_cannot_be_taken_are_one_incident_a_cause_until_a_sound_one_comes(world):
    taken = world.levels.absorb
    await world.see(a_level(minutes=-60), a_level("B", minutes=-90), a_level("C", on_hand="NaN"), a_level("D"))
    assert await world.incidents() == ["future", "no_number"]
    found = await world.bench.store.read(incidents.page, 0, 10)
    assert "wms" in found[0].text
    held = await world.bench.store.read(incidents.subjects, found[0].id, "", 10)
    assert [name for name, _, _ in held] == ["level:wms/1/A", "level:wms/1/B"]
    assert "2026-03-01 13:00:00 UTC" in held[0][2]
    await world.see(a_level("A"), a_level("C"))
    assert await world.incidents() == ["future"]
    await world.see(a_level("B"))
    assert await world.incidents() == []
    (item,) = (await world.bench.store.write(taken, "wms", [a_level(minutes=-60)], NOW)).items
    assert item.result == "refused"
    assert item.detail == (
        "it is not taken: it says that it was observed at 2026-03-01 13:00:00 UTC, which is in the future; the next level "
        "of this SKU that can be taken counts"
    )


async def test_a_level_that_cannot_be_taken_is_no_trouble_while_its_warehouse_sends_no_stock(world):
    await world.switch(on=False)
    await world.see(a_level(minutes=-60))
    assert await world.incidents() == []


async def test_movements_that_cannot_be_taken_are_an_incident_until_they_come_right(world):
    await world.see(a_movement("m1", "NaN"), stream=world.movements)
    assert await world.incidents() == ["no_number"]
    await world.see(a_movement("m1"), stream=world.movements)
    assert await world.incidents() == []


async def test_one_that_is_no_number_spoils_no_other(world):
    done = await world.see(a_level(on_hand="NaN"), a_level("B", sequence=2**63), a_level("C"))
    assert (done.totals.failed, set(await world.known())) == (2, {"C"})
    done = await world.see(a_movement("m1", "Infinity"), a_movement("m2"), stream=world.movements)
    await world.send()
    assert (done.totals.failed, list(world.oms.moved)) == (1, ["wms:m2"])


async def test_while_it_is_off_nothing_is_sent_and_the_wms_is_not_asked(bench, world):
    await world.switch(on=False)
    assert await bench.store.read(world.levels.wanted) is False
    await world.see(a_level())
    await world.send()
    assert world.oms.calls == []
    await world.switch()
    assert await bench.store.read(world.levels.wanted) is True
    now = to_ms(bench.env.now())
    await bench.store.write(send_unconfirmed, "wms", "1", bench.house.books, ["oms"], "", now)
    await world.send()
    assert world.oms.calls == [["WH/A"]]


async def test_sending_again_what_is_on_its_way_doubles_nothing_and_loses_nothing(bench, world):
    await world.see(a_level())
    for _ in range(3):
        now = to_ms(bench.env.now())
        await bench.store.write(send_unconfirmed, "wms", "1", bench.house.books, ["oms"], "", now)
    await world.send()
    assert world.oms.calls == [["WH/A"]]


async def test_an_ambiguous_sku_is_held_and_sent_when_a_person_decided(bench, world):
    await world.map("X", "A")
    await world.map("Y", "A")
    await world.see(a_level())
    assert (await world.incidents(), (await world.known())["A"].held) == (["ambiguous"], "ambiguous")
    await bench.store.write(book.remove, Mapping, "WH\x1fsku\x1fY")
    await world.see()
    await world.send()
    assert (await world.incidents(), world.oms.calls) == ([], [["WH/X"]])


async def test_an_incident_that_goes_on_keeps_its_beginning_and_changes_with_its_cause(bench, world):
    await world.map("X", "A")
    await world.map("Y", "A")
    await world.see(a_level())
    for _ in range(3):
        bench.later(minutes=5)
        await world.see(a_level(minutes=-1))
    (found,) = await bench.store.read(incidents.page, 0, 10)
    assert found.opened_at == to_ms(NOW)
    for ours in "XY":
        await bench.store.write(book.remove, Mapping, f"WH\x1fsku\x1f{ours}")
    await world.map("A", "Z")
    await world.see()
    assert await world.incidents() == ["unmapped"]


async def test_more_held_levels_than_are_tried_at_once_all_get_their_turn(world):
    world.able = []
    for start in range(0, 300, 60):
        await world.see(*(a_level(f"S{n}") for n in range(start, start + 60)))
    world.able = ["oms"]
    await world.see()
    await world.see()
    assert all(row.held is None for row in (await world.bench.store.read(stock.page, 0, 400)))


async def test_without_an_oms_that_takes_stock_a_person_is_asked_to_choose(world):
    world.able = ["oms", "other"]
    await world.see(a_level())
    assert await world.incidents() == ["no_oms"]
    await world.switch(oms="oms")
    await world.see()
    await world.send()
    assert (await world.incidents(), world.oms.calls) == ([], [["WH/A"]])


async def test_a_refusal_is_seen_by_a_person_and_healed_by_the_next_level(world):
    await world.see(a_level(minutes=5))
    world.oms.script.append("refused")
    await world.send()
    assert await world.incidents() == ["unknown_sku"]
    await world.see(a_level(minutes=4))
    await world.send()
    assert await world.incidents() == []


async def test_a_movement_is_applied_once_however_often_it_is_listed(world):
    for _ in range(3):
        await world.see(a_movement("m1", 2), a_movement("m2", -1), stream=world.movements)
    world.oms.script.append("lost")
    await world.send()
    world.bench.later(minutes=20)
    await world.send()
    assert {ref: m.change for ref, m in world.oms.moved.items()} == {"wms:m1": 2, "wms:m2": -1}


async def test_movements_from_before_the_switch_are_never_sent(world):
    await world.switch(on=False)
    await world.see(a_movement("m1"), stream=world.movements)
    await world.switch()
    await world.see(a_movement("m1"), a_movement("m2"), stream=world.movements)
    await world.send()
    assert list(world.oms.moved) == ["wms:m2"]


async def test_a_movement_of_an_unmapped_sku_waits_for_its_mapping(world):
    await world.map("A", "X")
    await world.see(a_movement("m1", sku="A"), stream=world.movements)
    assert await world.incidents() == ["unmapped"]
    await world.map("OUR", "A")
    await world.see(stream=world.movements)
    await world.send()
    assert [m.sku for m in world.oms.moved.values()] == ["OUR"]


@given(st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_order_of_pages_and_lost_answers_ends_at_the_newest_and_never_goes_back(data):
    import asyncio

    pages = data.draw(st.lists(st.lists(st.integers(0, 9), max_size=4), max_size=8))
    script = data.draw(st.lists(st.sampled_from(["ok", "lost", "lost", "ok"]), max_size=8))
    asyncio.run(_history(pages, script))


async def _history(pages, script):
    from tests.flows.conftest import Bench, Kit

    bench = Bench()
    try:
        await bench.fill()
        world = Stock(bench, Kit)
        await world.switch()
        world.oms.script.extend(script)
        for minutes in pages:
            await world.see(*(a_level(on_hand=m, minutes=m) for m in minutes))
            await world.send()
            bench.later(minutes=2)
        for _ in range(20):
            bench.later(hours=1)
            await world.send()
        seen = [m for page in pages for m in page]
        if seen:
            assert world.oms.levels["WH/A"].on_hand == min(seen)
            stamps = [level.observed_at for level in world.oms.history]
            assert stamps == sorted(stamps)
            assert await bench.store.read(operations.open_of, "oms", "stock:WH/A") == []
    finally:
        bench.database.close()


async def test_two_levels_of_one_moment_are_decided_in_the_same_way_and_logged(bench, world, caplog):
    await world.see(a_level(on_hand=9), a_level(on_hand=2), a_level("B", 5))
    await world.send()
    assert world.oms.levels["WH/A"].on_hand == 2
    assert "wms told two levels of the same moment of 1 SKUs, such as ['1/A']" in caplog.text
