"""Simulate: what would be done about the waiting orders now, without doing or keeping anything. Reads only, and bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from crossdock.flows import decide
from crossdock.flows.foresee_changes import foresee_change
from crossdock.flows.reconsider import Desk
from crossdock.flows.sight import Sight
from crossdock.rules.decision import Asked, Trigger
from crossdock.rules.push_states import AT_WAREHOUSE, PushState
from crossdock.rules.reasons import Clause
from crossdock.rules.simulation import Draft, Foreseen, Past, Would, drafted, foresee, is_draft, released
from crossdock.spec.errors import ConnectorError
from crossdock.spec.orders import Order, OrderStatus
from crossdock.store import open_pushes, orders, pushes
from crossdock.store.orders import StoredOrder
from crossdock.store.pushes import Push

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from crossdock.flows.house import House
    from crossdock.rules.book import Book
    from crossdock.store.store import Transaction

CHUNK = 200
"""Orders looked at in one transaction, so that a long simulation keeps no reader for itself."""
SCAN = 2000
"""Orders looked at for one page, at most."""
BUDGET_S = 2.0
"""Seconds for one page; it ends there and says where to go on."""
OPEN = (PushState.NOT_PUSHED, PushState.HELD, PushState.QUEUED, PushState.PUSH_FAILED)
"""States of orders that surely have not left."""


UNDER_WAY = frozenset({
    PushState.UPDATE_PENDING, PushState.CANCEL_REQUESTED, PushState.IN_DOUBT_CANCEL, PushState.CANCEL_REJECTED,
    PushState.REJECTED,
})  # fmt: skip
"""States of orders that their warehouse has, and about which something is asked of it or of a person."""
THERE = tuple(sorted(AT_WAREHOUSE - UNDER_WAY))
"""States of orders that their warehouse has as it was told."""


class Wanted(Struct, frozen=True, kw_only=True):
    """What is simulated. `warehouse` narrows to the orders that go there, or would; `named` to orders (connection, ref).

    `only` is "all", "going" or "differing". `after` is a push id, `limit` the rows of the page; with `through` a full page
    is no end.
    """

    draft: Draft = Draft()
    warehouse: str | None = None
    named: tuple[tuple[str, str], ...] = ()
    only: str = "all"
    after: int = 0
    limit: int = CHUNK
    through: bool = False


class Seen(Struct, frozen=True, kw_only=True):
    """One order: what would be done about it under the draft, and under the settings as they are."""

    stored: StoredOrder
    push: Push
    would: Foreseen
    today: Foreseen

    @property
    def differs(self) -> bool:
        """The draft would make a difference."""
        return self.would.differs(self.today)


class Simulated(Struct, frozen=True, kw_only=True):
    """A page. `looked_at` counts what was judged for it, shown or not; `next` goes on, None: that was all."""

    seen: tuple[Seen, ...]
    looked_at: int
    next: int | None


class Foresight(Protocol):
    """Says what would be done about an order that its warehouse has; None: not its business."""

    def __call__(
        self, tx: Transaction, stored: StoredOrder, order: Order, push: Push, book: Book, now: datetime
    ) -> Foreseen | None:
        """Look, and write nothing."""
        ...


FORESIGHTS: tuple[Foresight, ...] = (foresee_change,)
"""Asked in turn about each order that its warehouse has; without an answer a person tells the warehouse."""


async def simulate(house: House, wanted: Wanted) -> Simulated:
    """Look at waiting orders, oldest push first, until the page is full or its bounds are reached.

    Each chunk is one state of the database; an order is judged by itself, so chunks need not be of the same one. Raises
    ValueError with a sentence if the draft names what does not exist.
    """
    until = house.env.monotonic() + BUDGET_S
    if wanted.named:
        desk = Desk(house.books, house.read_order, house.env.now())
        seen = await house.store.read(look_at_named, desk, wanted)
        return Simulated(seen=tuple(_shown(seen, wanted)), looked_at=len(seen), next=None)
    found: list[Seen] = []
    looked_at, after = 0, wanted.after
    while True:
        desk = Desk(house.books, house.read_order, house.env.now())
        chunk = await house.store.read(look, desk, wanted, after)
        for each in chunk:
            looked_at, after = looked_at + 1, each.push.id
            found += _shown([each], wanted)
            if len(found) == wanted.limit and not wanted.through:
                return Simulated(seen=tuple(found), looked_at=looked_at, next=after)
        if len(chunk) < CHUNK:
            return Simulated(seen=tuple(found), looked_at=looked_at, next=None)
        if looked_at >= SCAN or house.env.monotonic() >= until:
            return Simulated(seen=tuple(found), looked_at=looked_at, next=after)


def _shown(seen: Sequence[Seen], wanted: Wanted) -> list[Seen]:
    return [each for each in seen if _fits(each, wanted)]


def _fits(seen: Seen, wanted: Wanted) -> bool:
    if wanted.warehouse is not None and wanted.warehouse not in (seen.would.warehouse, seen.today.warehouse):
        return False
    match wanted.only:
        case "going":
            return seen.would.would is Would.PUSH
        case "differing":
            return seen.differs
        case _:
            return True


def look(tx: Transaction, desk: Desk, wanted: Wanted, after: int) -> list[Seen]:
    """Judge the next chunk of waiting orders, and of orders whose warehouse is told, or would have to be, that they changed."""
    found = [push for state in OPEN for push in open_pushes.waiting(tx, state, after, CHUNK)]
    found += [push for state in UNDER_WAY for push in open_pushes.under_way(tx, state, after, CHUNK)]
    found += [push for state in THERE for push in open_pushes.changed(tx, state, after, CHUNK)]
    return _judged(tx, sorted(found, key=lambda push: push.id)[:CHUNK], desk, wanted)


def look_at_named(tx: Transaction, desk: Desk, wanted: Wanted) -> list[Seen]:
    """Judge named orders; those that do not exist, or whose warehouse has them as they are, are left out."""
    by_connection: dict[str, list[str]] = {}
    for connection, ref in wanted.named:
        by_connection.setdefault(connection, []).append(ref)
    ids = [o.id for connection, refs in by_connection.items() for o in orders.load(tx, connection, refs).values()]
    found = [push for push in pushes.of_orders(tx, ids).values() if push.state in OPEN or push.state in AT_WAREHOUSE]
    seen = _judged(tx, found, desk, wanted)
    return [
        each for each in seen if each.push.state in OPEN or each.would.would is not Would.KEEP or each.would.clauses
    ]


def _judged(tx: Transaction, found: Sequence[Push], desk: Desk, wanted: Wanted) -> list[Seen]:
    book = desk.books.current(tx)
    tried = drafted(book, wanted.draft)
    stored = orders.load_ids(tx, [push.order_id for push in found])
    seen = []
    for push in found:
        known = stored[push.order_id]
        today = _one(tx, known, push, book, desk)
        would = _one(tx, known, push, tried, desk) if is_draft(wanted.draft) else today
        seen.append(Seen(stored=known, push=push, would=would, today=today))
    return seen


def _one(tx: Transaction, stored: StoredOrder, push: Push, book: Book, desk: Desk) -> Foreseen:
    try:
        order = desk.read(stored.connection, stored.payload, stored.sliced)
    except (ConnectorError, ValueError):
        return Foreseen(would=Would.KEEP, clauses=(Clause("readable", False),))
    if push.state not in OPEN:
        return _changed(tx, stored, order, push, book, desk)
    if order.status is OrderStatus.CANCELLED:
        return Foreseen(would=Would.KEEP, clauses=(Clause("status", False, (order.status.value,)),))
    asked = Asked(
        trigger=Trigger(push.origin), actor=push.actor, hold=stored.hold, gift_released=bool(stored.gift_released)
    )
    failure = push.error_text or push.error_kind or ""
    past = Past(state=push.state, failure=failure, due=push.next_at is not None)
    foreseen, decision = foresee(order, past, book, desk.now, asked)
    parked = push.state is PushState.PUSH_FAILED and not past.due
    if parked and decide.changed_input(tx, Sight(stored, order), push, decision, book):
        return released(foreseen, decision)
    return foreseen


def _changed(tx: Transaction, stored: StoredOrder, order: Order, push: Push, book: Book, desk: Desk) -> Foreseen:
    for foresight in FORESIGHTS:
        found = foresight(tx, stored, order, push, book, desk.now)
        if found is not None:
            return found
    return Foreseen(would=Would.BY_HAND, warehouse=push.warehouse or "", clauses=(Clause("changed", False),))
