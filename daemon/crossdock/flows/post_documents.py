"""Send documents to their OMS: what is enqueued, how it is sent, what follows from the answer, and pushing again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

import msgspec
from msgspec import Struct

from crossdock.rules import posting
from crossdock.rules.document_states import PushBack, step
from crossdock.rules.documents import posting_key
from crossdock.rules.operation_outcome import Outcome, from_item
from crossdock.rules.operation_states import UNSETTLED, OperationState
from crossdock.rules.posting import Held, Owner, Targets
from crossdock.spec.documents import InboundDoc, InboundPosting, OutboundDoc, OutboundPosting
from crossdock.store import documents, incidents, operations, orders, pushes
from crossdock.store.documents import Event, StoredDocument
from crossdock.store.incidents import Cause, Trouble
from crossdock.store.operations import NewOperation
from crossdock.store.times import from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from crossdock.flows.cost_ledgers import Costing
    from crossdock.rules.operation_outcome import OperationVerdict
    from crossdock.spec.outbound import ItemResult
    from crossdock.store.book import BookCache
    from crossdock.store.operations import Operation
    from crossdock.store.store import Transaction

Document = OutboundDoc | InboundDoc
OUTBOUND_KIND, INBOUND_KIND = "post_outbound", "post_inbound"
BATCH = 20
"""Documents of one call, at most."""
LOOK_AGAIN = timedelta(minutes=10)
GIVE_UP = timedelta(days=3)
"""A document whose order nobody knows is tried again every LOOK_AGAIN, until it is known for so long."""
_encode = msgspec.json.Encoder(order="sorted").encode
_UNDER_WAY = frozenset({PushBack.PUSHING, PushBack.IN_DOUBT})
CAUSES = {
    "unmapped_sku": Cause.MAPPING,
    "ambiguous_sku": Cause.MAPPING,
    "unknown_warehouse": Cause.MAPPING,
    "several_warehouses": Cause.MAPPING,
}
"""What a held document lacks, by who has to do something; anything else is a decision."""


@dataclass(frozen=True)
class Desk:
    """What a decision about documents rests on: the book, the OMS connections there are, the time, and how costs go."""

    books: BookCache
    targets: Targets
    now: datetime
    costing: Costing | None = None


class Sent(Struct, frozen=True):
    """What became of a document that was to be sent: its row, and the OMS to wake if something was enqueued."""

    row: StoredDocument
    wake: str | None = None


def owner_of(tx: Transaction, document: Document, targets: Targets) -> Owner:
    """Find the order that a document is about: by the key that crossdock gave, else by its reference."""
    if not isinstance(document, OutboundDoc):
        return Owner()
    if document.outbound_key is not None:
        pushed = pushes.owner_of_key(tx, document.outbound_key)
        if pushed is not None:
            number, oms, ref = pushed
            return Owner(number, oms, ref=ref)
    if document.order_ref is None:
        return Owner()
    found = [
        (order_id, oms)
        for oms in sorted({*targets.takes, *targets.unknown})
        if (order_id := orders.id_of(tx, oms, document.order_ref)) is not None
    ]
    return Owner(*found[0], ref=document.order_ref) if len(found) == 1 else Owner(several=len(found) > 1)


def send(
    tx: Transaction, row: StoredDocument, document: Document, owner: Owner, desk: Desk, actor: str | None = None
) -> Sent:
    """Enqueue the current revision of a document, or write down what keeps it. `actor`: a person asks for it."""
    book, now = desk.books.current(tx), to_ms(desk.now)
    kept = row.oms if row.pushed_revision is not None or row.push_status in _UNDER_WAY else None
    found = posting.address(document, row.connection, owner, book, desk.targets, kept)
    if isinstance(found, Held):
        return Sent(_hold(tx, row, found, book.revision, desk.now))
    row = msgspec.structs.replace(
        row, oms=found.oms, warehouse=found.warehouse, held=None, again_at=None, decided=book.revision
    )
    enqueued = _enqueue(tx, row, found.document, now, actor)
    if enqueued is None:
        documents.update(tx, row)
        return Sent(row)
    direction = "inbound" if kind_of(row) == INBOUND_KIND else "outbound"
    for subject in (row.subject, f"oms:{direction} documents of {row.oms}"):
        incidents.heal(tx, subject, now, operation=kind_of(row))
    documents.update(tx, enqueued)
    what = "queued" if actor is None else "repushed"
    text = f"revision {row.revision} is queued for {row.oms}"
    event = Event(document_id=row.id, at=now, revision=row.revision, what=what, actor=actor or "", text=text)
    documents.add_event(tx, event)
    return Sent(enqueued, row.oms)


def kind_of(row: StoredDocument) -> str:
    """Name the kind of operation by which a document goes to its OMS."""
    return INBOUND_KIND if row.list_name.endswith("inbound") else OUTBOUND_KIND


def _hold(tx: Transaction, row: StoredDocument, why: Held, decided: int, moment: datetime) -> StoredDocument:
    """Keep a document until what it lacks is there. What the OMS has of it is stale from now on."""
    now = to_ms(moment)
    first = from_ms(row.first_at)
    again = moment + LOOK_AGAIN if why.time_heals and moment - first < GIVE_UP else None
    stale = row.push_status is PushBack.PUSHED and row.pushed_revision != row.revision
    held = msgspec.structs.replace(
        row, push_status=step(row.push_status, PushBack.STALE) if stale else row.push_status, held=why.code,
        again_at=None if again is None else to_ms(again), decided=decided, error_kind="Held", error_code=why.code,
        error_text=why.text,
    )  # fmt: skip
    documents.update(tx, held)
    if row.held != why.code or row.error_text != why.text:
        incidents.heal(tx, row.subject, now, operation=kind_of(row))
        event = Event(document_id=row.id, at=now, revision=row.revision, what="held", text=why.text)
        documents.add_event(tx, event)
    trouble = Trouble(
        cause=CAUSES.get(why.code, Cause.DECISION), connection=row.connection, operation=kind_of(row), code=why.code,
        missing=why.missing, text=why.text,
    )  # fmt: skip
    # what an OMS cannot do at all is said once, not for every document
    subject = f"oms:{why.missing}" if why.code == "unsupported" else row.subject
    incidents.report(tx, trouble, subject, now, f"{row.list_name} {row.number or row.ref}")
    return held


def _enqueue(
    tx: Transaction, row: StoredDocument, document: Document, now: int, actor: str | None
) -> StoredDocument | None:
    """Enqueue a revision under its key, or the refused bytes once more; None if it is on its way or there already."""
    key = posting_key(row.connection, row.list_name, row.ref, row.revision, row.generation)
    earlier = operations.by_key(tx, key)
    if earlier is not None:
        same = earlier.body == _body(key, document) and earlier.connection == row.oms
        if earlier.state is OperationState.FAILED and same:
            operations.requeue(tx, [earlier.id], now)
            return _under_way(row)
        unsent = earlier.state is OperationState.QUEUED
        if (earlier.state in UNSETTLED and not unsent) or (unsent and same):
            return None
        if earlier.state is OperationState.DONE and actor is None:
            return None
        row = msgspec.structs.replace(row, generation=row.generation + 1)
        key = posting_key(row.connection, row.list_name, row.ref, row.revision, row.generation)
    assert row.oms is not None  # the address was found
    operations.supersede(tx, earlier.connection if earlier else row.oms, row.subject, kind_of(row), now)
    operations.enqueue(
        tx,
        NewOperation(
            connection=row.oms, kind=kind_of(row), subject=row.subject, entity_id=row.id, revision=row.revision,
            key=key, body=_body(key, document), order_id=row.order_id, actor=actor or "",
        ),
        now,
    )  # fmt: skip
    return _under_way(row)


def _body(key: str, document: Document) -> bytes:
    if isinstance(document, OutboundDoc):
        return _encode(OutboundPosting(key=key, document=document))
    return _encode(InboundPosting(key=key, document=document))


def _under_way(row: StoredDocument) -> StoredDocument:
    """Write down that something is on its way; a doubt about an earlier revision stays one until it is settled."""
    if row.push_status is PushBack.IN_DOUBT:
        return row
    stale = row.push_status is PushBack.PUSHED and row.pushed_revision != row.revision
    steps = (PushBack.STALE, PushBack.PUSHING) if stale else (PushBack.PUSHING,)
    return msgspec.structs.replace(
        row, push_status=step(row.push_status, *steps), error_kind=None, error_code=None, error_text=None
    )


class ApplyTo(Protocol):
    """The part of an OMS connection that the handlers call."""

    async def apply_outbound(self, items: list[OutboundPosting]) -> list[ItemResult]:
        """Enter outbound documents."""
        ...

    async def apply_inbound(self, items: list[InboundPosting]) -> list[ItemResult]:
        """Enter inbound documents."""
        ...


class Poster:
    """What both handlers have in common. A doubt is settled by the same bytes under the same key: entering is idempotent."""

    asks = False
    batch = BATCH

    def __init__(self, link: ApplyTo) -> None:
        self._link = link

    async def ask(self, claimed: Sequence[Operation]) -> Mapping[str, Outcome]:  # noqa: ARG002 - nothing to ask
        """Know nothing: an OMS is not asked about documents."""
        return {}

    def settled(self, tx: Transaction, operation: Operation, verdict: OperationVerdict, now: datetime) -> None:
        """Let the document follow how its posting ended."""
        settled(tx, operation, verdict, to_ms(now))


class PostOutbound(Poster):
    """Enters outbound documents in an OMS."""

    kind = OUTBOUND_KIND
    _read = staticmethod(msgspec.json.Decoder(OutboundPosting).decode)

    async def send(self, claimed: Sequence[Operation]) -> Mapping[str, Outcome]:
        """Make one call. Raises ConnectorError."""
        results = await self._link.apply_outbound([self._read(operation.body) for operation in claimed])
        return {result.ref: from_item(result) for result in results}


class PostInbound(Poster):
    """Enters inbound documents in an OMS."""

    kind = INBOUND_KIND
    _read = staticmethod(msgspec.json.Decoder(InboundPosting).decode)

    async def send(self, claimed: Sequence[Operation]) -> Mapping[str, Outcome]:
        """Make one call. Raises ConnectorError."""
        results = await self._link.apply_inbound([self._read(operation.body) for operation in claimed])
        return {result.ref: from_item(result) for result in results}


def settled(tx: Transaction, operation: Operation, verdict: OperationVerdict, now: int) -> None:
    """Let a document follow how the posting of one of its revisions ended."""
    row = documents.get(tx, operation.entity_id)
    if row is None:
        return
    more = bool(operations.open_of(tx, operation.connection, row.subject))
    status = row.push_status if row.push_status in _UNDER_WAY else step(row.push_status, PushBack.PUSHING)
    row = msgspec.structs.replace(row, push_status=status)
    match verdict.state:
        case OperationState.DONE:
            after = _done(tx, row, operation, now, more=more)
        case OperationState.FAILED:
            after = _failed(tx, row, operation, verdict, now, more=more)
        case OperationState.IN_DOUBT:
            after = _said(row, verdict, step(status, PushBack.IN_DOUBT))
        case _:
            after = _said(row, verdict, status)
    documents.update(tx, after)


def _said(row: StoredDocument, verdict: OperationVerdict, status: PushBack) -> StoredDocument:
    return msgspec.structs.replace(
        row, push_status=status, error_kind=verdict.kind, error_code=verdict.code, error_text=verdict.text
    )


def _done(tx: Transaction, row: StoredDocument, operation: Operation, now: int, *, more: bool) -> StoredDocument:
    pushed = max(operation.revision, row.pushed_revision or 0)
    behind = pushed < row.revision
    steps = [PushBack.PUSHED, *([PushBack.STALE] if behind else []), *([PushBack.PUSHING] if more else [])]
    text = f"{operation.connection} has revision {operation.revision}"
    documents.add_event(tx, Event(document_id=row.id, at=now, revision=operation.revision, what="pushed", text=text))
    held = row.held is not None and behind
    if not held:
        incidents.heal(tx, row.subject, now, operation=operation.kind)
    return msgspec.structs.replace(
        row, push_status=step(row.push_status, *steps), pushed_revision=pushed, pushed_at=now,
        held=row.held if held else None, again_at=row.again_at if held else None,
        error_kind=row.error_kind if held else None, error_code=row.error_code if held else None,
        error_text=row.error_text if held else None,
    )  # fmt: skip


def _failed(
    tx: Transaction, row: StoredDocument, operation: Operation, verdict: OperationVerdict, now: int, *, more: bool
) -> StoredDocument:
    """A definite no: it is tried again when the document changes, or by hand."""
    steps = [PushBack.FAILED, *([PushBack.PUSHING] if more else [])]
    text = f"{operation.connection} did not take revision {operation.revision}: {verdict.text or verdict.code}"
    documents.add_event(tx, Event(document_id=row.id, at=now, revision=operation.revision, what="failed", text=text))
    if not more:
        trouble = Trouble(
            cause=Cause.REFUSED, connection=operation.connection, operation=operation.kind, code=verdict.code or "",
            text=f"{operation.connection} refuses documents ({verdict.code or 'no code'}); mend what it says, then push "
            "them again (`crossdock documents repush`). A newer revision is sent by itself",
        )  # fmt: skip
        incidents.report(tx, trouble, row.subject, now, verdict.text or "")
    return _said(row, verdict, step(row.push_status, *steps))
