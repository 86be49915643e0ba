"""Listings by position, whose pages shrink and shift while they are read: what slips by is there the next time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crossdock.spec.orders import FetchMode, Page


class ByPosition:
    """An OMS that pages by position in its list, as many do; `between` changes the list behind a page."""

    def __init__(self, *orders):
        self.orders, self.between = list(orders), []

    async def fetch_orders(self, window, cursor, limit):
        since = window.since
        found = sorted((o for o in self.orders if since is None or o.updated_at >= since), key=lambda o: o.updated_at)
        start = int(cursor or 0)
        shown = tuple(found[start : start + limit])
        more = str(start + limit) if start + limit < len(found) else None
        if self.between:
            self.between.pop(0)()
        return Page(orders=shown, next_cursor=more, watermark=max((o.updated_at for o in shown), default=None))


@pytest.fixture
def oms(bench, kit):
    """Five orders, changed one minute after the other; pages hold two."""
    bench.oms = ByPosition(*(kit.order(str(n), updated_at=kit.NOW - timedelta(minutes=50 - n)) for n in range(1, 6)))
    bench.oms.pages = []
    return bench.oms


def first_is_amended(kit, oms):
    """Have the first order changed behind the first page: it moves to the end, and the third one onto that page."""

    def amend():
        oms.orders[0] = kit.order("1", updated_at=kit.NOW, lines=(kit.line(quantity=7),))

    oms.between = [amend]


async def stored(bench):
    return [ref for ref in "12345" if await bench.stored(ref) is not None]


@pytest.mark.behaviour("P1", "P2", "P3")
async def test_an_order_that_shifts_onto_a_page_read_before_is_stored_with_the_next_listing(bench, kit, oms):
    bench.env.time += timedelta(seconds=1)
    oms.orders = [kit.order(o.ref, updated_at=o.updated_at + timedelta(minutes=44)) for o in oms.orders]
    first_is_amended(kit, oms)
    await bench.pull()
    assert await stored(bench) == ["1", "2", "4", "5"], "the third moved up to the first page behind our back"
    assert (await bench.stored("1")).revision == 2
    bench.later(minutes=5)
    await bench.pull()
    assert await stored(bench) == ["1", "2", "3", "4", "5"]


@pytest.mark.behaviour("P1")
async def test_an_order_that_shifts_and_is_older_than_the_overlap_is_stored_with_the_next_sweep(bench, kit, oms):
    first_is_amended(kit, oms)
    await bench.pull(mode=FetchMode.SWEEP)
    assert await stored(bench) == ["1", "2", "4", "5"]
    bench.later(minutes=5)
    await bench.pull(mode=FetchMode.SWEEP)
    assert await stored(bench) == ["1", "2", "3", "4", "5"]


@pytest.mark.behaviour("P1", "P2", "P3")
async def test_a_listing_that_shrinks_below_its_own_cursor_ends_and_loses_nothing(bench, kit, oms):
    def fewer():
        oms.orders = [oms.orders[4]]

    oms.between = [lambda: None, fewer]
    pulled = await bench.pull()
    assert (pulled.more, await stored(bench)) == (False, ["1", "2", "3", "4"])
    bench.later(minutes=5)
    await bench.pull()
    assert await stored(bench) == ["1", "2", "3", "4", "5"]
