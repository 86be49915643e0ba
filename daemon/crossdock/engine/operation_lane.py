"""The lane that carries out the operations of one connection: everything but the creation of outbound documents."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from crossdock.engine.calling_lane import CallingLane
from crossdock.engine.push_lane import IDLE_S, limits
from crossdock.flows.operations import carry_out
from crossdock.rules.operation_outcome import OperationPolicy
from crossdock.store import operations
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crossdock.config.model import Connection, Engine
    from crossdock.engine.connection_keeper import ConnectionKeeper
    from crossdock.engine.links import Link
    from crossdock.flows.house import House
    from crossdock.flows.operations import Handler


class OperationLane(CallingLane):
    """One connection's operations. `settled` is told when some ended, so that what follows from them is looked at."""

    def __init__(  # noqa: PLR0917 - the rooms it connects
        self,
        link: Link,
        config: Connection,
        engine: Engine,
        house: House,
        keeper: ConnectionKeeper,
        going: Callable[[], bool],
        handlers: Mapping[str, Handler],
        settled: Callable[[], None],
    ) -> None:
        super().__init__(link, house, keeper, going, engine.run_budget_s)
        self._handlers, self._on_settled = handlers, settled
        self._concurrency = min(config.push.concurrency, link.capabilities.concurrency)
        self.policy = operation_policy(link, config)

    async def run_once(self, number: int) -> float | None:
        """Carry out what is due; return the seconds until something is due again."""
        self._begin(number)
        wait = self._keeper.wait_s(self.connection)
        if wait is None or wait > 0:
            return wait
        more = await carry_out(self._handlers, self._house, self, self.policy, self._concurrency)
        await self._end()
        wait = self._keeper.wait_s(self.connection)
        if wait is None or wait > 0:
            return wait
        if more:
            return 0
        due = await self._house.store.read(operations.next_due, self.connection)
        if due is None:
            return None
        seconds = (due - to_ms(self._house.env.now())) / 1000
        return max(0.0 if self._calls else IDLE_S, seconds)

    def counted(self, result: str, count: int) -> None:  # noqa: ARG002 - the metrics of operations count by kind elsewhere
        """So many operations ended like this."""
        self._on_settled()


def operation_policy(link: Link, config: Connection) -> OperationPolicy:
    """Say how this connection's unknown outcomes and failures are handled."""
    settle = config.push.settle_s
    if settle is None:
        settle = max(60.0, 2 * config.http.timeout_s)
    return OperationPolicy(
        limits=limits(config),
        settle=timedelta(seconds=settle + link.capabilities.lookup_lag_s),
        park_after=config.push.park_after,
        park_span=timedelta(seconds=config.push.park_after_s),
    )
