"""The client's calls about operations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.control.records.asks import Matching
from crossdock.control.records.operations import OperationDetail, OperationPage, Retried
from crossdock.control.transport import Transport

if TYPE_CHECKING:
    from crossdock.control.records.operations import RetryOperations


class OperationCalls(Transport):
    """Operations: what is written to remote systems."""

    async def operations(self, **query: object) -> OperationPage:
        """List operations that are not done; the parameters are OperationQuery's."""
        return await self.call("GET", "/v1/operations", OperationPage, **query)

    async def operation(self, number: int) -> OperationDetail:
        """Show one operation."""
        return await self.call("GET", f"/v1/operations/{number}", OperationDetail)

    async def count_failed_operations(self, **query: object) -> Matching:
        """Count the failed operations that would be carried out again; the parameters are FailedOperations'."""
        return await self.call("GET", "/v1/operations/retry", Matching, **query)

    async def retry_operations(self, wanted: RetryOperations) -> Retried:
        """Carry failed operations out again."""
        return await self.call("POST", "/v1/operations/retry", Retried, wanted)
