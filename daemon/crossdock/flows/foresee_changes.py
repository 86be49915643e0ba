"""Say what would be done now about orders that their warehouse has: told, held and asked, refused, cancelled. Writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.flows.amend import contents, decide, named
from crossdock.flows.keep_in_step import open_case
from crossdock.flows.sight import Sight
from crossdock.rules import mutability
from crossdock.rules.mutability import Decided, Move
from crossdock.rules.push_states import AT_WAREHOUSE, CANCELLING, GONE, PushState
from crossdock.rules.reasons import Clause
from crossdock.rules.simulation import Foreseen, Would
from crossdock.spec.outbound_changes import FieldGroup

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.flows.after_push import Case
    from crossdock.rules.book import Book
    from crossdock.spec.orders import Order
    from crossdock.store.orders import StoredOrder
    from crossdock.store.pushes import Push
    from crossdock.store.store import Transaction


def foresee_change(
    tx: Transaction, stored: StoredOrder, order: Order, push: Push, book: Book, now: datetime
) -> Foreseen | None:
    """Say what would be done about an order that its warehouse has, by the stage that is known; None: not its business."""
    if push.state not in AT_WAREHOUSE:
        return None
    case = open_case(tx, Sight(stored, order), push, book, now)
    would, clauses = _cancelling(case) if case.cancelled else _changing(case)
    return Foreseen(would=would, warehouse=push.warehouse or "", clauses=clauses)


def _cancelling(case: Case) -> tuple[Would, tuple[Clause, ...]]:
    push, stage = case.push, case.push.at_stage
    if "status" in case.record.chosen():
        return Would.KEEP, (Clause("ships_all_the_same", False, (case.record.chosen()["status"].text,)),)
    if push.state is PushState.REJECTED:
        return Would.CANCEL, (
            Clause("change_cancel", False, (mutability.said("cancelled", "", _STATUS, Move.CANCEL),)),
        )
    if push.state in CANCELLING:
        return Would.CANCEL, (Clause("cancel_asked", False),)
    if push.state in GONE:
        move, clause = Move.REFUSE, "table"
    else:
        move, clause = mutability.cancelling(stage, case.abilities)
    said = mutability.said(clause, stage.value, _STATUS, move)
    would = _CANCELS.get(move, Would.REFUSE)
    if (
        push.state is PushState.CANCEL_REJECTED and would is Would.CANCEL
    ):  # it was asked, and is not asked again by itself
        return Would.BY_HAND, (Clause("cancel_decided", False),)
    return would, (Clause(f"cancel_{_NAMES[would]}", False, (said,)),)


_STATUS = FieldGroup.STATUS
_CANCELS = {Move.CANCEL: Would.CANCEL, Move.REQUEST: Would.CANCEL, Move.ASK: Would.BY_HAND}
_NAMES = {Would.CANCEL: "asked", Would.BY_HAND: "waits", Would.REFUSE: "refused"}


def _changing(case: Case) -> tuple[Would, tuple[Clause, ...]]:
    if case.push.state is PushState.REJECTED:
        return Would.BY_HAND, (Clause("rejected", False),)
    pair = contents(case)
    if pair is None:
        return Would.BY_HAND, (Clause("changed", False),)
    found = [each for each in decide(case, *pair) if each.move in _MOVES]
    would = next((_MOVES[move] for move in _WEIGHT if any(each.move is move for each in found)), Would.KEEP)
    return would, tuple(_clause(move, found) for move in _WEIGHT if any(each.move is move for each in found))


_MOVES = {
    Move.HOLD_AND_ASK: Would.HOLD, Move.ASK: Would.BY_HAND, Move.REFUSE: Would.REFUSE, Move.UPDATE: Would.UPDATE,
}  # fmt: skip
_WEIGHT = (Move.HOLD_AND_ASK, Move.ASK, Move.REFUSE, Move.UPDATE)
"""An order has one answer: what a person has to decide goes before what is told to the warehouse beside it."""


def _clause(move: Move, found: list[Decided]) -> Clause:
    return Clause(f"change_{move.value}", False, (named([each for each in found if each.move is move]),))
