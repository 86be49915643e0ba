"""From verdicts to rows: the units of work that claim pushes and save how they ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from crossdock.flows import shipping, troubles
from crossdock.flows.catch_up import catch_up
from crossdock.rules import outcome
from crossdock.rules.outcome import Past
from crossdock.rules.push_states import PushState
from crossdock.store import labels, outbox, pushes, timeline
from crossdock.store.outbox import Claimed, Settled
from crossdock.store.times import from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from crossdock.flows.lane import Lane
    from crossdock.rules.lineage import Caution
    from crossdock.rules.outcome import PushPolicy, Verdict
    from crossdock.store.store import Transaction


def past(claimed: Claimed) -> Past:
    """Say what happened to a push before."""
    first = None if claimed.first_fault_at is None else from_ms(claimed.first_fault_at)
    return Past(faults=claimed.faults, first_fault_at=first, attempts=claimed.attempts + 1)


def settle(claimed: Claimed, verdict: Verdict, at: int, lane: Lane) -> Settled:
    """Turn a verdict into the row's next state; off the straight path a moment of the timeline goes with it."""
    ended = verdict.state is PushState.PUSHED or (verdict.state is PushState.PUSH_FAILED and verdict.next_at is None)
    return Settled(
        id=claimed.id,
        state=verdict.state,
        at=at,
        next_at=None if verdict.next_at is None else to_ms(verdict.next_at),
        faults=verdict.faults,
        first_fault_at=None if verdict.first_fault_at is None else to_ms(verdict.first_fault_at),
        needs_person=verdict.needs_person,
        remote_id=verdict.remote_id,
        error_kind=verdict.kind,
        error_code=verdict.code,
        error_text=verdict.text,
        report=ended and lane.reports_to(claimed.oms),
        order_id=claimed.order_id,
        note=None if verdict.state is PushState.PUSHED else (verdict.text or verdict.kind),
        cancelled_there=verdict.cancelled_there,
    )


def exchange(
    tx: Transaction, lane: Lane, ended: Sequence[Settled], want: int, policy: PushPolicy, now: datetime
) -> list[Claimed]:
    """Save results and claim the next pushes, in one transaction."""
    at = to_ms(now)
    save(tx, lane.run, [counted_from(settled, at) for settled in ended])
    if want <= 0:
        return []
    claimed = outbox.claim(tx, lane.run, lane.connection, PushState.QUEUED, want, at)
    if policy.idempotency == "key" and len(claimed) < want:
        claimed += outbox.claim(tx, lane.run, lane.connection, PushState.IN_DOUBT, want - len(claimed), at)
    if policy.caution is None or policy.idempotency == "key":
        return claimed
    return _without_unasked(tx, lane, claimed, policy, policy.caution, at)


def _without_unasked(
    tx: Transaction, lane: Lane, claimed: list[Claimed], policy: PushPolicy, caution: Caution, at: int
) -> list[Claimed]:
    """Put in doubt what a database that was put back may have forgotten to have sent; return what may be sent now.

    It is done once for each key. The row goes back to what it was first: it was not sent.
    """
    ids = outbox.unvetted(tx, [each.id for each in claimed], caution.number, to_ms(caution.before))
    unasked = [each for each in claimed if each.id in ids]
    if not unasked:
        return claimed
    verdict = outcome.before_first_send(policy, caution)
    outbox.give_back(tx, lane.run, unasked, at)
    asked_at, text = None if verdict.next_at is None else max(at, to_ms(verdict.next_at)), verdict.text or ""
    outbox.doubt_unsent(tx, sorted(ids), caution.number, to_ms(caution.since), asked_at, verdict.kind or "", text)
    timeline.add(tx, [timeline.Moment(each.order_id, at, "in_doubt", "", text) for each in unasked])
    if verdict.needs_person:
        troubles.note_ids(tx, sorted(ids), at)
    return [each for each in claimed if each.id not in ids]


def counted_from(settled: Settled, at: int) -> Settled:
    """Count what a push waits for from the moment it is saved.

    Results wait a little to be saved together. If the clock is set meanwhile, a moment of the old one would let a doubt
    look old at once, or wait for as long as the clock was set back.
    """
    if settled.state is PushState.PUSHED and settled.at <= at:
        return settled
    next_at = None if settled.next_at is None else settled.next_at + at - settled.at
    return msgspec.structs.replace(settled, at=at, next_at=next_at)


def save(tx: Transaction, run: int, ended: Sequence[Settled]) -> None:
    """Save results with their moments."""
    if not ended:
        return
    ended = _unless_taken_back(tx, ended)
    outbox.save(tx, run, ended)
    _follow_cancelled(tx, ended)
    arrived = [(s.at, s.order_id) for s in ended if s.state is PushState.PUSHED and s.cancelled_there is None]
    labels.pushed(tx, arrived)
    if arrived:
        catch_up(tx, [order_id for _, order_id in arrived], from_ms(max(at for at, _ in arrived)))
    if stuck := [s.id for s in ended if s.needs_person or (s.state is PushState.PUSH_FAILED and s.next_at is None)]:
        troubles.note_ids(tx, stuck, max(s.at for s in ended))
    timeline.add(
        tx,
        [timeline.Moment(s.order_id, s.at, s.state.name.lower(), "", s.note) for s in ended if s.note is not None],
    )


def _follow_cancelled(tx: Transaction, ended: Sequence[Settled]) -> None:
    """What arrived and was cancelled by its warehouse since is not done: it is never shipped unless a person decides."""
    told = {s.id: s for s in ended if s.cancelled_there is not None}
    for push in pushes.by_ids(tx, list(told)) if told else ():
        if push.state is PushState.PUSHED:
            shipping.cancelled_there(tx, push, told[push.id].cancelled_there, from_ms(told[push.id].at))


def _unless_taken_back(tx: Transaction, ended: Sequence[Settled]) -> Sequence[Settled]:
    """Queue what was absent and cancelled, if the OMS took the cancellation back while the warehouse was asked."""
    cancelled = [settled.id for settled in ended if settled.state is PushState.CANCELLED]
    if not cancelled:
        return ended
    wanted = outbox.wanted_again(tx, cancelled)
    text = "the warehouse has nothing under this key, and the cancellation was taken back; it is sent again"
    return [
        msgspec.structs.replace(
            s, state=PushState.QUEUED, next_at=s.at, error_kind="absent", error_text=text, note=text
        )
        if s.state is PushState.CANCELLED and s.id in wanted
        else s
        for s in ended
    ]


def land(tx: Transaction, run: int, ended: Sequence[Settled], unsent: Sequence[Claimed], now: datetime) -> None:
    """Save the last results of a run and give back what it claimed and did not send."""
    at = to_ms(now)
    save(tx, run, [counted_from(settled, at) for settled in ended])
    outbox.give_back(tx, run, unsent, at)
