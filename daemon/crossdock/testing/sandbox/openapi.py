"""Writes the OpenAPI 3.1 documents of the default contract from its records: `python -m crossdock.testing.sandbox.openapi FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import inspect

from crossdock.spec import outbound
from crossdock.testing.sandbox import (
    bodies,
    documents_openapi,
    openapi_changes,
    openapi_costs,
    openapi_labels,
    stock_openapi,
)
from crossdock.testing.sandbox.call import LONGEST_KEY, PROBLEM_JSON, TITLES, Problem
from crossdock.testing.sandbox.product_bodies import PRODUCT_BODIES
from crossdock.testing.sandbox.product_openapi import bound_products, product_paths

if TYPE_CHECKING:
    from collections.abc import Iterable

VERSION = "1.0.0"
FILES = {"oms": "oms-contract.openapi.json", "wms": "wms-contract.openapi.json"}
REF = "#/components/schemas/{name}"
MOST_NAMES = 500
"""Refs or keys that may be asked for in one call."""
PRINTABLE = "^[ -~]+$"
"""What a key is made of: printable ASCII."""
DECIMAL = {"type": "string", "format": "decimal"}
KEY_HEADER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": PRINTABLE},
    "description": (
        "The key of the single item, or a digest of the keys of a batch. It is the same with every attempt; what counts "
        "is the name of each item: its key, or its order_ref, status and revision."
    ),
}
RETRY_AFTER = {
    "Retry-After": {
        "description": "Seconds, or an HTTP date: when to come again.",
        "schema": {"type": "string"},
    }
}
ERRORS = {
    400: "The request cannot be read.",
    401: "The bearer token is missing or wrong.",
    403: "The bearer token is known, and may not do this.",
    422: "The request was read and refused as it is.",
    429: "Nothing took effect.",
    500: "Of a write nobody knows whether it took effect, so crossdock asks before it sends anything again.",
    503: "Not now. Of a write nobody knows whether it took effect, so crossdock asks before it sends anything again.",
}
ANY_OTHER = (
    "Any other failure, by the group of its status: another 4xx is a refusal, such as 404 not_found of a path and 405 "
    "method_not_allowed of a method that this contract does not have; 408 and another 5xx are as 500."
)


def query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    """Describe a query parameter."""
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}


TIME = {"type": "string", "format": "date-time"}
LISTING = [
    query(
        "mode",
        {"type": "string", "enum": ["changed", "sweep"], "default": "changed"},
        "changed: every order changed in [since, until]; sweep: every order that is open or created since created_since.",
    ),
    query("since", TIME, "Oldest updated_at, included."),
    query("until", TIME, "Newest updated_at, included."),
    query(
        "created_since", TIME, "Oldest created_at, included. In mode sweep open orders are listed whatever their age."
    ),
    query(
        "cursor",
        {"type": "string", "maxLength": 4096},
        "next_cursor of an earlier page; the rest of the query unchanged.",
    ),
    query("limit", {"type": "integer", "minimum": 1, "maximum": 500, "default": 100}, "Orders in the page, at most."),
]


def operation(
    name: str,
    summary: str,
    answer: type,
    *,
    body: type | None = None,
    parameters: list[dict[str, Any]] | None = None,
    write: bool = False,
    also: dict[int, str] | None = None,
) -> dict[str, Any]:
    """Describe one operation: what it takes, what it answers, how it fails; `also` are failures of its own."""
    if body is not None:
        also = {415: "The body does not say that it is application/json.", **(also or {})}
    described: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "parameters": [*(parameters or []), *([KEY_HEADER] if write else [])],
        "responses": {"200": content("What was asked for.", answer), **errors(also or {})},
    }
    if body is not None:
        described["requestBody"] = {"required": True, **content(None, body)}
    return described


def content(description: str | None, kind: type) -> dict[str, Any]:
    """Describe a JSON body."""
    body = {"content": {"application/json": {"schema": {"$ref": REF.format(name=kind.__name__)}}}}
    return body if description is None else {"description": description, **body}


def errors(also: dict[int, str]) -> dict[str, Any]:
    """Describe the problem+json answers that every operation may give, and those that this one may give `also`."""
    problem = {PROBLEM_JSON: {"schema": {"$ref": REF.format(name="Problem")}}}
    described = {
        str(status): {
            "description": f"{TITLES[status]}. {text}",
            "content": problem,
            **({"headers": RETRY_AFTER} if status in {429, 503} else {}),
        }
        for status, text in sorted({**ERRORS, **also}.items())
    }
    return {**described, "default": {"description": ANY_OTHER, "content": problem}}


def oms_paths() -> dict[str, Any]:
    """Describe the OMS side."""
    return {
        "/v1/orders": {
            "get": operation(
                "listOrders",
                "List orders in the order of (updated_at, ref), page by page. Orders beside the window may be among them; none of the window may be missing.",
                bodies.OrderPage,
                parameters=LISTING,
            )
        },
        "/v1/orders/get": {
            "post": operation(
                "getOrders",
                "Read the newest data of up to 500 orders. A read in the form of a POST: it changes nothing.",
                bodies.OrdersByRef,
                body=bodies.OrderRefs,
            )
        },
        "/v1/push-reports": {
            "post": operation(
                "reportPush",
                "Take note of what became of orders. A report with the same order_ref, status and revision changes nothing.",
                bodies.ItemResults,
                body=bodies.PushReports,
                write=True,
            )
        },
        "/v1/shops": {"get": operation("listShops", "List the shops whose orders this OMS holds.", bodies.Choices)},
        "/v1/logistics": {
            "get": operation("listLogistics", "List the carriers; kind is a LogisticsKind.", bodies.Choices)
        },
        "/v1/check": check(),
        **stock_openapi.oms_paths(operation),
        **documents_openapi.oms_paths(operation),
    }


def wms_paths() -> dict[str, Any]:
    """Describe the WMS side."""
    return {
        "/v1/outbounds": {
            "post": operation(
                "createOutbounds",
                "Create 1 to 50 outbound documents, one result each. A key that was accepted before makes no second "
                "document: the same item is a duplicate with the same remote_id, another one is rejected (key_reused).",
                bodies.PushResults,
                body=bodies.Outbounds,
                write=True,
                also={409: "Something is already there under this key; crossdock asks what."},
            )
        },
        "/v1/outbounds/find": {
            "post": operation(
                "findOutbounds",
                "Tell what is held under up to 500 keys. A read in the form of a POST: it changes nothing.",
                bodies.Found,
                body=bodies.Keys,
                also={404: "unsupported: this WMS cannot be asked for documents by key."},
            )
        },
        **openapi_changes.paths(operation),
        "/v1/warehouses": {
            "get": operation("listWarehouses", "List the warehouses; code is what an item names.", bodies.Choices)
        },
        "/v1/check": check(),
        **stock_openapi.wms_paths(operation, query),
        **documents_openapi.wms_paths(operation, LISTING),
    }


def check() -> dict[str, Any]:
    """Describe the check that both sides have."""
    return {"get": operation("check", "Say whether the caller is accepted, and what time it is.", outbound.CheckResult)}


def document(side: str) -> dict[str, Any]:
    """Return the OpenAPI document of one side, "oms" or "wms"."""
    paths = oms_paths() if side == "oms" else wms_paths()
    for part in PARTS[side]:
        paths |= {path: {method: operation(**said) for method, said in item.items()} for path, item in part.items()}
    paths |= product_paths(operation, LISTING)
    paths |= openapi_costs.oms_paths(operation) if side == "oms" else openapi_costs.wms_paths(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"crossdock default contract, {side.upper()} side",
            "version": VERSION,
            "description": f"What the {side.upper()} offers so that crossdock's {side}_default connector can talk to it.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas(side),
        },
    }


PARTS = {"oms": (openapi_labels.OMS,), "wms": (openapi_labels.WMS,)}
"""The operations that stand in modules of their own."""
OMS_BODIES = (
    *openapi_labels.OMS_BODIES,
    bodies.OrderPage,
    bodies.OrderRefs,
    bodies.OrdersByRef,
    bodies.PushReports,
    bodies.ItemResults,
    bodies.Choices,
    outbound.CheckResult,
    Problem,
    *stock_openapi.OMS_BODIES,
    *documents_openapi.OMS_BODIES,
)
WMS_BODIES = (
    *openapi_labels.WMS_BODIES,
    *openapi_changes.BODIES,
    bodies.Outbounds,
    bodies.PushResults,
    bodies.Keys,
    bodies.Found,
    bodies.Choices,
    outbound.CheckResult,
    Problem,
    *stock_openapi.WMS_BODIES,
    *documents_openapi.WMS_BODIES,
)


def schemas(side: str) -> dict[str, Any]:
    """Return the schemas of one side's records; a decimal is a string or a number."""
    oms, wms = (*OMS_BODIES, *openapi_costs.OMS), (*WMS_BODIES, *openapi_costs.WMS)
    kinds = (*(oms if side == "oms" else wms), *PRODUCT_BODIES)
    _, components = msgspec.json.schema_components(kinds, ref_template=REF)
    found: dict[str, Any] = either_decimal(components)
    tell_times(kinds, found)
    if side == "wms":
        found["Outbounds"]["properties"]["items"] |= {"minItems": 1, "maxItems": 50}
        found["OutboundRequest"]["properties"]["key"]["pattern"] = PRINTABLE
        found["Keys"]["properties"]["keys"]["maxItems"] = MOST_NAMES
    else:
        found["OrderRefs"]["properties"]["refs"]["maxItems"] = MOST_NAMES
    bound_products(found, MOST_NAMES)
    return dict(sorted(found.items()))


def tell_times(kinds: Iterable[type], found: dict[str, Any]) -> None:
    """Mark every time of the schemas as one: msgspec leaves that out where a record does not ask for a zone."""
    waiting: list[Any] = list(inspect.multi_type_info(kinds))
    seen: set[type] = set()
    while waiting:
        kind = waiting.pop()
        waiting += [part for name in _PARTS if (part := getattr(kind, name, None)) is not None]
        waiting += getattr(kind, "types", ())
        if not isinstance(kind, inspect.StructType) or kind.cls in seen:
            continue
        seen.add(kind.cls)
        for field in kind.fields:
            waiting.append(field.type)
            if any(isinstance(part, inspect.DateTimeType) for part in getattr(field.type, "types", (field.type,))):
                schema = found[kind.cls.__name__]["properties"][field.encode_name]
                for part in schema.get("anyOf", (schema,)):
                    part.update({"format": "date-time"} if part == {"type": "string"} else {})


_PARTS = ("type", "item_type", "value_type")
"""Where msgspec.inspect keeps what a type is made of."""


def either_decimal(value: Any) -> Any:
    """Let every decimal of a schema be written as a string or as a number."""
    if isinstance(value, dict):
        if value == DECIMAL:
            return {"type": ["string", "number"], "format": "decimal"}
        return {name: either_decimal(part) for name, part in value.items()}
    return [either_decimal(part) for part in value] if isinstance(value, list) else value


def rendered(side: str) -> bytes:
    """Return the document as it is published: indented JSON, UTF-8, with a line end."""
    return msgspec.json.format(msgspec.json.encode(document(side)), indent=2) + b"\n"


def main(folder: str) -> None:
    """Write both documents into `folder`."""
    for side, name in FILES.items():
        (Path(folder) / name).write_bytes(rendered(side))


if __name__ == "__main__":
    main(sys.argv[1])
