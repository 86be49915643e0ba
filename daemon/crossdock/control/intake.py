"""Reading a request: path, query and body become records, or a sentence that names what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from crossdock.control.problems import bad_request
from crossdock.control.records.base import Code, ConnectionName, Id
from crossdock.spec.orders import Ref

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

T = TypeVar("T")

MAX_DEPTH = 32
"""Levels of arrays and objects in a body, at most."""

PATH_TYPES: dict[str, Any] = {
    "connection": ConnectionName,
    "name": Code,
    "ref": Ref,
    "code": Code,
    "kind": Annotated[str, Meta(pattern="^(sku|logistics)$")],
    "ours": Ref,
    "warehouse": Code,
    "position": Annotated[int, Meta(ge=0, le=1_000_000)],
    "id": Id,
}
"""What each part of a path must be, by its name in the route."""


def read_path(given: Mapping[str, str]) -> dict[str, Any]:
    """Check the variable parts of a path. Raises ApiProblem."""
    found = {}
    for name, text in given.items():
        try:
            found[name] = msgspec.convert(text, PATH_TYPES[name], strict=False)
        except msgspec.ValidationError as error:
            raise bad_request(f"'{name}' in the path does not fit: {_said(error)}") from None
    return found


def read_query(given: Iterable[tuple[str, str]], kind: type[T]) -> T:
    """Make the query's parameters a record. Unknown ones, and those given twice, are errors. Raises ApiProblem."""
    values: dict[str, str] = {}
    for name, text in given:
        if name in values:
            raise bad_request(f"the parameter '{name}' is given twice")
        values[name] = text
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise bad_request(f"the parameters do not fit: {_said(error)}") from None


def read_body(raw: bytes, kind: type[T]) -> T:
    """Decode a JSON body. Raises ApiProblem."""
    if too_deep(raw, MAX_DEPTH):
        raise bad_request(f"the body has more than {MAX_DEPTH} levels")
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise bad_request(f"the body does not fit: {_said(error)}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise bad_request(f"the body is not JSON: {error}") from None


def too_deep(raw: bytes, limit: int) -> bool:
    """Tell whether JSON text opens more than `limit` arrays and objects inside one another."""
    if raw.count(b"[") + raw.count(b"{") <= limit:
        return False
    depth, inside, escaped = 0, False, False
    for byte in raw:
        if inside:
            inside, escaped = _in_string(byte, escaped)
        elif byte == 0x22:
            inside = True
        elif byte in b"[{":
            depth += 1
            if depth > limit:
                return True
        elif byte in b"]}":
            depth -= 1
    return False


def _in_string(byte: int, escaped: bool) -> tuple[bool, bool]:
    """Return whether the string goes on, and whether the next character is escaped."""
    if escaped:
        return True, False
    return byte != 0x22, byte == 0x5C


def _said(error: msgspec.ValidationError) -> str:
    """Msgspec's sentences, with paths as people write them."""
    return str(error).replace(" - at `$.", " at `").replace(" - at `$`", "").replace("Object contains", "there is an")
