"""HTTP answers: status to error, Retry-After to seconds, body to a type."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import Struct

from crossdock.connectors import strict_json
from crossdock.spec import errors

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")
EXCERPT = 300


class HttpAnswer:
    """A complete answer with a 2xx status (spec.context.Answer)."""

    __slots__ = ("_what", "_write", "body", "headers", "status")

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes, what: str, write: bool) -> None:
        self.status, self.headers, self.body = status, headers, body
        self._what, self._write = what, write

    def json(self, kind: type[T], *, unique_keys: bool = True) -> T:
        """Decode the body strictly; spec.context.Answer.json says what is refused."""
        media = self.headers.get("Content-Type", "")
        if "json" not in media:
            raise self._unreadable(f"its content type is {media[:60]!r}, not JSON")
        try:
            if unique_keys:
                strict_json.refuse_repeated_keys(self.body)
            return strict_json.decode(self.body, kind)
        except ValueError as error:
            raise self._unreadable(str(error)) from None

    def _unreadable(self, why: str) -> errors.ConnectorError:
        return unreadable(self._what, why, self.body, write=self._write)


def unreadable(what: str, why: str, body: bytes, *, write: bool) -> errors.ConnectorError:
    """Say that an answer cannot be read: after a write nobody knows whether it took effect."""
    detail = body[:EXCERPT].decode("utf-8", "replace")
    if write:
        return errors.UnknownOutcome(f"{what} was answered, but the answer cannot be read: {why}", detail=detail)
    return errors.BadResponse(f"{what} was answered with something that cannot be read: {why}", detail=detail)


class Problem(Struct, frozen=True):
    """The fields of an RFC 9457 problem that we use; anything may be missing."""

    title: Any = None
    detail: Any = None
    code: Any = None
    field: Any = None


def problem_of(body: bytes) -> Problem:
    """Read a problem+json body; an empty Problem if it is none."""
    try:
        return msgspec.json.decode(body, type=Problem)
    except (ValueError, RecursionError):
        return Problem()


def to_error(
    status: int, headers: Mapping[str, str], body: bytes, what: str, *, write: bool, now: datetime, cap_s: float
) -> errors.ConnectorError:
    """Turn an answer that is not 2xx into the error that says what the daemon does next (RELIABILITY P4, fault table)."""
    detail = body[:EXCERPT].decode("utf-8", "replace")
    after = retry_after(headers.get("Retry-After"), now, cap_s)
    if status == 429:
        return errors.RateLimited(f"{what} was answered 429: too many requests", after=after, detail=detail)
    if status in (401, 403):
        return errors.AuthFailed(f"{what} was answered {status}: the credentials were refused", detail=detail)
    if 400 <= status < 500 and status != 408:
        return _refused(status, body, what, detail)
    text = f"{what} was answered {status}"
    if write:
        return errors.UnknownOutcome(f"{text}; it may have taken effect", detail=detail)
    if status >= 500 or status == 408:
        return errors.Retryable(text, after=after, detail=detail)
    return errors.BadResponse(f"{text}, which is no answer to it", detail=detail)


def _refused(status: int, body: bytes, what: str, detail: str) -> errors.Rejected:
    problem = problem_of(body)
    said = problem.detail if isinstance(problem.detail, str) else problem.title
    message = f"{what} was refused ({status})" + (f": {said[:EXCERPT]}" if isinstance(said, str) and said else "")
    code = problem.code if isinstance(problem.code, str) and problem.code else f"http_{status}"
    if status == 404:
        return errors.NotFound(message, code=code, detail=detail)
    if status == 409:
        return errors.Conflict(message, code=code, detail=detail)
    field = problem.field if isinstance(problem.field, str) else None
    return errors.Rejected(message, code=code, field=field, detail=detail)


def retry_after(value: str | None, now: datetime, cap_s: float) -> timedelta | None:
    """Read Retry-After: seconds or an HTTP date (RFC 9110, 10.2.3), capped; None if it is missing or makes no sense."""
    if value is None:
        return None
    text = value.strip()
    if text.isdecimal() and text.isascii():
        return timedelta(seconds=min(float(text[:12]), cap_s))
    try:
        moment = parsedate_to_datetime(text)
        seconds = (moment - now).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return timedelta(seconds=min(seconds, cap_s)) if seconds > 0 else None
