"""The ledger of a SKU's cost in one OMS: its events, and the moving average that follows from them (DOMAIN 4.7)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from crossdock.rules.money import EXACT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ZERO = Decimal(0)


class EventKind(StrEnum):
    """What an event says. Events are only ever added; the newest word about a receipt counts.

    PLAN_SET: a planned unit cost (never touches an average). RECEIPT: goods were taken into stock. COST_REVISION: what
    they cost is known, or known better. REVERSAL: the receipt is no more. ISSUE: goods left; changes the quantity only.
    MANUAL_SET: somebody set the average, and the quantity where it is given.
    """

    PLAN_SET = "plan_set"
    RECEIPT = "receipt"
    COST_REVISION = "cost_revision"
    REVERSAL = "reversal"
    ISSUE = "issue"
    MANUAL_SET = "manual_set"


class Source(StrEnum):
    """Whose word an event is. Of two words with one revision the warehouse's counts."""

    CROSSDOCK = "crossdock"
    WAREHOUSE = "warehouse"


class Event(Struct, frozen=True, kw_only=True, gc=False):
    """One event. `about` names the receipt, issue or setting it speaks of, for ever and inside the whole ledger.

    `revision` counts the revisions of the cost, `document_revision` those of the document that says so. `quantity` is what
    was taken into stock: what was rejected or damaged is no stock. `unit_cost` None is not known, which is not zero.
    `at_average`: goods that come back are worth what the others are, unless a cost is named. `moved`: goods of another own
    warehouse: they carry their cost along and change no average of the whole.
    """

    about: str
    kind: EventKind
    effective_at: datetime
    revision: int = 0
    document_revision: int = 0
    source: Source = Source.WAREHOUSE
    quantity: Decimal = ZERO
    unit_cost: Decimal | None = None
    currency: str | None = None
    at_average: bool = False
    moved: bool = False


class Movement(Struct, frozen=True, kw_only=True, gc=False):
    """What the events say about one receipt, issue or setting, all of them heard."""

    about: str
    kind: EventKind
    effective_at: datetime
    quantity: Decimal
    unit_cost: Decimal | None
    currency: str | None
    revision: int
    at_average: bool = False
    moved: bool = False


class EmptyStock(StrEnum):
    """What a receipt does to the average where there was no stock, or less than none.

    TAKE_INCOMING: the average becomes its cost. BLEND_ABS: the missing quantity weighs as if it were there. BLOCK: nobody
    knows, until a person sets the average.
    """

    TAKE_INCOMING = "take_incoming"
    BLEND_ABS = "blend_abs"
    BLOCK = "block"


class Flag(StrEnum):
    """What a person should know about an average."""

    UNKNOWN_COST = "unknown_cost"
    OTHER_CURRENCY = "other_currency"
    EMPTY_STOCK = "empty_stock"


class Balance(Struct, frozen=True, kw_only=True):
    """Where a ledger stands after some movements. `average` None: nothing is known yet, or it is blocked.

    `blocked` says why the average cannot be said, `by` which movement began it. `flags` is what was met on the way.
    """

    quantity: Decimal = ZERO
    average: Decimal | None = None
    currency: str | None = None
    blocked: Flag | None = None
    by: str = ""
    flags: frozenset[Flag] = frozenset()
    last: tuple[datetime, str] | None = None

    @property
    def untouched(self) -> bool:
        """Nothing was ever in stock, and no average is missed."""
        return self.average is None and self.blocked is None and self.quantity == 0


_OF_COST = frozenset({EventKind.RECEIPT, EventKind.COST_REVISION})
_OF_GOODS = frozenset({EventKind.RECEIPT, EventKind.REVERSAL, EventKind.ISSUE, EventKind.MANUAL_SET})


def movements(events: Iterable[Event]) -> list[Movement]:
    """Hear all events, in whatever order and however often they come, and return what they come to, in ledger order.

    Of goods the newest revision of the document counts, of costs the highest revision of the cost; at the same one, the
    warehouse's word, and then the newest document's. The order is that of time, then of the name.
    """
    goods: dict[str, Event] = {}
    costs: dict[str, Event] = {}
    for event in events:
        if event.kind in _OF_GOODS:
            goods[event.about] = max(goods.get(event.about, event), event, key=_newest)
        if event.kind in _OF_COST:
            costs[event.about] = max(costs.get(event.about, event), event, key=_best_known)
    found = [_movement(event, costs.get(name)) for name, event in goods.items() if event.kind is not EventKind.REVERSAL]
    return sorted(found, key=position)


def position(movement: Movement) -> tuple[datetime, str]:
    """Return a movement's place in the ledger; no two have the same."""
    return (movement.effective_at, movement.about)


def _newest(event: Event) -> tuple[object, ...]:
    return (event.document_revision, event.kind is EventKind.REVERSAL, event.quantity, event.effective_at)


def _best_known(event: Event) -> tuple[object, ...]:
    known = event.unit_cost is not None
    return (
        event.revision, event.source is Source.WAREHOUSE, event.document_revision, known, event.unit_cost or ZERO,
        event.currency or "",
    )  # fmt: skip


def _movement(event: Event, cost: Event | None) -> Movement:
    said = event if cost is None else cost
    return Movement(
        about=event.about, kind=event.kind, effective_at=event.effective_at, quantity=event.quantity,
        unit_cost=said.unit_cost, currency=said.currency, revision=said.revision, at_average=event.at_average,
        moved=event.moved,
    )  # fmt: skip


def replay(events: Iterable[Event], policy: EmptyStock = EmptyStock.TAKE_INCOMING) -> Balance:
    """Return where the ledger stands after all its events."""
    return follow(Balance(), movements(events), policy)


def follow(balance: Balance, later: Sequence[Movement], policy: EmptyStock) -> Balance:
    """Go on from a balance with movements that all come later, in ledger order."""
    for movement in later:
        balance = replace(step(balance, movement, policy), last=position(movement))
    return balance


def step(balance: Balance, movement: Movement, policy: EmptyStock) -> Balance:
    """Let one movement follow."""
    if movement.moved:
        return balance
    match movement.kind:
        case EventKind.ISSUE:
            return replace(balance, quantity=EXACT.subtract(balance.quantity, movement.quantity))
        case EventKind.MANUAL_SET:
            return _set(balance, movement)
        case _:
            return _received(balance, movement, policy)


def _set(balance: Balance, movement: Movement) -> Balance:
    """Somebody's word ends every block; a quantity of zero leaves the quantity as it is."""
    quantity = movement.quantity if movement.quantity > 0 else balance.quantity
    return Balance(
        quantity=quantity, average=movement.unit_cost, currency=movement.currency or balance.currency,
        flags=balance.flags - {Flag.UNKNOWN_COST, Flag.OTHER_CURRENCY},
    )  # fmt: skip


def _received(balance: Balance, movement: Movement, policy: EmptyStock) -> Balance:
    after = EXACT.add(balance.quantity, movement.quantity)
    if movement.quantity == 0:
        return balance
    if movement.unit_cost is None:
        if movement.at_average:
            return replace(balance, quantity=after)
        return _block(balance, Flag.UNKNOWN_COST, movement.about, after)
    currency = balance.currency or movement.currency
    if movement.currency is None or movement.currency != currency:
        return _block(balance, Flag.OTHER_CURRENCY, movement.about, after)
    known = replace(balance, currency=currency)
    if balance.untouched:
        return replace(known, quantity=after, average=movement.unit_cost)
    if balance.quantity <= 0:
        return _onto_nothing(known, movement, policy, after)
    if balance.average is None:
        return replace(known, quantity=after, average=None if balance.blocked else movement.unit_cost)
    return replace(known, quantity=after, average=_blend(balance.quantity, balance.average, movement))


def _onto_nothing(balance: Balance, movement: Movement, policy: EmptyStock, after: Decimal) -> Balance:
    flagged = replace(balance, quantity=after, flags=balance.flags | {Flag.EMPTY_STOCK})
    match policy:
        case EmptyStock.TAKE_INCOMING:
            return replace(
                flagged, average=movement.unit_cost, blocked=None, by="",
                flags=flagged.flags - {Flag.UNKNOWN_COST, Flag.OTHER_CURRENCY},
            )  # fmt: skip
        case EmptyStock.BLEND_ABS:
            if balance.average is None:
                return replace(flagged, average=None if balance.blocked else movement.unit_cost)
            return replace(flagged, average=_blend(abs(balance.quantity), balance.average, movement))
        case EmptyStock.BLOCK:
            return _block(balance, Flag.EMPTY_STOCK, movement.about, after)


def _blend(quantity: Decimal, average: Decimal, movement: Movement) -> Decimal:
    """Weigh what was there and what came (DOMAIN 4.7)."""
    value = EXACT.add(EXACT.multiply(quantity, average), EXACT.multiply(movement.quantity, movement.unit_cost or ZERO))
    return EXACT.divide(value, EXACT.add(quantity, movement.quantity))


def _block(balance: Balance, why: Flag, by: str, quantity: Decimal) -> Balance:
    """From here on nobody can say the average; the first reason stays."""
    first = balance.blocked is None
    return replace(
        balance, quantity=quantity, average=None, blocked=why if first else balance.blocked,
        by=by if first else balance.by, flags=balance.flags | {why},
    )  # fmt: skip
