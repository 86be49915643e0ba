"""Costs as stored: inbound documents with their planned costs, the ledger's events, where each SKU's ledger stands.

Amounts and quantities are exact decimals as text. Times are milliseconds UTC.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from crossdock.rules.cost_ledger import Balance, Event, EventKind, Flag, Source
from crossdock.store import counters
from crossdock.store.times import from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from crossdock.store.store import Transaction


class Document(Struct, frozen=True, kw_only=True):
    """An inbound document as far as its costs go. `plan_version` grows with `plan_amount`; `plan_sent` is what the OMS has."""

    id: int
    connection: str
    ref: str
    number: str
    kind: str
    warehouse: str
    oms: str
    revision: int
    currency: str | None
    plan_amount: Decimal | None
    plan_version: int
    plan_sent: Decimal | None
    updated_at: int


class Line(Struct, frozen=True, kw_only=True):
    """One line's plan. `edited`: a person set `edit_cost` here, while the warehouse showed `edit_base`."""

    document_id: int
    line_no: int
    sku: str
    planned: Decimal
    shown_cost: Decimal | None
    edit_cost: Decimal | None = None
    edit_base: Decimal | None = None
    edited: int = 0
    version: int = 1

    @property
    def unit_cost(self) -> Decimal | None:
        """The planned unit cost: what was set here, until the warehouse shows another one than it did then."""
        return self.edit_cost if self.edited and self.shown_cost == self.edit_base else self.shown_cost


class Recorded(Struct, frozen=True, kw_only=True):
    """An event with where it came from. `key` makes it one event, however often it is heard."""

    oms: str
    sku: str
    key: str
    event: Event
    document_id: int | None = None
    line_no: int | None = None
    receipt_ref: str | None = None
    actor: str = ""
    reason: str = ""


class State(Struct, frozen=True, kw_only=True):
    """Where a SKU's ledger stands. `version` counts the averages that were to be written; `wanted` is the last of them,
    `sent` the last that the OMS took, `held` what it was seen to hold.
    """

    id: int
    oms: str
    sku: str
    balance: Balance
    version: int
    wanted: Decimal | None
    sent: Decimal | None
    held: Decimal | None
    held_quantity: Decimal | None
    held_at: int | None
    drift: bool
    changed_at: int
    check_at: int
    since_checkpoint: int = 0


NEWEST = 2**62
"""Behind every id."""
_DOCUMENT = ", ".join(Document.__struct_fields__)
_LINE = ", ".join(Line.__struct_fields__)
_EVENT = (
    "oms, sku, key, about, kind, effective_at, revision, document_revision, source, quantity, unit_cost, currency, "
    "at_average, moved, document_id, line_no, receipt_ref, actor, reason"
)
_STATE = (
    "id, oms, sku, quantity, average, currency, blocked, blocked_by, flags, last_at, last_about, version, wanted, sent, "
    "held, held_quantity, held_at, drift, changed_at, check_at, since_checkpoint"
)
_SAVE_DOCUMENT = (
    "INSERT INTO cost_documents ("
    + _DOCUMENT
    + ") VALUES ("
    + ", ".join("?" * 13)
    + ") ON CONFLICT (id) DO UPDATE SET "
    "number = excluded.number, kind = excluded.kind, warehouse = excluded.warehouse, revision = excluded.revision, "
    "currency = excluded.currency, plan_amount = excluded.plan_amount, plan_version = excluded.plan_version, "
    "plan_sent = excluded.plan_sent, updated_at = excluded.updated_at"
)
_SAVE_LINE = (
    "INSERT INTO cost_lines (" + _LINE + ") VALUES (" + ", ".join("?" * 9) + ") ON CONFLICT (document_id, line_no) "
    "DO UPDATE SET sku = excluded.sku, planned = excluded.planned, shown_cost = excluded.shown_cost, "
    "edit_cost = excluded.edit_cost, edit_base = excluded.edit_base, edited = excluded.edited, version = excluded.version"
)
_RECORD = (
    "INSERT INTO cost_events (id, " + _EVENT + ", recorded_at) VALUES (" + ", ".join("?" * 21) + ") "
    "ON CONFLICT (key) DO NOTHING"
)
_SAVE_STATE = (
    "INSERT INTO cost_states (" + _STATE + ") VALUES (" + ", ".join("?" * 21) + ") ON CONFLICT (id) DO UPDATE SET "
    "quantity = excluded.quantity, average = excluded.average, currency = excluded.currency, blocked = excluded.blocked, "
    "blocked_by = excluded.blocked_by, flags = excluded.flags, last_at = excluded.last_at, last_about = excluded.last_about, "
    "version = excluded.version, wanted = excluded.wanted, sent = excluded.sent, held = excluded.held, "
    "held_quantity = excluded.held_quantity, held_at = excluded.held_at, drift = excluded.drift, "
    "changed_at = excluded.changed_at, check_at = excluded.check_at, since_checkpoint = excluded.since_checkpoint"
)


def document(tx: Transaction, connection: str, ref: str) -> Document | None:
    """Return a document by the warehouse's reference."""
    row = tx.one("SELECT " + _DOCUMENT + " FROM cost_documents WHERE connection = ? AND ref = ?", (connection, ref))
    return None if row is None else _document(row)


def document_by_id(tx: Transaction, number: int) -> Document | None:
    """Return a document by our number."""
    row = tx.one("SELECT " + _DOCUMENT + " FROM cost_documents WHERE id = ?", (number,))
    return None if row is None else _document(row)


def find(tx: Transaction, text: str, connection: str | None) -> list[Document]:
    """Return the documents with this number, at most 20, oldest first."""
    sql = (
        "SELECT " + _DOCUMENT + " FROM cost_documents WHERE number = ? AND (connection = ? OR ? IS NULL) "
        "ORDER BY id LIMIT 20"
    )
    return [_document(row) for row in tx.rows(sql, (text, connection, connection))]


def page(
    tx: Transaction, after: int, limit: int, connection: str | None = None, *, newest: bool = False
) -> list[Document]:
    """Return documents behind the id `after`, of a connection if named: oldest first, or newest first (0: from the newest)."""
    where, values = "", []
    if connection is not None:
        where, values = "connection = ? AND ", [connection]
    if newest:
        sql = "SELECT " + _DOCUMENT + " FROM cost_documents WHERE " + where + "id < ? ORDER BY id DESC LIMIT ?"
        after = after or NEWEST
    else:
        sql = "SELECT " + _DOCUMENT + " FROM cost_documents WHERE " + where + "id > ? ORDER BY id LIMIT ?"
    return [_document(row) for row in tx.rows(sql, (*values, after, limit))]


def save_document(tx: Transaction, found: Document) -> Document:
    """Save a document; one with id 0 is new and gets a number."""
    number = found.id or counters.take(tx, "cost_documents")
    values = (
        number, found.connection, found.ref, found.number, found.kind, found.warehouse, found.oms, found.revision,
        found.currency, _text(found.plan_amount), found.plan_version, _text(found.plan_sent), found.updated_at,
    )  # fmt: skip
    tx.execute(_SAVE_DOCUMENT, values)
    return Document(**{**{n: getattr(found, n) for n in Document.__struct_fields__}, "id": number})


def lines(tx: Transaction, document_id: int, after: int = -1, limit: int = -1) -> list[Line]:
    """Return a document's lines in their order, behind the line `after`; all of them without a limit."""
    sql = "SELECT " + _LINE + " FROM cost_lines WHERE document_id = ? AND line_no > ? ORDER BY line_no LIMIT ?"
    return [_line(row) for row in tx.rows(sql, (document_id, after, limit))]


def save_lines(tx: Transaction, found: Iterable[Line]) -> None:
    """Save lines."""
    rows = [
        (
            each.document_id, each.line_no, each.sku, str(each.planned), _text(each.shown_cost), _text(each.edit_cost),
            _text(each.edit_base), each.edited, each.version,
        )
        for each in found
    ]  # fmt: skip
    tx.execute_many(_SAVE_LINE, rows)


def remove_line(tx: Transaction, document_id: int, line_no: int) -> None:
    """Forget a line that the document does not have any more."""
    tx.execute("DELETE FROM cost_lines WHERE document_id = ? AND line_no = ?", (document_id, line_no))


def record(tx: Transaction, found: Recorded, now: int) -> bool:
    """Add an event; False if it was heard before."""
    event = found.event
    values = (
        counters.take(tx, "cost_events"), found.oms, found.sku, found.key, event.about, event.kind.value,
        to_ms(event.effective_at), event.revision, event.document_revision, event.source.value, str(event.quantity),
        _text(event.unit_cost), event.currency, int(event.at_average), int(event.moved), found.document_id,
        found.line_no, found.receipt_ref, found.actor, found.reason, now,
    )  # fmt: skip
    return tx.execute(_RECORD, values) == 1


def events_of_sku(tx: Transaction, oms: str, sku: str, after: tuple[datetime, str] | None = None) -> list[Event]:
    """Return every event of a SKU's ledger that touches its average, of movements behind a place."""
    at, about = (-1, "") if after is None else (to_ms(after[0]), after[1])
    sql = (
        "SELECT " + _EVENT + " FROM cost_events WHERE oms = ? AND sku = ? AND (effective_at, about) > (?, ?) "
        "AND kind <> 'plan_set' ORDER BY effective_at, about"
    )
    return [_recorded(row).event for row in tx.rows(sql, (oms, sku, at, about))]


def events_of_document(tx: Transaction, document_id: int) -> list[Recorded]:
    """Return the events that a document's lines and receipts made, in the order in which they were heard."""
    sql = "SELECT " + _EVENT + " FROM cost_events WHERE document_id = ? ORDER BY id"
    return [_recorded(row) for row in tx.rows(sql, (document_id,))]


def heard_at(tx: Transaction, about: str) -> datetime | None:
    """Return the time of a receipt or an issue that the ledger has heard of; None if it has not."""
    row = tx.one("SELECT effective_at FROM cost_events WHERE about = ? LIMIT 1", (about,))
    return None if row is None else from_ms(int(row[0]))


def history(tx: Transaction, oms: str, sku: str, limit: int) -> list[tuple[Recorded, datetime]]:
    """Return the newest events of a SKU with when each was heard, the last heard first."""
    sql = "SELECT " + _EVENT + ", recorded_at FROM cost_events WHERE oms = ? AND sku = ? ORDER BY id DESC LIMIT ?"
    return [(_recorded(row[:-1]), from_ms(int(row[-1]))) for row in tx.rows(sql, (oms, sku, limit))]


def state(tx: Transaction, oms: str, sku: str) -> State | None:
    """Return where a SKU's ledger stands."""
    row = tx.one("SELECT " + _STATE + " FROM cost_states WHERE oms = ? AND sku = ?", (oms, sku))
    return None if row is None else _state(row)


def states(tx: Transaction, after: int, limit: int, sku: str | None = None, *, unsettled: bool = False) -> list[State]:
    """Return ledgers with an id above `after`: of a SKU, and only those that a person has to settle, if asked."""
    where, values = "", []
    if sku is not None:
        where, values = "sku = ? AND ", [sku]
    if unsettled:
        where += "(drift = 1 OR blocked <> '') AND "
    sql = "SELECT " + _STATE + " FROM cost_states WHERE " + where + "id > ? ORDER BY id LIMIT ?"
    return [_state(row) for row in tx.rows(sql, (*values, after, limit))]


def save_state(tx: Transaction, found: State) -> State:
    """Save where a ledger stands; one with id 0 is new and gets a number."""
    balance, number = found.balance, found.id or counters.take(tx, "cost_states")
    last_at, last_about = (None, "") if balance.last is None else (to_ms(balance.last[0]), balance.last[1])
    values = (
        number, found.oms, found.sku, str(balance.quantity), _text(balance.average), balance.currency,
        balance.blocked.value if balance.blocked else "", balance.by, " ".join(sorted(balance.flags)), last_at,
        last_about, found.version, _text(found.wanted), _text(found.sent), _text(found.held),
        _text(found.held_quantity), found.held_at, int(found.drift), found.changed_at, found.check_at,
        found.since_checkpoint,
    )  # fmt: skip
    tx.execute(_SAVE_STATE, values)
    return State(**{**{n: getattr(found, n) for n in State.__struct_fields__}, "id": number})


def due_checks(tx: Transaction, oms: str, now: int, after: tuple[int, str], limit: int) -> list[State]:
    """Return the ledgers that are to be compared with the OMS by now, those waiting longest first, behind `after`."""
    sql = (
        "SELECT " + _STATE + " FROM cost_states WHERE oms = ? AND check_at <= ? AND (check_at, sku) > (?, ?) "
        "ORDER BY check_at, sku LIMIT ?"
    )
    return [_state(row) for row in tx.rows(sql, (oms, now, *after, limit))]


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _decimal(text: Any) -> Decimal | None:
    return None if text is None else Decimal(text)


def _document(row: tuple[Any, ...]) -> Document:
    values = dict(zip(Document.__struct_fields__, row, strict=True))
    values |= {"plan_amount": _decimal(values["plan_amount"]), "plan_sent": _decimal(values["plan_sent"])}
    return Document(**values)


def _line(row: tuple[Any, ...]) -> Line:
    values = dict(zip(Line.__struct_fields__, row, strict=True))
    values |= {name: _decimal(values[name]) for name in ("planned", "shown_cost", "edit_cost", "edit_base")}
    return Line(**values)


def _recorded(row: tuple[Any, ...]) -> Recorded:
    (
        oms, sku, key, about, kind, at, revision, document_revision, source, quantity, cost, currency, at_average, moved,
        document_id, line_no, receipt_ref, actor, reason,
    ) = row  # fmt: skip
    event = Event(
        about=about, kind=EventKind(kind), effective_at=from_ms(int(at)), revision=revision,
        document_revision=document_revision, source=Source(source), quantity=Decimal(quantity), unit_cost=_decimal(cost),
        currency=currency, at_average=bool(at_average), moved=bool(moved),
    )  # fmt: skip
    return Recorded(
        oms=oms, sku=sku, key=key, event=event, document_id=document_id, line_no=line_no, receipt_ref=receipt_ref,
        actor=actor, reason=reason,
    )  # fmt: skip


def _state(row: tuple[Any, ...]) -> State:
    (
        number, oms, sku, quantity, average, currency, blocked, by, flags, last_at, last_about, version, wanted, sent,
        held, held_quantity, held_at, drift, changed_at, check_at, since,
    ) = row  # fmt: skip
    balance = Balance(
        quantity=Decimal(quantity), average=_decimal(average), currency=currency,
        blocked=Flag(blocked) if blocked else None, by=by, flags=frozenset(map(Flag, flags.split())),
        last=None if last_at is None else (from_ms(int(last_at)), last_about),
    )  # fmt: skip
    return State(
        id=number, oms=oms, sku=sku, balance=balance, version=version, wanted=_decimal(wanted), sent=_decimal(sent),
        held=_decimal(held), held_quantity=_decimal(held_quantity), held_at=held_at, drift=bool(drift),
        changed_at=changed_at, check_at=check_at, since_checkpoint=since,
    )  # fmt: skip
