"""The oms_default connector: an OMS that speaks crossdock's open HTTP contract. It only translates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from crossdock.spec.connector import Capabilities
from crossdock.spec.costs import CostKind
from crossdock.spec.errors import BadResponse
from crossdock.spec.hooks import hookimpl
from crossdock.spec.orders import FetchMode
from crossdock.spec.outbound import CheckResult
from crossdock_oms_default import salvage
from crossdock_oms_default.costs import Costs
from crossdock_oms_default.documents import DocumentHooks
from crossdock_oms_default.labels import Labels
from crossdock_oms_default.mapping import (
    ORDER,
    ChoicesBody,
    OrdersBody,
    PageBody,
    ResultsBody,
    reports_key,
    to_page,
)
from crossdock_oms_default.products import ProductHooks
from crossdock_oms_default.stock import StockHooks
from crossdock_oms_default.webhooks import WebhookHooks
from crossdock_oms_default.wire import bearer, to_query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crossdock.spec.context import Answer, Context
    from crossdock.spec.orders import Order, Page, Unreadable, Window
    from crossdock.spec.outbound import Choice, ItemResult, PushReport
    from crossdock_oms_default.settings import Settings


class OmsConnector(StockHooks, WebhookHooks, Labels, DocumentHooks, ProductHooks, Costs):
    """One connection to an OMS. `capabilities` are those of this connection, as its settings say; it keeps nothing else."""

    def __init__(self, settings: Settings) -> None:
        self.capabilities = Capabilities(
            fetch_modes=(FetchMode.CHANGED, FetchMode.SWEEP), ordered_pages=True, max_page=500,
            costs=(CostKind.PLANNED, CostKind.ACTUAL), cost_actual=settings.cost_actual,
        )  # fmt: skip

    @hookimpl
    async def check(self, ctx: Context[Settings]) -> CheckResult:
        """Ask the OMS whether it accepts us."""
        return (await ctx.http.get("/v1/check", headers=bearer(ctx))).json(CheckResult)

    @hookimpl
    async def fetch_orders(self, ctx: Context[Settings], window: Window, cursor: str | None, limit: int) -> Page:
        """Return one page of orders, as slices."""
        answer = await ctx.http.get("/v1/orders", params=to_query(window, cursor, limit), headers=bearer(ctx))
        try:
            return to_page(answer.json(PageBody, unique_keys=False), answer.body)
        except BadResponse:
            if (page := salvage.page(answer.body) if is_json(answer) else None) is None:
                raise
            return page

    @hookimpl
    def read_order(self, raw: bytes) -> Order:
        """Decode one slice."""
        return ORDER.decode(raw)

    @hookimpl
    async def get_orders(self, ctx: Context[Settings], refs: list[str]) -> Mapping[str, Order | Unreadable | None]:
        """Return the newest data of the orders named."""
        body = msgspec.json.encode({"refs": refs})
        answer = await ctx.http.post("/v1/orders/get", body, headers=bearer(ctx), write=False)
        try:
            return answer.json(OrdersBody).orders
        except BadResponse:
            if (orders := salvage.orders(answer.body) if is_json(answer) else None) is None:
                raise
            return orders

    @hookimpl
    async def report_push(self, ctx: Context[Settings], reports: list[PushReport]) -> list[ItemResult]:
        """Tell the OMS what became of orders."""
        body = msgspec.json.encode({"reports": reports})
        headers = {**bearer(ctx), "Idempotency-Key": reports_key(body)}
        return (await ctx.http.post("/v1/push-reports", body, headers=headers)).json(ResultsBody).results

    @hookimpl
    async def list_shops(self, ctx: Context[Settings]) -> list[Choice]:
        """List the shops."""
        return (await ctx.http.get("/v1/shops", headers=bearer(ctx))).json(ChoicesBody).choices

    @hookimpl
    async def list_logistics(self, ctx: Context[Settings]) -> list[Choice]:
        """List the carriers."""
        return (await ctx.http.get("/v1/logistics", headers=bearer(ctx))).json(ChoicesBody).choices


def is_json(answer: Answer) -> bool:
    """Tell whether an answer says that it is JSON."""
    return "json" in answer.headers.get("Content-Type", "").lower()
