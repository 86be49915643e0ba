"""Settle what is in doubt: ask the warehouse what it holds under the key, after the quiet time."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from crossdock.flows import settling, troubles
from crossdock.flows.look_up import look_up
from crossdock.rules import outcome
from crossdock.rules.backoff import delay
from crossdock.rules.outcome import Verdict
from crossdock.rules.push_states import PushState
from crossdock.spec.errors import ConnectorError, Unsupported
from crossdock.store import outbox
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.env import Env
    from crossdock.flows.house import House
    from crossdock.flows.lane import Lane, Wms
    from crossdock.rules.outcome import PushPolicy
    from crossdock.spec.outbound import RemoteOutbound
    from crossdock.store.outbox import Claimed, Settled
    from crossdock.store.store import Transaction


async def ask_about_doubts(wms: Wms, house: House, lane: Lane, policy: PushPolicy) -> None:
    """Take over what an earlier run left as sending, then ask the warehouse about everything in doubt long enough.

    A warehouse that knows keys is asked by sending the same bytes again, except where the order was cancelled
    meanwhile: what must not be created is looked up instead.
    """
    while True:
        claimed = await house.store.write(claim_doubts, lane, policy, house.env.now(), wms.lookup)
        if not claimed:
            return
        house.env.failpoint("ask.claimed")
        try:
            found = await look_up(wms, [doubt.key for doubt in claimed])
        except Unsupported as error:
            # It would say so for ever, and it says nothing about how the connection is.
            ended = [_for_a_person(doubt, error, house.env, lane) for doubt in claimed]
        except ConnectorError as error:
            lane.failed(error)
            await house.store.write(
                settling.save, lane.run, [_later(doubt, error, house.env, policy, lane) for doubt in claimed]
            )
            return
        else:
            house.env.failpoint("ask.answered")
            lane.succeeded(1)
            ended = [_answered(doubt, found.get(doubt.key), house.env, lane) for doubt in claimed]
        await house.store.write(settling.save, lane.run, ended)
        for state, count in Counter(settled.state for settled in ended).items():
            lane.counted(state.name.lower(), count)
        if not lane.keep_going():
            return


def claim_doubts(tx: Transaction, lane: Lane, policy: PushPolicy, now: datetime, most: int = 100) -> list[Claimed]:
    """Take over what an earlier run left, and hold what may be asked for now, at most so many."""
    at, quiet = to_ms(now), to_ms(now + policy.settle)
    outbox.queue_failed(tx, lane.connection, at)
    if policy.idempotency == "key":
        outbox.take_over(tx, lane.run, lane.connection, at, at, "key")
    elif policy.idempotency == "lookup" and policy.can_find:
        outbox.take_over(tx, lane.run, lane.connection, at, quiet, "lookup")
    else:
        left = outbox.take_over(tx, lane.run, lane.connection, at, None, "none")
        if left + outbox.leave_to_a_person(tx, lane.connection, cancelled_only=False):
            troubles.note_doubts(tx, lane.connection, at)
        return []
    if not policy.can_find:
        if outbox.leave_to_a_person(tx, lane.connection, cancelled_only=True):
            troubles.note_doubts(tx, lane.connection, at)
        return []
    if not lane.may_call():
        return []
    cancelled_only = policy.idempotency != "lookup"
    return outbox.claim_to_ask(tx, lane.run, lane.connection, cancelled_only, to_ms(now - policy.settle), most, at)


def _answered(doubt: Claimed, found: RemoteOutbound | None, env: Env, lane: Lane) -> Settled:
    now = env.now()
    if found is not None:
        verdict = outcome.of_found(found)
    elif doubt.cancel_wanted:
        text = "the warehouse has nothing under this key, and the order was cancelled meanwhile"
        verdict = Verdict(state=PushState.CANCELLED, kind="cancelled", text=text)
    else:
        text = "the warehouse has nothing under this key; it is sent again with the same bytes"
        verdict = Verdict(state=PushState.QUEUED, next_at=now, kind="absent", text=text)
    return settling.settle(doubt, verdict, to_ms(now), lane)


def _for_a_person(doubt: Claimed, error: Unsupported, env: Env, lane: Lane) -> Settled:
    verdict = Verdict(
        state=PushState.IN_DOUBT,
        faults=doubt.faults,
        needs_person=True,
        kind="Unsupported",
        text=f"the warehouse cannot be asked, so a person has to look: {error.message}",
    )
    return settling.settle(doubt, verdict, to_ms(env.now()), lane)


def _later(doubt: Claimed, error: ConnectorError, env: Env, policy: PushPolicy, lane: Lane) -> Settled:
    now = env.now()
    wait = delay(max(1, doubt.attempts), policy.limits.base_s, policy.limits.cap_s, env.random)
    verdict = Verdict(
        state=PushState.IN_DOUBT,
        next_at=now + wait,
        faults=doubt.faults,
        kind=type(error).__name__,
        text=f"the warehouse could not be asked: {error.message}",
    )
    return settling.settle(doubt, verdict, to_ms(now), lane)
