"""What every lane has that calls a connection: its time, its connection's health, and what becomes of refused credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.engine.failures import refresh
from crossdock.spec.errors import AuthFailed
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossdock.engine.connection_keeper import ConnectionKeeper
    from crossdock.engine.links import Link
    from crossdock.flows.house import House
    from crossdock.spec.errors import ConnectorError
    from crossdock.store.store import Transaction

IDLE_S = 1.0
"""The shortest wait after a run that could do nothing with what is due."""


class CallingLane:
    """One lane of one connection; what a flow asks the engine (flows.lane.CallingLane). `asks` names what it asks for."""

    def __init__(
        self, link: Link, house: House, keeper: ConnectionKeeper, going: Callable[[], bool], budget_s: float, asks: str
    ) -> None:
        self.connection = link.name
        self.run = 0
        self._link, self._house, self._keeper, self._going = link, house, keeper, going
        self._budget, self._asks = budget_s, asks
        self._until = 0.0
        self._auth_failed = False
        self._calls = 0

    def _begin(self, number: int) -> None:
        self.run, self._calls = number, 0
        self._until = self._house.env.monotonic() + self._budget

    async def _end(self) -> None:
        """Renew credentials that were refused, and write down how the connection is."""
        if self._auth_failed:
            self._auth_failed = False
            await refresh(self._link, self._keeper)
        await self._keeper.save()

    async def _next(self, more: bool, next_due: Callable[[Transaction, str], int | None]) -> float | None:
        """Return the seconds until the lane has something to do; None where only a wake-up tells. `next_due`: see the store's."""
        wait = self._keeper.wait_s(self.connection)
        if wait is None or wait > 0:
            return wait
        if more:
            return 0
        due = await self._house.store.read(next_due, self.connection)
        if due is None:
            return None
        seconds = (due - to_ms(self._house.env.now())) / 1000
        return max(0.0 if self._calls else IDLE_S, seconds)

    def keep_going(self) -> bool:
        """Tell whether the run may go on."""
        return self._going() and self._house.env.monotonic() < self._until

    def may_call(self) -> bool:
        """Tell whether the connection may be called now."""
        return self._keeper.may_call(self.connection)

    def alone(self) -> bool:
        """Tell whether one call must go alone."""
        return self._keeper.alone(self.connection)

    def succeeded(self, calls: int) -> None:
        """A call was answered."""
        self._calls += calls
        self._keeper.succeeded(self.connection, self._asks)

    def failed(self, error: ConnectorError) -> None:
        """A call failed for a reason of the connection's."""
        self._calls += 1
        self._auth_failed = self._auth_failed or isinstance(error, AuthFailed)
        self._keeper.failed(self.connection, error, self._asks)
