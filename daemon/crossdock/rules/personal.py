"""What of an order is personal data, and what is left of it once that is removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from crossdock.rules.changes import Change
from crossdock.spec.orders import Address, Order, OrderStatus, Recipient
from crossdock.spec.outbound_changes import FieldGroup

if TYPE_CHECKING:
    from collections.abc import Iterable

HIDDEN = "•••"
"""Stands where personal data was."""
ENDED = frozenset({OrderStatus.SHIPPING, OrderStatus.DELIVERED, OrderStatus.CANCELLED, OrderStatus.RETURNED})
"""Statuses in which nothing is left to be sent: handed over, or cancelled (rules/eligibility lists the open ones)."""
OWN_WORDS = frozenset({
    "created", "fetched", "queued", "sent", "pushed", "new_generation", "cancelled", "changed_back", "overridden",
    "push_asked", "released", "redriven", "forgotten", "updated", "accepted", "partially_shipped", "shipped", "closed_short",
    "acknowledged", "cancel_taken_back", "warehouse_holds", "warehouse_goes_on", "drifted", "missing_there", "found_there",
    "label_delivered", "label_stale", "label_pulled", "label_too_late", "seen",
})  # fmt: skip
"""Moments of a timeline whose text crossdock makes of numbers and names of its own; any other may quote anybody."""

_PERSONAL = frozenset({FieldGroup.RECIPIENT, FieldGroup.NOTES, FieldGroup.OTHER})
_PLAIN_OTHER = frozenset({
    "currency", "total", "cash_on_delivery", "ship_by", "shop", "channel", "order_number", "ordered_at", "number", "created_at",
    "paid_at", "warehouse", "gifts_pending",
})  # fmt: skip


def is_personal(change: Change) -> bool:
    """Tell whether a difference may show personal data. What nobody knows the meaning of may."""
    return change.group in _PERSONAL and change.path not in _PLAIN_OTHER


def hidden(change: Change) -> Change:
    """Return a difference without the values that may be personal data; that there were some stays."""
    if not is_personal(change):
        return change
    return Change(change.group, change.path, change.before and HIDDEN, change.after and HIDDEN)


def hidden_all(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return differences without the values that may be personal data."""
    return tuple(map(hidden, changes))


def without_personal_data(order: Order) -> Order:
    """Return what is kept of an order for good: what was ordered where, for how much, and the country it went to."""
    return msgspec.structs.replace(
        order,
        recipient=Recipient(address=Address(country=order.recipient.address.country)),
        buyer_note=None,
        seller_note=None,
        holds=(),
        extra={},
    )


def differs(now: Order, known: Order, *, erased: bool) -> bool:
    """Tell whether an order that was fetched again says anything else than what is known.

    `erased`: its personal data were removed, so only the rest can be compared, and that it was touched at all counts for
    nothing: data that was removed in time does not come back because somebody corrected an address long afterwards.
    """
    if erased:
        now = msgspec.structs.replace(without_personal_data(now), updated_at=known.updated_at)
    return now != known
