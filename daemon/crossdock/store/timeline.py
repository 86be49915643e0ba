"""What happened to orders off the straight path, and what of it a repeated step would have overwritten.

Nothing of it is changed, except that personal data are taken out when their time is over (store/privacy.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.rules.push_states import AT_WAREHOUSE, PushState
from crossdock.store import counters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.store.orders import StoredOrder
    from crossdock.store.pushes import Push
    from crossdock.store.store import Transaction


class Moment(Struct, frozen=True, gc=False):
    """One thing that happened to an order; `detail` is a sentence, or JSON where `what` is "changed"."""

    order_id: int
    at: int
    what: str
    actor: str = ""
    detail: str = ""


def fetched(stored: StoredOrder) -> Moment:
    """Say what the columns of an order say: which revision was fetched, and when."""
    text = f"revision {stored.revision} was fetched from {stored.connection} ({stored.status})"
    return Moment(stored.id, stored.fetched_at, "fetched", "", text)


def queued(push: Push) -> Moment:
    """Say what the columns of a push say that was queued (`queued_at` is not None)."""
    assert push.queued_at is not None
    by = f"strategy {push.strategy}" if push.strategy else "no strategy"
    text = f"queued for {push.warehouse or 'the warehouse'} ({push.origin}, {by})"
    return Moment(push.order_id, push.queued_at, "queued", push.actor, text)


NOT_LEFT = frozenset({"Retryable", "NeverStarted"})
"""The kinds of failures before which nothing was sent."""


def sent(
    order_id: int, at: int, warehouse: str | None, key: str | None, attempts: int, failed: str | None = None
) -> Moment:
    """Say what the columns of a push say that was sent, or was to be; `failed` is how that attempt ended, if it did not go well."""
    to = f"to {warehouse or 'the warehouse'} under key {key} (attempt {attempts})"
    text = f"tried to send it {to}, which did not leave" if failed in NOT_LEFT else f"sent {to}"
    return Moment(order_id, at, "sent", "", text)


def whole(stored: StoredOrder, push: Push, moments: Sequence[Moment]) -> list[Moment]:
    """Put what the columns of an order and its push say together with its kept `moments`, oldest first."""
    first = Moment(stored.id, stored.created_at, "created", "", f"created in {stored.connection}")
    found = [first, fetched(stored)]
    if push.queued_at is not None:
        found.append(queued(push))
    if push.sent_at is not None and push.attempts:
        failed = None if push.state is PushState.SENDING else push.error_kind
        found.append(sent(stored.id, push.sent_at, push.warehouse, push.key, push.attempts, failed))
    if push.settled_at is not None and push.state in AT_WAREHOUSE and push.report_as is None:
        text = f"{push.warehouse or 'the warehouse'} has it" + (f" as {push.remote_id}" if push.remote_id else "")
        found.append(Moment(stored.id, push.settled_at, "pushed", "", text))
    found += [moment for moment in moments if moment not in found]
    return sorted(found, key=_in_order)


def _in_order(moment: Moment) -> tuple[int, int]:
    """Of one millisecond, the cause before what came of it."""
    return moment.at, _RANKS.get(moment.what, _OTHERWISE)


_RANKS = {"created": 0, "fetched": 1, "queued": 3, "sent": 4, "in_doubt": 5, "push_failed": 5, "pushed": 5}
_OTHERWISE = 2


def add(tx: Transaction, moments: Sequence[Moment]) -> None:
    """Write moments down."""
    if not moments:
        return
    first = counters.take(tx, "timeline", len(moments))
    tx.execute_many(
        "INSERT INTO timeline (id, order_id, at, what, actor, detail) VALUES (?, ?, ?, ?, ?, ?)",
        [(first + n, m.order_id, m.at, m.what, m.actor, m.detail) for n, m in enumerate(moments)],
    )


def says_changed(tx: Transaction, order_id: int, detail: str) -> bool:
    """Tell whether the last that was told of what changed in an order is exactly this."""
    told = [each for each in of_order(tx, order_id, RECENT) if each.what in _OF_CHANGES]
    return bool(told) and (told[-1].what, told[-1].detail) == ("changed", detail)


RECENT = 50
"""Moments that are looked through for the last change that was told."""
_OF_CHANGES = frozenset({"changed", "changed_back", "updated"})


def of_order(tx: Transaction, order_id: int, limit: int = 200) -> list[Moment]:
    """Return the newest `limit` moments of an order, oldest first."""
    sql = "SELECT order_id, at, what, actor, detail FROM timeline WHERE order_id = ? ORDER BY id DESC LIMIT ?"
    return [Moment(*row) for row in reversed(tx.rows(sql, (order_id, limit)))]
