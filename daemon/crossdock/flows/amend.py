"""Bring to a warehouse what changed in an order that it has: the difference, the decision by stage, one update (R17, R18)."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from crossdock.flows import label_changes
from crossdock.flows.after_push import UPDATE, WAREHOUSE
from crossdock.flows.house import encode
from crossdock.rules import eligibility, mutability
from crossdock.rules.changes import Change, differences, merged
from crossdock.rules.mutability import OPEN, Decided, Move
from crossdock.rules.outbound import to_request
from crossdock.rules.push_states import GONE, PushState
from crossdock.rules.reasons import sentence as clause_said
from crossdock.spec.outbound import OutboundRequest, Stage
from crossdock.spec.outbound_changes import FieldGroup, OutboundUpdate
from crossdock.store import pushes, timeline
from crossdock.store.amendments import as_json
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.flows.after_push import Case
    from crossdock.rules.book import Book, Warehouse
    from crossdock.spec.orders import Order

read_request = msgspec.json.Decoder(OutboundRequest).decode
_LETTERS = {
    FieldGroup.LINES: "L", FieldGroup.RECIPIENT: "R", FieldGroup.LOGISTICS: "G", FieldGroup.NOTES: "N",
    FieldGroup.OTHER: "O",
}  # fmt: skip
NAMED = 10
"""Differences that an incident names, at most."""


class Planned(Struct, frozen=True, kw_only=True):
    """The body of an update's operation. `until`: the last stage at which it may be sent; None: any."""

    update: OutboundUpdate
    until: Stage | None = None


def amend(case: Case) -> None:
    """Compare what the warehouse has with what the order says now, and do what may be done about each difference.

    While an earlier update may have left, nothing is sent: it is looked at again when that one is settled.
    """
    assert case.order is not None and case.book is not None  # noqa: PT018 - both come with a case that is looked at
    push, record = case.push, case.record
    case.supersede(UPDATE)
    if push.state is PushState.UPDATE_PENDING and case.under_way(UPDATE):
        record.pending = True
        return
    record.pending = False
    pair = contents(case)
    if pair is None:
        gone = record.base is None and pushes.body(case.tx, push.id) is None  # with the order's personal data
        push.again_at = None if gone else to_ms(case.now) + AGAIN
        if not gone and not case.set_up:
            case.report_warehouse()
        return
    case.heal(WAREHOUSE)
    base, fresh = pair
    found = decide(case, base, fresh)
    if push.state in GONE:
        found = mutability.after_leaving(found)
    _note(case, found)
    groups = tuple(dict.fromkeys(each.group for each in found if each.move is Move.UPDATE))
    if groups:
        send(case, base, fresh, groups, forced=any(each.clause == "forced" for each in found))
    elif push.state is not PushState.REJECTED:
        case.go_home()
    _ask(case, [each for each in found if each.move in OPEN])
    waits = any(each.clause in ("not_open", "blocked") for each in found)
    push.again_at = to_ms(case.now) + AGAIN if waits else None


AGAIN = 600_000
"""What cannot be sent for a reason that passes is looked at again after so many milliseconds."""


def contents(case: Case) -> tuple[OutboundRequest, OutboundRequest] | None:
    """Return what the warehouse has and what the order says now; None while its warehouse is not set up here."""
    assert case.order is not None and case.book is not None  # noqa: PT018 - see amend
    push = case.push
    warehouse = case.book.warehouses.get(push.warehouse or "")
    stored = case.record.base or pushes.body(case.tx, push.id)
    if warehouse is None or stored is None or push.key is None:
        return None
    fresh = to_request(case.order, warehouse, case.book, push.key, case.stored.revision, push.strategy)
    return read_request(stored), fresh


def decide(case: Case, base: OutboundRequest, fresh: OutboundRequest) -> tuple[Decided, ...]:
    """Decide about every difference at the stage that is known."""
    assert case.order is not None and case.book is not None  # noqa: PT018 - see amend
    push, chosen = case.push, case.record.chosen()
    warehouse = case.book.warehouses[push.warehouse or ""]
    found = mutability.decide_changes(
        differences(base, fresh), push.at_stage, case.abilities, chosen, blocked(case.order, warehouse, case.book)
    )
    elsewhere = reassigned(case.order, warehouse, case.book)
    if elsewhere is None:
        return found
    text = f"its OMS assigned it to {elsewhere.after} now; cancel it here, and it goes there by itself, or keep it"
    other = {FieldGroup.OTHER: text}
    return (*found, *mutability.decide_changes([elsewhere], push.at_stage, case.abilities, chosen, other))


def blocked(order: Order, warehouse: Warehouse, book: Book) -> dict[FieldGroup, str]:
    """Name the groups that no warehouse can be sent as they are, with the sentence why."""
    clauses = (eligibility.goods(order), eligibility.quantities(order), eligibility.skus(order, warehouse, book))
    found = {}
    if lines := [clause_said(clause) for clause in clauses if not clause.ok]:
        found[FieldGroup.LINES] = "; ".join(lines)
    carrier = eligibility.logistics(order, warehouse, book)
    if not carrier.ok:
        found[FieldGroup.LOGISTICS] = clause_said(carrier)
    return found


def reassigned(order: Order, warehouse: Warehouse, book: Book) -> Change | None:
    """Return the change of warehouse, where the OMS itself assigned another one that is known here."""
    other = book.by_oms_code.get(order.warehouse) if order.warehouse else None
    if other is None or other.code == warehouse.code:
        return None
    return Change(FieldGroup.OTHER, "warehouse", warehouse.code, other.code)


def send(
    case: Case, base: OutboundRequest, fresh: OutboundRequest, groups: tuple[FieldGroup, ...], *, forced: bool
) -> None:
    """Write one update down for all groups that may be updated, instead of an older one that was not sent."""
    push, record = case.push, case.record
    record.number += 1
    content = merged(base, fresh, groups)
    key = update_key(push.key or "", groups, encode(content), record.number)
    update = OutboundUpdate(
        key=key, remote_id=push.remote_id, base_revision=base.revision, groups=groups, request=content
    )
    declared = {} if case.abilities is None else case.abilities.updates
    last = None if forced else mutability.until(groups, declared)
    case.enqueue(UPDATE, key, encode(Planned(update=update, until=last)))
    case.go(PushState.UPDATE_PENDING)


def update_key(outbound_key: str, groups: tuple[FieldGroup, ...], content: bytes, number: int) -> str:
    """Name an update: the create's key, a letter for each group, and a digest of what it says (DOMAIN 4.4).

    `number` counts the updates of the document, so that saying the same again later is another update.
    """
    letters = "".join(sorted(_LETTERS.get(group, "X") for group in groups))
    digest = hashlib.sha256(content + b"\x1f%d" % number).digest()
    return f"{outbound_key}-{letters}-{base64.b32encode(digest[:10]).decode('ascii')}"


def _note(case: Case, found: tuple[Decided, ...]) -> None:
    """Keep the differences with what was decided about each, and tell them where they are news."""
    record = case.record
    told = as_json(found)
    if told == record.decided:
        return
    had = _differences(record.decisions())
    record.decided = told
    changes = _differences(found)
    if changes:  # another decision about the same differences is told by itself
        said = encode(changes).decode()
        if changes != had and not timeline.says_changed(case.tx, case.stored.id, said):
            case.tell("changed", said)
    elif had:
        case.tell("changed_back", "the order is again as its warehouse has it")


def _differences(found: tuple[Decided, ...]) -> tuple[Change, ...]:
    return tuple(Change(each.group, each.path, each.before, each.after) for each in found)


def _ask(case: Case, asked: list[Decided]) -> None:
    """Have a person decide about what must not be sent by itself; keep the document waiting where that is possible."""
    push = case.push
    was = bool(push.changed)
    push.changed = bool(asked)
    if not asked:
        if was:
            case.heal(UPDATE)
        case.hold(on=False, reason="decided")
        return
    refused = all(each.move is Move.REFUSE for each in asked)
    where = push.connection or "its warehouse"
    text = (
        f"orders changed after their push in what {where} must not be told by itself; for each choose: send it anyway "
        "(force), or let the warehouse's version stand (keep) (`crossdock packages decide`)"
    )
    if not case.asked_about(UPDATE) and any(each.group in _ON_LABEL for each in asked):
        label_changes.leave_to_person(case.tx, push, case.now)
    case.ask_person(UPDATE, "refused" if refused else "ask", text, f"{case.stored.ref}: {named(asked)}")
    if any(each.move is Move.HOLD_AND_ASK for each in asked):
        case.hold(on=True, reason="the order changed while it is being picked; a person decides")


_ON_LABEL = frozenset({FieldGroup.LINES, FieldGroup.RECIPIENT, FieldGroup.LOGISTICS})
"""What a shipping label is made of (rules.labels.based_on)."""
_PLAIN = frozenset({FieldGroup.LINES, FieldGroup.LOGISTICS})


def named(asked: list[Decided]) -> str:
    """Name differences with both values; of what may be personal data only the field, its values stand with the order."""
    shown = [
        f"{each.path}: {each.before or '—'} → {each.after or '—'}" if each.group in _PLAIN else each.path
        for each in asked[:NAMED]
    ]
    more = len(asked) - len(shown)
    reasons = dict.fromkeys(mutability.sentence(each) for each in asked)
    return "; ".join(shown) + (f" and {more} more" if more > 0 else "") + f" ({'; '.join(list(reasons)[:3])})"


def confirmed(case: Case, update: OutboundUpdate, revision: int, now: datetime) -> None:
    """The warehouse has taken an update: what it says is the base of the next difference (R23)."""
    push, record = case.push, case.record
    record.base, record.base_revision = encode(update.request), update.request.revision
    push.updated_revision, push.updated_at, push.acknowledged_at = revision, to_ms(now), None
    sent = frozenset(update.groups)
    left = [each for each in record.decisions() if not (each.group in sent and each.move is Move.UPDATE)]
    record.decided = as_json(tuple(left))
    groups = ", ".join(group.value for group in update.groups)
    case.tell("updated", f"{push.warehouse} took the update to revision {revision} ({groups})")
    if push.state is PushState.UPDATE_PENDING:
        case.go_home()
