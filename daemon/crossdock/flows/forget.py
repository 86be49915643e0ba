"""Remove personal data of orders: by age, in small units of work, or of one order because a person asks."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from crossdock.flows.erasers import ERASERS
from crossdock.flows.house import encode
from crossdock.flows.reconsider import Answer
from crossdock.rules.changes import Change
from crossdock.rules.personal import ENDED, OWN_WORDS, hidden_all, without_personal_data
from crossdock.spec.errors import ConnectorError
from crossdock.spec.orders import Order, OrderStatus
from crossdock.store import audit, orders, privacy, timeline
from crossdock.store.audit import Entry
from crossdock.store.times import from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from crossdock.flows.reconsider import Read
    from crossdock.store.audit import By
    from crossdock.store.orders import StoredOrder
    from crossdock.store.store import Transaction

CHUNK = 100
"""Orders whose data are removed in one transaction."""

_read_changes = msgspec.json.Decoder(tuple[Change, ...]).decode
_UNREAD = "its content was removed after the time that personal data are kept; `crossdock sync` fetches the order again"


class Keeping(Struct, frozen=True, kw_only=True):
    """How long data are kept after an order ended: the bytes that were sent, and everything else that is personal."""

    bodies: timedelta
    everything: timedelta


def remove_bodies_due(tx: Transaction, keeping: Keeping, now: datetime) -> int:
    """Remove a chunk of the bytes that were sent long enough ago; return of how many orders."""
    before = to_ms(now - min(keeping.bodies, keeping.everything))
    found = privacy.due(tx, privacy.WHOLE, before, CHUNK)
    if found:
        privacy.remove_bodies(tx, [order.id for order in found])
    return len(found)


def erase_due(tx: Transaction, read: Read, keeping: Keeping, now: datetime) -> int:
    """Remove the personal data of a chunk of orders that ended long enough ago; return of how many."""
    found = privacy.due(tx, privacy.WITHOUT_BODIES, to_ms(now - keeping.everything), CHUNK)
    if not found:
        return 0
    for stored in found:
        _erase(tx, stored, read)
    _erase_elsewhere(tx, found)
    days = keeping.everything / timedelta(days=1)
    reason = f"they ended {days:g} days ago or more"
    gone = Entry(actor=audit.DAEMON, action="privacy.erase", object=f"{len(found)} orders", reason=reason)
    audit.write(tx, gone, to_ms(now))
    return len(found)


def empty_quarantine_due(tx: Transaction, keeping: Keeping, now: datetime) -> int:
    """Remove the content of records that could not be read and that were not seen for long enough; return of how many."""
    return privacy.empty_quarantined(tx, to_ms(now - keeping.everything), _UNREAD, CHUNK)


def forget(tx: Transaction, connection: str, ref: str, read: Read, by: By, now: datetime) -> Answer:
    """Remove the personal data of one order now. An order that is open is refused: its parcel still needs an address."""
    stored = orders.load(tx, connection, [ref]).get(ref)
    if stored is None:
        unread = privacy.forget_quarantined(tx, connection, ref)
        text = (
            "its record, which could not be read, is removed" if unread else f"there is no order {ref} of {connection}"
        )
        return _answered(tx, by, Answer(order=ref, done=bool(unread), text=text), now)
    if stored.status not in ENDED:
        text = (
            f"its OMS says that it is {stored.status}: the order is open, and its parcel needs the address. "
            "Cancel it in the OMS first, or wait until it has left"
        )
        return _answered(tx, by, Answer(order=ref, done=False, text=text), now)
    if privacy.is_open(tx, stored.id):
        text = "something about it is still to be sent, in doubt, or failed; settle that first (`crossdock explain`)"
        return _answered(tx, by, Answer(order=ref, done=False, text=text), now)
    privacy.remove_bodies(tx, [stored.id])
    _erase(tx, stored, read)
    _erase_elsewhere(tx, [stored])
    moment = timeline.Moment(stored.id, to_ms(now), "forgotten", by.actor, "its personal data were removed")
    timeline.add(tx, [moment])
    return _answered(tx, by, Answer(order=ref, done=True, text="its personal data are removed"), now)


def _answered(tx: Transaction, by: By, answer: Answer, now: datetime) -> Answer:
    result = audit.DONE if answer.done else audit.REFUSED
    audit.write(tx, by.entry(result=result, reason="" if answer.done else answer.text), to_ms(now))
    return answer


def _erase(tx: Transaction, stored: StoredOrder, read: Read) -> None:
    privacy.replace_payload(tx, stored.id, encode(_left_of(stored, read)))
    privacy.remove_words(tx, stored.id)
    privacy.retell(tx, [(each.id, _retold(each)) for each in privacy.told(tx, stored.id) if each.what not in OWN_WORDS])
    privacy.forget_quarantined(tx, stored.connection, stored.ref)


def _left_of(stored: StoredOrder, read: Read) -> Order:
    """What cannot be read, because its connector is not there any more, is removed all the same."""
    try:
        return without_personal_data(read(stored.connection, stored.payload, bool(stored.sliced)))
    except (ConnectorError, ValueError):
        at = from_ms(stored.created_at)
        return Order(
            ref=stored.ref, number=stored.number, status=OrderStatus(stored.status), created_at=at, updated_at=at,
            shop=stored.shop, logistics=stored.logistics, lines=(),
        )  # fmt: skip


def _retold(moment: privacy.Told) -> str:
    """Say what of an order differed, without the values; of what others said, nothing."""
    if moment.what != "changed":
        return ""
    try:
        return encode(hidden_all(_read_changes(moment.detail))).decode()
    except msgspec.DecodeError:
        return ""


def _erase_elsewhere(tx: Transaction, stored: Sequence[StoredOrder]) -> None:
    ids = [order.id for order in stored]
    for eraser in ERASERS:
        eraser(tx, ids)
