"""Carry failed operations out again, as they are, unless a decision or something newer has overtaken them; one reason each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from crossdock.flows import cost_edits, cost_ledgers, label_changes, post_documents, sync_stock
from crossdock.flows.after_push import CANCEL, HOLD, UPDATE, concerns
from crossdock.flows.outbound_changes import read_hold
from crossdock.rules.operation_states import OperationState
from crossdock.rules.push_states import PushState
from crossdock.rules.stock import mark_of
from crossdock.spec.stock import StockLevel
from crossdock.store import amendments, documents, labels, operations, pushes, stock
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from crossdock.store.operations import Operation
    from crossdock.store.pushes import Push
    from crossdock.store.store import Transaction


class Kept(Struct, frozen=True):
    """An operation that is not carried out again, and the sentence why."""

    number: int
    text: str


class Again(Struct, frozen=True, kw_only=True):
    """What became of operations that were to be carried out again, by their numbers."""

    queued: tuple[int, ...] = ()
    kept: tuple[Kept, ...] = ()


def retry_failed(tx: Transaction, numbers: Sequence[int], now: datetime) -> Again:
    """Carry these operations out again where they failed and still say what is wanted. At most 1,000."""
    known = {each.id: each for each in operations.by_ids(tx, numbers)}
    queued: list[int] = []
    kept: list[Kept] = []
    for number in numbers:
        operation = known.get(number)
        if operation is None:
            kept.append(Kept(number, "there is no such operation"))
            continue
        why = _why_not(tx, operation)
        if why is None and operations.requeue(tx, [number], to_ms(now)) == 0:
            why = "something newer on the same subject is under way"
        if why is not None:
            kept.append(Kept(number, why))
            continue
        if operation.kind == HOLD:
            _note_hold(tx, operation)
        queued.append(number)
    return Again(queued=tuple(queued), kept=tuple(kept))


def _note_hold(tx: Transaction, operation: Operation) -> None:
    """The warehouse counts as asked to wait again, so that the decision has it go on."""
    record = amendments.load(tx, operation.entity_id)
    record.held = read_hold(operation.body).on
    amendments.save(tx, record)


def _why_not(tx: Transaction, operation: Operation) -> str | None:
    if operation.state is OperationState.SUPERSEDED:
        return "a decision or something newer took its place"
    if operation.state is not OperationState.FAILED:
        return "it has not failed"
    if not operation.body:
        return "its content was removed with the personal data of its order"
    check = _CHECKS.get(operation.kind)
    return None if check is None else check(tx, operation)


def _push_of(tx: Transaction, operation: Operation) -> Push | None:
    found = pushes.by_ids(tx, [operation.entity_id])
    return found[0] if found and concerns(operation, found[0]) else None


_AFRESH = "its order went to the warehouse afresh, under another key"


def _cancel(tx: Transaction, operation: Operation) -> str | None:
    """A refused cancellation is a question: only its answer asks once more, and lets the order follow what comes of it."""
    push = _push_of(tx, operation)
    if push is None:
        return _AFRESH
    if push.state is PushState.CANCEL_REJECTED:
        return "a person decides about it: `crossdock packages decide ORDER --choice ask_again` asks once more"
    return f"its order is {push.state.name.lower().replace('_', ' ')}, and is not to be cancelled by this any more"


def _update(tx: Transaction, operation: Operation) -> str | None:
    if _push_of(tx, operation) is None:
        return _AFRESH
    return "what was refused is decided about anew: `crossdock packages decide ORDER`"


def _hold(tx: Transaction, operation: Operation) -> str | None:
    push = _push_of(tx, operation)
    if push is None:
        return _AFRESH
    if read_hold(operation.body).on:
        return None if push.changed else "nothing about its order waits for a decision any more"
    return "its order waits for a decision again" if amendments.load(tx, push.id).held else None


def _label(tx: Transaction, operation: Operation) -> str | None:
    head = labels.get(tx, operation.entity_id)
    if head is not None and head.version == operation.revision:
        return None
    return "another version of the label took its place"


def _document(tx: Transaction, operation: Operation) -> str | None:
    row = documents.get(tx, operation.entity_id)
    if row is None or row.revision == operation.revision:
        return None
    return f"its document has revision {row.revision} by now: `crossdock documents repush` sends that one"


def _stock(tx: Transaction, operation: Operation) -> str | None:
    known = stock.get(tx, operation.entity_id)
    if known is None or known.mark == mark_of(msgspec.json.decode(operation.body, type=StockLevel)):
        return None
    return "the warehouse has told of a newer level"


def _cost(tx: Transaction, operation: Operation) -> str | None:
    return None if cost_edits.still_holds(tx, operation) else "the cost was changed or agreed on otherwise since"


_CHECKS: dict[str, Callable[[Transaction, Operation], str | None]] = {
    CANCEL: _cancel,
    UPDATE: _update,
    HOLD: _hold,
    label_changes.KIND: _label,
    post_documents.OUTBOUND_KIND: _document,
    post_documents.INBOUND_KIND: _document,
    sync_stock.LEVEL: _stock,
    cost_ledgers.KIND: _cost,
}
"""By kind: why an operation is not carried out again although it failed. A kind that checks itself when it is sent is not here."""
