"""Marks after something was done to several rows: off those with which it was done, on those with which it was not."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.e2e.test_documents import outbound, until_status
from tests.tui.conftest import an_order
from tests.tui.test_push_status import REFUSED, tab

from crossdock.control.client import Refusal, Unreachable
from crossdock.control.records.base import Problem
from crossdock.control.records.book import Strategy
from crossdock.control.records.orders import OrderRef
from crossdock.testing.sandbox.faults import Script
from crossdock_tui.one_by_one import done_of
from crossdock_tui.paged_table import Row

STRATEGY = Strategy(name="", kind="standard")


def an_ref(ref):
    return OrderRef(connection="shop", ref=ref)


async def by_hand(world):
    await world.client(lambda c: c.switch_auto_push("WH", on=False, revision=1))


async def mark(desk, *keys):
    for key in keys:
        await desk.on(key)
        await desk.press("space")
    await desk.until(lambda: set(desk.screen.picked) == set(keys), "they are marked")


async def left(desk, *keys):
    await desk.until(lambda: set(desk.screen.picked) == set(keys) == desk.screen.table.marked, f"{keys} stay marked")


async def test_orders_that_were_pushed_lose_their_marks_and_those_that_were_not_keep_them(world, dashboard):
    await by_hand(world)
    world.oms.put([an_order(number) for number in (1, 2, 3)])
    async with dashboard(first="orders") as desk:
        await desk.until(lambda: len(desk.rows) == 3, "three orders")
        await world.client(lambda c: c.hold([an_ref("O-2")], "the buyer calls"))
        await desk.until(lambda: desk.cell("shop/O-2", "state") == "‖ held", "one is held")
        await mark(desk, "shop/O-1", "shop/O-2", "shop/O-3")
        await desk.press("p")
        await desk.until_text("Push 3 orders")
        await desk.press("y")
        await desk.until_text("2 done, 1 not")
        await desk.press("enter")
        await left(desk, "shop/O-2")
        await desk.until_text("1 marked")


async def test_holding_and_releasing_takes_the_marks_off(world, dashboard):
    await by_hand(world)
    world.oms.put([an_order(number) for number in (1, 2)])
    async with dashboard(first="orders") as desk:
        await mark(desk, "shop/O-1", "shop/O-2")
        await desk.press("h")
        await desk.until_text("Hold or release 2 orders?")
        await desk.press("y")
        await desk.until_text("Why are 2 orders held?")
        await desk.press("escape")
        await desk.until(lambda: desk.dialog is None, "it was left")
        await left(desk, "shop/O-1", "shop/O-2")
        await desk.press("h")
        await desk.until_text("Hold or release 2 orders?")
        await desk.press("y")
        await desk.until_text("Why are 2 orders held?")
        await desk.type("wait")
        await desk.press("enter")
        await desk.until_text("2 done, 0 not")
        await desk.press("enter")
        await left(desk)


async def test_orders_that_are_fetched_again_lose_their_marks(world, dashboard):
    await by_hand(world)
    world.oms.put([an_order(number) for number in (1, 2)])
    async with dashboard(first="orders") as desk:
        await mark(desk, "shop/O-1", "shop/O-2")
        await desk.press("s")
        await desk.until_text("Fetch 2 orders again")
        await desk.press("y")
        await left(desk)


@pytest.fixture
async def failed(world, dashboard):
    """Three documents that the OMS refused, and the writes that were to enter them."""
    world.oms.set_faults(REFUSED)
    world.wms.documents.put_outbound(*(outbound(f"OUT-{number}", number=f"N{number}") for number in (1, 2, 3)))
    for number in (1, 2, 3):
        await until_status(world, f"OUT-{number}", "failed")
    world.oms.set_faults(Script())
    async with dashboard(first="push_status") as desk:
        yield desk


def keys_of(*numbers):
    return tuple(f"depot/manual-outbound/OUT-{number}" for number in numbers)


async def test_documents_and_writes_lose_their_marks_once_they_go_again(failed):
    await tab(failed, "manual-outbound")
    await mark(failed, *keys_of(1, 2))
    await failed.press("p")
    await failed.until_text("Push 2 documents")
    await failed.press("y")
    await failed.until_text("2 done, 0 not")
    await failed.press("enter")
    await left(failed)


async def test_what_a_request_could_not_do_stays_marked_and_what_it_did_is_told(failed, monkeypatch):
    await tab(failed, "manual-outbound")
    await mark(failed, *keys_of(1, 2, 3))
    monkeypatch.setattr("crossdock_tui.screens.document_work.CHUNK", 1)
    repush, asked = failed.app.client.repush_documents, []

    async def sometimes(body):
        asked.append(body)
        if len(asked) == 2:
            raise Refusal(Problem(title="no", status=422, code="refused", detail="not this one"))
        return await repush(body)

    failed.app.client.repush_documents = sometimes
    await failed.press("p")
    await failed.until_text("Push 3 documents")
    await failed.press("y")
    await failed.until_text("2 done, 1 not", "not this one")
    await failed.press("enter")
    await left(failed, f"depot/manual-outbound/{asked[1].documents[0].ref}")


async def test_where_the_daemon_goes_away_in_between_the_rest_stays_marked(failed, monkeypatch):
    await tab(failed, "manual-outbound")
    await mark(failed, *keys_of(1, 2, 3))
    monkeypatch.setattr("crossdock_tui.screens.document_work.CHUNK", 1)
    repush, asked = failed.app.client.repush_documents, []

    async def once(body):
        asked.append(body)
        if len(asked) == 2:
            raise Unreachable("the daemon is not there")
        return await repush(body)

    failed.app.client.repush_documents = once
    await failed.press("p")
    await failed.until_text("Push 3 documents")
    await failed.press("y")
    await failed.until_text("1 done, 2 not", "1 was not asked for")
    await failed.press("enter")
    assert len(asked) == 2
    first = f"depot/manual-outbound/{asked[0].documents[0].ref}"
    await left(failed, *set(keys_of(1, 2, 3)) - {first})


async def test_strategies_that_could_not_be_removed_stay_marked(world, dashboard):
    await world.client(lambda c: c.save_strategy(replace(STRATEGY, name="spare")))
    await world.client(lambda c: c.save_strategy(replace(STRATEGY, name="stale")))
    async with dashboard(first="strategies") as desk:
        await tab(desk, "strategies")
        await mark(desk, "spare", "stale")
        remove = desk.app.client.remove_strategy

        async def refused(name, revision):
            if name == "stale":
                raise Refusal(Problem(title="no", status=409, code="changed_meanwhile", detail="somebody changed it"))
            return await remove(name, revision)

        desk.app.client.remove_strategy = refused
        await desk.press("x")
        await desk.until_text("Remove 2?")
        await desk.press("y")
        await desk.until_text("1 done, 1 not", "somebody changed it")
        await desk.press("enter")
        await left(desk, "stale")


async def test_connections_that_do_not_accept_us_stay_marked(world, dashboard):
    async with dashboard(first="connections") as desk:
        await desk.until(lambda: desk.rows == ["depot", "shop"], "both")
        await world.wms.stop()
        await mark(desk, "depot", "shop")
        await desk.press("t")
        await desk.until_text("Test 2 connections?")
        await desk.press("y")
        await desk.until_text("1 done, 1 not")
        await desk.press("enter")
        await left(desk, "depot")


def test_what_has_the_name_of_one_that_was_not_done_is_not_done():
    rows = [Row(key, {}, None) for key in ("a/1", "b/1", "a/2", "a/3")]
    results = [("1", True, ""), ("1", False, "no"), ("2", True, "")]
    assert [row.key for row in done_of(rows, results, lambda row: row.key[2:])] == ["a/2"]
