"""Rows of the store as records of the API; personal data masked for those who may not see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from crossdock.control.records.orders import Difference, Happened, OrderItem, PushItem
from crossdock.flows.decide import read_reasons
from crossdock.flows.reconsider import at_gift_gate
from crossdock.rules.changes import Change
from crossdock.rules.choices import Question, choices
from crossdock.rules.connection_health import may_call
from crossdock.rules.eligibility import age_limit
from crossdock.rules.mutability import Decided
from crossdock.rules.mutability import sentence as why
from crossdock.rules.personal import HIDDEN, hidden
from crossdock.rules.push_states import WAITING, PushState, tab_of
from crossdock.rules.reasons import failing, sentence
from crossdock.rules.troubles import DOUBLED, LABEL, LABEL_PULL, OUTBOUND_CANCEL, OUTBOUND_UPDATE
from crossdock.spec.orders import Address, OrderStatus, Recipient
from crossdock.spec.outbound import Stage
from crossdock.store.pushes import STAGE_OF, marked
from crossdock.store.times import from_ms
from crossdock.store.views import SETTLED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from crossdock.control.records.base import ChoiceName
    from crossdock.rules.book import Book
    from crossdock.rules.connection_health import ConnectionHealth
    from crossdock.rules.mutability import Abilities
    from crossdock.spec.orders import Order
    from crossdock.store.approvals import Approval
    from crossdock.store.pushes import Push
    from crossdock.store.timeline import Moment
    from crossdock.store.views import Listed

_read_changes = msgspec.json.Decoder(tuple[Change, ...]).decode


def proposed(kept: Approval) -> str:
    """Say that something waits for a second person, and what that one does."""
    return (
        f"proposed as approval {kept.id}: another person with the right {kept.needs} approves it until "
        f"{from_ms(kept.expires_at):%Y-%m-%d %H:%M} UTC (`crossdock approvals approve {kept.id}`)"
    )


def state_name(state: PushState) -> str:
    """Return a state's name on the wire."""
    return state.name.lower()


@dataclass(frozen=True)
class Lens:
    """What a row is looked at with: the book, how connections are, the time."""

    book: Book
    health: Callable[[str], ConnectionHealth]
    now: datetime

    def due(self, row: Listed) -> datetime | None:
        """Say when what is due goes through its connection: not before that may be called; None: nobody knows."""
        due = from_ms(row.next_at)
        if due is None or row.way is None:
            return due
        health = self.health(row.way)
        if may_call(health, self.now):
            return due
        return None if health.until is None else max(due, health.until)

    def too_old(self, row: Listed) -> datetime | None:
        """Say when an order that waits grows too old to be pushed."""
        created = from_ms(row.created_at)
        if created is None or row.state not in WAITING:
            return None
        return created + timedelta(
            days=age_limit(self.book, self.book.warehouses.get(row.warehouse or "")), milliseconds=1
        )


def order_item(row: Listed, lens: Lens) -> OrderItem:
    """Show a row of a list of orders."""
    found, too_old, again_at = choices_of(row, lens.book.abilities), lens.too_old(row), from_ms(row.again_at)
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
        why=_why(row, found),
        choices=found,
        hold=row.hold,
        gift_gate=at_gift_gate(row.state, row.why),
        next_at=lens.due(row),
        again_at=None if again_at == too_old else again_at,
        too_old_at=too_old,
        attempts=row.attempts,
        needs_person=row.needs_person,
        changed=row.changed,
        cancel_wanted=row.cancel_wanted,
        queued_at=from_ms(row.queued_at),
        sent_at=from_ms(row.sent_at),
        settled_at=from_ms(row.settled_at),
        remote_id=row.remote_id,
        error=row.error_text,
        stage=_stage(row),
        updated=updated(row),
        updated_revision=row.updated_revision,
        updated_at=from_ms(row.updated_at),
    )


def stage_name(rank: int | None) -> str | None:
    """Return a stage's name on the wire."""
    return None if rank is None else STAGE_OF[rank].value


def _stage(row: Listed | Push) -> str | None:
    """Say how far its warehouse is: what it does not ship is cancelled, whatever it told before."""
    if row.state is PushState.REJECTED or (row.state is PushState.CANCELLED and row.sent_at is not None):
        return Stage.CANCELLED.value
    return stage_name(row.stage)


def updated(row: Listed) -> bool:
    """Tell whether an order carries the mark "(Updated)"."""
    return marked(row.updated_at, row.acknowledged_at, row.stage)


def choices_of(row: Listed, able: Mapping[str, Abilities]) -> tuple[ChoiceName, ...]:
    """Name what a person may decide about an order now."""
    mine = able.get(row.way or "")
    question = Question(
        state=row.state, asked=row.asked, can_update=mine is not None and mine.can_update,
        can_cancel=mine is not None and mine.can_cancel,
    )  # fmt: skip
    return tuple(verdict.value for verdict in choices(question))


def _why(row: Listed, found: Sequence[ChoiceName]) -> tuple[str, ...]:
    """Say what keeps an order, or what a person has to decide about what its warehouse has."""
    if row.state in SETTLED and (said := to_decide(row, found)):
        return said
    return tuple(sentence(clause) for clause in failing(read_reasons(row.why)))


def to_decide(row: Listed, found: Sequence[ChoiceName]) -> tuple[str, ...]:
    """Say what a person has to decide about an order that its warehouse has, or had; `found` are the choices that apply."""
    said = []
    if found and row.state is not PushState.IN_DOUBT_CANCEL:  # that is asked about by itself
        said.append(f"{_asked(row)}: decide by {' or '.join(found)} (`crossdock packages decide`)")
    elif row.changed and row.status == OrderStatus.CANCELLED and row.state is not PushState.REJECTED:
        said.append("it is to be cancelled, and its warehouse is asked once its connection is open")
    said += [text for operation, text in _BESIDE if operation in row.asked]
    if not said and row.changed:
        said.append("it changed after its push, and is looked at again")
    return tuple(said)


_PRINTED = "its shipping label was printed and does not fit it any more: stick the new one over it, or `crossdock labels confirm`"
_PULL = (
    "its shipping label does not fit it any more, and is not refreshed by itself as the parcel is worked on: pull it "
    "(`crossdock labels pull`), or confirm the one at the warehouse (`crossdock labels confirm`)"
)
_DOUBLED = (
    "its warehouse has documents of it that hold more than was ordered: cancel one there "
    "(`crossdock documents list --text` names them)"
)
_BESIDE = ((DOUBLED, _DOUBLED), (LABEL, _PRINTED), (LABEL_PULL, _PULL))
"""What is to be done beside the decisions about a push, by the operation of its incident."""


def _asked(row: Listed) -> str:
    if row.state is PushState.REJECTED:
        return "its warehouse cancelled it by itself, and its OMS still wants it (or cancel it there)"
    if row.state is PushState.CANCEL_REJECTED or OUTBOUND_CANCEL in row.asked:
        return "it was to be cancelled after its push, and its warehouse did not cancel it"
    if OUTBOUND_UPDATE in row.asked:
        return "it changed after its push in what its warehouse is not told by itself"
    if row.state is PushState.CLOSED_SHORT:
        return "its warehouse closed it with less than was ordered"
    return "its warehouse did with it what nobody asked for, as its incident says"


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
        stage=_stage(push),
        updated=push.marked_updated,
        updated_revision=push.updated_revision,
        updated_at=from_ms(push.updated_at),
        acknowledged_at=from_ms(push.acknowledged_at),
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


def decided(each: Decided, *, personal: bool) -> Difference:
    """Show a difference with what is done about it."""
    shown = difference(Change(each.group, each.path, each.before, each.after), personal=personal)
    return msgspec.structs.replace(shown, decision=each.move.value, why=why(each))


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
