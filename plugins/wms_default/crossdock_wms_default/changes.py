"""What is asked of the WMS about documents that it has: change them, cancel them, keep them waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from crossdock.spec.errors import NotFound, Unsupported
from crossdock.spec.hooks import hookimpl
from crossdock.spec.outbound import PushResult
from crossdock_wms_default.wire import batch_key, bearer

if TYPE_CHECKING:
    from crossdock.spec.context import Answer, Context
    from crossdock.spec.outbound_changes import OutboundCancel, OutboundHold, OutboundUpdate
    from crossdock_wms_default.settings import Settings


class ResultsBody(Struct, frozen=True):
    """One result per item."""

    results: list[PushResult]


class Changes:
    """The hooks of a connector whose WMS takes changes."""

    @hookimpl
    async def update_outbound(self, ctx: Context[Settings], items: list[OutboundUpdate]) -> list[PushResult]:
        """Change documents."""
        keys = [item.key for item in items]
        answer = await _post(ctx, "/v1/outbounds/update", msgspec.json.encode({"items": items}), batch_key(keys))
        return answer.json(ResultsBody).results

    @hookimpl
    async def cancel_outbound(self, ctx: Context[Settings], item: OutboundCancel) -> PushResult:
        """Ask the WMS not to ship a document."""
        return (await _post(ctx, "/v1/outbounds/cancel", msgspec.json.encode(item), item.key)).json(PushResult)

    @hookimpl
    async def hold_outbound(self, ctx: Context[Settings], item: OutboundHold) -> PushResult:
        """Keep a document waiting, or let it go on."""
        return (await _post(ctx, "/v1/outbounds/hold", msgspec.json.encode(item), item.key)).json(PushResult)


async def _post(ctx: Context[Settings], path: str, body: bytes, key: str) -> Answer:
    try:
        return await ctx.http.post(path, body, headers={**bearer(ctx), "Idempotency-Key": key})
    except NotFound as error:
        if error.code != "unsupported":  # a wrong address answers 404, too
            raise
        raise Unsupported(f"{error.message}; tell the warehouse by hand", detail=error.detail) from None
