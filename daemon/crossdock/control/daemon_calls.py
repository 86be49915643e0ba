"""The client's calls about the daemon itself: tasks, connections, plugins, quarantine, the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from crossdock.control.records.asks import Queued
from crossdock.control.records.daemon import (
    Checked,
    Choices,
    ConnectionItem,
    Connections,
    DatabaseInfo,
    PauseConnection,
    Plugins,
    QuarantineItem,
    QuarantinePage,
    Reloaded,
    RetryQuarantine,
    Status,
)
from crossdock.control.records.tasks import TaskItem, TaskPage, TaskResultPage
from crossdock.control.transport import Refusal, Transport, part, problem_of

if TYPE_CHECKING:
    from collections.abc import Sequence


class DaemonCalls(Transport):
    """The daemon."""

    async def status(self) -> Status:
        """How the daemon is."""
        return await self.call("GET", "/v1/status", Status)

    async def tasks(self, **query: object) -> TaskPage:
        """List sync tasks; the parameters are state, after, limit."""
        return await self.call("GET", "/v1/tasks", TaskPage, **query)

    async def task(self, number: int) -> TaskItem:
        """Show one sync task."""
        return await self.call("GET", f"/v1/tasks/{number}", TaskItem)

    async def task_results(self, number: int, after: int | None = None, limit: int | None = None) -> TaskResultPage:
        """List what a task did about each order."""
        return await self.call("GET", f"/v1/tasks/{number}/items", TaskResultPage, after=after, limit=limit)

    async def cancel_task(self, number: int) -> TaskItem:
        """Cancel a task that has not started."""
        return await self.call("POST", f"/v1/tasks/{number}/cancel", TaskItem)

    async def connections(self) -> Connections:
        """List the connections."""
        return await self.call("GET", "/v1/connections", Connections)

    async def pause(self, connection: str, reason: str) -> ConnectionItem:
        """Leave a connection alone."""
        body = PauseConnection(reason=reason)
        return await self.call("POST", f"/v1/connections/{part(connection)}/pause", ConnectionItem, body)

    async def resume(self, connection: str) -> ConnectionItem:
        """Let a connection go on."""
        return await self.call("POST", f"/v1/connections/{part(connection)}/resume", ConnectionItem)

    async def check(self, connection: str) -> Checked:
        """Ask a remote system whether it accepts the daemon."""
        return await self.call("POST", f"/v1/connections/{part(connection)}/check", Checked)

    async def choices(self, connection: str, what: str) -> Choices:
        """List what a remote system offers now: shops, logistics or warehouses."""
        return await self.call("GET", f"/v1/connections/{part(connection)}/{what}", Choices)

    async def plugins(self) -> Plugins:
        """List the plugins that the configuration allows."""
        return await self.call("GET", "/v1/plugins", Plugins)

    async def quarantine(self, **query: object) -> QuarantinePage:
        """List records that could not be read; the parameters are after, limit, excerpts."""
        return await self.call("GET", "/v1/quarantine", QuarantinePage, **query)

    async def quarantined(self, number: int) -> QuarantineItem:
        """Show a record that could not be read."""
        return await self.call("GET", f"/v1/quarantine/{number}", QuarantineItem)

    async def retry_quarantine(self, connection: str, refs: Sequence[str] = ()) -> Queued:
        """Fetch records again that could not be read."""
        body = RetryQuarantine(connection=connection, refs=tuple(refs))
        return await self.call("POST", "/v1/quarantine/retry", Queued, body)

    async def reload(self) -> Reloaded:
        """Have the daemon read its configuration again. A configuration that was refused is an answer, not an error."""
        raw, status = await self.exchange("POST", "/v1/reload", None, {})
        if status not in (200, 422):
            raise Refusal(problem_of(raw, status))
        return msgspec.json.decode(raw, type=Reloaded)

    async def database(self) -> DatabaseInfo:
        """Show the database of the running daemon."""
        return await self.call("GET", "/v1/db", DatabaseInfo)
