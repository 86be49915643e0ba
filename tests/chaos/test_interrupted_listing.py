"""A listing that a kill cut in two: what became visible meanwhile behind its place is found by the next one."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from crossdock.control.database import migrate
from crossdock.env import Env
from crossdock.flows.house import House
from crossdock.flows.listing import PullPolicy
from crossdock.flows.pull_orders import pull_orders
from crossdock.spec.orders import FetchMode, Order, OrderSlice, Page
from crossdock.store import orders, sqlite
from crossdock.store.book import BookCache
from crossdock.store.store import Store
from crossdock.testing.sandbox.demo_day import plain_order
from crossdock.testing.sandbox.oms_books import OmsBooks, stored_order

START = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)


class Oms:
    """An OMS that lists in the order of change and shows some orders late."""

    def __init__(self, clock):
        self.books, self.clock = OmsBooks(), clock

    def put(self, ref, stamp, visible_at=None):
        self.books.put([stored_order(plain_order(random.Random(ref), ref, stamp), visible_at)])

    async def fetch_orders(self, window, cursor, limit):
        listing = self.books.page(window, cursor, limit, self.clock())
        slices = tuple(OrderSlice(stored.ref, bytes(stored.raw)) for stored in listing.orders)
        return Page(slices=slices, next_cursor=listing.next_cursor, watermark=listing.watermark)


class World(Env):
    """A clock that moves only when told."""

    def __init__(self):
        super().__init__(seed=1)
        self.time = START

    def now(self):
        return self.time


@pytest.mark.behaviour("P1", "P3")
@pytest.mark.parametrize("ordered", [True, False])
async def test_an_order_that_shows_up_late_is_found_although_the_listing_went_on_after_a_long_stop(tmp_path, ordered):
    migrate(tmp_path / "crossdock.db")
    env = World()
    store = Store(sqlite.connect(str(tmp_path / "crossdock.db")), env, inline=True)
    house = House(store, env, BookCache(30), {"oms": msgspec.json.Decoder(Order).decode})
    oms = Oms(env.now)
    policy = PullPolicy(
        mode=FetchMode.CHANGED, overlap=timedelta(minutes=10), page_size=2, max_pages=100, initial=timedelta(days=30),
        ordered=ordered,
    )  # fmt: skip
    for number in range(4):
        oms.put(f"A{number}", START - timedelta(seconds=10 - number))
    oms.put("LATE", START - timedelta(seconds=10), visible_at=START + timedelta(minutes=1))
    pulled = await pull_orders("oms", oms, house, policy, keep_going=lambda: False)
    assert pulled.more  # killed after the first page
    env.time += timedelta(hours=2)
    oms.put("NEW", env.time - timedelta(seconds=10))
    for _ in range(2):  # the rest of the listing, and the next one
        await pull_orders("oms", oms, house, policy, keep_going=lambda: True)
        env.time += timedelta(minutes=1)
    known = await store.read(orders.known_hashes, "oms", ["A0", "A1", "A2", "A3", "LATE", "NEW"])
    store.close()
    assert set(known) == {"A0", "A1", "A2", "A3", "LATE", "NEW"}
