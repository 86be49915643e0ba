"""Why is this order where it is: what happened, what every clause says now, what comes next and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from crossdock.control.records.orders import ClauseItem, Difference, Explanation, Happened, Next
from crossdock.control.shown import choices_of, decided, difference, happened, order_item, to_decide
from crossdock.rules.changes import differences
from crossdock.rules.connection_health import Status, may_call
from crossdock.rules.decision import Asked, Decision, Trigger, decide, unpaid
from crossdock.rules.eligibility import age_limit, too_old_at
from crossdock.rules.outbound import to_request
from crossdock.rules.push_states import AT_RISK, AT_WAREHOUSE, PushState
from crossdock.rules.reasons import RELEASES, Clause, sentence
from crossdock.rules.troubles import OUTBOUND_DOCUMENT, QUESTIONS
from crossdock.spec.orders import OrderStatus
from crossdock.spec.outbound import OutboundRequest
from crossdock.store import timeline
from crossdock.store.times import from_ms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from crossdock.control.shown import Lens
    from crossdock.rules.book import Book
    from crossdock.rules.connection_health import ConnectionHealth
    from crossdock.spec.orders import Order
    from crossdock.store.amendments import Amendment
    from crossdock.store.orders import StoredOrder
    from crossdock.store.pushes import Push
    from crossdock.store.timeline import Moment
    from crossdock.store.views import Listed

_read_request = msgspec.json.Decoder(OutboundRequest).decode


@dataclass(frozen=True, kw_only=True)
class Case:
    """All that is known of one order. `body` is what its warehouse was told last, `record` what was decided since. `order` is None where its connector is not loaded; `health` is its warehouse's, `absent` says why its connection takes nothing ("": it does)."""

    row: Listed
    lens: Lens
    stored: StoredOrder
    push: Push
    moments: Sequence[Moment]
    body: bytes | None
    record: Amendment
    order: Order | None
    book: Book
    health: ConnectionHealth
    idempotency: str
    absent: str
    now: datetime
    personal: bool


def explain(case: Case) -> Explanation:
    """Put the chain together."""
    decision = decide_now(case)
    return Explanation(
        row=order_item(case.row, case.lens),
        happened=tuple(story(case)),
        clauses=tuple(ClauseItem(code=c.code, ok=c.ok, text=sentence(c)) for c in clauses_of(case, decision)),
        verdict=verdict(case, decision),
        next=tuple(what_next(case, decision)),
        differences=tuple(unlike_what_was_sent(case)),
    )


def clauses_of(case: Case, decision: Decision | None) -> tuple[Clause, ...]:
    """List what keeps it or lets it go: what the decision says, and where a push that failed stands."""
    found = decision.clauses if decision else ()
    push = case.push
    if push.state is not PushState.PUSH_FAILED:
        return found
    why = push.error_text or push.error_kind or "no reason was given"
    return (Clause("parked" if push.next_at is None else "failed", False, (why,)), *found)


def decide_now(case: Case) -> Decision | None:
    """Take the decision again, now, without keeping it; None where the order cannot be read."""
    if case.order is None:
        return None
    asked = Asked(
        trigger=Trigger(case.push.origin),
        actor=case.push.actor,
        hold=case.stored.hold,
        gift_released=bool(case.stored.gift_released),
    )
    return decide(case.order, case.push.state, case.book, case.now, asked)


def verdict(case: Case, decision: Decision | None) -> str:
    """Say where the order stands in one sentence."""
    push = case.push
    where = f"warehouse {push.warehouse}" if push.warehouse else "its warehouse"
    match push.state:
        case _ if push.state in AT_WAREHOUSE:
            return _there(case, where)
        case PushState.CANCELLED:
            confirmed = push.report_as == "cancelled" or bool(push.stage)
            return f"it is cancelled: {where} does not ship it" if confirmed else "it is cancelled and was not pushed"
        case PushState.SENDING:
            return f"it is being sent to {where} right now"
        case PushState.IN_DOUBT:
            return f"it may or may not have reached {where}: {push.error_text or 'the answer was lost'}"
        case PushState.PUSH_FAILED:
            return f"{where} did not take it: {push.error_text or push.error_kind or 'no reason was given'}"
        case PushState.QUEUED:
            return f"it is queued for {where}"
        case _:
            return _kept_by(decision)


def _there(case: Case, where: str) -> str:
    push = case.push
    known = f" as {push.remote_id}" if push.remote_id else ""
    if said := "; ".join(_decisions(case)):
        return f"{said}; {where} has it{known}"
    mark = " (Updated)" if push.marked_updated else ""
    return _AT_WAREHOUSE[push.state].format(where) + known + mark


def _decisions(case: Case) -> tuple[str, ...]:
    return to_decide(case.row, choices_of(case.row, case.book.abilities))


_AT_WAREHOUSE = {
    PushState.PUSHED: "it was pushed: {0} has it",
    PushState.ACCEPTED: "it was pushed: {0} has it and works on it",
    PushState.UPDATE_PENDING: "it changed since its push, and {0} is being told",
    PushState.CANCEL_REQUESTED: "it is to be cancelled, and {0} is asked not to ship it",
    PushState.IN_DOUBT_CANCEL: "it is to be cancelled, and whether {0} does is not known yet",
    PushState.PARTIALLY_SHIPPED: "a part of it has left {0}",
    PushState.SHIPPED: "it has left {0}",
    PushState.CLOSED_SHORT: "{0} closed it with less than was ordered",
}


def _kept_by(decision: Decision | None) -> str:
    if decision is None:
        return "it cannot be read while its connector is not loaded"
    reasons = "; ".join(sentence(clause) for clause in decision.reasons)
    return f"it is not pushed: {reasons}" if reasons else "nothing keeps it any more; it is queued at the next look"


def story(case: Case) -> list[Happened]:
    """List what happened, oldest first: the straight path from the rows, everything else from the timeline."""
    moments = timeline.whole(case.stored, case.push, case.moments)
    return [happened(moment, personal=case.personal) for moment in moments]


def what_next(case: Case, decision: Decision | None) -> list[Next]:
    """Say what comes next, when, and who has to do something."""
    push = case.push
    match push.state:
        case _ if push.state in AT_WAREHOUSE:
            return _after_push(case)
        case PushState.CANCELLED:
            return _after_cancellation(case)
        case PushState.NOT_PUSHED | PushState.HELD:
            return _waiting(case, decision)
        case PushState.IN_DOUBT:
            return [*_in_doubt(case), *_to_be_told(case)]
        case PushState.PUSH_FAILED:
            return _failed(case)
        case PushState.QUEUED:
            return [*_through_connection(case, "it is sent"), *_to_be_told(case)]
        case _:
            return [Next(text="its answer is awaited"), *_to_be_told(case)]


def _after_cancellation(case: Case) -> list[Next]:
    if found := [Next(text=each, person=True) for each in _decisions(case)]:
        return found
    if case.stored.status == OrderStatus.CANCELLED:
        return [Next(text="nothing; if the OMS takes the cancellation back, it is decided again")]
    if case.stored.hold is not None:
        return [Next(text="nothing by itself: it was cancelled here; `crossdock release` lets it go again")]
    return [Next(text="it is decided again when the OMS changes it, or by `crossdock release`")]


def _after_push(case: Case) -> list[Next]:
    push = case.push
    found = [Next(text=each, person=True) for each in _decisions(case)]
    if others := sorted({each.replace("_", " ") for each in case.row.asked} - _DECIDED):
        text = f"an incident about it is open ({', '.join(others)}): `crossdock incidents list` says what mends it"
        found.append(Next(text=text, person=True))
    if push.warehouse not in case.book.warehouses and push.state not in _LEFT:
        text = (
            f"warehouse {push.warehouse} is not set up any more: what changes is not told to it. Set it up again with "
            "`crossdock warehouses set`, or tell it by hand and choose keep (`crossdock packages decide`)"
        )
        found.append(Next(text=text, person=True))
    if push.state in _ASKED:
        found += _through_connection(case, _ASKED[push.state])
    if push.marked_updated:
        found.append(Next(text="the mark (Updated) goes when it is picked, or with `crossdock ack`"))
    if case.push.report_at is not None:
        found.append(Next(text=f"{case.stored.connection} is told", at=_ahead(case, case.push.report_at)))
    return found or [Next(text=_GOES_ON.get(push.state, "nothing; it is done"))]


_DECIDED = frozenset(each.replace("_", " ") for each in (*QUESTIONS, OUTBOUND_DOCUMENT))
"""What incidents are about whose question stands among the decisions."""
_WORKS = "its warehouse goes on with it; nothing has to be done here"
_GOES_ON = {
    PushState.PUSHED: _WORKS,
    PushState.ACCEPTED: _WORKS,
    PushState.PARTIALLY_SHIPPED: "its warehouse ships the rest of it; nothing has to be done here",
}


_LEFT = frozenset({PushState.SHIPPED, PushState.CLOSED_SHORT, PushState.REJECTED})
_ASKED = {
    PushState.UPDATE_PENDING: "its warehouse is told what differs",
    PushState.CANCEL_REQUESTED: "its warehouse is asked not to ship it; the OMS is told when that is confirmed",
    PushState.IN_DOUBT_CANCEL: "its warehouse is asked whether it has cancelled it",
}


def _to_be_told(case: Case) -> list[Next]:
    """What was sent, or may have been, stays what it was; what changed since has to follow it."""
    if not case.push.changed or case.push.cancel_wanted:
        return []
    return [Next(text="it changed since; once its warehouse is known to have it, it is told what differs")]


def _in_doubt(case: Case) -> list[Next]:
    if case.push.needs_person or case.push.next_at is None:
        if case.push.run_id is not None:
            return [Next(text="the warehouse is being asked right now")]
        text = (
            "a person looks into the warehouse and settles it: `crossdock settle ORDER --arrived` or `--absent`; "
            "it is never sent again by itself"
        )
        return [Next(text=text, person=True)]
    if case.push.cancel_wanted:
        text = "the warehouse is asked whether it has it, because the order was cancelled meanwhile"
    elif case.idempotency == "key":
        text = "the same bytes are sent again under the same key, which cannot create a second document"
    else:
        text = "the warehouse is asked what it has under this key; nothing is sent before it answered"
    return _through_connection(case, text)


def _failed(case: Case) -> list[Next]:
    if case.push.next_at is not None:
        return _through_connection(case, "it is tried again")
    return [Next(text=f"it is parked: {RELEASES}", person=True)]


def _waiting(case: Case, decision: Decision | None) -> list[Next]:
    if decision is None or case.order is None:
        return [Next(text="it is looked at again", at=_ahead(case, case.push.again_at))]
    days = age_limit(case.book, decision.warehouse)
    too_old = too_old_at(case.order, days)
    found = []
    if decision.again_at is not None and decision.again_at != too_old:
        found.append(Next(text="it is decided again", at=decision.again_at))
    codes = {clause.code for clause in decision.reasons}
    if unpaid(case.order) and "strategy" in codes:  # to push it by hand would ship what nobody has paid
        found.append(Next(text="it is decided again when its OMS says that it is paid"))
        codes -= {"strategy", "auto_push"}
    found += [Next(text=text, person=True) for code, text in _HELP if code in codes]
    if not found:
        found.append(Next(text="it is decided again when the OMS changes it, or a setting that it depends on"))
    if decision.again_at is not None:
        found.append(Next(text=f"it is {days} days old and is not pushed any more", at=too_old))
    return found


_HELP = (
    ("hold", "a hold set here is released with `crossdock release`, one of the OMS in the OMS"),
    ("quantity", "correct the quantity in the OMS; the corrected order is decided again"),
    ("sku_missing", "give the line its SKU in the OMS; the corrected order is decided again"),
    ("skus", "map the SKU with `crossdock mappings set`; every waiting order is then decided again"),
    ("logistics", "map the carrier with `crossdock mappings set`; every waiting order is then decided again"),
    ("warehouse", "assign it in the OMS, or add an allocation rule with `crossdock allocation set`"),
    ("gift", "the gift gate is opened for this order with `crossdock release --gifts`"),
    ("strategy", "push it by hand with `crossdock push`, or change the warehouse's strategies"),
    ("auto_push", "push it with `crossdock push`, or switch auto push on with `crossdock warehouses auto-push`"),
)


def _through_connection(case: Case, text: str) -> list[Next]:
    """Say when something that is due goes through the connection of its warehouse: one time, or what it waits for."""
    name, health, due = case.push.connection, case.health, _ahead(case, case.push.next_at)
    soonest = health.until or case.now
    if name is not None and case.absent:
        return [Next(text=f"connection {name}: {case.absent}; {text} once it is in use", person=True)]
    if name is None or may_call(health, case.now) or (health.until and due and due >= soonest):
        return [Next(text=text, at=due)]
    by = f" by {health.paused_by}" if health.paused_by else ""
    why = f" ({health.error_text})" if health.error_text else ""
    held = f"connection {name} is {health.status.value.replace('_', ' ')}{by}{why}"
    match health.status:
        case Status.PAUSED:
            return [Next(text=f"{held}; {text} after `crossdock connections resume {name}`", person=True)]
        case Status.STUCK:
            return [Next(text=f"{held}; {text} after the daemon is restarted", person=True)]
        case _:
            return [Next(text=f"{text}; {held} until then", at=soonest)]


def _ahead(case: Case, moment: int | None) -> datetime | None:
    """Return a moment to come; what is due already happens when its turn comes, and has no time to be named."""
    at = from_ms(moment)
    return at if at is not None and at > case.now else None


def unlike_what_was_sent(case: Case) -> list[Difference]:
    """Compare the order with what its warehouse was told last, where that may have left."""
    push = case.push
    decisions = {each.path: each for each in case.record.decisions()}
    left = push.state in AT_RISK or push.state in AT_WAREHOUSE or bool(push.doubted)
    warehouse = case.book.warehouses.get(push.warehouse or "")
    if not left or case.body is None or case.order is None or warehouse is None or push.key is None:
        return []
    fresh = to_request(case.order, warehouse, case.book, push.key, 0, push.strategy)
    found = []
    for change in differences(_read_request(case.body), fresh):
        known = decisions.get(change.path)
        same = known is not None and (known.before, known.after) == (change.before, change.after)
        shown = difference(change, personal=case.personal)
        found.append(decided(known, personal=case.personal) if known is not None and same else shown)
    return found
