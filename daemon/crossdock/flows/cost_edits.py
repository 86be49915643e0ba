"""Costs that people change here: what it would do, guards, a second person, and the writing of it, in the warehouse first."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from crossdock.flows.cost_ledgers import (
    Correction,
    Work,
    enqueue,
    forget_average,
    send_average,
    send_correction,
    subject_of,
)
from crossdock.flows.costs import named, note_plan, plan_again, to_the_ms
from crossdock.rules.cost_edit import guards, needs_second, plan_amount, wrong_currency
from crossdock.rules.cost_ledger import Balance, Event, EventKind, Movement, Source, movements, replay
from crossdock.rules.keys import cost_key
from crossdock.rules.money import BadMoney, check_amount
from crossdock.spec.costs import CostChange, CostKind
from crossdock.store import audit, costs, incidents, operations
from crossdock.store.audit import Entry
from crossdock.store.costs import Document, Line, Recorded
from crossdock.store.times import from_ms, to_ms

if TYPE_CHECKING:
    from crossdock.store.audit import By
    from crossdock.store.costs import State
    from crossdock.store.operations import Operation
    from crossdock.store.store import Transaction


class NotDone(Exception):
    """An edit that is not made; nothing was changed. `code` is for programs, the message for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Edit(Struct, frozen=True, kw_only=True):
    """A new unit cost of a line (planned), or of one receipt of it (actual). It rests on `old` and `version`.

    `confirmed`: the person saw the warnings and means it.
    """

    kind: CostKind
    connection: str
    document: str
    line_no: int
    new: Decimal
    currency: str
    old: Decimal | None
    version: int
    reason: str = ""
    receipt: str | None = None
    confirmed: bool = False


class Effect(Struct, frozen=True, kw_only=True):
    """What an edit does: to the document's planned amount, or to the SKU's average. Nothing was saved."""

    sku: str
    currency: str
    old: Decimal | None
    new: Decimal
    quantity: Decimal
    amount_before: Decimal | None = None
    amount_after: Decimal | None = None
    average_before: Decimal | None = None
    average_after: Decimal | None = None
    blocked_after: str = ""
    warnings: tuple[str, ...] = ()
    second_person_above: Decimal | None = None


class Made(Struct, frozen=True, kw_only=True):
    """What became of an edit: made at once, on its way to the warehouse, or waiting for a second person.

    `note` is what the audit says of it.
    """

    state: Literal["made", "sending", "waiting"]
    text: str
    effect: Effect
    note: Entry
    wake: frozenset[str] = frozenset()


class Target(Struct, frozen=True, kw_only=True):
    """What an edit is about, as it stands now."""

    document: Document
    line: Line
    receipt_ref: str = ""
    movement: Movement | None = None

    @property
    def old(self) -> Decimal | None:
        """The unit cost that stands."""
        return self.line.unit_cost if self.movement is None else self.movement.unit_cost

    @property
    def version(self) -> int:
        """Which one of them."""
        return self.line.version if self.movement is None else self.movement.revision

    @property
    def subject(self) -> str:
        """What an edit on its way to the warehouse is about; one at a time."""
        part = f"receipt {self.receipt_ref}" if self.movement else "plan"
        return f"cost:edit:{self.document.ref}:{self.line.line_no}:{part}"


def preview(tx: Transaction, edit: Edit, work: Work) -> Effect:
    """Say what an edit would do. Raises NotDone for one that can never be made."""
    target = _target(tx, edit)
    _check(tx, edit, target)
    return _effect(tx, edit, target, work)


def make(tx: Transaction, edit: Edit, work: Work, *, by: By, writes: frozenset[str], approved: bool = False) -> Made:
    """Make an edit, in one transaction with its audit. `writes` names the connections that take costs written.

    One that needs a second person is only looked at: it is `waiting`, and nothing was changed. One that was `approved` is
    audited with its approval.

    Where the warehouse takes them it is written there first, and holds here once the warehouse has it: its document stays
    the truth. Raises NotDone.
    """
    target = _target(tx, edit)
    _check(tx, edit, target)
    _check_current(tx, edit, target)
    effect = _effect(tx, edit, target, work)
    if effect.warnings and not edit.confirmed:
        raise NotDone("unconfirmed", "; ".join(effect.warnings) + ". Say --confirm if it is meant")
    at, note = to_ms(work.now), _note(edit, target, by)
    if effect.second_person_above is not None and not approved:
        text = f"the change is worth more than {effect.second_person_above} {edit.currency}, so a second person has to agree"
        return Made(state="waiting", text=text, effect=effect, note=note)
    if not approved:
        audit.write(tx, note, at)
    actor = by.actor
    if edit.connection in writes:
        _write_there(tx, edit, target, work, actor)
        text = f"it is written to {edit.connection}, and counts as soon as {edit.connection} has it"
        return Made(state="sending", text=text, effect=effect, wake=frozenset(work.wake), note=note)
    _apply(tx, edit, target, work, actor)
    text = f"saved here; the connector of {edit.connection} cannot write costs, so enter it there too"
    return Made(state="made", text=text, effect=effect, wake=work.follow_up(tx), note=note)


def settle_drift(
    tx: Transaction, oms: str, sku: str, work: Work, *, take_theirs: bool, reason: str, by: By
) -> frozenset[str]:
    """Let a person end a drift: the ledger takes over what the OMS holds, or the OMS is given the ledger's again.

    Raises NotDone.
    """
    state = costs.state(tx, oms, sku)
    if state is None or not (state.drift or state.balance.blocked):
        raise NotDone("not_found", f"the ledger of SKU {sku} and {oms} do not differ; there is nothing to settle")
    if not take_theirs and work.costing.keeps(oms).actual != "set_average":
        raise NotDone(
            "refused", f"{oms} computes its averages itself; correct the receipts there, or take its average over"
        )
    if take_theirs and state.held is None:
        raise NotDone("refused", _nothing_to_take(state))
    at = to_ms(work.now)
    before = state.balance.average
    settled = costs.save_state(tx, replace(state, drift=False, sent=state.held, wanted=state.held))
    forget_average(tx, state, at)
    incidents.heal(tx, subject_of(state), at, operation="cost_drift")
    if take_theirs and state.held is not None:
        held = (state.held, state.held_quantity, state.balance.currency)
        set_average(tx, work, oms, sku, *held, actor=by.actor, reason=reason)
    else:
        send_average(tx, work, settled)
    entry = by.entry(
        object=f"{oms}/{sku}", before="" if before is None else str(before), reason=reason,
        after=str(state.held) if take_theirs else "the ledger's average is written again",
    )  # fmt: skip
    audit.write(tx, entry, at)
    return frozenset(work.wake)


def _nothing_to_take(state: State) -> str:
    if state.held_at is None:
        return (
            f"{state.oms} was not asked yet what average it holds of SKU {state.sku}; it is asked by itself, at "
            f"{from_ms(state.check_at):%Y-%m-%d %H:%M} UTC at the earliest, and what it says can be taken over then"
        )
    return f"{state.oms} holds no average of SKU {state.sku} that could be taken over"


def set_average(
    tx: Transaction,
    work: Work,
    oms: str,
    sku: str,
    average: Decimal,
    quantity: Decimal | None,
    currency: str | None,
    *,
    actor: str,
    reason: str,
) -> State | None:
    """Set the average of a ledger from now on, and the quantity if it is known; ends every block."""
    at = to_ms(work.now)
    about = named(oms, sku, f"set {at}")
    event = Event(
        about=about, kind=EventKind.MANUAL_SET, effective_at=to_the_ms(work.now), quantity=max(quantity or Decimal(0), Decimal(0)),
        unit_cost=average, currency=currency, source=Source.CROSSDOCK,
    )  # fmt: skip
    key = cost_key("EVENT", about, str(average), "SET")
    work.record(tx, Recorded(oms=oms, sku=sku, key=key, event=event, actor=actor, reason=reason), known=False)
    work.follow_up(tx)
    return costs.state(tx, oms, sku)


def edit_settled(tx: Transaction, work: Work, operation: Operation, change: CostChange, *, done: bool) -> None:
    """The warehouse took an edit, or did not: only what it has counts here."""
    document = costs.document_by_id(tx, operation.entity_id)
    if document is None or not done:
        return
    edit = Edit(
        kind=change.kind, connection=document.connection, document=document.ref, line_no=change.line_no or 0,
        new=change.new, currency=change.currency, old=change.old, version=change.version - 1, reason=change.reason,
        receipt=change.receipt_ref,
    )  # fmt: skip
    try:
        target = _target(tx, edit)
    except NotDone:
        return
    if target.version < change.version:  # else its own listing was quicker
        _apply(tx, edit, target, work, operation.actor)
    work.follow_up(tx)


def still_holds(tx: Transaction, operation: Operation) -> bool:
    """Tell whether a cost that was refused is still what is to be written: nothing was changed or agreed on since."""
    change = msgspec.json.decode(operation.body, type=CostChange)
    if change.document_ref is None:
        state = costs.state(tx, operation.connection, change.sku or "")
        return state is not None and (state.wanted, state.version) == (change.new, change.version)
    document = costs.document_by_id(tx, operation.entity_id)
    if document is None:
        return False
    if change.line_no is None:
        return (document.plan_amount, document.plan_version) == (change.new, change.version)
    edit = Edit(
        kind=change.kind, connection=document.connection, document=document.ref, line_no=change.line_no, new=change.new,
        currency=change.currency, old=change.old, version=change.version, receipt=change.receipt_ref,
    )  # fmt: skip
    try:
        target = _target(tx, edit)
    except NotDone:
        return False
    if operation.subject == target.subject:  # an edit on its way to the warehouse rests on the version before it
        return (target.old, target.version + 1) == (change.old, change.version)
    return (target.old, target.version) == (change.new, change.version)


def _target(tx: Transaction, edit: Edit) -> Target:
    document = costs.document(tx, edit.connection, edit.document)
    if document is None:
        raise NotDone("not_found", f"no inbound document {edit.document} of {edit.connection} is known here")
    line = next((each for each in costs.lines(tx, document.id) if each.line_no == edit.line_no), None)
    if line is None:
        raise NotDone("not_found", f"document {edit.document} has no line {edit.line_no}")
    if edit.kind is CostKind.PLANNED:
        return Target(document=document, line=line)
    found = receipts_of(tx, document, edit.line_no)
    if edit.receipt is not None:
        found = {ref: movement for ref, movement in found.items() if ref == edit.receipt}
    if not found:
        raise NotDone("not_found", f"line {edit.line_no} of document {edit.document} has no such receipt")
    if len(found) > 1:
        names = ", ".join(sorted(found))
        raise NotDone("ambiguous", f"line {edit.line_no} has {len(found)} receipts ({names}); name one with --receipt")
    ((ref, movement),) = found.items()
    return Target(document=document, line=line, receipt_ref=ref, movement=movement)


def receipts_of(tx: Transaction, document: Document, line_no: int | None = None) -> dict[str, Movement]:
    """Return a document's receipts (of one line) by their reference, as they stand now."""
    heard = costs.events_of_document(tx, document.id)
    refs = {each.event.about: each.receipt_ref for each in heard if line_no in (None, each.line_no)}
    found = movements(each.event for each in heard)
    return {ref: each for each in found if (ref := refs.get(each.about)) is not None}


def _check(tx: Transaction, edit: Edit, target: Target) -> None:
    try:
        check_amount(edit.new, edit.currency, what="the unit cost")
    except BadMoney as error:
        raise NotDone("not_valid", str(error)) from None
    state = _state(tx, target)
    ledger = None if edit.kind is CostKind.PLANNED or state is None else state.balance.currency
    if (wrong := wrong_currency(edit.currency, target.document.currency, ledger)) is not None:
        raise NotDone("not_valid", wrong)


def _check_current(tx: Transaction, edit: Edit, target: Target) -> None:
    if (target.old, target.version) != (edit.old, edit.version):
        raise NotDone(
            "version",
            f"the cost of line {edit.line_no} of document {edit.document} was changed meanwhile (it is at version "
            f"{target.version} now); nothing was overwritten. Look at it again with `crossdock costs show`",
        )
    if operations.open_of(tx, edit.connection, target.subject):
        raise NotDone(
            "version", f"an earlier change of this cost is on its way to {edit.connection}; wait for it to end"
        )


def _state(tx: Transaction, target: Target) -> State | None:
    return costs.state(tx, target.document.oms, target.line.sku)


def _effect(tx: Transaction, edit: Edit, target: Target, work: Work) -> Effect:
    state, policy = _state(tx, target), work.costing.policy
    balance = Balance() if state is None else state.balance
    effect = Effect(
        sku=target.line.sku, currency=edit.currency, old=target.old, new=edit.new, quantity=target.line.planned,
        average_before=balance.average, average_after=balance.average,
        warnings=tuple(guards(edit.new, edit.currency, balance.average, balance.currency, policy)),
    )  # fmt: skip
    if target.movement is None:
        lines = [
            (e.planned, edit.new if e.line_no == edit.line_no else e.unit_cost)
            for e in costs.lines(tx, target.document.id)
        ]
        after = plan_amount(lines, edit.currency)
        return replace(effect, amount_before=target.document.plan_amount, amount_after=after)
    revised = _revised(edit, target, target.movement)
    events = costs.events_of_sku(tx, target.document.oms, target.line.sku)
    after_all = replay([*events, revised], policy.empty_stock)
    quantity = target.movement.quantity
    return replace(
        effect, quantity=quantity, average_after=after_all.average,
        blocked_after=after_all.blocked.value if after_all.blocked else "",
        second_person_above=needs_second(target.old, edit.new, quantity, edit.currency, policy),
    )  # fmt: skip


def _revised(edit: Edit, target: Target, movement: Movement) -> Event:
    return Event(
        about=movement.about, kind=EventKind.COST_REVISION, effective_at=movement.effective_at,
        revision=target.version + 1, document_revision=target.document.revision, source=Source.CROSSDOCK,
        quantity=movement.quantity, unit_cost=edit.new, currency=edit.currency, at_average=movement.at_average,
        moved=movement.moved,
    )  # fmt: skip


def _write_there(tx: Transaction, edit: Edit, target: Target, work: Work, actor: str) -> None:
    parts = (edit.connection, edit.document, str(edit.line_no), target.receipt_ref, str(target.version + 1))
    change = CostChange(
        key=cost_key("EDIT", *parts, str(edit.new), str(to_ms(work.now)), edit.kind.value), kind=edit.kind, new=edit.new,
        currency=edit.currency, version=target.version + 1, old=target.old, document_ref=edit.document,
        line_no=edit.line_no, receipt_ref=target.receipt_ref or None, sku=target.line.sku,
        warehouse=target.document.warehouse, reason=edit.reason, actor=actor,
    )  # fmt: skip
    operations.supersede(tx, edit.connection, target.subject, "cost", to_ms(work.now))
    enqueue(tx, work, edit.connection, target.subject, target.document.id, change)


def _apply(tx: Transaction, edit: Edit, target: Target, work: Work, actor: str) -> None:
    document, line = target.document, target.line
    if target.movement is None:
        saved = replace(line, edit_cost=edit.new, edit_base=line.shown_cost, edited=1, version=line.version + 1)
        if document.currency is None:
            document = costs.save_document(tx, replace(document, currency=edit.currency))
        costs.save_lines(tx, [saved])
        note_plan(tx, work, document, saved, actor=actor, reason=edit.reason)
        plan_again(tx, work, document, actor=actor, reason=edit.reason)
        return
    event = _revised(edit, target, target.movement)
    key = cost_key("EVENT", event.about, "COST", str(event.revision), "CROSSDOCK")
    recorded = Recorded(
        oms=document.oms, sku=line.sku, key=key, event=event, document_id=document.id, line_no=line.line_no,
        receipt_ref=target.receipt_ref, actor=actor, reason=edit.reason,
    )  # fmt: skip
    if work.record(tx, recorded, known=True):
        found = Correction(
            receipt_ref=target.receipt_ref, line_no=line.line_no, sku=line.sku, old=target.old, new=edit.new,
            currency=edit.currency, revision=event.revision,
        )  # fmt: skip
        send_correction(tx, work, document, found)


def _note(edit: Edit, target: Target, by: By) -> Entry:
    what = f"{edit.connection}/{edit.document} line {edit.line_no}"
    if target.receipt_ref:
        what += f" receipt {target.receipt_ref}"
    before = {"unit_cost": target.old, "currency": target.document.currency, "version": target.version}
    after = {"unit_cost": edit.new, "currency": edit.currency, "version": target.version + 1}
    return by.entry(
        object=what, reason=edit.reason, before=msgspec.json.encode(before).decode(),
        after=msgspec.json.encode(after).decode(),
    )  # fmt: skip
