"""Push documents again: because a person asks, or because what held them was filled in or may have passed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.flows.document_followers import count_costs
from crossdock.flows.documents import read
from crossdock.flows.post_documents import owner_of, send
from crossdock.rules.document_states import PushBack
from crossdock.store import audit, documents, operations
from crossdock.store.times import from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.flows.post_documents import Desk
    from crossdock.store.audit import By
    from crossdock.store.documents import StoredDocument, Wanted
    from crossdock.store.store import Transaction

CHUNK = 100
"""Documents of one transaction."""


class Repushed(Struct, frozen=True, kw_only=True):
    """What was done about one document, or why not; `wake` is the OMS that has something to take now."""

    name: str
    done: bool
    text: str
    wake: str | None = None


class DocumentName(Struct, frozen=True):
    """A document as people name it; `list_name` is needed where the connection has several under one reference."""

    connection: str
    ref: str
    list_name: str | None = None


def reconsider(tx: Transaction, desk: Desk) -> tuple[int, frozenset[str]]:
    """Try held documents again after the book changed, or when their time has come. Return how many, and whom to wake."""
    book = desk.books.current(tx)
    rows = {row.id: row for row in documents.held(tx, book.revision, CHUNK)}
    rows |= {row.id: row for row in documents.due_again(tx, to_ms(desk.now), CHUNK)}
    wake: set[str] = set()
    for row in rows.values():
        document = read(row).document
        sent = send(tx, row, document, owner_of(tx, document, desk.targets), desk)
        if sent.wake is not None:
            wake.add(sent.wake)
        wake |= count_costs(tx, sent.row, document, desk)
    return len(rows), frozenset(wake)


def repush_named(tx: Transaction, names: Sequence[DocumentName], by: By, desk: Desk) -> list[Repushed]:
    """Push chosen documents again, one result each."""
    answers = [_one(tx, name, by.actor, desk) for name in names]
    _note(tx, by, answers, to_ms(desk.now))
    return answers


def repush_matching(
    tx: Transaction, wanted: Wanted, after: int, by: By, desk: Desk
) -> tuple[list[Repushed], int | None, int]:
    """Push a chunk of all that match again; return the results, where to go on, and how many match from `after` on."""
    count = documents.count(tx, wanted, after)
    rows = documents.matching(tx, wanted, after, CHUNK)
    answers = [_again(tx, row, by.actor, desk) for row in rows]
    _note(tx, by, answers, to_ms(desk.now))
    return answers, rows[-1].id if len(rows) == CHUNK else None, count


def _one(tx: Transaction, name: DocumentName, actor: str, desk: Desk) -> Repushed:
    found = [row for row in documents.named(tx, name.connection, name.ref) if name.list_name in (None, row.list_name)]
    if not found:
        return Repushed(name=name.ref, done=False, text=f"there is no document {name.ref} of {name.connection}")
    if len(found) > 1:
        lists = ", ".join(row.list_name for row in found)
        return Repushed(
            name=name.ref, done=False, text=f"several documents have this reference; name its list ({lists})"
        )
    return _again(tx, found[0], actor, desk)


def _again(tx: Transaction, row: StoredDocument, actor: str, desk: Desk) -> Repushed:
    """Push the current revision of a document again."""
    name = row.number or row.ref
    if row.push_status in (PushBack.PUSHING, PushBack.IN_DOUBT) and row.oms is not None:
        under_way = operations.open_of(tx, row.oms, row.subject)
        if under_way:
            at = from_ms(under_way[0].next_at)
            when = "" if at is None else f"; it is tried again by itself at {at:%H:%M:%S} UTC"
            said = f"revision {under_way[-1].revision} is on its way to {row.oms} already{when}"
            return Repushed(name=name, done=False, text=said)
    document = read(row).document
    sent = send(tx, row, document, owner_of(tx, document, desk.targets), desk, actor)
    if sent.wake is None:
        return Repushed(name=name, done=False, text=sent.row.error_text or "there is nothing to send")
    return Repushed(name=name, done=True, text=f"revision {row.revision} is queued for {sent.wake}", wake=sent.wake)


def _note(tx: Transaction, by: By, answers: Sequence[Repushed], now: int) -> None:
    names = ", ".join(answer.name for answer in answers if answer.done)
    done = sum(answer.done for answer in answers)
    entry = by.entry(after=names[:2000], **audit.counted(done, len(answers), "queued"))
    audit.write(tx, entry, now)
