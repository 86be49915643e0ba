"""Let a SKU's ledger follow its events, and have what follows from it written to the OMS: at most one average at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from crossdock.rules.cost_ledger import Balance, EmptyStock, Flag, follow, movements
from crossdock.rules.keys import cost_key
from crossdock.rules.money import to_unit
from crossdock.spec.costs import CostChange, CostKind
from crossdock.store import cost_checkpoints, costs, incidents, operations
from crossdock.store.costs import Document, State
from crossdock.store.incidents import Cause, Trouble
from crossdock.store.operations import NewOperation
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from crossdock.rules.cost_edit import CostPolicy
    from crossdock.rules.cost_ledger import Event, Movement
    from crossdock.store.costs import Recorded
    from crossdock.store.store import Transaction

KIND = "cost"
"""The kind of the operations that write costs, and what their incidents are about."""
CHECKPOINT = 200
"""Movements of a ledger between two checkpoints: a late one has no more than about so many replayed before it."""


class Keeps(Struct, frozen=True):
    """Which costs an OMS keeps: planned amounts; average purchase prices that it computes itself, or is given."""

    planned: bool
    actual: Literal["receipts", "set_average"] | None


@dataclass(frozen=True)
class Costing:
    """How costs go. `oms_of` names the OMS that the goods of a WMS connection's warehouse belong to (None: there is none
    that keeps costs); `keeps` says what it keeps, also while it is not reached.
    """

    policy: CostPolicy
    oms_of: Callable[[str, str], str | None]
    keeps: Callable[[str], Keeps]


@dataclass
class Work:
    """What one unit of work touches: each ledger is followed once, at its end. `wake`: connections with operations."""

    costing: Costing
    now: datetime
    fresh: dict[tuple[str, str], list[Event]] = field(default_factory=dict)
    again: set[tuple[str, str]] = field(default_factory=set)
    wake: set[str] = field(default_factory=set)

    def record(self, tx: Transaction, found: Recorded, *, known: bool) -> bool:
        """Add an event; `known`: something was heard of the same receipt before, so that the ledger is replayed from there.

        All events about one thing have the same time.
        """
        if not costs.record(tx, found, to_ms(self.now)):
            return False
        ledger = (found.oms, found.sku)
        self.fresh.setdefault(ledger, []).append(found.event)
        if known:
            self.again.add(ledger)
        return True

    def follow_up(self, tx: Transaction) -> frozenset[str]:
        """Let every touched ledger follow; return the connections that have operations to carry out now."""
        for (oms, sku), events in sorted(self.fresh.items(), key=lambda item: item[0]):
            advance(tx, self, oms, sku, events, known=(oms, sku) in self.again)
        return frozenset(self.wake)


def advance(tx: Transaction, work: Work, oms: str, sku: str, events: Sequence[Event], *, known: bool) -> State:
    """Bring a ledger up to date with new events: by them alone where all come last, else by a replay from before them."""
    at = to_ms(work.now)
    before = costs.state(tx, oms, sku) or State(
        id=0, oms=oms, sku=sku, balance=Balance(), version=0, wanted=None, sent=None, held=None, held_quantity=None,
        held_at=None, drift=False, changed_at=at, check_at=at,
    )  # fmt: skip
    policy, first = work.costing.policy, min((each.effective_at, each.about) for each in events)
    if not known and (before.balance.last is None or first > before.balance.last):
        state = _follow(tx, before, movements(events), policy.empty_stock)
    else:
        cost_checkpoints.drop(tx, oms, sku, first)
        start = cost_checkpoints.before(tx, oms, sku, first)
        later = movements(costs.events_of_sku(tx, oms, sku, start.last))
        state = _follow(tx, replace(before, balance=start, since_checkpoint=0), later, policy.empty_stock)
    if state.balance != before.balance:
        state = replace(state, changed_at=at, check_at=at + int(policy.check_after_s * 1000))
    state = costs.save_state(tx, state)
    _tell_blocked(tx, state, at)
    return send_average(tx, work, state)


def _follow(tx: Transaction, state: State, later: Sequence[Movement], policy: EmptyStock) -> State:
    """Go on, and leave a checkpoint every so many movements."""
    balance, since = state.balance, state.since_checkpoint
    for chunk in _chunks(later):
        balance, since = follow(balance, chunk, policy), since + len(chunk)
        if since >= CHECKPOINT:
            cost_checkpoints.keep(tx, state.oms, state.sku, balance)
            since = 0
    return replace(state, balance=balance, since_checkpoint=since)


def _chunks(later: Sequence[Movement]) -> list[Sequence[Movement]]:
    return [later[start : start + CHECKPOINT] for start in range(0, len(later), CHECKPOINT)]


def send_average(tx: Transaction, work: Work, state: State) -> State:
    """Have the average written where the OMS is given it, if it is another than the last one, once rounded."""
    balance = state.balance
    if work.costing.keeps(state.oms).actual != "set_average" or state.drift:
        return state
    if balance.average is None or balance.currency is None:
        return state
    new = to_unit(balance.average, balance.currency)
    if new == state.wanted:
        return state
    at, subject = to_ms(work.now), _average_of(state)
    forget_average(tx, state, at)
    before = operations.open_of(tx, state.oms, subject)
    old = msgspec.json.decode(before[-1].body, type=CostChange).new if before else state.sent
    saved = costs.save_state(tx, replace(state, version=state.version + 1, wanted=new))
    change = CostChange(
        key=cost_key("COST", state.oms, state.sku, str(saved.version), "REAL"), kind=CostKind.ACTUAL, new=new,
        currency=balance.currency, version=saved.version, old=old, sku=state.sku,
    )  # fmt: skip
    enqueue(tx, work, state.oms, subject, saved.id, change)
    return saved


def forget_average(tx: Transaction, state: State, at: int) -> None:
    """Take back averages that the OMS surely does not have, queued or refused: another one takes their place."""
    operations.supersede(tx, state.oms, _average_of(state), KIND, at)


def _average_of(state: State) -> str:
    return f"cost:average:{state.sku}"


def send_plan(tx: Transaction, work: Work, document: Document, *, actor: str = "", reason: str = "") -> None:
    """Have the planned amount of a document written to its OMS, as an absolute value: the last revision wins."""
    amount, currency = document.plan_amount, document.currency
    key = cost_key("COST", document.oms, document.connection, document.ref, str(document.plan_version), "PLAN")
    if amount is None or currency is None or not work.costing.keeps(document.oms).planned:
        return
    if operations.by_key(tx, key) is not None:
        return
    subject = f"cost:plan:{document.connection}:{document.ref}"
    operations.supersede(tx, document.oms, subject, KIND, to_ms(work.now))
    change = CostChange(
        key=key, kind=CostKind.PLANNED, new=amount, currency=currency, version=document.plan_version,
        document_ref=document.ref, warehouse=document.warehouse, reason=reason, actor=actor,
    )  # fmt: skip
    enqueue(tx, work, document.oms, subject, document.id, change)


class Correction(Struct, frozen=True, kw_only=True):
    """What a receipt cost after all, for an OMS that computes the average itself."""

    receipt_ref: str
    line_no: int
    sku: str
    old: Decimal | None
    new: Decimal
    currency: str
    revision: int


def send_correction(tx: Transaction, work: Work, document: Document, found: Correction) -> None:
    """Have the cost of a receipt corrected in an OMS that computes the average; the receipt itself is never sent again."""
    if work.costing.keeps(document.oms).actual != "receipts":
        return
    receipt = (document.connection, document.ref, str(found.line_no), found.receipt_ref)
    parts = (*receipt, str(found.revision), str(document.revision))
    key = cost_key("COST", document.oms, *parts, str(found.new), "REAL")
    if operations.by_key(tx, key) is not None:
        return
    subject = f"cost:receipt:{document.connection}:{document.ref}:{found.receipt_ref}"
    skipped = operations.supersede(tx, document.oms, subject, KIND, to_ms(work.now))
    change = CostChange(
        key=key, kind=CostKind.ACTUAL, new=found.new,
        currency=found.currency, version=found.revision, old=None if skipped else found.old, document_ref=document.ref,
        line_no=found.line_no, receipt_ref=found.receipt_ref, sku=found.sku, warehouse=document.warehouse,
    )  # fmt: skip
    enqueue(tx, work, document.oms, subject, document.id, change)


def enqueue(tx: Transaction, work: Work, connection: str, subject: str, entity: int, change: CostChange) -> None:
    """Write a change of a cost into the outbox, in the transaction of what it follows from."""
    operation = NewOperation(
        connection=connection, kind=KIND, subject=subject, entity_id=entity, revision=change.version, key=change.key,
        body=msgspec.json.encode(change), actor=change.actor,
    )  # fmt: skip
    if operations.enqueue(tx, operation, to_ms(work.now)):
        work.wake.add(connection)


_BLOCKED = {
    Flag.UNKNOWN_COST: (
        "the cost of goods that were received is not known, so no average purchase price can be told. The receipt stands. "
        "Enter the real cost in the warehouse, or with `crossdock costs set-actual`"
    ),
    Flag.OTHER_CURRENCY: (
        "the cost of goods that were received is in another currency than the average purchase price, and there is no rate "
        "to convert it by. The receipt stands. Enter the cost in the currency of the average"
    ),
    Flag.EMPTY_STOCK: (
        "goods were received while there was no stock, and costs.empty_stock is block, so no average purchase price can be "
        "told. Take over what the OMS holds with `crossdock costs settle-drift`"
    ),
}


def _tell_blocked(tx: Transaction, state: State, at: int) -> None:
    subject, blocked = subject_of(state), state.balance.blocked
    incidents.heal(tx, subject, at, operation="cost_average")
    if blocked is None:
        return
    trouble = Trouble(
        cause=Cause.VALIDATION, connection=state.oms, operation="cost_average", code=blocked.value,
        text=_BLOCKED[blocked],
    )  # fmt: skip
    incidents.report(tx, trouble, subject, at, f"SKU {state.sku}, since receipt {shown(state.balance.by)}")


def subject_of(state: State) -> str:
    """Name a ledger for incidents."""
    return f"sku:{state.oms}/{state.sku}"


def shown(about: str) -> str:
    """Say what an event is about, for people: connection, document, receipt."""
    return "/".join(about.split("\x1f")[:3])
