"""The client's calls about incidents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.control.records.incidents import (
    HeldPage,
    IncidentItem,
    IncidentPage,
    MuteIncident,
    ReleasedPage,
    ReleaseIncident,
    TakeIncident,
)
from crossdock.control.transport import Transport

if TYPE_CHECKING:
    from datetime import datetime


class IncidentCalls(Transport):
    """Incidents."""

    async def incidents(self, **query: object) -> IncidentPage:
        """List incidents; the parameters are state, order, cause, after, limit."""
        return await self.call("GET", "/v1/incidents", IncidentPage, **query)

    async def incident(self, number: int) -> IncidentItem:
        """Show one incident."""
        return await self.call("GET", f"/v1/incidents/{number}", IncidentItem)

    async def held(self, number: int, after: str | None = None, limit: int | None = None) -> HeldPage:
        """List what an incident holds."""
        return await self.call("GET", f"/v1/incidents/{number}/held", HeldPage, after=after, limit=limit)

    async def take_incident(self, number: int, owner: str | None = None) -> IncidentItem:
        """Look after an incident."""
        return await self.call("POST", f"/v1/incidents/{number}/take", IncidentItem, TakeIncident(owner=owner))

    async def mute_incident(self, number: int, until: datetime | None) -> IncidentItem:
        """Keep an incident out of the status until a time."""
        return await self.call("POST", f"/v1/incidents/{number}/mute", IncidentItem, MuteIncident(until=until))

    async def release_incident(self, number: int, after: str = "", limit: int = 200) -> ReleasedPage:
        """Let go on a page of what an incident holds."""
        body = ReleaseIncident(after=after, limit=limit)
        return await self.call("POST", f"/v1/incidents/{number}/release", ReleasedPage, body)
