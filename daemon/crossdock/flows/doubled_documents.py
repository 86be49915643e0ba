"""Notice that a warehouse made more of an order than it was told: documents under one key that hold too much together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from crossdock.flows import troubles
from crossdock.flows.after_push import UPDATE
from crossdock.flows.outbound_changes import read_plan
from crossdock.flows.troubles import order_subject
from crossdock.rules.documents import Known, held_beyond
from crossdock.rules.troubles import DOUBLED
from crossdock.spec.documents import OutboundDoc
from crossdock.spec.outbound import OutboundRequest
from crossdock.store import amendments, documents, incidents, operations, pushes
from crossdock.store.incidents import Cause, Trouble
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from crossdock.store.pushes import Push
    from crossdock.store.store import Transaction

_read = msgspec.json.Decoder(Known[OutboundDoc]).decode
_read_request = msgspec.json.Decoder(OutboundRequest).decode
CHUNK = 500
"""Orders looked at in one query."""
NAMED = 5
"""Documents and SKUs that are named, at most."""


def watch(tx: Transaction, connection: str, order_ids: Iterable[int], now: datetime) -> None:
    """Have a person told of orders whose documents hold too much, until they do not: nothing else closes that.

    Call it in the transaction that stores the documents. One document alone is no matter of this: what it holds otherwise than
    it was told is a drift.
    """
    wanted = sorted(set(order_ids))
    for start in range(0, len(wanted), CHUNK):
        chunk = wanted[start : start + CHUNK]
        ways = pushes.of_orders(tx, chunk)
        for order_id, found in _stored(tx, connection, chunk).items():
            if (push := ways.get(order_id)) is not None:
                _judge(tx, connection, push, list(found.values()), to_ms(now))


def _stored(tx: Transaction, connection: str, order_ids: Sequence[int]) -> dict[int, dict[str, OutboundDoc]]:
    """Return the outbound documents of these orders, by order and reference; only where there are several."""
    rows: dict[int, dict[str, bytes]] = {}
    for row in documents.of_order_ids(tx, order_ids):
        if row.connection == connection and row.list_name.endswith("outbound") and row.order_id is not None:
            rows.setdefault(row.order_id, {})[row.ref] = row.payload
    several = {order_id: held for order_id, held in rows.items() if len(held) > 1}
    return {order_id: {ref: _read(body).document for ref, body in held.items()} for order_id, held in several.items()}


def _judge(tx: Transaction, connection: str, push: Push, found: Sequence[OutboundDoc], at: int) -> None:
    subject, said = order_subject(push.order_id), too_much(tx, push, found)
    if said:
        incidents.report(tx, trouble_of(connection), subject, at, said)
    elif not incidents.heal(tx, subject, at, operation=DOUBLED):
        return
    troubles.note_question(tx, push.order_id)


def too_much(tx: Transaction, push: Push, found: Iterable[OutboundDoc]) -> str:
    """Say what documents under the key of a push hold beyond what its warehouse was told; "" if they do not."""
    mine = [document for document in found if document.outbound_key == push.key]
    if push.key is None or len(mine) < 2:
        return ""
    told = list(_told(tx, push))
    beyond = held_beyond(told, mine) if told else {}  # what was told may be removed with the order's personal data
    if not beyond:
        return ""
    names = ", ".join(document.number or document.ref for document in mine[:NAMED])
    parts = [f"{held} units of {sku}, of {ordered} ordered" for sku, (held, ordered) in list(beyond.items())[:NAMED]]
    return f"documents {names} under the key {push.key} hold {'; '.join(parts)}; cancel one there"


def _told(tx: Transaction, push: Push) -> Iterator[OutboundRequest]:
    """Give what the warehouse confirmed last, and what it may have taken over since."""
    stored = amendments.load(tx, push.id).base or pushes.body(tx, push.id)
    if stored is not None:
        yield _read_request(stored)
    for operation in operations.open_of(tx, push.connection or "", order_subject(push.order_id)):
        if operation.kind == UPDATE:
            yield read_plan(operation.body).update.request


def trouble_of(connection: str) -> Trouble:
    """Say what is wrong: goods may leave twice."""
    text = (
        f"{connection} has documents that hold more of their orders than was ordered, so that goods may leave twice: cancel one of "
        "each there; what was cancelled does not count, and this closes once their sum fits"
    )
    return Trouble(cause=Cause.CONFLICT, connection=connection, operation=DOUBLED, code="doubled", text=text)


def among(tx: Transaction, connection: str, listed: Sequence[OutboundDoc]) -> dict[str, tuple[int, str]]:
    """Judge what a warehouse lists now, with what is stored beside it: a document's reference → (its order, what is wrong)."""
    keys = sorted({document.outbound_key for document in listed if document.outbound_key is not None})
    ways = list(pushes.by_keys(tx, connection, keys).values())
    stored = _stored(tx, connection, [push.order_id for push in ways]) if ways else {}
    found = {}
    for push in ways:
        now = {document.ref: document for document in listed if document.outbound_key == push.key}
        if said := too_much(tx, push, {**stored.get(push.order_id, {}), **now}.values()):
            found[min(now)] = (push.order_id, said)
    return found
