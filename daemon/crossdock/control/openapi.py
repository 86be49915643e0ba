"""The OpenAPI 3.1 document of the control API, made of the route table: `python -m crossdock.control.openapi FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from crossdock.control.intake import PATH_TYPES
from crossdock.control.permissions import PUBLIC
from crossdock.control.records.base import Problem
from crossdock.control.records.events import Changed
from crossdock.control.route import Nothing, Route, Stream
from crossdock.control.routes import TABLE

FILE = "control-api.openapi.json"
_REFERENCE = "#/components/schemas/{name}"


def document() -> dict[str, Any]:
    """Return the document as plain data."""
    queries = [route.query for route in TABLE if route.query is not Nothing]
    bodies = [route.body for route in TABLE if route.body is not None]
    kinds = [*bodies, *(route.answer for route in TABLE if route.answer not in (str, Stream)), Changed, Problem]
    _, schemas = msgspec.json.schema_components(kinds, ref_template=_REFERENCE)
    parameters = {kind: msgspec.json.schema_components([kind], ref_template=_REFERENCE)[1] for kind in queries}
    paths: dict[str, Any] = {}
    for route in TABLE:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, parameters)
    for known in parameters.values():  # what a parameter refers to, such as an enumeration
        schemas |= {name: schema for name, schema in known.items() if "properties" not in schema}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "crossdock control API",
            "version": "1",
            "description": (
                "Spoken over the daemon's Unix socket, where who asks is told by the peer's user and [control.roles] of "
                "the configuration gives roles; and, where [control.tcp] says so, over a network, where a token tells "
                "both. Roles give the rights that `x-permission` names. Errors are problem+json with a `code` for "
                "programs and a `detail` for people."
            ),
        },
        "security": [{}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route, parameters: dict[Any, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": getattr(route.handler, "__name__", route.path),
        "summary": route.summary,
        "x-permission": str(route.permission),
        "parameters": [_in_path(name) for name in route.names] + _in_query(route, parameters),
        "responses": {"200": _answer(route), "default": _error(route)},
    }
    if route.probe:
        found["security"] = [{}]
    if route.body is not None:
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": _schema(route.body)}}}
    return found


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": msgspec.json.schema(PATH_TYPES[name])}


def _in_query(route: Route, parameters: dict[Any, Any]) -> list[dict[str, Any]]:
    if route.query is Nothing:
        return []
    schema = parameters[route.query][route.query.__name__]
    required = set(schema.get("required", ()))
    return [
        {"name": name, "in": "query", "required": name in required, "schema": inner}
        for name, inner in schema["properties"].items()
    ]


def _answer(route: Route) -> dict[str, Any]:
    if route.answer is str:
        return {"description": "Text", "content": {"text/plain": {"schema": {"type": "string"}}}}
    if route.answer is Stream:
        schema = {"type": "string", "x-data": _schema(Changed)}
        return {
            "description": "Server-sent events; data: is JSON",
            "content": {"text/event-stream": {"schema": schema}},
        }
    return {"description": "Done", "content": {"application/json": {"schema": _schema(route.answer)}}}


def _error(route: Route) -> dict[str, Any]:
    if route.permission == PUBLIC:  # a probe answers 503 with its reasons
        return _answer(route)
    return {"description": "Not done", "content": {"application/problem+json": {"schema": _schema(Problem)}}}


def _schema(kind: Any) -> Any:
    return msgspec.json.schema_components([kind], ref_template=_REFERENCE)[0][0]


def rendered() -> bytes:
    """Return the document as it is published."""
    return msgspec.json.format(msgspec.json.encode(document()), indent=2) + b"\n"


def main(folder: str) -> None:
    """Write the document into a folder."""
    (Path(folder) / FILE).write_bytes(rendered())


if __name__ == "__main__":
    main(*sys.argv[1:])
