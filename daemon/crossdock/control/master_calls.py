"""The client's calls about master data."""

from __future__ import annotations

from crossdock.control.records.asks import Queued
from crossdock.control.records.master import (
    ApplyPlan,
    FetchProducts,
    MasterConflict,
    MasterConflictPage,
    MasterPlan,
    MasterPlanPage,
    MasterProductPage,
    MasterSettings,
    MasterStatus,
    Released,
    ResolveConflict,
)
from crossdock.control.transport import Transport, part


class MasterCalls(Transport):
    """Settings, products, plans, conflicts."""

    async def master_settings(self, warehouse: str) -> MasterSettings:
        """Show a warehouse's master data settings."""
        return await self.call("GET", f"/v1/master-policies/{part(warehouse)}", MasterSettings)

    async def save_master_settings(self, settings: MasterSettings) -> MasterSettings:
        """Save a warehouse's master data settings at the revision that was read."""
        path = f"/v1/master-policies/{part(settings.warehouse)}"
        return await self.call("PUT", path, MasterSettings, settings)

    async def master_status(self, warehouse: str) -> MasterStatus:
        """Show how master data of a warehouse stands."""
        return await self.call("GET", f"/v1/master-policies/{part(warehouse)}/status", MasterStatus)

    async def master_plan(self, warehouse: str) -> MasterPlan:
        """Plan the first contact of a warehouse's products."""
        return await self.call("POST", f"/v1/master-policies/{part(warehouse)}/plan", MasterPlan)

    async def master_plan_page(self, plan: int, after: str | None = None, limit: int | None = None) -> MasterPlanPage:
        """Show a plan and a page of its products."""
        return await self.call("GET", f"/v1/master-plans/{plan}", MasterPlanPage, after=after, limit=limit)

    async def apply_master_plan(self, warehouse: str, plan: int) -> MasterPlan:
        """Apply a plan exactly as it was shown."""
        path = f"/v1/master-policies/{part(warehouse)}/apply"
        return await self.call("POST", path, MasterPlan, ApplyPlan(plan=plan))

    async def release_master(self, warehouse: str) -> Released:
        """Let pass what the brake of a warehouse holds back."""
        return await self.call("POST", f"/v1/master-policies/{part(warehouse)}/release", Released)

    async def fetch_products(self, connection: str) -> Queued:
        """Fetch the products of a connection now."""
        return await self.call("POST", "/v1/master-products/fetch", Queued, FetchProducts(connection=connection))

    async def master_products(
        self,
        warehouse: str,
        state: str | None = None,
        after: str | None = None,
        limit: int | None = None,
        sku: str | None = None,
    ) -> MasterProductPage:
        """List the products of a warehouse, those whose SKU begins with `sku`."""
        query = {"warehouse": warehouse, "state": state, "sku": sku, "after": after, "limit": limit}
        return await self.call("GET", "/v1/master-products", MasterProductPage, **query)

    async def master_conflicts(
        self,
        warehouse: str,
        *,
        decided: bool = False,
        field: str | None = None,
        sku: str | None = None,
        after: int | None = None,
        limit: int | None = None,
    ) -> MasterConflictPage:
        """List the conflicts of a warehouse, of a field, of a SKU."""
        shown = "true" if decided else None
        return await self.call(
            "GET",
            "/v1/master-conflicts",
            MasterConflictPage,
            warehouse=warehouse,
            decided=shown,
            field=field,
            sku=sku,
            after=after,
            limit=limit,
        )

    async def master_conflict(self, number: int) -> MasterConflict:
        """Show a conflict."""
        return await self.call("GET", f"/v1/master-conflicts/{number}", MasterConflict)

    async def resolve_conflict(
        self, number: int, take: str, value: str | None = None, reason: str | None = None
    ) -> MasterConflict:
        """Decide a conflict by hand."""
        body = ResolveConflict(take=take, value=value, reason=reason)  # type: ignore[arg-type]  # the daemon checks it
        return await self.call("POST", f"/v1/master-conflicts/{number}/resolve", MasterConflict, body)
