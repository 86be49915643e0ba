"""The WMS side's shipping labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from crossdock.spec.hooks import hookimpl
from crossdock.spec.outbound import PushResult
from crossdock_wms_default.wire import bearer

if TYPE_CHECKING:
    from crossdock.spec.context import Context
    from crossdock.spec.labels import LabelDelivery
    from crossdock_wms_default.settings import Settings


class Labels:
    """The label hooks of the connector."""

    @hookimpl
    async def push_label(self, ctx: Context[Settings], item: LabelDelivery) -> PushResult:
        """Give a document its label."""
        headers = {**bearer(ctx), "Idempotency-Key": item.key}
        answer = await ctx.http.post("/v1/outbounds/label", msgspec.json.encode(item), headers=headers)
        return answer.json(PushResult)
