"""Decide again about orders: because time passed, because people changed the book, or because a person asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.flows import decide, troubles
from crossdock.flows.sight import Sight
from crossdock.rules.decision import Asked, Trigger
from crossdock.rules.push_states import AT_RISK, AT_WAREHOUSE, PushState
from crossdock.rules.reasons import failing, sentence
from crossdock.spec.errors import ConnectorError
from crossdock.store import open_pushes, orders, pushes, timeline
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from crossdock.spec.orders import Order
    from crossdock.store.book import BookCache
    from crossdock.store.orders import StoredOrder
    from crossdock.store.pushes import Push
    from crossdock.store.store import Transaction

    Read = Callable[[str, bytes, bool], Order]

ENDED_WELL = AT_WAREHOUSE | {PushState.CANCELLED}
"""Nothing is due for these unless something happens to them."""
CHUNK = 200
"""Orders decided again in one transaction."""


UNREADABLE = timedelta(minutes=10)
"""An order that cannot be read now is looked at again after so long."""


@dataclass(frozen=True)
class Desk:
    """What a decision in a unit of work rests on: the book, the stored orders' reader, the time."""

    books: BookCache
    read: Read
    now: datetime


class Answer(Struct, frozen=True, kw_only=True):
    """What a request did about one order: done or not, and the sentence a person reads."""

    order: str
    done: bool
    text: str
    wake: str | None = None


_LEFT = AT_RISK | AT_WAREHOUSE | {PushState.CANCELLED}


def reconsider_due(tx: Transaction, desk: Desk) -> tuple[int, frozenset[str]]:
    """Decide again about orders whose time has come; return how many, and the WMS connections to wake."""
    due = pushes.due_again(tx, to_ms(desk.now), CHUNK)
    if not due:
        return 0, frozenset()
    stored = orders.load_ids(tx, [push.order_id for push in due])
    wake = set()
    for push in due:
        if push.state in AT_RISK:
            _leave(tx, push)
            if push.needs_person:
                troubles.note(tx, push, to_ms(desk.now))
            continue
        if push.state in ENDED_WELL:
            _leave(tx, push)  # what follows may look again and sets its own time
        after = _again(tx, stored[push.order_id], push, desk, None)
        if after is not None and after.state in decide.SENDS and after.connection:
            wake.add(after.connection)
    return len(due), frozenset(wake)


def decide_one(tx: Transaction, stored: StoredOrder, push: Push, desk: Desk) -> Push | None:
    """Decide again about one push that surely has not left; None if its order cannot be read now."""
    return _again(tx, stored, push, desk, None)


def _again(tx: Transaction, stored: StoredOrder, push: Push, desk: Desk, asked: Asked | None) -> Push | None:
    try:
        order = desk.read(stored.connection, stored.payload, stored.sliced)
    except (ConnectorError, ValueError):
        _leave(tx, push, to_ms(desk.now + UNREADABLE))  # its connector is not loaded
        return None
    if push.state in AT_WAREHOUSE:
        return decide.after_change(tx, Sight(stored, order), push, desk.books.current(tx), desk.now)
    return decide.again(tx, Sight(stored, order), push, desk.books.current(tx), desk.now, asked)


def _leave(tx: Transaction, push: Push, again_at: int | None = None) -> None:
    pushes.decide_at(tx, push.id, again_at)


def push_by_hand(tx: Transaction, refs: Sequence[tuple[str, str]], actor: str, desk: Desk) -> list[Answer]:
    """Queue chosen orders (connection, ref) whatever strategy and gift gate say; a hold is respected."""
    asked = Asked(trigger=Trigger.MANUAL, actor=actor)
    return [_push_one(tx, connection, ref, asked, desk) for connection, ref in refs]


def _push_one(tx: Transaction, connection: str, ref: str, asked: Asked, desk: Desk) -> Answer:
    found = _find(tx, connection, ref)
    if found is None:
        return Answer(order=ref, done=False, text=f"there is no order {ref} of {connection}")
    stored, push = found
    if push.state in _LEFT:
        shown = push.state.name.lower().replace("_", " ")
        return Answer(
            order=ref, done=False, text=f"it is {shown}; only an order that is not pushed or failed can be pushed"
        )
    if push.state is PushState.QUEUED:
        return Answer(order=ref, done=True, text="it is queued already", wake=push.connection)
    if push.state is PushState.PUSH_FAILED:
        push.next_at = to_ms(desk.now)  # a person may try an unchanged order again
    after = _again(tx, stored, push, desk, asked)
    if after is None:
        return Answer(order=ref, done=False, text="it cannot be read while its connector is not loaded")
    queued = after.state is PushState.QUEUED
    said = _goes_to(tx, after, to_ms(desk.now)) if queued else reasons_of(after)
    told = f"asked to push it to {said}" if queued else f"asked to push it, but {said}"
    timeline.add(tx, [timeline.Moment(stored.id, to_ms(desk.now), "push_asked", asked.actor, told)])
    if queued:
        return Answer(order=ref, done=True, text=f"queued for {said}", wake=after.connection)
    return Answer(order=ref, done=False, text=said)


def _goes_to(tx: Transaction, after: Push, now: int) -> str:
    """Say where a push by hand goes, and against what."""
    against = [m.detail for m in timeline.of_order(tx, after.order_id, 1) if (m.what, m.at) == ("overridden", now)]
    whatever = "".join(f", whatever strategy and gift gate say ({each})" for each in against)
    return f"warehouse {after.warehouse}{whatever}"


def obtain(
    tx: Transaction, oms: str, warehouse: str, actor: str, desk: Desk, after: int
) -> tuple[list[Answer], int | None]:
    """Queue what a strategy of `warehouse` matches now among orders of `oms`, whatever the auto-push switch says.

    Goes through waiting orders above push id `after`, a chunk a call; returns answers for those that were queued and
    the id to go on from, None at the end.
    """
    waiting = open_pushes.held_for(tx, oms, warehouse, after, CHUNK)
    stored = orders.load_ids(tx, [push.order_id for push in waiting])
    asked = Asked(trigger=Trigger.OBTAIN, actor=actor)
    answers = []
    for push in waiting:
        result = _again(tx, stored[push.order_id], push, desk, asked)
        if result is not None and result.state is PushState.QUEUED:
            answers.append(Answer(order=stored[push.order_id].ref, done=True, text="queued", wake=result.connection))
    return answers, waiting[-1].id if len(waiting) == CHUNK else None


def hold(tx: Transaction, refs: Sequence[tuple[str, str]], actor: str, reason: str, desk: Desk) -> list[Answer]:
    """Hold chosen orders that have not left, with a reason."""
    return [_hold_one(tx, connection, ref, actor, reason, desk) for connection, ref in refs]


def _hold_one(tx: Transaction, connection: str, ref: str, actor: str, reason: str, desk: Desk) -> Answer:
    found = _find(tx, connection, ref)
    if found is None:
        return Answer(order=ref, done=False, text=f"there is no order {ref} of {connection}")
    stored, push = found
    if push.state in _LEFT:
        shown = push.state.name.lower().replace("_", " ")
        return Answer(order=ref, done=False, text=f"it is {shown} and cannot be held any more")
    orders.set_hold(tx, stored.id, reason)
    timeline.add(tx, [timeline.Moment(stored.id, to_ms(desk.now), "held", actor, reason)])
    stored, push = _found_again(tx, connection, ref)
    if push.state is PushState.PUSH_FAILED:
        push.next_at = to_ms(desk.now)
    _again(tx, stored, push, desk, None)
    return Answer(order=ref, done=True, text=f"held: {reason}")


def release(tx: Transaction, refs: Sequence[tuple[str, str]], what: Barrier, actor: str, desk: Desk) -> list[Answer]:
    """End the hold set here of chosen orders, or open the gift gate at which they wait; decide again.

    The request names which: one that is repeated because its answer was lost must not end what the first one left.
    """
    return [_release_one(tx, connection, ref, what, actor, desk) for connection, ref in refs]


class Barrier(StrEnum):
    """What a person can take away that keeps an order here."""

    HOLD = "hold"
    GIFT_GATE = "gift_gate"


def _release_one(tx: Transaction, connection: str, ref: str, what: Barrier, actor: str, desk: Desk) -> Answer:
    found = _find(tx, connection, ref)
    if found is None:
        return Answer(order=ref, done=False, text=f"there is no order {ref} of {connection}")
    stored, before = found
    said = _let_go(tx, stored, before, what)
    if said:
        timeline.add(tx, [timeline.Moment(stored.id, to_ms(desk.now), "released", actor, said)])
        stored, before = _found_again(tx, connection, ref)
    elif before.state is not PushState.CANCELLED or what is not Barrier.HOLD:
        return Answer(
            order=ref, done=False, text=f"{_NOTHING[what]}; {reasons_of(before)}{_also(stored, before, what)}"
        )
    was = before.state
    after = before if was not in _UNDECIDED else _again(tx, stored, before, desk, None) or before
    if not said and after.state is was:  # a cancelled order whose hold ended before has nothing else to be released of
        return Answer(order=ref, done=False, text=f"{_NOTHING[what]}; {reasons_of(after)}")
    said = said or "it is not cancelled any more"
    if after.state is PushState.QUEUED:
        text = f"{said}; it is queued for warehouse {after.warehouse}"
        return Answer(order=ref, done=True, text=text, wake=after.connection)
    return Answer(order=ref, done=True, text=f"{said}; {reasons_of(after)}{_also(stored, after, what)}")


_NOTHING = {Barrier.HOLD: "no hold was set here", Barrier.GIFT_GATE: "it does not wait at a gift gate"}


def _let_go(tx: Transaction, stored: StoredOrder, push: Push, what: Barrier) -> str:
    """Take what was named away from an order, and say so; nothing where that does not keep it."""
    if what is Barrier.HOLD and stored.hold is not None:
        orders.set_hold(tx, stored.id, None)
        return "the hold set here is ended"
    if what is Barrier.GIFT_GATE and at_gift_gate(push.state, push.why):
        orders.release_gifts(tx, stored.id)
        return "its gift gate is opened"
    return ""


def _also(stored: StoredOrder, push: Push, what: Barrier) -> str:
    """Say what else keeps an order here that a person can take away, by a request of its own."""
    if what is Barrier.HOLD and at_gift_gate(push.state, push.why):
        return "; its gift gate is opened with `crossdock release --gifts`"
    if what is Barrier.GIFT_GATE and stored.hold is not None:
        return "; its hold is ended with `crossdock release`"
    return ""


def at_gift_gate(state: PushState, why: str) -> bool:
    """Tell whether an order waits at a gift gate that a person can open, by its state and stored reasons."""
    return state in _UNDECIDED and any(clause.code == "gift" for clause in failing(decide.read_reasons(why)))


_UNDECIDED = frozenset({PushState.NOT_PUSHED, PushState.HELD, PushState.QUEUED, PushState.CANCELLED})


def reasons_of(push: Push) -> str:
    """Say why a push stays where it is, in words."""
    clauses = decide.read_reasons(push.why)
    if not clauses:
        return f"it is {push.state.name.lower().replace('_', ' ')}"
    return "; ".join(sentence(clause) for clause in clauses)


def _find(tx: Transaction, connection: str, ref: str) -> tuple[StoredOrder, Push] | None:
    stored = orders.load(tx, connection, [ref]).get(ref)
    return None if stored is None else (stored, pushes.of_orders(tx, [stored.id])[stored.id])


def _found_again(tx: Transaction, connection: str, ref: str) -> tuple[StoredOrder, Push]:
    found = _find(tx, connection, ref)
    assert found is not None  # it was there a moment ago in this transaction
    return found
