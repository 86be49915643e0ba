"""Changes of actual costs above the threshold: what is proposed, and how it is carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from crossdock.engine.approvals import Carried, Proposal
from crossdock.flows.cost_edits import Edit, NotDone, make
from crossdock.store.audit import By

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from crossdock.engine.approvals import Second
    from crossdock.flows.cost_edits import Made
    from crossdock.flows.cost_ledgers import Work
    from crossdock.store.store import Transaction

ACTION = "cost.actual.edit"
"""The action, named by the right that it needs."""


def proposal(edit: Edit, made: Made) -> Proposal:
    """Say what the second person is asked."""
    old = "unknown" if edit.old is None else f"{edit.old:f}"
    text = f"change the unit cost of {made.note.object} from {old} to {edit.new:f} {edit.currency} ({edit.reason})"
    return Proposal(action=ACTION, needs=ACTION, object=made.note.object, text=text, body=edit)


def carry_out(
    work: Callable[[datetime], Work], writes: Callable[[], frozenset[str]]
) -> Callable[[Transaction, bytes, Second], Carried]:
    """Make the unit of work that makes the change that was approved, if the cost is still the one that was seen."""

    def made(tx: Transaction, body: bytes, second: Second) -> Carried:
        edit = msgspec.structs.replace(msgspec.json.decode(body, type=Edit), confirmed=True)  # who approves has seen it
        by = By(actor=second.proposed_by, action=ACTION, object="")
        try:
            done = make(tx, edit, work(second.now), by=by, writes=writes(), approved=True)
        except NotDone as error:
            return Carried(done=False, text=str(error))
        wake = tuple(sorted(done.wake))
        return Carried(done=True, text=done.text, wake=wake, before=done.note.before, after=done.note.after)

    return made
