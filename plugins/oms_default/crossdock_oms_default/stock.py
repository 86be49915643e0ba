"""Stock for an OMS that speaks the default contract."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from crossdock.spec.hooks import hookimpl
from crossdock.spec.outbound import ItemResult
from crossdock_oms_default.wire import bearer

if TYPE_CHECKING:
    from crossdock.spec.context import Context
    from crossdock.spec.stock import StockLevel, StockMovement
    from crossdock_oms_default.settings import Settings


class StockResults(Struct, frozen=True):
    """One result per level or movement."""

    results: list[ItemResult]


class StockHooks:
    """The hooks of stock."""

    @hookimpl
    async def apply_stock(self, ctx: Context[Settings], levels: list[StockLevel]) -> list[ItemResult]:
        """Have levels taken over."""
        return await _told(ctx, "/v1/stock", msgspec.json.encode({"levels": levels}))

    @hookimpl
    async def apply_movements(self, ctx: Context[Settings], movements: list[StockMovement]) -> list[ItemResult]:
        """Have movements taken over."""
        return await _told(ctx, "/v1/stock/movements", msgspec.json.encode({"movements": movements}))


async def _told(ctx: Context[Settings], path: str, body: bytes) -> list[ItemResult]:
    key = f"XS-{hashlib.blake2b(body, digest_size=16).hexdigest()}"
    headers = {**bearer(ctx), "Idempotency-Key": key}
    return (await ctx.http.post(path, body, headers=headers)).json(StockResults).results
