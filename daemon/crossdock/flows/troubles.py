"""What holds a push becomes part of an incident, in the transaction in which that was decided; and leaves it when mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from crossdock.rules import troubles
from crossdock.rules.reasons import Clause
from crossdock.rules.troubles import Cause, Standing, Trouble
from crossdock.store import incidents, outbox, pushes, quarantine
from crossdock.store.quarantine import Quarantined

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crossdock.spec.orders import Unreadable
    from crossdock.store.pushes import Push
    from crossdock.store.store import Transaction

_read_clauses = msgspec.json.Decoder(tuple[Clause, ...]).decode
CHUNK = 500
"""Pushes looked at in one query."""


def order_subject(order_id: int) -> str:
    """Name an order among what incidents hold."""
    return f"order:{order_id}"


def has_any(push: Push) -> bool:
    """Tell whether a push may be part of an incident; False for one on the straight path, which costs nothing more."""
    return bool(push.why) or push.error_kind is not None or push.needs_person


def note(tx: Transaction, push: Push, now: int) -> None:
    """Have a push held by the incidents of what holds it, and by no others."""
    incidents.keep(tx, order_subject(push.order_id), troubles.PUSH, troubles.of_push(standing(push)), now)


def is_asked(tx: Transaction, order_id: int) -> bool:
    """Tell whether a person is asked to decide about an order that its warehouse has, by whatever part asks."""
    return any(each.operation in troubles.QUESTIONS for each in incidents.of_subject(tx, order_subject(order_id)))


def note_question(tx: Transaction, order_id: int) -> None:
    """An incident that asks about an order was opened, or left, without a decision about its push: the push shows it.

    What waits for a connection is not asked yet and has a time of its own: it stays as it is.
    """
    if is_asked(tx, order_id):
        pushes.mark(tx, order_id, changed=True)
    else:
        pushes.mark(tx, order_id, changed=False)


def note_first(tx: Transaction, made: Iterable[Push], now: int) -> None:
    """Note what holds pushes that were made just now."""
    for push in made:
        if push.why:
            for held in troubles.of_push(standing(push)):
                incidents.report(tx, held.trouble, order_subject(push.order_id), now, held.text)


def note_ids(tx: Transaction, ids: Sequence[int], now: int) -> None:
    """Note what holds these pushes as they are stored."""
    for start in range(0, len(ids), CHUNK):
        for push in pushes.by_ids(tx, ids[start : start + CHUNK]):
            note(tx, push, now)


def note_doubts(tx: Transaction, connection: str, now: int) -> None:
    """Note every push of a connection that is in doubt and that only a person can settle."""
    after = 0
    while ids := outbox.left_to_people(tx, connection, after, CHUNK):
        note_ids(tx, ids, now)
        after = ids[-1]


def standing(push: Push) -> Standing:
    """Say of a row what matters to troubles."""
    return Standing(
        state=push.state,
        oms=push.oms,
        connection=push.connection or "",
        clauses=_read_clauses(push.why) if push.why else (),
        parked=push.next_at is None,
        needs_person=push.needs_person,
        kind=push.error_kind or "",
        code=push.error_code or "",
        text=push.error_text or "",
    )


def set_aside(
    tx: Transaction, connection: str, unreadable: Sequence[tuple[str, Unreadable]], read: Sequence[str], now: int
) -> None:
    """Quarantine records, each under a name, and let go of those (`read`) that can be read by now or are gone."""
    if quarantine.holds_any(tx):
        for start in range(0, len(read), CHUNK):
            for name in quarantine.among(tx, connection, read[start : start + CHUNK]):
                incidents.heal(tx, record_subject(connection, name), now, operation=troubles.READ)
        quarantine.remove(tx, connection, read)
    if not unreadable:
        return
    made = [
        Quarantined(connection=connection, ref=name, raw=each.raw, reason=each.reason, first_at=now, last_at=now)
        for name, each in unreadable
    ]
    quarantine.put(tx, made)
    text = f"records of {connection} could not be read; they are kept, and block nothing"
    trouble = Trouble(
        cause=Cause.VALIDATION, connection=connection, operation=troubles.READ, code="unreadable", text=text
    )
    for each in made:
        incidents.report(tx, trouble, record_subject(connection, each.ref), now, each.reason)


def record_subject(connection: str, ref: str) -> str:
    """Name a record that could not be read among what incidents hold."""
    return f"record:{connection}:{ref}"
