"""Costs: documents, ledgers, edits with their preview, second persons, drift."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from crossdock.control.permissions import Right
from crossdock.control.problems import ApiProblem, conflict, not_found, not_valid
from crossdock.control.records import costs as records
from crossdock.control.shown import proposed
from crossdock.flows.cost_edits import Edit, NotDone, receipts_of
from crossdock.flows.cost_ledgers import shown
from crossdock.rules.money import to_unit
from crossdock.spec.costs import CostKind
from crossdock.store import costs, operations
from crossdock.store.times import from_ms

if TYPE_CHECKING:
    from decimal import Decimal

    from crossdock.control.route import Call
    from crossdock.flows.cost_edits import Effect, Made
    from crossdock.rules.cost_ledger import Movement
    from crossdock.store.approvals import Approval
    from crossdock.store.costs import Document, Line, State
    from crossdock.store.store import Transaction

HISTORY = 100
"""Events of a SKU shown, at most."""


async def list_cost_documents(call: Call[None, records.CostDocumentQuery]) -> records.CostDocumentPage:
    """List inbound documents with their planned amounts."""
    query = call.query
    if query.text is not None:
        found = await call.engine.store.read(costs.find, query.text, query.connection)
        return records.CostDocumentPage(items=tuple(map(_item, found)))
    page = await call.engine.store.read(costs.page, query.after, query.limit, query.connection, newest=query.newest)
    more = page[-1].id if len(page) == query.limit else None
    return records.CostDocumentPage(items=tuple(map(_item, page)), next=more)


async def show_cost_document(call: Call[None, records.CostLinesQuery]) -> records.CostDocument:
    """Show an inbound document with the costs of its lines and receipts."""
    found = await call.engine.store.read(_document, call.path["connection"], call.path["ref"], call.query)
    if found is None:
        raise not_found(f"no inbound document {call.path['ref']} of {call.path['connection']} is known here")
    return found


async def list_skus(call: Call[None, records.SkuCostQuery]) -> records.SkuCostPage:
    """List where the cost ledgers of SKUs stand."""
    query = call.query
    page = await call.engine.store.read(
        costs.states, query.after, query.limit + 1, query.sku, unsettled=query.unsettled
    )
    more = page[query.limit - 1].id if len(page) > query.limit else None
    return records.SkuCostPage(items=tuple(map(_sku_item, page[: query.limit])), next=more)


async def show_sku(call: Call[None, object]) -> records.SkuCost:
    """Show where a SKU's cost ledger stands, and its newest events."""
    found = await call.engine.store.read(_sku, call.path["connection"], call.path["ref"])
    if found is None:
        raise not_found(f"there is no cost ledger of SKU {call.path['ref']} for the OMS {call.path['connection']}")
    return found


async def preview(call: Call[records.CostPreview, object]) -> records.CostEffect:
    """Say what a new unit cost would do; nothing is saved."""
    body = call.body
    edit = Edit(
        kind=CostKind(body.kind), connection=body.connection, document=body.document, line_no=body.line_no,
        new=body.unit_cost, currency=body.currency, old=None, version=0, receipt=body.receipt,
    )  # fmt: skip
    try:
        return _effect(await call.requests.costs.preview(edit))
    except NotDone as error:
        raise _problem(error) from None


async def edit_plan(call: Call[records.CostEdit, object]) -> records.CostEdited:
    """Change a planned unit cost: in the warehouse, and the planned amount in the OMS."""
    if call.body.receipt is not None:
        raise not_valid("a planned cost belongs to a line, not to a receipt")
    return await _edit(call, CostKind.PLANNED)


async def edit_actual(call: Call[records.CostEdit, object]) -> records.CostEdited:
    """Change what received goods really cost: in the warehouse, and the average purchase price in the OMS."""
    return await _edit(call, CostKind.ACTUAL)


async def settle_drift(call: Call[records.SettleDrift, object]) -> records.SkuCost:
    """End a drift between the ledger and the OMS, one way or the other."""
    body = call.body
    theirs = body.decision == "take_theirs"
    try:
        await call.requests.costs.settle_drift(
            body.oms, body.sku, take_theirs=theirs, reason=body.reason, by=call.audited()
        )
    except NotDone as error:
        raise _problem(error) from None
    found = await call.engine.store.read(_sku, body.oms, body.sku)
    assert found is not None  # it was settled just now
    return found


async def _edit(call: Call[records.CostEdit, object], kind: CostKind) -> records.CostEdited:
    body = call.body
    edit = Edit(
        kind=kind, connection=body.connection, document=body.document, line_no=body.line_no, new=body.unit_cost,
        currency=body.currency, old=body.old, version=body.version, reason=body.reason, receipt=body.receipt,
        confirmed=body.confirmed,
    )  # fmt: skip
    try:
        made, kept = await call.requests.costs.edit(edit, call.audited())
    except NotDone as error:
        if error.code == "unconfirmed" and not call.may(Right.COST_VIEW):
            text = "the cost is far from the average purchase price, or zero; say so if it is meant (confirmed)"
            raise conflict(error.code, text) from None
        raise _problem(error) from None
    return _edited(made, kept, show=call.may(Right.COST_VIEW))


def _edited(made: Made, kept: Approval | None, *, show: bool) -> records.CostEdited:
    effect = _effect(made.effect) if show else None
    if kept is None:
        return records.CostEdited(state=made.state, text=made.text, effect=effect)
    text = f"{made.text}; {proposed(kept)}"
    return records.CostEdited(state=made.state, text=text, approval=kept.id, effect=effect)


def _problem(error: NotDone) -> ApiProblem:
    match error.code:
        case "not_found":
            return not_found(str(error))
        case "not_valid" | "ambiguous":
            return not_valid(str(error))
        case "refused":
            return ApiProblem(HTTPStatus.UNPROCESSABLE_ENTITY, "refused", str(error))
        case "version":
            return conflict("changed_meanwhile", str(error))
        case _:
            return conflict(error.code, str(error))


def _effect(found: Effect) -> records.CostEffect:
    plain = {name: getattr(found, name) for name in records.CostEffect.__struct_fields__}
    for name in ("average_before", "average_after"):
        plain[name] = _rounded(plain[name], found.currency)
    return records.CostEffect(**plain)


def _rounded(average: Decimal | None, currency: str | None) -> Decimal | None:
    return None if average is None or currency is None else to_unit(average, currency)


def _item(found: Document) -> records.CostDocumentItem:
    fields = records.CostDocumentItem.__struct_fields__
    return records.CostDocumentItem(**{name: getattr(found, name) for name in fields})


def _sku_item(found: State) -> records.SkuCostItem:
    balance = found.balance
    return records.SkuCostItem(
        oms=found.oms, sku=found.sku, currency=balance.currency, quantity=balance.quantity,
        average=_rounded(balance.average, balance.currency), blocked=balance.blocked.value if balance.blocked else "",
        flags=tuple(sorted(flag.value for flag in balance.flags)), sent=found.sent, held=found.held, drift=found.drift,
    )  # fmt: skip


def _document(tx: Transaction, connection: str, ref: str, query: records.CostLinesQuery) -> records.CostDocument | None:
    found = costs.document(tx, connection, ref)
    if found is None:
        return None
    receipts = receipts_of(tx, found)
    lines_of = {each.event.about: each.line_no for each in costs.events_of_document(tx, found.id)}
    lines = []
    page = costs.lines(tx, found.id, query.after, -1 if query.limit is None else query.limit + 1)
    shown_lines = page[: query.limit]
    for line in shown_lines:
        mine = {name: each for name, each in receipts.items() if lines_of[each.about] == line.line_no}
        state = costs.state(tx, found.oms, line.sku)
        lines.append(_line(tx, found, line, mine, state))
    more = shown_lines[-1].line_no if len(page) > len(shown_lines) else None
    return records.CostDocument(document=_item(found), lines=tuple(lines), next=more)


def _line(
    tx: Transaction, found: Document, line: Line, receipts: dict[str, Movement], state: State | None
) -> records.CostLine:
    def pending(part: str) -> bool:
        return bool(operations.open_of(tx, found.connection, f"cost:edit:{found.ref}:{line.line_no}:{part}"))

    shown_receipts = tuple(
        records.CostReceipt(
            ref=name, quantity=each.quantity, unit_cost=each.unit_cost, version=each.revision, pending=pending(f"receipt {name}"),
        )
        for name, each in receipts.items()
    )  # fmt: skip
    planned = pending("plan")
    balance = None if state is None else state.balance
    return records.CostLine(
        line_no=line.line_no, sku=line.sku, planned=line.planned, plan_unit_cost=line.unit_cost, version=line.version,
        receipts=shown_receipts, pending=planned or any(each.pending for each in shown_receipts), plan_pending=planned,
        average=None if balance is None else _rounded(balance.average, balance.currency),
        average_currency=None if balance is None else balance.currency,
        flags=() if balance is None else tuple(sorted(flag.value for flag in balance.flags)),
    )  # fmt: skip


def _sku(tx: Transaction, oms: str, sku: str) -> records.SkuCost | None:
    state = costs.state(tx, oms, sku)
    if state is None:
        return None
    balance = state.balance
    events = tuple(
        records.SkuEvent(
            kind=each.event.kind.value, about=shown(each.event.about), at=each.event.effective_at, recorded_at=recorded_at,
            quantity=each.event.quantity, unit_cost=each.event.unit_cost, revision=each.event.revision,
            actor=each.actor, reason=each.reason,
        )
        for each, recorded_at in costs.history(tx, oms, sku, HISTORY)
    )  # fmt: skip
    return records.SkuCost(
        oms=oms, sku=sku, currency=balance.currency, quantity=balance.quantity,
        average=_rounded(balance.average, balance.currency), blocked=balance.blocked.value if balance.blocked else "",
        blocked_by=shown(balance.by), flags=tuple(sorted(flag.value for flag in balance.flags)), sent=state.sent,
        held=state.held, drift=state.drift, events=events, held_at=from_ms(state.held_at),
    )  # fmt: skip
