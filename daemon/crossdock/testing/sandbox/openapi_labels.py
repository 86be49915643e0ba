"""The operations of shipping labels in the default contract, for crossdock.testing.sandbox.openapi."""

from __future__ import annotations

from typing import Any

from crossdock.spec import outbound
from crossdock.spec.labels import LabelDelivery
from crossdock.testing.sandbox import bodies

_REF = {
    "name": "ref",
    "in": "query",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    "description": "The order's ref.",
}
_PACKAGE = {
    "name": "package",
    "in": "query",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    "description": "One package of it; left out: the order as a whole.",
}
OMS: dict[str, dict[str, dict[str, Any]]] = {
    "/v1/labels": {
        "get": {
            "name": "getLabel",
            "summary": "Read the newest shipping label of an order, its bytes or an https address; null where there is none yet.",
            "answer": bodies.LabelBody,
            "parameters": [_REF, _PACKAGE],
            "also": {404: "unknown_order: the OMS has no such order."},
        }
    }
}
WMS: dict[str, dict[str, dict[str, Any]]] = {
    "/v1/outbounds/label": {
        "post": {
            "name": "putLabel",
            "summary": "Give a document its shipping label. A newer version replaces the one there is; an older one and a repeat "
            "change nothing (duplicate); rejected with too_late where the parcel has left.",
            "answer": outbound.PushResult,
            "body": LabelDelivery,
            "write": True,
        }
    }
}
OMS_BODIES = (bodies.LabelBody,)
WMS_BODIES = (LabelDelivery, outbound.PushResult)
