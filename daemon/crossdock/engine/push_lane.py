"""The lane that sends what is due through one WMS connection."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from crossdock.engine.calling_lane import CallingLane
from crossdock.flows.push_outbound import Sending, push_outbound
from crossdock.rules.connection_health import Limits
from crossdock.rules.outcome import PushPolicy
from crossdock.store import outbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossdock.config.model import Connection, Engine
    from crossdock.engine.connection_keeper import ConnectionKeeper
    from crossdock.engine.links import Link
    from crossdock.flows.house import House


class PushLane(CallingLane):
    """One WMS connection's sending; also what the flow asks the engine (flows.lane.Lane)."""

    def __init__(  # noqa: PLR0917 - the rooms it connects
        self,
        link: Link,
        config: Connection,
        engine: Engine,
        house: House,
        keeper: ConnectionKeeper,
        going: Callable[[], bool],
        reporting: Callable[[str], bool],
        count: Callable[[str, str, int], None],
        settled: Callable[[], None],
    ) -> None:
        super().__init__(link, house, keeper, going, engine.run_budget_s, "push")
        self.reports_to, self._count, self._on_settled = reporting, count, settled
        self.policy = msgspec.structs.replace(push_policy(link, config), caution=house.caution)
        capabilities = link.capabilities
        self.sending = Sending(
            concurrency=min(config.push.concurrency, capabilities.concurrency),
            max_batch=min(config.push.max_batch, capabilities.max_batch),
            claim=engine.claim,
            flush_s=engine.flush_ms / 1000,
        )

    async def run_once(self, number: int) -> float | None:
        """Send what is due; return the seconds until something is due again."""
        self._begin(number)
        wait = self._keeper.wait_s(self.connection)
        if wait is None or wait > 0:
            return wait
        more = await push_outbound(self._link, self._house, self, self.policy, self.sending)
        await self._end()
        return await self._next(more, outbox.next_due)

    def counted(self, result: str, count: int) -> None:
        """So many pushes ended like this."""
        self._count(self.connection, result, count)
        self._on_settled()


def push_policy(link: Link, config: Connection) -> PushPolicy:
    """Say how unknown outcomes of this connection are settled (RELIABILITY P4)."""
    return PushPolicy(
        idempotency=link.capabilities.idempotency,
        can_find="find_outbound" in link.hooks,
        settle=settle_time(link, config),
        batch_atomic=link.capabilities.batch_atomic,
        limits=limits(config),
        park_after=config.push.park_after,
        park_span=timedelta(seconds=config.push.park_after_s),
    )


def settle_time(link: Link, config: Connection) -> timedelta:
    """Return how long after an unknown outcome the remote system can be believed when it says that there is nothing."""
    settle = config.push.settle_s
    if settle is None:
        settle = max(60.0, 2 * config.http.timeout_s)
    return timedelta(seconds=settle + link.capabilities.lookup_lag_s)


def limits(config: Connection) -> Limits:
    """Gather a connection's bounds for the rules."""
    return Limits(
        base_s=config.retry.base_s,
        cap_s=config.retry.cap_s,
        retry_after_cap_s=config.retry.retry_after_cap_s,
        failures=config.breaker.failures,
        window_s=config.breaker.window_s,
        open_s=config.breaker.open_s,
    )
