"""Listings: the cursor moves with what it covers, goes on where it stopped, and never in circles."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crossdock.flows.pull_orders import sync_orders
from crossdock.rules.push_states import PushState
from crossdock.spec.errors import BadResponse, ContractError, NotFound, Retryable
from crossdock.spec.orders import FetchMode, Page, Unreadable
from crossdock.store import cursors, tasks
from crossdock.store.tasks import TaskKind


def page(*found, cursor=None, mark=None):
    return Page(orders=found, next_cursor=cursor, watermark=mark)


async def cursor_of(bench):
    return await bench.store.read(cursors.load, "oms")


@pytest.mark.behaviour("P3", "R8")
async def test_the_first_listing_looks_back_and_the_next_begins_an_overlap_before_the_last_stamp(bench, kit):
    mark = kit.NOW - timedelta(minutes=30)
    await bench.pull(page(kit.order("1"), mark=mark))
    await bench.pull(page())
    assert [window.since for window in bench.oms.windows] == [
        kit.NOW - timedelta(days=30),
        mark - timedelta(minutes=10),
    ]


@pytest.mark.behaviour("P2")
async def test_an_unordered_listing_moves_its_watermark_with_the_last_page_only(bench, kit):
    mark = kit.NOW - timedelta(minutes=30)
    await bench.pull(page(kit.order("1"), cursor="2", mark=mark), going=lambda: False)
    assert (await cursor_of(bench)).watermark is None
    await bench.pull(page(kit.order("2"), mark=mark - timedelta(minutes=5)))
    assert (await cursor_of(bench)).watermark == mark.isoformat()


@pytest.mark.behaviour("P2")
async def test_an_ordered_listing_moves_its_watermark_with_every_page(bench, kit):
    mark = kit.NOW - timedelta(minutes=30)
    await bench.pull(page(kit.order("1"), cursor="2", mark=mark), going=lambda: False, ordered=True)
    assert (await cursor_of(bench)).watermark == mark.isoformat()


@pytest.mark.behaviour("P2")
async def test_a_listing_goes_on_at_the_page_where_it_stopped(bench, kit):
    await bench.pull(page(kit.order("1"), cursor="2"), going=lambda: False)
    pulled = await bench.pull(page(kit.order("2")))
    assert bench.oms.cursors == [None, "2"]
    assert not pulled.more


@pytest.mark.behaviour("P1", "P2")
async def test_what_changes_while_an_unordered_listing_runs_is_listed_the_next_time(bench, kit):
    bench.env.time = kit.NOW + timedelta(seconds=0.4)
    await bench.pull(page(kit.order("1"), cursor="2"), going=lambda: False)
    bench.later(hours=2)
    await bench.pull(page(kit.order("2"), mark=bench.env.now()))
    await bench.pull(page())
    assert bench.oms.windows[-1].since == kit.NOW - timedelta(minutes=10)


async def test_a_stamp_from_the_future_does_not_move_the_watermark_beyond_our_clock(bench, kit):
    await bench.pull(page(kit.order("1"), mark=kit.NOW + timedelta(days=400)), ordered=True)
    assert (await cursor_of(bench)).watermark == kit.NOW.isoformat()


@pytest.mark.behaviour("P2")
async def test_a_page_that_fails_leaves_what_was_stored_and_is_asked_for_again(bench, kit):
    with pytest.raises(Retryable):
        await bench.pull(page(kit.order("1"), cursor="2"), Retryable("503"))
    await bench.pull(page(kit.order("2")))
    assert bench.oms.cursors == [None, "2", "2"]
    assert (await bench.row("1")).state is PushState.QUEUED


@pytest.mark.behaviour("P9")
async def test_the_same_cursor_twice_ends_the_listing_and_the_next_one_starts_afresh(bench, kit):
    with pytest.raises(BadResponse, match="same cursor twice"):
        await bench.pull(page(kit.order("1"), cursor="2"), page(kit.order("2"), cursor="2"))
    await bench.pull(page())
    assert bench.oms.cursors[-1] is None
    assert (await cursor_of(bench)).watermark is None


@pytest.mark.behaviour("P9")
async def test_the_same_page_twice_ends_the_listing(bench, kit):
    with pytest.raises(BadResponse, match="same page twice"):
        await bench.pull(page(kit.order("1"), cursor="2"), page(kit.order("1"), cursor="3"))


@pytest.mark.behaviour("P9")
async def test_a_listing_of_too_many_pages_is_ended(bench, kit):
    pages = [page(kit.order(str(n)), cursor=str(n)) for n in range(3)]
    with pytest.raises(BadResponse, match="more than 3 pages"):
        await bench.pull(*pages, max_pages=3)


@pytest.mark.behaviour("P9")
async def test_a_page_or_a_cursor_out_of_bounds_breaks_the_contract_and_nothing_is_stored(bench, kit):
    with pytest.raises(ContractError, match="more than 1000 records"):
        await bench.pull(page(*(kit.order(str(n)) for n in range(1001))))
    with pytest.raises(ContractError, match="longer than 4096"):
        await bench.pull(page(kit.order("1"), cursor="x" * 4097))
    assert await bench.stored("1") is None


@pytest.mark.behaviour("P2")
async def test_a_cursor_that_the_oms_does_not_accept_any_more_starts_the_listing_afresh(bench, kit):
    await bench.pull(page(kit.order("1"), cursor="2"), going=lambda: False)
    with pytest.raises(NotFound):
        await bench.pull(NotFound("unknown cursor"))
    await bench.pull(page())
    assert bench.oms.cursors == [None, "2", None]


async def test_a_first_page_that_is_refused_is_an_error_like_any_other(bench):
    with pytest.raises(NotFound):
        await bench.pull(NotFound("no such listing"))
    assert (await cursor_of(bench)).started_at is None


async def test_a_sweep_lists_everything_and_writes_nothing_for_pages_without_news(bench, kit):
    await bench.pull(page(kit.order("1")), mode=FetchMode.SWEEP)
    await bench.pull(page(kit.order("1"), cursor="2"), going=lambda: False, mode=FetchMode.SWEEP)
    assert bench.oms.windows[-1].since is None
    assert (await cursor_of(bench)).page is None


@pytest.mark.behaviour("R16", "R17")
async def test_syncing_an_order_overwrites_it_and_counts_what_the_oms_does_not_know_any_more(bench, kit):
    await bench.absorb(kit.order("1"))
    task = await bench.store.write(tasks.create, TaskKind.SYNC_ORDER, "oms", 0, origin="user")
    bench.oms.orders = {"1": kit.order("1", lines=(kit.line(quantity=9),))}
    await sync_orders("oms", bench.oms, bench.house, ["1", "2"], task.id)
    done = await bench.store.read(tasks.get, task.id)
    assert (done.found, done.changed, done.skipped) == (1, 1, 1)
    assert (await bench.stored("1")).revision == 2


@pytest.mark.behaviour("P7")
async def test_syncing_sets_an_order_aside_that_cannot_be_read_and_takes_the_others(bench, kit):
    task = await bench.store.write(tasks.create, TaskKind.SYNC_ORDER, "oms", 0, origin="user")
    bench.oms.orders = {"1": kit.order("1"), "2": Unreadable("2", b"{", "it is no JSON")}
    await sync_orders("oms", bench.oms, bench.house, ["1", "2", "3"], task.id)
    done = await bench.store.read(tasks.get, task.id)
    assert (done.found, done.changed, done.failed, done.skipped) == (2, 1, 1, 1)
    assert await bench.set_aside() == ["2"]
    assert (await bench.row("1")).state is PushState.QUEUED
    bench.oms.orders["2"] = kit.order("2")
    await sync_orders("oms", bench.oms, bench.house, ["2"], None)
    assert await bench.set_aside() == []


@pytest.mark.behaviour("P7")
async def test_a_record_that_could_not_be_read_and_is_gone_leaves_the_quarantine_and_the_task_says_so(bench):
    bench.oms.orders = {ref: Unreadable(ref, b"{", "it is no JSON") for ref in "12"}
    await sync_orders("oms", bench.oms, bench.house, ["1", "2"], None)
    task = await bench.store.write(tasks.create, TaskKind.SYNC_ORDER, "oms", 0, origin="user")
    bench.oms.orders = {"1": bench.oms.orders["1"]}
    await sync_orders("oms", bench.oms, bench.house, ["1", "2", "3"], task.id)
    assert await bench.set_aside() == ["1"]
    said = {
        item.ref: item.detail for _, item in await bench.store.read(tasks.items, task.id, 0, 9) if item.result == "gone"
    }
    assert said == {
        "2": "the OMS does not know it; its record, which could not be read, was taken out of quarantine",
        "3": "the OMS does not know it",
    }


async def test_a_sync_that_finds_nothing_new_says_so(bench, kit):
    await bench.absorb(kit.order("1"))
    bench.oms.orders = {"1": kit.order("1")}
    absorbed = await sync_orders("oms", bench.oms, bench.house, ["1"], None)
    assert absorbed.totals.unchanged == 1


async def test_the_pages_of_a_task_are_counted_in_it(bench, kit):
    task = await bench.store.write(tasks.create, TaskKind.OBTAIN_NEW, "oms", 0, origin="user")
    await bench.absorb(kit.order("1"))
    bench.oms.pages.append(page(kit.order("1"), kit.order("2")))
    from crossdock.flows.listing import PullPolicy
    from crossdock.flows.pull_orders import pull_orders

    policy = PullPolicy(
        mode=FetchMode.CHANGED, overlap=timedelta(), page_size=5, max_pages=9, initial=timedelta(1), ordered=True
    )
    woken = []
    await pull_orders("oms", bench.oms, bench.house, policy, lambda: True, task.id, woken.append)
    done = await bench.store.read(tasks.get, task.id)
    assert (done.found, done.changed, done.unchanged) == (2, 1, 1)
    assert woken == [frozenset({"wms"})]
