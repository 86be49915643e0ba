"""The client's calls about who did what, what a second person decides, and personal data."""

from __future__ import annotations

from crossdock.control.records.asks import Done
from crossdock.control.records.audit import ApprovalItem, ApprovalPage, AuditPage, Reject, Verified, WhoAmI
from crossdock.control.transport import Transport, part


class AuditCalls(Transport):
    """The audit, approvals, and who one is."""

    async def audit(self, **query: object) -> AuditPage:
        """List who did what; the parameters are AuditQuery's."""
        return await self.call("GET", "/v1/audit", AuditPage, **query)

    async def verify_audit(self, **query: object) -> Verified:
        """Verify a part of the audit; the parameters are VerifyQuery's."""
        return await self.call("GET", "/v1/audit/verify", Verified, **query)

    async def approvals(self, **query: object) -> ApprovalPage:
        """List proposals; the parameters are ApprovalQuery's."""
        return await self.call("GET", "/v1/approvals", ApprovalPage, **query)

    async def approve(self, number: int) -> ApprovalItem:
        """Approve what another person proposed."""
        return await self.call("POST", f"/v1/approvals/{number}/approve", ApprovalItem)

    async def reject(self, number: int, reason: str) -> ApprovalItem:
        """Turn a proposal down."""
        return await self.call("POST", f"/v1/approvals/{number}/reject", ApprovalItem, Reject(reason=reason))

    async def whoami(self) -> WhoAmI:
        """Show who the daemon takes us for."""
        return await self.call("GET", "/v1/whoami", WhoAmI)

    async def forget(self, connection: str, ref: str) -> Done:
        """Remove the personal data of one order that ended."""
        return await self.call("POST", f"/v1/orders/{part(connection)}/{part(ref)}/forget", Done)
