"""Any stream: data and cursor move together, whatever breaks off in between."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from crossdock.flows.listing import Guard, PullPolicy
from crossdock.flows.pull_stream import Taken, pull_stream
from crossdock.spec.errors import BadResponse, NotFound, Retryable
from crossdock.spec.listing import Listing
from crossdock.spec.orders import FetchMode, Unreadable
from crossdock.spec.stock import StockMovement
from crossdock.store import cursors, tasks
from crossdock.store.tasks import Totals
from crossdock.store.times import to_ms

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def an_item(ref, minutes=0):
    return StockMovement(ref=ref, sku="A", warehouse="W1", change=Decimal(1), at=NOW - timedelta(minutes=minutes))


def a_page(*items, unreadable=(), after=None, stamp=None):
    return Listing(items=items, unreadable=unreadable, next_cursor=after, watermark=stamp)


class Things:
    """A stream that keeps what it took in in the very transaction, so that a rollback shows."""

    name = "things"

    def __init__(self, *pages):
        self.pages, self.asked, self.taken = deque(pages), [], []
        self.breaks_on = None

    async def fetch(self, window, cursor, limit):
        self.asked.append((window.since, cursor))
        page = self.pages.popleft()
        if isinstance(page, Exception):
            raise page
        return page

    def absorb(self, tx, connection, items, now):
        for item in items:
            if item.ref == self.breaks_on:
                raise RuntimeError("it breaks here")
            tx.execute(
                "INSERT INTO counters (name, value) VALUES (?, 1) "
                "ON CONFLICT (name) DO UPDATE SET value = counters.value + 1",
                (f"thing {item.ref}",),
            )
        self.taken += [item.ref for item in items]
        return Taken(Totals(found=len(items), changed=len(items)), frozenset({"oms"}))

    def ref_of(self, item):
        return item.ref


@pytest.fixture
def pull(bench):
    async def run(stream, going=lambda: True, task=None, guard=None, **changes):
        values = {
            "mode": FetchMode.CHANGED, "overlap": timedelta(minutes=10), "page_size": 2, "max_pages": 100,
            "initial": timedelta(days=30), "ordered": True,
        }  # fmt: skip
        return await pull_stream("wms", stream, bench.house, PullPolicy(**{**values, **changes}), going, task, guard)

    return run


async def cursor_of(bench):
    return await bench.store.read(cursors.load, "wms", "things")


async def test_pages_are_taken_in_and_the_next_listing_starts_before_the_watermark(bench, pull):
    stamp = NOW - timedelta(minutes=5)
    stream = Things(a_page(an_item("1"), after="c1"), a_page(an_item("2"), stamp=stamp), a_page())
    done = await pull(stream)
    assert (done.totals.found, done.wake, done.more) == (2, {"oms"}, False)
    bench.later(minutes=6)
    await pull(stream)
    assert [cursor for _, cursor in stream.asked] == [None, "c1", None]
    assert stream.asked[0][0] == NOW - timedelta(days=30)
    assert stream.asked[2][0] == stamp - timedelta(minutes=10)


@pytest.mark.behaviour("P6")
async def test_a_page_and_its_cursor_are_stored_together_or_not_at_all(bench, pull):
    stream = Things(a_page(an_item("1"), after="c1"), a_page(an_item("2"), an_item("3")))
    stream.breaks_on = "3"
    with pytest.raises(RuntimeError):
        await pull(stream)
    count = "SELECT COUNT(*) FROM counters WHERE name LIKE 'thing %'"
    assert (await bench.store.read(lambda tx: tx.one(count)))[0] == 1
    assert (await cursor_of(bench)).page == "c1"
    stream.breaks_on = None
    stream.pages.append(a_page(an_item("2"), an_item("3")))
    await pull(stream)
    assert stream.asked[-1][1] == "c1"
    assert stream.taken[-2:] == ["2", "3"]


async def test_a_listing_that_broke_off_goes_on_from_its_cursor(bench, pull):
    stream = Things(a_page(an_item("1"), after="c1"), Retryable("down"), a_page(an_item("2")))
    with pytest.raises(Retryable):
        await pull(stream)
    await pull(stream)
    assert [cursor for _, cursor in stream.asked] == [None, "c1", "c1"]


async def test_a_run_whose_time_is_over_goes_on_in_the_next(pull):
    stream = Things(a_page(an_item("1"), after="c1"), a_page(an_item("2")))
    assert (await pull(stream, going=lambda: False)).more is True
    assert (await pull(stream, going=lambda: False)).more is False
    assert stream.taken == ["1", "2"]


@pytest.mark.parametrize("pages", [("c1", "c1"), ("c1", "c2")])
async def test_a_listing_in_circles_is_ended_and_started_anew(bench, pull, pages):
    stream = Things(*(a_page(an_item("1"), after=cursor) for cursor in pages), a_page(an_item("2")))
    with pytest.raises(BadResponse, match="twice"):
        await pull(stream)
    assert (await cursor_of(bench)).page is None
    await pull(stream)
    assert stream.asked[-1][1] is None


async def test_a_circle_longer_than_a_run_is_noticed_by_a_guard_that_is_kept(pull):
    guard = Guard(100)
    stream = Things(*(a_page(an_item(str(n)), after=f"c{n % 3}") for n in range(9)))
    for _ in range(3):
        await pull(stream, going=lambda: False, guard=guard)
    with pytest.raises(BadResponse, match="twice"):
        await pull(stream, going=lambda: False, guard=guard)
    stream.pages.clear()
    stream.pages.append(a_page(an_item("0"), after="c0"))
    await pull(stream, going=lambda: False, guard=guard)


async def test_two_pages_of_unreadable_records_are_no_circle(bench, pull):
    first, second = (Unreadable(f"unreadable-{n:016x}", b"{%d" % n, "no JSON") for n in (1, 2))
    stream = Things(a_page(unreadable=(first,), after="c1"), a_page(unreadable=(second,), after="c2"), a_page())
    done = await pull(stream)
    assert (done.totals.failed, done.more) == (2, False)
    assert sorted(await bench.set_aside()) == [f"things:{first.ref}", f"things:{second.ref}"]


async def test_an_endless_listing_is_ended(pull):
    stream = Things(*(a_page(an_item(str(n)), after=f"c{n}") for n in range(10)))
    with pytest.raises(BadResponse, match="more than 5 pages"):
        await pull(stream, max_pages=5)


async def test_a_cursor_that_is_refused_is_given_up(bench, pull):
    stream = Things(a_page(an_item("1"), after="c1"), NotFound("no such cursor"), a_page())
    with pytest.raises(NotFound):
        await pull(stream)
    await pull(stream)
    assert [cursor for _, cursor in stream.asked] == [None, "c1", None]


async def test_what_can_be_read_again_leaves_the_quarantine_of_its_own_stream_only(bench, pull):
    await bench.absorb(unreadable=[Unreadable("1", b"{", "no JSON")])
    stream = Things(a_page(unreadable=(Unreadable("1", b"{", "no JSON"),)), a_page(an_item("1")))
    await pull(stream)
    assert sorted(await bench.set_aside()) == ["1", "things:1"]
    await pull(stream)
    assert await bench.set_aside() == ["1"]


async def test_a_stamp_from_the_future_hides_nothing(bench, pull):
    stream = Things(a_page(an_item("1"), stamp=NOW + timedelta(days=900)), a_page())
    await pull(stream)
    assert datetime.fromisoformat((await cursor_of(bench)).watermark) <= NOW


async def test_a_task_counts_what_its_pages_brought(bench, pull):
    task = await bench.store.write(tasks.create, tasks.TaskKind.FETCH_STOCK, "wms", to_ms(NOW), origin="user")
    stream = Things(a_page(an_item("1"), unreadable=(Unreadable("x", b"{", "no JSON"),)))
    await pull(stream, task=task.id)
    found = await bench.store.read(tasks.get, task.id)
    assert (found.found, found.changed, found.failed) == (2, 1, 1)
    assert [item.ref for _, item in await bench.store.read(tasks.items, task.id, 0, 10)] == ["x"]
