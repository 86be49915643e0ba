"""Keep a document that its warehouse has in step with its order: change it, cancel it, or take a cancellation back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.flows.after_push import CANCEL, HOLD, UPDATE, Case
from crossdock.flows.amend import AGAIN, amend
from crossdock.rules import mutability
from crossdock.rules.mutability import Move
from crossdock.rules.push_states import CANCELLING, GONE, PushState
from crossdock.spec.outbound_changes import FieldGroup
from crossdock.store import amendments
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.flows.sight import Sight
    from crossdock.rules.book import Book
    from crossdock.store.pushes import Push
    from crossdock.store.store import Transaction


def open_case(tx: Transaction, sight: Sight, push: Push, book: Book, now: datetime) -> Case:
    """Gather what a step needs."""
    return Case(
        tx=tx, push=push, stored=sight.stored, record=amendments.load(tx, push.id), now=now, before=push.state, book=book,
        order=sight.order,
    )  # fmt: skip


def keep_in_step(tx: Transaction, sight: Sight, push: Push, book: Book, now: datetime) -> None:
    """Do what its order asks for now; doing it again changes nothing."""
    case = open_case(tx, sight, push, book, now)
    push.again_at = None
    look(case)
    case.save()


def look(case: Case) -> None:
    """Decide what is asked of the warehouse now."""
    if case.cancelled:
        cancel(case)
        return
    if "status" in case.record.chosen():
        _forget_ship(case)
    case.push.cancel_wanted = False
    if case.push.state in CANCELLING:
        _take_back(case)
    elif case.push.state is PushState.CANCEL_REJECTED or (case.push.changed and case.asked_about(CANCEL)):
        case.tell("cancel_taken_back", "the order is not to be cancelled any more")
        case.heal(CANCEL)
        case.supersede(CANCEL)
        case.push.changed = False
        case.go_home()
    if case.push.state not in CANCELLING and case.push.state is not PushState.REJECTED:
        case.save_step()
        amend(case)


def _forget_ship(case: Case) -> None:
    chosen = case.record.chosen()
    del chosen["status"]
    case.record.choices = amendments.as_json(chosen)


def cancel(case: Case) -> None:
    """Ask the warehouse not to ship it, once; what it has answered already stands until a person decides."""
    push, record = case.push, case.record
    if push.state in CANCELLING or push.state is PushState.CANCEL_REJECTED or "status" in record.chosen():
        return
    reason = record.cancel_reason or "the order was cancelled in its OMS"
    if push.state is PushState.REJECTED:
        case.confirm_cancelled("its warehouse had cancelled it before")
        return
    if push.state in GONE:
        if not case.asked_about(CANCEL):
            case.reject_cancel("shipped", f"{reason}, after goods of it had left the warehouse")
        return
    move, clause = mutability.cancelling(push.at_stage, case.abilities)
    match move:
        case Move.CANCEL | Move.REQUEST:
            case.ask_to_cancel(reason, record.cancel_by)
        case Move.ASK:
            push.changed, push.again_at = True, to_ms(case.now) + AGAIN
            case.heal(UPDATE)
        case _:
            case.supersede(UPDATE, HOLD)
            said = mutability.said(clause, push.at_stage.value, FieldGroup.STATUS, move)
            case.reject_cancel(clause, f"{reason}; {said}")


def _take_back(case: Case) -> None:
    """The order lives on. What the warehouse was surely not asked yet is not asked; else its answer is awaited."""
    case.supersede(CANCEL)
    if case.under_way(CANCEL):
        case.tell("cancel_taken_back", "the order is not to be cancelled any more; the warehouse's answer is awaited")
        return
    case.tell("cancel_taken_back", "the order is not to be cancelled any more; its warehouse was not asked yet")
    case.go_home()
