"""What a task says about each order: what became of it, in what it differed, and nobody's personal data."""

from __future__ import annotations

import pytest

from crossdock.flows import task_items
from crossdock.flows.absorb import MOST_ITEMS
from crossdock.flows.pull_orders import sync_orders
from crossdock.spec.orders import Address, Page, Recipient, Unreadable
from crossdock.store import tasks
from crossdock.store.tasks import Item, TaskKind
from crossdock.store.times import to_ms

CANARY = "Kanarienvogel"


@pytest.fixture
def sync(bench):
    """Sync orders as a task and return what it says of each, by ref."""

    async def synced(*refs):
        now = to_ms(bench.env.now())
        task = await bench.store.write(tasks.create, TaskKind.SYNC_ORDER, "oms", now, origin="user")
        await sync_orders("oms", bench.oms, bench.house, refs, task.id)
        items = [item for _, item in await bench.store.read(tasks.items, task.id, 0, 100)]
        assert len({item.ref for item in items}) == len(items)
        return {item.ref: item for item in items}

    return synced


def paths(item):
    return [(each.path, each.before, each.after) for each in task_items.differences(item.diff)]


@pytest.mark.behaviour("R11", "R17")
async def test_a_sync_says_of_each_order_what_became_of_it_and_in_what_it_differed(bench, kit, sync):
    await bench.absorb(*(kit.order(ref, holds=("wait",)) for ref in ("changed", "same", "released")))
    bench.oms.orders = {
        "changed": kit.order("changed", holds=("wait",), lines=(kit.line(quantity=7),), tracking_number="T1"),
        "same": kit.order("same", holds=("wait",)),
        "released": kit.order("released"),
        "new": kit.order("new", holds=("wait",)),
        "broken": Unreadable("broken", b"{", "cut off"),
    }
    found = await sync("changed", "same", "released", "new", "broken", "gone")
    assert {ref: item.result for ref, item in found.items()} == {
        "changed": "changed", "same": "unchanged", "released": "queued", "new": "new", "broken": "quarantined", "gone": "gone",
    }  # fmt: skip
    assert paths(found["changed"]) == [("lines[1].quantity", "1", "7"), ("tracking_number", None, "T1")]
    assert found["changed"].detail == "2 fields; it stands at held"
    assert (found["broken"].detail, found["same"].diff) == ("cut off", "")
    assert [path for path, _, _ in paths(found["released"])] == ["holds[0]"]


@pytest.mark.security("S16")
async def test_a_difference_in_personal_data_is_kept_as_its_path_only(bench, kit, sync):
    await bench.absorb(kit.order("1"))
    to = Recipient(name=CANARY, phone=CANARY, address=Address(lines=(CANARY,), city=CANARY))
    bench.oms.orders = {"1": kit.order("1", recipient=to, buyer_note=CANARY, extra={"to": CANARY})}
    found = (await sync("1"))["1"]
    assert CANARY not in found.diff
    assert {path for path, _, _ in paths(found)} == {
        "buyer_note", "extra.to", "recipient.address.city", "recipient.address.lines[0]", "recipient.name", "recipient.phone",
    }  # fmt: skip


async def test_an_order_that_was_touched_only_says_so(bench, kit, sync):
    await bench.absorb(kit.order("1", holds=("wait",)))
    bench.later(minutes=1)
    bench.oms.orders = {"1": kit.order("1", holds=("wait",), updated_at=bench.env.now())}
    found = (await sync("1"))["1"]
    assert (found.result, found.detail, found.diff) == ("changed", "its change stamp only; it stands at held", "")


async def test_what_is_kept_of_one_order_is_bounded(bench, kit, sync):
    await bench.absorb(kit.order("1"))
    lines = tuple(kit.line(no, sku="A" * 190, name="N" * 20_000) for no in range(2, 300))
    bench.oms.orders = {"1": kit.order("1", lines=lines)}
    assert len((await sync("1"))["1"].diff) < 20_000


async def test_a_fetch_on_schedule_tells_what_changed_or_cannot_be_read_bounded_and_only_counts_what_is_new(bench, kit):
    known = [kit.order(str(n)) for n in range(MOST_ITEMS + 10)]
    assert (await bench.absorb(*known, unreadable=[Unreadable("broken", b"{", "cut off")])).items == (
        Item("broken", "quarantined", "cut off"),
    )
    pulled = await bench.pull(Page(orders=tuple(kit.order(o.ref, lines=(kit.line(quantity=3),)) for o in known)))
    assert len(pulled.items) == MOST_ITEMS
    assert paths(pulled.items[0]) == [("lines[1].quantity", "1", "3")]


async def test_a_task_says_one_thing_of_an_order_though_it_was_fetched_and_then_queued(bench):
    task = await bench.store.write(tasks.create, TaskKind.OBTAIN_NEW, "oms", 1, origin="user")
    await bench.store.write(tasks.add, task.id, tasks.Totals(), [Item("A", "new", "it stands at not_pushed", "[]")])
    await bench.store.write(tasks.end_as, task.id, [Item("A", "queued", "for warehouse WH"), Item("B", "queued", "x")])
    items = [item for _, item in await bench.store.read(tasks.items, task.id, 0, 9)]
    assert items == [Item("A", "queued", "for warehouse WH", "[]"), Item("B", "queued", "x")]
