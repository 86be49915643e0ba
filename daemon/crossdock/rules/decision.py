"""The whole decision about one order: pushed, held or left, to which warehouse, by which strategy, and why."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.rules import allocation, eligibility, strategy
from crossdock.rules.book import Warehouse
from crossdock.rules.push_states import PushState
from crossdock.rules.reasons import Clause, fulfilled
from crossdock.spec.orders import OrderStatus

if TYPE_CHECKING:
    from crossdock.rules.book import Book, PushStrategy
    from crossdock.spec.orders import Order


class Trigger(StrEnum):
    """Who wants the order pushed."""

    AUTOMATIC = "automatic"
    OBTAIN = "obtain"
    MANUAL = "manual"


class Decision(Struct, frozen=True, kw_only=True, gc=False):
    """What becomes of an order now. `again_at` is when time alone may change it (UTC; None: never).

    `clauses` are all that were looked at, in order; the reasons why not are those with ok False.
    """

    state: PushState
    clauses: tuple[Clause, ...]
    warehouse: Warehouse | None = None
    strategy: str = ""
    again_at: datetime | None = None

    @property
    def reasons(self) -> tuple[Clause, ...]:
        """The clauses that keep the order."""
        return tuple(clause for clause in self.clauses if not clause.ok)


class Asked(Struct, frozen=True, kw_only=True):
    """Who asks for the decision, and what a person here said about the order."""

    trigger: Trigger = Trigger.AUTOMATIC
    actor: str = ""
    hold: str | None = None
    gift_released: bool = False


AUTOMATIC = Asked()
_HOLD_OK = Clause("hold", True)
_HELD_BY = frozenset({"hold", "gift", "skus", "sku_missing", "logistics", "warehouse"})


def decide(order: Order, state: PushState, book: Book, now: datetime, asked: Asked = AUTOMATIC) -> Decision:
    """Decide about `order`, whose push stands at `state` (one of those in which it surely has not left)."""
    warehouse, clauses = eligible(order, state, book, now)
    clauses.append(hold(order, asked))
    if not fulfilled(clauses):
        return _kept(order, clauses, warehouse, book, now, None)
    assert warehouse is not None  # the clause "warehouse" is fulfilled
    if asked.trigger is Trigger.MANUAL:
        return _by_hand(order, clauses, warehouse, book, now, asked)
    chosen, clause, later = strategy.choose(order, warehouse, book, now)
    if asked.trigger is Trigger.AUTOMATIC:
        clauses.append(Clause("auto_push", warehouse.auto_push, (warehouse.code,)))
    clauses.append(clause)
    if chosen is not None and not asked.gift_released:
        gate, until = strategy.gift_gate(chosen, order, now)
        clauses.append(gate)
        later = later or until
    if fulfilled(clauses):
        return _queued(clauses, warehouse, chosen)
    return _kept(order, clauses, warehouse, book, now, later)


def eligible(order: Order, state: PushState, book: Book, now: datetime) -> tuple[Warehouse | None, list[Clause]]:
    """Evaluate the clauses of eligibility, every one of them, so that all reasons are seen at once."""
    warehouse, assigned = allocation.assign(order, book)
    clauses = [
        eligibility.push_state(state),
        eligibility.status(order),
        eligibility.age(order, eligibility.age_limit(book, warehouse), now),
        eligibility.goods(order),
        eligibility.quantities(order),
        assigned,
    ]
    if warehouse is not None:
        if not warehouse.enabled:
            clauses.append(Clause("warehouse_enabled", False, (warehouse.code,)))
        clauses.append(eligibility.skus(order, warehouse, book))
        clauses.append(eligibility.logistics(order, warehouse, book))
    return warehouse, clauses


def hold(order: Order, asked: Asked) -> Clause:
    """Held by the OMS or by a person here."""
    if not order.holds and asked.hold is None:
        return _HOLD_OK
    return Clause("hold", False, (", ".join([*order.holds, *([asked.hold] if asked.hold is not None else [])]),))


def _queued(clauses: list[Clause], warehouse: Warehouse, chosen: PushStrategy | None) -> Decision:
    name = chosen.name if chosen is not None else ""
    return Decision(state=PushState.QUEUED, clauses=tuple(clauses), warehouse=warehouse, strategy=name)


def _by_hand(
    order: Order, clauses: list[Clause], warehouse: Warehouse, book: Book, now: datetime, asked: Asked
) -> Decision:
    """A person overrides strategy and gift gate; what they would have said is kept as a warning.

    That it is not paid, or waits for gifts, is said whichever reason a strategy names first.
    """
    chosen, clause, _ = strategy.choose(order, warehouse, book, now)
    warnings = [f"it is not paid ({order.status.value})"] if unpaid(order) and not clause.ok else []
    warnings += [] if clause.ok else [clause.facts[-1]]
    if not asked.gift_released:
        would = [chosen] if chosen is not None else strategy.of_warehouse(warehouse, book)
        gates = [gate for each in would if not (gate := strategy.gift_gate(each, order, now)[0]).ok]
        warnings += [f"gifts: {gate.facts[0]}" for gate in gates[:1]]
    if warnings:
        clauses.append(Clause("overridden", True, (asked.actor or "someone", "; ".join(warnings))))
    return _queued(clauses, warehouse, chosen)


def unpaid(order: Order) -> bool:
    """Tell whether somebody has to pay before the goods leave: not on delivery."""
    return order.status in (OrderStatus.UNPAID, OrderStatus.PARTIALLY_PAID) and not order.cash_on_delivery


def _kept(
    order: Order, clauses: list[Clause], warehouse: Warehouse | None, book: Book, now: datetime, later: datetime | None
) -> Decision:
    """The order stays: HELD where something has to be released or mended, else NOT_PUSHED."""
    failing = [clause.code for clause in clauses if not clause.ok]
    over = any(code in ("status", "age", "goods", "state") for code in failing)
    held = not over and any(code in _HELD_BY for code in failing)
    return Decision(
        state=PushState.HELD if held else PushState.NOT_PUSHED,
        clauses=tuple(clauses),
        warehouse=warehouse,
        again_at=None if over else _next_look(order, book, warehouse, now, later),
    )


def _next_look(
    order: Order, book: Book, warehouse: Warehouse | None, now: datetime, later: datetime | None
) -> datetime | None:
    """When time alone changes something: a strategy or gate opens, or the order grows too old."""
    too_old = eligibility.too_old_at(order, eligibility.age_limit(book, warehouse))
    candidates = [moment for moment in (later, too_old) if moment is not None and moment > now]
    return min(candidates, default=None)
