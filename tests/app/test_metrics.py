"""What is defined as a metric is fed: seen as Prometheus sees it, by scraping a daemon at work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import msgspec
from tests.app.conftest import Clock
from tests.e2e.conftest import an_order

from crossdock.app.watch import Watch
from crossdock.config.model import Config
from crossdock.ops.metrics import Metrics
from crossdock.store.cursors import Cursor
from crossdock.store.times import to_ms
from crossdock.testing.sandbox.faults import Fault, Match, Rule, Script

SHOP, DEPOT = ("connection", "shop"), ("connection", "depot")


async def arrived(running, *refs):
    async def there():
        return set(refs) <= set(running.wms.books.by_order)

    await running.until(there)


async def test_a_call_that_sends_is_timed_whether_it_ends_well_or_not(running):
    script = Script(rules=(Rule(fault=Fault.S500, match=Match(method="POST", path="/v1/outbounds"), times=1),))
    running.wms.set_faults(script)
    await running.open()
    await running.set_up()
    running.oms.put([an_order(1)])
    await arrived(running, "O-1")

    async def counted():
        found = await running.scrape()
        return found if found.get(("crossdock_push_seconds_count", DEPOT), 0) >= 2 else None

    found = await running.until(counted)
    assert found["crossdock_push_seconds_sum", DEPOT] > 0
    assert ("crossdock_push_seconds_count", SHOP) not in found
    assert found["crossdock_plugin_errors_total", ("class", "UnknownOutcome"), DEPOT] == 1


async def test_errors_of_connectors_are_counted_by_their_class(running):
    refused = Rule(fault=Fault.AUTH_FAILED, match=Match(path="/v1/orders"), times=1)
    running.oms.set_faults(Script(rules=(refused,)))
    await running.open()
    running.oms.put([an_order(1)])

    async def fetched():
        found = await running.scrape()
        return found if found.get(("crossdock_orders_fetched_total", SHOP)) else None

    found = await running.until(fetched)
    assert found["crossdock_plugin_errors_total", ("class", "AuthFailed"), SHOP] == 1


async def test_orders_that_changed_after_their_push_are_counted(running):
    await running.open()
    await running.set_up()
    running.oms.put([an_order(1)])
    await arrived(running, "O-1")
    changed = ("crossdock_outbox_rows", ("state", "pushed_changed"))
    assert (await running.scrape())[changed] == 0

    async def told():
        page = await running.ask(lambda c: c.orders(state="pushed"))
        return page.items

    await running.until(told)
    line = msgspec.structs.replace(an_order(1).lines[0], quantity=Decimal(0))  # what no warehouse can be told
    running.oms.put([msgspec.structs.replace(an_order(1), lines=(line,))])

    async def counted():
        return (await running.scrape())[changed] == 1

    await running.until(counted)


async def test_units_of_work_are_timed_apart_for_reading_and_writing(running):
    await running.open()
    found = await running.scrape()
    for work in ("read", "write"):
        assert found["crossdock_db_seconds_count", ("work", work)] >= 1
        assert found["crossdock_db_seconds_sum", ("work", work)] > 0


async def test_the_lag_grows_while_a_connection_is_left_alone(running):
    await running.open()

    async def lag():
        return (await running.scrape()).get(("crossdock_sync_lag_seconds", SHOP))

    async def listed():
        return await lag() is not None

    await running.until(listed)
    assert await lag() < 1800
    await running.ask(lambda c: c.pause("shop", "stocktaking"))
    running.env.ahead = timedelta(hours=1)
    assert await lag() >= 1800


def test_while_a_listing_runs_the_lag_counts_from_the_one_before():
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    env, metrics = Clock(), Metrics("1")
    env.now = lambda: noon
    watch = Watch(Config(state_dir="x"), env, None, metrics)
    watch.engine = SimpleNamespace(links={"shop": None})

    def lag(**cursor):
        watch._note_lag([Cursor(connection="shop", **cursor), Cursor(connection="gone", started_at=1, finished_at=2)])
        text = metrics.render()[0].decode()
        return [line.split()[-1] for line in text.splitlines() if line.startswith("crossdock_sync_lag_seconds{")]

    def at(minutes):
        return to_ms(noon - timedelta(minutes=minutes))

    assert lag(started_at=at(9)) == []
    assert lag(started_at=at(9), watermark=(noon - timedelta(hours=2)).isoformat()) == ["7200.0"]
    assert lag(started_at=at(9), finished_at=at(8)) == ["540.0"]
    assert lag(started_at=at(5), watermark=(noon - timedelta(hours=2)).isoformat()) == ["540.0"]
    assert lag(started_at=at(5), finished_at=at(5)) == ["300.0"]
    watch.forget("shop")
    assert lag(started_at=at(9)) == []
