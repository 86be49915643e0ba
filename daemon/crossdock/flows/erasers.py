"""What else holds personal data of orders, each with the way it is removed: handed the ids of orders that ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from crossdock.flows.documents import read
from crossdock.flows.house import encode
from crossdock.rules.documents import without_words
from crossdock.rules.mutability import Choice
from crossdock.spec.documents import OutboundDoc
from crossdock.store import amendments, documents, orders, privacy, pushes
from crossdock.store.amendments import as_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crossdock.store.store import Transaction


def erase_labels(tx: Transaction, ids: Sequence[int]) -> None:
    """The bytes of shipping labels show name and address. That there were labels, and their hashes, stays."""
    privacy.remove_label_bytes(tx, ids)


def erase_amendments(tx: Transaction, ids: Sequence[int]) -> None:
    """What warehouses were told after the push, what differed, and what people said about it.

    That a person let a cancelled order ship stays, without the words: else it would be asked about again.
    """
    for order_id in ids:
        known = amendments.of_pushes(tx, [push.id for push in pushes.of_order(tx, order_id)])
        for record in known.values():
            amendments.save(tx, _without_words(record))


def _without_words(record: amendments.Amendment) -> amendments.Amendment:
    status = record.chosen().get("status")
    kept = {} if status is None else {"status": Choice(status.kind, status.after, "")}
    return msgspec.structs.replace(
        record, base=None, base_revision=0, decided="", choices=as_json(kept),
        cancel_reason="it was asked for" if record.cancel_by else "",
    )  # fmt: skip


def erase_documents(tx: Transaction, ids: Sequence[int]) -> None:
    """Documents name no recipient, but notes and what else the warehouse writes into them may."""
    for row in documents.of_order_ids(tx, ids):
        known = read(row)
        if isinstance(known.document, OutboundDoc):
            known = msgspec.structs.replace(known, document=without_words(known.document))
            documents.replace_payload(tx, row.id, encode(known))


def erase_proposals(tx: Transaction, ids: Sequence[int]) -> None:
    """What people wrote into proposals about an order; that there was one, and who decided it, stays."""
    privacy.empty_proposals(tx, _names(tx, ids))


def erase_task_items(tx: Transaction, ids: Sequence[int]) -> None:
    """What others said of an order while a task worked on it."""
    privacy.empty_task_items(tx, [ref for _, ref in _names(tx, ids)])


def _names(tx: Transaction, ids: Sequence[int]) -> list[tuple[str, str]]:
    return [(each.connection, each.ref) for each in orders.load_ids(tx, ids).values()]


ERASERS: tuple[Callable[[Transaction, Sequence[int]], object], ...] = (
    erase_labels, erase_amendments, erase_documents, erase_proposals, erase_task_items,
)  # fmt: skip
"""Each removes what it knows of; doing it again changes nothing."""
