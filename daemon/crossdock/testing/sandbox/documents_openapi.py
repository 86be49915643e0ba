"""What the OpenAPI documents say of warehouses' documents; openapi.py puts it in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crossdock.testing.sandbox import documents_bodies as found
from crossdock.testing.sandbox.bodies import ItemResults

if TYPE_CHECKING:
    from collections.abc import Callable

    Operation = Callable[..., dict[str, Any]]

OMS_BODIES = (found.OutboundPostings, found.InboundPostings, ItemResults)
WMS_BODIES = (found.OutboundDocPage, found.InboundDocPage)


def oms_paths(operation: Operation) -> dict[str, Any]:
    """Describe what the OMS takes; `operation` makes one operation."""
    return {
        "/v1/outbound-documents": {
            "post": operation(
                "applyOutboundDocuments",
                "Enter 1 to 50 outbound documents, one result each, named by its key. A document that is there at this "
                "revision or a newer one does not change: a repeat is ok.",
                ItemResults,
                body=found.OutboundPostings,
                write=True,
            )
        },
        "/v1/inbound-documents": {
            "post": operation(
                "applyInboundDocuments",
                "Enter 1 to 50 inbound documents, one result each, named by its key. A document that is there at this "
                "revision or a newer one does not change, and a receipt that is there already, by its ref, is not counted "
                "again.",
                ItemResults,
                body=found.InboundPostings,
                write=True,
            )
        },
    }


def wms_paths(operation: Operation, listing: list[dict[str, Any]]) -> dict[str, Any]:
    """Describe what the WMS lists; `listing` are the parameters of a listing of orders."""
    parameters = [{**each, "description": _of_documents(each["description"])} for each in listing]
    return {
        "/v1/outbound-documents": {
            "get": operation(
                "listOutboundDocuments",
                "List outbound documents of every kind in the order of (updated_at, ref), page by page, those that "
                "crossdock created among them. Documents beside the window may be among them; none of it may be missing.",
                found.OutboundDocPage,
                parameters=parameters,
            )
        },
        "/v1/inbound-documents": {
            "get": operation(
                "listInboundDocuments",
                "List inbound documents of every kind with every receipt so far, as the outbound ones are listed.",
                found.InboundDocPage,
                parameters=parameters,
            )
        },
    }


def _of_documents(text: str) -> str:
    return text.replace("orders", "documents").replace("Orders", "Documents").replace("order", "document")
