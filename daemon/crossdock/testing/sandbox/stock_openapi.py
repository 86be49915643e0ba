"""The part of the default contract's OpenAPI documents that is about stock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crossdock.testing.sandbox import bodies, stock_bodies

if TYPE_CHECKING:
    from collections.abc import Callable

OMS_BODIES = (stock_bodies.Levels, stock_bodies.Movements)
WMS_BODIES = (stock_bodies.LevelPage, stock_bodies.MovementPage)
TIME = {"type": "string", "format": "date-time"}


def oms_paths(operation: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """Describe what an OMS takes over."""
    return {
        "/v1/stock": {
            "post": operation(
                "applyStock",
                "Take over 1 to 500 stock levels, one result each, named WAREHOUSE/SKU. Of two levels that with the higher "
                "sequence is newer, where both have one, else the one observed later; a level that is not newer than the one "
                "held changes nothing and is ok.",
                bodies.ItemResults,
                body=stock_bodies.Levels,
                write=True,
            )
        },
        "/v1/stock/movements": {
            "post": operation(
                "applyMovements",
                "Take over 1 to 500 stock movements, one result each, named by ref. A ref that was taken over before changes "
                "nothing and is ok.",
                bodies.ItemResults,
                body=stock_bodies.Movements,
                write=True,
            )
        },
    }


def wms_paths(operation: Callable[..., dict[str, Any]], query: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """Describe what a WMS shows."""

    def listing(stamp: str) -> list[dict[str, Any]]:
        return [
            query("mode", {"type": "string", "enum": ["changed", "sweep"], "default": "changed"},
                  "changed: everything in [since, until]; sweep: everything."),
            query("since", TIME, f"Oldest {stamp}, included."),
            query("until", TIME, f"Newest {stamp}, included."),
            query("cursor", {"type": "string", "maxLength": 4096},
                  "next_cursor of an earlier page; the rest of the query unchanged."),
            query("limit", {"type": "integer", "minimum": 1, "maximum": 500, "default": 100}, "Items in the page, at most."),
        ]  # fmt: skip

    return {
        "/v1/stock": {
            "get": operation(
                "listStock", "List stock levels in the order of observed_at, page by page: the newest of each SKU.",
                stock_bodies.LevelPage, parameters=listing("observed_at"),
            )
        },
        "/v1/stock/movements": {
            "get": operation(
                "listMovements", "List stock movements in the order of at, page by page.", stock_bodies.MovementPage,
                parameters=listing("at"),
            )
        },
    }  # fmt: skip
