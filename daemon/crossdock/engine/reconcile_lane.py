"""The lane that reconciles: once a day, after a day that was missed, and when people ask."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from crossdock.engine.push_lane import push_policy
from crossdock.flows.reconcile import Ordered, Sides, reconcile
from crossdock.rules.reconcile import Brake, next_run
from crossdock.store import reconciled, tasks
from crossdock.store.tasks import TaskState
from crossdock.store.times import from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crossdock.config.model import Config
    from crossdock.engine.connection_keeper import ConnectionKeeper
    from crossdock.engine.links import Link
    from crossdock.flows.house import House
    from crossdock.spec.errors import ConnectorError
    from crossdock.store.store import Transaction
    from crossdock.store.tasks import Task

log = logging.getLogger("crossdock.engine")

MOST_AT_ONCE = 200
"""Records asked for in one page, at most; a connector that declares less is asked for less."""
LOOK_S = 60.0
"""The lane looks at the clock so often, in case it was set."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the lane knows of the engine. `links` are all open connections, as they are now."""

    config: Callable[[], Config]
    house: House
    keeper: ConnectionKeeper
    links: Mapping[str, Link]
    going: Callable[[], bool]
    reports: Callable[[str], bool]
    unserved: Callable[[str], str]
    wake: Callable[[frozenset[str]], None]


class ReconcileLane:
    """Queues the daily reconciliation when it is due, and carries out what is queued, one at a time."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        settings = around.config().reconcile
        self._jitter = timedelta(seconds=around.house.env.random.random() * settings.jitter_s)

    async def run_once(self, _number: int) -> float | None:
        """Do what is due; return the seconds until the clock is looked at again."""
        around = self._around
        await self._daily()
        for task in await around.house.store.read(reconciled.waiting):
            if not around.going():
                break
            await self._do(task)
        return LOOK_S

    async def _daily(self) -> None:
        around, settings = self._around, self._around.config().reconcile
        if not settings.enabled:
            return
        now = around.house.env.now()
        last = await around.house.store.read(reconciled.last)
        if last is None:
            await around.house.store.write(reconciled.begin, to_ms(now))
            return
        due = next_run(from_ms(last), now, settings.at, self._jitter)
        if due is not None and due <= now:
            scope = msgspec.json.encode(Ordered(days=settings.days)).decode()
            await around.house.store.write(_begin_daily, scope, to_ms(now))

    async def _do(self, task: Task) -> None:
        around, store, env = self._around, self._around.house.store, self._around.house.env
        if not await store.write(tasks.start, task.id, to_ms(env.now())):
            return
        settings = around.config().reconcile
        brake = Brake(percent=settings.brake_percent, actions=settings.brake_actions)
        ordered = msgspec.json.decode(task.scope, type=Ordered)
        ended = await reconcile(task, ordered, self._sides(), around.house, brake, around.going)
        around.wake(ended.wake)
        await around.keeper.save()
        if ended.done:
            done = await store.read(tasks.get, task.id)
            if done is not None:
                level = logging.INFO if done.state == TaskState.SUCCEEDED else logging.WARNING
                log.log(level, "reconciliation (task %s): %s", task.id, done.error or done.outcome)

    def _sides(self) -> Sides:
        around = self._around
        links = dict(around.links)
        config = around.config().connections
        return Sides(
            omses={name: link for name, link in links.items() if {"fetch_orders", "get_orders"} <= link.hooks},
            wmses={name: link for name, link in links.items() if "find_outbound" in link.hooks},
            off=frozenset(name for name, each in config.items() if not each.enabled),
            missing={
                name: around.unserved(name) for name, each in config.items() if each.enabled and name not in links
            },
            pages={name: min(MOST_AT_ONCE, link.capabilities.max_page) for name, link in links.items()},
            quiet={name: push_policy(link, config[name]).settle for name, link in links.items()},
            may_call=around.keeper.may_call,
            called=self._called,
            reports=around.reports,
        )

    def _called(self, name: str, error: ConnectorError | None) -> None:
        if error is None:
            self._around.keeper.succeeded(name)
        else:
            self._around.keeper.failed(name, error)


def _begin_daily(tx: Transaction, scope: str, now: int) -> None:
    """Note that today's begins. One that people asked for and that waits or runs stands for it."""
    reconciled.begin(tx, now)
    reconciled.ask(tx, scope, now, origin="schedule")
