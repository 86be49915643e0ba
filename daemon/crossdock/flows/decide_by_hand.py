"""What people decide about documents that their warehouse has: acknowledge, cancel, force, keep, let it ship, ask again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.flows.after_push import CANCEL, DOCUMENT, HOLD, UPDATE, WAREHOUSE, Case
from crossdock.flows.decide import again
from crossdock.flows.keep_in_step import look, open_case
from crossdock.flows.reconsider import Answer, Desk
from crossdock.flows.sight import Sight
from crossdock.rules.choices import Question, Verdict, choices, refusal
from crossdock.rules.decision import Asked, Trigger
from crossdock.rules.mutability import OPEN, Choice
from crossdock.rules.push_states import AT_RISK, AT_WAREHOUSE, CANCELLING, GONE, PushState
from crossdock.rules.troubles import LABEL, LABEL_PULL
from crossdock.spec.errors import ConnectorError
from crossdock.spec.orders import OrderStatus
from crossdock.store import amendments, audit, orders, pushes
from crossdock.store.amendments import as_json
from crossdock.store.audit import Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crossdock.store.store import Transaction


def decide_by_hand(
    tx: Transaction, refs: Sequence[tuple[str, str]], verdict: Verdict, reason: str, actor: str, desk: Desk
) -> list[Answer]:
    """Carry out what a person chose about orders (connection, ref); each choice is kept with its reason."""
    return [
        _for_one(tx, connection, ref, desk, actor, f"outbound.{verdict.value}", reason, _chosen(verdict))
        for connection, ref in refs
    ]


def _chosen(verdict: Verdict) -> Callable[[Case, str, str], tuple[bool, str]]:
    def carry_out(case: Case, reason: str, actor: str) -> tuple[bool, str]:
        question = asked_of(case)
        if verdict not in choices(question):
            return False, refusal(verdict, question)
        return _CHOICES[verdict](case, reason, actor)

    return carry_out


def asked_of(case: Case) -> Question:
    """Say what a person is asked about a case."""
    able = case.abilities
    return Question(
        state=case.push.state, asked=case.asked(), can_update=able is not None and able.can_update,
        can_cancel=able is not None and able.can_cancel,
    )  # fmt: skip


def cancel_by_hand(
    tx: Transaction, refs: Sequence[tuple[str, str]], reason: str, actor: str, desk: Desk
) -> list[Answer]:
    """Have warehouses asked not to ship chosen orders. They are held here, so that they do not go again by themselves."""
    return [_for_one(tx, connection, ref, desk, actor, "outbound.cancel", reason, _cancel) for connection, ref in refs]


def acknowledge(tx: Transaction, refs: Sequence[tuple[str, str]], actor: str, desk: Desk) -> list[Answer]:
    """Take the mark "(Updated)" off chosen orders: somebody has seen it."""
    return [
        _for_one(tx, connection, ref, desk, actor, "outbound.acknowledge", "", _acknowledge) for connection, ref in refs
    ]


def _for_one(  # noqa: PLR0917 - one unit of work
    tx: Transaction, connection: str, ref: str, desk: Desk, actor: str, action: str, reason: str,
    do: Callable[[Case, str, str], tuple[bool, str]],
) -> Answer:  # fmt: skip
    stored = orders.load(tx, connection, [ref]).get(ref)
    if stored is None:
        return Answer(order=ref, done=False, text=f"there is no order {ref} of {connection}")
    try:
        order = desk.read(stored.connection, stored.payload, bool(stored.sliced))
    except (ConnectorError, ValueError):
        return Answer(order=ref, done=False, text="it cannot be read while its connector is not loaded")
    push = pushes.of_orders(tx, [stored.id])[stored.id]
    case = open_case(tx, Sight(stored, order), push, desk.books.current(tx), desk.now)
    done, text = do(case, reason, actor)
    if done:
        case.save()
        entry = Entry(actor=actor, action=action, object=f"order:{connection}/{ref}", reason=reason, after=text)
        audit.write(tx, entry, case.at)
    return Answer(order=ref, done=done, text=text, wake=push.connection if done else None)


def _acknowledge(case: Case, _reason: str, actor: str) -> tuple[bool, str]:
    push = case.push
    if not push.marked_updated:
        return False, "it carries no mark: it was not updated since its push, or that was seen, or it is picked by now"
    push.acknowledged_at = case.at
    case.tell("acknowledged", f"the update to revision {push.updated_revision} was seen", actor)
    return True, "acknowledged"


def _cancel(case: Case, reason: str, actor: str) -> tuple[bool, str]:
    push, record = case.push, case.record
    if push.state in CANCELLING:
        return False, "its warehouse is asked to cancel it already"
    if push.state in GONE:
        return False, "goods of it have left the warehouse; take them back as a return"
    if push.state not in AT_WAREHOUSE and push.state not in AT_RISK:
        shown = push.state.name.lower().replace("_", " ")
        return False, f"it is {shown}, so that no warehouse has it; `crossdock hold` keeps it here"
    if push.state is PushState.CANCEL_REJECTED:
        return (
            False,
            "its warehouse refused to cancel it; ask again with `crossdock packages decide ORDER --choice ask_again`",
        )
    record.cancel_by, record.cancel_reason = actor, reason
    orders.set_hold(case.tx, case.stored.id, f"cancelled by {actor}: {reason}")
    if push.state in AT_RISK:
        push.cancel_wanted = push.changed = True
        case.tell("cancel_wanted", f"to be cancelled once it is known whether its warehouse has it: {reason}", actor)
        return True, "it is cancelled once it is known whether its warehouse has it"
    look(case)
    return True, _said(push.state)


def _said(state: PushState) -> str:
    if state is PushState.CANCEL_REQUESTED:
        return "its warehouse is asked not to ship it"
    return f"it is {state.name.lower().replace('_', ' ')} now"


def _settle_open(case: Case, kind: str, reason: str, actor: str) -> None:
    record = case.record
    asked = [each for each in record.decisions() if each.move in OPEN]
    chosen = record.chosen()
    for each in asked:
        chosen[each.path] = Choice(kind, each.after, f"{actor}: {reason}")
    record.choices = as_json(chosen)
    case.supersede(UPDATE, HOLD)  # what its warehouse refused was before this decision
    names = ", ".join(each.path for each in asked[:10])
    case.tell("decided", f"{kind}: {reason} ({names})", actor)
    look(case)


def _force(case: Case, reason: str, actor: str) -> tuple[bool, str]:
    if not case.set_up:
        where = f"warehouse {case.push.warehouse} is not set up any more"
        return False, f"{where}: set it up again, or tell it by hand and choose keep"
    _settle_open(case, "force", reason, actor)
    return True, "it is sent to its warehouse"


def _keep(case: Case, reason: str, actor: str) -> tuple[bool, str]:
    done, text = _kept(case, reason, actor)
    if case.asked_about(LABEL) or case.asked_about(LABEL_PULL):
        text += (
            "; its shipping label does not fit the order: `crossdock labels pull` has the new one, `crossdock labels confirm` "
            "lets the one at the warehouse stand"
        )
    return done, text


def _kept(case: Case, reason: str, actor: str) -> tuple[bool, str]:
    seen = case.asked_about(DOCUMENT)
    case.heal(DOCUMENT)  # it was closed short, or shipped although it was cancelled: a person has seen to it
    if not case.set_up:
        case.push.changed, case.push.again_at = False, None
        case.heal(UPDATE, WAREHOUSE)
        case.tell("decided", f"keep: {reason} (its warehouse is not set up any more)", actor)
    elif case.asked_about(UPDATE):
        _settle_open(case, "keep", reason, actor)
    else:
        case.tell("decided", f"keep: {reason} (what its warehouse did stands)", actor)
    return True, "what its warehouse did stands" if seen else "the warehouse's version stands"


def _ship(case: Case, reason: str, actor: str) -> tuple[bool, str]:
    push, record = case.push, case.record
    if case.stored.status == OrderStatus.CANCELLED:
        record.choices = as_json({**record.chosen(), "status": Choice("ship", "cancelled", f"{actor}: {reason}")})
    record.cancel_by = record.cancel_reason = ""
    case.supersede(CANCEL)  # else a retry of it would cancel what a person lets ship
    case.report_as("cancel_refused")
    case.go_home()
    push.changed = False
    case.heal(CANCEL)
    case.tell("decided", f"it ships although it was to be cancelled: {reason}", actor)
    return True, "it ships; its OMS is told that it was too late to cancel it"


def _ask_again(case: Case, reason: str, actor: str) -> tuple[bool, str]:
    case.ask_to_cancel(reason, actor)
    return True, "its warehouse is asked again"


def _cancelled(case: Case, reason: str, actor: str) -> tuple[bool, str]:
    case.tell("decided", f"cancelled: {reason}", actor)
    case.confirm_cancelled("it was cancelled in the warehouse by hand", actor)
    return True, "it counts as cancelled; its OMS is told"


def _again(case: Case, reason: str, actor: str) -> tuple[bool, str]:
    push = case.push
    assert case.order is not None and case.book is not None  # noqa: PT018 - open_case gave both
    case.heal(DOCUMENT, UPDATE)
    case.supersede(UPDATE, HOLD, CANCEL)
    case.tell("decided", f"pushed again: {reason}", actor)
    asked = Asked(trigger=Trigger.MANUAL, actor=actor)
    after = again(case.tx, Sight(case.stored, case.order), push, case.book, case.now, asked)
    case.before, case.record = after.state, amendments.Amendment(push_id=push.id)
    return True, f"it is {after.state.name.lower().replace('_', ' ')} now"


_CHOICES = {
    Verdict.FORCE: _force, Verdict.KEEP: _keep, Verdict.SHIP: _ship, Verdict.ASK_AGAIN: _ask_again,
    Verdict.CANCELLED: _cancelled, Verdict.AGAIN: _again,
}  # fmt: skip
