"""A screen that stays open hears what changes, sees the log, the trends, and what may not be asked for again yet."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

import pytest
from tests.control.world import order

from crossdock.config.model import Control, Role
from crossdock.control import events
from crossdock.control.client import Refusal, Unreachable
from crossdock.control.events import OF_TABLE, Events
from crossdock.control.permissions import ROLES
from crossdock.engine.housekeeping import Housekeeping
from crossdock.env import Env
from crossdock.ops.masks import Masks
from crossdock.ops.recent_log import RecentLog, keep, let_go
from crossdock.ops.trends import Trends
from crossdock.rules.book import AllocationRule
from crossdock.store import reconciled
from crossdock.store.store import written_table
from crossdock.store.times import to_ms


class Heard:
    """Collects what a stream tells."""

    def __init__(self, client):
        self.topics, self.ended, self._client = set(), None, client
        self.task = asyncio.create_task(self._listen())
        self.listening = asyncio.Event()

    async def _listen(self):
        try:
            async for topics in self._client.events():
                self.topics |= topics
                self.listening.set()
        except (Unreachable, Refusal) as error:
            self.ended = error
            self.listening.set()

    async def until(self, *topics):
        try:
            async with asyncio.timeout(10):
                while not self.topics.issuperset(topics):
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise AssertionError(f"heard only {self.topics}, {self.ended}") from None


@pytest.fixture
async def heard(client):
    listener = Heard(client)
    await listener.listening.wait()
    yield listener
    listener.task.cancel()
    await asyncio.gather(listener.task, return_exceptions=True)


async def test_a_stream_tells_which_topics_changed(world, client, heard):
    world.serve(order("1"))
    await client.obtain("oms", "WH1")
    await heard.until("tasks", "throttles", "audit")
    await world.fetch()
    await heard.until("orders")
    heard.topics.clear()
    await world.requests.save_entry(AllocationRule(position=2, warehouse="WH1"))
    await heard.until("book")
    assert "documents" not in heard.topics


async def test_what_changes_nothing_is_not_told(world, client, heard):
    heard.topics.clear()
    await client.status()
    await client.orders()
    await world.store.write(lambda tx: tx.execute("UPDATE orders SET ref = ref WHERE id = -1"))
    await client.switch_stock("WH1", on=False)
    await heard.until("stock")
    assert "orders" not in heard.topics


async def test_a_stream_ends_with_the_daemon_and_says_so(world, heard):
    await world.api.stop()
    await asyncio.wait_for(heard.task, 10)
    assert "not heard any more" in str(heard.ended)


async def test_a_stream_needs_the_right_to_view(world, client, monkeypatch):
    monkeypatch.setitem(ROLES, "viewer", frozenset())
    world.become("viewer")
    with pytest.raises(Refusal) as refused:
        await anext(client.events())
    assert refused.value.code == "forbidden"


async def test_who_loses_the_right_is_told_nothing_more(world, client, heard, monkeypatch):
    monkeypatch.setitem(ROLES, "viewer", frozenset())
    world.become("viewer")
    await world.store.write(lambda tx: tx.execute("UPDATE book SET revision = revision"))
    await asyncio.wait_for(heard.task, 10)
    assert isinstance(heard.ended, Unreachable)
    assert "book" not in heard.topics


async def test_more_streams_than_allowed_are_refused_and_a_closed_one_makes_room(world, client, monkeypatch):
    monkeypatch.setattr(events, "MAX_LISTENERS", 1)
    monkeypatch.setattr(events, "ALIVE_S", 0.02)
    first = client.events()
    await anext(first)
    with pytest.raises(Refusal) as refused:
        await anext(client.events())
    assert refused.value.code == "busy"
    await first.aclose()
    async with asyncio.timeout(10):
        while True:
            try:
                await anext(client.events())
                break
            except Refusal:
                await asyncio.sleep(0.01)


async def test_streams_do_not_count_among_the_requests_at_a_time(build):
    made = await build(control=Control(roles={"admin": Role(users=("admin",))}, max_concurrent=1))
    async with made.client() as client:
        stream = client.events()
        await anext(stream)
        assert (await client.status()).version
        await stream.aclose()


async def test_a_quiet_stream_says_that_it_is_alive(monkeypatch):
    monkeypatch.setattr(events, "ALIVE_S", 0.01)
    hub = Events(Env())
    hub.start()
    stream = hub.listen()
    assert [await anext(stream) for _ in range(2)] == [b": connected\n\n", b": alive\n\n"]
    hub.wrote(frozenset({"orders", "timeline", "counters"}))
    said = await anext(stream)
    while said == b": alive\n\n":
        said = await anext(stream)
    assert said == b'data: {"topics":["orders"]}\n\n'
    hub.stop()
    assert [chunk async for chunk in stream if chunk != b": alive\n\n"] == []


def test_every_table_is_a_topic_or_is_shown_to_nobody(world_tables):
    unseen = {
        "audit_seal", "cost_checkpoints", "counters", "label_bytes", "lineage", "plugins", "push_bodies",
        "schema_migration", "migration_checksums", "stock_movements", "webhook_ids",
    }  # fmt: skip
    assert world_tables - set(OF_TABLE) - unseen == set()


@pytest.fixture
async def world_tables(world):
    rows = await world.store.read(lambda tx: tx.rows("SELECT name FROM sqlite_master WHERE type = 'table' LIMIT 500"))
    return {name for (name,) in rows if not name.startswith("sqlite_")}


@pytest.mark.parametrize(("sql", "table"), [
    ("INSERT INTO orders (id) VALUES (?)", "orders"), ("UPDATE pushes SET state = 1", "pushes"),
    ("DELETE FROM task_items WHERE id < ?", "task_items"), ("INSERT OR REPLACE INTO cost_checkpoints VALUES (1)", "cost_checkpoints"),
    ("  insert or ignore into Orders values (1)", "orders"), ("SELECT 'INSERT INTO orders'", None), ("PRAGMA x", None),
    ('INSERT INTO "orders" ("id") VALUES (?)', "orders"),
])  # fmt: skip
def test_the_table_that_a_statement_writes_is_named(sql, table):
    assert written_table(sql) == table


async def test_the_log_shows_the_newest_lines_by_level_and_text(world, client):
    logger = logging.getLogger("crossdock.engine")
    for number in range(3):
        world.recent_log.handle(logger.makeRecord(logger.name, logging.INFO, "", 0, f"page {number}", (), None))
    world.recent_log.handle(logger.makeRecord(logger.name, logging.ERROR, "", 0, "Broken \x1b[31m", (), None))
    page = await client.log()
    assert [line.text for line in page.items] == ["page 0", "page 1", "page 2", "Broken \\x1b[31m"]
    assert [(line.level, line.id) for line in (await client.log(level="warning")).items] == [("error", 4)]
    assert [line.text for line in (await client.log(text="BROK")).items] == ["Broken \\x1b[31m"]
    assert [line.id for line in (await client.log(after=2, limit=1)).items] == [4]
    assert [line.id for line in (await client.log(before=4, limit=1)).items] == [3]
    assert page.kept_from == 1


def test_the_log_in_memory_masks_secrets_and_is_bounded(monkeypatch):
    masks = Masks()
    masks.add("s3cret-token", "t")
    kept, logger = keep(masks), logging.getLogger("crossdock.test")
    told = []
    kept.told = lambda: told.append(1)
    try:
        logger.warning("with %s", "s3cret-token", extra={"order": "1"})
        for number in range(2_100):
            logger.warning("%d", number)
        kept.handle(logger.makeRecord("x", logging.WARNING, "", 0, "%d does not fit", ("text",), None))
    finally:
        let_go(kept)
    logger.warning("after")
    lines, kept_from = kept.newest(logging.WARNING, "", 0, 5_000)
    assert len(lines) == 2_000
    assert (kept_from, len(told)) == (lines[0].number, 2_102)
    assert lines[-1].text == "%d does not fit (its arguments do not fit)"
    fresh = RecentLog(masks)
    fresh.handle(logger.makeRecord("x", logging.INFO, "", 0, "has s3cret-token", (), None))
    assert fresh.newest(0, "", 0, 1)[0][0].text == "has ***"


async def test_trends_count_by_minute_and_forget_after_an_hour(world, client):
    world.trends.count("orders", 3)
    world.trends.count("pushed", 0)
    world.env.ahead += timedelta(minutes=2)
    world.trends.count("orders", 1)
    shown = await client.trends()
    assert (len(shown.orders), sum(shown.orders), shown.orders[-1], shown.orders[-3]) == (60, 4, 1, 3)
    assert (sum(shown.pushed), sum(shown.failed), shown.since) == (0, 0, world.trends.since)
    world.env.ahead += timedelta(minutes=59)
    world.trends.count("orders", 1)
    assert sum((await client.trends()).orders) == 2


def test_trends_keep_no_more_than_an_hour():
    class Clock(Env):
        at = Env().now()

        def now(self):
            return self.at

    clock = Clock()
    trends = Trends(clock)
    for _ in range(200):
        trends.count("orders", 1)
        clock.at += timedelta(minutes=1)
    assert len(trends._counts["orders"]) == 60


async def test_what_may_not_be_asked_for_again_yet_is_listed(world, client):
    world.serve(order("1"))
    await client.obtain("oms", "WH1")
    (item,) = [each for each in (await client.throttles()).items if each.action == "obtain"]
    assert (item.connection, item.about) == ("oms", "WH1")
    assert timedelta(minutes=4) < item.again_at - world.env.now() <= timedelta(minutes=5)
    world.env.ahead += timedelta(minutes=6)
    assert (await client.throttles()).items == ()


async def test_turns_of_the_five_minute_limit_are_removed_after_a_day_but_not_when_the_comparison_was(world, client):
    world.serve(order("1"))
    await client.obtain("oms", "WH1")
    now = to_ms(world.env.now())
    await world.store.write(reconciled.begin, now)
    house = Housekeeping(world.engine.house, lambda: world.config)

    async def scopes():
        return {row[0] for row in await world.store.read(lambda tx: tx.rows("SELECT scope FROM throttles LIMIT 99"))}

    world.env.ahead += timedelta(hours=23)
    while await house.run_once(1) is not None:
        pass
    assert any(scope.startswith("obtain:") for scope in await scopes())
    world.env.ahead += timedelta(hours=2)
    while await house.run_once(1) is not None:
        pass
    left = await scopes()
    assert "reconcile:daily" in left
    assert not any(scope.startswith("obtain:") for scope in left)
    assert await world.store.read(reconciled.last) == now


async def test_turns_are_kept_for_as_long_as_the_limit_is(build):
    made = await build(interval=3 * 86_400.0)
    async with made.client() as opened:
        await made.settings()
        await opened.obtain("oms", "WH1")
        house = Housekeeping(made.engine.house, lambda: made.config)
        made.env.ahead += timedelta(days=2)
        while await house.run_once(1) is not None:
            pass
        with pytest.raises(Refusal) as refused:
            await opened.obtain("oms", "WH1")
    assert refused.value.code == "too_soon"
