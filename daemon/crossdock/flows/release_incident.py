"""Let go on what an incident holds: decided again, sent again, or the reason why only something else helps; one answer each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.flows import troubles
from crossdock.flows.deliver_labels import TOO_LATE
from crossdock.flows.label_changes import KIND as LABEL_KIND
from crossdock.flows.label_changes import begin_asking
from crossdock.flows.reconsider import Answer, decide_one, reasons_of
from crossdock.flows.retry_failed import retry_failed
from crossdock.flows.settle_by_hand import redrive
from crossdock.rules.labels import LabelState
from crossdock.rules.push_states import GONE, WAITING, PushState
from crossdock.rules.troubles import (
    DOUBLED,
    LABEL,
    LABEL_DELIVERY,
    LABEL_FETCH,
    LABEL_PULL,
    MOVEMENT,
    OUTBOUND_CANCEL,
    OUTBOUND_DOCUMENT,
    OUTBOUND_UPDATE,
    RECONCILE,
    STOCK,
    Cause,
    remedy,
)
from crossdock.store import audit, incidents, labels, operations, orders, pushes, timeline
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossdock.flows.reconsider import Desk
    from crossdock.store.audit import By
    from crossdock.store.incidents import Incident
    from crossdock.store.store import Transaction


class Released(Struct, frozen=True, kw_only=True):
    """What was done about a page of what an incident holds. `next` goes on; None: that was all.

    `records` (connection, ref) are to be fetched again and `connections` to be let go on: both are the engine's to do.
    """

    answers: tuple[Answer, ...] = ()
    next: str | None = None
    records: tuple[tuple[str, str], ...] = ()
    connections: tuple[str, ...] = ()


def release_page(tx: Transaction, number: int, after: str, limit: int, by: By, desk: Desk) -> Released | None:
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
            about = None if kind == "operation" else _BY_OPERATION.get(incident.operation)
            do = about or _BY_SUBJECT.get(kind, _not_ours)
            answers.append(do(Held(tx=tx, incident=incident, name=name, actor=by.actor, desk=desk)))
    done = sum(1 for answer in answers if answer.done)
    audit.write(tx, by.entry(**audit.counted(done, len(answers), "released")), to_ms(desk.now))
    return Released(
        answers=tuple(answers), next=held[-1] if len(held) == limit else None, records=tuple(records),
        connections=tuple(connections),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Held:
    """One of what an incident holds, and who lets it go on."""

    tx: Transaction
    incident: Incident
    name: str
    actor: str
    desk: Desk

    @property
    def rest(self) -> str:
        """What it is, without the kind."""
        return self.name.partition(":")[2] or self.name

    @property
    def order_id(self) -> int:
        """The order."""
        return int(self.rest)

    @property
    def at(self) -> int:
        """Now, in milliseconds."""
        return to_ms(self.desk.now)

    def answer(self, text: str, *, done: bool, order: str | None = None, wake: str | None = None) -> Answer:
        """Say what was done."""
        return Answer(order=order or self.rest, done=done, text=text, wake=wake)


def _order(held: Held) -> Answer:
    tx, desk = held.tx, held.desk
    stored = orders.load_ids(tx, [held.order_id]).get(held.order_id)
    push = pushes.of_orders(tx, [held.order_id]).get(held.order_id)
    if stored is None or push is None:
        return held.answer("there is no such order any more", done=False)
    if push.state is PushState.PUSH_FAILED:
        answer = redrive(tx, [push.id], held.actor, desk.now)[0]
        return held.answer("queued again as it was sent", done=answer.done, order=stored.ref, wake=answer.wake)
    if push.state is PushState.IN_DOUBT:
        text = (
            "it is in doubt and is not sent again by itself: look into the warehouse, then "
            "`crossdock settle ORDER --arrived` or `--absent`"
        )
        return held.answer(text, done=False, order=stored.ref)
    if push.state is PushState.CANCELLED and push.why:
        push.why = ""
        pushes.decided(tx, push, push.state)
        troubles.note(tx, push, held.at)
        text = "taken as dealt with; it comes back if its OMS changes it"
        return held.answer(text, done=True, order=stored.ref)
    if push.state not in WAITING:
        troubles.note(tx, push, held.at)
        text = f"it is {push.state.name.lower()}: nothing holds it any more"
        return held.answer(text, done=True, order=stored.ref)
    decided = decide_one(tx, stored, push, desk)
    if decided is None:
        return held.answer("it cannot be read while its connector is not loaded", done=False, order=stored.ref)
    if decided.state is PushState.QUEUED:
        text = f"queued for warehouse {decided.warehouse}"
        return held.answer(text, done=True, order=stored.ref, wake=decided.connection)
    return held.answer(reasons_of(decided), done=False, order=stored.ref)


def _ref(held: Held) -> str:
    stored = orders.load_ids(held.tx, [held.order_id]).get(held.order_id)
    return held.rest if stored is None else stored.ref


def _choose(held: Held) -> Answer:
    """What a person has to choose for each order is not chosen for all at once."""
    found = remedy(held.incident.code, held.incident.connection, operation=held.incident.operation)
    return held.answer(f"{found.text} (`{found.command}`)", done=False, order=_ref(held))


def _document(held: Held) -> Answer:
    """What a warehouse did by itself, and nothing here can undo: somebody has seen it."""
    if held.incident.code == "rejected":
        return _choose(held)
    return _seen(held)


def _doubled(held: Held) -> Answer:
    """What has left cannot be cancelled any more: somebody has seen it. Until then only the warehouse can mend it."""
    push = pushes.of_orders(held.tx, [held.order_id]).get(held.order_id)
    if push is None or push.state not in GONE:
        return _not_ours(held)
    answer = _seen(held)
    troubles.note_question(held.tx, held.order_id)
    return answer


def _seen(held: Held) -> Answer:
    incidents.leave(held.tx, held.incident.id, held.name, held.at)
    timeline.add(held.tx, [timeline.Moment(held.order_id, held.at, "seen", held.actor, held.incident.text)])
    return held.answer(f"{held.incident.code.replace('_', ' ')}: you have seen it", done=True, order=_ref(held))


def _fetch_label(held: Held) -> Answer:
    head = labels.of_order(held.tx, held.order_id)
    if head is None or head.state is not LabelState.FAILED:
        return held.answer("its label is asked for already, or is at hand", done=False, order=_ref(held))
    begin_asking(held.tx, head, held.desk.now)
    return held.answer("its label is asked for again", done=True, order=_ref(held))


def _deliver_label(held: Held) -> Answer:
    if held.incident.code == TOO_LATE:
        push = pushes.of_orders(held.tx, [held.order_id]).get(held.order_id)
        if push is None or push.state in GONE:
            return _seen(held)
    head = labels.of_order(held.tx, held.order_id)
    failed = [] if head is None else operations.of_entity(held.tx, LABEL_KIND, head.id)
    mine = [each.id for each in failed if head is not None and each.revision == head.version]
    done = bool(retry_failed(held.tx, mine, held.desk.now).queued)
    text = "its label is sent again" if done else "its label was delivered, or is on its way, or is not right any more"
    return held.answer(text, done=done, order=_ref(held), wake=held.incident.connection if done else None)


def _operation(held: Held) -> Answer:
    done = held.rest.isdecimal() and bool(retry_failed(held.tx, [int(held.rest)], held.desk.now).queued)
    text = "it is carried out again" if done else "it has not failed, or is carried out already"
    return held.answer(text, done=done, order=f"operation {held.rest}", wake=held.incident.connection if done else None)


def _refused(held: Held) -> Answer:
    """Carry out again what was refused; what is held for want of a mapping or a setting goes by itself once that is there."""
    if held.incident.cause != Cause.REFUSED.value:
        return _not_ours(held)
    connection, kind = held.incident.connection, held.incident.operation
    failed = operations.failed_of(held.tx, connection, held.name, kind)
    done = failed is not None and bool(retry_failed(held.tx, [failed], held.desk.now).queued)
    text = "it is sent again" if done else "it has not failed, or a newer one took its place"
    return held.answer(text, done=done, wake=connection if done else None)


def _not_ours(held: Held) -> Answer:
    incident = held.incident
    found = remedy(incident.code, incident.connection, incident.missing, incident.warehouse, incident.operation)
    how = f" (`{found.command}`)" if found.command and "incidents release" not in found.command else ""
    return held.answer(f"it is not released here: {found.text}{how}", done=False)


_BY_OPERATION: dict[str, Callable[[Held], Answer]] = {
    OUTBOUND_UPDATE: _choose,
    OUTBOUND_CANCEL: _choose,
    OUTBOUND_DOCUMENT: _document,
    DOUBLED: _doubled,
    LABEL: _choose,
    LABEL_PULL: _choose,
    LABEL_FETCH: _fetch_label,
    LABEL_DELIVERY: _deliver_label,
    STOCK: _refused,
    MOVEMENT: _refused,
    RECONCILE: _not_ours,
}
"""By what an incident is about: how one of what it holds is let go on."""
_BY_SUBJECT: dict[str, Callable[[Held], Answer]] = {"order": _order, "operation": _operation}
"""By the first word of a subject, for every other. What is neither here nor there is mended elsewhere, and the answer says where."""
