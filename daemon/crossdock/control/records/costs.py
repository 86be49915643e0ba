"""Costs as the control API shows and takes them. Amounts are exact decimals, written as strings."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

from crossdock.control.records.base import ConnectionName, Limit, Reason
from crossdock.spec.orders import Currency, Ref

LineNo = Annotated[int, Meta(ge=0, le=2**31)]
Version = Annotated[int, Meta(ge=0, le=2**62)]


class CostDocumentQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which documents, oldest first, or `newest` first. `text`: only those with this number, at most 20, oldest first."""

    text: Ref | None = None
    connection: ConnectionName | None = None
    newest: bool = False
    after: Annotated[int, Meta(ge=0, le=2**62)] = 0
    limit: Limit = 50


class CostLinesQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which lines of a document: all of them, or `limit` behind the line number `after`."""

    after: Annotated[int, Meta(ge=-1, le=2**31)] = -1
    limit: Limit | None = None


class CostDocumentItem(Struct, frozen=True, kw_only=True):
    """An inbound document in a list. `plan_sent` is the planned amount that the OMS has."""

    connection: str
    ref: str
    number: str
    kind: str
    warehouse: str
    oms: str
    currency: str | None
    plan_amount: Decimal | None
    plan_sent: Decimal | None


class CostDocumentPage(Struct, frozen=True, kw_only=True):
    """One page of documents; `next` goes on behind it."""

    items: tuple[CostDocumentItem, ...]
    next: int | None = None


class CostReceipt(Struct, frozen=True, kw_only=True):
    """What arrived of a line, and what a unit really cost (None: not known). `version` goes into an edit of it.

    `pending`: such an edit is being written to the warehouse.
    """

    ref: str
    quantity: Decimal
    unit_cost: Decimal | None
    version: int
    pending: bool = False


class CostLine(Struct, frozen=True, kw_only=True):
    """One line: the planned unit cost (`version` goes into an edit of it), the receipts, and where the SKU stands.

    `average` and `flags` are those of the SKU's ledger, not of the line. `pending`: the planned cost, or that of a receipt, is
    being written to the warehouse; `plan_pending`: the planned one.
    """

    line_no: int
    sku: str
    planned: Decimal
    plan_unit_cost: Decimal | None
    version: int
    receipts: tuple[CostReceipt, ...]
    average: Decimal | None
    average_currency: str | None
    flags: tuple[str, ...]
    pending: bool = False
    plan_pending: bool = False


class CostDocument(Struct, frozen=True, kw_only=True):
    """An inbound document with the costs of its lines; `next` goes on behind them, where a limit was given."""

    document: CostDocumentItem
    lines: tuple[CostLine, ...]
    next: int | None = None


class SkuCostQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which ledgers: of a SKU; `unsettled`: only those that a person has to settle (a drift, or an average that is blocked)."""

    sku: Ref | None = None
    unsettled: bool = False
    after: Annotated[int, Meta(ge=0, le=2**62)] = 0
    limit: Limit = 50


class SkuCostItem(Struct, frozen=True, kw_only=True):
    """Where a SKU's ledger stands, what was sent of it, and what the OMS holds."""

    oms: str
    sku: str
    currency: str | None
    quantity: Decimal
    average: Decimal | None
    blocked: str
    flags: tuple[str, ...]
    sent: Decimal | None
    held: Decimal | None
    drift: bool


class SkuCostPage(Struct, frozen=True, kw_only=True):
    """One page of ledgers; `next` goes on behind it."""

    items: tuple[SkuCostItem, ...]
    next: int | None = None


class SkuEvent(Struct, frozen=True, kw_only=True):
    """One event of a SKU's ledger. `at` is from when on it counts, `recorded_at` when it was heard of or entered."""

    kind: str
    about: str
    at: datetime
    recorded_at: datetime
    quantity: Decimal
    unit_cost: Decimal | None
    revision: int
    actor: str
    reason: str


class SkuCost(Struct, frozen=True, kw_only=True):
    """Where a SKU's ledger stands, what was sent of it, what the OMS holds, and its events, the last recorded first.

    `held_at` None: the OMS was not asked yet what it holds.
    """

    oms: str
    sku: str
    currency: str | None
    quantity: Decimal
    average: Decimal | None
    blocked: str
    blocked_by: str
    flags: tuple[str, ...]
    sent: Decimal | None
    held: Decimal | None
    drift: bool
    events: tuple[SkuEvent, ...]
    held_at: datetime | None = None


class CostPreview(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What would this unit cost do? `receipt` names the receipt where the line has several (actual only)."""

    kind: Literal["planned", "actual"]
    connection: ConnectionName
    document: Ref
    line_no: LineNo
    unit_cost: Decimal
    currency: Currency
    receipt: Ref | None = None


class CostEdit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new unit cost. `old` (null: not known) and `version` are what you saw: if they changed meanwhile nothing is done."""

    connection: ConnectionName
    document: Ref
    line_no: LineNo
    unit_cost: Decimal
    currency: Currency
    old: Decimal | None
    version: Version
    reason: Reason
    receipt: Ref | None = None
    confirmed: bool = False


class CostEffect(Struct, frozen=True, kw_only=True):
    """What an edit does: amounts of a plan, averages of an actual cost. `warnings` have to be confirmed."""

    sku: str
    currency: str
    old: Decimal | None
    new: Decimal
    quantity: Decimal
    amount_before: Decimal | None
    amount_after: Decimal | None
    average_before: Decimal | None
    average_after: Decimal | None
    blocked_after: str
    warnings: tuple[str, ...]
    second_person_above: Decimal | None


class CostEdited(Struct, frozen=True, kw_only=True):
    """What became of an edit; `effect` is there for those who may see costs."""

    state: Literal["made", "sending", "waiting"]
    text: str
    approval: int | None = None
    effect: CostEffect | None = None


class SettleDrift(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """End a drift: "take_theirs" — the ledger goes on from what the OMS holds; "write_ours" — the OMS is given the ledger's."""

    oms: ConnectionName
    sku: Ref
    decision: Literal["take_theirs", "write_ours"]
    reason: Reason
