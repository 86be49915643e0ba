"""HTTP answers: status to error, Retry-After to seconds, body to a type."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from crossdock.connectors import strict_json
from crossdock.spec import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")
EXCERPT = 300
LONGEST_CODE = 60
_PARTS, _UNFIT = re.compile("[/:]"), re.compile("[^A-Za-z0-9._-]+")
_GENERAL = re.compile(r"(rfc)?\d*", re.IGNORECASE)
_SHORTEST = 4
_HARMLESS = frozenset({"accept", "content-type", "content-language", "idempotency-key", "if-match", "user-agent"})


class HttpAnswer:
    """A complete answer with a 2xx status, or with one that the connector accepts (spec.context.Answer).

    `refused` says what an accepted one is where its body cannot be read: the same as if it had not been accepted.
    """

    __slots__ = ("_refused", "_sent", "_what", "_write", "body", "headers", "status")

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        what: str,
        write: bool,
        sent: Mapping[str, str] | None = None,
        refused: Callable[[], errors.ConnectorError] | None = None,
    ) -> None:
        self.status, self.headers, self.body = status, headers, body
        self._what, self._write, self._sent, self._refused = what, write, sent, refused

    def json(self, kind: type[T], *, unique_keys: bool = True) -> T:
        """Decode the body strictly; spec.context.Answer.json says what is refused."""
        media = _media(self.headers)
        if not _is_json(media):
            raise self._unreadable(f"its content type is {media[:60]!r}, not JSON")
        try:
            if unique_keys:
                strict_json.refuse_repeated_keys(self.body)
            else:
                strict_json.refuse_repeated_top_keys(self.body)
            return strict_json.decode(self.body, kind)
        except ValueError as error:
            raise self._unreadable(str(error)) from None

    def _unreadable(self, why: str) -> errors.ConnectorError:
        if self._refused is not None:
            return self._refused()
        return unreadable(self._what, why, excerpt(self.body, self._sent), write=self._write)


def _media(headers: Mapping[str, str]) -> str:
    return headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _is_json(media: str) -> bool:
    return media == "application/json" or media.endswith(("+json", "/json"))


def hidden(text: str, sent: Mapping[str, str] | None) -> str:
    """Blank out what a server repeats of the headers it was sent: its answer may be shown, a credential may not."""
    for name, value in (sent or {}).items():
        if name.lower() in _HARMLESS:
            continue
        for secret in (value, value.rpartition(" ")[2]):
            written = msgspec.json.encode(secret)[1:-1].decode()
            for form in (secret, written, written.replace("/", "\\/")):
                text = text.replace(form, "***") if len(form) >= _SHORTEST else text
    return text


def excerpt(body: bytes, sent: Mapping[str, str] | None) -> str:
    """Return the beginning of a body, for people."""
    return hidden(body[: 64 * EXCERPT].decode("utf-8", "replace"), sent)[:EXCERPT]


def unreadable(what: str, why: str, detail: str, *, write: bool) -> errors.ConnectorError:
    """Say that an answer cannot be read: after a write nobody knows whether it took effect."""
    if write:
        return errors.UnknownOutcome(f"{what} was answered, but the answer cannot be read: {why}", detail=detail)
    return errors.BadResponse(f"{what} was answered with something that cannot be read: {why}", detail=detail)


class Problem(Struct, frozen=True):
    """The fields of an RFC 9457 problem that we use; anything may be missing, or of another type."""

    title: Any = None
    detail: Any = None
    code: Any = None
    field: Any = None
    type: Any = None


def problem_of(body: bytes, sent: Mapping[str, str] | None) -> Problem:
    """Read a problem+json body: its texts, cut and without secrets; an empty Problem if it is none."""
    try:
        said = msgspec.json.decode(body, type=Problem)
    except (ValueError, RecursionError):
        return Problem()
    texts = (said.title, said.detail, said.code, said.field, said.type)
    return Problem(*(hidden(text, sent)[:EXCERPT] if isinstance(text, str) and text else None for text in texts))


def to_error(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    what: str,
    *,
    write: bool,
    now: datetime,
    cap_s: float,
    sent: Mapping[str, str] | None = None,
    create: bool = False,
) -> errors.ConnectorError:
    """Turn an answer that is not 2xx into the error that says what the daemon does next (RELIABILITY P4, fault table).

    `sent` are the request's headers; none of their secrets comes into the error. A `create` names nothing that could be
    missing: where its address is unknown to whoever answered, and that was no API, the address is wrong, not the record.
    """
    detail = excerpt(body, sent)
    after = retry_after(headers.get("Retry-After"), now, cap_s)
    if status == 429:
        return errors.RateLimited(f"{what} was answered 429: too many requests", after=after, detail=detail)
    if status in (401, 403):
        return errors.AuthFailed(f"{what} was answered {status}: the credentials were refused", detail=detail)
    if status in (405, 501) and not write:
        return errors.Unsupported(f"{what} was answered {status}: the remote system has no such thing", detail=detail)
    if create and status in (404, 405) and not _is_json(_media(headers)):
        text = f"{what} was answered {status} with no JSON: is the address right? Nothing was created"
        return errors.Retryable(text, detail=detail, setup=True)
    if 400 <= status < 500 and status != 408:
        return _refused(status, problem_of(body, sent), what, detail)
    text = f"{what} was answered {status}"
    if write:
        return errors.UnknownOutcome(f"{text}; it may have taken effect", detail=detail)
    if status >= 500 or status == 408:
        return errors.Retryable(text, after=after, detail=detail)
    return errors.BadResponse(f"{text}, which is no answer to it", detail=detail)


def _refused(status: int, problem: Problem, what: str, detail: str) -> errors.Rejected:
    said = problem.detail or problem.title
    message = f"{what} was refused ({status})" + (f": {said}" if said else "")
    code = problem.code or code_of_type(problem.type) or f"http_{status}"
    if status == 404:
        return errors.NotFound(message, code=code, detail=detail)
    if status == 409:
        return errors.Conflict(message, code=code, detail=detail)
    return errors.Rejected(message, code=code, field=problem.field, detail=detail)


def code_of_type(kind: str | None) -> str | None:
    """Make a code of a problem's `type`: the last part of its path; None where that names no problem of the system's own.

    Frameworks fill `type` by themselves, with a section of an RFC, a page about the status, or about:blank.
    """
    try:
        parts = urlsplit(kind or "")
    except ValueError:
        return None
    last = _PARTS.split(parts.path.rstrip("/"))[-1]
    name = _UNFIT.sub("_", last).strip("_")[:LONGEST_CODE]
    return None if parts.scheme == "about" or _GENERAL.fullmatch(name) else name


def retry_after(value: str | None, now: datetime, cap_s: float) -> timedelta | None:
    """Read Retry-After: seconds or an HTTP date (RFC 9110, 10.2.3), capped; None if it is missing or makes no sense."""
    if value is None:
        return None
    text = value.strip()
    if text.isdecimal() and text.isascii():
        return timedelta(seconds=min(float(text[:12]), cap_s))
    try:
        moment = parsedate_to_datetime(text)
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now.timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return timedelta(seconds=min(seconds, cap_s)) if seconds > 0 else None
