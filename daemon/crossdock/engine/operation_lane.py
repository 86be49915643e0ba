"""The lane that carries out the operations of one connection: everything but the creation of outbound documents."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from crossdock.engine.calling_lane import CallingLane
from crossdock.engine.push_lane import limits, settle_time
from crossdock.flows.operations import carry_out
from crossdock.rules.operation_outcome import OperationPolicy
from crossdock.store import operations

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
        super().__init__(link, house, keeper, going, engine.run_budget_s, "operate")
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
        return await self._next(more, operations.next_due)

    def counted(self, result: str, count: int) -> None:  # noqa: ARG002 - the metrics of operations count by kind elsewhere
        """So many operations ended like this."""
        self._on_settled()


def operation_policy(link: Link, config: Connection) -> OperationPolicy:
    """Say how this connection's unknown outcomes and failures are handled."""
    return OperationPolicy(
        limits=limits(config),
        settle=settle_time(link, config),
        park_after=config.push.park_after,
        park_span=timedelta(seconds=config.push.park_after_s),
    )
