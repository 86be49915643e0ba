"""What a sync task says about each order: what became of it, and in what it differed from what was known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from crossdock.rules.changes import Change, order_differences
from crossdock.rules.personal import hidden_all, without_personal_data
from crossdock.rules.push_states import PushState
from crossdock.store.tasks import Item

if TYPE_CHECKING:
    from crossdock.spec.orders import Order
    from crossdock.store.pushes import Push

MOST = 50
"""Differences of one order that are kept, at most; the item says how many there were."""
LONGEST = 200
"""Characters of a value that are kept, at most."""

_write, _read = msgspec.json.Encoder().encode, msgspec.json.Decoder(tuple[Change, ...]).decode


def new(ref: str, push: Push, at: int) -> Item:
    """Say that an order was seen for the first time."""
    return _queued(ref, push, at) or Item(ref, "new", _stands(push))


def changed(before: Order, after: Order, push: Push, at: int, *, erased: bool) -> Item:
    """Say in what an order differed. Of personal data only the paths are kept, so that the item outlives them harmlessly."""
    if erased:
        after = without_personal_data(after)
    found = order_differences(before, after)
    diff = _write([_short(change) for change in hidden_all(found[:MOST])]).decode() if found else ""
    if (item := _queued(after.ref, push, at)) is not None:
        return Item(item.ref, item.result, item.detail, diff)
    count = "its change stamp only" if not found else "1 field" if len(found) == 1 else f"{len(found)} fields"
    return Item(after.ref, "changed", f"{count}; {_stands(push)}", diff)


def unchanged(ref: str) -> Item:
    """Say that an order that was asked for is as it is known."""
    return Item(ref, "unchanged", "the OMS says what is known")


def differences(diff: str) -> tuple[Change, ...]:
    """Read what an item keeps of differences."""
    return _read(diff) if diff else ()


def _queued(ref: str, push: Push, at: int) -> Item | None:
    if push.state is PushState.QUEUED and push.queued_at == at:
        return Item(ref, "queued", f"for warehouse {push.warehouse}")
    return None


def _stands(push: Push) -> str:
    return f"it stands at {push.state.name.lower()}"


def _short(change: Change) -> Change:
    return Change(change.group, change.path[:LONGEST], _cut(change.before), _cut(change.after))


def _cut(value: str | None) -> str | None:
    return value if value is None or len(value) <= LONGEST else value[: LONGEST - 1] + "…"
