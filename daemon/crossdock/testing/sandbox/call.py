"""A request and its answer as the sandboxes see them, apart from any HTTP library; errors as problem+json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

TWICE = "sandbox-twice"
"""The header by which a fault has one write take effect twice."""
LONGEST_KEY = 50
JSON = "application/json"
PROBLEM_JSON = "application/problem+json"
TITLES = {
    400: "Bad request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    408: "Request timeout",
    409: "Conflict",
    413: "Too large",
    415: "Unsupported media type",
    422: "Unprocessable",
    429: "Too many requests",
    500: "Internal error",
    501: "Not implemented",
    502: "Bad gateway",
    503: "Unavailable",
    504: "Gateway timeout",
}


class Call(Struct, frozen=True, kw_only=True):
    """One request, complete. Header names are lower case."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Answer(Struct, frozen=True, kw_only=True):
    """One answer, complete."""

    body: bytes
    status: int = 200
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


class Problem(Struct, frozen=True, kw_only=True):
    """An error answer (RFC 9457). `code` is for programs, `detail` a sentence for people, `field` names what was wrong."""

    status: int
    title: str
    detail: str
    code: str
    type: str = "about:blank"
    field: str | UnsetType = UNSET


class Refused(Exception):
    """A request that the sandbox refuses; it becomes a problem+json answer."""

    def __init__(self, status: int, code: str, detail: str, field: str | UnsetType = UNSET) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.field = status, code, detail, field


class Core(Protocol):
    """A sandbox without its HTTP server: a function from calls to answers that never waits."""

    def answer(self, call: Call) -> Answer:
        """Serve one call of the contract; what it changed is in the journal when this returns. Raises Refused."""
        ...

    def admin(self, call: Call) -> Answer:
        """Serve one call behind /__sandbox/ (the path is given without that prefix). Raises Refused."""
        ...

    def subjects(self, call: Call) -> tuple[str, ...]:
        """Name what the call is about, so that faults can be counted per key."""
        ...


def ok(value: Any) -> Answer:
    """Answer 200 with `value` as JSON."""
    return Answer(body=msgspec.json.encode(value))


def problem(
    status: int,
    code: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    field: str | UnsetType = UNSET,
) -> Answer:
    """Answer with an error as problem+json."""
    body = Problem(status=status, title=TITLES.get(status, "Error"), detail=detail, code=code, field=field)
    return Answer(status=status, body=msgspec.json.encode(body), content_type=PROBLEM_JSON, headers=headers or {})


def decode(body: bytes, kind: type[T], what: str) -> T:
    """Decode a request's body. Raises Refused 400 (no JSON) or 422 (another shape), naming `what`."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise Refused(422, "invalid", f"The body is not {what}: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(400, "bad_json", f"The body is not JSON: {error}") from None


def number(call: Call, name: str, default: int, most: int = 999_999_999) -> int:
    """Read a whole number from 1 to `most` of the query. Raises Refused 400."""
    text = call.query.get(name, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not 1 <= int(text) <= most:
        raise Refused(400, "bad_number", f"{name} is no whole number from 1 to {most}: {text!r}", name)
    return int(text)


def check_key(call: Call) -> None:
    """Make sure that a write carries an Idempotency-Key as the contract wants it. Raises Refused 400."""
    key = call.headers.get("idempotency-key", "")
    if not key:
        raise Refused(400, "idempotency_key_missing", "A write needs an Idempotency-Key header")
    if len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable():
        text = f"An Idempotency-Key has 1 to {LONGEST_KEY} printable ASCII characters"
        raise Refused(400, "idempotency_key_invalid", text)


def route(table: Mapping[tuple[str, str], Callable[[Call], Answer]], call: Call) -> Answer:
    """Serve `call` by the table's entry for its method and path. Raises Refused 404 or 405."""
    serve = table.get((call.method, call.path))
    if serve is not None:
        return serve(call)
    if any(path == call.path for _, path in table):
        raise Refused(405, "method_not_allowed", f"{call.path} does not take {call.method}")
    raise Refused(404, "not_found", f"There is nothing at {call.path}")
