"""Let pushes follow their documents: how far the warehouse is, what has left it (DOMAIN 4.3 B and C)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from crossdock.flows.after_push import CANCEL, DOCUMENT, UPDATE, Case
from crossdock.rules.mutability import RANK
from crossdock.rules.push_states import CANCELLING, GONE, PushState, Shipped
from crossdock.spec.outbound import Stage
from crossdock.store import amendments, incidents, labels, orders, pushes
from crossdock.store.incidents import Cause, Trouble
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from crossdock.spec.documents import OutboundDoc
    from crossdock.store.pushes import Push
    from crossdock.store.store import Transaction

CHUNK = 500
"""Documents whose pushes are looked up at a time."""


def follow(tx: Transaction, connection: str, documents: Sequence[OutboundDoc], now: datetime) -> None:
    """Move the pushes that made these documents, by their keys; never backwards, in any order and multiplicity.

    Documents that crossdock did not create are left alone. Call it in the transaction that stores the documents.
    """
    ours = [document for document in documents if document.outbound_key is not None]
    for start in range(0, len(ours), CHUNK):
        chunk = ours[start : start + CHUNK]
        found = pushes.by_keys(tx, connection, [document.outbound_key or "" for document in chunk])
        for document in chunk:
            if (push := found.get(document.outbound_key or "")) is not None:
                _follow_one(tx, push, document, now)


_NOT_MOVED = frozenset({
    PushState.SENDING, PushState.IN_DOUBT, PushState.QUEUED, PushState.REJECTED, PushState.NOT_PUSHED, PushState.HELD,
    PushState.PUSH_FAILED,
})  # fmt: skip
"""The lane that sends it settles it; what counts as not taken is found by a reconciliation, which asks by its key; what the
warehouse cancelled waits for a person."""


def shipped_of(document: OutboundDoc) -> Shipped:
    """Say how much of a document has left, as it tells."""
    actual = [line for line in document.lines if line.actual is not None]
    short = any(line.actual is not None and line.actual < line.planned for line in actual)
    if document.stage is Stage.CANCELLED:
        return Shipped.NOTHING
    if document.short_closed and (short or document.stage is Stage.OUTBOUND):
        return Shipped.SHORT
    if document.stage is Stage.OUTBOUND:
        return Shipped.PART if short else Shipped.ALL
    left = any(line.actual is not None and line.actual > Decimal(0) for line in actual)
    return Shipped.PART if left and any(p.shipped_at is not None for p in document.parcels) else Shipped.NOTHING


def _follow_one(tx: Transaction, push: Push, document: OutboundDoc, now: datetime) -> None:
    if push.state is PushState.CANCELLED:
        _shipped_all_the_same(tx, push, document, now)
        return
    if push.state in _NOT_MOVED:
        return
    if document.stage is Stage.CANCELLED:
        cancelled_there(tx, push, document.problem, now)
        return
    rank, shipped = RANK[document.stage], shipped_of(document)
    if rank <= (-1 if push.stage is None else push.stage) and shipped <= push.shipped:
        return
    case = _case(tx, push, now)
    moved = push.stage is None or rank > push.stage
    push.stage = max(push.stage or 0, rank)
    push.shipped = max(push.shipped, shipped)
    push.remote_id = push.remote_id or document.ref
    if moved and (push.changed or push.state is PushState.UPDATE_PENDING):
        push.again_at = to_ms(now)  # what was to be asked at one stage may be refused at the next
    _arrive(case)
    case.save()


def _arrive(case: Case) -> None:
    """Take the push to where its document is, unless a question about it is still open."""
    push, before = case.push, case.push.state
    if before in CANCELLING:
        _left_while_asked(case)
        return
    waits = before is PushState.UPDATE_PENDING and push.shipped is Shipped.NOTHING
    if before is PushState.CANCEL_REJECTED or waits:
        return
    case.go_home()
    if push.state is not before and push.state in GONE:
        case.supersede(UPDATE)
        labels.pushed(case.tx, [(case.at, case.stored.id)])  # one that is due yet comes too late
        case.tell(push.state.name.lower(), _SAID[push.shipped].format(push.warehouse or "its warehouse"))
        if push.state is PushState.CLOSED_SHORT:
            text = "warehouses closed documents with less than was ordered; decide what the customer gets for the rest"
            _report(case, Cause.DECISION, "short", text, f"{case.stored.ref} was closed short")


def _left_while_asked(case: Case) -> None:
    if case.push.at_stage is not Stage.OUTBOUND:
        return
    case.supersede(CANCEL)
    if not case.under_way(CANCEL):  # else its answer is on its way, and says the same
        case.reject_cancel("too_late", "it has left the warehouse")


def _report(case: Case, cause: Cause, code: str, text: str, particular: str) -> None:
    trouble = Trouble(cause=cause, connection=case.push.connection or "", operation=DOCUMENT, code=code, text=text)
    incidents.report(case.tx, trouble, f"order:{case.stored.id}", case.at, particular[:1000])


_SAID = {
    Shipped.PART: "a part of it has left {0}",
    Shipped.ALL: "it has left {0}",
    Shipped.SHORT: "{0} closed it with less than was ordered",
}


def cancelled_there(tx: Transaction, push: Push, problem: str | None, now: datetime) -> None:
    """The warehouse does not ship it: as it was asked, or by itself. `problem` is what it says about that."""
    if push.state in GONE or push.state is PushState.REJECTED:
        return
    case = _case(tx, push, now)
    if push.state in CANCELLING or push.state is PushState.CANCEL_REJECTED or case.cancelled:
        if push.state not in CANCELLING and push.state is not PushState.CANCEL_REJECTED:
            case.go(PushState.REJECTED)  # it did so by itself, before it was asked
            case.save_step()
        case.confirm_cancelled(f"{push.warehouse} shows it as cancelled")
        case.save()
        return
    case.go(PushState.REJECTED)
    case.supersede(UPDATE, CANCEL)
    why = f": {problem}" if problem else ""
    case.tell("rejected", f"{push.warehouse} cancelled it by itself{why}")
    text = (
        "warehouses cancelled orders by themselves, which their OMS still wants shipped; push them again "
        "(`crossdock packages decide ORDER --choice again`), or cancel them in the OMS"
    )
    _report(case, Cause.DECISION, "rejected", text, f"{case.stored.ref}{why}")
    case.save()


def _shipped_all_the_same(tx: Transaction, push: Push, document: OutboundDoc, now: datetime) -> None:
    """A warehouse that ships what it said it had cancelled: nobody decided that, so that a person has to know."""
    if document.stage is not Stage.OUTBOUND or push.attempts == 0:
        return
    text = (
        "warehouses shipped documents whose cancellation they had confirmed; their OMS was told that they are cancelled"
    )
    _report(_case(tx, push, now), Cause.CONFLICT, "shipped_cancelled", text, f"document {document.ref}")


def _case(tx: Transaction, push: Push, now: datetime) -> Case:
    stored = orders.load_ids(tx, [push.order_id])[push.order_id]
    return Case(tx=tx, push=push, stored=stored, record=amendments.load(tx, push.id), now=now, before=push.state)
