"""A connector that blocks the event loop is named while it does, with its connection and where it stands."""

from __future__ import annotations

import asyncio
import logging
import threading
from datetime import UTC, datetime

import pytest
from tests.connectors.conftest import NoSettings, connection

from crossdock.app.loop_watch import LoopWatch
from crossdock.connectors.discovery import Plugins
from crossdock.connectors.host import PluginHost
from crossdock.env import Env
from crossdock.ops.health import LoopBlock
from crossdock.spec.connector import ConnectorType
from crossdock.spec.hooks import hookimpl
from crossdock.spec.orders import Order, OrderStatus
from crossdock.spec.outbound import CheckResult

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class ManualEnv(Env):
    """Clocks that a test moves."""

    def __init__(self) -> None:
        super().__init__()
        self.time = 100.0

    def now(self) -> datetime:
        return NOON

    def monotonic(self) -> float:
        return self.time


class Blocking:
    """Blocks the event loop in each of its hooks until it is let go."""

    def __init__(self) -> None:
        self.standing, self.let_go = threading.Event(), threading.Event()

    def stand_still(self) -> None:
        self.standing.set()
        self.let_go.wait(30)

    @hookimpl
    async def check(self, ctx) -> CheckResult:
        await asyncio.sleep(0)
        self.stand_still()
        return CheckResult(ok=True)

    @hookimpl
    def read_order(self, raw) -> Order:
        self.stand_still()
        return Order(ref="1", status=OrderStatus.PAID, created_at=NOON, updated_at=NOON, lines=())

    @hookimpl
    def list_shops(self, ctx):
        self.stand_still()
        return []


class Scene:
    """One connection to a blocking connector, and a watch whose looks the test makes."""

    def __init__(self, env) -> None:
        self.env, self.connector, self.told = env, Blocking(), []
        plugins = Plugins()
        made = self.connector
        plugins._add(
            "plugin:test", ConnectorType(name="t", kind="both", settings=NoSettings, factory=lambda _settings: made)
        )
        self.link = PluginHost(plugins, env).connect("berlin", connection(kind="t"), str, whole=False)
        self.watch = LoopWatch(env, self.told.append)

    def look_on(self, *seconds: float) -> threading.Thread:
        """From another thread: look when the connector stands still, then again after so many seconds each; let go."""

        def onlooker() -> None:
            self.connector.standing.wait(30)
            self.watch.look()
            for wait in seconds:
                self.env.time += wait
                self.watch.look()
            self.connector.let_go.set()

        thread = threading.Thread(target=onlooker)
        thread.start()
        return thread


@pytest.fixture
async def scene():
    made = Scene(ManualEnv())
    yield made
    await made.link.close()


def blamed(caplog):
    return [record for record in caplog.records if record.levelno == logging.ERROR]


@pytest.mark.behaviour("P15")
async def test_a_hook_that_blocks_the_loop_is_named_once_with_its_connection_and_its_stack(scene, caplog):
    onlooker = scene.look_on(2, 3)
    await scene.link.check()
    onlooker.join()
    (record,) = blamed(caplog)
    assert record.getMessage().startswith("check of connection berlin blocks the event loop")
    assert record.connection == "berlin"
    assert "in check" in record.stack_info
    assert "in stand_still" in record.stack_info
    await asyncio.sleep(0)
    assert scene.told == [LoopBlock(connection="berlin", hook="check", seconds=5, at=NOON)]
    assert str(scene.told[0]) == "berlin (its check) blocked the event loop for 5.0 s until 12:00:00 UTC"


@pytest.mark.behaviour("P15")
async def test_reading_a_slice_that_blocks_the_loop_is_named_too(scene, caplog):
    onlooker = scene.look_on(2)
    scene.link.read_order(b"{}")
    onlooker.join()
    assert blamed(caplog)[0].getMessage().startswith("read_order of connection berlin blocks")


async def test_the_daemons_own_code_is_not_blamed_on_a_connection(scene, caplog):
    onlooker = scene.look_on(2)
    scene.connector.stand_still()
    onlooker.join()
    assert blamed(caplog)[0].getMessage().startswith("the daemon itself blocks")
    await asyncio.sleep(0)
    assert (scene.told[0].connection, scene.told[0].hook) == ("", "")
    assert str(scene.told[0]).startswith("The daemon itself blocked")


async def test_a_loop_that_is_not_late_is_left_alone(scene, caplog):
    onlooker = scene.look_on(0.5, 0.5)
    await scene.link.check()
    onlooker.join()
    await asyncio.sleep(0)
    assert (blamed(caplog), scene.told) == ([], [])


async def test_a_hook_in_a_thread_blocks_nothing(scene, caplog):
    calling = asyncio.create_task(scene.link.list_shops())
    await asyncio.to_thread(scene.connector.standing.wait, 30)
    for _ in range(3):
        scene.watch.look()
        await asyncio.sleep(0)
        scene.env.time += 9
    scene.connector.let_go.set()
    await calling
    assert (blamed(caplog), scene.told) == ([], [])


async def test_a_block_that_nobody_could_look_at_is_told_without_a_name(scene):
    scene.watch.look()
    scene.env.time += 7
    await asyncio.sleep(0)
    assert scene.told == [LoopBlock(connection="", hook="", seconds=7, at=NOON)]


@pytest.mark.behaviour("P15")
async def test_the_thread_finds_by_itself_who_blocks_the_loop(caplog):
    scene = Scene(Env())

    class LetGo(logging.Handler):
        def emit(self, record):
            scene.connector.let_go.set()

    handler = LetGo(logging.ERROR)
    logging.getLogger("crossdock.loop").addHandler(handler)
    scene.watch.start()
    try:
        await scene.link.check()
        async with asyncio.timeout(30):
            while not scene.told:
                await asyncio.sleep(0.01)
    finally:
        logging.getLogger("crossdock.loop").removeHandler(handler)
        scene.watch.stop()
        await scene.link.close()
    assert (scene.told[0].connection, scene.told[0].hook) == ("berlin", "check")
