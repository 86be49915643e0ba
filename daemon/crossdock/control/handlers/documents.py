"""Documents of warehouses: the six lists, one document, pushing again, fetching now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from crossdock.control import known
from crossdock.control.handlers.actions import COUNTED, matching
from crossdock.control.permissions import Right
from crossdock.control.problems import conflict, not_found, not_valid, too_soon
from crossdock.control.records.asks import Queued
from crossdock.control.records.documents import (
    DocumentDetail,
    DocumentEvent,
    DocumentItem,
    DocumentPage,
    RepushedDocuments,
    RepushedItem,
)
from crossdock.flows.documents import read
from crossdock.flows.repush_documents import DocumentName
from crossdock.rules.document_states import PushBack
from crossdock.rules.personal import HIDDEN
from crossdock.spec.documents import InboundDoc, OutboundDoc
from crossdock.store import documents
from crossdock.store.documents import Wanted
from crossdock.store.times import from_ms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crossdock.control.records.asks import Matching
    from crossdock.control.records.documents import (
        DocumentQuery,
        FetchDocuments,
        ListQuery,
        RepushDocuments,
        RepushQuery,
    )
    from crossdock.control.route import Call
    from crossdock.flows.repush_documents import Repushed
    from crossdock.store.documents import Event, StoredDocument, Tries
    from crossdock.store.store import Transaction


async def list_documents(call: Call[None, DocumentQuery]) -> DocumentPage:
    """List documents of warehouses with their push status, newest first, by list, status, warehouse or text."""
    query = call.query
    return await call.engine.store.read(_listed, query, _wanted(query))


def _listed(tx: Transaction, query: DocumentQuery, wanted: Wanted) -> DocumentPage:
    more = None
    if query.text is not None:
        rows = [row for row in documents.by_text(tx, query.text, query.limit) if wanted.fits(row)]
    else:
        found = documents.page(tx, wanted, query.after, query.limit + 1)
        rows = found[: query.limit]
        more = rows[-1].id if len(found) > query.limit else None
    tries = documents.tries(tx, [row.id for row in rows])
    return DocumentPage(items=tuple(document_item(row, tries.get(row.id)) for row in rows), next=more)


def _wanted(of: DocumentQuery | RepushDocuments | RepushQuery) -> Wanted:
    return Wanted(list_name=of.list, status=_status(of.status), warehouse=of.warehouse, connection=of.connection)


async def count_matching(call: Call[None, RepushQuery]) -> Matching:
    """Count the documents of a list that would be pushed again: all with a status, of a warehouse or connection."""
    return matching(await call.engine.store.read(documents.count, _wanted(call.query), 0, COUNTED + 1))


def _status(name: str | None) -> PushBack | None:
    return None if name is None else PushBack[name.upper()]


def document_item(row: StoredDocument, tries: Tries | None) -> DocumentItem:
    """Show a row of a list."""
    return DocumentItem(
        id=row.id, connection=row.connection, list=row.list_name, ref=row.ref, number=row.number,
        warehouse=row.warehouse, state=row.state, revision=row.revision, push_status=row.push_status.name.lower(),
        pushed_revision=row.pushed_revision, oms=row.oms, why=row.error_text, held=row.held is not None,
        order_ref=row.order_ref, updated_at=from_ms(row.updated_at), changed_at=from_ms(row.changed_at),
        pushed_at=from_ms(row.pushed_at), first_at=from_ms(row.first_at), attempts=0 if tries is None else tries.attempts,
        next_at=None if tries is None else from_ms(tries.next_at),
    )  # fmt: skip


async def show_document(call: Call[None, ListQuery]) -> DocumentDetail:
    """Show one document: its parcels or receipts, its push status, and what happened to it."""
    connection, ref = call.path["connection"], call.path["ref"]
    found = await call.engine.store.read(_named, connection, ref, call.query.list)
    if not found:
        raise not_found(f"there is no document {ref} of {connection}")
    if len(found) > 1:
        lists = ", ".join(row.list_name for row, _, _ in found)
        raise conflict("ambiguous", f"{connection} has several documents {ref}: name the list ({lists})")
    row, events, tries = found[0]
    document: Any = read(row).document
    if not call.may(
        Right.PII_VIEW
    ):  # people write names into notes, and nobody knows what a connector keeps in `extra`
        document = msgspec.structs.replace(document, note=document.note and HIDDEN, extra={})
    inbound = document if isinstance(document, InboundDoc) else None
    hide = inbound is not None and not call.may(Right.COST_VIEW)
    return DocumentDetail(
        row=document_item(row, tries),
        outbound=document if isinstance(document, OutboundDoc) else None,
        inbound=_without_costs(inbound) if inbound is not None and hide else inbound,
        history=tuple(_event(event) for event in events),
        costs_hidden=hide,
    )


def _without_costs(document: InboundDoc) -> InboundDoc:
    """Leave out what only those may see who may see costs; a connector may keep them in `extra`, too."""
    replace = msgspec.structs.replace
    lines = tuple(replace(line, planned_unit_cost=None) for line in document.lines)
    receipts = tuple(replace(receipt, unit_cost=None) for receipt in document.receipts)
    return replace(document, lines=lines, receipts=receipts, extra={})


def _event(event: Event) -> DocumentEvent:
    return DocumentEvent(
        at=from_ms(event.at), revision=event.revision, what=event.what, text=event.text, actor=event.actor
    )


def _named(
    tx: Transaction, connection: str, ref: str, list_name: str | None
) -> list[tuple[StoredDocument, list[Event], Tries | None]]:
    rows = [row for row in documents.named(tx, connection, ref) if list_name in (None, row.list_name)]
    tries = documents.tries(tx, [row.id for row in rows])
    return [(row, documents.history(tx, row.id), tries.get(row.id)) for row in rows]


async def repush(call: Call[RepushDocuments, object]) -> RepushedDocuments:
    """Push documents to their OMS again, at their current revision: those named, or all of a list that match."""
    body = call.body
    if bool(body.documents) == body.all_matching:
        raise not_valid("name the documents, or say all_matching: one of the two")
    if body.documents:
        if body.list or body.status or body.warehouse or body.connection or body.after:
            raise not_valid("list, status, warehouse, connection and after go with all_matching only")
        names = dict.fromkeys(DocumentName(each.connection, each.ref, each.list) for each in body.documents)
        answers = await call.requests.documents.repush(list(names), call.audited())
        return RepushedDocuments(results=_results(answers), matching=len(names))
    if body.list is None or body.status is None:
        raise not_valid("all_matching needs a list and a status, so that it is clear what is pushed again")
    await known.check(call.engine, warehouse=body.warehouse)
    wanted = _wanted(body)
    answers, more, count = await call.requests.documents.repush_all(wanted, body.after, call.audited())
    return RepushedDocuments(results=_results(answers), matching=count, next=more)


def _results(answers: Iterable[Repushed]) -> tuple[RepushedItem, ...]:
    return tuple(RepushedItem(document=each.name, done=each.done, text=each.text) for each in answers)


async def fetch(call: Call[FetchDocuments, object]) -> Queued:
    """Fetch the documents of a WMS connection now (a task; once in five minutes for each direction)."""
    body, requests = call.body, call.requests.documents
    if not requests.can_fetch(body.connection, body.direction):
        raise not_valid(f"there is no connection '{body.connection}' that lists {body.direction} documents")
    asked = await requests.fetch(body.connection, body.direction, call.actor)
    if asked.again_at is not None:
        raise too_soon(asked.text, asked.again_at, call.engine.env.now())
    assert asked.task_id is not None  # one of the two
    return Queued(task_id=asked.task_id, text=asked.text)
