"""Decide about orders inside a unit of work: first sight, a change, or again because people or time changed something."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from crossdock.flows import troubles
from crossdock.flows.house import encode
from crossdock.flows.keep_in_step import keep_in_step
from crossdock.rules import eligibility
from crossdock.rules.changes import Change, differences, same_content
from crossdock.rules.decision import AUTOMATIC, Asked, Decision, Trigger, decide
from crossdock.rules.keys import outbound_key
from crossdock.rules.outbound import to_request
from crossdock.rules.push_states import AT_RISK, AT_WAREHOUSE, PushState, Shipped, check_transition
from crossdock.rules.reasons import Clause
from crossdock.spec.orders import OrderStatus
from crossdock.spec.outbound import OutboundRequest
from crossdock.spec.outbound_changes import FieldGroup
from crossdock.store import amendments, pushes, timeline
from crossdock.store.pushes import Push
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.flows.sight import Sight
    from crossdock.rules.book import Book
    from crossdock.spec.orders import Order
    from crossdock.store.store import Transaction

_read_request = msgspec.json.Decoder(OutboundRequest).decode
_read_clauses = msgspec.json.Decoder(tuple[Clause, ...]).decode


DEFINITE = frozenset({"Rejected", "NotFound", "Conflict"})
"""Error kinds of a warehouse that surely did not take the document."""


SENDS = frozenset({PushState.QUEUED, PushState.UPDATE_PENDING, PushState.CANCEL_REQUESTED})
"""States in which something is due to the warehouse."""


def first_sight(sight: Sight, push_id: int, book: Book, now: datetime) -> tuple[Push, bytes | None]:
    """Decide about an order seen for the first time; return its push and the bytes to send, if it is queued."""
    push = Push(id=push_id, order_id=sight.stored.id, oms=sight.stored.connection, revision=sight.stored.revision)
    if sight.order.status is OrderStatus.CANCELLED:
        push.state, push.unsettled, push.settled_at = PushState.CANCELLED, None, to_ms(now)
        push.why = _unnamed(sight.order)
        return push, None
    decision = decide(sight.order, PushState.NOT_PUSHED, book, now)
    return push, apply(push, decision, sight, book, now)


def apply(push: Push, decision: Decision, sight: Sight, book: Book, now: datetime) -> bytes | None:
    """Write a decision into a push; return the bytes to send if they are new."""
    push.state = decision.state
    push.again_at = None if decision.again_at is None else to_ms(decision.again_at)
    warehouse = decision.warehouse
    push.warehouse = None if warehouse is None else warehouse.code
    push.connection = None if warehouse is None else warehouse.connection
    if decision.state is not PushState.QUEUED or warehouse is None:
        push.why, push.next_at = said(decision.reasons), None
        return None
    push.why = ""
    push.strategy = decision.strategy
    push.next_at = push.queued_at = to_ms(now)
    push.revision = sight.stored.revision
    push.key = outbound_key(push.oms, sight.stored.ref, warehouse.code, push.group_no, push.generation)
    return encode(to_request(sight.order, warehouse, book, push.key, push.revision, push.strategy))


def said(reasons: tuple[Clause, ...]) -> str:
    """Keep reasons as JSON, nothing for none."""
    return encode(reasons).decode() if reasons else ""


def read_reasons(why: str) -> tuple[Clause, ...]:
    """Read back what `said` kept."""
    return _read_clauses(why) if why else ()


def after_change(tx: Transaction, sight: Sight, push: Push, book: Book, now: datetime) -> Push:
    """Decide what a changed order means for its push (DOMAIN 4.3 B); nothing that may have left is sent otherwise."""
    before = push.state
    if before in AT_WAREHOUSE:
        keep_in_step(tx, sight, push, book, now)
        return push
    if before in AT_RISK:
        _note_difference(tx, sight, push, book, now)
        pushes.decided(tx, push, before)
        return push
    if _keeps_its_bytes(push) and sight.order.status is not OrderStatus.CANCELLED:
        _note_difference(tx, sight, push, book, now)
    return again(tx, sight, push, book, now)


def _keeps_its_bytes(push: Push) -> bool:
    """It was in doubt, was found absent, and goes again as it was sent: what changed meanwhile is only shown."""
    return push.doubted and push.error_kind not in DEFINITE and push.state is not PushState.CANCELLED


def again(tx: Transaction, sight: Sight, push: Push, book: Book, now: datetime, asked: Asked | None = None) -> Push:
    """Decide again about a push that surely has not left, and save it."""
    before, queued_at, troubled = push.state, push.queued_at, troubles.has_any(push)
    queued = None if queued_at is None else timeline.queued(push)
    if sight.order.status is OrderStatus.CANCELLED:
        _cancel(tx, sight, push, now)
        _note_troubles(tx, push, now, troubled=troubled)
        return push
    asked = _asked_of(sight, push, asked)
    state = PushState.NOT_PUSHED if before in _ENDED else before
    decision = decide(sight.order, state, book, now, asked)
    if before is PushState.PUSH_FAILED and not _worth_another(tx, sight, push, decision, book):
        push.again_at = None
        pushes.decided(tx, push, before)
        _note_troubles(tx, push, now, troubled=troubled)
        return push
    by = ""
    if push.attempts:  # what was decided about it at a warehouse ends where the warehouse has it no more
        by = amendments.load(tx, push.id).cancel_by
        amendments.remove(tx, push.id)
    owed = (
        (push.settled_at, push.report_at, push.report_as) if _owes_cancellation(push, decision) else (None, None, None)
    )
    _new_generation_if_needed(tx, sight, push, decision, book, now, by)
    push.cancel_wanted = False
    push.changed = push.changed and push.doubted
    sent, revision, strategy = push.attempts > 0, push.revision, push.strategy
    place = (push.warehouse, push.connection, push.key)
    body = apply(push, decision, sight, book, now)
    if sent:  # the key was sent with the stored bytes: the same bytes go again, to the same place
        body, push.revision, push.strategy = None, revision, strategy
        push.warehouse, push.connection, push.key = place
    push.origin = asked.trigger.value if decision.state is PushState.QUEUED else Trigger.AUTOMATIC.value
    push.actor = asked.actor if decision.state is PushState.QUEUED else ""
    push.unsettled = 1
    push.settled_at, push.report_at, push.report_as = owed
    if queued is not None:
        _keep_queued(tx, push, before, queued)
    if before is PushState.PUSH_FAILED and push.state is PushState.NOT_PUSHED:
        before = _step(tx, push, before)
    _save(tx, push, before, body)
    _note_troubles(tx, push, now, troubled=troubled)
    _note_override(tx, sight, push, decision, now)
    return push


def _owes_cancellation(push: Push, decision: Decision) -> bool:
    """Tell whether its OMS has yet to hear that it is cancelled, and will not hear instead that it is pushed again."""
    due = push.report_at is not None and push.report_as == "cancelled"
    return due and decision.state is not PushState.QUEUED


def _asked_of(sight: Sight, push: Push, asked: Asked | None) -> Asked:
    """Say who wants it pushed. What was cancelled is decided about afresh: whoever wanted it before wanted that push."""
    if asked is None:
        asked = AUTOMATIC if push.state in _ENDED else Asked(trigger=Trigger(push.origin), actor=push.actor)
    return msgspec.structs.replace(asked, hold=sight.stored.hold, gift_released=sight.stored.gift_released)


def _save(tx: Transaction, push: Push, before: PushState, body: bytes | None) -> None:
    check_transition(before, push.state)
    if pushes.decided(tx, push, before) and body is not None:
        pushes.save_bodies(tx, [(push.id, body)])


def _keep_queued(tx: Transaction, push: Push, before: PushState, queued: timeline.Moment) -> None:
    """Keep what the columns said of its time in the queue where they say it no more; in the queue it keeps its place."""
    if push.state is not PushState.QUEUED:
        push.queued_at = None
    elif before is PushState.QUEUED:
        now, push.queued_at, push.next_at = push.queued_at, queued.at, queued.at
        if timeline.queued(push) == queued:
            return
        push.queued_at = now  # it goes elsewhere: that it was queued for the one before stays said
    timeline.add(tx, [queued])


def _step(tx: Transaction, push: Push, before: PushState) -> PushState:
    """Take a push that failed, and may not go any more, off by way of HELD: no row skips a state."""
    check_transition(before, PushState.HELD)
    push.state = PushState.HELD
    pushes.decided(tx, push, before)
    push.state = PushState.NOT_PUSHED
    return PushState.HELD


def _note_troubles(tx: Transaction, push: Push, now: datetime, *, troubled: bool) -> None:
    """What goes its way, and did before, has nothing to do with incidents."""
    if troubled or troubles.has_any(push):
        troubles.note(tx, push, to_ms(now))


_ENDED = frozenset({PushState.CANCELLED, PushState.REJECTED})
"""Surely not shipped by its warehouse: it goes again under another key, if at all."""


def _worth_another(tx: Transaction, sight: Sight, push: Push, decision: Decision, book: Book) -> bool:
    """A failed push goes again when its retry is due, its input changed, or it may not go any more."""
    if decision.state is not PushState.QUEUED or push.next_at is not None:
        return True
    return changed_input(tx, sight, push, decision, book)


def changed_input(tx: Transaction, sight: Sight, push: Push, decision: Decision, book: Book) -> bool:
    """Tell whether what would be sent now is not what is stored: to another place, or other content. Writes nothing.

    The place is the warehouse, the connection to its WMS and the code that it has there.
    """
    warehouse = decision.warehouse
    if warehouse is None or push.key is None:
        return True
    if (warehouse.code, warehouse.connection) != (push.warehouse, push.connection):
        return True
    stored = pushes.body(tx, push.id)
    if stored is None:
        return True
    sent, fresh = _read_request(stored), to_request(sight.order, warehouse, book, push.key, 0, decision.strategy)
    return sent.warehouse != fresh.warehouse or not same_content(sent, fresh)


def _new_generation_if_needed(
    tx: Transaction, sight: Sight, push: Push, decision: Decision, book: Book, now: datetime, cancelled_by: str
) -> None:
    if push.attempts == 0:
        return
    why = "was cancelled, and the OMS took the cancellation back"
    if cancelled_by:
        why = f"was cancelled here by {cancelled_by}, and the order lives on"
    if push.state is PushState.REJECTED:
        why = "was cancelled by the warehouse itself, and a person sends it again"
    elif push.state is not PushState.CANCELLED:
        if decision.state is not PushState.QUEUED or _keeps_its_bytes(push):
            return
        if not changed_input(tx, sight, push, decision, book):
            return
        why = "was definitely not accepted and its input changed"
    detail = f"generation {push.generation + 1}: the push under key {push.key} {why}"
    moment = timeline.Moment(sight.stored.id, to_ms(now), "new_generation", "", detail)
    if push.sent_at is not None:
        timeline.add(
            tx, [timeline.sent(push.order_id, push.sent_at, push.warehouse, push.key, push.attempts, push.error_kind)]
        )
    timeline.add(tx, [moment])
    push.generation += 1
    push.attempts = 0
    push.doubted = False
    push.faults, push.first_fault_at = 0, None
    push.error_kind = push.error_code = push.error_text = None
    push.stage, push.shipped, push.report_as = None, Shipped.NOTHING, None
    push.updated_revision = push.updated_at = push.acknowledged_at = None


def _unnamed(order: Order) -> str:
    """Keep why a cancelled order needs a person: it is a cancellation that names no order. Nothing for others."""
    clause = eligibility.cancellation(order)
    return "" if clause is None else said((clause,))


def _cancel(tx: Transaction, sight: Sight, push: Push, now: datetime) -> None:
    before, why = push.state, _unnamed(sight.order)
    if before is PushState.CANCELLED:
        if push.why != why:
            push.why = why
            pushes.decided(tx, push, before)
        return
    check_transition(before, PushState.CANCELLED)
    push.state, push.unsettled, push.settled_at = PushState.CANCELLED, None, to_ms(now)
    push.again_at = push.next_at = push.report_at = None
    push.cancel_wanted = push.changed = False
    push.why = why
    pushes.decided(tx, push, before)
    detail = "the OMS cancelled the order before it was pushed"
    timeline.add(tx, [timeline.Moment(sight.stored.id, to_ms(now), "cancelled", "", detail)])


def _note_difference(tx: Transaction, sight: Sight, push: Push, book: Book, now: datetime) -> None:
    """Keep how the order differs from what was sent; its warehouse is told once it is known to have it."""
    by_person = bool(amendments.load(tx, push.id).cancel_by)
    cancelled = sight.order.status is OrderStatus.CANCELLED or by_person
    push.cancel_wanted = cancelled
    found = _difference(tx, sight, push, book)
    if cancelled:
        found = (Change(FieldGroup.STATUS, "status", "open", "cancelled"), *found)
    if found:
        push.changed = True
        told = encode(found).decode()
        if not timeline.says_changed(tx, sight.stored.id, told):
            timeline.add(tx, [timeline.Moment(sight.stored.id, to_ms(now), "changed", "", told)])
    elif push.changed and not cancelled:
        push.changed = False
        text = "the order is again as it was sent"
        timeline.add(tx, [timeline.Moment(sight.stored.id, to_ms(now), "changed_back", "", text)])


def _difference(tx: Transaction, sight: Sight, push: Push, book: Book) -> tuple[Change, ...]:
    stored = pushes.body(tx, push.id)
    warehouse = book.warehouses.get(push.warehouse or "")
    if stored is None or warehouse is None or push.key is None:
        return ()
    fresh = to_request(sight.order, warehouse, book, push.key, 0, push.strategy)
    return differences(_read_request(stored), fresh)


def _note_override(tx: Transaction, sight: Sight, push: Push, decision: Decision, now: datetime) -> None:
    """A person's push against strategy or gift gate keeps its warning."""
    for clause in decision.clauses:
        if clause.code == "overridden":
            moment = timeline.Moment(sight.stored.id, to_ms(now), "overridden", push.actor, clause.facts[1])
            timeline.add(tx, [moment])
