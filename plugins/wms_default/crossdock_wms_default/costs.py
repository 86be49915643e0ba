"""Costs in the WMS side of the default contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from crossdock.spec.hooks import hookimpl
from crossdock.spec.outbound import ItemResult
from crossdock_wms_default.wire import bearer

if TYPE_CHECKING:
    from crossdock.spec.context import Context
    from crossdock.spec.costs import CostChange
    from crossdock_wms_default.settings import Settings


class Costs:
    """The hook about costs."""

    @hookimpl
    async def update_cost(self, ctx: Context[Settings], change: CostChange) -> ItemResult:
        """Write the unit cost of a line or a receipt."""
        headers = {**bearer(ctx), "Idempotency-Key": change.key}
        return (await ctx.http.post("/v1/costs/update", msgspec.json.encode(change), headers=headers)).json(ItemResult)
