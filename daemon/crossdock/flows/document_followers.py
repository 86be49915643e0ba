"""What follows from documents besides their way to the OMS: pushes move on, labels wait for people, costs are counted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from crossdock.flows import costs, doubled_documents, shipping
from crossdock.rules import posting
from crossdock.rules.posting import Held
from crossdock.spec.documents import InboundDoc, OutboundDoc, OutboundKind
from crossdock.spec.outbound import Stage
from crossdock.store import labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.flows.post_documents import Desk
    from crossdock.store.documents import StoredDocument
    from crossdock.store.store import Transaction

Followed = tuple["StoredDocument", OutboundDoc | InboundDoc]
"""A document's row, and all that is known of it in the warehouse's names."""


def follow(tx: Transaction, connection: str, changed: Sequence[Followed], desk: Desk) -> frozenset[str]:
    """Let everything follow that rests on these documents; return the connections that have operations to carry out.

    Call it in the transaction that stores them. Repeating it changes nothing.
    """
    outbound = [document for _, document in changed if isinstance(document, OutboundDoc)]
    if outbound:
        shipping.follow(tx, connection, outbound, desk.now)
        ours = (
            row.order_id for row, document in changed if isinstance(document, OutboundDoc) and document.outbound_key
        )
        doubled_documents.watch(tx, connection, (order for order in ours if order is not None), desk.now)
    for row, document in changed:
        if isinstance(document, OutboundDoc) and row.order_id is not None and is_parcel(document):
            labels.parcel_known(tx, row.order_id, document.stage.value)
    wake = {oms for row, document in changed for oms in count_costs(tx, row, document, desk)}
    return frozenset(wake | ({connection} if outbound else set()))


def is_parcel(document: OutboundDoc) -> bool:
    """Tell whether there is a parcel already, so that its label is a matter of people (the article, lines 24 and 30)."""
    return document.kind is OutboundKind.PARCEL and (document.stage is not Stage.PENDING or bool(document.parcels))


def count_costs(tx: Transaction, row: StoredDocument, document: OutboundDoc | InboundDoc, desk: Desk) -> frozenset[str]:
    """Count what a document says of costs and quantities, in the names of its OMS; nothing where these are not known yet.

    A document that is held for that reason is looked at again once it is mended, and then counted.
    """
    if desk.costing is None:
        return frozenset()
    book = desk.books.current(tx)
    warehouse = posting.warehouse_of(book, row.connection, document.warehouse)
    if isinstance(warehouse, Held):
        return frozenset()
    oms = row.oms or posting.oms_of(warehouse, desk.targets)
    translated = posting.translate(document, row.connection, warehouse, book)
    if isinstance(oms, Held) or isinstance(translated, Held):
        return frozenset()
    costing = replace(desk.costing, oms_of=lambda _connection, _warehouse: oms)
    if isinstance(translated, InboundDoc):
        return costs.take_receipts(tx, row.connection, [translated], desk.now, costing)
    return costs.take_issues(tx, row.connection, [translated], desk.now, costing)
