"""Simulations: what would be pushed, by which rule, what a draft would make different; and that nothing is written."""

from __future__ import annotations

import hashlib
from decimal import Decimal

import msgspec
import pytest
from tests.control.world import order

from crossdock.control.records.book import Strategy, Warehouse
from crossdock.control.records.orders import OrderRef
from crossdock.control.records.simulation import Try
from crossdock.control.transport import Refusal
from crossdock.flows import simulate
from crossdock.spec.orders import OrderLine, OrderStatus
from crossdock.spec.outbound import PushStatus


@pytest.fixture
async def waiting(build):
    """Auto push is off; one order is arranged, one has no label, one is on hold."""
    world = await build()
    await world.settings(auto_push=False)
    world.serve(order("A", shop="s1"), order("B", label_ready=False), order("C", holds=("fraud",)))
    await world.fetch()
    await world.until("C", "held")
    return world


@pytest.fixture
async def client(waiting):
    async with waiting.client() as opened:
        yield opened


def said(found):
    return {i.ref: (i.would.would, i.would.rules) for i in found.items}


async def test_as_things_are_every_waiting_order_says_what_keeps_it(client):
    found = await client.simulate(Try())
    assert said(found) == {
        "A": ("keep", ("auto_push",)),
        "B": ("keep", ("auto_push", "strategy")),
        "C": ("keep", ("hold",)),
    }
    assert {each.rule: each.count for each in found.kept_by} == {"auto_push": 2, "strategy": 1, "hold": 1}
    assert (found.looked_at, found.would, found.differing, found.next) == (3, {"keep": 3}, 0, None)
    assert found.items[0].today is None


@pytest.mark.behaviour("R31", "R36")
async def test_the_switch_can_be_tried_before_it_is_touched(client):
    found = await client.simulate(Try(warehouse="WH1", auto_push=True))
    assert said(found) == {"A": ("push", ()), "B": ("keep", ("strategy",)), "C": ("keep", ("hold",))}
    assert [i.ref for i in found.items if i.differs] == ["A", "B"]
    assert found.items[0].today.would == "keep"
    assert found.items[0].would.strategy == "std"
    assert not (await client.warehouse("WH1")).auto_push


@pytest.mark.behaviour("R31", "R32", "R33")
async def test_a_strategy_that_is_not_saved_can_be_tried(client):
    draft = Strategy(name="ahead", kind="advance")
    found = await client.simulate(Try(warehouse="WH1", strategy=draft, use="ahead", auto_push=True))
    assert said(found) == {"A": ("push", ()), "B": ("push", ()), "C": ("keep", ("hold",))}
    assert {i.would.strategy for i in found.items if i.would.would == "push"} == {"ahead"}
    assert [s.name for s in (await client.strategies()).items] == ["std"]


async def test_a_draft_of_a_strategy_in_use_stands_for_the_saved_one(client):
    saved = await client.strategy("std")
    draft = msgspec.structs.replace(saved, shops=("elsewhere",))
    found = await client.simulate(Try(warehouse="WH1", strategy=draft, auto_push=True))
    assert said(found)["A"] == ("keep", ("strategy",))
    assert "'s1' is not designated" in found.items[0].would.reasons[0]


async def test_settings_of_a_warehouse_can_be_tried(client):
    settings = Warehouse(
        code="WH1", connection="wms", remote="W1", strategies=("std",), auto_push=True, auto_bind=False
    )
    found = await client.simulate(Try(settings=settings))
    assert said(found)["A"] == ("keep", ("skus",))


async def test_orders_can_be_named_and_only_some_be_shown(client):
    named = (OrderRef(connection="oms", ref="B"), OrderRef(connection="oms", ref="unknown"))
    assert list(said(await client.simulate(Try(orders=named)))) == ["B"]
    going = await client.simulate(Try(warehouse="WH1", auto_push=True, only="going"))
    assert (list(said(going)), going.looked_at) == (["A"], 3)
    differing = await client.simulate(Try(warehouse="WH1", auto_push=True, only="differing"))
    assert list(said(differing)) == ["A", "B"]
    assert (await client.simulate(Try(warehouse="WH1"))).looked_at == 3


async def test_pages_go_on_where_the_last_one_ended(client):
    first = await client.simulate(Try(limit=2))
    rest = await client.simulate(Try(after=first.next, limit=2))
    assert [i.ref for i in (*first.items, *rest.items)] == ["A", "B", "C"]
    assert rest.next is None


@pytest.mark.behaviour("P9")
async def test_a_page_is_bounded_in_orders_looked_at_and_in_time(waiting, client, monkeypatch):
    monkeypatch.setattr(simulate, "CHUNK", 1)
    monkeypatch.setattr(simulate, "SCAN", 2)
    found = await client.simulate(Try(only="going"))
    assert (found.items, found.looked_at, found.next is not None) == ((), 2, True)
    monkeypatch.setattr(simulate, "SCAN", 100)
    monkeypatch.setattr(simulate, "BUDGET_S", -1.0)
    found = await client.simulate(Try(only="going"))
    assert (found.looked_at, found.next is not None) == (1, True)


async def test_a_parked_order_is_kept_whatever_the_switch_says(waiting, client):
    waiting.wms.answer = PushStatus.REJECTED
    await waiting.requests.push([("oms", "A")], "admin")
    await waiting.until("A", "push_failed")
    found = await client.simulate(Try(warehouse="WH1", auto_push=True))
    assert said(found)["A"] == ("keep", ("parked",))


async def test_an_order_that_changed_after_its_push_says_what_would_be_done_about_it(waiting, client, monkeypatch):
    await waiting.requests.push([("oms", "A")], "admin")
    await waiting.until("A", "pushed")
    waiting.serve(order("A", lines=(OrderLine(line_no=1, sku="A", quantity=Decimal(9)),)))
    await waiting.fetch()
    found = await client.simulate(Try())
    assert said(found)["A"] == ("by_hand", ("change_ask",))  # this warehouse's connector takes no changes
    (one,) = [each for each in found.items if each.ref == "A"]
    assert "lines[1].quantity: 2 → 9" in one.would.reasons[0]
    monkeypatch.setattr(simulate, "FORESIGHTS", (lambda *_: None,))
    assert said(await client.simulate(Try()))["A"] == ("by_hand", ("changed",))


async def test_a_cancelled_order_is_not_shown_as_waiting(waiting, client):
    waiting.serve(order("A", status=OrderStatus.CANCELLED))
    await waiting.fetch()
    assert "A" not in said(await client.simulate(Try()))


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"warehouse": "NO"}, "there is no warehouse 'NO'"),
        ({"warehouse": "WH1", "use": "no"}, "there is no strategy 'no'"),
        ({"use": "std"}, "name it"),
        ({"auto_push": True}, "name it"),
        ({"strategy": {"name": "x", "kind": "custom_advance"}}, "needs designated stores"),
    ],
)
async def test_a_draft_that_makes_no_sense_is_refused_with_a_sentence(client, wrong, text):
    with pytest.raises(Refusal, match=text):
        await client.simulate(msgspec.convert(wrong, Try))


@pytest.mark.behaviour("R42")
async def test_nothing_is_written_and_nothing_is_sent(waiting, client):
    def contents():
        files = sorted(path for path in waiting.folder.iterdir() if path.name.startswith("crossdock.db"))
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files if not path.name.endswith("-shm")
        }

    def total(tx):
        return tx.one("SELECT total_changes()")[0]

    before, changes = contents(), await waiting.store.write(total)
    draft = Strategy(name="ahead", kind="advance")
    waiting.become("viewer")
    for wanted in (
        Try(),
        Try(warehouse="WH1", strategy=draft, use="ahead", auto_push=True),
        Try(orders=(OrderRef(connection="oms", ref="A"),)),
    ):
        await client.simulate(wanted)
    assert contents() == before
    assert await waiting.store.write(total) == changes
    assert waiting.wms.got == {}
    assert waiting.oms.reports == []


async def test_the_counts_go_on_behind_the_rows_that_are_shown(client):
    found = await client.simulate(Try(limit=1, through=True))
    assert [item.ref for item in found.items] == ["A"]
    assert (found.looked_at, found.would, found.next) == (3, {"keep": 3}, None)
    assert {each.rule: each.example for each in found.kept_by}["auto_push"].startswith("auto push is off for warehouse")
    page = await client.simulate(Try(limit=1))
    assert (page.would, page.next is None) == ({"keep": 1}, False)
