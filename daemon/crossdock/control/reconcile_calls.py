"""The client's call about reconciliation."""

from __future__ import annotations

from crossdock.control.records.asks import Queued
from crossdock.control.records.reconcile import Reconcile
from crossdock.control.transport import Transport


class ReconcileCalls(Transport):
    """Reconciliation."""

    async def reconcile(
        self, *, days: int = 30, warehouse: str | None = None, dry_run: bool = False, force: bool = False
    ) -> Queued:
        """Compare both sides and mend what is safe, or only plan it."""
        body = Reconcile(days=days, warehouse=warehouse, dry_run=dry_run, force=force)
        return await self.call("POST", "/v1/reconcile", Queued, body)
