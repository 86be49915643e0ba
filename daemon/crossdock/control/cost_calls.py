"""Client calls about costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.control.records import costs as records
from crossdock.control.transport import Transport, part

if TYPE_CHECKING:
    from crossdock.control.records.costs import CostEdit, CostPreview, SettleDrift


class CostCalls(Transport):
    """Costs."""

    async def cost_documents(self, **query: object) -> records.CostDocumentPage:
        """List inbound documents; the parameters are CostDocumentQuery's."""
        return await self.call("GET", "/v1/costs/documents", records.CostDocumentPage, **query)

    async def cost_document(self, connection: str, ref: str, **query: object) -> records.CostDocument:
        """Show an inbound document with its costs; the parameters are CostLinesQuery's."""
        path = f"/v1/costs/documents/{part(connection)}/{part(ref)}"
        return await self.call("GET", path, records.CostDocument, **query)

    async def sku_costs(self, **query: object) -> records.SkuCostPage:
        """List where the ledgers of SKUs stand; the parameters are SkuCostQuery's."""
        return await self.call("GET", "/v1/costs/skus", records.SkuCostPage, **query)

    async def sku_cost(self, oms: str, sku: str) -> records.SkuCost:
        """Show where a SKU's ledger stands."""
        return await self.call("GET", f"/v1/costs/skus/{part(oms)}/{part(sku)}", records.SkuCost)

    async def preview_cost(self, wanted: CostPreview) -> records.CostEffect:
        """Say what a new unit cost would do."""
        return await self.call("POST", "/v1/costs/preview", records.CostEffect, wanted)

    async def edit_plan_cost(self, edit: CostEdit) -> records.CostEdited:
        """Change a planned unit cost."""
        return await self.call("POST", "/v1/costs/plan", records.CostEdited, edit)

    async def edit_actual_cost(self, edit: CostEdit) -> records.CostEdited:
        """Change what received goods really cost."""
        return await self.call("POST", "/v1/costs/actual", records.CostEdited, edit)

    async def settle_drift(self, wanted: SettleDrift) -> records.SkuCost:
        """End a drift."""
        return await self.call("POST", "/v1/costs/drift", records.SkuCost, wanted)
