"""Health and metrics show a blocked event loop and too much memory, and no more when they are over."""

from __future__ import annotations

import asyncio
import json
import logging
import tracemalloc
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import msgspec
import pytest
from tests.app.conftest import Clock

from crossdock.app.watch import Watch
from crossdock.config.model import Config, Engine
from crossdock.ops.health import LoopBlock
from crossdock.ops.memory import biggest, resident_bytes, too_much
from crossdock.ops.metrics import Metrics

MIB = 2**20
BLOCK = LoopBlock(connection="depot", hook="push_outbound", seconds=3.21, at=datetime(2026, 3, 1, 12, tzinfo=UTC))


async def reasons(running):
    return json.loads(await running.get("/healthz"))["reasons"]


@pytest.mark.behaviour("P15")
async def test_who_blocked_the_loop_shows_in_health_status_and_metrics_for_a_while(running):
    await running.open()
    block = msgspec.structs.replace(BLOCK, at=running.env.now())
    running.rooms.watch.loop_blocked(block)
    (reason,) = [each for each in await reasons(running) if "blocked" in each]
    assert reason.startswith("depot (its push_outbound) blocked the event loop for 3.2 s until ")
    assert reason in (await running.ask(lambda c: c.status())).reasons
    assert (await running.scrape())["crossdock_loop_blocked_total", ("connection", "depot")] == 1
    running.env.ahead = timedelta(minutes=16)
    assert not [each for each in await reasons(running) if "blocked" in each]


@pytest.mark.behaviour("P15")
async def test_the_running_daemon_watches_its_loop(running):
    await running.open()
    found = []

    class LetGo(logging.Handler):
        def emit(self, record):
            found.append(record.getMessage())

    handler = LetGo(logging.ERROR)
    logging.getLogger("crossdock.loop").addHandler(handler)
    try:
        # stands for a connector that blocks; asyncio runs nothing until the thread has seen it
        while not found:
            running.rooms.env.monotonic()
    finally:
        logging.getLogger("crossdock.loop").removeHandler(handler)
    assert found[0].startswith("the daemon itself blocks the event loop")
    await running.until(lambda: shown(running))
    assert running.rooms.loop_watch is not None


async def shown(running):
    return any("The daemon itself blocked" in each for each in await reasons(running))


@pytest.mark.behaviour("P9")
async def test_more_memory_than_allowed_shows_in_health_status_metrics_and_log(running, caplog):
    running.engine = "memory_alarm_bytes = 1048576"
    await running.open()
    assert (await running.scrape())["crossdock_memory_alarm",] == 1
    (reason,) = [each for each in await reasons(running) if "memory" in each]
    assert reason.endswith("more than engine.memory_alarm_bytes (1 MiB)")
    assert reason in (await running.ask(lambda c: c.status())).reasons
    assert any(reason in record.message and "PYTHONTRACEMALLOC" in record.message for record in caplog.records)


@pytest.mark.behaviour("P9")
async def test_the_alarm_is_logged_once_when_it_comes_and_once_when_it_goes(caplog):
    used = [0]
    config = Config(state_dir="x", engine=Engine(memory_alarm_bytes=100 * MIB))
    watch = Watch(config, Clock(), None, Metrics("1"), resident=lambda: used[0])
    caplog.set_level(logging.WARNING, "crossdock")

    async def look(mebibytes):
        used[0] = mebibytes * MIB
        await watch._watch_memory()
        return watch._memory_high

    assert not await look(100)
    assert await look(101)
    assert await look(150)
    assert await look(96)  # not well below the limit yet
    assert not await look(94)
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    watch.engine = SimpleNamespace(config=Config(state_dir="x", engine=Engine(memory_alarm_bytes=0)))
    assert not await look(5000)


async def test_where_memory_is_traced_the_code_that_holds_it_is_named(caplog):
    tracemalloc.start()
    try:
        kept = bytearray(3 * MIB)
        found = await asyncio.to_thread(biggest)
    finally:
        tracemalloc.stop()
    assert kept
    assert found[0] == f"3 MiB in {__file__}"
    assert biggest() == []


def test_the_memory_in_use_is_known_where_the_system_tells_it(monkeypatch, tmp_path):
    assert resident_bytes() > MIB
    monkeypatch.setattr("crossdock.ops.memory._STATM", tmp_path / "none")
    assert resident_bytes() == 0
    assert not too_much(0, 1, before=False)
