"""What differs between two outbound requests of the same order, by field group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from crossdock.spec.orders import Order
from crossdock.spec.outbound import OutboundRequest
from crossdock.spec.outbound_changes import FieldGroup

if TYPE_CHECKING:
    from collections.abc import Collection


class Change(Struct, frozen=True):
    """One difference: where, what it was, what it is; None stands for absent."""

    group: FieldGroup
    path: str
    before: str | None
    after: str | None


_GROUPS = {
    "lines": FieldGroup.LINES,
    "recipient": FieldGroup.RECIPIENT,
    "logistics": FieldGroup.LOGISTICS,
    "logistics_kind": FieldGroup.LOGISTICS,
    "tracking_number": FieldGroup.LOGISTICS,
    "buyer_note": FieldGroup.NOTES,
    "seller_note": FieldGroup.NOTES,
    "status": FieldGroup.STATUS,
    "label_ready": FieldGroup.LABEL,
}
_OURS = frozenset({"key", "revision", "strategy", "warehouse"})
_COMPARED = tuple(name for name in OutboundRequest.__struct_fields__ if name not in _OURS)
_OF_ORDER = tuple(name for name in Order.__struct_fields__ if name not in {"ref", "updated_at"})


def differences(before: OutboundRequest, after: OutboundRequest) -> tuple[Change, ...]:
    """List what the warehouse would have to change to hold `after` instead of `before`.

    Lines are compared by line number. What crossdock itself adds (key, revision, strategy) does not count.
    """
    return _differences(before, after, _COMPARED)


def order_differences(before: Order, after: Order) -> tuple[Change, ...]:
    """List what an OMS changed about an order. That it was touched at all (its change stamp) is no difference."""
    return _differences(before, after, _OF_ORDER)


def _differences(before: Struct, after: Struct, compared: Collection[str]) -> tuple[Change, ...]:
    names = {name for name in compared if getattr(before, name) != getattr(after, name)}
    if not names:
        return ()
    old, new = _flat(before, names), _flat(after, names)
    paths = sorted(path for path in {**old, **new} if old.get(path) != new.get(path))
    return tuple(Change(_group(path), path, old.get(path), new.get(path)) for path in paths)


def expected_after_push(change: Change) -> bool:
    """Tell whether a difference had to come: an order pushed ahead of time gets its tracking number afterwards."""
    return change.path == "tracking_number" and change.before is None


def same_content(before: OutboundRequest, after: OutboundRequest) -> bool:
    """Tell whether two requests say the same to the warehouse."""
    neutral = {"key": "-", "revision": 0, "strategy": "", "warehouse": before.warehouse}
    return msgspec.structs.replace(before, **neutral) == msgspec.structs.replace(after, **neutral)


def merged(base: OutboundRequest, fresh: OutboundRequest, groups: Collection[FieldGroup]) -> OutboundRequest:
    """Return `base` with the fields of some groups as `fresh` has them, and the revision of `fresh`."""
    names = [name for name, group in _GROUP_OF.items() if group in groups]
    return msgspec.structs.replace(base, revision=fresh.revision, **{name: getattr(fresh, name) for name in names})


def _group(path: str) -> FieldGroup:
    return _GROUPS.get(path.split(".", 1)[0].split("[", 1)[0], FieldGroup.OTHER)


_GROUP_OF = {name: _group(name) for name in _COMPARED}


def _flat(request: Struct, names: Collection[str]) -> dict[str, str]:
    """Return the values of some fields by their paths; what says nothing is absent."""
    found: dict[str, str] = {}
    values = msgspec.to_builtins(request)
    for name in names:
        if name == "lines":
            for line in values[name]:
                _walk(f"lines[{line['line_no']}]", line, found)
        elif name in values:
            _walk(name, values[name], found)
    return found


def _walk(path: str, value: Any, found: dict[str, str]) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            _walk(f"{path}.{name}", inner, found)
    elif isinstance(value, (list, tuple)):
        for number, inner in enumerate(value):
            _walk(f"{path}[{number}]", inner, found)
    elif value is not None:
        found[path] = str(value)
