"""Documents of warehouses, entered in the OMS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from crossdock.spec.errors import NotFound, Unsupported
from crossdock.spec.hooks import hookimpl
from crossdock.spec.outbound import ItemResult
from crossdock_oms_default.wire import batch_key, bearer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.spec.context import Context
    from crossdock.spec.documents import InboundPosting, OutboundPosting
    from crossdock_oms_default.settings import Settings


class EnteredBody(Struct, frozen=True):
    """One result per document."""

    results: list[ItemResult]


class DocumentHooks:
    """The part of the connector that enters documents."""

    @hookimpl
    async def apply_outbound(self, ctx: Context[Settings], items: list[OutboundPosting]) -> list[ItemResult]:
        """Enter outbound documents."""
        return await _enter(ctx, "/v1/outbound-documents", items)

    @hookimpl
    async def apply_inbound(self, ctx: Context[Settings], items: list[InboundPosting]) -> list[ItemResult]:
        """Enter inbound documents."""
        return await _enter(ctx, "/v1/inbound-documents", items)


async def _enter(
    ctx: Context[Settings], path: str, items: Sequence[OutboundPosting] | Sequence[InboundPosting]
) -> list[ItemResult]:
    headers = {**bearer(ctx), "Idempotency-Key": batch_key([item.key for item in items])}
    try:
        answer = await ctx.http.post(path, msgspec.json.encode({"items": items}), headers=headers)
    except NotFound as error:
        raise Unsupported(f"{ctx.connection} takes no documents ({path}): not supported by this OMS") from error
    return answer.json(EnteredBody).results
