"""The client's call about the setup of pushing."""

from __future__ import annotations

from crossdock.control.records.setup import Setup
from crossdock.control.transport import Transport


class SetupCalls(Transport):
    """The setup in one view."""

    async def setup(self) -> Setup:
        """Show every warehouse and what is still to be set up."""
        return await self.call("GET", "/v1/setup", Setup)
