"""Errors of the control API: problem+json with a code for programs and a sentence for people."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from crossdock.control.records.base import Problem
from crossdock.engine.approvals import NotApproved
from crossdock.engine.requests import Refused
from crossdock.spec.errors import ConnectorError
from crossdock.store.book import ChangedMeanwhile
from crossdock.store.store import StoreBusy, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

log = logging.getLogger("crossdock.control")

CONTENT_TYPE = "application/problem+json"


class ApiProblem(Exception):
    """A request that is not done. `status` is the HTTP status, `detail` says what is wrong and what to do."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        *,
        again_at: datetime | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.again_at = again_at
        self.headers = dict(headers or {})


def bad_request(detail: str) -> ApiProblem:
    """What was sent cannot be understood."""
    return ApiProblem(HTTPStatus.BAD_REQUEST, "bad_request", detail)


def not_found(detail: str) -> ApiProblem:
    """What is named does not exist."""
    return ApiProblem(HTTPStatus.NOT_FOUND, "not_found", detail)


def not_valid(detail: str) -> ApiProblem:
    """What was sent is understood, and wrong."""
    return ApiProblem(HTTPStatus.UNPROCESSABLE_ENTITY, "not_valid", detail)


def conflict(code: str, detail: str) -> ApiProblem:
    """It cannot be done as things stand."""
    return ApiProblem(HTTPStatus.CONFLICT, code, detail)


def too_soon(text: str, again_at: datetime, now: datetime) -> ApiProblem:
    """The five-minute limit refuses it."""
    wait = max(1, round((again_at - now).total_seconds() + 0.5))
    return ApiProblem(
        HTTPStatus.TOO_MANY_REQUESTS, "too_soon", text, again_at=again_at, headers={"Retry-After": str(wait)}
    )


def explained(error: Exception) -> ApiProblem:
    """Say an exception as a problem. Only what nobody foresaw becomes a 500, and that is logged with its traceback."""
    match error:
        case ApiProblem():
            return error
        case web.HTTPException():
            return _of_http(error)
        case StoreError() | ConnectorError() | TimeoutError():
            return _of_surroundings(error)
        case ChangedMeanwhile():
            return conflict("changed_meanwhile", str(error))
        case NotApproved():
            return conflict("not_approved", str(error))
        case Refused():
            return ApiProblem(HTTPStatus.UNPROCESSABLE_ENTITY, "refused", str(error))
        case _:
            log.error("a control request failed in a way nobody foresaw", exc_info=error)
            text = "crossdock failed at this in a way nobody foresaw; its log has the details"
            return ApiProblem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", text)


def _of_surroundings(error: StoreError | ConnectorError | TimeoutError) -> ApiProblem:
    match error:
        case StoreBusy():
            headers = {"Retry-After": "1"}
            return ApiProblem(HTTPStatus.SERVICE_UNAVAILABLE, "database_busy", f"{error}; ask again", headers=headers)
        case StoreError():
            return ApiProblem(HTTPStatus.SERVICE_UNAVAILABLE, "database", str(error))
        case ConnectorError():
            return ApiProblem(HTTPStatus.BAD_GATEWAY, "remote", f"the remote system did not help: {error.message}")
        case _:
            text = "the request took too long and was given up; look whether it took effect before you ask again"
            return ApiProblem(HTTPStatus.GATEWAY_TIMEOUT, "timeout", text)


_TEXTS = {
    404: (
        "no_such_route",
        "there is nothing at this path; docs/reference/control-api.openapi.json lists what there is",
    ),
    405: ("method_not_allowed", "this path does not take this method"),
    413: ("too_large", "the body is larger than control.max_body_bytes allows"),
}


def _of_http(error: web.HTTPException) -> ApiProblem:
    code, text = _TEXTS.get(error.status, ("bad_request", f"the request cannot be answered: {error.reason}"))
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
    return ApiProblem(HTTPStatus(error.status), code, text, headers=headers)


def response(problem: ApiProblem) -> web.Response:
    """Write a problem as the answer."""
    body = Problem(
        title=problem.status.phrase,
        status=int(problem.status),
        code=problem.code,
        detail=problem.detail,
        again_at=problem.again_at,
    )
    return web.Response(
        body=msgspec.json.encode(body), status=int(problem.status), content_type=CONTENT_TYPE, headers=problem.headers
    )
