"""Let go on what an incident holds: decided again, sent again, or the reason why only something else helps; one answer each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.flows import troubles
from crossdock.flows.reconsider import Answer, decide_one, reasons_of
from crossdock.flows.settle_by_hand import redrive
from crossdock.rules.push_states import WAITING, PushState
from crossdock.store import audit, incidents, operations, orders, pushes
from crossdock.store.audit import Entry
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossdock.flows.reconsider import Desk
    from crossdock.store.store import Transaction


class Released(Struct, frozen=True, kw_only=True):
    """What was done about a page of what an incident holds. `next` goes on; None: that was all.

    `records` (connection, ref) are to be fetched again and `connections` to be let go on: both are the engine's to do.
    """

    answers: tuple[Answer, ...] = ()
    next: str | None = None
    records: tuple[tuple[str, str], ...] = ()
    connections: tuple[str, ...] = ()


def release_page(tx: Transaction, number: int, after: str, limit: int, actor: str, desk: Desk) -> Released | None:
    """Release up to `limit` of what an incident holds, by name behind `after`; None: there is no such incident."""
    incident = incidents.get(tx, number)
    if incident is None:
        return None
    held = [name for name, _, _ in incidents.subjects(tx, number, after, limit)]
    answers, records, connections = [], [], []
    for name in held:
        kind, _, rest = name.partition(":")
        if kind == "record":
            connection, _, ref = rest.partition(":")
            records.append((connection, ref))
        elif kind == "connection":
            connections.append(rest)
        else:
            answers.append(_RELEASES.get(kind, _not_ours)(tx, rest or name, actor, desk))
    done = sum(1 for answer in answers if answer.done)
    entry = Entry(
        actor=actor, action="incident.release", object=f"incident:{number}",
        result=f"{done} of {len(held)} released" if answers else "done", reason=incident.text,
    )  # fmt: skip
    audit.write(tx, entry, to_ms(desk.now))
    return Released(
        answers=tuple(answers), next=held[-1] if len(held) == limit else None, records=tuple(records),
        connections=tuple(connections),
    )  # fmt: skip


def _order(tx: Transaction, rest: str, actor: str, desk: Desk) -> Answer:
    order_id = int(rest)
    stored = orders.load_ids(tx, [order_id]).get(order_id)
    push = pushes.of_orders(tx, [order_id]).get(order_id)
    if stored is None or push is None:
        return Answer(order=rest, done=False, text="there is no such order any more")
    if push.state is PushState.PUSH_FAILED:
        answer = redrive(tx, [push.id], actor, desk.now)[0]
        return Answer(order=stored.ref, done=answer.done, text="queued again as it was sent", wake=answer.wake)
    if push.state is PushState.IN_DOUBT:
        text = (
            "it is in doubt and is not sent again by itself: look into the warehouse, then "
            "`crossdock settle ORDER --arrived` or `--absent`"
        )
        return Answer(order=stored.ref, done=False, text=text)
    if push.state is PushState.CANCELLED and push.why:
        push.why = ""
        pushes.decided(tx, push, push.state)
        troubles.note(tx, push, to_ms(desk.now))
        text = "taken as dealt with; it comes back if its OMS changes it"
        return Answer(order=stored.ref, done=True, text=text)
    if push.state not in WAITING:
        troubles.note(tx, push, to_ms(desk.now))
        return Answer(order=stored.ref, done=True, text=f"it is {push.state.name.lower()}: nothing holds it any more")
    decided = decide_one(tx, stored, push, desk)
    if decided is None:
        return Answer(order=stored.ref, done=False, text="it cannot be read while its connector is not loaded")
    if decided.state is PushState.QUEUED:
        return Answer(
            order=stored.ref, done=True, text=f"queued for warehouse {decided.warehouse}", wake=decided.connection
        )
    return Answer(order=stored.ref, done=False, text=reasons_of(decided))


def _operation(tx: Transaction, rest: str, _actor: str, desk: Desk) -> Answer:
    done = rest.isdecimal() and operations.requeue(tx, [int(rest)], to_ms(desk.now)) == 1
    text = "it is carried out again" if done else "it has not failed, or is carried out already"
    return Answer(order=f"operation {rest}", done=done, text=text)


def _not_ours(_tx: Transaction, rest: str, _actor: str, _desk: Desk) -> Answer:
    return Answer(order=rest, done=False, text="this is not released here; the incident says what mends it")


_RELEASES: dict[str, Callable[[Transaction, str, str, Desk], Answer]] = {"order": _order, "operation": _operation}
"""By the first word of a subject: how one of its kind is let go on. Other kinds add themselves here."""
