"""The calls of a connection start no faster than its connector declares; without a rate nothing waits for anything."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tests.connectors.conftest import NoSettings, connection

from crossdock.connectors.discovery import Plugins
from crossdock.connectors.host import PluginHost
from crossdock.connectors.pace import paced
from crossdock.env import Env
from crossdock.spec.connector import Capabilities, ConnectorType, Rate
from crossdock.spec.errors import ConfigError, RateLimited
from crossdock.spec.hooks import hookimpl
from crossdock.spec.outbound import CheckResult


class SteppingEnv(Env):
    """A clock that moves only while somebody sleeps; sleepers oversleep by `late`."""

    def __init__(self) -> None:
        super().__init__()
        self.time, self.late = 0.0, 0.0

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        for _ in range(20):  # whoever may start now does so before the clock moves
            await asyncio.sleep(0)
        self.time += seconds + self.late


class Noting:
    """Notes when each of its hooks starts."""

    def __init__(self, env) -> None:
        self.env, self.starts = env, []

    def _start(self, hook):
        self.starts.append((hook, self.env.time))

    @hookimpl
    async def check(self, ctx) -> CheckResult:
        self._start("check")
        return CheckResult(ok=True)

    @hookimpl
    async def list_shops(self, ctx):
        self._start("list_shops")
        return []

    @hookimpl
    async def close(self, ctx):
        self._start("close")


class Kit:
    """Connections on one stepping clock."""

    def __init__(self) -> None:
        self.env, self.plugins, self.links = SteppingEnv(), Plugins(), []
        self.host = PluginHost(self.plugins, self.env)

    def connect(self, *rates):
        name = f"shop{len(self.links)}"
        connector = Noting(self.env)
        kind = ConnectorType(
            name=name,
            kind="both",
            settings=NoSettings,
            factory=lambda _: connector,
            capabilities=Capabilities(rate=rates),
        )
        self.plugins._add("plugin:test", kind)
        link = self.host.connect(name, connection(kind=name), str, whole=False)
        self.links.append(link)
        return link, connector


@pytest.fixture
async def kit():
    made = Kit()
    yield made
    for link in made.links:
        await link.close()


def times(connector):
    return [at for _, at in connector.starts]


async def test_calls_of_all_hooks_together_start_no_faster_than_the_rate(kit):
    link, connector = kit.connect(Rate(calls=2, seconds=3))
    await asyncio.gather(*(call() for call in (link.check, link.list_shops) * 3))
    assert times(connector) == [0, 0, 3, 3, 6, 6]
    kit.env.time = 100
    await asyncio.gather(link.check(), link.check())
    assert times(connector)[-2:] == [100, 100]


async def test_every_rate_that_is_declared_holds(kit):
    link, connector = kit.connect(Rate(calls=1, seconds=1), Rate(calls=3, seconds=10))
    for _ in range(5):
        await link.check()
    assert times(connector) == [0, 1, 2, 10, 11]


async def test_a_call_that_came_late_makes_the_next_one_wait_from_its_true_start(kit):
    link, connector = kit.connect(Rate(calls=1, seconds=1))
    kit.env.late = 0.75
    for _ in range(3):
        await link.check()
    assert times(connector) == [0, 1.75, 3.5]


async def test_connections_do_not_wait_for_each_other(kit):
    (one, first), (other, second) = kit.connect(Rate(calls=1, seconds=5)), kit.connect(Rate(calls=1, seconds=5))
    await asyncio.gather(one.check(), other.check())
    assert times(first) == times(second) == [0]


@pytest.mark.behaviour("P8")
async def test_a_wait_that_is_long_is_the_connections_and_nothing_was_sent(kit):
    link, connector = kit.connect(Rate(calls=1, seconds=60))
    await link.check()
    kit.env.time = 20
    with pytest.raises(RateLimited, match=r"1 calls in 60 s\); nothing was sent") as caught:
        await link.check()
    assert caught.value.after == timedelta(seconds=40)
    assert len(connector.starts) == 1
    kit.env.time = 60
    await link.check()
    assert times(connector) == [0, 60]


async def test_a_caller_that_gives_up_takes_no_turn(kit):
    link, connector = kit.connect(Rate(calls=1, seconds=5))
    await link.check()
    waiting = [asyncio.create_task(link.check()) for _ in range(3)]
    waiting[1].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert times(connector) == [0, 5, 10]


async def test_closing_waits_for_no_turn(kit):
    link, connector = kit.connect(Rate(calls=1, seconds=3600))
    await link.check()
    await link.close()
    assert connector.starts == [("check", 0), ("close", 0)]


async def test_without_a_rate_no_clock_is_looked_at(kit):
    link, connector = kit.connect()
    kit.env.monotonic = kit.env.sleep = None
    await link.check()
    assert len(connector.starts) == 1


@pytest.mark.parametrize("rate", [Rate(calls=0, seconds=1), Rate(calls=1, seconds=0), (1, 1)])
def test_a_rate_that_would_never_let_anything_through_does_not_fit_the_contract(rate):
    with pytest.raises(ConfigError, match=r"its capabilities do not fit: .*rate"):
        Kit().connect(rate)


@pytest.mark.parametrize(
    ("rates", "worth"),
    [((), 8), ((Rate(100, 1),), 8), ((Rate(1, 5),), 2), ((Rate(1, 3600),), 1), ((Rate(100, 1), Rate(1, 2)), 5)],
)
def test_no_more_orders_are_taken_up_than_can_be_sent_soon(rates, worth):
    assert paced(Capabilities(rate=rates, concurrency=8)).concurrency == worth
    link, _ = Kit().connect(*rates)
    assert link.capabilities.concurrency == worth
