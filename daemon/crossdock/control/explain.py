"""Why is this order where it is: what happened, what every clause says now, what comes next and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from crossdock.control.records.orders import ClauseItem, Difference, Explanation, Happened, Next
from crossdock.control.shown import difference, happened, order_item, told_by_hand
from crossdock.engine.connection_keeper import said
from crossdock.rules.changes import differences
from crossdock.rules.connection_health import Status, may_call
from crossdock.rules.decision import Asked, Decision, Trigger, decide
from crossdock.rules.outbound import to_request
from crossdock.rules.push_states import AT_RISK, PushState
from crossdock.rules.reasons import sentence
from crossdock.spec.orders import OrderStatus
from crossdock.spec.outbound import OutboundRequest
from crossdock.store.times import from_ms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from crossdock.rules.book import Book
    from crossdock.rules.connection_health import ConnectionHealth
    from crossdock.spec.orders import Order
    from crossdock.store.orders import StoredOrder
    from crossdock.store.pushes import Push
    from crossdock.store.timeline import Moment
    from crossdock.store.views import Listed

_read_request = msgspec.json.Decoder(OutboundRequest).decode


@dataclass(frozen=True, kw_only=True)
class Case:
    """All that is known of one order. `order` is None where its connector is not loaded; `health` is its warehouse's."""

    row: Listed
    stored: StoredOrder
    push: Push
    moments: Sequence[Moment]
    body: bytes | None
    order: Order | None
    book: Book
    health: ConnectionHealth
    idempotency: str
    now: datetime
    personal: bool


def explain(case: Case) -> Explanation:
    """Put the chain together."""
    decision = decide_now(case)
    return Explanation(
        row=order_item(case.row),
        happened=tuple(story(case)),
        clauses=tuple(
            ClauseItem(code=c.code, ok=c.ok, text=sentence(c)) for c in (decision.clauses if decision else ())
        ),
        verdict=verdict(case, decision),
        next=tuple(what_next(case, decision)),
        differences=tuple(unlike_what_was_sent(case)),
    )


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
        case PushState.PUSHED:
            known = f" as {push.remote_id}" if push.remote_id else ""
            been = f"it was pushed: {where} has it{known}"
            return f"{told_by_hand(cancelled=_cancelled(case))}; {been}" if push.changed else been
        case PushState.CANCELLED:
            return "it is cancelled and was not pushed"
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


def _cancelled(case: Case) -> bool:
    return case.stored.status == OrderStatus.CANCELLED


def _kept_by(decision: Decision | None) -> str:
    if decision is None:
        return "it cannot be read while its connector is not loaded"
    reasons = "; ".join(sentence(clause) for clause in decision.reasons)
    return f"it is not pushed: {reasons}" if reasons else "nothing keeps it any more; it is queued at the next look"


def story(case: Case) -> list[Happened]:
    """List what happened, oldest first: the straight path from the rows, everything else from the timeline."""
    push, stored = case.push, case.stored
    where = push.warehouse or "the warehouse"
    found = [Happened(at=from_ms(stored.created_at), what="created", text=f"created in {stored.connection}")]
    text = f"revision {stored.revision} was fetched from {stored.connection} ({stored.status})"
    found.append(Happened(at=from_ms(stored.fetched_at), what="fetched", text=text))
    if push.queued_at is not None:
        by = f"strategy {push.strategy}" if push.strategy else "no strategy"
        text = f"queued for {where} ({push.origin}, {by})"
        found.append(Happened(at=from_ms(push.queued_at), what="queued", text=text, actor=push.actor))
    if push.sent_at is not None:
        text = f"sent to {where} under key {push.key} (attempt {push.attempts})"
        found.append(Happened(at=from_ms(push.sent_at), what="sent", text=text))
    if push.settled_at is not None and push.state is PushState.PUSHED:
        text = f"{where} has it" + (f" as {push.remote_id}" if push.remote_id else "")
        found.append(Happened(at=from_ms(push.settled_at), what="pushed", text=text))
    found += [happened(moment, personal=case.personal) for moment in case.moments]
    return sorted(found, key=lambda each: each.at)


def what_next(case: Case, decision: Decision | None) -> list[Next]:
    """Say what comes next, when, and who has to do something."""
    push = case.push
    match push.state:
        case PushState.PUSHED:
            return _after_push(case)
        case PushState.CANCELLED:
            return [Next(text="nothing; if the OMS takes the cancellation back, it is decided again")]
        case PushState.NOT_PUSHED | PushState.HELD:
            return _waiting(case, decision)
        case PushState.IN_DOUBT:
            return _in_doubt(case) + _through_connection(case)
        case PushState.PUSH_FAILED:
            return _failed(case) + _through_connection(case)
        case PushState.QUEUED | PushState.SENDING:
            text = "its answer is awaited" if push.state is PushState.SENDING else "it is sent"
            return [Next(text=text, at=from_ms(push.next_at)), *_through_connection(case)]


def _after_push(case: Case) -> list[Next]:
    found = []
    if case.push.changed:
        found.append(Next(text=told_by_hand(cancelled=_cancelled(case)), person=True))
    if case.push.report_at is not None:
        found.append(Next(text=f"{case.stored.connection} is told", at=from_ms(case.push.report_at)))
    return found or [Next(text="nothing; it is done")]


def _in_doubt(case: Case) -> list[Next]:
    if case.push.needs_person or case.push.next_at is None:
        if case.push.run_id is not None:
            return [Next(text="the warehouse is being asked right now")]
        text = (
            "a person looks into the warehouse and settles it: `crossdock settle ORDER --arrived` or `--absent`; "
            "it is never sent again by itself"
        )
        return [Next(text=text, person=True)]
    at = from_ms(case.push.next_at)
    if case.push.cancel_wanted:
        return [Next(text="the warehouse is asked whether it has it, because the order was cancelled meanwhile", at=at)]
    if case.idempotency == "key":
        return [
            Next(text="the same bytes are sent again under the same key, which cannot create a second document", at=at)
        ]
    return [Next(text="the warehouse is asked what it has under this key; nothing is sent before it answered", at=at)]


def _failed(case: Case) -> list[Next]:
    if case.push.next_at is not None:
        return [Next(text="it is tried again", at=from_ms(case.push.next_at))]
    text = "it is parked: it goes again when its input changes (order, mapping, warehouse), or by `crossdock redrive`"
    return [Next(text=text, person=True)]


def _waiting(case: Case, decision: Decision | None) -> list[Next]:
    found = []
    at = from_ms(case.push.again_at) if decision is None else decision.again_at
    if at is not None:
        found.append(Next(text="it is decided again", at=at))
    codes = {clause.code for clause in (decision.reasons if decision else ())}
    found += [Next(text=text, person=True) for code, text in _HELP if code in codes]
    return found or [Next(text="it is decided again when the OMS changes it, or a setting that it depends on")]


_HELP = (
    ("hold", "a hold set here is released with `crossdock release`, one of the OMS in the OMS"),
    ("skus", "map the SKU with `crossdock mappings set`; every waiting order is then decided again"),
    ("logistics", "map the carrier with `crossdock mappings set`; every waiting order is then decided again"),
    ("warehouse", "assign it in the OMS, or add an allocation rule with `crossdock allocation set`"),
    ("gift", "the gift gate is opened for this order with `crossdock release`"),
    ("strategy", "push it by hand with `crossdock push`, or change the warehouse's strategies"),
    ("auto_push", "push it with `crossdock push`, or switch auto push on with `crossdock warehouses auto-push`"),
)


def _through_connection(case: Case) -> list[Next]:
    """What the connection of its warehouse means for it."""
    name = case.push.connection
    health = case.health
    if name is None or may_call(health, case.now):
        return []
    person = health.status in (Status.PAUSED, Status.STUCK)
    by = f" by {health.paused_by}" if health.paused_by else ""
    why = f" ({health.error_text})" if health.error_text else ""
    text = f"connection {name} is {health.status.value.replace('_', ' ')}{by}{why}: {said(health)}"
    return [Next(text=text, at=health.until, person=person)]


def unlike_what_was_sent(case: Case) -> list[Difference]:
    """Compare the order with what its warehouse was sent, where that may have left."""
    push = case.push
    left = push.state in AT_RISK or push.state is PushState.PUSHED or bool(push.doubted)
    warehouse = case.book.warehouses.get(push.warehouse or "")
    if not left or case.body is None or case.order is None or warehouse is None or push.key is None:
        return []
    fresh = to_request(case.order, warehouse, case.book, push.key, 0, push.strategy)
    return [difference(change, personal=case.personal) for change in differences(_read_request(case.body), fresh)]
