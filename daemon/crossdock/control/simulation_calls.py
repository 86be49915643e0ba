"""The client's call about simulations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.control.records.simulation import Simulation
from crossdock.control.transport import Transport

if TYPE_CHECKING:
    from crossdock.control.records.simulation import Try


class SimulationCalls(Transport):
    """Simulations."""

    async def simulate(self, wanted: Try) -> Simulation:
        """Say what would be pushed now; nothing is sent or kept."""
        return await self.call("POST", "/v1/simulate", Simulation, wanted)
