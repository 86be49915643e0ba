"""The wms_default connector: a WMS that speaks crossdock's open HTTP contract. It only translates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from crossdock.spec.connector import Capabilities
from crossdock.spec.costs import CostKind
from crossdock.spec.errors import NotFound, UnknownOutcome, Unsupported
from crossdock.spec.hooks import hookimpl
from crossdock.spec.orders import FetchMode
from crossdock.spec.outbound import CheckResult, Choice, PushResult, RemoteOutbound
from crossdock_wms_default import salvage
from crossdock_wms_default.changes import Changes, ResultsBody
from crossdock_wms_default.costs import Costs
from crossdock_wms_default.documents import DocumentHooks
from crossdock_wms_default.labels import Labels
from crossdock_wms_default.products import ProductHooks
from crossdock_wms_default.stock import StockHooks
from crossdock_wms_default.webhooks import WebhookHooks
from crossdock_wms_default.wire import batch_key, bearer

if TYPE_CHECKING:
    from crossdock.spec.context import Answer, Context
    from crossdock.spec.outbound import OutboundRequest
    from crossdock_wms_default.settings import Settings


class FoundBody(Struct, frozen=True):
    """What the WMS holds under each key."""

    found: dict[str, RemoteOutbound | None]


class ChoicesBody(Struct, frozen=True):
    """What a person may choose from."""

    choices: list[Choice]


class WmsConnector(StockHooks, WebhookHooks, Labels, DocumentHooks, ProductHooks, Costs, Changes):
    """One connection to a WMS. `capabilities` are those of this connection, as its settings say."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.capabilities = Capabilities(
            idempotency=settings.idempotency,
            lookup_lag_s=settings.lookup_lag_s,
            max_batch=settings.max_batch,
            fetch_modes=(FetchMode.CHANGED, FetchMode.SWEEP),
            ordered_pages=True,
            max_page=500,
            costs=(CostKind.PLANNED, CostKind.ACTUAL),
            tells_stage=settings.idempotency != "none",
            updates=settings.updates,
            cancel_until=settings.cancel_until,
            batch_atomic=True,  # in the contract a 4xx means that nothing of the call was created
        )

    @hookimpl
    async def check(self, ctx: Context[Settings]) -> CheckResult:
        """Ask the WMS whether it accepts us."""
        return (await ctx.http.get("/v1/check", headers=bearer(ctx))).json(CheckResult)

    @hookimpl
    async def list_warehouses(self, ctx: Context[Settings]) -> list[Choice]:
        """List the warehouses."""
        return (await ctx.http.get("/v1/warehouses", headers=bearer(ctx))).json(ChoicesBody).choices

    @hookimpl
    async def push_outbound(self, ctx: Context[Settings], items: list[OutboundRequest]) -> list[PushResult]:
        """Create outbound documents."""
        body = msgspec.json.encode({"items": items})
        keys = [item.key for item in items]
        headers = {**bearer(ctx), "Idempotency-Key": batch_key(keys)}
        answer = await ctx.http.post("/v1/outbounds", body, headers=headers)
        try:
            return answer.json(ResultsBody).results
        except UnknownOutcome:
            if (saved := salvage.results(answer.body, keys) if is_json(answer) else None) is None:
                raise
        if saved.odd:
            key, reason = next(iter(saved.odd.items()))
            text = "%d of %d results of a push cannot be read; their orders are in doubt. %s: %s"
            ctx.log.error(text, len(saved.odd), len(items), key, reason)
        return saved.results

    @hookimpl
    async def find_outbound(self, ctx: Context[Settings], keys: list[str]) -> dict[str, RemoteOutbound | None]:
        """Tell what the WMS holds under each key."""
        if self._settings.idempotency == "none":
            raise Unsupported(f"{ctx.connection} cannot be asked for documents by key; settle them by hand")
        body = msgspec.json.encode({"keys": keys})
        try:
            answer = await ctx.http.post("/v1/outbounds/find", body, headers=bearer(ctx), write=False)
        except NotFound as error:
            if error.code != "unsupported":  # a wrong address answers 404, too
                raise
            raise Unsupported(f"{error.message}; settle documents by hand", detail=error.detail) from None
        return answer.json(FoundBody).found


def is_json(answer: Answer) -> bool:
    """Tell whether an answer says that it is JSON."""
    return "json" in answer.headers.get("Content-Type", "").lower()
