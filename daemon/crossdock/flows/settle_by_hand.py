"""What a person may decide about a push that cannot decide itself: settle a doubt, or send a failed one again."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from crossdock.flows import troubles
from crossdock.flows.catch_up import catch_up
from crossdock.flows.reconsider import Answer
from crossdock.rules.push_states import PushState, check_transition
from crossdock.store import labels, orders, pushes, timeline
from crossdock.store.times import from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from crossdock.store.pushes import Push
    from crossdock.store.store import Transaction


class Settlement(StrEnum):
    """What a person found out about a push in doubt, by looking into the warehouse."""

    ARRIVED = "arrived"
    ABSENT = "absent"


def settle_by_hand(
    tx: Transaction,
    connection: str,
    ref: str,
    settlement: Settlement,
    *,
    remote_id: str | None,
    reason: str,
    actor: str,
    now: datetime,
    report: bool = False,
) -> Answer:
    """Settle a push in doubt: it arrived (it counts as pushed), or it did not (the same bytes are sent again).

    `report`: the OMS wants to be told that it arrived.
    """
    stored = orders.load(tx, connection, [ref]).get(ref)
    if stored is None:
        return Answer(order=ref, done=False, text=f"there is no order {ref} of {connection}")
    push = pushes.of_orders(tx, [stored.id])[stored.id]
    if push.state is not PushState.IN_DOUBT or push.run_id is not None:
        text = "it is not in doubt; only a push in doubt is settled by hand"
        return Answer(order=ref, done=False, text=text)
    push.state = PushState.PUSHED if settlement is Settlement.ARRIVED else PushState.QUEUED
    if settlement is Settlement.ABSENT and push.cancel_wanted:
        push.state, push.unsettled = PushState.CANCELLED, None
    check_transition(PushState.IN_DOUBT, push.state)
    push.needs_person = False
    push.settled_at = to_ms(now)
    push.next_at = to_ms(now) if push.state is PushState.QUEUED else None
    if push.state is PushState.PUSHED:
        labels.pushed(tx, [(to_ms(now), push.order_id)])
        push.remote_id, push.unsettled = remote_id, None
        push.again_at = to_ms(now) if push.changed else None
        push.report_at = to_ms(now) if report else None
        push.error_kind = push.error_code = push.error_text = None
    pushes.decided(tx, push, PushState.IN_DOUBT)
    troubles.note(tx, push, to_ms(now))
    if push.state is PushState.PUSHED:
        catch_up(tx, [push.order_id], now)
    detail = f"{settlement.value}: {reason}"
    timeline.add(tx, [timeline.Moment(stored.id, to_ms(now), "settled_by_hand", actor, detail)])
    return Answer(order=ref, done=True, text=f"it is {push.state.name.lower()} now", wake=push.connection)


def redrive(tx: Transaction, push_ids: Sequence[int], actor: str, now: datetime) -> list[Answer]:
    """Send failed pushes again as they are; their retry count starts afresh."""
    answers = []
    for push in pushes.by_ids(tx, push_ids):
        if push.state is not PushState.PUSH_FAILED:
            answers.append(Answer(order=str(push.order_id), done=False, text="it has not failed"))
            continue
        push.state, push.next_at, push.report_at = PushState.QUEUED, to_ms(now), None
        push.faults, push.first_fault_at = 0, None
        pushes.decided(tx, push, PushState.PUSH_FAILED)
        troubles.note(tx, push, to_ms(now))
        text = "queued again as it was sent; its failures are counted afresh"
        timeline.add(tx, [timeline.Moment(push.order_id, to_ms(now), "redriven", actor, text)])
        answers.append(Answer(order=str(push.order_id), done=True, text="queued", wake=push.connection))
    return answers


def probe_now(tx: Transaction, push_ids: Sequence[int], quiet: Mapping[str, int], now: datetime) -> list[Answer]:
    """Let it be the turn of pushes in doubt to be asked about, but not before the quiet time (`quiet`, ms by connection) is over."""
    return [_probed(tx, push, quiet, to_ms(now)) for push in pushes.by_ids(tx, push_ids)]


def _probed(tx: Transaction, push: Push, quiet: Mapping[str, int], at: int) -> Answer:
    name = str(push.order_id)
    if push.state is not PushState.IN_DOUBT:
        return Answer(
            order=name, done=False, text="it is not in doubt; only about a push in doubt a warehouse is asked"
        )
    if push.needs_person:
        return Answer(order=name, done=False, text="its warehouse cannot be asked: look there, and settle it by hand")
    if push.run_id is not None or push.next_at is None:
        return Answer(order=name, done=False, text="its warehouse is being asked already")
    earliest = max(at, (push.settled_at or at) + quiet.get(push.connection or "", 0))
    push.next_at = min(push.next_at, earliest)
    pushes.decided(tx, push, PushState.IN_DOUBT)
    text = "its warehouse is asked now"
    if push.next_at > at:
        text = f"its warehouse is asked at {from_ms(push.next_at):%H:%M:%S} UTC, once it is sure to tell what it has"
    return Answer(order=name, done=True, text=text, wake=push.connection)
