"""What would become of an order now, under the settings as they are or under a draft of them. Nothing is kept."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from crossdock.rules.book import PushStrategy, Warehouse
from crossdock.rules.decision import Asked, Decision, decide
from crossdock.rules.push_states import PushState
from crossdock.rules.reasons import Clause

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.rules.book import Book
    from crossdock.spec.orders import Order


class Would(StrEnum):
    """What would be done about an order.

    Of one that its warehouse has: UPDATE tells it, HOLD has it wait while a person decides, BY_HAND leaves it to a person,
    CANCEL asks it not to ship, REFUSE does not tell it because that comes too late.
    """

    PUSH = "push"
    KEEP = "keep"
    BY_HAND = "by_hand"
    UPDATE = "update"
    HOLD = "hold"
    CANCEL = "cancel"
    REFUSE = "refuse"


class Draft(Struct, frozen=True, kw_only=True):
    """Settings that are tried and not saved.

    `strategy` stands for the saved one of its name, `settings` for the saved warehouse of its code. `use`: the warehouse
    `warehouse` pushes by this strategy alone; `auto_push`: as if its switch stood like this.
    """

    strategy: PushStrategy | None = None
    settings: Warehouse | None = None
    warehouse: str | None = None
    use: str | None = None
    auto_push: bool | None = None


class Foreseen(Struct, frozen=True, kw_only=True):
    """What would be done about one order, where it would go, by which strategy, and the clauses that say so."""

    would: Would
    warehouse: str = ""
    strategy: str = ""
    clauses: tuple[Clause, ...] = ()

    @property
    def reasons(self) -> tuple[Clause, ...]:
        """The clauses that keep it."""
        return tuple(clause for clause in self.clauses if not clause.ok)

    def differs(self, other: Foreseen) -> bool:
        """Tell whether something else would be done; another reason for keeping it counts too."""
        mine = (self.would, self.warehouse, self.strategy, [clause.code for clause in self.reasons])
        return mine != (other.would, other.warehouse, other.strategy, [clause.code for clause in other.reasons])


class Past(Struct, frozen=True, kw_only=True):
    """Where an order's push stands. `failure` is what its warehouse said; `due`: a time is set to try it again."""

    state: PushState
    failure: str = ""
    due: bool = False


def drafted(book: Book, draft: Draft) -> Book:
    """Put a draft in the place of what is saved. Raises ValueError with a sentence if it names what does not exist."""
    strategies, warehouses = dict(book.strategies), dict(book.warehouses)
    if draft.strategy is not None:
        strategies[draft.strategy.name] = draft.strategy
    if draft.settings is not None:
        warehouses[draft.settings.code] = draft.settings
    if draft.use is not None and draft.use not in strategies:
        raise ValueError(f"there is no strategy '{draft.use}' (known: {', '.join(sorted(strategies)) or 'none'})")
    if draft.warehouse is not None:
        warehouse = warehouses.get(draft.warehouse)
        if warehouse is None:
            known = ", ".join(sorted(warehouses)) or "none"
            raise ValueError(f"there is no warehouse '{draft.warehouse}' (known: {known})")
        warehouses[warehouse.code] = _as_drafted(warehouse, draft)
    by_oms_code = {each.oms_code or each.code: each for each in warehouses.values()}
    return msgspec.structs.replace(book, strategies=strategies, warehouses=warehouses, by_oms_code=by_oms_code)


def _as_drafted(warehouse: Warehouse, draft: Draft) -> Warehouse:
    strategies = warehouse.strategies if draft.use is None else (draft.use,)
    auto_push = warehouse.auto_push if draft.auto_push is None else draft.auto_push
    return msgspec.structs.replace(warehouse, strategies=strategies, auto_push=auto_push)


def is_draft(draft: Draft) -> bool:
    """Tell whether anything of the settings is tried at all; naming a warehouse alone only narrows what is shown."""
    return any(each is not None for each in (draft.strategy, draft.settings, draft.use, draft.auto_push))


def foresee(order: Order, past: Past, book: Book, now: datetime, asked: Asked) -> tuple[Foreseen, Decision]:
    """Say what would become of an order that surely has not left, as if its time had come to be decided again.

    One that is parked is kept whatever the decision says: whoever knows that its input changed says otherwise
    (`released`).
    """
    decision = decide(order, past.state, book, now, asked)
    clauses = decision.clauses
    if past.state is PushState.PUSH_FAILED:
        clauses = (
            Clause("failed" if past.due else "parked", past.due, (past.failure or "no reason was given",)),
            *clauses,
        )
    goes = decision.state is PushState.QUEUED and (past.state is not PushState.PUSH_FAILED or past.due)
    return _foreseen(decision, clauses, goes=goes), decision


def released(foreseen: Foreseen, decision: Decision) -> Foreseen:
    """Say what would become of a parked push whose input would be another: it goes again if the decision says so."""
    if decision.state is not PushState.QUEUED:
        return foreseen
    return _foreseen(decision, decision.clauses, goes=True)


def _foreseen(decision: Decision, clauses: tuple[Clause, ...], *, goes: bool) -> Foreseen:
    warehouse = decision.warehouse
    return Foreseen(
        would=Would.PUSH if goes else Would.KEEP,
        warehouse="" if warehouse is None else warehouse.code,
        strategy=decision.strategy if goes else "",
        clauses=clauses,
    )
