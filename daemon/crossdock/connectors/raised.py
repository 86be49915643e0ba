"""What a connector's hooks raised, made sure of: an error is read like an answer, so its fields are checked like one."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any, NamedTuple

import msgspec

from crossdock.spec import errors
from crossdock.spec.outbound import RemoteOutbound
from crossdock.spec.text import LIMIT, clean

log = logging.getLogger("crossdock.plugins")

LONGEST_CODE = 200
LONGEST_WAIT = timedelta(days=366)
"""More than any configuration waits; what is longer cannot always be added to a time."""
OURS = (errors.ContractError, errors.PluginTimeout, errors.PluginStuck)
"""Errors that say what the daemon saw; of a connector they say nothing that could be acted upon."""
_KINDS = frozenset(
    kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.ConnectorError)
)
_MISSING = object()
_encode = msgspec.json.Encoder().encode
_read_remote = msgspec.json.Decoder(RemoteOutbound).decode


class Field(NamedTuple):
    """A field of an error as the contract wants it: its value, and what was wrong with what the connector gave, if anything."""

    value: Any
    wrong: str | None = None


def sound_error(error: errors.ConnectorError, what: str, *, write: bool) -> errors.ConnectorError:
    """Return the error with every field as the contract says it is; what is not is told in the log, with hook and field.

    A subclass of the connector's own counts as the error of the contract that it is derived from. What only the daemon
    may raise is a broken contract, and of a write nobody knows whether it took effect.
    """
    kind = next(each for each in type(error).__mro__ if each in _KINDS)
    fields = {name: read(_of(error, name)) for name, read in _fields(kind).items()}
    message = _text_of(error)
    wrong = [f"{name} is {field.wrong}" for name, field in {"message": message, **fields}.items() if field.wrong]
    if wrong:
        log.error("%s raised %s, of which %s", what, type(error).__name__, "; ".join(wrong))
    if issubclass(kind, OURS):
        return _blamed(kind, message.value, what, write=write)
    as_it_is = all(_of(error, name) is field.value for name, field in {"message": message, **fields}.items())
    if kind is type(error) and as_it_is:
        return error
    return kind(message.value, **{name: field.value for name, field in fields.items()})


def _blamed(kind: type[errors.ConnectorError], message: str, what: str, *, write: bool) -> errors.ConnectorError:
    if kind is errors.ContractError:
        text = message if what in message else f"{what}: {message}"
    else:
        text = f"{what} raised {kind.__name__}, which only the daemon may: {message}"
    return errors.UnknownOutcome(text) if write else errors.ContractError(text)


def _fields(kind: type[errors.ConnectorError]) -> dict[str, Any]:
    """Say which fields an error of this kind has beside its message, and how each is read."""
    if issubclass(kind, errors.Conflict):
        return {"code": _code("conflict"), "remote": _remote, "detail": _detail}
    if issubclass(kind, errors.Rejected):
        return {"code": _code("rejected"), "field": _name, "detail": _detail}
    if issubclass(kind, errors.Retryable):
        return {"after": _wait, "setup": _flag, "detail": _detail}
    return {"detail": _detail}


def _of(error: errors.ConnectorError, name: str) -> object:
    """Read an attribute, however it is made; a subclass whose constructor does not call ours has none."""
    try:
        return getattr(error, name, _MISSING)
    except Exception:  # noqa: BLE001 - a property of a plugin may raise anything
        return _MISSING


def _text_of(error: errors.ConnectorError) -> Field:
    said = _of(error, "message")
    if isinstance(said, str) and said.__class__ is str:
        return Field(_fitted(said, LIMIT))
    try:
        spoken = clean(str(error))
    except Exception:  # noqa: BLE001 - as above
        spoken = ""
    return Field(spoken or f"{type(error).__name__} without a message", _unfit(said))


def _detail(value: object) -> Field:
    if value is None:
        return Field(None)
    if isinstance(value, str):
        return Field(_fitted(value, LIMIT))
    return Field(None, _unfit(value))


def _code(default: str) -> Any:
    def read(value: object) -> Field:
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**9:
            return Field(str(value))  # a status where a text belongs says the same
        if isinstance(value, str) and value:
            return Field(_fitted(value, LONGEST_CODE))
        return Field(default, None if value in ("", None) else _unfit(value))

    return read


def _name(value: object) -> Field:
    if value is None:
        return Field(None)
    if isinstance(value, str):
        return Field(_fitted(value, LONGEST_CODE))
    return Field(None, _unfit(value))


def _wait(value: object) -> Field:
    """A wait is a timedelta; a plain number counts as seconds, as in the header it usually comes from."""
    if value is None:
        return Field(None)
    if isinstance(value, timedelta):
        return Field(min(value, LONGEST_WAIT))
    if isinstance(value, int | float) and not isinstance(value, bool) and value == value:  # noqa: PLR0124 - NaN is not
        return Field(timedelta(seconds=max(0.0, min(value, LONGEST_WAIT.total_seconds()))))
    return Field(None, _unfit(value, "a timedelta or seconds"))


def _flag(value: object) -> Field:
    return Field(value) if isinstance(value, bool) else Field(False, _unfit(value, "a bool"))


def _remote(value: object) -> Field:
    if value is None:
        return Field(None)
    if not isinstance(value, RemoteOutbound):
        return Field(None, _unfit(value, "a RemoteOutbound"))
    try:
        read = _read_remote(_encode(value))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        return Field(None, f"not sound ({error})")
    return Field(value if read == value else read)


def _unfit(value: object, wanted: str = "text") -> str:
    return "missing" if value is _MISSING else f"{type(value).__name__}, not {wanted}"


def _fitted(text: str, limit: int) -> str:
    """Return the text as it is, unless it is too long or holds a lone surrogate, which can be stored nowhere."""
    sound = text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)
    return text if sound and len(text) <= limit else clean(text, limit)
