"""The bodies of the default contract about stock."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from crossdock.spec.stock import StockLevel, StockMovement


class LevelPage(Struct, frozen=True, kw_only=True):
    """One page of stock levels, in the order of `observed_at`."""

    items: tuple[StockLevel, ...]
    next_cursor: str | None
    watermark: datetime | None


class MovementPage(Struct, frozen=True, kw_only=True):
    """One page of stock movements, in the order of `at`."""

    items: tuple[StockMovement, ...]
    next_cursor: str | None
    watermark: datetime | None


class Levels(Struct, frozen=True, kw_only=True):
    """Stock levels to take over, one result each, named WAREHOUSE/SKU."""

    levels: tuple[StockLevel, ...]


class Movements(Struct, frozen=True, kw_only=True):
    """Stock movements to take over, one result each, named by its `ref`."""

    movements: tuple[StockMovement, ...]
