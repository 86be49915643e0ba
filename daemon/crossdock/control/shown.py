"""Rows of the store as records of the API; personal data masked for those who may not see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from crossdock.control.records.orders import Difference, Happened, OrderItem, PushItem
from crossdock.flows.decide import read_reasons
from crossdock.rules.changes import Change
from crossdock.rules.personal import HIDDEN, hidden
from crossdock.rules.push_states import PushState, tab_of
from crossdock.rules.reasons import failing, sentence
from crossdock.spec.orders import Address, OrderStatus, Recipient
from crossdock.store.times import from_ms

if TYPE_CHECKING:
    from crossdock.spec.orders import Order
    from crossdock.store.pushes import Push
    from crossdock.store.timeline import Moment
    from crossdock.store.views import Listed

_read_changes = msgspec.json.Decoder(tuple[Change, ...]).decode


def state_name(state: PushState) -> str:
    """Return a state's name on the wire."""
    return state.name.lower()


def order_item(row: Listed) -> OrderItem:
    """Show a row of a list of orders."""
    return OrderItem(
        id=row.id,
        connection=row.connection,
        ref=row.ref,
        number=row.number,
        status=row.status,
        shop=row.shop,
        logistics=row.logistics,
        created_at=from_ms(row.created_at),
        state=state_name(row.state),
        tab=tab_of(row.state, changed=row.changed).value,
        warehouse=row.warehouse,
        strategy=row.strategy,
        why=_why(row),
        hold=row.hold,
        next_at=from_ms(row.next_at),
        again_at=from_ms(row.again_at),
        attempts=row.attempts,
        needs_person=row.needs_person,
        changed=row.changed,
        cancel_wanted=row.cancel_wanted,
        queued_at=from_ms(row.queued_at),
        sent_at=from_ms(row.sent_at),
        settled_at=from_ms(row.settled_at),
        remote_id=row.remote_id,
        error=row.error_text,
    )


def _why(row: Listed) -> tuple[str, ...]:
    """Say what keeps an order, or what its warehouse has to be told."""
    if row.state is PushState.PUSHED and row.changed:
        return (told_by_hand(cancelled=row.status == OrderStatus.CANCELLED),)
    return tuple(sentence(clause) for clause in failing(read_reasons(row.why)))


def told_by_hand(*, cancelled: bool) -> str:
    """Say what a person has to do about an order that changed after its push."""
    if cancelled:
        return "the OMS cancelled it after its push: the warehouse has to be told by hand"
    return "it changed after its push: the warehouse has to be told by hand what differs"


def push_item(push: Push) -> PushItem:
    """Show one way of an order to a warehouse."""
    return PushItem(
        id=push.id,
        state=state_name(push.state),
        generation=push.generation,
        warehouse=push.warehouse,
        connection=push.connection,
        key=push.key,
        strategy=push.strategy,
        origin=push.origin,
        actor=push.actor,
        attempts=push.attempts,
        revision=push.revision,
        next_at=from_ms(push.next_at),
        queued_at=from_ms(push.queued_at),
        sent_at=from_ms(push.sent_at),
        settled_at=from_ms(push.settled_at),
        remote_id=push.remote_id,
        error_kind=push.error_kind,
        error_code=push.error_code,
        error=push.error_text,
        needs_person=bool(push.needs_person),
        changed=bool(push.changed),
        reported=push.reported,
    )


def happened(moment: Moment, *, personal: bool) -> Happened:
    """Show a moment of the timeline; `personal`: with personal data."""
    text = moment.detail
    if moment.what == "changed":
        changes = [difference(change, personal=personal) for change in _changes(moment.detail)]
        text = "the OMS changed it: " + "; ".join(f"{c.path}: {c.before or '—'} → {c.after or '—'}" for c in changes)
    return Happened(at=from_ms(moment.at), what=moment.what, text=text, actor=moment.actor)


def _changes(detail: str) -> tuple[Change, ...]:
    try:
        return _read_changes(detail)
    except msgspec.DecodeError:
        return ()


def difference(change: Change, *, personal: bool) -> Difference:
    """Show how an order differs from what was sent."""
    shown = change if personal else hidden(change)
    return Difference(group=shown.group.value, path=shown.path, before=shown.before, after=shown.after)


def masked(order: Order) -> Order:
    """Hide personal data: initials of the name, ends of the phone number, country, region and postcode stay."""
    recipient = order.recipient
    address = recipient.address
    return msgspec.structs.replace(
        order,
        recipient=Recipient(
            name=" ".join(f"{part[0]}." for part in recipient.name.split()),
            phone=recipient.phone and _ends(recipient.phone),
            email=recipient.email and HIDDEN,
            address=Address(
                lines=(HIDDEN,) if address.lines else (),
                district=address.district and HIDDEN,
                city=address.city and HIDDEN,
                region=address.region,
                postcode=address.postcode,
                country=address.country,
            ),
        ),
        buyer_note=order.buyer_note and HIDDEN,
        seller_note=order.seller_note and HIDDEN,
        extra=_hidden(order.extra),
    )


def _ends(phone: str) -> str:
    """Keep the country code and the last two digits: +66•••••34."""
    if len(phone) < 8:
        return HIDDEN
    start = 3 if phone.startswith("+") else 0
    return phone[:start] + "•" * (len(phone) - start - 2) + phone[-2:]


def _hidden(extra: dict[str, Any]) -> dict[str, Any]:
    """Nobody knows what a connector keeps in `extra`: only the names of its fields are shown."""
    return dict.fromkeys(extra, HIDDEN)
