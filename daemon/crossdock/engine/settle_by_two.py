"""Settling a doubt where two persons are asked for: what is proposed, and how it is carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from crossdock.engine.approvals import Carried, Proposal
from crossdock.flows.settle_by_hand import Settlement, settle_by_hand
from crossdock.rules.push_states import PushState
from crossdock.store import orders, pushes

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossdock.engine.approvals import Second
    from crossdock.store.store import Transaction

ACTION = "push.settle"
"""The action, named by the right that it needs."""


class SettleAsked(Struct, frozen=True, kw_only=True):
    """What a person saw in the warehouse, and which attempt of which push it is about."""

    connection: str
    ref: str
    settlement: Settlement
    remote_id: str | None
    reason: str
    push_id: int = 0
    generation: int = 0
    attempts: int = 0


def in_doubt(tx: Transaction, asked: SettleAsked) -> SettleAsked | str:
    """Return what is asked with the push that is in doubt now, or why there is nothing to settle."""
    stored = orders.load(tx, asked.connection, [asked.ref]).get(asked.ref)
    if stored is None:
        return f"there is no order {asked.ref} of {asked.connection}"
    push = pushes.of_orders(tx, [stored.id])[stored.id]
    if push.state is not PushState.IN_DOUBT:
        return "it is not in doubt; only a push in doubt is settled by hand"
    return msgspec.structs.replace(asked, push_id=push.id, generation=push.generation, attempts=push.attempts)


def proposal(asked: SettleAsked) -> Proposal:
    """Say what the second person is asked."""
    seen = "it arrived" if asked.settlement is Settlement.ARRIVED else "it did not arrive, and is sent again"
    known = f" as {asked.remote_id}" if asked.remote_id else ""
    text = f"settle order {asked.ref} of {asked.connection}: {seen}{known} ({asked.reason})"
    return Proposal(action=ACTION, needs=ACTION, object=f"{asked.connection}/{asked.ref}", text=text, body=asked)


def carry_out(wants_reports: Callable[[str], bool]) -> Callable[[Transaction, bytes, Second], Carried]:
    """Make the unit of work that settles what was approved, if it still is the doubt that was seen."""

    def settled(tx: Transaction, body: bytes, second: Second) -> Carried:
        asked = msgspec.json.decode(body, type=SettleAsked)
        now = in_doubt(tx, asked)
        if isinstance(now, str):
            return Carried(done=False, text=now)
        if now != asked:
            text = "it was sent again since that was proposed; look into the warehouse again"
            return Carried(done=False, text=text)
        answer = settle_by_hand(
            tx, asked.connection, asked.ref, asked.settlement, remote_id=asked.remote_id, reason=asked.reason,
            actor=f"{second.proposed_by} and {second.approved_by}", now=second.now,
            report=wants_reports(asked.connection),
        )  # fmt: skip
        return Carried(done=answer.done, text=answer.text, wake=() if answer.wake is None else (answer.wake,))

    return settled
