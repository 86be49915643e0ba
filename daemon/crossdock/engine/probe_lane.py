"""The lane that asks a connection that failed how it is, where nothing is due that would show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.engine.failures import note_failure
from crossdock.spec.errors import ConnectorError, Retryable, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossdock.engine.connection_keeper import ConnectionKeeper
    from crossdock.engine.links import Link


class ProbeLane:
    """One connection's probes, each after the wait of the failure before it.

    Without it a connection that failed once and then has nothing to do would look broken until its next order. `busy`
    tells whether another lane of the connection runs: that one's call is the probe then.
    """

    def __init__(
        self, link: Link, keeper: ConnectionKeeper, busy: Callable[[str], bool], going: Callable[[], bool]
    ) -> None:
        self._link, self._keeper, self._busy, self._going = link, keeper, busy, going

    async def run_once(self, _number: int) -> float | None:
        """Ask, if it is time and nobody else does; the next tick at which it is time wakes the lane again."""
        name = self._link.name
        if not self._going() or not self._keeper.overdue(name) or self._busy(name):
            return None
        if "check" in self._link.hooks:
            await self._ask(name)
        else:
            self._keeper.rest(name)
        await self._keeper.save()
        return None

    async def _ask(self, name: str) -> None:
        try:
            found = await self._link.check()
        except Unsupported:
            self._keeper.rest(name)
        except ConnectorError as error:
            await note_failure(self._link, self._keeper, error)
        else:
            if found.ok:
                self._keeper.answered(name)
            else:
                why = ", ".join(found.warnings) or "it gave no reason"
                self._keeper.failed(name, Retryable(f"{name} says that it is not well: {why}"))
