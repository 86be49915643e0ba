"""Costs in the OMS side of the default contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from crossdock.spec.costs import ProductCost
from crossdock.spec.hooks import hookimpl
from crossdock.spec.outbound import ItemResult
from crossdock_oms_default.wire import bearer

if TYPE_CHECKING:
    from crossdock.spec.context import Context
    from crossdock.spec.costs import CostChange
    from crossdock_oms_default.settings import Settings


class CostsBody(Struct, frozen=True):
    """Costs by SKU; null where the OMS does not know it."""

    costs: dict[str, ProductCost | None]


class Costs:
    """The hooks about costs."""

    @hookimpl
    async def update_cost(self, ctx: Context[Settings], change: CostChange) -> ItemResult:
        """Write one cost."""
        headers = {**bearer(ctx), "Idempotency-Key": change.key}
        return (await ctx.http.post("/v1/costs/update", msgspec.json.encode(change), headers=headers)).json(ItemResult)

    @hookimpl
    async def get_costs(self, ctx: Context[Settings], skus: list[str]) -> dict[str, ProductCost | None]:
        """Return average purchase prices."""
        headers = bearer(ctx)
        body = msgspec.json.encode({"skus": skus})
        answer = await ctx.http.post("/v1/costs/get", body, headers=headers, write=False)
        return answer.json(CostsBody).costs
