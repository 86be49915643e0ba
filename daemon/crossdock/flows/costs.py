"""Take the costs of documents in: what was planned goes to the OMS as an amount, what it really was into the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from crossdock.flows.cost_ledgers import Correction, Work, send_correction, send_plan
from crossdock.rules.cost_edit import plan_amount
from crossdock.rules.cost_ledger import Event, EventKind, Source, movements
from crossdock.rules.keys import cost_key
from crossdock.rules.money import BadMoney, check_amount, check_quantity
from crossdock.spec.documents import InboundKind, OutboundKind
from crossdock.store import costs, incidents
from crossdock.store.costs import Document, Line, Recorded
from crossdock.store.incidents import Cause, Trouble
from crossdock.store.times import from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from decimal import Decimal

    from crossdock.flows.cost_ledgers import Costing
    from crossdock.rules.cost_ledger import Movement
    from crossdock.spec.documents import InboundDoc, InboundLine, OutboundDoc, Receipt
    from crossdock.store.store import Transaction


def take_receipts(
    tx: Transaction, connection: str, documents: Sequence[InboundDoc], now: datetime, costing: Costing
) -> frozenset[str]:
    """Take the costs of inbound documents in, as a warehouse shows them; return the connections to wake.

    For the transaction that stores the documents. Idempotent: any document may come any number of times, and one that is
    older than what is known changes nothing, since the newer one held every receipt of it.
    """
    work = Work(costing, now)
    for document in documents:
        oms = costing.oms_of(connection, document.warehouse)
        if oms is not None:
            _take(tx, work, connection, oms, document)
    return work.follow_up(tx)


def take_issues(
    tx: Transaction, connection: str, documents: Sequence[OutboundDoc], now: datetime, costing: Costing
) -> frozenset[str]:
    """Take in what left a warehouse: the quantity that an average rests on. Moves between own warehouses are no issue."""
    work = Work(costing, now)
    for document in documents:
        oms = costing.oms_of(connection, document.warehouse)
        if oms is None or document.shipped_at is None or document.kind is OutboundKind.TRANSFER:
            continue
        for line in document.lines:
            if line.actual is None or _bad_quantity(line.actual):
                continue
            about = named(connection, document.ref, f"line {line.line_no}", line.sku)
            heard = costs.heard_at(tx, about)
            event = Event(
                about=about, kind=EventKind.ISSUE, effective_at=heard or to_the_ms(document.shipped_at), quantity=line.actual,
                document_revision=document.revision,
            )  # fmt: skip
            key = cost_key("EVENT", about, "ISSUE", str(document.revision))
            work.record(tx, Recorded(oms=oms, sku=line.sku, key=key, event=event), known=heard is not None)
    return work.follow_up(tx)


def named(connection: str, document: str, *parts: str) -> str:
    """Name a receipt or an issue inside the ledger, joined by a character that no reference holds."""
    return "\x1f".join((connection, document, *parts))


def to_the_ms(moment: datetime) -> datetime:
    """Round a time down to what the database keeps, so that a replay has the order of the first run."""
    return from_ms(to_ms(moment))


def _take(tx: Transaction, work: Work, connection: str, oms: str, found: InboundDoc) -> None:
    known = costs.document(tx, connection, found.ref)
    if known is not None and found.revision < known.revision:
        return
    at = to_ms(work.now)
    before = known or Document(
        id=0, connection=connection, ref=found.ref, number=found.number, kind=found.kind.value,
        warehouse=found.warehouse, oms=oms, revision=found.revision, currency=None, plan_amount=None, plan_version=0,
        plan_sent=None, updated_at=at,
    )  # fmt: skip
    currency = found.currency or work.costing.policy.currency
    document = costs.save_document(
        tx,
        replace(
            before, number=found.number, kind=found.kind.value, warehouse=found.warehouse, revision=found.revision,
            currency=currency, updated_at=at,
        ),
    )  # fmt: skip
    bad: list[str] = []
    _take_plan(tx, work, document, found, bad)
    _take_goods(tx, work, document, found, bad)
    _tell_bad(tx, document, bad, at)


def _take_plan(tx: Transaction, work: Work, document: Document, found: InboundDoc, bad: list[str]) -> None:
    before = {line.line_no: line for line in costs.lines(tx, document.id)}
    now_there = []
    for line in found.lines:
        if _bad_quantity(line.planned):
            bad.append(f"line {line.line_no}: the planned quantity {line.planned} is none")
            continue
        cost = _usable(line.planned_unit_cost, document.currency, f"line {line.line_no}", bad)
        now_there.append(_planned(document, line, cost, before.get(line.line_no)))
    costs.save_lines(tx, now_there)
    for gone in set(before) - {line.line_no for line in now_there}:
        costs.remove_line(tx, document.id, gone)
    for each in now_there:
        old = before.get(each.line_no)
        if each.unit_cost is not None and (old is None or old.unit_cost != each.unit_cost):
            note_plan(tx, work, document, each)
    plan_again(tx, work, document)


def _planned(document: Document, line: InboundLine, cost: Decimal | None, old: Line | None) -> Line:
    fields = {"sku": line.sku, "planned": line.planned, "shown_cost": cost}
    if old is None:
        return Line(document_id=document.id, line_no=line.line_no, **fields)  # type: ignore[arg-type]  # as the fields are
    new = replace(old, **fields)
    if new.edited and new.shown_cost != new.edit_base:
        new = replace(new, edited=0, edit_cost=None, edit_base=None)
    return new if new.unit_cost == old.unit_cost else replace(new, version=old.version + 1)


def note_plan(
    tx: Transaction, work: Work, document: Document, line: Line, *, actor: str = "", reason: str = ""
) -> None:
    """Keep a planned unit cost among the events; it touches no average."""
    about = named(document.connection, document.ref, f"plan {line.line_no}")
    event = Event(
        about=about, kind=EventKind.PLAN_SET, effective_at=to_the_ms(work.now), revision=line.version,
        document_revision=document.revision, quantity=line.planned, unit_cost=line.unit_cost, currency=document.currency,
        source=Source.CROSSDOCK if actor else Source.WAREHOUSE,
    )  # fmt: skip
    key = cost_key("EVENT", about, "PLAN", str(document.revision), str(line.version))
    recorded = Recorded(
        oms=document.oms, sku=line.sku, key=key, event=event, document_id=document.id, line_no=line.line_no,
        actor=actor, reason=reason,
    )  # fmt: skip
    costs.record(tx, recorded, to_ms(work.now))


def plan_again(tx: Transaction, work: Work, document: Document, *, actor: str = "", reason: str = "") -> Document:
    """Add the planned amount up; another one than before gets a new version and goes to the OMS."""
    if document.currency is None:
        return document
    found = [(line.planned, line.unit_cost) for line in costs.lines(tx, document.id)]
    amount = plan_amount(found, document.currency)
    if amount == document.plan_amount:
        if amount != document.plan_sent:  # it could not be sent when it was news: its OMS was not there
            send_plan(tx, work, document, actor=actor, reason=reason)
        return document
    saved = costs.save_document(
        tx, replace(document, plan_amount=amount, plan_version=document.plan_version + 1)
    )  # fmt: skip
    send_plan(tx, work, saved, actor=actor, reason=reason)
    return saved


def _take_goods(tx: Transaction, work: Work, document: Document, found: InboundDoc, bad: list[str]) -> None:
    skus = {line.line_no: line.sku for line in found.lines}
    heard = costs.events_of_document(tx, document.id)
    known = {movement.about: movement for movement in movements(each.event for each in heard)}
    there, unclear = set(), set()
    for receipt in found.receipts:
        sku = skus.get(receipt.line_no)
        if sku is None or _bad_quantity(receipt.quantity):
            bad.append(f"receipt {receipt.ref}: it has no line, or its quantity ({receipt.quantity}) is none")
            unclear.add(receipt.ref)
            continue
        about = named(document.connection, document.ref, receipt.ref, sku, str(to_ms(receipt.at)))
        there.add(about)
        cost = _usable(receipt.unit_cost, document.currency, f"receipt {receipt.ref}", bad)
        event = _received(about, document, found, receipt, cost)
        _hear(tx, work, document, receipt, sku, event, known.get(about))
    gone = {each.event.about: each for each in heard if each.receipt_ref not in unclear}
    for about in known.keys() & gone.keys() - there:
        _take_back(tx, work, document, gone[about].sku, known[about])


def _received(about: str, document: Document, found: InboundDoc, receipt: Receipt, cost: Decimal | None) -> Event:
    return Event(
        about=about, kind=EventKind.RECEIPT, effective_at=to_the_ms(receipt.at), revision=receipt.cost_revision,
        document_revision=document.revision, quantity=receipt.quantity, unit_cost=cost, currency=document.currency,
        at_average=found.returned, moved=found.kind is InboundKind.TRANSFER,
    )  # fmt: skip


def _hear(
    tx: Transaction, work: Work, document: Document, receipt: Receipt, sku: str, event: Event, known: Movement | None
) -> None:
    """Add what is new about a receipt; tell an OMS that computes the average what it costs after all."""
    if known is None or known.quantity != event.quantity:
        key = cost_key("EVENT", event.about, sku, "RECEIPT", str(document.revision))
        recorded = _recorded(document, receipt, sku, key, event)
        work.record(tx, recorded, known=costs.heard_at(tx, event.about) is not None)
    if known is None or event.revision < known.revision:
        return
    if (known.unit_cost, known.currency, known.revision) == (event.unit_cost, event.currency, event.revision):
        return
    key = cost_key("EVENT", event.about, sku, "COST", str(event.revision), str(document.revision))
    revised = replace(event, kind=EventKind.COST_REVISION)
    if not work.record(tx, _recorded(document, receipt, sku, key, revised), known=True):
        return
    if event.unit_cost is not None and event.currency is not None and event.unit_cost != known.unit_cost:
        correction = Correction(
            receipt_ref=receipt.ref, line_no=receipt.line_no, sku=sku, old=known.unit_cost, new=event.unit_cost,
            currency=event.currency, revision=event.revision,
        )  # fmt: skip
        send_correction(tx, work, document, correction)


def _recorded(document: Document, receipt: Receipt, sku: str, key: str, event: Event) -> Recorded:
    return Recorded(
        oms=document.oms, sku=sku, key=key, event=event, document_id=document.id, line_no=receipt.line_no,
        receipt_ref=receipt.ref,
    )  # fmt: skip


def _take_back(tx: Transaction, work: Work, document: Document, sku: str, movement: Movement) -> None:
    """The document does not hold this receipt any more, of this SKU and time."""
    event = Event(
        about=movement.about, kind=EventKind.REVERSAL, effective_at=movement.effective_at, quantity=movement.quantity,
        document_revision=document.revision,
    )  # fmt: skip
    key = cost_key("EVENT", movement.about, sku, "REVERSAL", str(document.revision))
    recorded = Recorded(oms=document.oms, sku=sku, key=key, event=event, document_id=document.id)
    work.record(tx, recorded, known=True)


def _usable(cost: Decimal | None, currency: str | None, what: str, bad: list[str]) -> Decimal | None:
    """Return a unit cost that can be used; another one counts as not known, and is told."""
    if cost is None:
        return None
    if currency is None:
        bad.append(
            f"{what}: a cost without a currency is none; the document names none, and neither does costs.currency"
        )
        return None
    try:
        return check_amount(cost, currency, what=f"the unit cost of {what}")
    except BadMoney as error:
        bad.append(str(error))
        return None


def _bad_quantity(quantity: Decimal) -> bool:
    try:
        check_quantity(quantity)
    except BadMoney:
        return True
    return False


def _tell_bad(tx: Transaction, document: Document, bad: Iterable[str], at: int) -> None:
    subject = f"inbound:{document.connection}/{document.ref}"
    incidents.heal(tx, subject, at, operation="cost_document")
    if texts := list(bad):
        trouble = Trouble(
            cause=Cause.VALIDATION, connection=document.connection, operation="cost_document", code="bad_amount",
            text="costs or quantities of inbound documents cannot be used and count as not known; mend them in the warehouse",
        )  # fmt: skip
        incidents.report(tx, trouble, subject, at, "; ".join(texts[:5]))
