"""The costs of the default contract, for its OpenAPI documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crossdock.spec.costs import CostChange
from crossdock.spec.outbound import ItemResult
from crossdock.testing.sandbox import bodies

if TYPE_CHECKING:
    from collections.abc import Callable

OMS = (CostChange, ItemResult, bodies.Skus, bodies.CostsBySku)
WMS = (CostChange, ItemResult)


def oms_paths(operation: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """Describe the OMS side."""
    return {
        "/v1/costs/update": {
            "post": operation(
                "updateCost",
                "Take one cost over. planned: the planned amount of a document; the highest version wins. actual with a "
                "receipt_ref: what that receipt cost after all (an OMS that computes averages). actual without: the average "
                "purchase price of sku (an OMS that is given it); ok false with code version where another value is held "
                "than old. A repeat changes nothing; unknown_receipt or unknown_document where it is not known yet.",
                ItemResult,
                body=CostChange,
                write=True,
            )
        },
        "/v1/costs/get": {
            "post": operation(
                "getCosts",
                "Tell the average purchase price of up to 500 SKUs. A read in the form of a POST: it changes nothing.",
                bodies.CostsBySku,
                body=bodies.Skus,
            )
        },
    }


def wms_paths(operation: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """Describe the WMS side."""
    return {
        "/v1/costs/update": {
            "post": operation(
                "updateCost",
                "Change the planned unit cost of a document's line, or with a receipt_ref what that receipt really cost. ok "
                "false with code version where another value is held than old. A repeat changes nothing.",
                ItemResult,
                body=CostChange,
                write=True,
            )
        }
    }
