"""Two persons: what one proposed is carried out when another one approves, in that very transaction, hence once.

An action is a unit of work: `carry_out(tx, body, second)` is handed the bytes that were proposed, and says what it did. To
have another action need a second person, give its unit of work to `Approvals.learn` and call `propose` where it would
have been done at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from crossdock.engine.asking import Refused
from crossdock.rules.approval_states import ApprovalState, Person, may_approve, may_decide
from crossdock.store import approvals, audit
from crossdock.store.approvals import Approval
from crossdock.store.times import from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossdock.engine.engine import Engine
    from crossdock.store.audit import By, Entry
    from crossdock.store.store import Transaction


class Carried(Struct, frozen=True, kw_only=True):
    """What an action did: done or not, the sentence that says so, and the connections that have something to send now.

    `before` and `after` are for the audit.
    """

    done: bool
    text: str
    wake: tuple[str, ...] = ()
    before: str = ""
    after: str = ""


class Second(Struct, frozen=True, kw_only=True):
    """The two persons of an action that is carried out, and when (UTC)."""

    proposed_by: str
    approved_by: str
    now: datetime


if TYPE_CHECKING:
    CarryOut = Callable[[Transaction, bytes, Second], Carried]


class Proposal(Struct, frozen=True, kw_only=True):
    """What a person wants done. `needs` is the right that the second person must hold, too; `text` what he decides by.

    `object` names what it is done to, as in the audit; `text` may hold what belongs to the matter, `object` may not.
    """

    action: str
    needs: str
    object: str
    text: str
    body: Struct


class NotApproved(Exception):
    """A proposal that cannot be decided like this; the message says why and what to do."""


class AlreadyProposed(Refused):
    """The same is waiting for a second person already: two proposals side by side could be approved one after the other."""

    def __init__(self, number: int, by: str) -> None:
        super().__init__(
            f"approval {number} by {by} waits for the same already: approve it (`crossdock approvals approve {number}`), or "
            f"reject it and propose anew (`crossdock approvals reject {number}`)"
        )
        self.number = number


@dataclass(frozen=True)
class Decided:
    """A proposal as it stands now, and the connections that have something to send."""

    approval: Approval
    wake: tuple[str, ...] = ()


class Approvals:
    """Keeps proposals and carries out what was approved. `learn` it every action before the control API starts."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._actions: dict[str, CarryOut] = {}

    def learn(self, action: str, carry_out: CarryOut) -> None:
        """Know how an action is carried out."""
        self._actions[action] = carry_out

    async def propose(self, proposal: Proposal, actor: str, uid: int | None, note: Entry | None = None) -> Approval:
        """Keep a proposal until another person decides, or its time is over; `note` is audited with it.

        Raises AlreadyProposed while one for the same is open.
        """
        now = self._engine.env.now()
        expires = now + timedelta(hours=self._engine.config.control.two_person.expires_h)
        new = Approval(
            id=0, action=proposal.action, needs=proposal.needs, object=proposal.object, text=proposal.text,
            body=msgspec.json.encode(proposal.body), state=ApprovalState.PROPOSED, proposed_by=actor, proposed_uid=uid,
            proposed_at=to_ms(now), expires_at=to_ms(expires), decided_by="", decided_uid=None, decided_at=None, outcome="",
        )  # fmt: skip
        return await self._engine.store.write(_propose, new, note)

    async def get(self, number: int) -> Approval | None:
        """Return a proposal."""
        return await self._engine.store.read(approvals.get, number)

    async def approve(self, number: int, by: By) -> Approval:
        """Approve a proposal and carry it out. Raises NotApproved."""
        decided = await self._engine.store.write(_approve, number, self._actions, by, self._engine.env.now())
        self._engine.wake_pushes(decided.wake)
        return decided.approval

    async def reject(self, number: int, reason: str, by: By) -> Approval:
        """Turn a proposal down; who proposed it may take it back like this. Raises NotApproved."""
        return await self._engine.store.write(_reject, number, reason, by, self._engine.env.now())


def _propose(tx: Transaction, new: Approval, note: Entry | None) -> Approval:
    if (first := approvals.open_for(tx, new.action, new.object, new.proposed_at)) is not None:
        raise AlreadyProposed(first.id, first.proposed_by)
    kept = approvals.propose(tx, new)
    if note is not None:
        said = msgspec.structs.replace(note, result=audit.PROPOSED, reason=f"approval {kept.id}")
        audit.write(tx, said, kept.proposed_at)
    return kept


def _approve(tx: Transaction, number: int, actions: dict[str, CarryOut], by: By, now: datetime) -> Decided:
    found = _open(tx, number)
    first, second_one = Person(found.proposed_by, found.proposed_uid), Person(by.actor, by.uid)
    if (why := may_approve(found.state, first, second_one, from_ms(found.expires_at), now)) is not None:
        raise NotApproved(f"approval {number}: {why}")
    if (carry_out := actions.get(found.action)) is None:
        raise NotApproved(f"approval {number}: this version of crossdock does not know {found.action}; reject it")
    second = Second(proposed_by=found.proposed_by, approved_by=by.actor, now=now)
    carried = carry_out(tx, found.body, second)
    state = ApprovalState.DONE if carried.done else ApprovalState.REFUSED
    result = audit.DONE if carried.done else audit.REFUSED
    noted = msgspec.structs.replace(by.entry(result=result), before=carried.before, after=carried.after)
    return Decided(_note(tx, found, state, by, noted, carried.text, now), carried.wake)


def _reject(tx: Transaction, number: int, reason: str, by: By, now: datetime) -> Approval:
    found = _open(tx, number)
    if (why := may_decide(found.state, from_ms(found.expires_at), now)) is not None:
        raise NotApproved(f"approval {number}: {why}")
    return _note(tx, found, ApprovalState.REJECTED, by, by.entry(), reason, now)


def _open(tx: Transaction, number: int) -> Approval:
    found = approvals.get(tx, number)
    if found is None:
        raise NotApproved(f"there is no approval {number}")
    return found


def _note(
    tx: Transaction, found: Approval, state: ApprovalState, by: By, entry: Entry, outcome: str, now: datetime
) -> Approval:
    approvals.decided(tx, found.id, state, by.actor, by.uid, to_ms(now), outcome)
    both = f"approval {found.id}, proposed by {found.proposed_by}"
    audit.write(tx, msgspec.structs.replace(entry, reason=both, object=f"{found.action} {found.object}"), to_ms(now))
    decided = approvals.get(tx, found.id)
    assert decided is not None  # it was there a moment ago in this transaction
    return decided
