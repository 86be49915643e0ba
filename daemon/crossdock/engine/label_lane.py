"""The lane that has the shipping labels of one OMS connection: what is due by itself, and what people ask for."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from crossdock.engine.calling_lane import CallingLane
from crossdock.engine.failures import note_failure
from crossdock.engine.pull_lane import finish
from crossdock.flows.pull_labels import Brought, Puller
from crossdock.rules.labels import PullPolicy
from crossdock.spec.errors import ConnectorError
from crossdock.store import labels, orders, tasks
from crossdock.store.tasks import Item, TaskKind, TaskState, Totals
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossdock.config.model import Connection, Engine
    from crossdock.engine.connection_keeper import ConnectionKeeper
    from crossdock.engine.links import Link
    from crossdock.flows.house import House
    from crossdock.store.store import Transaction
    from crossdock.store.tasks import Task

KINDS = (TaskKind.PULL_LABEL,)
COUNTED = {
    "pulled": Totals(found=1, changed=1),
    "unchanged": Totals(found=1, unchanged=1),
    "changed": Totals(found=1, unchanged=1),
    "absent": Totals(found=1, failed=1),
    "failed": Totals(found=1, failed=1),
    "skipped": Totals(found=1, skipped=1),
    "unknown": Totals(skipped=1),
}


class LabelLane(CallingLane):
    """One OMS connection's labels. `wake` is told which warehouses have something to be given."""

    def __init__(
        self,
        link: Link,
        config: Connection,
        engine: Engine,
        house: House,
        keeper: ConnectionKeeper,
        going: Callable[[], bool],
        wake: Callable[[frozenset[str]], None],
    ) -> None:
        super().__init__(link, house, keeper, going, engine.run_budget_s, "labels")
        self._wake = wake
        policy = PullPolicy(
            base_s=config.retry.base_s, cap_s=config.retry.cap_s, park_after=config.push.park_after,
            park_span=timedelta(seconds=config.push.park_after_s),
        )  # fmt: skip
        look = link.get_orders if "get_orders" in link.hooks else None
        self._puller = Puller(link, house, self, policy, look)

    async def run_once(self, number: int) -> float | None:
        """Do what is asked and what is due; return the seconds until something is due again."""
        self._begin(number)
        wait = self._keeper.wait_s(self.connection)
        if wait is None or wait > 0:
            return wait
        more = False
        try:
            await self._tasks()
            more, wake = await self._puller.due()
            self._wake(wake)
        except ConnectorError as error:
            await note_failure(self._link, self._keeper, error, self._asks)
        await self._end()
        return await self._next(more, labels.next_due)

    def counted(self, result: str, count: int) -> None:
        """Labels are counted with their tasks only."""

    async def _tasks(self) -> None:
        store, env = self._house.store, self._house.env
        for task in await store.read(tasks.queued, self.connection, 100, KINDS):
            if not self._going() or not await store.write(tasks.start, task.id, to_ms(env.now())):
                return
            try:
                await self._do(task)
            except ConnectorError as error:
                text = f"{error}; it is tried again when asked again"
                await store.write(tasks.finish, task.id, TaskState.FAILED, to_ms(env.now()), "", text)
                raise
            await store.write(finish, task.id, to_ms(env.now()))

    async def _do(self, task: Task) -> None:
        for ref in task.scope.splitlines():
            order_id = await self._house.store.read(_order_id, self.connection, ref)
            if order_id is None:
                brought = Brought(result="unknown", text="there is no such order; sync it first")
            else:
                brought = await self._puller.one(order_id)
            item = Item(ref, brought.result, brought.text)
            await self._house.store.write(tasks.add, task.id, COUNTED[brought.result], [item])
            if brought.wake is not None:
                self._wake(frozenset((brought.wake,)))


def _order_id(tx: Transaction, oms: str, ref: str) -> int | None:
    stored = orders.load(tx, oms, [ref]).get(ref)
    return None if stored is None else stored.id
